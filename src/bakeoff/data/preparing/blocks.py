"""Pictures, volumes and sequences: transforms that standardise each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transforms import fields_of, mean_and_deviation


@dataclass(frozen=True, eq=False)
class Pixels:
    """Standardise pictures and volumes per channel.

    Args:
        means: (C,) of the training rows.
        deviations: (C,), 1 where a channel is constant.

    Shape:
        values (N, ..., C) -> (N, ..., C) float32
    """

    means: Array
    deviations: Array

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn mean and deviation of each channel, 256 pictures at a time."""
        axes = tuple(range(values.ndim - 1))
        total = np.zeros(values.shape[-1])
        squares = np.zeros(values.shape[-1])
        for start in range(0, len(values), 256):
            chunk = values[start : start + 256].astype(np.float64)
            total += chunk.sum(axis=axes)
            squares += (chunk**2).sum(axis=axes)
        count = values.size / values.shape[-1]
        means = total / count
        deviations = np.sqrt(np.maximum(squares / count - means**2, 0.0))
        return cls(means, np.where(deviations < 1e-8, 1.0, deviations))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        result = values.astype(np.float32)
        result -= self.means.astype(np.float32)
        result /= self.deviations.astype(np.float32)
        return result

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


@dataclass(frozen=True, eq=False)
class Steps:
    """Standardise sequences per channel, on their real steps only; padding becomes 0.

    Args:
        means: (F,) of the real steps of the training rows.
        deviations: (F,), 1 where a channel is constant.
        holes: (F,) True where a training row misses a value.

    Shape:
        values (N, T, F) float with NaN, lengths (N,) or None -> (N, T, F + holes) float32
    """

    means: Array
    deviations: Array
    holes: Array

    @classmethod
    def fit(cls, values: Array, lengths: Array | None = None) -> Self:
        """Learn mean, deviation and holes of each channel."""
        real = (
            values.reshape(-1, values.shape[-1])
            if lengths is None
            else values[within(values, lengths)]
        )
        real = real.astype(np.float64)
        means, deviations = mean_and_deviation(real)
        return cls(means, deviations, np.isnan(real).any(axis=0))

    def apply(self, values: Array, lengths: Array | None = None) -> Array:
        """Standardise; the channels that tell of holes come last."""
        missing = np.isnan(values)
        result = (values - self.means.astype(np.float32)) / self.deviations.astype(np.float32)
        result = np.where(missing, np.float32(0), result.astype(np.float32))
        if self.holes.any():
            result = np.concatenate([result, missing[..., self.holes]], axis=-1)
        if lengths is not None:
            result = np.where(within(values, lengths)[..., None], result, np.float32(0))
        return result.astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def within(values: Array, lengths: Array) -> Array:
    """Return (N, T) True at real steps, False in the padding."""
    return np.asarray(np.arange(values.shape[1]) < lengths[:, None])
