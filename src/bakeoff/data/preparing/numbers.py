"""Numbers: a transform that bends them to a bell curve, or standardises them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array, Counts, Flags
from bakeoff.data.preparing.transform import Role, check_widths, fields_of
from bakeoff.numeric import (
    FARTHEST,
    bounds,
    ends_of,
    mean_and_std,
    says_nothing,
    tells,
    within_reach,
)

MANY = 32  # more different numbers than this in training: bend them to a bell curve
MAX_KNOTS = 255
FEW_FARTHEST = 1.0  # standard deviations beyond few different numbers, which are often codes
ROWS_PER_KNOT = 30  # fewer rows between two knots would only trace the noise


@dataclass(frozen=True, eq=False)
class Numbers:
    """Bend each column to a bell curve if it has many different values, else standardise it.

    The bend is piecewise linear through at most 255 knots (quantiles of the training rows). Beyond
    them it goes on as steep as the standardised number would, up to 3 more standard deviations, so
    that a trend can be followed and outliers do no harm. Of few different numbers it is 1; a column
    that is constant in training, but for two rows at most, is 0 whatever comes later. Missing
    numbers become 0, the middle of what training had; where several training rows miss one, a
    further column says so.

    Args:
        means: (F,) of the training rows.
        stds: (F,) standard deviations, 1 where a column is constant.
        missing: (F,) True where enough training rows miss a value, and enough have one.
        sizes: (F,) knots of each column; 0 where it is standardised.
        knots: All knots, column after column.
        normals: What each knot becomes: the quantile of a standard normal distribution.
        lows: (F,) the least number that counts: what is below is taken as that.
        highs: (F,) the greatest.

    Shape:
        values (N, F) or (N,) float64 with NaN -> (N, F + columns with missing values) float32
    """

    means: Amounts
    stds: Amounts
    missing: Flags
    sizes: Counts
    knots: Amounts
    normals: Amounts
    lows: Amounts
    highs: Amounts
    role: ClassVar[Role] = "numbers"

    def __post_init__(self) -> None:
        """Refuse arrays that do not go together: they may come from a stranger's file."""
        check_widths(self, len(self.means))
        if len(self.sizes) != len(self.means):
            raise ValueError(f"{len(self.sizes)} sizes for {len(self.means)} columns")
        if not len(self.knots) == len(self.normals) == self.sizes.sum():
            raise ValueError(f"{len(self.knots)} knots, and sizes for {self.sizes.sum()}")

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn means, standard deviations, knots, and which columns miss values."""
        values = within_reach(as_columns(values))
        missing = np.isnan(values)
        bends = [bend(column[~gone]) for column, gone in zip(values.T, missing.T, strict=True)]
        sizes = np.array([len(knots) for knots, _ in bends], dtype=np.int64)
        means, stds = mean_and_std(values)
        margins = np.where(sizes > 0, FARTHEST, FEW_FARTHEST)
        lows, highs = bounds(ends_of(values), means, stds, says_nothing(values), margins)
        return cls(
            means=means,
            stds=stds,
            missing=tells(missing),
            sizes=sizes,
            knots=np.concatenate([knots for knots, _ in bends]),
            normals=np.concatenate([normals for _, normals in bends]),
            lows=lows,
            highs=highs,
        )

    def apply(self, values: Array) -> Array:
        """Transform numbers; the columns that tell what is missing come last."""
        values = np.clip(as_columns(values), self.lows, self.highs)
        result = (values - self.means) / self.stds
        stops = np.cumsum(self.sizes)
        for i in np.flatnonzero(self.sizes):
            own = slice(stops[i] - self.sizes[i], stops[i])
            knots, normals = self.knots[own], self.normals[own]
            inside = np.clip(values[:, i], knots[0], knots[-1])
            beyond = np.clip((values[:, i] - inside) / self.stds[i], -FARTHEST, FARTHEST)
            result[:, i] = np.interp(inside, knots, normals) + beyond
        missing = np.isnan(values)
        result[missing] = 0.0
        return np.concatenate([result, missing[:, self.missing]], axis=1).astype(np.float32)

    def plain(self, values: Array) -> Array:
        """Return the numbers as they are, NaN where missing: (N, F) float64."""
        return within_reach(as_columns(values))

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def as_columns(values: Array) -> Array:
    """Return (N,) numbers as a table of one column."""
    return values[:, None] if values.ndim == 1 else values


def bend(values: Array) -> tuple[Array, Array]:
    """Return knots and their normal quantiles: a bell curve; none for few different values."""
    if len(np.unique(values)) <= MANY:
        return np.empty(0), np.empty(0)
    count = min(max(len(values) // ROWS_PER_KNOT, 10), MAX_KNOTS)
    shares = np.linspace(0, 1, count)
    quantiles = np.quantile(values, shares)
    bell = NormalDist()
    normals = np.array([bell.inv_cdf(min(max(p, 0.5 / count), 1 - 0.5 / count)) for p in shares])
    knots, index = np.unique(quantiles, return_inverse=True)
    return knots, np.bincount(index, normals) / np.bincount(index)  # equal knots: their middle
