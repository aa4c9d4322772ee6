"""Tables: files and frames of one row each."""

from __future__ import annotations

from collections.abc import Mapping

from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import (
    Choices,
    check_long_names,
    check_names,
    check_needed,
    check_series_names,
)
from bakeoff.data.assembling.long_tables import from_long_table, inputs_from_long_table
from bakeoff.data.assembling.parts import column_in_parts, refuse_equal_parts, target_in_parts
from bakeoff.data.assembling.time_series import from_time_series, inputs_from_time_series
from bakeoff.data.columns.column import Reading, Schema
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.dataset import Dataset
from bakeoff.data.origin import origin_of
from bakeoff.data.reading.table import Table, alike, read_table, stacked


def from_tables(given: Mapping[str, object], choices: Choices) -> Dataset:
    """Read one table, or one per part, into a dataset."""
    tables = {part: read_table(value) for part, value in given.items()}
    first, kinds = tables["train"], choices.kinds
    check_names(first, choices)
    if choices.sequence is not None:
        check_long_names(first.frame.columns, choices)
    if choices.windows:
        check_series_names(first.frame.columns, choices)
    refuse_equal_parts(tables, lambda a, b: a.frame.equals(b.frame))
    frames, notes = alike(tables)
    origin = origin_of(
        {part: len(table.frame) for part, table in tables.items()},
        {part: table.source for part, table in tables.items() if len(tables) > 1},
    )
    if choices.sequence is not None:
        told = [note for table in tables.values() for note in table.notes] + notes
        return from_long_table(stacked(frames), first, choices, origin, told)
    if choices.windows:
        told = [note for table in tables.values() for note in table.notes] + notes
        return from_time_series(stacked(frames), first, choices, origin, told)
    name = str(choices.target)
    target = target_in_parts(
        [frame[name] for frame in frames],
        kind=kinds.get(name, ""),
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive,
        place=origin.place,
    )
    names = first.frame.columns
    readings = {
        name: column_in_parts(
            [frame[name] for frame in frames],
            kind=kinds.get(name, ""),
            declared=name in first.declared,
            mark=first.mark,
            place=origin.place,
        )
        for name in names
        if name != choices.target
    }
    readings[target.column.name] = Reading(target.column, target.values, target.notes)
    return assemble(
        [readings[name] for name in names],
        target,
        choices.inputs,
        origin=origin,
        source=first.source,
        notes=[note for table in tables.values() for note in table.notes] + notes,
    )


def inputs_from_table(table: Table, schema: Schema, *, last: bool = False) -> Dataset:
    """Read a new table by the schema of a run.

    Args:
        table: The rows.
        schema: Of the run.
        last: Of time series: whether only the window before what follows is wanted.
    """
    if schema.long is not None:
        return inputs_from_long_table(table, schema, schema.long)
    if schema.series is not None:
        return inputs_from_time_series(table, schema, schema.series, last=last)
    names = table.frame.columns
    check_needed(table, schema.inputs)
    readings = [read_like(table.frame[name], schema.column(name)) for name in schema.inputs]
    readings += [
        read_like(table.frame[name], schema.column(name), target=True)
        for name in schema.targets
        if name in names
    ]
    return Dataset(
        schema=schema,
        arrays={reading.column.name: reading.values for reading in readings},
        origin=origin_of({"train": len(table.frame)}, {}),
        source=table.source,
        notes=(*table.notes, *(note.text for reading in readings for note in reading.notes)),
    )
