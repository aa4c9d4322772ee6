"""Arrays: one block of inputs, and a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import Choices, with_several
from bakeoff.data.assembling.parts import halves, refuse_equal_parts, same_arrays, target_in_parts
from bakeoff.data.blocks import Sequences, block_of
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.array_target import (
    are_classes,
    are_labels,
    are_steps,
    as_text,
    classes_of_steps,
    columns_apart,
    one_channel,
    one_target,
    series_target,
    told_one_hot,
)
from bakeoff.data.columns.blank import say_without_steps, with_blanks
from bakeoff.data.columns.column import Column, Note, Reading, Schema
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.read_labels import labels_target
from bakeoff.data.columns.step_target import STEPS, cells_kind, cells_of, step_target, steps_like
from bakeoff.data.columns.target import Target
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import LabelsForm, ShapeForm, StepsForm
from bakeoff.data.kinds import check_kinds
from bakeoff.data.origin import Place
from bakeoff.data.reading.array_names import are_plain, array_names, as_keys, columns_among
from bakeoff.data.reading.arrays import Arrays, load_columns, read_arrays, stack_arrays
from bakeoff.data.reading.frames import one_column
from bakeoff.errors import DataError, RequestError, option, unknown


def from_arrays(
    given: Mapping[str, object],
    choices: Choices,
    x_name: str = "x",
    y_name: str = "y",
    further: Mapping[str, Array] | None = None,
) -> Dataset:
    """Read arrays into a dataset of one input column and a target.

    Args:
        given: "train", "validation", "test" -> arrays, called x and y or as the columns.
        choices: Of the user.
        x_name: The column that goes in.
        y_name: The column to predict.
        further: Others to predict -> their values in all parts, one behind the other.
    """
    found = {
        part: read_arrays(value, keys=keys_in(value, x_name, y_name))
        for part, value in given.items()
    }
    refuse_equal_parts(found, same_arrays)
    whole = stack_arrays(found)
    arrays, notes = with_content(whole)
    kept = slice(None) if arrays is whole else whole.lengths != 0
    given_y, place = np.asarray(arrays.y), arrays.origin.place
    y, y_kind = classes_of_steps(given_y), choices.kinds.get(y_name, "")
    written = y_kind == "text" and y.ndim > 1  # as a plan calls them
    if written or (y is not given_y and y_kind in ("", "sequence", "category")):
        y_kind = f"{STEPS}:category"
        choices = choices._replace(kinds={**choices.kinds, y_name: y_kind})
    may_be_steps = arrays.x.ndim == 3 and y.shape[1:] == arrays.x.shape[1:2]
    apart = {y_name: y} if may_be_steps else columns_apart(y, y_name, y_kind)
    names = [x_name, y_name, *apart, *(further or {})]
    check_kinds(choices.kinds, names)
    choices = with_several(choices, names)
    if [choices.target, *choices.further] == list(apart):  # as a run calls them
        choices = choices._replace(target=y_name, further=())
    if set(choices.further) != set(further or {}):
        given_as = option("target", ",".join((str(choices.target), *choices.further)))
        raise RequestError(
            f"{given_as} names several targets: give each as an array with a name of its own, in a "
            "dict or an .npz file."
        )
    if choices.target not in (None, y_name):
        raise RequestError(unknown("column", choices.target, [x_name, y_name]))
    parts = arrays.origin.parts
    size = len(arrays.x) if parts is None else int((parts == "train").sum())
    kind = choices.kinds.get(x_name, "")
    reading = array_column(arrays.x, arrays.lengths, name=x_name, kind=kind, place=place)
    more = {name: values[kept] for name, values in (further or {}).items()}
    choices = choices._replace(kinds={**dict.fromkeys(apart, y_kind), **choices.kinds})
    if are_steps(y, y_kind) and len(apart) + len(more) == 1:
        target, others = stepwise_target(y, reading, arrays.lengths, choices, y_name, size), []
    else:
        own = choices._replace(positive=None)
        first, *rest = (apart | more).items()
        target = one_of_several(first, size, choices, place)
        others = [one_of_several(values, size, own, place) for values in rest]
    return assemble(
        [reading, *(Reading(one.column, one.values, one.notes) for one in (target, *others))],
        target,
        choices.inputs,
        origin=arrays.origin,
        source=arrays.source,
        notes=[*arrays.notes, *notes],
        lengths=lengths_beside(reading, arrays.lengths),
        further=others,
    )


def stepwise_target(
    y: Array, x: Reading, lengths: Array | None, choices: Choices, name: str, size: int
) -> Target:
    """Read a target of each step of the input, or a series of its own: (N, T) or (N, T, 1).

    Args:
        y: What was given.
        x: The input.
        lengths: (N,) its real steps, where they differ.
        choices: Of the user.
        name: Of the target.
        size: The rows that are learned from, the first ones.
    """
    y = one_channel(y, name)
    steps = x.values.shape[1] if x.column.kind in ("sequence", "tokens") else 0
    kind = cells_kind(choices.kinds.get(name, "").replace("sequence", "steps"))
    if y.shape[1] != steps:
        return series_or_text(y, name, kind, choices, size)
    lengths = np.full(len(y), steps) if lengths is None else lengths.astype(np.int64)
    real = np.arange(steps) < lengths[:, None]
    flat = target_in_parts(
        halves(one_column(name, y[real]), int(lengths[:size].sum())),
        kind=kind,
        positive=None,
        place=lambda step: f"step {step + 1:,}",
    )
    return step_target(flat, np.cumsum(lengths) - lengths, lengths, choices.positive)


def one_of_several(named: tuple[str, Array], size: int, choices: Choices, place: Place) -> Target:
    """Read one of several targets, or an only one that has no steps; steps are a series."""
    name, y = named
    kind = choices.kinds.get(name, "")
    if not are_steps(y, kind):
        return target_of(y, size, choices, name, place)
    kind = cells_kind(kind.replace("sequence", "steps"))
    return series_or_text(one_channel(y, name), name, kind, choices, size)


def series_or_text(y: Array, name: str, kind: str, choices: Choices, size: int) -> Target:
    """Read a series of numbers, (N, S); of classes, which are written as words, one by one."""
    if not are_classes(y, kind):
        return series_target(y, name, choices.positive)
    texts = one_column(name, as_text(y))
    positive = choices.positive
    target = target_in_parts(halves(texts, size), kind="text", positive=positive, place=str)
    many = f"{y.shape[1]:,} classes a row"
    said = (
        f"{name}: {many}, and no input has as many steps, so they are written as a text of words."
    )
    column = replace(target.column, reason=f"{many}, written as words")
    return target._replace(column=column, notes=(Note("text", said),))


def target_of(y: Array, size: int, choices: Choices, name: str, place: Place) -> Target:
    """Read the target: a class, a number, or any number of labels for each row.

    Args:
        y: (N,) or (N, K).
        size: The rows that are learned from, the first ones.
        choices: Of the user.
        name: What it is called.
        place: Writes a position for people.
    """
    kind = choices.kinds.get(name, "")
    if are_labels(y, kind):
        labels = [str(k) for k in range(y.shape[1])]
        values, positive = y.astype(np.float64), choices.positive
        return labels_target(values, labels, name, size=size, positive=positive)
    flat, kind = one_target(y, name, kind)
    series = one_column(name, flat)
    target = target_in_parts(
        halves(series, size), kind=kind, positive=choices.positive, place=place
    )
    return told_one_hot(target, y.shape[1]) if y.ndim == 2 else target


def keys_in(data: object, x_name: str, y_name: str) -> dict[str, str] | None:
    """Return which arrays stand for x and y; None where they are called so."""
    names = array_names(data)
    if are_plain(names) or x_name not in columns_among(names):
        return None
    return as_keys(names, x_name, y_name)


def with_content(arrays: Arrays) -> tuple[Arrays, list[str]]:
    """Leave out sequences of no step, and count them."""
    if arrays.lengths is None or (arrays.lengths != 0).all():
        return arrays, []
    kept = arrays.lengths != 0
    notes = say_without_steps("x_lengths", np.flatnonzero(~kept), arrays.origin.place)
    if not kept.any():
        raise DataError(f"{arrays.source}: x_lengths are all 0, so there is nothing to learn from.")
    left = replace(
        arrays,
        x=arrays.x[kept],
        y=None if arrays.y is None else arrays.y[kept],
        lengths=arrays.lengths[kept],
        origin=arrays.origin[kept],
    )
    return left, notes


def lengths_beside(reading: Reading, lengths: Array | None) -> dict[str, Array]:
    """Return the lengths that go beside a column; tokens hold their own."""
    if lengths is None or isinstance(reading.values, Sequences):
        return {}
    return {reading.column.name: lengths}


def inputs_from_arrays(data: object, schema: Schema) -> Dataset:
    """Read new arrays by the schema of a run."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    if len(schema.inputs) > 1 or not isinstance(column.form, ShapeForm):
        raise DataError(
            f"The run was trained on a table with the columns {', '.join(schema.inputs[:10])}. "
            "Give a table with these."
        )
    names = array_names(data)
    if names and not are_plain(names) and name not in columns_among(names):
        raise DataError(unknown("array", name, names))
    arrays = read_arrays(data, needs_y=False, keys=keys_in(data, name, target))
    reading = array_like(arrays.x, arrays.lengths, column)
    values: dict[str, Any] = {name: reading.values}
    told = [*arrays.notes, *(note.text for note in reading.notes)]
    if arrays.lengths is not None:
        block = reading.values
        if not isinstance(block, Sequences):
            block = block_of(block, arrays.lengths)
        values[name], blanks = with_blanks(block, column, arrays.origin.place)
        told += blanks
    further = load_columns(data, schema.targets[1:]) if names and schema.targets[1:] else {}
    truths: dict[str, Array | None] = {target: arrays.y, **further}
    if arrays.y is not None and arrays.y.ndim > 1 and len(schema.targets) == arrays.y.shape[-1]:
        apart = columns_apart(arrays.y, target.removesuffix("_0"))
        truths = {**apart} if set(apart) == set(schema.targets) else truths
    for own, y in truths.items():
        if y is not None:
            values |= new_truth(y, schema.column(own), arrays)
    return Dataset(
        schema=schema,
        arrays=values,
        origin=arrays.origin,
        source=arrays.source,
        notes=tuple(told),
    )


