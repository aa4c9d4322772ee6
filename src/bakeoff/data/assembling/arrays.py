"""Arrays: one block of inputs, and a target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.parts import halves, refuse_equal_parts, same_arrays, target_in_parts
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.column import Reading, Schema
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm
from bakeoff.data.kinds import check_kinds
from bakeoff.data.reading.arrays import read_arrays, stack_arrays
from bakeoff.data.reading.frames import one_column
from bakeoff.errors import DataError, RequestError, unknown


def from_arrays(
    given: Mapping[str, object], choices: Choices, x_name: str = "x", y_name: str = "y"
) -> Dataset:
    """Read arrays into a dataset of one input column and a target."""
    found = {part: read_arrays(value) for part, value in given.items()}
    refuse_equal_parts(found, same_arrays)
    arrays = stack_arrays(found)
    names, place = [x_name, y_name], arrays.origin.place
    check_kinds(choices.kinds, names)
    if choices.target not in (None, y_name):
        raise RequestError(unknown("column", choices.target, names))
    parts = arrays.origin.parts
    size = len(arrays.x) if parts is None else int((parts == "train").sum())
    y = one_column(y_name, arrays.y)
    target = target_in_parts(
        halves(y, size),
        kind=choices.kinds.get(y_name, ""),
        positive=choices.positive,
        place=place,
    )
    kind = choices.kinds.get(x_name, "")
    reading = array_column(arrays.x, arrays.lengths, name=x_name, kind=kind, place=place)
    return assemble(
        [reading, Reading(target.column, target.values, target.notes)],
        target,
        choices.inputs,
        origin=arrays.origin,
        source=arrays.source,
        lengths={} if arrays.lengths is None else {x_name: arrays.lengths},
    )


def inputs_from_arrays(data: object, schema: Schema) -> Dataset:
    """Read new arrays by the schema of a run."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    if len(schema.inputs) > 1 or not isinstance(column.form, ShapeForm):
        raise DataError(
            f"The run was trained on a table with the columns {', '.join(schema.inputs[:10])}. "
            "Give a table with these."
        )
    arrays = read_arrays(data, needs_y=False)
    reading = array_like(arrays.x, arrays.lengths, column)
    values = {name: reading.values}
    if arrays.lengths is not None:
        values[f"{name}.lengths"] = arrays.lengths.astype(np.int64)
    if arrays.y is not None:
        series = one_column(target, arrays.y)
        values[target] = read_like(series, schema.column(target), target=True).values
    return Dataset(
        schema=schema,
        arrays=values,
        origin=arrays.origin,
        source=arrays.source,
        notes=tuple(note.text for note in reading.notes),
    )
