"""Read whatever the user gave into a dataset: files, frames, arrays, names of bundled sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import (
    ARRAY_KINDS,
    Reading,
    Schema,
    check_kinds,
    choose_inputs,
    is_missing,
    left_out,
    unknown_column,
)
from bakeoff.data.columns.read_column import known, read_column
from bakeoff.data.columns.shapes import array_column, check_form
from bakeoff.data.columns.target import Target, check_singles, read_target
from bakeoff.data.dataset import Dataset
from bakeoff.data.reading import arrays as array_room
from bakeoff.data.reading import bundled
from bakeoff.data.reading.cells import plain_number
from bakeoff.data.reading.frames import one_column
from bakeoff.data.reading.table import Table, read_table, stack_tables
from bakeoff.errors import DataError, RequestError


def read(
    data: object,
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    test: object = None,
    validation: object = None,
    positive: str | None = None,
) -> Dataset:
    """Read data for training: a file, a data frame, arrays, or the name of a bundled set.

    Args:
        data: Path of a CSV, TSV, Parquet, JSON lines or .npz file (compressed, too); a pandas or
            polars frame; a dict of columns; arrays as (x, y) or {"x": ..., "y": ...}; or digits,
            iris, wine, breast_cancer, diabetes.
        target: The column to predict; may be left out for arrays and bundled sets.
        inputs: The columns that models may see; all others by default.
        columns: Column -> kind, for columns that would be read otherwise.
        test: Separate test data; `data` is then the training data.
        validation: Separate validation data.
        positive: The positive class of a binary target.

    Raises:
        DataError: The data cannot be used; the message says where and how to go on.
        RequestError: A column, kind or class does not exist.

    Example:
        >>> data = read("iris")
        >>> len(data), data.target, data.schema.tasks["species"]
        (150, 'species', 'multiclass')
    """
    if validation is not None and test is None:
        raise RequestError("Separate validation data need separate test data as well: give test=….")
    wish = Wish(target, inputs, dict(columns or {}), positive)
    named = {"train": data, "validation": validation, "test": test}
    given = {part: value for part, value in named.items() if value is not None}
    if isinstance(data, str) and data in bundled.NAMES and not Path(data).is_file():
        values, x_name, y_name = bundled.load(data)
        wish = wish._replace(target=target or y_name)
        given["train"] = values
        dataset = from_arrays(given, wish, x_name, y_name) if x_name else from_tables(given, wish)
        return replace(dataset, source=data)
    return from_arrays(given, wish) if array_room.are_arrays(data) else from_tables(given, wish)


class Wish(NamedTuple):
    """What the user said about the columns."""

    target: str | None
    inputs: Sequence[str] | None
    kinds: Mapping[str, str]
    positive: str | None


def from_tables(given: Mapping[str, object], wish: Wish) -> Dataset:
    """Read one table, or one per part, into a dataset."""
    tables = {part: read_table(value) for part, value in given.items()}
    first = tables["train"]
    names, kinds = first.frame.columns, wish.kinds
    check_names(first, wish)
    frame, notes = stack_tables(tables)
    target = read_target(
        frame[str(wish.target)],
        kind=kinds.get(str(wish.target), ""),
        mark=first.mark,
        positive=wish.positive,
    )
    readings = {
        name: read_column(frame[name], kind=kinds.get(name, ""), mark=first.mark)
        for name in names
        if name != wish.target
    }
    readings[target.column.name] = Reading(target.column, target.values, target.notes)
    parts = np.concatenate([np.full(len(table.frame), part) for part, table in tables.items()])
    return assemble(
        [readings[name] for name in names],
        target,
        wish.inputs,
        rows=np.arange(1, len(frame) + 1),
        parts=parts if len(tables) > 1 else None,
        source=first.source,
        notes=[note for table in tables.values() for note in table.notes] + notes,
    )


def read_inputs(data: object, schema: Schema) -> Dataset:
    """Read new data by the schema of a run, with or without its target.

    Args:
        data: What `read` takes, or an array alone.
        schema: Of the data that the run was trained on.

    Raises:
        DataError: A column that goes in is missing, or an array has another shape.
    """
    if isinstance(data, str) and data in bundled.NAMES and not Path(data).is_file():
        data = bundled.load(data)[0]
    if array_room.are_arrays(data):
        return inputs_from_arrays(data, schema)
    table = read_table(data)
    names = table.frame.columns
    missing = [name for name in schema.inputs if name not in names]
    if missing:
        raise DataError(
            f"{table.source} lacks {len(missing)} of the columns that the run was trained on: "
            f"{unknown_column(missing[0], names)} Needed: {', '.join(schema.inputs)}."
        )
    wanted = [*schema.inputs, *(name for name in schema.targets if name in names)]
    readings = [known(table.frame[name], schema.column(name), table.mark) for name in wanted]
    return Dataset(
        schema=schema,
        arrays={reading.column.name: reading.values for reading in readings},
        rows=np.arange(1, len(table.frame) + 1),
        source=table.source,
        notes=(*table.notes, *(note for reading in readings for note in reading.notes)),
    )


def inputs_from_arrays(data: object, schema: Schema) -> Dataset:
    """Read new arrays by the schema of a run."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    arrays = array_room.read_arrays(data, needs_y=False)
    if len(schema.inputs) > 1 or not column.form or column.kind not in ARRAY_KINDS:
        raise DataError(
            f"The run was trained on a table with the columns {', '.join(schema.inputs[:10])}. "
            "Give a table with these."
        )
    kind = "" if column.kind == "ignored" else column.kind
    found, x, notes = array_column(arrays.x, arrays.lengths, name=name, kind=kind)
    check_form(found.form, column)
    values = {name: x}
    if arrays.lengths is not None:
        values[f"{name}.lengths"] = arrays.lengths.astype(np.int64)
    if arrays.y is not None:
        reading = known(one_column(target, arrays.y), schema.column(target))
        values[target] = reading.values
    return Dataset(
        schema=schema,
        arrays=values,
        rows=np.arange(1, len(x) + 1),
        source=arrays.source,
        notes=tuple(notes),
    )


