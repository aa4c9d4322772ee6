"""Rhythm: how far apart the steps of time series are, and where they are not so far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.data.array import Array

HOUR = 3_600_000_000  # microseconds
FIRST = 1_000  # stamps that tell mostly that they do not lie months apart
REGULAR = 0.9  # share of the steps that keep the usual distance, from which on it is one
CHANGES = (3, 4, 9, 10, 11)  # months in which clocks are changed somewhere
UNITS = (
    (1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"), (604800, "week")
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """The usual distance of two steps.

    Args:
        step: In microseconds, or in the unit of times that are numbers; 0.0 where there is none.
        months: In calendar months, where stamps lie months apart; else 0.
        dated: Whether times are dates.
    """

    step: float
    months: int
    dated: bool

    @property
    def seconds(self) -> float:
        """The step as `SeriesForm` has it: seconds, or the unit of times that are numbers."""
        return self.step / 1e6 if self.dated else self.step

    def __str__(self) -> str:
        """Say it: "every hour", "every 15 minutes", "every month", "irregular"."""
        if self.months:
            return (
                every(self.months, "month")
                if self.months % 12
                else every(self.months // 12, "year")
            )
        if not self.step:
            return "irregular"
        if not self.dated:
            return f"every {self.step:g}"
        seconds = self.seconds
        whole = [(size, word) for size, word in UNITS if seconds % size == 0]
        if not whole:
            return f"every {seconds:g} seconds"
        size, word = whole[-1]
        return every(int(seconds // size), word)


def every(count: int, word: str) -> str:
    """Say a distance: "every hour", "every 15 minutes"."""
    return f"every {word}" if count == 1 else f"every {count:,} {word}s"


def find_rhythm(ticks: Array, same: Array, *, dated: bool) -> Rhythm:
    """Find the usual distance of two steps.

    Args:
        ticks: (S,) times in order, series after series: int64 microseconds, or numbers.
        same: (S - 1,) whether a step is of the series of the one before it.
        dated: Whether times are dates.
    """
    gaps = gaps_of(ticks, same)
    if not len(gaps):
        return Rhythm(step=0.0, months=0, dated=dated)
    values, counts = counted(gaps)
    usual = values[counts.argmax()]
    if dated and (months := months_apart(ticks, same)):
        return Rhythm(step=float(usual), months=months, dated=True)
    fine = np.abs(gaps % usual) <= 1e-6 * usual if usual > 0 else np.zeros(1, bool)
    regular = counts.max() >= REGULAR * len(gaps) or (counts.max() > len(gaps) / 2 and fine.all())
    return Rhythm(step=float(usual) if regular and usual > 0 else 0.0, months=0, dated=dated)


def gaps_of(ticks: Array, same: Array) -> Array:
    """Return the distances of steps of one series."""
    gaps = np.diff(ticks)
    return gaps if same.all() else gaps[same]


def counted(values: Array) -> tuple[Array, Array]:
    """Return the different numbers in order, and how often each comes; one number at once."""
    if len(values) and (values == values[0]).all():
        return values[:1], np.array([len(values)])
    return np.unique(values, return_counts=True)


def months_apart(ticks: Array, same: Array) -> int:
    """Return by how many calendar months stamps step; 0 where they do not.

    All stand on one day of the month, or on its last day.
    """
    if not (on_one_day(ticks[:FIRST]) and on_one_day(ticks)):
        return 0
    months = ticks.astype("datetime64[us]").astype("datetime64[M]")
    gaps = np.diff(months.astype(np.int64))[same]
    values, counts = counted(gaps)
    usual = int(values[counts.argmax()])
    return usual if usual > 0 and counts.max() >= REGULAR * len(gaps) else 0


def on_one_day(ticks: Array) -> bool:
    """Tell whether stamps stand on one day of the month each, or on its last day."""
    stamps = ticks.astype("datetime64[us]")
    months = stamps.astype("datetime64[M]")
    days = stamps.astype("datetime64[D]")
    day = (days - months).astype(np.int64)
    last = (months + 1).astype("datetime64[D]") - days == np.timedelta64(1, "D")
    return bool(last.all() or (day == day[0]).all())


def is_even(ticks: Array, rhythm: Rhythm) -> bool:
    """Tell whether each stamp follows the one before it by exactly a step, or by no rhythm."""
    if rhythm.months:
        return False
    return not rhythm.step or bool((np.diff(ticks) == rhythm.step).all())


def steps_between(ticks: Array, rhythm: Rhythm) -> Array:
    """Return (S - 1,) how many usual steps lie between two stamps; NaN where no whole number does.

    Stamps a thousandth of a step from where they should be still count.
    """
    if rhythm.months:
        months = ticks.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        count = np.diff(months) / rhythm.months
    elif rhythm.step:
        count = np.diff(ticks) / rhythm.step
    else:
        return np.ones(max(0, len(ticks) - 1))
    whole = np.round(count)
    return np.where(np.abs(count - whole) < 1e-3, whole, np.nan)


def stamps_after(last: Array, steps: int, rhythm: Rhythm) -> Array:
    """Return the stamps of the steps behind some last ones: (n,) -> (n, steps).

    Months end where the last stamp stands at the end of one: 31 January is followed by 29 February
    in 2020.

    Example:
        >>> rhythm = Rhythm(step=0.0, months=1, dated=True)
        >>> stamps_after(np.array(["2020-01-31"], "datetime64[us]"), 2, rhythm)[0].astype("M8[D]")
        array(['2020-02-29', '2020-03-31'], dtype='datetime64[D]')
    """
    ahead = np.arange(1, steps + 1)
    if not rhythm.dated:
        return np.asarray(last[:, None] + ahead * (rhythm.step or 1.0))
    if not rhythm.months:
        return np.asarray(last[:, None] + (ahead * int(rhythm.step)).astype("timedelta64[us]"))
    months = last.astype("datetime64[M]")
    into = last - months  # how far into its month
    next_months = months[:, None] + ahead * rhythm.months
    ends = (next_months + 1).astype("datetime64[us]") - np.timedelta64(1, "D")
    clock = into - into.astype("timedelta64[D]")
    is_last = (months + 1).astype("datetime64[D]") - last.astype("datetime64[D]") == 1
    moved = np.minimum(next_months.astype("datetime64[us]") + into[:, None], ends + clock[:, None])
    return np.asarray(np.where(is_last[:, None], ends + clock[:, None], moved))


def clock_changes(ticks: Array, same: Array, step: float) -> tuple[Array, Array]:
    """Find where the clock was put back or forward by an hour.

    Args:
        ticks: (S,) int64 microseconds, as they stand in the file, series after series.
        same: (S - 1,) whether a step is of the series of the one before it.
        step: The usual step, at most an hour.

    Returns:
        (S - 1,) True where an hour is repeated, and where one is left out: on a Sunday before four
        o'clock, of a month in which clocks are changed.
    """
    gaps = np.diff(ticks)
    stamps = ticks[:-1].astype("datetime64[us]")
    month = stamps.astype("datetime64[M]").astype(np.int64) % 12 + 1
    days = stamps.astype("datetime64[D]")
    sunday = (days.astype(np.int64) + 3) % 7 == 6
    early = (stamps - days).astype(np.int64) <= 4 * HOUR
    could = same & np.isin(month, CHANGES) & sunday & early & (0 < step <= HOUR)
    return could & (gaps == step - HOUR), could & (gaps == step + HOUR)
