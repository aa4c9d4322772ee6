"""The loss of several targets: a weighted sum, each over the rows that know the target.

    L = sum over targets of  w_k L_k,                            weights that are given
    L = sum over targets of  c_k exp(-s_k) L_k + s_k / 2,        weights that are learned

Source: Kendall, Gal and Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", 2018:
s_k is the logarithm of the variance of target k, and c_k is 1 of classes and 1/2 of numbers.

Dimensions: B batch, C outputs of all targets, K columns of all targets.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.torch_models.losses import by_member, loss_called, metric_of

NUMBERS = ("mse", "mae", "huber", "quantile")


class JointLoss(nn.Module):
    """Add up the losses of several targets.

    Args:
        goals: Target -> `loss` (one of `losses.LOSSES`), how many `outputs` and `columns` it has,
            and the `weight` of its loss: a number, or "learned" for all of them; perhaps
            `class_weights`, `label_smoothing` and `quantile`, as `losses.loss_of` takes them, and
            whether it is `auxiliary`.

    Shape:
        scores (B, C), of members (B, N, C), targets (B, K) float: class numbers, numbers or labels,
        target by target, NaN where one has no value -> () float.

    Example:
        >>> goals = {"y": {"loss": "mse", "outputs": 1, "columns": 1, "weight": 2.0}}
        >>> loss = JointLoss(goals)
        >>> loss(torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [torch.nan]])).item()
        2.0
    """

    def __init__(self, goals: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        for goal in goals.values():
            loss_called(goal["loss"], 0.5)  # refuses what is none
        self.goals = list(goals.values())
        learned = any(goal["weight"] == "learned" for goal in self.goals)
        self.log_variances = nn.Parameter(torch.zeros(len(self.goals))) if learned else None

    def forward(
        self, scores: Tensor, targets: Tensor, *, members: bool = False, left_out: str = ""
    ) -> Tensor:
        """Return the loss of a batch; a target that no row of it knows adds nothing.

        Args:
            members: The scores are those of several members: the mean of their losses.
            left_out: The mark of targets that add nothing.
        """
        if members:
            scores, targets = by_member(scores, targets)
        total = scores.sum() * 0.0
        parts = zip(self.goals, *self.parted(scores, targets), strict=True)
        for k, (goal, own, truth) in enumerate(parts):
            if left_out and goal.get(left_out):
                continue
            loss = known_loss(goal, own, truth)
            if self.log_variances is None:
                total = total + goal["weight"] * loss
            else:
                share = 0.5 if goal["loss"] in NUMBERS else 1.0
                variance = self.log_variances[k]
                total = total + share * torch.exp(-variance) * loss + variance / 2
        return total

    def parted(self, scores: Tensor, targets: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Cut scores and targets apart, target by target; forecasts of a page come step by step."""
        if scores.ndim == 3:  # (B, S, K)
            scores = scores.transpose(1, 2).flatten(1)
        outputs = [goal["outputs"] for goal in self.goals]
        columns = [goal["columns"] for goal in self.goals]
        return list(scores.split(outputs, 1)), list(targets.split(columns, 1))

    def selected(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the loss that early stopping follows: without targets that are auxiliary."""
        return self(scores, targets, left_out="auxiliary")

    def metric(self, scores: Tensor, targets: Tensor) -> float:
        """Return what is watched: the metric of the first target, over the rows that know it."""
        own, truth = (parts[0] for parts in self.parted(scores, targets))
        known = ~truth.isnan().all(1)
        own, truth, name = own[known], truth[known], self.goals[0]["loss"]
        if not len(own):
            return float("nan")
        return metric_of(name, own, truth[:, 0].long() if name == "cross_entropy" else truth)


def known_loss(goal: Mapping[str, Any], scores: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss of one target over what is known of it; 0 where nothing is.

    Rows weigh by their class, where classes have weights.

    Shape:
        scores (B, C), targets (B, 1) or, of labels, (B, C) -> () float.
    """
    known = ~targets.isnan()
    filled = targets.where(known, 0.0)
    smoothing = goal.get("label_smoothing", 0.0)
    weights, counts = None, known.to(scores.dtype)
    if goal.get("class_weights"):
        weights = torch.tensor(goal["class_weights"]).to(scores)
        counts = weights[filled.long()] * known
    if goal["loss"] == "cross_entropy":
        losses = F.cross_entropy(
            scores, filled[:, 0].long(), weights, reduction="none", label_smoothing=smoothing
        )
        return (losses * known[:, 0]).sum() / counts.sum().clamp_min(1e-12)
    smooth = filled * (1 - smoothing) + smoothing / 2 if smoothing else filled
    loss = loss_called(goal["loss"], goal.get("quantile", 0.5))
    losses = loss(scores, smooth, reduction="none")
    return (losses * counts).sum() / counts.sum().clamp_min(1e-12)
