"""Pixels: a transform that standardises each channel of pictures and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transform import Role, fields_of, in_pieces, pieces, unbounded
from bakeoff.numeric import bounds, is_constant, size_of, within_reach


@dataclass(frozen=True, eq=False)
class Pixels:
    """Standardise pictures and volumes per channel.

    Values count up to 3 standard deviations beyond those of the training rows; a channel that is
    constant there is 0.

    Args:
        means: (C,) of the training rows.
        stds: (C,) standard deviations, 1 where a channel is constant.
        lows: (C,) the least value that counts: what is below is taken as that.
        highs: (C,) the greatest.

    Shape:
        values (N, ..., C) -> (N, ..., C) float32
    """

    means: Array
    stds: Array
    lows: Array = field(default_factory=lambda: unbounded(-1))
    highs: Array = field(default_factory=lambda: unbounded(1))
    role: ClassVar[Role] = "block"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn mean, spread and ends of each channel, 256 pictures at a time.

        So pictures are never all held as float64. The spread is taken around the mean in a second
        pass: a sum of squares would lose the digits of values far from 0.
        """
        flat = values.reshape(len(values), -1, values.shape[-1])  # (N, pixels, C)
        ends = [(part.min(axis=(0, 1)), part.max(axis=(0, 1))) for part in chunks(flat)]
        lows = np.min([low for low, _ in ends], axis=0)
        highs = np.max([high for _, high in ends], axis=0)
        count = flat.shape[0] * flat.shape[1]
        means = sum(part.sum(axis=(0, 1)) for part in chunks(flat)) / count
        sizes = [size_of((p - means).reshape(-1, flat.shape[-1]), count) for p in chunks(flat)]
        stds = np.where(is_constant(lows, highs), 1.0, size_of(np.stack(sizes), 1))
        return cls(means, stds, *bounds(lows, highs, means, stds))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        return in_pieces(values, self.standardised)

    def standardised(self, values: Array) -> Array:
        """Return float64 values (n, ..., C) in training standard deviations."""
        return np.asarray((np.clip(values, self.lows, self.highs) - self.means) / self.stds)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def chunks(values: Array) -> Iterator[Array]:
    """Yield some rows at a time, as float64 within reach."""
    for rows in pieces(len(values)):
        yield within_reach(values[rows].astype(np.float64))
