"""What training makes small, and the metric that goes with it.

Scores are raw (before softmax or sigmoid). Of a forecast they are (B, S), or (B, S, 1) of a page
that writes step by step: both are unfolded here.

Dimensions: B batch, N members, C outputs, S steps ahead.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from bakeoff.keras_models.nt_xent import nt_xent, partners_found


def bce_probabilities(targets: Any, scores: Any) -> Any:
    """Return the binary cross entropy, computed from probabilities as torch's `nn.BCELoss` does.

    It loses precision where binary_cross_entropy does not: in float32 a score above 17 is a
    probability of exactly 1, whose gradient is 0, and the loss of a row is at most 100.

    Shape:
        targets and scores of one shape, targets 0 or 1 -> the same shape.
    """
    p = ops.sigmoid(scores)
    return -targets * clamped_log(p) - (1 - targets) * clamped_log(1 - p)


def clamped_log(p: Any) -> Any:
    """Return the logarithm, at least -100; the gradient of 0 is 0, not infinite."""
    positive = p > 1e-38
    return ops.where(positive, ops.log(ops.where(positive, p, 1.0)), -100.0)


def contrastive(targets: Any, scores: Any) -> Any:
    """Draw pairs that belong together near each other, and push others apart up to a margin of 1.

    The scores are those of a network of two inputs whose fusion is distance: 1/2 - d. Source:
    Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006.

    Shape:
        scores and targets of one shape, targets 0 or 1 -> the same shape, float.
    """
    distance = 0.5 - scores
    return targets * ops.square(distance) + (1 - targets) * ops.square(ops.relu(1 - distance))


def pinball(targets: Any, scores: Any, share: float = 0.5) -> Any:
    """Weigh what lies above the scores by a share, and what lies below them by the rest.

    It is lowest where that share of the targets lies below. Source: Koenker & Bassett, "Regression
    Quantiles", 1978.

    Shape:
        targets and scores of one shape -> the same shape.
    """
    errors = targets - scores
    return ops.maximum(share * errors, (share - 1) * errors)


LOSSES = {  # of each row, or of each score
    "cross_entropy": lambda targets, scores: ops.sparse_categorical_crossentropy(
        targets, scores, from_logits=True
    ),
    "binary_cross_entropy": lambda targets, scores: ops.binary_crossentropy(
        targets, scores, from_logits=True
    ),
    "bce_probabilities": bce_probabilities,
    "contrastive": contrastive,
    "mse": lambda targets, scores: ops.square(scores - targets),
    "mae": lambda targets, scores: ops.abs(scores - targets),
    "huber": lambda targets, scores: keras.losses.huber(targets, scores, delta=1.0),
    "quantile": pinball,
}


MEANS = ("cross_entropy", "nt_xent")  # whose metric is a mean over rows
OF_LABELS = ("binary_cross_entropy", "bce_probabilities")


def loss_of(
    name: str,
    scores: Any,
    targets: Any,
    *,
    members: bool = False,
    class_weights: Sequence[float] = (),
    label_smoothing: float = 0.0,
    quantile: float = 0.5,
    per_step: bool = False,
    pairs: int = 0,
) -> Any:
    """Return the mean loss of a batch.

    Args:
        name: One of `LOSSES`, or nt_xent, which takes no targets.
        members: The scores are those of several members, (B, N, C): the mean of their losses.
        class_weights: How much a row counts, by its class; () where all count alike. The loss is a
            weighted mean: it does not grow with the weights.
        label_smoothing: Share of the target that goes to all classes alike.
        quantile: The share of `pinball`, where that is the loss.
        per_step: There is a target of each step; -1 and NaN count for nothing.
        pairs: Of nt_xent: how many are told from each other, where scores are an array.

    Shape:
        cross_entropy: scores (B, C) float, targets (B,) int class numbers.
        binary_cross_entropy: scores (B, 1) or (B, C), targets (B,) or (B, C), 0 or 1; where C > 1,
            also NaN, which counts for nothing.
        bce_probabilities: as binary_cross_entropy, of which it is a less exact form.
        contrastive: scores (B, 1), targets (B,), 0 or 1.
        mse, mae, huber: scores (B, 1), (B, C) or (B, S, 1), targets (B,), (B, C) or (B, S) float.
        Per step: scores (B, S, C), or more steps, targets (B, S).

    Example:
        >>> float(loss_of("mse", np.array([[1.0], [3.0]]), np.array([1.0, 1.0])))
        2.0
    """
    if name == "nt_xent":
        return nt_xent(scores, pairs if isinstance(scores, np.ndarray) else 0)
    loss = loss_called(name, quantile)
    scores = ops.convert_to_tensor(scores)
    if per_step:
        return step_loss(name, loss, scores, targets, class_weights, label_smoothing)
    if members:
        scores, targets = by_member(scores, targets)
    if name == "cross_entropy":
        targets = ops.cast(targets, "int32")
    else:
        targets = ops.cast(ops.reshape(targets, ops.shape(scores)), scores.dtype)
    if name in OF_LABELS and scores.shape[-1] > 1:
        return known_mean(loss, scores, targets)
    if not class_weights and not label_smoothing:
        return ops.mean(loss(targets, scores))
    weights = class_weights or (1.0,) * max(scores.shape[-1], 2)
    weights = ops.convert_to_tensor(weights, scores.dtype)
    of_row = ops.take(weights, ops.cast(targets, "int32"), axis=0)
    if name == "cross_entropy":
        return smooth_cross_entropy(scores, targets, weights, label_smoothing) / ops.sum(of_row)
    smooth = targets * (1 - label_smoothing) + label_smoothing / 2
    return ops.sum(loss(smooth, scores) * of_row) / ops.sum(of_row)


def loss_called(name: str, quantile: float) -> Callable[..., Any]:
    """Return the loss of a name; that of quantiles for its share.

    Raises:
        ValueError: There is none.
    """
    if name not in LOSSES:
        raise ValueError(f"No loss called {name!r}. Known: {', '.join(LOSSES)}.")
    return partial(pinball, share=quantile) if name == "quantile" else LOSSES[name]


def smooth_cross_entropy(scores: Any, targets: Any, weights: Any, smoothing: float) -> Any:
    """Return the sum of weighted cross entropies, part of each target spread over all classes.

    Shape:
        scores (B, C), targets (B,) int, weights (C,) -> () float.
    """
    logs = ops.log_softmax(scores, axis=-1)
    share = (1 - smoothing) * ops.one_hot(targets, scores.shape[-1]) + smoothing / scores.shape[-1]
    return -ops.sum(ops.cast(share, scores.dtype) * weights * logs)


def step_loss(
    name: str,
    loss: Callable[..., Any],
    scores: Any,
    targets: Any,
    class_weights: Sequence[float],
    smoothing: float,
) -> Any:
    """Return the mean loss of the steps whose target is known; 0 where none is.

    Shape:
        scores (B, S, C), or more steps, targets (B, S), -1 or NaN where nobody knows -> () float.
    """
    scores = scores[:, : ops.shape(targets)[1]]  # a batch may be padded further
    if name != "cross_entropy":
        targets = ops.cast(targets, scores.dtype)
        known = ops.cast(ops.logical_not(ops.isnan(targets)), scores.dtype)
        losses = loss(ops.where(known > 0, targets, 0.0)[..., None], scores)
        losses = ops.reshape(losses, ops.shape(known))
        return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1.0)
    targets = ops.cast(targets, "int32")
    known = ops.cast(targets >= 0, scores.dtype)
    targets = ops.maximum(targets, 0)
    losses = loss(targets, scores)
    counts = known
    if class_weights or smoothing:
        weights = class_weights or (1.0,) * scores.shape[-1]
        weights = ops.convert_to_tensor(weights, scores.dtype)
        counts = ops.take(weights, targets, axis=0) * known
        spread = -ops.mean(ops.log_softmax(scores, axis=-1) * weights, axis=-1)
        losses = (1 - smoothing) * losses * counts + smoothing * spread * known
        return ops.sum(losses) / ops.maximum(ops.sum(counts), 1e-12)
    return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1e-12)


def known_mean(loss: Callable[..., Any], scores: Any, targets: Any) -> Any:
    """Return the mean loss of the labels that are known; 0 where none is."""
    known = ops.logical_not(ops.isnan(targets))
    weights = ops.cast(known, scores.dtype)
    losses = loss(ops.where(known, targets, 0.0), scores)
    return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1.0)


def by_member(scores: Any, targets: Any) -> tuple[Any, Any]:
    """Make a row of each member of a row: (B, N, C), (B, ...) -> (B * N, C), (B * N, ...)."""
    if scores.ndim != 3:
        raise ValueError(f"scores are {tuple(scores.shape)}, but of members they are (B, N, C).")
    _, num_members, out_features = scores.shape
    return ops.reshape(scores, (-1, out_features)), ops.repeat(targets, num_members, 0)


def count_of(
    targets: np.ndarray, *, class_weights: Sequence[float] = (), per_step: bool = False
) -> float:
    """Return what the loss of a batch is a mean over: rows or known steps, weighted by class.

    Example:
        >>> count_of(np.array([0, 1, 1]), class_weights=(1.0, 3.0))
        7.0
    """
    if per_step:
        targets = targets[~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0]
    if not class_weights:
        return float(len(targets))
    return float(np.array(class_weights)[targets.astype(int)].sum())


def metric_of(
    name: str,
    scores: np.ndarray,
    targets: np.ndarray,
    *,
    per_step: bool = False,
    pairs: int = 0,
) -> float:
    """Return accuracy for the losses of classes, micro F1 of several labels, R2 for the others.

    Of nt_xent the share of rows whose partner is found.

    Shape:
        As in `loss_of`.

    Example:
        >>> metric_of("cross_entropy", np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
        0.5
    """
    if name == "nt_xent":
        return partners_found(scores, pairs)
    if per_step:
        known = ~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0
        scores, targets = scores[known], targets[known]  # (n, C), (n,)
    if name == "cross_entropy":
        return float((scores.argmax(-1) == targets).mean())
    targets = np.reshape(targets, scores.shape)
    if name in OF_LABELS and scores.shape[-1] > 1:
        return micro_f1(scores, targets)
    if name in (*OF_LABELS, "contrastive"):
        return float(((scores > 0) == (targets > 0.5)).mean())
    residual = np.square(scores.astype(float) - targets).sum()
    total = np.square(targets - targets.mean(0, dtype=float)).sum().clip(1e-12)
    return float(1 - residual / total)


def micro_f1(scores: np.ndarray, targets: np.ndarray) -> float:
    """Return F1 over the cells of all labels that are known, a score above 0 being a label.

    Shape:
        scores and targets (B, C), targets 0, 1 or NaN.

    Example:
        >>> micro_f1(np.array([[2.0, 1.0], [-1.0, -3.0]]), np.eye(2))
        0.5
    """
    said, true = (scores > 0) & ~np.isnan(targets), targets > 0.5
    hits, both = int((said & true).sum()), int(said.sum() + true.sum())
    return 2 * hits / both if both else 0.0
