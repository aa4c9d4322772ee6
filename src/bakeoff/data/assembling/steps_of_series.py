"""Steps of series: the channels of each, gaps carried over, and what is known of steps ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, as_slice
from bakeoff.data.blocks import SideBySide
from bakeoff.data.columns.channels import numbers_of
from bakeoff.data.columns.column import Reading
from bakeoff.data.columns.rhythm import stamps_moved
from bakeoff.data.columns.series_table import SeriesTable
from bakeoff.data.forms import SeriesForm
from bakeoff.errors import RequestError, option

CALENDAR_WORD = "calendar"  # in place of a column, among those that are known beforehand


def steps_of_series(
    form: SeriesForm, values: Mapping[str, Array], table: SeriesTable
) -> Array | SideBySide:
    """Return the channels of all steps: (T, F), the last known value where a step misses one.

    To forecast, numbers that stand in order and miss no value stay where they are.

    Args:
        form: Which channels, and which of them hold what is known of the steps ahead.
        values: Channel -> its values of all rows, as the user's table has them.
        table: The rows in order.
    """
    parts = []
    rows = as_slice(table.rows)
    for channel in form.channels:
        part = numbers_of(channel, values[channel.name])[rows]
        if not table.filled.all():
            part = np.where(table.filled[:, None], part, np.nan)
        part = carried(part, table)
        if channel.name in form.future:
            part = ahead(part, table, form.horizon)
        parts.append(part)
    if form.calendar:
        parts.append(ahead_calendar(table, form))
    steps = SideBySide(tuple(column for part in parts for column in part.T))
    return steps if form.horizon else np.asarray(steps)


def carried(values: Array, table: SeriesTable) -> Array:
    """Put the last known value of the same stretch where one is missing: (T, W) -> (T, W)."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    begins = np.repeat(table.ends()[:, 0], np.diff(table.ends(), axis=1)[:, 0])  # (T,)
    at = np.where(missing, -1, np.arange(len(values))[:, None])
    at = np.maximum.accumulate(at, axis=0)
    own = at >= begins[:, None]
    return np.where(own, np.take_along_axis(values, np.maximum(at, 0), axis=0), np.nan)


def say_carried(readings: Iterable[Reading]) -> Iterator[str]:
    """Say of which columns steps without a value show models the value before them."""
    for reading in readings:
        column = reading.column
        if column.missing:
            steps = "1 step" if column.missing == 1 else f"{column.missing:,} steps"
            them = "it" if column.missing == 1 else "them"
            yield (
                f"{cut(column.name)}: {steps} without a value count as the last known one before "
                f"{them}."
            )


def ahead(values: Array, table: SeriesTable, steps: int) -> Array:
    """Return what each step will be so many steps later, NaN behind the end of a stretch."""
    result = np.full_like(values, np.nan)
    if 0 < steps < len(values):
        result[:-steps] = values[steps:]
        other = np.r_[table.stretch[steps:] != table.stretch[:-steps], np.ones(steps, bool)]
        result[other] = np.nan
    return result if steps else values


def ahead_calendar(table: SeriesTable, form: SeriesForm) -> Array:
    """Return hour, weekday and month, on circles, of the step that lies the horizon ahead."""
    stamps = table.times
    if not table.rhythm.dated:
        raise RequestError(
            f"{option('future', CALENDAR_WORD)} needs dates, and {form.time[0]} holds numbers."
        )
    stamps = stamps_moved(stamps, form.horizon, table.rhythm)
    days, months = stamps.astype("datetime64[D]"), stamps.astype("datetime64[M]")
    hour = (stamps - days) / np.timedelta64(24, "h")
    weekday = (days.astype(np.int64) + 3) % 7 / 7
    month = months.astype(np.int64) % 12 / 12
    angles = [2 * np.pi * share for share in (hour, weekday, month)]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
