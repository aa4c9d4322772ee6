"""Rhythm: how far apart the steps of time series are, and where they are not so far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.data.array import PIECE, Array
from bakeoff.data.forms import SeriesForm
from bakeoff.listed import listed

HOUR = 3_600_000_000  # microseconds
FIRST = 1_000  # stamps that tell mostly that they do not stand at one time of the day
REGULAR = 0.9  # share of the steps that keep the usual distance, from which on it is one
DAY = 24 * HOUR
LEAST_DAYS = 21  # from the first to the last, to tell that a day of the week never has a step
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
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
        weekdays: The days of the week that have steps, Monday first: "1111100" for a stock
            exchange; "" where a step is no such day.
    """

    step: float
    months: int
    dated: bool
    weekdays: str = ""

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
        if self.weekdays:
            return f"every day but {say_weekdays(self.weekdays)}"
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


def rhythm_of(form: SeriesForm) -> Rhythm:
    """Return the rhythm of the table that a model learned from."""
    return Rhythm(
        step=form.step * 1e6 if form.dated else form.step,
        months=form.months,
        dated=form.dated,
        weekdays=form.weekdays,
    )


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
    if dated and (weekdays := days_of_the_week(ticks, same)):
        return Rhythm(step=float(DAY), months=0, dated=True, weekdays=weekdays)
    regular = counts.max() >= REGULAR * len(gaps) or (
        counts.max() > len(gaps) / 2 and all_multiples(gaps, usual)
    )
    return Rhythm(step=float(usual) if regular and usual > 0 else 0.0, months=0, dated=dated)


def all_multiples(gaps: Array, usual: float) -> bool:
    """Tell whether each gap is a whole number of usual ones, or nearly."""
    return usual > 0 and bool((np.abs(gaps % usual) <= 1e-6 * usual).all())


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
    if not on_one_day(ticks):
        return 0
    months = ticks.astype("datetime64[us]").astype("datetime64[M]")
    gaps = np.diff(months.astype(np.int64))[same]
    values, counts = counted(gaps)
    usual = int(values[counts.argmax()])
    return usual if usual > 0 and counts.max() >= REGULAR * len(gaps) else 0


def on_one_day(ticks: Array) -> bool:
    """Tell whether stamps stand on one day of the month each, or on its last day."""
    first, one, last = None, True, True
    for start in range(0, len(ticks), PIECE):
        stamps = ticks[start : start + PIECE].astype("datetime64[us]")
        months, days = stamps.astype("datetime64[M]"), stamps.astype("datetime64[D]")
        day = (days - months).astype(np.int64)
        first = day[0] if first is None else first
        one = one and bool((day == first).all())
        last = last and bool(((months + 1).astype("datetime64[D]") - days).astype(int).max() == 1)
        if not (one or last):
            return False
    return True


def is_even(ticks: Array, rhythm: Rhythm) -> bool:
    """Tell whether each stamp follows the one before it by exactly a step, or by no rhythm."""
    if rhythm.months:
        return False
    return not rhythm.step or bool((np.diff(ticks) == rhythm.step).all())


def days_of_the_week(ticks: Array, same: Array) -> str:
    """Return the days of the week that have steps, where others never do; "" where it is no such.

    All stamps stand at one time of the day, and on these days hardly one is missing.
    """
    if (ticks[:FIRST] % DAY != ticks[:1] % DAY).any():
        return ""
    stamps = ticks.view("datetime64[us]")
    days = stamps.astype("datetime64[D]")
    clocks = stamps - days
    numbers = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    found = np.bincount(numbers, minlength=7) > 0
    short = len(days) == 0 or (days.max() - days.min()).astype(int) < LEAST_DAYS
    if short or not 2 <= found.sum() <= 6 or (clocks != clocks[0]).any():
        return ""
    weekdays = "".join("01"[int(day)] for day in found)
    gaps = np.busday_count(days[:-1], days[1:], weekmask=weekdays)[same]
    return weekdays if (gaps == 1).sum() >= REGULAR * len(gaps) else ""


def say_weekdays(weekdays: str) -> str:
    """Say the days without steps.

    Example:
        >>> say_weekdays("1111100")
        'Saturday and Sunday'
    """
    return listed([day for day, has in zip(WEEK, weekdays, strict=True) if has == "0"])


def steps_between(ticks: Array, rhythm: Rhythm) -> Array:
    """Return (S - 1,) how many usual steps lie between two stamps; NaN where no whole number does.

    Stamps a thousandth of a step from where they should be still count.
    """
    if rhythm.months:
        months = ticks.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        count = np.diff(months) / rhythm.months
    elif rhythm.weekdays:
        days = ticks.astype("datetime64[us]").astype("datetime64[D]")
        counted = np.busday_count(days[:-1], days[1:], weekmask=rhythm.weekdays)
        count = np.where(counted > 0, counted, np.nan)  # a day that should have no step
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
    return stamps_moved(last[:, None], np.arange(1, steps + 1), rhythm)


def stamps_moved(stamps: Array, steps: Array | int, rhythm: Rhythm) -> Array:
    """Return stamps so many steps later, or earlier where negative; shapes are broadcast."""
    steps = np.asarray(steps)
    if not rhythm.dated:
        return np.asarray(stamps + steps * (rhythm.step or 1.0))
    if rhythm.months:
        return months_later(stamps, steps * rhythm.months)
    if rhythm.weekdays:
        days = stamps.astype("datetime64[D]")
        moved = np.busday_offset(days, steps, roll="backward", weekmask=rhythm.weekdays)
        return np.asarray(moved.astype("datetime64[us]") + (stamps - days))
    return np.asarray(stamps + (steps * int(rhythm.step)).astype("timedelta64[us]"))


def months_later(stamps: Array, count: Array) -> Array:
    """Return stamps so many calendar months later; those at the end of a month stay at one."""
    months = stamps.astype("datetime64[M]")
    into = stamps - months  # how far into its month
    later = months + count
    ends = (later + 1).astype("datetime64[us]") - np.timedelta64(1, "D")
    clock = into - into.astype("timedelta64[D]")
    is_last = (months + 1).astype("datetime64[D]") - stamps.astype("datetime64[D]") == 1
    moved = np.minimum(later.astype("datetime64[us]") + into, ends + clock)
    return np.asarray(np.where(is_last, ends + clock, moved))


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
