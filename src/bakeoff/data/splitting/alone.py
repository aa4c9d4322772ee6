"""Alone: what one column by itself says of the target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.numeric import mean_and_std, within_reach

SURE = 0.99  # a column that removes this share of the errors gives the target away
FEWEST = 20  # training rows below which a perfect column may be chance
SCREENED = 2_000  # rows of the first look at a column; most columns need no second
NEIGHBOURS = 5  # on either side, that foretell a row by its place in the order of a column
COLLISIONS = 8  # equal pairs that numbers drawn by chance would have; a position has none


def tells_alone(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether the target follows from one column, on a few rows first, then on all.

    Args:
        values: (n,) of the column.
        target: (n,) codes of classes, or standardised amounts.
        classes: Whether they are codes.
    """
    filled = ~is_missing(values)
    if filled.mean() < 0.5 or filled.sum() < FEWEST:
        return False
    values, target = values[filled], target[filled]
    few = slice(None, None, max(1, len(values) // SCREENED))
    return all(
        follows_by_value(v, t, classes) or follows_by_order(v, t, classes)
        for v, t in ((values[few], target[few]), (values, target))
    )


def follows_by_value(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether equal values go with equal targets, among values seen at least twice."""
    _, group, sizes = np.unique(
        values.astype(str) if values.dtype == object else values,
        return_inverse=True,
        return_counts=True,
    )
    repeated = sizes[group] > 1
    if repeated.mean() < 0.5:
        return False
    group, target = group[repeated], target[repeated]
    if not classes:
        size = np.bincount(group)
        mean = np.bincount(group, target) / np.maximum(size, 1)
        left = float(((target - mean[group]) ** 2).sum())
        return left <= (1 - SURE) ** 2 * float(((target - target.mean()) ** 2).sum())
    pairs = np.unique(np.stack([group, target]), axis=1, return_counts=True)
    best = np.zeros(group.max() + 1)
    np.maximum.at(best, pairs[0][0], pairs[1])
    errors, floor = len(target) - best.sum(), len(target) - np.bincount(target).max()
    return bool(errors <= (1 - SURE) * floor)


def follows_by_order(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether sorting by the column sorts the target: numbers and dates only."""
    if values.dtype == object:
        return False
    numbers = values.astype(np.float64)
    if not classes:
        correlation = float((standardised(numbers) * standardised(target)).mean())
        return abs(correlation) >= 1 - (1 - SURE) ** 2
    order = np.lexsort((target, numbers))
    changes = int((np.diff(target[order]) != 0).sum())
    return changes == len(np.unique(target)) - 1 and bool(changes)


def standardised(values: Array) -> Array:
    """Return (n,) numbers in standard deviations; 0 where they are constant."""
    table = within_reach(values.astype(np.float64))[:, None]
    means, stds = mean_and_std(table)
    return np.asarray((table - means)[:, 0] / stds)


def is_position(values: Array) -> bool:
    """Tell whether a column counts rows: whole numbers, so dense that chance would repeat some.

    Args:
        values: (N,) of all rows, in any order, with gaps or without.

    Example:
        >>> is_position(np.arange(900.0)[::-2]), is_position(np.arange(900.0) ** 2)
        (True, False)
    """
    if values.dtype.kind != "f" or np.isnan(values).any() or (values != np.round(values)).any():
        return False
    n = len(values)
    span = float(values.max()) - float(values.min()) + 1
    return n * (n - 1) / 2 / span >= COLLISIONS and len(np.unique(values)) == n


class Foretold(NamedTuple):
    """How well the neighbours in the order of a column foretell a row.

    Args:
        score: Accuracy, or R2 of amounts.
        floor: The accuracy of the most frequent class; 0 for amounts.
    """

    score: float
    floor: float

    @property
    def share(self) -> float:
        """The share of the errors that are gone: 0 none, 1 all."""
        return (self.score - self.floor) / (1 - self.floor)


def foretell(values: Array, target: Array, classes: bool) -> Foretold:
    """Foretell each row by the ten rows that stand next to it in the order of a column.

    Args:
        values: (n,) numbers.
        target: (n,) codes of classes, of which there are two at least, or standardised amounts.
        classes: Whether they are codes.
    """
    few = slice(None, None, max(1, len(values) // SCREENED))
    ordered = target[few][np.argsort(values[few], kind="stable")]
    if not classes:
        guess = neighbour_means(ordered[:, None])[:, 0]
        return Foretold(1 - float(((ordered - guess) ** 2).sum() / (ordered**2).sum()), 0.0)
    votes = neighbour_means(np.eye(int(ordered.max()) + 1)[ordered])  # (n, C)
    score = float((votes.argmax(axis=1) == ordered).mean())
    return Foretold(score, float(np.bincount(ordered).max() / len(ordered)))


def neighbour_means(rows: Array) -> Array:
    """Return the mean of the rows on either side of each, itself left out: (n, C) -> (n, C)."""
    n = len(rows)
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    first = np.maximum(np.arange(n) - NEIGHBOURS, 0)
    stop = np.minimum(np.arange(n) + NEIGHBOURS + 1, n)
    return np.asarray((sums[stop] - sums[first] - rows) / (stop - first - 1)[:, None])
