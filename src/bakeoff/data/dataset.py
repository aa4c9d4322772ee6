"""Dataset: one array per column, and what each column is for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

import numpy as np

from bakeoff.data.array import Array, as_slice, frozen
from bakeoff.data.blocks import PIECE, Pictures, Sequences, SideBySide, Values, block_of
from bakeoff.data.columns.column import Schema
from bakeoff.data.origin import Origin
from bakeoff.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dataset:
    """Rows of data, column by column, never changed in place.

    A row of the user's file is called `row` and counted from 1 in each file; where a row stands in
    memory is its position, counted from 0.

    Args:
        schema: What the columns are, and which go in and come out.
        arrays: Column -> values: float64 with NaN (numbers), objects of str or None (words),
            datetime64[us] (times), (N, F) vectors, `Pictures` (and volumes), `Sequences`. Arrays
            (N, Y, X, C), (N, Z, Y, X, C) and (N, T, F), these with `<name>.lengths` (N,) beside
            them where they differ, are kept as such.
        origin: Which row of which file each row is.
        source: The file or set it came from.
        notes: Decisions made and rows left out, in sentences for the user.
    """

    schema: Schema
    arrays: Mapping[str, Any]
    origin: Origin
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of unequal length; make all of them read-only."""
        lengths = {f"{name}.lengths" for name, v in self.arrays.items() if v.ndim == 3}
        kept: dict[str, Values] = {}
        for name, values in self.arrays.items():
            if len(values) != len(self):
                raise DataError(f"Column {name!r} has {len(values):,} of {len(self):,} rows.")
            if name not in lengths:
                kept[name] = read_only(values, self.arrays.get(f"{name}.lengths"))
        object.__setattr__(self, "arrays", kept)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.origin.rows)

    @overload
    def __getitem__(self, positions: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, positions: Any) -> Dataset: ...
    def __getitem__(self, positions: Any) -> dict[str, Any] | Dataset:
        """Return one row as a dict, or the dataset of some rows.

        Args:
            positions: An integer for one row: column -> a NumPy value or array of its own, a
                missing word as "", a date as ISO text, so that a torch `DataLoader` can put batches
                together. Positions, a mask or a slice for a dataset.
        """
        if isinstance(positions, int | np.integer):
            return {name: one(values[positions]) for name, values in self.arrays.items()}
        if isinstance(positions, np.ndarray):
            positions = as_slice(positions)  # a part by time is a view
        return replace(
            self,
            arrays={name: values[positions] for name, values in self.arrays.items()},
            origin=self.origin[positions],
        )

    def __repr__(self) -> str:
        """Say in one line what it holds."""
        inputs = len(self.schema.inputs)
        size = f"{len(self):,} rows, {inputs:,} input{'' if inputs == 1 else 's'}"
        there = [own for own in self.by_target if own.target in own.arrays]
        about = [f"{own.target} ({own._task()})" for own in there]
        word = "targets" if len(about) > 1 else "target"
        return f"<Dataset {size}{f', {word} ' if about else ''}{', '.join(about)}>"

    @property
    def by_target(self) -> tuple[Dataset, ...]:
        """The same rows once for each target, with that target alone."""
        return tuple(self.only(target) for target in self.schema.targets)

    def _task(self) -> str:
        """Say what the target is."""
        task = self.schema.tasks[self.target]
        if task == "multiclass":
            return f"{len(set(self.arrays[self.target].tolist()) - {None}):,} classes"
        if task == "multilabel":
            return f"{self.arrays[self.target].shape[1]:,} labels"
        words = {
            "binary": "binary",
            "text": "a text",
            "step_classes": "a class of each step",
            "step_numbers": "a number of each step",
            "series": "a series",
        }
        return words.get(task, "a number")

    def only(self, target: str) -> Dataset:
        """Return the same rows with one of the targets; where it has no value they stay."""
        return replace(self, schema=self.schema.only(target))

    @property
    def target(self) -> str:
        """The name of the (first) column to predict."""
        return self.schema.targets[0]

    @property
    def rows(self) -> Array:
        """(N,) int64, the row of its own file that each row stands in, counted from 1."""
        return self.origin.rows

    @property
    def parts(self) -> Array | None:
        """(N,) "train", "validation" or "test" when separate files gave them, else None."""
        return self.origin.parts

    def place(self, position: int) -> str:
        """Write where a row stands, for people: "row 12", or "row 12 of test.csv"."""
        return self.origin.place(position)

    @cached_property
    def fingerprint(self) -> str:
        """Return the sha256 of all names, kinds, values and parts."""
        digest = hashlib.sha256()
        for column in self.schema.columns:
            digest.update(f"{column.name}\0{column.kind}\0".encode())
        digest.update(repr((self.schema.inputs, self.schema.targets)).encode())
        for name in sorted(self.arrays):
            update(digest, name, self.arrays[name])
        if self.parts is not None:
            update(digest, "parts", self.parts.astype(object))
        return digest.hexdigest()


def read_only(values: Any, lengths: Array | None) -> Values:
    """Return a column that cannot be written to; pictures and sequences as blocks."""
    if isinstance(values, Pictures):
        return replace(values, base=frozen(values.base))
    if isinstance(values, Sequences):
        steps = values.steps
        return values if isinstance(steps, SideBySide) else replace(values, steps=frozen(steps))
    return block_of(frozen(values), lengths)


def one(value: Any) -> Any:
    """Return one cell: a missing word as "", a date as ISO text, an array as a copy."""
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value)
    if isinstance(value, np.ndarray):
        return value.copy()
    return "" if value is None else value


def update(digest: Any, name: str, values: Values) -> None:
    """Add a named column to a digest; strings with their lengths, so that no two columns collide.

    Pictures are added a few at a time; of sequences their real steps.
    """
    digest.update(f"{name}\0{values.dtype}\0{values.shape}\0".encode())
    if isinstance(values, Pictures):
        for _, piece in values.pieces():
            digest.update(piece.tobytes())
    elif isinstance(values, Sequences):
        digest.update(values.lengths.tobytes())
        digest.update((values.starts - values.starts.min(initial=0)).tobytes())
        real = np.arange(len(values.steps))[values.stretch() or values.covered()]
        for start in range(0, len(real), PIECE):
            piece = values.steps[as_slice(real[start : start + PIECE])]
            digest.update(np.ascontiguousarray(piece))
    elif values.dtype == object:
        texts = ["" if value is None else value for value in values]
        sizes = [-1 if v is None else len(t) for v, t in zip(values, texts, strict=True)]
        digest.update(np.array(sizes, dtype=np.int64).tobytes())
        digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    else:
        digest.update(np.ascontiguousarray(values).tobytes())
