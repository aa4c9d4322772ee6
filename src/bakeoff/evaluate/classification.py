"""Metrics of class predictions, the per-class table and the confusion matrix.

The rule for classes: means over classes run over the classes that occur in the rows judged, the
same for every model. A class that does not occur has no recall and is left out; predicting it
is still an error of the row's true class. A true class that no training row has counts with recall,
F1 and probability 0; it has no score of its own to rank by, so in the AUC its rows are the rest.

Metrics that are means over rows come with `*_values` per row, whose mean is the metric and whose
spread over rows tells how sure it is. A mean over classes is a sum of what each row adds to it
(`*_added`), and only the spread within a class tells how sure it is; `counted_without` is what it
would be without each group of rows.

Dimensions: n rows, K classes known from training, L labels (K + those unseen), G groups.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]

SMALLEST_PROBABILITY = 1e-7  # what float32 can tell from 0; bounds the log loss of one row at 16.1


def accuracy_values(predictions: Predictions) -> Array:
    """1 where the predicted class is the true one, else 0: (n,)."""
    return np.asarray(predictions.scores.argmax(1) == predictions.truth_index, np.float64)


def log_loss_values(predictions: Predictions) -> Array:
    """Minus the log of the true class's probability (natural log): (n,)."""
    probabilities = predictions.scores.astype(np.float64)
    probabilities /= probabilities.sum(1, keepdims=True)
    index = predictions.truth_index
    given = np.where(index < 0, 0.0, probabilities[np.arange(len(index)), index])
    return np.asarray(-np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Confusion:
    """How often each true class was taken for each class.

    Args:
        labels: True classes: those of the training rows, then those they lack, by name.
        classes: Classes that can be predicted.
        counts: Rows are `labels`, columns are `classes`.

    Shape:
        counts (L, K) int
    """

    labels: tuple[str, ...]
    classes: tuple[str, ...]
    counts: NDArray[np.int64]


def confusion(predictions: Predictions) -> Confusion:
    """Count true against predicted classes."""
    labels, index = label_rows(predictions)
    counts = count_confusions(predictions, index, len(labels), np.zeros(len(index), np.int64), 1)
    return Confusion(labels=labels, classes=predictions.classes, counts=counts[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassScores:
    """One line of the per-class table; nan where it is not defined.

    Args:
        name: The class.
        precision: Share of the rows predicted as this class that are of it.
        recall: Share of the rows of this class that were found.
        f1: Harmonic mean of both.
        support: Rows of this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def per_class(predictions: Predictions) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each class; classes unseen in training come last."""
    table = confusion(predictions)
    hits, support, predicted = margins(table.counts[None].astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = (hits / predicted)[0], (hits / support)[0]
        f1 = np.where(support > 0, 2 * hits / (support + predicted), np.nan)[0]
    return tuple(
        ClassScores(
            name=name,
            precision=float(precision[i]),
            recall=float(recall[i]),
            f1=float(f1[i]),
            support=int(support[0, i]),
        )
        for i, name in enumerate(table.labels)
    )


def recalls(counts: Array) -> Array:
    """Recall of each label, nan where it does not occur: (G, L, K) -> (G, L)."""
    hits, support, _ = margins(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(hits / support)


def f1s(counts: Array) -> Array:
    """F1 of each label, nan where it does not occur: (G, L, K) -> (G, L)."""
    hits, support, predicted = margins(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(support > 0, 2 * hits / (support + predicted), np.nan)


def balanced_accuracy(predictions: Predictions) -> float:
    """Mean recall over the classes that occur."""
    return float(np.nanmean(recalls(confusion(predictions).counts[None].astype(np.float64))))


def macro_f1(predictions: Predictions) -> float:
    """Mean F1 over the classes that occur."""
    return float(np.nanmean(f1s(confusion(predictions).counts[None].astype(np.float64))))


def balanced_accuracy_added(predictions: Predictions) -> Array:
    """What each row adds to balanced accuracy: hit / (classes * rows of its class): (n,)."""
    table = confusion(predictions)
    support = table.counts.sum(1)  # (L,)
    _, index = label_rows(predictions)
    share = (support > 0).sum() * support[index]
    return np.asarray(accuracy_values(predictions) / share)


def macro_f1_added(predictions: Predictions) -> Array:
    """What each row adds to macro F1, but for what all rows of its class add alike: (n,).

    (2 hit - F1) / (rows of the class + rows predicted as it) / classes, of the predicted class; 0
    where it does not occur.
    """
    counts = confusion(predictions).counts[None].astype(np.float64)
    _, support, predicted = (part[0] for part in margins(counts))  # (L,)
    scores = np.where(support > 0, f1s(counts)[0], 0.0)
    chosen = predictions.scores.argmax(1)  # (n,)
    added = (2 * accuracy_values(predictions) - scores[chosen]) / (support + predicted)[chosen]
    return np.asarray(np.where(support[chosen] > 0, added, 0.0) / (support > 0).sum())


def counted_without(
    predictions: Predictions,
    per_label: Callable[[Array], Array],
    groups: NDArray[np.int64],
) -> Array:
    """A mean over classes without each group of rows: (n,) groups -> (G,).

    A class that occurs in one group only keeps its score when that group is left out.
    """
    labels, index = label_rows(predictions)
    counts = count_confusions(predictions, index, len(labels), groups, int(groups.max()) + 1)
    total = counts.sum(0, keepdims=True).astype(np.float64)
    whole = per_label(total)  # (1, L)
    without = per_label(total - counts)  # (G, L)
    return np.asarray(np.nanmean(np.where(np.isnan(without), whole, without), axis=1))


def truth_labels(predictions: Predictions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The classes that occur, and the position of each row's own among them: (n,)."""
    labels, index = label_rows(predictions)
    occurring, position = np.unique(index, return_inverse=True)
    return tuple(labels[i] for i in occurring), position


def auc_values(predictions: Predictions) -> Array:
    """DeLong's placements, scaled so that their mean is the AUC: (n,).

    Two classes: how often a positive row scores above a negative one, ties count half. More: the
    mean over the classes that occur, each against the rest. nan when only one class occurs.
    """
    index = predictions.truth_index
    num_classes = len(predictions.classes)
    sought = range(1, 2) if num_classes == 2 else range(num_classes)  # one side tells both
    columns = [
        placements(predictions.scores[:, k], index == k)
        for k in sought
        if 0 < (index == k).sum() < len(index)
    ]
    return np.mean(columns, axis=0) if columns else np.full(len(index), np.nan)


def placements(scores: NDArray[Any], positive: NDArray[np.bool_]) -> Array:
    """Influence of each row on the AUC of one class, plus the AUC: (n,), (n,) -> (n,)."""
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    share = np.empty(len(scores))  # of the other side that this row is placed rightly against
    share[positive] = share_below(below, scores[positive])
    share[~positive] = 1 - share_below(above, scores[~positive])
    area = share[positive].mean()
    weight = np.where(positive, len(scores) / len(above), len(scores) / len(below))
    return np.asarray(area + weight * (share - area))


def share_below(ascending: NDArray[Any], values: NDArray[Any]) -> Array:
    """Share of sorted numbers below each value, ties count half."""
    left = np.searchsorted(ascending, values, side="left")
    right = np.searchsorted(ascending, values, side="right")
    return (left + right) / (2 * len(ascending))


def label_rows(predictions: Predictions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """All labels, and the position of each row's true one: those unseen in training come last."""
    unseen = sorted({str(name) for name in predictions.truth} - set(predictions.classes))
    labels = (*predictions.classes, *unseen)
    position = {name: i for i, name in enumerate(labels)}
    return labels, np.array([position[str(name)] for name in predictions.truth], dtype=np.int64)


def count_confusions(
    predictions: Predictions,
    index: NDArray[np.int64],
    num_labels: int,
    groups: NDArray[np.int64],
    num_groups: int,
) -> NDArray[np.int64]:
    """Confusion matrix of each group of rows: (G, L, K)."""
    num_classes = len(predictions.classes)
    cell = (groups * num_labels + index) * num_classes + predictions.scores.argmax(1)
    counts = np.bincount(cell, minlength=num_groups * num_labels * num_classes)
    return counts.reshape(num_groups, num_labels, num_classes)


def margins(counts: Array) -> tuple[Array, Array, Array]:
    """Hits, support and times predicted of each label: (G, L, K) -> three (G, L)."""
    num_classes = counts.shape[2]
    unseen = ((0, 0), (0, counts.shape[1] - num_classes))
    hits = np.pad(np.diagonal(counts, axis1=1, axis2=2), unseen)
    predicted = np.pad(counts.sum(1), unseen)
    return hits, counts.sum(2), predicted
