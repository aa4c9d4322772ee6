"""Assemble: columns and a target become a dataset; rows without a target are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.data.columns.column import Column, Reading, Schema, choose_inputs, left_out
from bakeoff.data.columns.doubts import doubts
from bakeoff.data.columns.target import Target, check_singles
from bakeoff.data.dataset import Dataset
from bakeoff.data.origin import Origin


def assemble(
    readings: Sequence[Reading],
    target: Target,
    inputs: Sequence[str] | None,
    *,
    origin: Origin,
    source: str,
    notes: Sequence[str] = (),
    lengths: Mapping[str, Array] | None = None,
    told: Sequence[str] = (),
) -> Dataset:
    """Put columns and target together; leave out the rows without a target.

    `told` are columns that are left out for a reason that the notes have told already.
    """
    name = target.column.name
    columns = tuple(reading.column for reading in readings)
    others = [column for column in columns if column.name not in told]
    chosen = choose_inputs(columns, name, inputs)
    arrays = {reading.column.name: reading.values for reading in readings}
    for column, steps in (lengths or {}).items():
        arrays[f"{column}.lengths"] = steps.astype(np.int64)
    filled = ~is_missing(target.values)
    dataset = Dataset(
        schema=schema_of(columns, target, chosen),
        arrays=arrays,
        origin=origin,
        source=source,
        notes=(
            *notes,
            *(note.text for reading in readings for note in reading.notes),
            *doubts(readings),
            *left_out(others, name, chosen),
            *without_target(name, int((~filled).sum())),
        ),
    )
    dataset = dataset if filled.all() else dataset[filled]
    if target.task in ("binary", "multiclass") and dataset.parts is None:
        check_singles(dataset.arrays[name], name, dataset.origin)
    return dataset


def schema_of(columns: tuple[Column, ...], target: Target, inputs: tuple[str, ...]) -> Schema:
    """Return the schema of a data set with one target."""
    name = target.column.name
    return Schema(
        columns=columns,
        inputs=inputs,
        targets=(name,),
        tasks={name: target.task},
        positive={name: target.positive} if target.positive else {},
    )


def without_target(name: str, count: int) -> list[str]:
    """Say how many rows are left out because they have no target."""
    rows_are = "row is" if count == 1 else "rows are"
    return [f"{count:,} {rows_are} left out: no value of {name}."] if count else []
