"""Period: when the windows of a forecast begin, and what their errors are measured by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bakeoff.cut import cut
from bakeoff.errors import DataError

Array = NDArray[np.float64]

DAY = 86_400.0  # seconds
ROUNDING = 1e-13  # of the values: what the standard deviation of equal ones may come to


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Period:
    """The time that n windows of one target look ahead to.

    Args:
        times: The stamp of the first forecast step of each window: datetime64[us], or float64 where
            the column of time holds numbers.
        horizon: S, steps ahead.
        std: Standard deviation of all training targets, in the target's unit; 0 where they are all
            the same.
        stds: Series -> standard deviation of its own training targets. Where it is not empty, it
            names every series, and errors are scaled by it in place of `std`.
        seconds: The usual step between stamps; 0.0 where stamps are no dates.
        series: The series of each window, as text; None where there is one.
        series_column: The column of the series in the user's own file.

    Shape:
        times (n,), series (n,) str or None.

    Raises:
        DataError: Shapes do not fit, a stamp is missing, or a number is negative or not finite.
    """

    times: NDArray[Any]
    horizon: int
    std: float
    stds: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    series: NDArray[Any] | None = None
    series_column: str = ""

    def __post_init__(self) -> None:
        if self.times.ndim != 1 or str(self.times.dtype) not in ("datetime64[us]", "float64"):
            raise DataError(
                f"Stamps are one per window, as datetime64[us] or float64. Received: "
                f"{self.times.dtype} of shape {self.times.shape}."
            )
        missing = int((~np.isfinite(self.times)).sum())  # NaT is not finite either
        if missing:
            raise DataError(f"{missing:,} of {len(self.times):,} windows have no stamp.")
        if self.series is not None and self.series.shape != self.times.shape:
            raise DataError(
                f"{len(self.times):,} windows need a series each. Received: "
                f"shape {self.series.shape}."
            )
        if self.horizon < 1:
            raise DataError(f"A forecast is of 1 step or more. Received: horizon={self.horizon}.")
        spreads = {"std": self.std, "seconds": self.seconds, **self.stds}
        values = np.array([*spreads.values()], np.float64)
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            name, value = [*spreads][int(wrong.argmax())], values[wrong][0]
            raise DataError(f"{cut(repr(name))} is {value}, not a number from 0 on.")
        lost = [name for name in self.names if self.stds and name not in self.stds]
        if lost:
            raise DataError(f"The series {cut(repr(lost[0]))} has no standard deviation.")

    @property
    def names(self) -> tuple[str, ...]:
        """The series of the windows, in alphabetical order; empty where there is one."""
        return () if self.series is None else tuple(sorted({str(name) for name in self.series}))

    @property
    def dated(self) -> bool:
        """Whether stamps are dates."""
        return self.times.dtype.kind == "M"

    @property
    def steps_a_day(self) -> int:
        """How many steps make a day; 1 where a step is a day or longer, or stamps are no dates."""
        short = self.dated and 0 < self.seconds < DAY
        return round(DAY / self.seconds) if short else 1

    def scales(self, truth: Array) -> Array:
        """Standard deviation of the training targets for each window: (n, S) -> (n,).

        It is nan where these were all the same, so that no error can be scaled.
        """
        if self.series is None or not self.stds:
            scales = np.full(len(self.times), self.std)
        else:
            scales = np.array([self.stds[str(name)] for name in self.series], np.float64)
        least = ROUNDING * np.abs(truth).max(1, initial=0.0)
        return np.where(scales > least, scales, np.nan)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """Return the period of some windows, by position or mask."""
        series = None if self.series is None else self.series[rows]
        return replace(self, times=self.times[rows], series=series)
