"""Time series: a table of one row a step, and windows over it as the rows of the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.choices import Choices, check_needed, columns_of_series
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.assembling.long_tables import times_in_parts
from bakeoff.data.assembling.one_time import dates_of_numbers, one_series, one_time, time_columns
from bakeoff.data.assembling.parts import column_in_parts, halves, target_in_parts
from bakeoff.data.assembling.steps_of_series import (
    CALENDAR_WORD,
    say_carried,
    steps_of_series,
)
from bakeoff.data.assembling.windows import (
    Windows,
    alike,
    check_enough,
    kept_windows,
    last_origin,
    last_windows,
    say_too_short,
    target_values,
    window_origin,
    windows_of,
)
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.channels import channel_column, channel_of, numbers_of
from bakeoff.data.columns.column import Column, Reading, Schema
from bakeoff.data.columns.gathered import PARTS
from bakeoff.data.columns.moments import moments_like, say_offsets
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.rhythm import rhythm_of
from bakeoff.data.columns.series_table import SeriesTable, series_table
from bakeoff.data.columns.target import Target
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import Channel, DateForm, NumberForm, SeriesForm, ShapeForm
from bakeoff.data.origin import Origin, Place, origin_of
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl

LEAST_LOOKBACK = 24


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
    names, size = (str(choices.target), *choices.further), len(first.frame)
    frame, time = one_time(one_series(frame, choices.series or ""), choices)
    lookback, told = lookback_of(choices, size)
    choices, counted = dates_of_numbers(frame[time][:size], choices._replace(lookback=lookback))
    times, written = times_in_parts(frame, first, choices._replace(time=time), origin.place)
    form_of_time = written or NumberForm()
    told = [*told, *counted, *say_offsets(frame[time], form_of_time)]
    parts = part_numbers(origin, len(frame))
    ids = None if choices.series is None else frame[choices.series]
    table = series_table(
        times if times is not None else frame[time],
        ids,
        parts,
        time=time,
        lookback=lookback,
        place=origin.place,
    )
    targets = [read_target_of(frame, first, choices, name, origin.place) for name in names]
    readings = read_channels(frame, first, choices, {time, *names}, origin.place)
    if choices.horizon:
        readings = {o.column.name: Reading(o.column, o.values, ()) for o in targets} | readings
    found = {n: channel_of(reading, size) for n, reading in readings.items()}
    form = form_of(choices, form_of_time, found, readings, table)
    windows = windows_of(table, form)
    kept, dropped = kept_windows(windows, table, targets, parts)
    windows = windows if kept.all() else windows.some(kept)
    check_enough(windows, table, form, time)
    values = {channel.name: readings[channel.name].values for channel in form.channels}
    block = block_of_windows(windows, form, values, table)
    window = window_column(free_name("window", frame.columns), form, table, time)
    return Dataset(
        schema=schema_of_windows(window, targets, choices),
        arrays={
            window.name: block,
            **{own.column.name: target_values(own, windows, table) for own in targets},
        },
        origin=window_origin(windows, table, origin, form.series),
        source=first.source,
        notes=(
            *notes,
            *told,
            *table.notes,
            *say_channels(form, found, readings),
            *say_carried(readings[n] for n in form.names if n not in names),
            *(note.text for own in targets for note in own.notes),
            *(note.text for reading in readings.values() for note in reading.notes),
            *dropped,
            *say_too_short(windows, table),
        ),
    )


def read_target_of(
    frame: pl.DataFrame, first: Table, choices: Choices, name: str, place: Place
) -> Target:
    """Read a column whose steps ahead, or whose last step, is predicted."""
    target = target_in_parts(
        halves(frame[name], len(first.frame)),
        kind=choices.kinds.get(name, "number" if choices.horizon else ""),
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive if name == choices.target else None,
        place=place,
    )
    if not choices.horizon:
        return target
    return target._replace(column=replace(target.column, reason="what is forecast"))


def read_channels(
    frame: pl.DataFrame, first: Table, choices: Choices, taken: set[str], place: Place
) -> dict[str, Reading]:
    """Read the columns that may be channels: those asked for, or all but time, series, target."""
    taken = {*taken, *time_columns(choices), *columns_of_series(choices.series or "", [])}
    taken |= {*filter(None, [choices.series])}
    names = [name for name in frame.columns if name not in taken]
    readings = {}
    for name in names:
        if choices.inputs is not None and name not in choices.inputs:
            continue
        reading = column_in_parts(
            halves(frame[name], len(first.frame)),
            kind=choices.kinds.get(name, ""),
            declared=name in first.declared,
            mark=first.mark,
            place=place,
        )
        readings[name] = reading._replace(values=as_given(frame[name], reading.values))
    return readings


def as_given(series: pl.Series, values: Array) -> Array:
    """Return float32 of a frame as they are, where their reading changed none of them."""
    import polars as pl

    if series.dtype != pl.Float32 or values.dtype != np.float64 or np.isnan(values).any():
        return values
    return series.to_numpy()


def form_of(
    choices: Choices,
    written: NumberForm | DateForm,
    found: Mapping[str, Channel | None],
    readings: Mapping[str, Reading],
    table: SeriesTable,
) -> SeriesForm:
    """Return how the table is read and cut into windows.

    Args:
        choices: Of the user, with the look-back.
        written: How times are.
        found: Column -> its channel, None where it is none.
        readings: The columns.
        table: The rows in order.
    """
    channels = tuple(channel for channel in found.values() if channel is not None)
    check_series_channels(channels, readings, choices)
    return SeriesForm(
        time=time_columns(choices),
        time_form=written,
        series=choices.series or "",
        channels=channels,
        lookback=choices.lookback,
        horizon=choices.horizon,
        stride=choices.stride,
        future=tuple(c for c in choices.future if c != CALENDAR_WORD),
        calendar=CALENDAR_WORD in choices.future,
        step=float(table.rhythm.seconds),
        months=table.rhythm.months,
        weekdays=table.rhythm.weekdays,
    )


def block_of_windows(
    windows: Windows, form: SeriesForm, values: Mapping[str, Array], table: SeriesTable
) -> Sequences:
    """Return windows over the channels of all steps."""
    return Sequences(
        steps_of_series(form, values, table),
        windows.starts,
        alike(form.lookback, len(windows.starts)),
        table.series.astype(np.int32) if form.series else None,
        table.names if form.series else (),
    )


def window_column(name: str, form: SeriesForm, table: SeriesTable, time: str) -> Column:
    """Return the column of the windows."""
    return Column(
        name=name,
        kind="sequence",
        reason=reason_of(form, table, time),
        form=ShapeForm((form.lookback, form.width), "", None, form),
    )


def schema_of_windows(window: Column, targets: Sequence[Target], choices: Choices) -> Schema:
    """Return the schema of windows and what is predicted of them."""
    by_name = {own.column.name: own for own in targets}
    return Schema(
        columns=(window, *(own.column for own in targets)),
        inputs=(window.name,),
        targets=tuple(by_name),
        tasks={n: "forecast" if choices.horizon else own.task for n, own in by_name.items()},
        positive={name: own.positive for name, own in by_name.items() if own.positive},
    )


def part_numbers(origin: Origin, count: int) -> Array:
    """Return (rows,) the number of the file that each row stands in."""
    if origin.parts is None:
        return np.broadcast_to(np.int64(0), count)
    return np.array([PARTS[part] for part in origin.parts.tolist()], np.int64)


def lookback_of(choices: Choices, rows: int) -> tuple[int, list[str]]:
    """Return how many steps a window looks back, and a sentence where nobody said it."""
    if choices.lookback:
        return choices.lookback, []
    steps = max(1, min(max(LEAST_LOOKBACK, 2 * choices.horizon), rows // 4))
    return steps, [
        f"A window looks {steps:,} steps back, as nothing was said: the option lookback sets it."
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
        answers = (choices.target, *choices.further)
        if name not in names or (choices.horizon and name in answers):
            known = [n for n in readings if n not in answers]
            raise RequestError(
                f"{option('future', name)} must name columns whose values are known beforehand: "
                f"{', '.join(map(cut, known[:20])) or 'there is none'}, or {CALENDAR_WORD}."
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
    of_series = columns_of_series(form.series, table.frame.columns)
    needed = [*form.time, *of_series, *form.names]
    check_needed(table, needed)
    choices = Choices(target, None, {}, None, time=",".join(form.time), series=form.series or None)
    frame, time = one_time(one_series(table.frame, form.series), choices)
    of_numbers = len(form.time) > 1 and frame[time].dtype.is_temporal()
    times = frame[time] if of_numbers else moments_like(frame[time], form.time_form)
    origin = origin_of({"train": len(frame)}, {}, {"train": table.wide})
    parts = part_numbers(origin, len(frame))
    ordered = series_table(
        times,
        frame[form.series] if form.series else None,
        parts,
        time=time,
        lookback=form.lookback,
        place=origin.place,
        rhythm=rhythm_of(form),
    )
    readings = [
        read_like(frame[c.name], channel_column(c), place=origin.place) for c in form.channels
    ]
    values = {c.name: r.values for c, r in zip(form.channels, readings, strict=True)}
    notes = [*table.notes, *ordered.notes, *(n.text for r in readings for n in r.notes)]
    if not form.future:  # of steps ahead these are told apart
        notes += say_carried(r for r in readings if r.column.name not in schema.targets)
    arrays: dict[str, Any] = {}
    if last:
        ahead = [channel for channel in form.channels if channel.name in schema.targets]
        known = ~np.isnan(np.stack([numbers_of(c, values[c.name])[:, 0] for c in ahead])).any(0)
        windows, said = last_windows(ordered, form, known)
    else:
        windows, said = windows_of(ordered, form), []
        goals = [new_target(frame[n], schema, n) for n in schema.targets if n in frame.columns]
        if goals:
            kept, said = kept_windows(windows, ordered, goals, parts)
            windows = windows.some(kept)
            arrays = {own.column.name: target_values(own, windows, ordered) for own in goals}
        said = [*said, *say_too_short(windows, ordered)]
    check_enough(windows, ordered, form, time, last=last)
    name = schema.inputs[0]
    arrays[name] = block_of_windows(windows, form, values, ordered)
    if last:
        said = [*said, *say_unknown_ahead(form, arrays[name])]
    make_origin = last_origin if last else window_origin
    origin = make_origin(windows, ordered, origin, form.series)
    return Dataset(
        schema=schema,
        arrays=arrays,
        origin=origin,
        source=table.source,
        notes=(*notes, *said),
    )


def new_target(series: pl.Series, schema: Schema, name: str) -> Target:
    """Read a target of new time series."""
    reading = read_like(series, schema.column(name), target=True)
    return Target(schema.column(name), reading.values, schema.tasks[name], "", ())


def say_unknown_ahead(form: SeriesForm, windows: Sequences) -> Iterator[str]:
    """Say which columns, known beforehand in training, are not known for the steps ahead."""
    at = 0
    for channel in form.channels:
        steps = np.asarray(windows)[:, -form.horizon :, at : at + channel.width]
        at += channel.width
        if channel.name in form.future and np.isnan(steps).any():
            yield (
                f"{cut(channel.name)} has no values for some of the {form.horizon:,} steps ahead, "
                "and counts as its mean there: give rows with them behind the last known step."
            )


def say_channels(
    form: SeriesForm, found: Mapping[str, Channel | None], readings: Mapping[str, Reading]
) -> Iterator[str]:
    """Say which channels hold what is known of the steps ahead, and which columns are none."""
    if form.future or form.calendar:
        named = [*form.future, *(["the calendar"] if form.calendar else [])]
        yield f"Known beforehand: {', '.join(map(cut, named))}."
    for name, channel in found.items():
        if channel is None:
            column = readings[name].column
            yield f"{cut(name)} is left out: {column.kind}, {column.reason}."
