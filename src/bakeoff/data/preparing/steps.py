"""Steps: a transform that standardises each channel of sequences; and summaries of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array, Flags, within
from bakeoff.data.blocks import Sequences
from bakeoff.data.preparing.transform import Role, fields_of, in_pieces
from bakeoff.numeric import (
    bounds,
    ends_of,
    mean_and_std,
    says_nothing,
    size_of,
    tells,
    within_reach,
)

MOST_VALUES = 2**20  # held as float64 at once


@dataclass(frozen=True, eq=False)
class Steps:
    """Standardise sequences per channel.

    Values count up to 3 standard deviations beyond those of the training rows; a channel that is
    constant there is 0. Missing values become 0; where several training steps miss some, a further
    channel says so.

    Args:
        means: (F,) of the steps of the training rows.
        stds: (F,) standard deviations, 1 where a channel is constant.
        missing: (F,) True where enough training steps miss a value, and enough have one.
        lows: (F,) the least value that counts: what is below is taken as that.
        highs: (F,) the greatest.

    Shape:
        steps (S, F) float with NaN -> (S, F + channels with missing values) float32
    """

    means: Amounts
    stds: Amounts
    missing: Flags
    lows: Amounts
    highs: Amounts
    role: ClassVar[Role] = "block"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn from real steps (S, F), some channels at a time, so few are held as float64."""
        together = max(1, MOST_VALUES // max(1, len(values)))
        parts = [
            fit_channels(within_reach(values[:, i : i + together].astype(np.float64)))
            for i in range(0, values.shape[1], together)
        ]
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def apply(self, values: Array) -> Array:
        """Standardise; the channels that tell what is missing come last."""
        result = in_pieces(values, self.standardised)
        if not self.missing.any():
            return result
        told = np.isnan(values[..., self.missing]).astype(np.float32)
        return np.concatenate([result, told], axis=-1)

    def standardised(self, values: Array) -> Array:
        """Return float64 steps (n, F) in training standard deviations, 0 where missing."""
        result = (np.clip(values, self.lows, self.highs) - self.means) / self.stds
        return np.where(np.isnan(values), 0.0, result)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def fit_channels(steps: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return means, stds, missing, lows and highs of channels (S, F)."""
    means, stds = mean_and_std(steps)
    lows, highs = bounds(ends_of(steps), means, stds, says_nothing(steps))
    return means, stds, tells(np.isnan(steps)), lows, highs


def summarise(sequences: Sequences) -> Array:
    """Return mean, std, least, greatest, first and last of each channel, and the length.

    Shape:
        N sequences of F channels -> (N, 6 F + 1) float64, NaN where a channel has no value
    """
    parts = [summaries_of(values, lengths) for _, values, lengths in sequences.pieces()]
    return np.concatenate(parts)


def summaries_of(values: Array, lengths: Array) -> Array:
    """Return the summaries of some sequences: (n, T, F), lengths (n,) -> (n, 6 F + 1)."""
    x = np.where(within(values, lengths)[..., None], values, np.nan).astype(np.float64)
    x = within_reach(x)
    count = (~np.isnan(x)).sum(axis=1)
    some = count > 0
    mean = np.nansum(x, axis=1) / np.maximum(count, 1)
    centred = np.nan_to_num(x - mean[:, None], nan=0.0)  # (N, T, F)
    std = size_of(np.moveaxis(centred, 1, 0), np.maximum(count, 1))
    low = np.min(np.where(np.isnan(x), np.inf, x), axis=1)
    high = np.max(np.where(np.isnan(x), -np.inf, x), axis=1)
    last = x[np.arange(len(x)), lengths - 1]
    parts = [np.where(some, part, np.nan) for part in (mean, std, low, high)]
    return np.concatenate([*parts, x[:, 0], last, lengths[:, None]], axis=1)
