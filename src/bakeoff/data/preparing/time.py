"""Time: a transform of dates into calendar parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import mean_and_std, tells

CYCLES = {"month": 12, "day": 31, "weekday": 7, "hour": 24}


@dataclass(frozen=True, eq=False)
class Time:
    """Calendar parts of a date: the year standardised, month, day, weekday and hour on circles.

    Parts that do not vary in the training rows are left out; the year stays within those of the
    training rows.

    Args:
        parts: Those that vary, in the order year, month, day, weekday, hour.
        years: First and last year of the training rows.
        mean: Mean year.
        std: Standard deviation of the years.
        missing: Whether enough training rows miss a date, and enough have one.

    Shape:
        values (N,) datetime64 -> (N, 1 for the year + 2 per other part + 1 where that is so)
        float32
    """

    parts: tuple[str, ...]
    years: tuple[float, float]
    mean: float
    std: float
    missing: bool
    role: ClassVar[Role] = "numbers"

    def __post_init__(self) -> None:
        """Refuse parts that a date does not have: they may come from a stranger's file."""
        if self.parts != tuple(name for name in ("year", *CYCLES) if name in self.parts):
            raise ValueError(f"parts {self.parts!r} are not {', '.join(('year', *CYCLES))}")

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn which parts vary."""
        filled = calendar_parts(values[~np.isnat(values)])
        years = filled["year"] if len(filled["year"]) else np.zeros(1)
        means, stds = mean_and_std(years[:, None])
        return cls(
            parts=tuple(name for name, part in filled.items() if len(np.unique(part)) > 1),
            years=(float(years.min()), float(years.max())),
            mean=float(means[0]),
            std=float(stds[0]),
            missing=bool(tells(np.isnat(values))),
        )

    def apply(self, values: Array) -> Array:
        """Return the parts; the column that tells what is missing comes last."""
        missing = np.isnat(values)
        columns = []
        for name, part in calendar_parts(values).items():
            if name not in self.parts:
                continue
            if name == "year":
                columns.append((np.clip(part, *self.years) - self.mean) / self.std)
            else:
                angle = 2 * np.pi * part / CYCLES[name]
                columns += [np.sin(angle), np.cos(angle)]
        if self.missing:
            columns.append(missing.astype(float))
        if not columns:
            return np.empty((len(values), 0), dtype=np.float32)
        result = np.stack(columns, axis=1)
        return np.nan_to_num(result, nan=0.0).astype(np.float32)

    def plain(self, values: Array) -> Array:
        """Return the parts as they are, NaN where missing: (N, parts) float64."""
        parts = calendar_parts(values)
        columns = [parts[name] for name in self.parts]
        return np.stack(columns, 1) if columns else np.empty((len(values), 0))

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def calendar_parts(values: Array) -> dict[str, Array]:
    """Return year, month, day and weekday (from 0) and hour (with fraction), NaN where missing."""
    days = values.astype("datetime64[D]")
    months = values.astype("datetime64[M]")
    years = values.astype("datetime64[Y]")
    parts = {
        "year": years.astype(np.int64) + 1970.0,
        "month": (months - years).astype(np.int64),
        "day": (days - months).astype(np.int64),
        "weekday": (days.astype(np.int64) + 3) % 7,  # 1970-01-01 was a Thursday
        "hour": (values - days) / np.timedelta64(1, "h"),
    }
    missing = np.isnat(values)
    return {name: np.where(missing, np.nan, part) for name, part in parts.items()}
