"""Numbers: a transform that bends them to a bell curve, or standardises them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array, Counts, Flags
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import mean_and_std

MANY = 32  # more different numbers than this in training: bend them to a bell curve
MAX_KNOTS = 255
FARTHEST = 3.0  # standard deviations beyond the training rows that still count
ROWS_PER_KNOT = 30  # fewer rows between two knots would only trace the noise


@dataclass(frozen=True, eq=False)
class Numbers:
    """Bend each column to a bell curve if it has many different values, else standardise it.

    The bend is piecewise linear through at most 255 knots (quantiles of the training rows). Beyond
    them it goes on as steep as the standardised number would, up to 3 more standard deviations, so
    that a trend can be followed and outliers do no harm. Missing numbers become 0, the middle of
    what training had; where a training row misses one, a further column says so.

    Args:
        means: (F,) of the training rows.
        stds: (F,) standard deviations, 1 where a column is constant.
        missing: (F,) True where a training row misses a value.
        sizes: (F,) knots of each column; 0 where it is standardised.
        knots: All knots, column after column.
        normals: What each knot becomes: the quantile of a standard normal distribution.

    Shape:
        values (N, F) or (N,) float64 with NaN -> (N, F + columns with missing values) float32
    """

    means: Amounts
    stds: Amounts
    missing: Flags
    sizes: Counts
    knots: Amounts
    normals: Amounts
    role: ClassVar[Role] = "numbers"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn means, standard deviations, knots, and which columns miss values."""
        values = as_columns(values)
        missing = np.isnan(values)
        bends = [bend(column[~gone]) for column, gone in zip(values.T, missing.T, strict=True)]
        means, stds = mean_and_std(values)
        return cls(
            means=means,
            stds=stds,
            missing=np.asarray(missing.any(axis=0)),
            sizes=np.array([len(knots) for knots, _ in bends], dtype=np.int64),
            knots=np.concatenate([knots for knots, _ in bends]),
            normals=np.concatenate([normals for _, normals in bends]),
        )

    def apply(self, values: Array) -> Array:
        """Transform numbers; the columns that tell what is missing come last."""
        values = as_columns(values)
        result = (values - self.means) / self.stds
        ends = np.cumsum(self.sizes)
        for i in np.flatnonzero(self.sizes):
            own = slice(ends[i] - self.sizes[i], ends[i])
            knots, normals = self.knots[own], self.normals[own]
            inside = np.clip(values[:, i], knots[0], knots[-1])
            beyond = np.clip((values[:, i] - inside) / self.stds[i], -FARTHEST, FARTHEST)
            result[:, i] = np.interp(inside, knots, normals) + beyond
        missing = np.isnan(values)
        result[missing] = 0.0
        return np.concatenate([result, missing[:, self.missing]], axis=1).astype(np.float32)

    def plain(self, values: Array) -> Array:
        """Return the numbers as they are, NaN where missing: (N, F) float32."""
        return as_columns(values).astype(np.float32)

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
