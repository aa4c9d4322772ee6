"""Time series: a table of one row a step, and windows over it as the rows of the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, compact, is_missing
from bakeoff.data.assembling.choices import Choices, check_needed
from bakeoff.data.assembling.long_tables import times_in_parts
from bakeoff.data.assembling.parts import column_in_parts, halves, target_in_parts
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.channels import channel_column, channel_of, numbers_of
from bakeoff.data.columns.column import Column, Reading, Schema
from bakeoff.data.columns.gathered import PARTS
from bakeoff.data.columns.moments import moments_like
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.rhythm import Rhythm, stamps_after
from bakeoff.data.columns.series_table import SeriesTable, say_count, series_table
from bakeoff.data.columns.target import Target
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import Channel, DateForm, SeriesForm, ShapeForm
from bakeoff.data.origin import Origin, origin_of
from bakeoff.data.reading.join_pair import free_name
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl

CALENDAR_WORD = "calendar"  # in place of a column, among those that are known beforehand
LEAST_LOOKBACK = 24


class Windows(NamedTuple):
    """Where windows lie.

    Args:
        starts: (N,) first step of each look-back.
        lookback: Its steps.
        horizon: Steps to forecast behind it; 0 where the label of its last step is predicted.
    """

    starts: Array
    lookback: int
    horizon: int

    @property
    def shown(self) -> Array:
        """(N,) the first step that is forecast, or the last one of the look-back."""
        return self.starts + self.lookback - (self.horizon == 0)

    @property
    def spans(self) -> Array:
        """(N, 2) first and last step of what must lie in one part: steps ahead, or looked at."""
        if self.horizon:
            return np.stack([self.shown, self.shown + self.horizon - 1], axis=1)
        return np.stack([self.starts, self.shown], axis=1)


def from_time_series(
    frame: pl.DataFrame, first: Table, choices: Choices, origin: Origin, notes: Sequence[str]
) -> Dataset:
    """Read a table of time series into a dataset of windows.

    Args:
        frame: The rows of all parts, those of the training data first.
        first: The training data.
        choices: Of the user.
        origin: Of each row.
        notes: What was decided so far.
    """
    name, size = str(choices.target), len(first.frame)
    frame, time = one_time(frame, choices)
    times, time_form = times_in_parts(frame, first, choices._replace(time=time), origin.place)
    assert times is not None
    assert time_form is not None
    parts = part_numbers(origin, len(frame))
    lookback, told = lookback_of(choices, size)
    table = series_table(
        times,
        None if choices.series is None else frame[choices.series],
        parts,
        time=time,
        lookback=lookback,
        place=origin.place,
    )
    kind = choices.kinds.get(name, "number" if choices.horizon else "")
    target = target_in_parts(
        halves(frame[name], size),
        kind=kind,
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive,
        place=origin.place,
    )
    taken = {time, name, *time_columns(choices), *filter(None, [choices.series])}
    others = [other for other in frame.columns if other not in taken]
    if choices.inputs is not None:
        others = [other for other in others if other in choices.inputs]
    readings = {
        other: column_in_parts(
            halves(frame[other], size),
            kind=choices.kinds.get(other, ""),
            declared=other in first.declared,
            mark=first.mark,
            place=origin.place,
        )
        for other in others
    }
    if choices.horizon:
        readings = {name: Reading(target.column, target.values, ()), **readings}
    found = {n: channel_of(reading, size) for n, reading in readings.items()}
    channels = tuple(channel for channel in found.values() if channel is not None)
    check_series_channels(channels, readings, choices)
    form = SeriesForm(
        time=time_columns(choices),
        time_form=time_form,
        series=choices.series or "",
        channels=channels,
        lookback=lookback,
        horizon=choices.horizon,
        stride=choices.stride,
        future=tuple(c for c in choices.future if c != CALENDAR_WORD),
        calendar=CALENDAR_WORD in choices.future,
        step=float(table.rhythm.seconds),
        months=table.rhythm.months,
    )
    used = {channel.name: readings[channel.name].values for channel in channels}
    steps = steps_of(form, used, table)
    windows = windows_of(table, form, parts)
    kept, dropped = kept_windows(windows, table, target, parts)
    windows = windows._replace(starts=windows.starts[kept])
    check_enough(windows, table, form, time)
    block = Sequences(
        steps,
        windows.starts,
        np.full(len(windows.starts), lookback),
        None if len(table.names) == 1 else table.series.astype(np.int32),
        () if table.names == ("",) else table.names,
    )
    column = Column(
        name=free_name("window", frame.columns),
        kind="sequence",
        reason=reason_of(form, table, time),
        form=ShapeForm((lookback, form.width), "", None, form),
    )
    left = [n for n, channel in found.items() if channel is None]
    return Dataset(
        schema=Schema(
            columns=(column, target.column),
            inputs=(column.name,),
            targets=(name,),
            tasks={name: "forecast" if choices.horizon else target.task},
            positive={name: target.positive} if target.positive else {},
        ),
        arrays={column.name: block, name: target_values(target, windows, table)},
        origin=window_origin(windows, table, origin, choices),
        source=first.source,
        notes=(
            *notes,
            *told,
            *table.notes,
            *say_channels(form),
            *(note.text for note in target.notes),
            *(note.text for reading in readings.values() for note in reading.notes),
            *(
                f"{cut(n)} is left out: {readings[n].column.kind}, {readings[n].column.reason}."
                for n in left
            ),
            *dropped,
        ),
    )


def time_columns(choices: Choices) -> tuple[str, ...]:
    """Return the columns of the time: one, or parts of it."""
    return tuple(part.strip() for part in str(choices.time).split(","))


def one_time(frame: pl.DataFrame, choices: Choices) -> tuple[pl.DataFrame, str]:
    """Return the table with its time in one column, and its name; year, month, day are joined."""
    import polars as pl

    names = time_columns(choices)
    if len(names) == 1:
        return frame, names[0]
    joined = free_name("time", frame.columns)
    numbers = [pl.col(n).cast(pl.Float64, strict=False).cast(pl.Int64) for n in names]
    year, month, day, hour, minute = [
        *numbers,
        *[pl.lit(d) for d in (1, 1, 0, 0)][len(names) - 1 :],
    ][:5]
    stamp = pl.datetime(year, month, day, hour, minute).alias(joined)
    try:
        return frame.with_columns(stamp), joined
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise DataError(
            f"{option('time', ','.join(names))} must name year, month, day, hour and minute, or "
            f"the first of them, as numbers: {str(error).splitlines()[0]}"
        ) from error


def part_numbers(origin: Origin, count: int) -> Array:
    """Return (rows,) the number of the file that each row stands in."""
    if origin.parts is None:
        return np.zeros(count, np.int64)
    return np.array([PARTS[part] for part in origin.parts.tolist()], np.int64)


def lookback_of(choices: Choices, rows: int) -> tuple[int, list[str]]:
    """Return how many steps a window looks back, and a sentence where nobody said it."""
    if choices.lookback:
        return choices.lookback, []
    steps = max(1, min(max(LEAST_LOOKBACK, 2 * choices.horizon), rows // 4))
    return steps, [
        f"A window looks {steps:,} steps back, as nothing was said: {option('lookback')} sets it."
    ]


def check_series_channels(
    channels: Sequence[Channel], readings: Mapping[str, Reading], choices: Choices
) -> None:
    """Refuse a table without a channel, and columns known beforehand that are none of them."""
    if not channels:
        raise DataError(
            "No column can be a channel of the windows: there is none but time and target. Name "
            f"what to learn from with {option('inputs', ['x'])}."
        )
    names = [channel.name for channel in channels]
    for name in choices.future:
        if name == CALENDAR_WORD:
            continue
        if name not in names or (choices.horizon and name == choices.target):
            known = [n for n in readings if n != choices.target]
            raise RequestError(
                f"{option('future', name)} must name columns whose values are known beforehand: "
                f"{', '.join(map(cut, known[:20])) or 'there is none'}, or {CALENDAR_WORD}."
            )


def steps_of(form: SeriesForm, values: Mapping[str, Array], table: SeriesTable) -> Array:
    """Return the channels of all steps: (T, F), the last known value where a step misses one.

    Args:
        form: Which channels, and which of them hold what is known of the steps ahead.
        values: Channel -> its values of all rows, as the user's table has them.
        table: The rows in order.
    """
    parts = []
    for channel in form.channels:
        part = numbers_of(channel, values[channel.name])[table.rows]
        part[~table.filled] = np.nan
        part = carried(part, table)
        if channel.name in form.future:
            part = ahead(part, table, form.horizon)
        parts.append(part)
    if form.calendar:
        parts.append(ahead_calendar(table, form))
    return compact(np.concatenate(parts, axis=1))


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
    stamps = stamps + np.timedelta64(int(form.horizon * table.rhythm.step), "us")
    days, months = stamps.astype("datetime64[D]"), stamps.astype("datetime64[M]")
    hour = (stamps - days) / np.timedelta64(24, "h")
    weekday = (days.astype(np.int64) + 3) % 7 / 7
    month = months.astype(np.int64) % 12 / 12
    angles = [2 * np.pi * share for share in (hour, weekday, month)]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)


def windows_of(table: SeriesTable, form: SeriesForm, parts: Array) -> Windows:
    """Return all windows that lie in one stretch."""
    length = form.lookback + form.horizon
    starts = [np.arange(a, b - length + 1, form.stride) for a, b in table.ends().tolist()]
    joined = np.concatenate([np.empty(0, np.int64), *starts])
    return Windows(joined, form.lookback, form.horizon)


def kept_windows(
    windows: Windows, table: SeriesTable, target: Target, parts: Array
) -> tuple[Array, list[str]]:
    """Return which windows have all their targets, in one file; and what was left out."""
    missing = is_missing(target.values)[table.rows] | ~table.filled
    name, notes = target.column.name, []
    before = np.r_[0, np.cumsum(missing)]
    spans = windows.spans
    needed = spans if windows.horizon else np.stack([windows.shown, windows.shown], axis=1)
    empty = before[needed[:, 1] + 1] > before[needed[:, 0]]
    if empty.any():
        what = "a step ahead" if windows.horizon else "the last step"
        notes.append(
            f"{say_count(int(empty.sum()), 'window')} left out: {what} has no value of {name}."
        )
    files = parts[table.rows]
    straddling = ~empty & (files[spans[:, 0]] != files[spans[:, 1]])
    if straddling.any():
        what = "the steps ahead lie" if windows.horizon else "the steps lie"
        notes.append(f"{say_count(int(straddling.sum()), 'window')} left out: {what} in two files.")
    return ~empty & ~straddling, notes


def check_enough(windows: Windows, table: SeriesTable, form: SeriesForm, time: str) -> None:
    """Refuse series that are too short for one window.

    Raises:
        DataError: With the steps that are needed.
    """
    if len(windows.starts):
        return
    longest = int(np.diff(table.ends(), axis=1).max())
    ahead_ = f" and {form.horizon:,} ahead" if form.horizon else ""
    raise DataError(
        f"A window needs {form.lookback + form.horizon:,} steps on end ({form.lookback:,} back"
        f"{ahead_}), with values of the target, and the longest stretch of {time} has "
        f"{longest:,}. Give a longer series, or a shorter {option('lookback')}."
    )


def target_values(target: Target, windows: Windows, table: SeriesTable) -> Array | Sequences:
    """Return the label of each window, or the steps ahead of it."""
    if not windows.horizon:
        return target.values[table.rows[windows.shown]]
    values = target.values.astype(np.float64)[table.rows]
    values[~table.filled] = np.nan
    return Sequences(
        values[:, None],
        windows.shown,
        np.full(len(windows.starts), windows.horizon),
    )


def window_origin(windows: Windows, table: SeriesTable, origin: Origin, choices: Choices) -> Origin:
    """Return where windows come from: the row and time of what is shown of them."""
    whole = origin[table.rows[windows.shown]]
    series = None
    if table.names != ("",):
        series = np.array(table.names, dtype=object)[table.series[windows.shown]]
    return replace(
        whole,
        ids=series,
        id_column=choices.series or "",
        times=table.times[windows.shown],
        spans=table.times[windows.spans],
    )


def reason_of(form: SeriesForm, table: SeriesTable, time: str) -> str:
    """Say what a window is, for people."""
    steps = int(table.filled.sum())
    many = f" of {len(table.names):,} series" if len(table.names) > 1 else ""
    names = ", ".join(map(cut, form.names[:10])) + (", …" if len(form.names) > 10 else "")
    goal = f" and {form.horizon:,} ahead" if form.horizon else ""
    return (
        f"{form.lookback:,} steps back{goal}, of {steps:,} steps{many}, {time} {table.rhythm}: "
        f"{names}"
    )


def inputs_from_time_series(
    table: Table, schema: Schema, form: SeriesForm, *, last: bool = False
) -> Dataset:
    """Read new time series by the schema of a run.

    Args:
        table: The rows.
        schema: Of the run.
        form: Of its windows.
        last: Whether only what follows the last known step of each series is asked for: one window
            a series, without targets. Else all windows, with their targets if they are there.
    """
    target = schema.targets[0]
    needed = [*form.time, *filter(None, [form.series]), *form.names]
    check_needed(table, needed)
    choices = Choices(target, None, {}, None, time=",".join(form.time), series=form.series or None)
    frame, time = one_time(table.frame, choices)
    times = moments_like(frame[time], form.time_form) if len(form.time) == 1 else frame[time]
    origin = origin_of({"train": len(frame)}, {})
    dated = isinstance(form.time_form, DateForm) or len(form.time) > 1
    rhythm = Rhythm(step=form.step * 1e6 if dated else form.step, months=form.months, dated=dated)
    parts = np.zeros(len(frame), np.int64)
    ordered = series_table(
        times,
        frame[form.series] if form.series else None,
        parts,
        time=time,
        lookback=form.lookback,
        place=origin.place,
        rhythm=rhythm,
    )
    readings = [
        read_like(frame[c.name], channel_column(c), place=origin.place) for c in form.channels
    ]
    values = {c.name: r.values for c, r in zip(form.channels, readings, strict=True)}
    steps = steps_of(form, values, ordered)
    notes = [*table.notes, *ordered.notes, *(n.text for r in readings for n in r.notes)]
    arrays: dict[str, Array | Sequences] = {}
    if last:
        known = ~np.isnan(numbers_of(form.channels[0], values[form.channels[0].name])[:, 0])
        windows, said = last_windows(ordered, form, known)
    else:
        windows, said = windows_of(ordered, form, parts), []
        if target in frame.columns:
            reading = read_like(frame[target], schema.column(target), target=True)
            goal = Target(schema.column(target), reading.values, "forecast", "", ())
            kept, said = kept_windows(windows, ordered, goal, parts)
            windows = windows._replace(starts=windows.starts[kept])
            arrays[target] = target_values(goal, windows, ordered)
    check_enough(windows, ordered, form, time)
    name = schema.inputs[0]
    arrays[name] = Sequences(
        steps,
        windows.starts,
        np.full(len(windows.starts), form.lookback),
        ordered.series.astype(np.int32) if form.series else None,
        ordered.names if form.series else (),
    )
    if last:
        origin = last_origin(windows, ordered, origin, choices)
    else:
        origin = window_origin(windows, ordered, origin, choices)
    return Dataset(
        schema=schema,
        arrays=arrays,
        origin=origin,
        source=table.source,
        notes=(*notes, *said),
    )


def last_windows(table: SeriesTable, form: SeriesForm, known: Array) -> tuple[Windows, list[str]]:
    """Return the window that ends at the last known step of each series, and which have none."""
    filled = known[table.rows] & table.filled
    starts, short = [], []
    for number, name in enumerate(table.names):
        own = np.flatnonzero((table.series == number) & filled)
        if not len(own):
            short.append(name)
            continue
        stretch = np.flatnonzero(table.stretch == table.stretch[own[-1]])
        start = own[-1] - form.lookback + 1
        if start < stretch[0]:
            short.append(name)
        else:
            starts.append(start)
    said = []
    if short:
        named = ", ".join(map(cut, short[:5])) if short != [""] else "the series"
        said.append(
            f"No forecast of {named}: fewer than {form.lookback:,} steps on end before its end."
        )
    return Windows(np.array(starts, np.int64), form.lookback, form.horizon), said


def last_origin(windows: Windows, table: SeriesTable, origin: Origin, choices: Choices) -> Origin:
    """Return where the last windows come from: their last known row; times are of what follows."""
    ends = windows.starts + windows.lookback - 1
    series = None
    if table.names != ("",):
        series = np.array(table.names, dtype=object)[table.series[ends]]
    return replace(
        origin[table.rows[ends]],
        ids=series,
        id_column=choices.series or "",
        times=stamps_after(table.times[ends], 1, table.rhythm)[:, 0],
    )


def say_channels(form: SeriesForm) -> Iterator[str]:
    """Say which channels hold what is known of the steps ahead."""
    if form.future or form.calendar:
        named = [*form.future, *(["the calendar"] if form.calendar else [])]
        yield f"Known beforehand: {', '.join(map(cut, named))}."
