"""Step target: a class or a number for each step of a sequence, in place of one for all of it."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import Column, Schema, Task
from bakeoff.data.columns.target import Target, refuse_positive
from bakeoff.data.forms import StepsForm

UNKNOWN = -1  # in place of a class that nobody knows
STEPS = "steps"  # the kind of such a column, as in kinds={"state": "steps"} or "steps:category"


def step_target(flat: Target, starts: Array, lengths: Array, positive: str | None = None) -> Target:
    """Make a target of each step of what was read of all steps, one behind the other.

    Args:
        flat: Classes or numbers (S,) of all steps.
        starts: (N,) the first step of each sequence.
        lengths: (N,) its steps.
        positive: Refused: there is no positive class among steps.
    """
    column = flat.column
    refuse_positive(positive, column.name, "a class or number of each step")
    numbers = flat.task == "regression"
    names = () if numbers else named_in_order(flat.values)
    values = flat.values if numbers else codes_of(flat.values, names)
    made = Column(
        name=column.name,
        kind=STEPS,
        reason=f"one for each step; {column.reason}",
        missing=column.missing,
        distinct=column.distinct,
        form=StepsForm(names, column.form),
    )
    task: Task = "step_numbers" if numbers else "step_classes"
    return Target(made, Sequences(values, starts, lengths), task, "", flat.notes)


def named_in_order(values: Array) -> tuple[str, ...]:
    """Return the classes of steps: numbers by size, words by name."""
    names = sorted(set(values.tolist()) - {None})
    with contextlib.suppress(ValueError):
        names.sort(key=float)
    return tuple(names)


def codes_of(values: Array, names: tuple[str, ...]) -> Array:
    """Return classes as their numbers: (S,) str or None -> (S,) int32, -1 where there is none."""
    numbers = {name: i for i, name in enumerate(names)}
    return np.array([numbers.get(value, UNKNOWN) for value in values], np.int32)


def cells_kind(kind: str) -> str:
    """Return how single cells are to be read: "category" of "steps:category"; "" to decide."""
    named, _, cells = kind.partition(":")
    return cells if named == STEPS else kind


def steps_like(values: Array, column: Column, starts: Array, lengths: Array) -> Sequences:
    """Return the target of new data, read cell by cell, as the steps of sequences."""
    form = column.form
    names = form.names if isinstance(form, StepsForm) else ()
    return Sequences(codes_of(values, names) if names else values, starts, lengths)


def cells_of(column: Column) -> Column:
    """Return the column of a step target as its cells are read, one by one."""
    form = column.form
    if not isinstance(form, StepsForm):
        return column
    return replace(column, kind="category" if form.names else "number", form=form.cells)


def classes_of_steps(values: Sequences, schema: Schema) -> list[str]:
    """Return the classes of all steps that have one."""
    form = schema.column(schema.targets[0]).form
    names = form.names if isinstance(form, StepsForm) else ()
    steps = values.steps[real_steps(values)]
    return [names[code] for code in steps.tolist() if code >= 0]


def real_steps(values: Sequences) -> Array:
    """Return the positions of the steps of all sequences, one behind the other: (S,)."""
    at = np.arange(int(values.lengths.sum()))
    first = np.cumsum(values.lengths) - values.lengths
    return np.asarray(at + np.repeat(values.starts - first, values.lengths))


def known_rows(values: Sequences) -> Array:
    """Return (N,) True where a sequence has a step whose value is known."""
    steps = values.steps[real_steps(values)]
    known = steps >= 0 if steps.dtype.kind == "i" else ~np.isnan(steps)
    first = np.cumsum(values.lengths) - values.lengths
    return np.asarray(np.logical_or.reduceat(known, first))
