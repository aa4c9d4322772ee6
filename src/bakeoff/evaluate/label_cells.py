"""Metrics of several labels, of which a row has any number; a label is said above 0.5.

micro F1       2 hits / (2 hits + said wrongly + missed), over the cells of all rows and labels
macro F1       the mean over labels of their own F1; labels that no row judged has are left out
exact match    share of the rows in which every label is right

Cells whose truth nobody knows count for nothing. The share of right cells is no score: where labels
are rare, a model that says none of them has 95 % of it.

Dimensions: n rows, K labels, G groups.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.classification import ClassScores
from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LabelCells:
    """Which cells are hit, said and true, known ones alone.

    Shape:
        (n, K) float, 0 or 1, each.
    """

    hits: Array
    said: Array
    true: Array


def cells_of(predictions: Predictions) -> LabelCells:
    """Compare what is said with the truth, cell by cell."""
    truth = predictions.truth.astype(np.float64)
    known = ~np.isnan(truth)
    said, true = (predictions.scores > THRESHOLD) & known, (truth > THRESHOLD) & known
    hits = said & true
    return LabelCells(*(part.astype(np.float64) for part in (hits, said, true)))


def micro_f1(predictions: Predictions) -> float:
    """F1 over all cells; nan where no row has a label and none is said."""
    cells = cells_of(predictions)
    return float(f1s(cells.hits.sum(), cells.said.sum() + cells.true.sum()))


def micro_f1_values(predictions: Predictions) -> Array:
    """Influence of each row on micro F1, plus micro F1: their mean is the metric: (n,)."""
    cells = cells_of(predictions)
    hits, both = 2 * cells.hits.sum(1), (cells.said + cells.true).sum(1)
    whole = f1s(hits.sum() / 2, both.sum())
    if np.isnan(whole):
        return np.full(len(predictions), np.nan)
    return np.asarray(whole + len(hits) * (hits - whole * both) / both.sum())


def micro_f1_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Micro F1 without each group of rows: (n,) groups -> (G,)."""
    cells = cells_of(predictions)
    hits = np.bincount(groups, cells.hits.sum(1))
    both = np.bincount(groups, (cells.said + cells.true).sum(1))
    return f1s(hits.sum() - hits, both.sum() - both)


def macro_f1(predictions: Predictions) -> float:
    """Mean F1 over the labels that occur."""
    scores = [label.f1 for label in per_label(predictions) if label.support]
    return float(np.mean(scores)) if scores else float("nan")


def macro_f1_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Macro F1 without each group of rows: (n,) groups -> (G,).

    A label that occurs in one group only keeps its score when that group is left out.
    """
    cells = cells_of(predictions)
    sums = [summed(part, groups) for part in (cells.hits, cells.said, cells.true)]
    hits, said, true = (part.sum(0) - part for part in sums)  # (G, K)
    occurring = sums[2].sum(0) > 0
    whole = f1s(cells.hits.sum(0), (cells.said + cells.true).sum(0))
    own = np.where(true > 0, f1s(hits, said + true), whole)
    return np.asarray(own[:, occurring].mean(1) if occurring.any() else np.full(len(own), np.nan))


def exact_match_values(predictions: Predictions) -> Array:
    """1 where every known label of a row is right, else 0: (n,)."""
    cells = cells_of(predictions)
    return np.asarray((cells.said == cells.true).all(1), np.float64)


def per_label(predictions: Predictions) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each label, over the rows that know it."""
    cells = cells_of(predictions)
    hits, said, true = (part.sum(0) for part in (cells.hits, cells.said, cells.true))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / said, hits / true
        f1 = np.where(true > 0, f1s(hits, said + true), np.nan)
    return tuple(
        ClassScores(
            name=name,
            precision=float(precision[k]),
            recall=float(recall[k]),
            f1=float(f1[k]),
            support=int(true[k]),
        )
        for k, name in enumerate(predictions.classes)
    )


def f1s(hits: Array, both: Array) -> Array:
    """2 hits / (said + true); nan where neither is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * hits / np.asarray(both, np.float64))


def summed(cells: Array, groups: NDArray[np.int64]) -> Array:
    """Add up the rows of each group: (n, K), (n,) -> (G, K)."""
    return np.stack([np.bincount(groups, column) for column in cells.T], axis=1)
