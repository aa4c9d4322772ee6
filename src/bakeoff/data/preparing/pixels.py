"""Pixels: a transform that standardises each channel of pictures and volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array
from bakeoff.data.preparing.transform import Role, fields_of


@dataclass(frozen=True, eq=False)
class Pixels:
    """Standardise pictures and volumes per channel.

    Args:
        means: (C,) of the training rows.
        stds: (C,) standard stds, 1 where a channel is constant.

    Shape:
        values (N, ..., C) -> (N, ..., C) float32
    """

    means: Amounts
    stds: Amounts
    role: ClassVar[Role] = "block"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn mean and standard deviation of each channel, 256 pictures at a time.

        From sums of squares, so that pictures are never all held as float64; below 1e-8 a spread
        is what rounding leaves of such sums.
        """
        axes = tuple(range(values.ndim - 1))
        total = np.zeros(values.shape[-1])
        squares = np.zeros(values.shape[-1])
        for start in range(0, len(values), 256):
            chunk = values[start : start + 256].astype(np.float64)
            total += chunk.sum(axis=axes)
            squares += (chunk**2).sum(axis=axes)
        count = values.size / values.shape[-1]
        means = total / count
        stds = np.sqrt(np.maximum(squares / count - means**2, 0.0))
        return cls(means, np.where(stds < 1e-8, 1.0, stds))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        result = values.astype(np.float32)
        result -= self.means.astype(np.float32)
        result /= self.stds.astype(np.float32)
        return result

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)
