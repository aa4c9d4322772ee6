"""Transforms of numbers and words: fitted on training rows, applied to all.

Each has `fit(values)` (training rows only), `apply(values)` and `state()`, the plain values and
arrays with which its class can be called again; `times` and `blocks` hold the others. Missing
numbers become 0, the middle of what training saw; where training rows miss some, a further column
says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Protocol, Self

import numpy as np

from bakeoff.data.array import Array

MANY = 32  # more different numbers than this in training: bend them to a bell curve
MAX_KNOTS = 255
FARTHEST = 3.0  # deviations beyond the training rows that still count
ROWS_PER_KNOT = 30  # fewer rows between two knots would only trace the noise
RARE = 3  # categories with fewer training rows share the place of unseen ones


class Transform(Protocol):
    """What every transform can do."""

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn from the values of the training rows."""

    def apply(self, values: Array) -> Array:
        """Transform values, seen or not."""

    def state(self) -> dict[str, Any]:
        """Return the arguments, plain values and arrays, that make it again."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Bend each column to a bell curve if it has many different values, else standardise it.

    The bend is piecewise linear through at most 255 knots (quantiles of the training rows). Beyond
    them it goes on as steep as the standardised number would, up to 3 more deviations, so that a
    trend can be followed and outliers do no harm.

    Args:
        means: (F,) of the training rows.
        deviations: (F,) standard deviations, 1 where a column is constant.
        holes: (F,) True where a training row misses a value.
        sizes: (F,) knots of each column; 0 where it is standardised.
        knots: All knots, column after column.
        heights: What each knot becomes.

    Shape:
        values (N, F) float64 with NaN -> (N, F + holes) float32
    """

    means: Array
    deviations: Array
    holes: Array
    sizes: Array
    knots: Array
    heights: Array

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn means, deviations, knots and holes."""
        missing = np.isnan(values)
        bends = [bend(column[~gone]) for column, gone in zip(values.T, missing.T, strict=True)]
        means, deviations = mean_and_deviation(values)
        return cls(
            means=means,
            deviations=deviations,
            holes=np.asarray(missing.any(axis=0)),
            sizes=np.array([len(knots) for knots, _ in bends], dtype=np.int64),
            knots=np.concatenate([knots for knots, _ in bends]),
            heights=np.concatenate([heights for _, heights in bends]),
        )

    def apply(self, values: Array) -> Array:
        """Transform (N, F) numbers; the columns that tell of holes come last."""
        result = (values - self.means) / self.deviations
        ends = np.cumsum(self.sizes)
        for i in np.flatnonzero(self.sizes):
            own = slice(ends[i] - self.sizes[i], ends[i])
            knots, heights = self.knots[own], self.heights[own]
            inside = np.clip(values[:, i], knots[0], knots[-1])
            beyond = np.clip((values[:, i] - inside) / self.deviations[i], -FARTHEST, FARTHEST)
            result[:, i] = np.interp(inside, knots, heights) + beyond
        missing = np.isnan(values)
        result[missing] = 0.0
        return np.concatenate([result, missing[:, self.holes]], axis=1).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Return (F,) means and standard deviations of (N, F), NaN left out; 1 where constant."""
    filled = ~np.isnan(values)
    count = np.maximum(filled.sum(axis=0), 1)
    means = np.where(filled, values, 0.0).sum(axis=0) / count
    centred = np.where(filled, values - means, 0.0)
    deviations = np.sqrt((centred**2).sum(axis=0) / count)
    tiny = deviations <= 1e-12 * np.maximum(np.abs(means), 1e-300)  # constant but for rounding
    return means, np.where(tiny, 1.0, deviations)


def bend(values: Array) -> tuple[Array, Array]:
    """Return knots and heights that bend values to a bell curve; none for few different values."""
    if len(np.unique(values)) <= MANY:
        return np.empty(0), np.empty(0)
    count = min(max(len(values) // ROWS_PER_KNOT, 10), MAX_KNOTS)
    shares = np.linspace(0, 1, count)
    quantiles = np.quantile(values, shares)
    normal = NormalDist()
    heights = np.array([normal.inv_cdf(min(max(p, 0.5 / count), 1 - 0.5 / count)) for p in shares])
    knots, place = np.unique(quantiles, return_inverse=True)
    return knots, np.bincount(place, heights) / np.bincount(place)  # equal knots: their middle


@dataclass(frozen=True)
class Binary:
    """Two values as one standardised number, anything else as 0, which neither of them becomes.

    Args:
        first: The value that becomes the lower number.
        second: The other.
        mean: Share of the second among the training rows.
        holes: Whether a training row misses a value.

    Shape:
        values (N,) str or None -> (N, 1) float32, (N, 2) with holes
    """

    first: str
    second: str
    mean: float
    holes: bool

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn the two values and their shares; a third one would be treated as missing."""
        tally = Counter(value for value in values if value is not None)
        names = sorted(name for name, _ in tally.most_common(2))
        first, second = [*names, "", ""][:2]
        total = tally[first] + tally[second]
        mean = tally[second] / total if total else 0.0
        return cls(first, second, mean, bool((values == None).any()))  # noqa: E711 elementwise

    def apply(self, values: Array) -> Array:
        """Transform values; the column that tells of holes comes last."""
        first, second = values == self.first, values == self.second
        scale = (self.mean * (1 - self.mean)) ** 0.5 or 1.0
        result = (second * (1 - self.mean) - first * self.mean) / scale
        columns = [result, ~(first | second)] if self.holes else [result]
        return np.stack(columns, axis=1).astype(np.float32)

    def plain(self, values: Array) -> Array:
        """Return 0 and 1, NaN for anything else: (N, 1) float32."""
        result = np.where(values == self.second, 1.0, np.where(values == self.first, 0.0, np.nan))
        return result[:, None].astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


@dataclass(frozen=True)
class Categories:
    """Texts as places: 0 missing, 1 unseen or rare, 2 … by name.

    Args:
        names: The categories with at least three training rows, sorted.

    Shape:
        values (N,) str or None -> (N,) int64
    """

    names: tuple[str, ...]

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn the categories that are not rare."""
        tally = Counter(value for value in values if value is not None)
        return cls(tuple(sorted(name for name, n in tally.items() if n >= RARE)))

    @property
    def size(self) -> int:
        """Number of places."""
        return len(self.names) + 2

    def apply(self, values: Array) -> Array:
        """Look up the place of each text."""
        places: dict[str | None, int] = {name: i + 2 for i, name in enumerate(self.names)}
        places[None] = 0
        return np.array([places.get(value, 1) for value in values], dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return {"names": list(self.names)}


@dataclass(frozen=True)
class Scale:
    """A regression target in standard deviations of the training rows.

    Shape:
        values (N,) float64 -> (N,) float32; `invert` back to float64
    """

    mean: float
    deviation: float

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn mean and deviation."""
        means, deviations = mean_and_deviation(values[:, None])
        return cls(float(means[0]), float(deviations[0]))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        return ((values - self.mean) / self.deviation).astype(np.float32)

    def invert(self, values: Array) -> Array:
        """Return to the user's units."""
        return np.asarray(values, dtype=np.float64) * self.deviation + self.mean

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def fields_of(transform: Any) -> dict[str, Any]:
    """Return the fields of a transform, arrays as they are."""
    return {name: getattr(transform, name) for name in transform.__dataclass_fields__}
