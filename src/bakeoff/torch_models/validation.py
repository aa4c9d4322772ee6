"""How good a model is on the validation rows, and what it answers."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bakeoff.torch_models.feed import Feed, Targets, num_rows, target_taker
from bakeoff.torch_models.joint_loss import JointLoss
from bakeoff.torch_models.step_scores import step_scores, text_scores
from bakeoff.torch_models.training import call, widened


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
        criterion: Callable[..., Tensor],
        watched: Callable[[Tensor, Tensor], float],
        *,
        per_step: bool,
        teacher_forcing: bool,
    ) -> None:
        self.feed, self.watched = feed, watched
        self.criterion = criterion.selected if isinstance(criterion, JointLoss) else criterion
        self.per_step, self.teacher_forcing = per_step, teacher_forcing
        self.known = target_taker(targets, feed.device)
        self.truth = torch.empty(0)
        if not teacher_forcing:
            self.truth = self.known(torch.arange(num_rows(targets)))
        if per_step and not teacher_forcing:
            steps = torch.from_numpy(feed.steps.copy())[:, None].to(feed.device)
            real = torch.arange(self.truth.shape[1], device=feed.device) < steps
            self.truth = self.truth[real][None]  # (1, S): of all rows, one behind the other

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """Return validation_loss and validation_metric."""
        loss, metric = self.judge(model)
        return {"validation_loss": loss, "validation_metric": metric}

    def judge(self, model: nn.Module) -> tuple[float, float]:
        """Return the loss and the metric."""
        if self.teacher_forcing:
            found = text_scores(model, self.feed, self.known, call).sum(0)  # (3,)
            return (found[0] / found[1]).item(), (found[2] / found[1]).item()
        if self.per_step:
            scores = step_scores(model, self.feed, call)[None]  # (1, S, C)
        else:
            scores = forward(model, self.feed)
        return self.criterion(scores, self.truth).item(), self.watched(scores, self.truth)


def forward(model: nn.Module, feed: Feed, batch_size: int = 0) -> Tensor:
    """Score all rows in evaluation mode, a chunk at a time.

    Scores are written into one tensor: small ones that are kept between large ones that are freed
    scatter the memory, by 200 MB over 10,000 pictures.
    """
    model.eval()
    scores = torch.empty(0)
    with torch.inference_mode():
        for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
            some = widened(call(model, batch))
            if not len(scores):
                scores = some.new_empty((len(feed), *some.shape[1:]))
            scores[rows] = some
    return scores
