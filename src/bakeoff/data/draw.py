"""Deal rows out to parts by chance, stratum by stratum."""

from __future__ import annotations

import numpy as np

from bakeoff.data.columns import Array


def draw(
    rows: Array, strata: Array, shares: tuple[float, ...], generator: np.random.Generator
) -> list[Array]:
    """Deal the rows of each stratum out to the parts, in proportion.

    What rounding takes from a part in one stratum it gets back in a later one, so that the parts
    have the sizes asked for. The first part gets a row of every stratum, then the last, then the
    middle one.
    """
    wanted = np.zeros(len(shares))
    given = np.zeros(len(shares))
    dealt: list[list[Array]] = [[] for _ in shares]
    for stratum in np.unique(strata):
        members = generator.permutation(rows[strata == stratum])
        wanted += len(members) * np.array(shares)
        counts = np.floor(len(members) * np.array(shares) + 1e-9).astype(int)
        while counts.sum() < len(members):
            counts[np.argmax(wanted - given - counts)] += 1
        counts = at_least_one(counts)
        given += counts
        for part, piece in zip(dealt, np.split(members, np.cumsum(counts)[:-1]), strict=True):
            part.append(piece)
    return [np.concatenate(pieces) for pieces in dealt]


def at_least_one(counts: Array) -> Array:
    """Move rows from the largest part, so that the first, last and middle part have one each."""
    counts = counts.copy()
    for part in (0, len(counts) - 1, *range(1, len(counts) - 1)):
        if (counts[part] == 0 and counts.max() > 1) or (counts[part] == 0 and part == 0):
            counts[np.argmax(counts)] -= 1
            counts[part] += 1
    return counts
