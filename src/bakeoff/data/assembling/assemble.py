"""Assemble: columns and a target become a dataset; rows without a target are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import Column, Reading, Schema, choose_inputs, left_out
from bakeoff.data.columns.doubts import doubts
from bakeoff.data.columns.step_target import known_rows
from bakeoff.data.columns.target import Target, say_rare
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
    further: Sequence[Target] = (),
) -> Dataset:
    """Put columns and target together; leave out the rows without a target.

    Where there are `further` targets, rows that lack all of them are left out. `told` are columns
    that are left out for a reason that the notes have told already.
    """
    names = [own.column.name for own in (target, *further)]
    columns = tuple(reading.column for reading in readings)
    others = [column for column in columns if column.name not in told]
    chosen = choose_inputs(columns, names, inputs)
    arrays = {reading.column.name: reading.values for reading in readings}
    for column, steps in (lengths or {}).items():
        arrays[f"{column}.lengths"] = steps.astype(np.int64)
    filled = ~np.all([is_unanswered(own.values) for own in (target, *further)], axis=0)
    dataset = Dataset(
        schema=schema_of(columns, (target, *further), chosen),
        arrays=arrays,
        origin=origin,
        source=source,
        notes=(
            *notes,
            *(note.text for reading in readings for note in reading.notes),
            *doubts(readings),
            *left_out(others, names, chosen),
            *without_target(" and ".join(names), int((~filled).sum())),
            *counted(target, further),
        ),
    )
    dataset = dataset if filled.all() else dataset[filled]
    if dataset.parts is not None:
        return dataset
    notes = [
        note
        for own in (target, *further)
        if own.task in ("binary", "multiclass")
        for note in say_rare(dataset.arrays[own.column.name], own.column.name, dataset.origin)
    ]
    return replace(dataset, notes=(*dataset.notes, *notes)) if notes else dataset


def is_unanswered(values: Any) -> Array:
    """Return (N,) True where a target has no value: of sequences, at no step."""
    return ~known_rows(values) if isinstance(values, Sequences) else is_missing(values)


def schema_of(
    columns: tuple[Column, ...], targets: Sequence[Target], inputs: tuple[str, ...]
) -> Schema:
    """Return the schema of a data set with these targets, the leading one first."""
    return Schema(
        columns=columns,
        inputs=inputs,
        targets=tuple(own.column.name for own in targets),
        tasks={own.column.name: own.task for own in targets},
        positive={own.column.name: own.positive for own in targets if own.positive},
    )


def counted(target: Target, further: Sequence[Target]) -> list[str]:
    """Say how many rows have a value of each of several targets."""
    if not further:
        return []
    known = {own.column.name: int((~is_missing(own.values)).sum()) for own in (target, *further)}
    told = ", ".join(f"{name} {count:,}" for name, count in known.items())
    return [f"Rows with a value: {told}. A row that lacks a target counts for the others."]


def without_target(name: str, count: int) -> list[str]:
    """Say how many rows are left out because they have no target."""
    rows_are = "row is" if count == 1 else "rows are"
    return [f"{count:,} {rows_are} left out: no value of {name}."] if count else []
