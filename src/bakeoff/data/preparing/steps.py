"""Steps: a transform that standardises each channel of sequences; and summaries of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array, Flags, within
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import mean_and_std


@dataclass(frozen=True, eq=False)
class Steps:
    """Standardise sequences per channel.

    Missing values become 0; where training steps miss some, a further channel says so.

    Args:
        means: (F,) of the steps of the training rows.
        stds: (F,) standard deviations, 1 where a channel is constant.
        missing: (F,) True where a training step misses a value.

    Shape:
        values (N, T, F) float with NaN -> (N, T, F + channels with missing values) float32
    """

    means: Amounts
    stds: Amounts
    missing: Flags
    role: ClassVar[Role] = "block"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn from sequences (N, T, F), or from real steps alone (S, F)."""
        steps = values.reshape(-1, values.shape[-1]).astype(np.float64)
        means, stds = mean_and_std(steps)
        return cls(means, stds, np.asarray(np.isnan(steps).any(axis=0)))

    def apply(self, values: Array) -> Array:
        """Standardise; the channels that tell what is missing come last."""
        missing = np.isnan(values)
        result = (values - self.means.astype(np.float32)) / self.stds.astype(np.float32)
        result = np.where(missing, np.float32(0), result.astype(np.float32))
        if self.missing.any():
            result = np.concatenate([result, missing[..., self.missing]], axis=-1)
        return result.astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def summarise(values: Array, lengths: Array) -> Array:
    """Return mean, std, least, greatest, first and last of each channel, and the length.

    Shape:
        values (N, T, F), lengths (N,) -> (N, 6 F + 1) float64, NaN where a channel has no value
    """
    x = np.where(within(values, lengths)[..., None], values, np.nan).astype(np.float64)
    count = (~np.isnan(x)).sum(axis=1)
    some = count > 0
    mean = np.nansum(x, axis=1) / np.maximum(count, 1)
    std = np.sqrt(np.nansum((x - mean[:, None]) ** 2, axis=1) / np.maximum(count, 1))
    low = np.min(np.where(np.isnan(x), np.inf, x), axis=1)
    high = np.max(np.where(np.isnan(x), -np.inf, x), axis=1)
    last = x[np.arange(len(x)), lengths - 1]
    parts = [np.where(some, part, np.nan) for part in (mean, std, low, high)]
    return np.concatenate([*parts, x[:, 0], last, lengths[:, None]], axis=1)
