"""Long tables: one row is one step, and the rows of one id are one row of the dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import Choices, check_needed
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.assembling.parts import column_in_parts, halves, target_in_parts
from bakeoff.data.columns.channels import (
    channel_column,
    channel_of,
    check_channels,
    say_no_channels,
    sequence_column,
)
from bakeoff.data.columns.column import PER_STEP, Reading, Schema
from bakeoff.data.columns.doubts import doubts
from bakeoff.data.columns.gathered import (
    Gathered,
    check_labels,
    fixed_columns,
    gather,
    say_changed,
    say_fixed,
    say_labels,
    tells_each_step,
)
from bakeoff.data.columns.moments import moments_like, read_moments
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.step_target import cells_kind, cells_of, step_target, steps_like
from bakeoff.data.columns.target import Target, folder_classes
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import Channel, DateForm, LongForm, NumberForm, ShapeForm
from bakeoff.data.origin import Origin, Place, origin_of
from bakeoff.data.reading.table import Table
from bakeoff.errors import RequestError, option

if TYPE_CHECKING:
    import polars as pl


def from_long_table(
    frame: pl.DataFrame,
    first: Table,
    choices: Choices,
    origin: Origin,
    notes: Sequence[str],
    files: Files | None = None,
) -> Dataset:
    """Read a long table into a dataset of one row per sequence.

    Args:
        frame: The rows of all parts, those of the training data first.
        first: The training data.
        choices: Of the user.
        origin: Of each row.
        notes: What was decided so far.
        files: Where the sequences come from, where each is a file; else None.
    """
    names, sequence = (str(choices.target), *choices.further), str(choices.sequence)
    times, time_form = times_in_parts(frame, first, choices, origin.place)
    whole = None if files is None else files.whole
    rows = gather(frame, times, origin, sequence=sequence, typed=first.typed, whole=whole)
    labels = {} if files is None else {files.folder: files.labels}
    others_of = choices._replace(positive=None)  # it is a class of the leading target
    targets = [
        target_of(rows, name, first, others_of if i else choices, labels.get(name))
        for i, name in enumerate(names)
    ]
    refuse_steps(targets)
    others = [other for other in frame.columns if other not in (sequence, choices.time, *names)]
    fixed = fixed_columns(rows, others, choices.inputs)
    readings = read_columns(rows, others, fixed, first, choices)
    channels = channels_of(readings, fixed, rows, choices)
    long = LongForm(sequence, choices.time or "", time_form, tuple(channels))
    used = [readings[channel.name] for channel in channels]
    block, lengths = sequence_column(rows, free_name("steps", frame.columns), long, used)
    varying = [readings[other].column for other in others if other not in fixed]
    return assemble(
        [
            *(readings[other] for other in fixed),
            block,
            *(Reading(target.column, target.values, target.notes) for target in targets),
        ],
        targets[0],
        [block.column.name],
        origin=rows.whole,
        source=first.source,
        notes=[
            *notes,
            *rows.table.notes,
            *(
                note
                for target in targets
                if target.column.name not in labels and target.task not in PER_STEP
                for note in say_labels(rows, target.column.name)
            ),
            *say_fixed([readings[other].column for other in fixed], sequence),
            *say_no_channels(varying, long.names, choices.inputs),
            *doubts(used),
        ],
        lengths=lengths,
        told=fixed,
        further=targets[1:],
    )


def refuse_steps(targets: Sequence[Target]) -> None:
    """Refuse a target of each step, or a series, beside others.

    Raises:
        RequestError: The message names it.
    """
    stepwise = [own.column.name for own in targets if own.task in (*PER_STEP, "series", "text")]
    if stepwise and len(targets) > 1:
        given = option("target", ",".join(own.column.name for own in targets))
        raise RequestError(
            f"{given} names several targets, and {stepwise[0]} has a value of each step: it is "
            "predicted alone. Name the others, which have one value a row, or it."
        )


class Files(NamedTuple):
    """Where sequences come from that are a file each.

    Args:
        whole: The part, number and name of each file; the ids of the table are positions in it.
        folder: The target that is the folder of each; "" where columns alone are targets.
        labels: (N,) that folder.
    """

    whole: Origin
    folder: str
    labels: Array


def target_of(
    rows: Gathered, name: str, first: Table, choices: Choices, labels: Array | None
) -> Target:
    """Return what is to be predicted of each sequence, or of each of its steps.

    Args:
        rows: Of the long table.
        name: Of the target.
        first: The training data.
        choices: Of the user.
        labels: The class of each file, which no column holds; else None.

    Raises:
        DataError: It changes within few sequences, or all steps have the same.
    """
    if labels is not None:
        own = labels[rows.table.ids.astype(np.int64)]
        target = folder_classes(own, rows.train, name=name, positive=choices.positive)
        column = replace(target.column, reason="the folder of each file")
        return target._replace(column=column)
    kind = choices.kinds.get(name, "")
    if tells_each_step(rows, name, kind):
        flat = target_in_parts(
            halves(rows.frame[name], rows.train_steps),
            kind=cells_kind(kind),
            declared=name in first.declared,
            typed=first.typed,
            mark=first.mark,
            positive=None,
            place=rows.steps.place,
        )
        return step_target(flat, rows.table.starts, rows.table.lengths, choices.positive)
    check_labels(rows, name)
    return target_in_parts(
        halves(rows.one_each(name), rows.train),
        kind=kind,
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive,
        place=rows.whole.place,
    )


def times_in_parts(
    frame: pl.DataFrame, first: Table, choices: Choices, place: Place
) -> tuple[pl.Series | None, NumberForm | DateForm | None]:
    """Read the times of a long table, those of further parts like the training data's."""
    import polars as pl

    if choices.time is None:
        return None, None
    series, size = frame[choices.time], len(first.frame)
    kind = choices.kinds.get(choices.time, "")
    times, form = read_moments(series[:size], kind=kind, mark=first.mark, place=place)
    if size < len(series):
        rest = moments_like(series[size:], form)
        same = rest.dtype == times.dtype
        pieces = [times, rest] if same else [times.cast(pl.Float64), rest.cast(pl.Float64)]
        times = pl.concat(pieces)
    return times, form


