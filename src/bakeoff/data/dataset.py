"""Dataset: one array per column, and what each column is for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Schema
from bakeoff.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Rows of data, column by column, never changed in place.

    Args:
        schema: What the columns are, and which go in and come out.
        arrays: Column -> values: float64 with NaN (numbers), objects of str or None (words),
            datetime64[us] (times), (N, F), (N, Y, X, C), (N, T, F) or (N, Z, Y, X, C) blocks, and
            `<name>.lengths` (N,) int64 beside sequences that have lengths.
        rows: (N,) int64, the row of the file that each row stood in, counted from 1 below the line
            of names, and on through separate files.
        source: The file or set it came from.
        parts: (N,) "train", "validation" or "test" when separate files gave them, else None.
        notes: Decisions made and rows left out, in sentences for the user.
    """

    schema: Schema
    arrays: Mapping[str, Array]
    rows: Array
    source: str
    parts: Array | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of unequal length; make all of them read-only."""
        frozen = {}
        for name, values in self.arrays.items():
            if len(values) != len(self.rows):
                raise DataError(f"Column {name!r} has {len(values):,} of {len(self.rows):,} rows.")
            frozen[name] = values.view()
            frozen[name].flags.writeable = False
        object.__setattr__(self, "arrays", frozen)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, rows: Any) -> Dataset:
        """Return the dataset of some rows, given by numbers, a mask or a slice."""
        return replace(
            self,
            arrays={name: values[rows] for name, values in self.arrays.items()},
            rows=self.rows[rows],
            parts=None if self.parts is None else self.parts[rows],
        )

    @property
    def target(self) -> str:
        """The name of the (first) column to predict."""
        return self.schema.targets[0]

    @property
    def has_target(self) -> bool:
        """Whether the target's values are there; new data may lack them."""
        return self.target in self.arrays

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


def update(digest: Any, name: str, values: Array) -> None:
    """Add a named array to a digest; texts with their lengths, so that no two columns collide."""
    digest.update(f"{name}\0{values.dtype}\0{values.shape}\0".encode())
    if values.dtype == object:
        texts = ["" if value is None else value for value in values]
        sizes = [-1 if v is None else len(t) for v, t in zip(values, texts, strict=True)]
        digest.update(np.array(sizes, dtype=np.int64).tobytes())
        digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    else:
        digest.update(np.ascontiguousarray(values).tobytes())
