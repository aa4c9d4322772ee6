"""Merged: several inputs that were read one by one become one dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Schema
from bakeoff.data.dataset import Dataset
from bakeoff.errors import DataError


def merged(datasets: Sequence[Dataset], schema: Schema | None = None) -> Dataset:
    """Return the columns of several datasets of the same rows beside each other.

    Rows that one of them left out, as sequences of no step, are left out of all: each has counted
    its own.

    Args:
        datasets: Each with its inputs; target and origin are those of the first.
        schema: Of all; None: made of theirs.

    Raises:
        DataError: No row is left.
    """
    first = datasets[0]
    keys = [keys_of(dataset) for dataset in datasets]
    common = reduce(np.intersect1d, keys)
    if not len(common):
        raise DataError(f"{first.source}: no row has a value of every input.")
    chosen = [np.flatnonzero(np.isin(own, common)) for own in keys]
    parts = [d[rows] if len(rows) < len(d) else d for d, rows in zip(datasets, chosen, strict=True)]
    arrays = {name: values for part in reversed(parts) for name, values in part.arrays.items()}
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return replace(
        parts[0], schema=schema or joint_schema(datasets), arrays=arrays, notes=tuple(notes)
    )


def keys_of(dataset: Dataset) -> Array:
    """Return a number for each row that is the same in all datasets: its row, by part."""
    parts = dataset.parts
    if parts is None:
        return dataset.rows
    order = {part: i for i, part in enumerate(("train", "validation", "test"))}
    return np.asarray(dataset.rows * len(order) + [order[str(part)] for part in parts])


def joint_schema(datasets: Sequence[Dataset]) -> Schema:
    """Return the schema of all columns; the targets are those of the first dataset."""
    first = datasets[0].schema
    columns = {column.name: column for d in reversed(datasets) for column in d.schema.columns}
    targets = [first.column(name) for name in first.targets]
    inputs = tuple(name for dataset in datasets for name in dataset.schema.inputs)
    rest = [own for name, own in columns.items() if name not in (*inputs, *first.targets)]
    ordered = (*(columns[name] for name in inputs), *rest, *targets)
    return replace(first, columns=ordered, inputs=inputs)
