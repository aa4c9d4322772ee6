"""Strays: values so far from the training rows that models are handed the nearest bound instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.data.array import Array, within
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
        lengths = dataset.arrays.get(f"{name}.lengths")
        found = find_strays(dataset.arrays[name], lengths, transform.lows, transform.highs)
        if found is not None:
            many = found.count > 1
            said.append(
                f"{name}: {found.count:,} value{'s lie' if many else ' lies'} beyond the bounds of "
                f"the training rows ({'first ' if many else ''}{dataset.place(found.position)}: "
                f"{found.value:.10g}, bounds {found.low:.6g} to {found.high:.6g}) and "
                f"count{'' if many else 's'} as the nearest bound."
            )
    return tuple(said)


def find_strays(values: Array, lengths: Array | None, lows: Array, highs: Array) -> Strays | None:
    """Find what lies beyond the bounds, outside the padding of sequences; None where nothing does.

    Args:
        values: (N, ..., F).
        lengths: (N,) real steps of sequences, or None.
        lows: (F,)
        highs: (F,)
    """
    values = as_columns(values)
    width = values.shape[-1:]
    lows, highs = np.broadcast_to(lows, width), np.broadcast_to(highs, width)
    found: Strays | None = None
    for rows in pieces(len(values)):
        part = values[rows]
        far = (part < lows) | (part > highs)  # NaN is neither
        if lengths is not None:
            far &= within(part, lengths[rows])[..., None]
        count = int(far.sum())
        if found is not None:
            found = replace(found, count=found.count + count)
        elif count:
            at = np.unravel_index(int(far.argmax()), far.shape)
            found = Strays(
                count=count,
                position=rows.start + int(at[0]),
                value=float(part[at]),
                low=float(lows[at[-1]]),
                high=float(highs[at[-1]]),
            )
    return found
