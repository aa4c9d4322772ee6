"""What training makes small, and the metric that goes with it.

Scores are raw (before softmax or sigmoid). Of a forecast they are (B, S), or (B, S, 1) of a page
that writes step by step: both are unfolded here.

Dimensions: B batch, N members, C outputs, S steps ahead.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.torch_models.nt_xent import nt_xent, partners_found


def bce_probabilities(
    scores: Tensor, targets: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Return the binary cross entropy, computed from probabilities as `nn.BCELoss` does.

    It loses precision where binary_cross_entropy does not: in float32 a score above 17 is a
    probability of exactly 1, whose gradient is 0, and the loss of a row is at most 100.

    Shape:
        scores and targets of one shape, targets 0 or 1 -> () float.
    """
    return F.binary_cross_entropy(scores.sigmoid(), targets, weight, reduction=reduction)


def contrastive(
    scores: Tensor, targets: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Draw pairs that belong together near each other, and push others apart up to a margin of 1.

    The scores are those of a network of two inputs whose fusion is distance: 1/2 - d. Source:
    Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006.

    Shape:
        scores and targets of one shape, targets 0 or 1 -> () float.
    """
    distance = 0.5 - scores
    losses = targets * distance.square() + (1 - targets) * F.relu(1 - distance).square()
    losses = losses if weight is None else losses * weight
    return losses.sum() if reduction == "sum" else losses.mean()


def pinball(scores: Tensor, targets: Tensor, reduction: str = "mean", share: float = 0.5) -> Tensor:
    """Weigh what lies above the scores by a share, and what lies below them by the rest.

    It is lowest where that share of the targets lies below. Source: Koenker & Bassett, "Regression
    Quantiles", 1978.

    Shape:
        scores and targets of one shape -> () float, or that shape for the reduction "none".
    """
    errors = targets - scores
    losses = torch.maximum(share * errors, (share - 1) * errors)
    return losses if reduction == "none" else losses.mean()


LOSSES = {
    "cross_entropy": F.cross_entropy,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "bce_probabilities": bce_probabilities,
    "contrastive": contrastive,
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "quantile": pinball,
}


MEANS = ("cross_entropy", "nt_xent")  # whose metric is a mean over rows
OF_LABELS = ("binary_cross_entropy", "bce_probabilities")


def loss_of(
    name: str,
    scores: Tensor,
    targets: Tensor,
    *,
    members: bool = False,
    class_weights: Sequence[float] = (),
    label_smoothing: float = 0.0,
    quantile: float = 0.5,
    per_step: bool = False,
    pairs: int = 0,
) -> Tensor:
    """Return the mean loss of a batch.

    Args:
        name: One of `LOSSES`, or nt_xent, which takes no targets.
        members: The scores are those of several members, (B, N, C): the mean of their losses.
        class_weights: How much a row counts, by its class; () where all count alike. The loss is a
            weighted mean: it does not grow with the weights.
        label_smoothing: Share of the target that goes to all classes alike.
        quantile: The share of `pinball`, where that is the loss.
        per_step: There is a target of each step; -1 and NaN count for nothing.
        pairs: Of nt_xent: how many are told from each other.

    Shape:
        cross_entropy: scores (B, C) float, targets (B,) int64 class numbers.
        binary_cross_entropy: scores (B, 1) or (B, C), targets (B,) or (B, C), 0 or 1; where C > 1,
            also NaN, which counts for nothing.
        bce_probabilities: as binary_cross_entropy, of which it is a less exact form.
        contrastive: scores (B, 1), targets (B,), 0 or 1.
        mse, mae, huber: scores (B, 1), (B, C) or (B, S, 1), targets (B,), (B, C) or (B, S) float.
        Per step: scores (B, S, C), or more steps, targets (B, S).

    Example:
        >>> import torch
        >>> loss_of("mse", torch.tensor([[1.0], [3.0]]), torch.tensor([1.0, 1.0]))
        tensor(2.)
    """
    if name == "nt_xent":
        return nt_xent(scores, pairs)
    loss = loss_called(name, quantile)
    if per_step:
        return step_loss(name, loss, scores, targets, class_weights, label_smoothing)
    if members:
        scores, targets = by_member(scores, targets)
    if name != "cross_entropy":
        targets = targets.reshape(scores.shape).to(scores.dtype)
    if name in OF_LABELS and scores.shape[-1] > 1:
        return known_mean(loss, scores, targets)
    if not class_weights and not label_smoothing:
        return loss(scores, targets)
    weights = torch.tensor(class_weights or (1.0,) * max(scores.shape[-1], 2)).to(scores)
    if name == "cross_entropy":
        return F.cross_entropy(scores, targets, weights, label_smoothing=label_smoothing)
    of_row = weights[targets.long()]
    smooth = targets * (1 - label_smoothing) + label_smoothing / 2
    return loss(scores, smooth, weight=of_row, reduction="sum") / of_row.sum()


def loss_called(name: str, quantile: float) -> Callable[..., Tensor]:
    """Return the loss of a name; that of quantiles for its share.

    Raises:
        ValueError: There is none.
    """
    if name not in LOSSES:
        raise ValueError(f"No loss called {name!r}. Known: {', '.join(LOSSES)}.")
    return partial(pinball, share=quantile) if name == "quantile" else LOSSES[name]


def step_loss(
    name: str,
    loss: Callable[..., Tensor],
    scores: Tensor,
    targets: Tensor,
    class_weights: Sequence[float],
    smoothing: float,
) -> Tensor:
    """Return the mean loss of the steps whose target is known; 0 where none is.

    Shape:
        scores (B, S, C), or more steps, targets (B, S), -1 or NaN where nobody knows -> () float.
    """
    scores = scores[:, : targets.shape[1]]  # a batch may be padded further
    if name != "cross_entropy":
        known = ~targets.isnan()
        losses = loss(scores[..., 0], targets.where(known, 0.0), reduction="none")
        return (losses * known).sum() / known.sum().clamp_min(1)
    known = targets >= 0
    counts = known.to(scores.dtype)
    weights = None
    if class_weights:
        weights = torch.tensor(class_weights).to(scores)
        counts = weights[targets.clamp_min(0)] * known
    total = F.cross_entropy(
        scores.flatten(0, 1),
        targets.flatten(),
        weights,
        ignore_index=-1,
        reduction="sum",
        label_smoothing=smoothing,
    )
    return total / counts.sum().clamp_min(1e-12)


def known_mean(loss: Callable[..., Tensor], scores: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss of the labels that are known; 0 where none is."""
    known = ~targets.isnan()
    weights = known.to(scores.dtype)
    total = loss(scores, targets.where(known, 0.0), weight=weights, reduction="sum")
    return total / weights.sum().clamp_min(1.0)


def by_member(scores: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Make a row of each member of a row: (B, N, C), (B, ...) -> (B * N, C), (B * N, ...)."""
    if scores.ndim != 3:
        raise ValueError(f"scores are {tuple(scores.shape)}, but of members they are (B, N, C).")
    return scores.flatten(0, 1), targets.repeat_interleave(scores.shape[1], 0)


def count_of(
    targets: Tensor, *, class_weights: Sequence[float] = (), per_step: bool = False
) -> float:
    """Return what the loss of a batch is a mean over: rows or known steps, weighted by class.

    Example:
        >>> count_of(torch.tensor([0, 1, 1]), class_weights=(1.0, 3.0))
        7.0
    """
    if per_step:
        targets = targets[~targets.isnan() if targets.is_floating_point() else targets >= 0]
    if not class_weights:
        return float(len(targets))
    return float(torch.tensor(class_weights)[targets.long().cpu()].sum())


def metric_of(
    name: str, scores: Tensor, targets: Tensor, *, per_step: bool = False, pairs: int = 0
) -> float:
    """Return accuracy for the losses of classes, micro F1 of several labels, R2 for the others.

    Of nt_xent the share of rows whose partner is found.

    Shape:
        As in `loss_of`.

    Example:
        >>> import torch
        >>> metric_of("cross_entropy", torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))
        0.5
    """
    if name == "nt_xent":
        return partners_found(scores, pairs)
    scores, targets = scores.cpu(), targets.cpu()  # Apple GPUs have no float64
    if per_step:
        known = ~targets.isnan() if targets.is_floating_point() else targets >= 0
        scores, targets = scores[known], targets[known]  # (n, C), (n,)
    if name == "cross_entropy":
        return (scores.argmax(-1) == targets).double().mean().item()
    targets = targets.reshape(scores.shape).to(scores.dtype)
    if name in OF_LABELS and scores.shape[-1] > 1:
        return micro_f1(scores, targets)
    if name in (*OF_LABELS, "contrastive"):
        return ((scores > 0) == (targets > 0.5)).double().mean().item()
    residual = (scores - targets).double().square().sum()
    total = (targets - targets.mean(0)).double().square().sum().clamp_min(1e-12)
    return (1 - residual / total).item()


def micro_f1(scores: Tensor, targets: Tensor) -> float:
    """Return F1 over the cells of all labels that are known, a score above 0 being a label.

    Shape:
        scores and targets (B, C), targets 0, 1 or NaN.

    Example:
        >>> import torch
        >>> micro_f1(torch.tensor([[2.0, 1.0], [-1.0, -3.0]]), torch.eye(2))
        0.5
    """
    known = ~targets.isnan()
    said, true = (scores > 0) & known, targets > 0.5
    hits, both = (said & true).sum().item(), said.sum().item() + true.sum().item()
    return 2 * hits / both if both else 0.0