def read_columns(
    rows: Gathered, names: Sequence[str], fixed: Sequence[str], first: Table, choices: Choices
) -> dict[str, Reading]:
    """Read the columns of a long table: fixed ones once a sequence, others in every row."""
    readings = {}
    for name in names:
        once = name in fixed
        readings[name] = column_in_parts(
            halves(rows.one_each(name), rows.train)
            if once
            else halves(rows.frame[name], rows.train_steps),
            kind=choices.kinds.get(name, ""),
            declared=name in first.declared,
            mark=first.mark,
            place=rows.whole.place if once else rows.steps.place,
        )
    return readings


def channels_of(
    readings: Mapping[str, Reading], fixed: Sequence[str], rows: Gathered, choices: Choices
) -> list[Channel]:
    """Return what models see of the columns of a long table."""
    asked = [name for name in readings if choices.inputs is None or name in choices.inputs]
    found = [channel_of(readings[n], rows.train_steps) for n in asked if n not in fixed]
    channels = [channel for channel in found if channel is not None]
    check_channels(channels, [*readings.values()], fixed, str(choices.sequence))
    return channels


def inputs_from_long_table(
    table: Table,
    schema: Schema,
    long: LongForm,
    *,
    origin: Origin | None = None,
    whole: Origin | None = None,
) -> Dataset:
    """Read a new long table by the schema of a run: a row for each sequence, as they come.

    Args:
        table: A row for each step.
        schema: Of the run.
        long: The columns of the table.
        origin: Of each row, where files are sequences; None: one table.
        whole: Of each sequence, where its id is a position in it; else None.
    """
    times = [long.time] if long.time else []
    check_needed(table, [long.sequence, *times, *long.names])
    name = schema.inputs[0]
    rows = gather(
        table.frame,
        moments_like(table.frame[long.time], long.time_form) if long.time_form else None,
        origin_of({"train": len(table.frame)}, {}) if origin is None else origin,
        sequence=long.sequence,
        typed=table.typed,
        by_id=False,
        whole=whole,
    )
    form = schema.column(name).form
    steps = form.sizes[0] if isinstance(form, ShapeForm) else None
    readings = [
        read_like(rows.frame[c.name], channel_column(c), place=rows.steps.place)
        for c in long.channels
    ]
    block, _ = sequence_column(rows, name, long, readings, steps=steps or 0)
    arrays = {name: block.values}
    if not steps:
        arrays[f"{name}.lengths"] = rows.table.lengths
    notes = [*table.notes, *rows.table.notes, *(note.text for note in block.notes)]
    for target in (own for own in schema.targets if own in table.frame.columns):
        column = schema.column(target)
        if schema.tasks[target] in PER_STEP:
            reading = read_like(rows.frame[target], cells_of(column), target=True)
            starts, lengths = rows.table.starts, rows.table.lengths
            arrays[target] = steps_like(reading.values, column, starts, lengths)
        else:
            reading = read_like(rows.one_each(target), column, target=True)
            arrays[target] = reading.values
            notes += say_changed(rows, target)
        notes += [note.text for note in reading.notes]
    return Dataset(
        schema=schema, arrays=arrays, origin=rows.whole, source=table.source, notes=tuple(notes)
    )
