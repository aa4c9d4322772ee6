"""Blank: sequences of no step. Training leaves them out; new ones are answered, all alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import Column
from bakeoff.data.forms import ShapeForm
from bakeoff.data.origin import Place
from bakeoff.errors import DataError
from bakeoff.listed import listed

NO_TOKEN = -1  # no token: none is below 0


def with_blanks(sequences: Sequences, column: Column, place: Place) -> tuple[Sequences, list[str]]:
    """Give sequences of no step one without a value, or as many as every sequence has.

    Args:
        sequences: New ones.
        column: As it was read in training.
        place: Writes a position for people.

    Returns:
        The sequences, none of them of length 0; and which were.

    Raises:
        DataError: One has another length than all sequences that the run was trained on.
    """
    steps = column.form.sizes[0] if isinstance(column.form, ShapeForm) else None
    empty = sequences.lengths == 0
    wrong = np.flatnonzero(~empty & (sequences.lengths != steps)) if steps else np.zeros(0, int)
    if len(wrong):
        raise DataError(
            f"{column.name} has {sequences.lengths[wrong[0]]:,} steps at {place(int(wrong[0]))}; "
            f"all sequences that the run was trained on have {steps:,}. Give such."
        )
    if not empty.any():
        return sequences, []
    nothing = NO_TOKEN if column.kind == "tokens" else np.nan
    blank = np.full((steps or 1, *sequences.steps.shape[1:]), nothing)
    kind = np.int64 if column.kind == "tokens" else np.result_type(sequences.steps, np.float32)
    filled = replace(
        sequences,
        steps=np.concatenate([sequences.steps, blank]).astype(kind),
        starts=np.where(empty, len(sequences.steps), sequences.starts),
        lengths=np.where(empty, steps or 1, sequences.lengths),
    )
    positions = np.flatnonzero(empty)
    rows = "1 row is" if len(positions) == 1 else f"{len(positions):,} rows are"
    named = listed([place(int(at)) for at in positions[:5]], rest="others", most=5)
    more = ", …" if len(positions) > 5 else ""
    return filled, [
        f"{column.name}: {rows} without content, of no step ({named}{more}): such are all answered "
        "alike, as a sequence without a value."
    ]


def say_without_steps(name: str, positions: Array, place: Place) -> list[str]:
    """Say how many rows are left out of training since they have no step."""
    if not len(positions):
        return []
    rows = "1 row is" if len(positions) == 1 else f"{len(positions):,} rows are"
    return [f"{rows} left out: no step in {name} (first: {place(int(positions[0]))})."]
