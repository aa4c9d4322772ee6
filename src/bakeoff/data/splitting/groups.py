"""Groups: rows that belong together, such as the visits of one patient, and are nearly equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.data.array import Array, is_missing, numbered
from bakeoff.data.columns.column import Column

FEWEST_GROUPS = 10
ALIKE = 0.1  # rows of a group differ by this share of what any two rows differ by, or less
COMPARED = 20_000  # training rows that are compared


def find_groups(
    columns: Sequence[Column], arrays: Mapping[str, Array], others: Sequence[str]
) -> str:
    """Return the column whose rows of one value are most alike; "" where there is none.

    Each value stands in several rows, and within it at least half of the other columns differ
    little.

    Args:
        columns: All that may name a group.
        arrays: Column -> (n,) its values in the training rows.
        others: Columns that are compared: inputs, and the target.
    """
    best, name = ALIKE, ""
    for column in columns:
        if not may_name_groups(column, arrays[column.name]):
            continue
        rows, group = grouped(arrays[column.name])
        found = [difference(group, arrays[n][rows]) for n in others if n != column.name]
        known = [share for share in found if not np.isnan(share)]
        if len(known) > 1 and float(np.median(known)) < best:
            best, name = float(np.median(known)), column.name
    return name


def may_name_groups(column: Column, values: Array) -> bool:
    """Tell whether values may be names of groups: words or whole numbers, each several times."""
    if values.ndim > 1 or column.kind == "time" or column.distinct < FEWEST_GROUPS:
        return False
    if values.dtype.kind == "f" and (np.isnan(values) | (values != np.round(values))).any():
        return False
    if column.distinct > len(values):
        return False  # of all rows: most stand in one row only
    names = np.unique(numbered(values[~is_missing(values)]))
    return FEWEST_GROUPS <= len(names) <= len(values) / 2


def grouped(values: Array) -> tuple[Array, Array]:
    """Return positions of rows to compare, whole groups of them, and the group of each."""
    positions = np.flatnonzero(~is_missing(values))
    _, group, sizes = np.unique(
        numbered(values[positions]), return_inverse=True, return_counts=True
    )
    most = max(1, int(np.searchsorted(np.cumsum(sizes), COMPARED, side="right")))
    kept = np.asarray(group < most)
    return positions[kept], group[kept]


def difference(group: Array, values: Array) -> float:
    """Return how much rows of one group differ, as a share of how much any rows do.

    Args:
        group: (n,) the group of each row.
        values: (n,) numbers, compared by rank, or words, compared as equal or not.

    Returns:
        0 where all rows of a group are equal, about 1 where groups say nothing; NaN where the
        values do not vary, or no group has two of them.
    """
    filled = ~is_missing(values)
    group, values = group[filled], values[filled]
    codes = np.unique(numbered(values), return_inverse=True)[1]  # of numbers: their ranks
    if len(np.unique(group)) == len(group) or codes.max() == 0:
        return float("nan")
    if values.dtype != object:
        return spread_within(group, codes) / float(codes.var(ddof=1))
    equal_within = pairs(group * (codes.max() + 1) + codes) / pairs(group)
    equal = pairs(codes) / (len(codes) * (len(codes) - 1))
    return (1 - equal_within) / (1 - equal)


def spread_within(group: Array, ranks: Array) -> float:
    """Return the variance of ranks around the mean of their group."""
    sizes = np.bincount(group)
    means = np.bincount(group, ranks) / np.maximum(sizes, 1)
    squares = float(((ranks - means[group]) ** 2).sum())
    return squares / (len(group) - np.count_nonzero(sizes))


def pairs(codes: Array) -> float:
    """Count the ordered pairs of rows that have the same code."""
    counts = np.unique(codes, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum())
