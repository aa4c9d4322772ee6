"""Pixels: a transform that standardises each channel of pictures and volumes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array
from bakeoff.data.blocks import Pictures
from bakeoff.data.preparing.transform import Role, fields_of, in_pieces
from bakeoff.numeric import bounds, is_constant, within_reach


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

    means: Amounts
    stds: Amounts
    lows: Amounts
    highs: Amounts
    role: ClassVar[Role] = "block"

    @classmethod
    def fit(cls, values: Pictures) -> Self:
        """Learn mean, spread and ends of each channel, some pictures at a time.

        Of bytes it is counted how often each comes. Others are never all held as float64, and their
        spread is taken around the mean in a second pass: a sum of squares would lose the digits of
        values far from 0.
        """
        if values.dtype == np.uint8:
            return cls.of_counts(counted(values))
        axes = tuple(range(values.ndim - 1))
        channels = values.shape[-1]
        count = math.prod(values.shape[:-1])
        lows, highs = np.full(channels, np.inf), np.full(channels, -np.inf)
        sums, squares = np.zeros(channels), np.zeros(channels)
        for part in parts_of(values):
            lows = np.minimum(lows, part.min(axis=axes))
            highs = np.maximum(highs, part.max(axis=axes))
            sums += part.sum(axis=axes)
        means = sums / count
        unit = np.ldexp(1.0, np.frexp(np.maximum(highs - means, means - lows))[1])
        for part in parts_of(values):
            squares += squared(part, means, unit).sum(axis=axes)
        constant = is_constant(lows, highs)
        stds = np.where(constant, 1.0, np.sqrt(squares / count) * unit)
        return cls(means, stds, *bounds((lows, highs), means, stds, constant))

    @classmethod
    def of_counts(cls, counts: Array) -> Self:
        """Learn the same from how often each byte comes: (C, 256)."""
        level = np.arange(256.0)
        lows = np.array([level[row > 0].min(initial=255.0) for row in counts])
        highs = np.array([level[row > 0].max(initial=0.0) for row in counts])
        total = np.maximum(1, counts.sum(axis=1))
        means = counts @ level / total
        squares = (counts * (level - means[:, None]) ** 2).sum(axis=1)
        constant = is_constant(lows, highs)
        stds = np.where(constant, 1.0, np.sqrt(squares / total))
        return cls(means, stds, *bounds((lows, highs), means, stds, constant))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        return in_pieces(values, self.standardised)

    def standardised(self, values: Array) -> Array:
        """Put float64 values (n, ..., C) in training standard deviations, in place."""
        np.maximum(values, self.lows, out=values)
        np.minimum(values, self.highs, out=values)
        values -= self.means
        values /= self.stds
        return values

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def counted(values: Pictures) -> Array:
    """Count how often each byte stands in each channel of pictures: (C, 256)."""
    counts = np.zeros((values.shape[-1], 256), np.int64)
    for _, piece in values.pieces():
        for c, row in enumerate(counts):
            row += np.bincount(piece[..., c].ravel(), minlength=256)
    return counts


def squared(values: Array, means: Array, unit: Array) -> Array:
    """Return ((values - means) / unit)^2, in place."""
    values -= means
    values /= unit
    values *= values
    return values


def parts_of(values: Pictures) -> Iterator[Array]:
    """Yield some pictures at a time, as float64 within reach."""
    for _, piece in values.pieces():
        part = piece.astype(np.float64)
        yield within_reach(part) if values.dtype == np.float64 else part
