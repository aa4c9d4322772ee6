"""Deal rows out to parts by chance, stratum by stratum."""

from __future__ import annotations

import numpy as np

from bakeoff.data.array import Array


def stratify(
    positions: Array, strata: Array, shares: tuple[float, ...], generator: np.random.Generator
) -> list[Array]:
    """Deal the rows of each stratum out to the parts, in proportion.

    What rounding takes from a part in one stratum it gets back in a later one, so that the parts
    have the sizes asked for. The first part gets a row of every stratum, then the last, then the
    middle one.
    """
    due = np.zeros(len(shares))
    given = np.zeros(len(shares))
    dealt: list[list[Array]] = [[] for _ in shares]
    for stratum in np.unique(strata):
        members = generator.permutation(positions[strata == stratum])
        due += len(members) * np.array(shares)
        counts = np.floor(len(members) * np.array(shares) + 1e-9).astype(int)
        while counts.sum() < len(members):
            lacking = np.round(due - given - counts, 9)
            counts[len(shares) - 1 - np.argmax(lacking[::-1])] += 1  # the later part when equal
        counts = at_least_one(counts)
        given += counts
        for part, piece in zip(dealt, np.split(members, np.cumsum(counts)[:-1]), strict=True):
            part.append(piece)
    return [np.concatenate(pieces) for pieces in dealt]


def at_least_one(counts: Array) -> Array:
    """Give the first, then the last, then the middle part a row each, from the part with most."""
    counts = counts.copy()
    order = [0, len(counts) - 1, *range(1, len(counts) - 1)][: counts.sum()]
    for part in order:
        if counts[part] == 0:
            spare = counts.copy()
            spare[order] -= 1  # what these parts keep for themselves
            counts[np.argmax(spare)] -= 1
            counts[part] += 1
    return counts
