"""Head: one target of a job, and where its numbers stand beside those of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from bakeoff.build import Absent, Between, Count
from bakeoff.data.columns.column import Task
from bakeoff.numeric import probabilities

if TYPE_CHECKING:
    from bakeoff.train.job import Job

LEARNED = "learned"
MOST_WEIGHT = 1e6
Weight = Annotated[float, Between(0.0, MOST_WEIGHT)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """One of several targets of a job.

    Args:
        target: Its name.
        task: "binary", "multiclass", "multilabel", "regression", "forecast" or "series".
        num_classes: Classes or labels; 0 for numbers.
        steps: Of a forecast or a series; else 0.
        loss: What training lowers; "" of a baseline.
        weight: Of its loss in the sum; 0 for a target that nothing is learned for.
        learned: Its weight is learned in place of being given (Kendall et al., 2018).
        auxiliary: Stopping does not follow it, nor does the winner.
        class_weights: How much a row counts in its loss, by its class; () where all count alike.
        label_smoothing: Share of it that goes to all classes alike.
        quantile: Share of the true numbers below what is foretold, where the loss is quantile.
    """

    target: str
    task: Task
    num_classes: Count
    steps: Annotated[Count, Absent(0)] = 0
    loss: str = ""
    weight: Weight = 1.0
    learned: bool = False
    auxiliary: Annotated[bool, Absent(False)] = False
    class_weights: Annotated[tuple[float, ...], Absent(())] = ()
    label_smoothing: Annotated[float, Between(0.0, 0.99), Absent(0.0)] = 0.0
    quantile: Annotated[float, Between(0.0, 1.0), Absent(0.5)] = 0.5

    @property
    def out_features(self) -> int:
        """How many scores a network returns for it."""
        return self.num_classes if self.task in ("multiclass", "multilabel") else self.steps or 1

    @property
    def columns(self) -> int:
        """How many columns its true values have: one for each label or step, else one."""
        return self.num_classes if self.task == "multilabel" else self.steps or 1

    @property
    def width(self) -> int:
        """How many columns what is judged has: a probability each, or a number, of each step."""
        return max(self.num_classes, self.steps, 1)


def judged_scores(job: Job, raw: np.ndarray) -> np.ndarray:
    """Turn the raw scores of a network into what is judged: (n, ...) -> (n, C), (n,) or (n, S).

    Of several targets theirs stand beside each other: (n, sum of widths).
    """
    if not job.heads:
        return probabilities(raw, job.task)
    raw = target_by_target(job, raw) if raw.ndim == 3 else raw
    parts = cut_apart(raw, [head.out_features for head in heads_of(job)])
    judged = [probabilities(own, h.task) for own, h in zip(parts, heads_of(job), strict=True)]
    return np.concatenate([own.reshape(len(raw), -1) for own in judged], axis=1)


def target_by_target(job: Job, scores: np.ndarray) -> np.ndarray:
    """Bring forecasts of several targets, which a model gives step by step, in their order.

    Shape:
        (n, S, K) of a page that writes steps, (n, S * K) of a baseline of forecasts -> (n, K * S).
        All else stays.
    """
    if not job.heads or (job.task != "forecast" and scores.ndim < 3):
        return scores
    size = (len(scores), job.horizon, len(job.heads))
    return scores.reshape(size).swapaxes(1, 2).reshape(len(scores), job.horizon * len(job.heads))


def scores_by_target(job: Job, target: str, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is judged for each target: (n, C) probabilities, (n,) numbers, or (n, S).

    Args:
        job: What was trained.
        target: What its only target is called; of several each knows its own.
        scores: As `judged_scores` returns them.
    """
    if not job.heads:
        return {target: scores}
    heads = heads_of(job)
    parts = cut_apart(scores, [head.width for head in heads])
    return {
        head.target: own if head.num_classes or head.steps else own[:, 0]
        for head, own in zip(heads, parts, strict=True)
    }


def cut_apart(values: np.ndarray, widths: Sequence[int]) -> list[np.ndarray]:
    """Cut columns that stand beside each other: (n, sum of widths) -> (n, width) each."""
    return np.split(values, np.cumsum(widths)[:-1], axis=1)


def heads_of(job: Job) -> tuple[Head, ...]:
    """Return the targets of a job that has several, in the order of their columns."""
    return tuple(Head(target=name, **own) for name, own in job.heads.items())


def losses_of(job: Job) -> dict[str, Mapping[str, Any]]:
    """Return the losses of a job of several targets, as the model rooms take them."""
    return {
        head.target: {
            "loss": head.loss,
            "outputs": head.out_features,
            "columns": head.columns,
            "weight": LEARNED if head.learned else head.weight,
            "auxiliary": head.auxiliary,
            "class_weights": tuple(head.class_weights),
            "label_smoothing": head.label_smoothing,
            "quantile": head.quantile,
        }
        for head in heads_of(job)
    }
