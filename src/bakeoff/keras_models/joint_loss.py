"""The loss of several targets: a weighted sum, each over the rows that know the target.

    L = sum over targets of  w_k L_k,                            weights that are given
    L = sum over targets of  c_k exp(-s_k) L_k + s_k / 2,        weights that are learned

Source: Kendall, Gal and Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", 2018:
s_k is the logarithm of the variance of target k, and c_k is 1 of classes and 1/2 of numbers.

Dimensions: B batch, C outputs of all targets, K columns of all targets.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import ops

from bakeoff.keras_models.losses import LOSSES, by_member, loss_called, metric_of

NUMBERS = ("mse", "mae", "huber", "quantile")


class JointLoss:
    """Add up the losses of several targets.

    Args:
        goals: Target -> `loss` (one of `losses.LOSSES`), how many `outputs` and `columns` it has,
            and the `weight` of its loss: a number, or "learned" for all of them; perhaps
            `class_weights`, `label_smoothing` and `quantile`, as `losses.loss_of` takes them, and
            whether it is `auxiliary`.

    Attributes:
        log_variances: (targets,) weights that are learned, else None.

    Shape:
        scores (B, C), of members (B, N, C), targets (B, K) float: class numbers, numbers or labels,
        target by target, NaN where one has no value -> () float.

    Example:
        >>> goals = {"y": {"loss": "mse", "outputs": 1, "columns": 1, "weight": 2.0}}
        >>> loss = JointLoss(goals)
        >>> float(loss(np.array([[1.0], [3.0]]), np.array([[2.0], [np.nan]])))
        2.0
    """

    def __init__(self, goals: Mapping[str, Mapping[str, Any]]) -> None:
        for goal in goals.values():
            loss_called(goal["loss"], 0.5)  # refuses what is none
        self.goals = list(goals.values())
        self.learned = any(goal["weight"] == "learned" for goal in self.goals)
        self.log_variances: Any = None
        if self.learned:
            self.log_variances = keras.Variable(np.zeros(len(goals), "float32"))

    def __call__(
        self, scores: Any, targets: Any, *, members: bool = False, left_out: str = ""
    ) -> Any:
        """Return the loss of a batch; a target that no row of it knows adds nothing.

        Args:
            members: The scores are those of several members: the mean of their losses.
            left_out: The mark of targets that add nothing.
        """
        scores = ops.convert_to_tensor(scores)
        if members:
            scores, targets = by_member(scores, targets)
        total = ops.sum(scores) * 0.0
        parts = zip(self.goals, *self.parted(scores, targets), strict=True)
        for k, (goal, own, truth) in enumerate(parts):
            if left_out and goal.get(left_out):
                continue
            loss = known_loss(goal, own, ops.cast(truth, own.dtype))
            if not self.learned:
                total = total + goal["weight"] * loss
            else:
                share = 0.5 if goal["loss"] in NUMBERS else 1.0
                variance = self.log_variances[k]
                total = total + share * ops.exp(-variance) * loss + variance / 2
        return total

    def parted(self, scores: Any, targets: Any) -> tuple[list[Any], list[Any]]:
        """Cut scores and targets apart, target by target; forecasts of a page come step by step."""
        if len(scores.shape) == 3:  # (B, S, K)
            steps, count = scores.shape[1:]
            turn = np if isinstance(scores, np.ndarray) else ops
            scores = turn.reshape(turn.transpose(scores, (0, 2, 1)), (-1, steps * count))
        outputs = [goal["outputs"] for goal in self.goals]
        columns = [goal["columns"] for goal in self.goals]
        return cut_apart(scores, outputs), cut_apart(targets, columns)

    def selected(self, scores: Any, targets: Any) -> Any:
        """Return the loss that early stopping follows: without targets that are auxiliary."""
        return self(scores, targets, left_out="auxiliary")

    def metric(self, scores: np.ndarray, targets: np.ndarray) -> float:
        """Return what is watched: the metric of the first target, over the rows that know it."""
        own, truth = (parts[0] for parts in self.parted(scores, targets))
        known = ~np.isnan(truth).all(1)
        own, truth, name = own[known], truth[known], self.goals[0]["loss"]
        if not len(own):
            return float("nan")
        return metric_of(name, own, truth[:, 0] if name == "cross_entropy" else truth)


def cut_apart(values: Any, widths: list[int]) -> list[Any]:
    """Cut columns that stand beside each other: (B, sum of widths) -> (B, width) each."""
    ends = np.cumsum([0, *widths])
    return [values[:, a:b] for a, b in pairwise(ends)]


def known_loss(goal: Mapping[str, Any], scores: Any, targets: Any) -> Any:
    """Return the mean loss of one target over what is known of it; 0 where nothing is.

    Rows weigh by their class, where classes have weights.

    Shape:
        scores (B, C), targets (B, 1) or, of labels, (B, C) -> () float.
    """
    known = ops.logical_not(ops.isnan(targets))
    counts = ops.cast(known, scores.dtype)
    filled = ops.where(known, targets, 0.0)
    name, smoothing = goal["loss"], goal.get("label_smoothing", 0.0)
    weights = None
    if goal.get("class_weights"):
        weights = ops.convert_to_tensor(goal["class_weights"], scores.dtype)
        counts = ops.take(weights, ops.cast(filled, "int32"), axis=0) * counts
    if name == "cross_entropy":
        losses = weighted_cross_entropy(scores, filled[:, 0], weights, smoothing)
        losses = losses * ops.cast(known[:, 0], scores.dtype)
        return ops.sum(losses) / ops.maximum(ops.sum(counts), 1e-12)
    smooth = filled * (1 - smoothing) + smoothing / 2 if smoothing else filled
    loss = huber if name == "huber" else loss_called(name, goal.get("quantile", 0.5))
    return ops.sum(loss(smooth, scores) * counts) / ops.maximum(ops.sum(counts), 1e-12)


def weighted_cross_entropy(scores: Any, targets: Any, weights: Any, smoothing: float) -> Any:
    """Return the cross entropy of each row, part of its target spread over all classes.

    Shape:
        scores (B, C), targets (B,) class numbers, weights (C,) or None -> (B,) float.
    """
    codes = ops.cast(targets, "int32")
    if weights is None and not smoothing:
        return LOSSES["cross_entropy"](codes, scores)
    share = (1 - smoothing) * ops.one_hot(codes, scores.shape[-1]) + smoothing / scores.shape[-1]
    share = ops.cast(share, scores.dtype)
    return -ops.sum((share if weights is None else share * weights) * ops.log_softmax(scores), -1)


def huber(targets: Any, scores: Any) -> Any:
    """Return half of the squared errors up to 1, beyond that the errors less a half, for each."""
    errors = ops.abs(scores - targets)
    return ops.where(errors <= 1.0, ops.square(errors) / 2, errors - 0.5)
