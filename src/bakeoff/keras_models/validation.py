"""How good a model is on the validation rows, and what it answers."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from bakeoff.keras_models.feed import Feed, Targets, num_rows
from bakeoff.keras_models.joint_loss import JointLoss
from bakeoff.keras_models.step_scores import Score, step_scores, text_scores


class Validation:
    """Judges a model on the validation rows: loss and metric.

    Args:
        feed: Of these rows.
        targets: Theirs.
        criterion: The loss.
        watched: The metric.
        per_step: There is a target of each step.
        teacher_forcing: The model is given the true steps.
    """

    def __init__(
        self,
        feed: Feed,
        targets: Targets,
        criterion: Callable[..., Any],
        watched: Callable[[np.ndarray, np.ndarray], float],
        *,
        per_step: bool,
        teacher_forcing: bool,
    ) -> None:
        self.feed, self.targets = feed, targets
        self.watched = watched
        self.criterion = criterion.selected if isinstance(criterion, JointLoss) else criterion
        self.per_step, self.teacher_forcing = per_step, teacher_forcing
        self.truth = np.zeros(0)
        if not teacher_forcing:
            self.truth = feed.take_targets(targets, np.arange(num_rows(targets)))
        if per_step and not teacher_forcing:
            real = np.arange(self.truth.shape[1]) < feed.steps[:, None]
            self.truth = self.truth[real][None]  # (1, S): of all rows, one behind the other

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """Return validation_loss and validation_metric."""
        loss, metric = self.judge(model)
        return {"validation_loss": loss, "validation_metric": metric}

    def judge(self, model: keras.Model) -> tuple[float, float]:
        """Return the loss and the metric."""
        score = scorer_of(model, self.feed.ragged)
        if self.teacher_forcing:
            found = text_scores(self.feed, self.targets, score).sum(0, dtype="float64")  # (3,)
            return float(found[0] / found[1]), float(found[2] / found[1])
        score_all = step_scores if self.per_step else forward
        scores = score_all(self.feed, score)
        scores = scores[None] if self.per_step else scores  # (1, S, C)
        return float(self.criterion(scores, self.truth)), self.watched(scores, self.truth)


def scorer_of(model: keras.Model, ragged: Sequence[str]) -> Score:
    """Return what scores a batch in evaluation mode, compiled once for a model.

    Args:
        ragged: Arguments whose steps differ from batch to batch.
    """
    if keras.backend.backend() == "jax":
        from bakeoff.keras_models.jax_steps import scorer
    else:
        from bakeoff.keras_models.tensorflow_steps import scorer
    return scorer(model, [*ragged, "previous"])


def forward(feed: Feed, score: Score, batch_size: int = 0) -> np.ndarray:
    """Score all rows in evaluation mode, a chunk at a time, into one array."""
    scores = np.empty(0, "float32")
    for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
        some = score(batch)
        if not len(scores):
            scores = np.empty((len(feed), *some.shape[1:]), "float32")
        scores[rows] = some
    return scores