def from_arrays(
    given: Mapping[str, object], wish: Wish, x_name: str = "x", y_name: str = "y"
) -> Dataset:
    """Read arrays into a dataset of one input column and a target."""
    found = {part: array_room.read_arrays(value) for part, value in given.items()}
    arrays = array_room.stack(found)
    check_kinds(wish.kinds, [x_name, y_name])
    if wish.target not in (None, y_name):
        raise RequestError(f"Target: {unknown_column(str(wish.target), [x_name, y_name])}")
    target = read_target(
        one_column(y_name, arrays.y), kind=wish.kinds.get(y_name, ""), positive=wish.positive
    )
    column, x, notes = array_column(
        arrays.x, arrays.lengths, name=x_name, kind=wish.kinds.get(x_name, "")
    )
    return assemble(
        [Reading(column, x, notes), Reading(target.column, target.values, target.notes)],
        target,
        wish.inputs,
        rows=np.arange(1, len(x) + 1),
        parts=arrays.parts,
        source=arrays.source,
        notes=[],
        lengths=arrays.lengths,
    )


def assemble(
    readings: Sequence[Reading],
    target: Target,
    inputs: Sequence[str] | None,
    *,
    rows: Array,
    parts: Array | None,
    source: str,
    notes: list[str],
    lengths: Array | None = None,
) -> Dataset:
    """Put columns and target together; leave out the rows without a target."""
    name = target.column.name
    chosen = choose_inputs([reading.column for reading in readings], name, inputs)
    notes = notes + [note for reading in readings for note in reading.notes]
    notes += left_out([reading.column for reading in readings], name, chosen)
    schema = Schema(
        columns=tuple(reading.column for reading in readings),
        inputs=chosen,
        targets=(name,),
        tasks={name: target.task},
        positive={name: target.positive} if target.positive else {},
    )
    arrays = {reading.column.name: reading.values for reading in readings}
    if lengths is not None:
        arrays[f"{chosen[0]}.lengths"] = lengths.astype(np.int64)
    dataset = Dataset(schema=schema, arrays=arrays, rows=rows, source=source, parts=parts)
    filled = ~is_missing(target.values)
    if not filled.all():
        dataset = dataset[filled]
        gone = int((~filled).sum())
        rows_are = "row is" if gone == 1 else "rows are"
        notes.append(f"{gone:,} {rows_are} left out: no value of {name}.")
    if target.task != "regression" and parts is None:
        check_singles(dataset.arrays[name], name, dataset.rows)
    return replace(dataset, notes=tuple(notes))


def check_names(table: Table, wish: Wish) -> None:
    """Refuse a target, inputs or kinds that name no column."""
    names, target = table.frame.columns, wish.target
    if len(names) == 1:
        raise DataError(
            f"{table.source} has one column only, {names[0]!r}, so there is nothing to predict "
            "from. Is it separated by something else than , ; tab or | ?"
        )
    if target is None:
        raise RequestError(f"Say which column to predict: target=… one of {', '.join(names[:20])}.")
    if target not in names:
        numeric = all(plain_number(name) is not None for name in names)
        hint = " The first line looks like data: is a line of column names missing?"
        raise RequestError(f"Target: {unknown_column(target, names)}{hint if numeric else ''}")
    check_kinds(wish.kinds, names)
    for name in wish.inputs or ():
        if name not in names:
            raise RequestError(f"Inputs: {unknown_column(name, names)}")
        if name == target:
            raise RequestError(f"{name!r} is the target, so it cannot be an input as well.")
