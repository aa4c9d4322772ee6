"""Swapped: rows that stand in another part with two of their inputs changed round."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Pictures, Sequences
from bakeoff.data.dataset import Dataset
from bakeoff.data.kinds import KINDS
from bakeoff.data.splitting.near_texts import text_prints
from bakeoff.data.splitting.row_keys import row_keys
from bakeoff.data.splitting.split import Split, before_each

MOST_PAIRS = 10  # of inputs of one kind
TIMES = np.uint64(0x9E3779B97F4A7C15)


class Swapped(NamedTuple):
    """Rows of a part that repeat those of another one, two inputs changed round.

    Args:
        names: The inputs.
        part: Whose rows.
        repeats: Of which part.
        positions: Of the rows.
        total: The rows of the part.
    """

    names: tuple[str, str]
    part: str
    repeats: str
    positions: Array
    total: int


def swapped_inputs(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Swapped]:
    """Find them, of inputs of one kind: pictures, sequences, texts.

    Args:
        dataset: The rows.
        split: Their parts.
        inputs: The columns to look at.
    """
    alone = [name for name in inputs if KINDS[dataset.schema.column(name).kind].alone]
    pairs = [pair for pair in combinations(alone, 2) if are_alike(dataset, *pair)]
    for names in pairs[:MOST_PAIRS]:
        left, right = (own_keys(dataset, name) for name in names)
        there, back = left * TIMES + right, right * TIMES + left
        for part, positions, earlier in before_each(split):
            rest = positions[left[positions] != right[positions]]
            for other, others in earlier.items():
                again = np.isin(back[rest], there[others])
                found, rest = rest[again], rest[~again]
                if len(found):
                    yield Swapped(names, part, other, found, len(positions))


def are_alike(dataset: Dataset, one: str, other: str) -> bool:
    """Tell whether two inputs may hold the same: they are of one kind and, of pictures, size."""
    kinds = [dataset.schema.column(name).kind for name in (one, other)]
    first, second = dataset.arrays[one], dataset.arrays[other]
    if isinstance(first, Pictures) and isinstance(second, Pictures):
        return first.shape[1:] == second.shape[1:]
    if isinstance(first, Sequences) and isinstance(second, Sequences):
        return kinds[0] == kinds[1] and first.ndim == second.ndim
    return kinds == ["text", "text"]


def own_keys(dataset: Dataset, name: str) -> Array:
    """Return (N,) uint64, equal where the values of an input are, whichever column they are in."""
    if dataset.schema.column(name).kind == "text":
        return text_prints(dataset.arrays[name]).whole
    return row_keys(dataset, [name])
