"""Named arrays: of an .npz file or a dict, any array is a column; some go in, one is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.arrays import from_arrays, inputs_from_arrays
from bakeoff.data.assembling.choices import Choices, with_several
from bakeoff.data.assembling.merged import merged
from bakeoff.data.assembling.tables import from_tables, inputs_from_table, is_beside
from bakeoff.data.columns.column import Schema
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm
from bakeoff.data.reading.array_names import (
    ANSWERS,
    PARTS,
    are_plain,
    array_names,
    columns_among,
)
from bakeoff.data.reading.arrays import load_columns, shapes_of, source_of
from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError, RequestError, option, unknown
from bakeoff.listed import listed


def are_named_arrays(data: object) -> bool:
    """Tell whether these are arrays with names of their own, not x and y."""
    names = array_names(data)
    return bool(names) and not are_plain(names)


def from_named_arrays(given: Mapping[str, object], choices: Choices, source: str = "") -> Dataset:
    """Read the arrays that are inputs and target; numbers and strings are columns of a table.

    Args:
        given: "train", "validation", "test" -> a file or a dict of arrays.
        choices: Of the user.
        source: What to call it; "": by its file.

    Raises:
        RequestError: The target is not told.
        DataError: An array cannot be read as a column.
    """
    data = given["train"]
    names = columns_among(array_names(data))
    source = source or source_of(data)
    shapes = shapes_of(data, names)
    chosen = with_several(choices, names)
    asked = [chosen.target, *chosen.further, *(choices.inputs or ())]
    beside = short_beside(shapes, names, asked)
    names = [name for name in names if name not in beside]
    target, *further = targets_among(names, chosen, source)
    inputs = inputs_among(names, (target, *further), choices.inputs)
    chosen = chosen._replace(target=target)
    axes = {name: len(shape) for name, shape in shapes.items()}
    if all(axes.get(name, 1) == 1 for name in (*inputs, target, *further)):
        columns = [name for name in names if axes.get(name, 1) == 1]
        return from_tables(columns_of(given, columns), chosen)
    others = values_of(given, [target, *further]) if further else {}
    others.pop(target, None)  # was read for the count of its rows
    own = [chosen_of(chosen, [name]) for name in inputs if axes.get(name, 1) > 1]
    read = [from_arrays(given, one, str(*(one.inputs or ())), target, others) for one in own]
    flat = [name for name in inputs if axes.get(name, 1) == 1]
    tables = columns_of(given, [*flat, target, *further]) if flat else {}
    if choices.inputs is None:
        flat = [name for name in flat if can_go_in(tables["train"], name, choices)]
    if flat:
        read.append(from_tables(tables, chosen_of(chosen, flat)))
    dataset = merged(read) if len(read) > 1 else read[0]
    known = (*dataset.schema.inputs, target, *further)
    unread = [name for name in names if name not in known]
    notes = [f"Not among the inputs: {', '.join(unread)}."] if unread else []
    if beside:
        told = listed(list(map(cut, beside)))
        notes.append(f"Left out, with fewer values than there are rows: {told}.")
    return replace(dataset, notes=(*notes, *dataset.notes))


def short_beside(
    shapes: Mapping[str, tuple[int, ...]], names: Sequence[str], asked: Sequence[str | None]
) -> list[str]:
    """Return the arrays that tell of the others, such as the names of their classes.

    They have at most one axis, fewer than half of the rows of the others, and nobody asked for
    them; nor are they what is predicted, by their name, unless another is.

    Example:
        >>> shapes = {"images": (9, 5, 5), "labels": (9,), "label_names": (3,), "version": ()}
        >>> short_beside(shapes, list(shapes), ["labels"])
        ['label_names', 'version']
    """
    rows = max((shape[0] for shape in shapes.values() if len(shape) > 1), default=0)
    short = [
        name
        for name in names
        if name not in asked
        and len(shapes.get(name, ())) < 2
        and 2 * next(iter(shapes.get(name, ())), 0) < rows
    ]
    answers = [name for name in names if name.lower() in ANSWERS]
    return [name for name in short if name not in answers or set(answers) - set(short)]


def can_go_in(table: object, name: str, choices: Choices) -> bool:
    """Tell whether models can use a column of a table; identifiers, for one, they cannot."""
    first = read_table(table)
    return is_beside(first, "", choices._replace(inputs=[name]))


def chosen_of(choices: Choices, inputs: list[str]) -> Choices:
    """Return what was chosen about some of the inputs."""
    known = (*inputs, choices.target, *choices.further)
    kinds = {name: kind for name, kind in choices.kinds.items() if name in known}
    return choices._replace(inputs=inputs, kinds=kinds)


def targets_among(names: Sequence[str], choices: Choices, source: str) -> list[str]:
    """Return the arrays to predict: those asked for, or the one that is called like an answer."""
    answers = [name for name in names if name.lower() in ANSWERS]
    if choices.target is None and ("y" in names or len(answers) == 1):
        return ["y"] if "y" in names else answers
    if choices.target is None:
        raise RequestError(
            f"{source} holds {', '.join(names[:20])}. Say with {option('target')} which of them to "
            "predict."
        )
    asked = [choices.target, *choices.further]
    for name in asked:
        if name not in names:
            raise RequestError(unknown("array", name, names))
        if asked.count(name) > 1:
            raise RequestError(f"{option('target', ','.join(asked))} names {name!r} twice.")
    return asked


def values_of(given: Mapping[str, object], names: Sequence[str]) -> dict[str, Array]:
    """Return some arrays, those of all parts one behind the other, as rows are numbered."""
    tables = [columns for columns in columns_of(given, names).values() if columns]
    return {name: np.concatenate([own[name] for own in tables]) for name in names}


def inputs_among(
    names: Sequence[str], targets: Sequence[str], asked: Sequence[str] | None
) -> list[str]:
    """Return the arrays that go in: those asked for, or all others."""
    for name in asked or ():
        if name not in names:
            raise RequestError(unknown("array", name, names, where=option("inputs")))
        if name in targets:
            what = "the target" if len(targets) == 1 else "a target"
            raise RequestError(f"{name!r} is {what}, so it cannot be an input as well.")
    inputs = list(asked) if asked else [name for name in names if name not in targets]
    if not inputs:
        named = " and ".join(map(repr, targets))
        raise RequestError(f"There is no array beside {named}, so nothing to predict from.")
    return inputs


def columns_of(given: Mapping[str, object], columns: Sequence[str]) -> dict[str, dict[str, Array]]:
    """Return the columns of a table for each part: part -> name -> values."""
    data = given["train"]
    parted = any(name.endswith("_train") for name in array_names(data))
    if not parted:
        return {part: load_columns(value, columns) for part, value in given.items()}
    if len(given) > 1:
        raise RequestError(
            f"The arrays name their own parts, as {columns[0]}_train: leave {option('test')} out."
        )
    tables: dict[str, dict[str, Array]] = {}
    for ending, part in PARTS.items():
        found = load_columns(data, [f"{name}_{ending}" for name in columns])
        if found:
            tables[part] = {name.removesuffix(f"_{ending}"): v for name, v in found.items()}
    return tables


def are_columns(data: object, schema: Schema) -> bool:
    """Tell whether new arrays are columns of the table that a run was trained on."""
    shaped = any(isinstance(schema.column(name).form, ShapeForm) for name in schema.inputs)
    return not shaped and are_named_arrays(data) and set(schema.inputs) <= set(array_names(data))


def inputs_from_several(data: object, schema: Schema) -> Dataset:
    """Read new arrays of several inputs by the schema of a run."""
    names = array_names(data)
    for name in schema.inputs:
        if name not in columns_among(names):
            raise DataError(unknown("array", name, names))
    flat = tuple(n for n in schema.inputs if not isinstance(schema.column(n).form, ShapeForm))
    blocks = [name for name in schema.inputs if name not in flat]
    read = [inputs_from_arrays(data, replace(schema, inputs=(name,))) for name in blocks]
    if flat:
        read.append(inputs_from_table(columns_in(data), replace(schema, inputs=flat)))
    return merged(read, schema)


def columns_in(data: object) -> dict[str, object]:
    """Return new arrays as columns of a table."""
    names = array_names(data)
    shapes = shapes_of(data, names)
    return dict(load_columns(data, [name for name in names if len(shapes.get(name, (0,))) == 1]))