def new_truth(y: Array, column: Column, arrays: Arrays) -> dict[str, Any]:
    """Read a target of new data: name -> values; nothing where labels are of another number."""
    name = column.name
    if isinstance(column.form, LabelsForm):
        fits = are_labels(y, "labels") and y.shape[1] == len(column.form.names)
        return {name: y.astype(np.float64)} if fits else {}
    if isinstance(column.form, StepsForm):
        return {name: new_steps(classes_of_steps(np.asarray(y)), column, arrays)}
    if column.kind == "text" and y.ndim > 1:
        y = as_text(one_channel(classes_of_steps(y), name))
    series = one_column(name, one_target(y, name)[0])
    return {name: read_like(series, column, target=True).values}


def new_steps(y: Array, column: Column, arrays: Arrays) -> Any:
    """Read the target of each step of new data, or their series.

    Raises:
        DataError: There are more or fewer steps than the input, or the series, has.
    """
    y, form = one_channel(y, column.name), column.form
    wanted = form.length if isinstance(form, StepsForm) else 0
    steps = wanted or arrays.x.shape[1]
    if y.shape[1] != steps:
        raise DataError(f"{column.name} has {y.shape[1]:,} steps a row, and needs {steps:,}.")
    if wanted:
        return y.astype(np.float64)
    lengths = np.full(len(y), steps) if arrays.lengths is None else arrays.lengths.astype(np.int64)
    real = np.arange(steps) < lengths[:, None]
    flat = read_like(one_column(column.name, y[real]), cells_of(column), target=True).values
    return steps_like(flat, column, np.cumsum(lengths) - lengths, lengths)
