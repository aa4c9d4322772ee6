"""Strays: values so far from the training rows that models are handed the nearest bound instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Pictures, Sequences, Values
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.numbers import Numbers, as_columns
from bakeoff.data.preparing.pixels import Pixels
from bakeoff.data.preparing.steps import Steps
from bakeoff.data.preparing.transform import Transform, pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class Strays:
    """The values of one column that lie beyond its bounds.

    Args:
        count: How many there are.
        position: Of the first row that has one.
        value: That value.
        low: The least number that counts in its column, channel or feature.
        high: The greatest.
    """

    count: int
    position: int
    value: float
    low: float
    high: float


def say_strays(transforms: Mapping[str, Transform], dataset: Dataset) -> tuple[str, ...]:
    """Count the values beyond the bounds of the training rows, a sentence for each input."""
    said = []
    for name, transform in transforms.items():
        if not isinstance(transform, Numbers | Steps | Pixels):
            continue  # codes, circles and two values have no way to go far
        found = find_strays(dataset.arrays[name], transform.lows, transform.highs)
        if found is not None:
            many = found.count > 1
            said.append(
                f"{name}: {found.count:,} value{'s lie' if many else ' lies'} beyond the bounds of "
                f"the training rows ({'first ' if many else ''}{dataset.place(found.position)}: "
                f"{found.value:.10g}, bounds {found.low:.6g} to {found.high:.6g}) and "
                f"count{'' if many else 's'} as the nearest bound."
            )
    return tuple(said)


def find_strays(values: Values, lows: Array, highs: Array) -> Strays | None:
    """Find what lies beyond the bounds; None where nothing does.

    Args:
        values: (N,) or (N, F) numbers, pictures, or sequences, whose steps count once each.
        lows: (F,)
        highs: (F,)
    """
    found: Strays | None = None
    for start, part in chunks(values):
        width = part.shape[-1:]
        low, high = np.broadcast_to(lows, width), np.broadcast_to(highs, width)
        far = (part < low) | (part > high)  # NaN is neither
        count = int(far.sum())
        if found is not None:
            found = replace(found, count=found.count + count)
        elif count:
            at = np.unravel_index(int(far.argmax()), far.shape)
            found = Strays(
                count=count,
                position=start + int(at[0]),
                value=float(part[at]),
                low=float(low[at[-1]]),
                high=float(high[at[-1]]),
            )
    if found is not None and isinstance(values, Sequences):
        return replace(found, position=sequence_at(values, found.position))
    return found


def chunks(values: Values) -> Iterator[tuple[int, Array]]:
    """Yield the place of a first row, or of a first real step, and it with some that follow."""
    if isinstance(values, Pictures):
        yield from values.real().pieces()
        return
    table = values.real() if isinstance(values, Sequences) else as_columns(values)
    for rows in pieces(len(table)):
        yield rows.start, table[rows]


def sequence_at(sequences: Sequences, step: int) -> int:
    """Return the first sequence that holds a step, which is counted among the real ones."""
    place = int(np.flatnonzero(sequences.covered())[step])
    ends = sequences.starts + sequences.lengths
    return int(np.flatnonzero((sequences.starts <= place) & (place < ends))[0])
