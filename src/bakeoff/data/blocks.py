"""Blocks: columns of pictures, volumes and sequences, kept as they came and taken when needed.

Choosing rows of a block copies nothing but their positions: what the file held is held once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from bakeoff.data.array import Array, as_slice, frozen, held_as_float32

PIECE = 256  # rows taken at once ...
MOST_BYTES = 2**22  # ... or fewer, where they are large


@dataclass(frozen=True, eq=False, repr=False)
class Pictures:
    """Pictures or volumes of one size: some rows of a base that many may share.

    `pictures[3]` is one picture; `pictures[positions]` are some, without a copy;
    `np.asarray(pictures)` copies them all out.

    Args:
        base: (M, Y, X, C) or (M, Z, Y, X, C), in memory or memory-mapped.
        rows: (N,) int64, which of them, in order; -1 where a row has none, which is taken as zeros.
    """

    base: Array
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Any) -> Any:
        """Return one picture, or the pictures of some positions, a mask or a slice."""
        if isinstance(positions, tuple):
            return np.asarray(self)[positions]
        if isinstance(positions, int | np.integer):
            return self.taken(self.rows[np.array([positions])])[0]
        return replace(self, rows=self.rows[positions])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.taken(self.rows).astype(dtype or self.base.dtype, copy=False)

    def __repr__(self) -> str:
        return f"<Pictures {self.shape} {self.dtype}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, Y, X, C) or (N, Z, Y, X, C)."""
        return (len(self), *self.base.shape[1:])

    @property
    def ndim(self) -> int:
        """4 for pictures, 5 for volumes."""
        return self.base.ndim

    @property
    def dtype(self) -> Any:
        """Of the pixels."""
        return self.base.dtype

    def pieces(self) -> Iterator[tuple[int, Array]]:
        """Yield the position of a first row, and it with up to 255 that follow: (n, Y, X, C)."""
        step = rows_at_once(self.base)
        for start in range(0, len(self), step):
            yield start, self.taken(self.rows[start : start + step])

    def taken(self, rows: Array) -> Array:
        """Return rows of the base, zeros where there is none: (n, Y, X, C)."""
        taken = self.base[rows]
        if len(rows) and rows.min() < 0:
            taken[rows < 0] = 0
        return taken

    def real(self) -> Pictures:
        """Return those that there are."""
        return replace(self, rows=self.rows[self.rows >= 0])


@dataclass(frozen=True, eq=False, repr=False)
class SideBySide:
    """Columns of numbers as one table (S, F): put side by side when some of it is taken.

    So the channels of time series stay where the user's table has them.

    Args:
        columns: F arrays (S,) of floats.
    """

    columns: tuple[Array, ...]
    ndim: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Make the columns read-only."""
        object.__setattr__(self, "columns", tuple(frozen(column) for column in self.columns))

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, key: Any) -> Array:
        """Return some rows, (..., F); of (rows, i) those of column i alone."""
        if isinstance(key, tuple):
            rows, column = key
            return self.columns[column][rows].astype(self.dtype, copy=False)
        return np.stack([column[key] for column in self.columns], -1, dtype=self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(S, F)."""
        return (len(self), len(self.columns))

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return sum(int(column.nbytes) for column in self.columns)

    @cached_property
    def dtype(self) -> Any:
        """float32 where that holds every number exactly, else float64."""
        return np.dtype(np.float32 if all(map(held_as_float32, self.columns)) else np.float64)


@dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """Sequences: stretches of one table of steps, which may overlap, as windows do.

    `sequences[3]` is one sequence (T, F); `sequences[positions]` are some, without a copy;
    `np.asarray(sequences)` pads them with zeros to the longest: (N, T, F).

    Args:
        steps: (S, F) or, of tokens, (S,); in memory or memory-mapped, or columns `SideBySide`.
        starts: (N,) int64, the first step of each sequence.
        lengths: (N,) int64, how many steps it has.
        series: (S,) the number of the time series that each step is of; None where there is one.
        names: The series by number.
    """

    steps: Any
    starts: Array
    lengths: Array
    series: Array | None = None
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, positions: Any) -> Any:
        """Return one sequence, or the sequences of some positions, a mask or a slice."""
        if isinstance(positions, tuple):
            return np.asarray(self)[positions]
        if isinstance(positions, int | np.integer):
            start = self.starts[positions]
            return self.steps[start : start + self.lengths[positions]]
        return replace(self, starts=self.starts[positions], lengths=self.lengths[positions])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return padded(self.steps, self.starts, self.lengths).astype(dtype or self.dtype, copy=False)

    def __repr__(self) -> str:
        return f"<Sequences {self.shape} {self.dtype}>"

    @property
    def longest(self) -> int:
        """Steps of the longest sequence."""
        return int(self.lengths.max(initial=0))

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, T, F), T of the longest."""
        return (len(self), self.longest, *self.steps.shape[1:])

    @property
    def ndim(self) -> int:
        """3; 2 of tokens."""
        return int(self.steps.ndim) + 1

    @property
    def dtype(self) -> Any:
        """Of the values."""
        return self.steps.dtype

    def members(self) -> Array:
        """Return (N,) the number of the time series that each sequence is of."""
        if self.series is None:
            return np.zeros(len(self), np.int64)
        return np.asarray(self.series[self.starts], np.int64)

    def stretch(self) -> slice | None:
        """Return the steps from the first to the last, if each start follows the one before it."""
        starts = as_slice(self.starts)
        if not isinstance(starts, slice) or not self.lengths.min() == self.lengths.max() > 0:
            return None
        return slice(starts.start, starts.stop - 1 + int(self.lengths[0]))

    def covered(self) -> Array:
        """Return (S,) True at each step that stands in a sequence."""
        size = len(self.steps) + 1
        stretch = self.stretch()
        if stretch is not None:
            covered = np.zeros(size - 1, dtype=bool)
            covered[stretch] = True
            return covered
        edges = np.bincount(self.starts, minlength=size)
        edges -= np.bincount(self.starts + self.lengths, minlength=size)
        return np.asarray(edges[:-1].cumsum() > 0)

    def real(self) -> Array:
        """Return (s, F) the steps that stand in a sequence, each once; no copy of all of them."""
        stretch = self.stretch()
        if stretch is not None:
            return np.asarray(self.steps[stretch])
        covered = self.covered()
        return np.asarray(self.steps if covered.all() else self.steps[covered])

    def unknown_channels(self) -> Array:
        """Return (F,) True where no step that stands in a sequence has a value."""
        if self.steps.ndim == 1 or self.dtype.kind != "f":
            return np.zeros(self.shape[2:] or 1, dtype=bool)
        some = self.stretch() or self.covered()
        width = self.steps.shape[1]
        return np.array([bool(np.isnan(self.steps[some, i]).all()) for i in range(width)])

    def pieces(self) -> Iterator[tuple[int, Array, Array]]:
        """Yield the position of a first row, up to 256 rows from it (n, T, F), and their lengths.

        Each piece is padded with zeros to the longest of its own.
        """
        for start in range(0, len(self), PIECE):
            some = slice(start, start + PIECE)
            yield (
                start,
                padded(self.steps, self.starts[some], self.lengths[some]),
                self.lengths[some],
            )


Block = Pictures | Sequences
"""What is taken when it is needed."""

Values = Array | Pictures | Sequences
"""What a column of a dataset holds."""


def rows_at_once(base: Array) -> int:
    """Return how many rows of a base are taken at once: 256, or fewer of large ones.

    Example:
        >>> rows_at_once(np.zeros((9, 32, 32, 3), np.uint8)), rows_at_once(np.zeros((9, 2**20)))
        (256, 1)
    """
    return max(1, min(PIECE, MOST_BYTES // max(1, base[:1].nbytes)))


def padded(steps: Array, starts: Array, lengths: Array, longest: int = 0) -> Array:
    """Return stretches of steps as one array, zeros behind their ends.

    Args:
        steps: (S, ...)
        starts: (N,) first step of each.
        lengths: (N,) steps of each.
        longest: Steps of the result; 0: of the longest.

    Example:
        >>> padded(np.array([1, 2, 3, 4]), np.array([0, 1]), np.array([1, 3])).tolist()
        [[1, 0, 0], [2, 3, 4]]
    """
    longest = longest or int(lengths.max(initial=0))
    at = np.arange(longest)
    places = np.minimum(starts[:, None] + at, max(0, len(steps) - 1))  # (N, T)
    result = steps[places]
    result[at >= lengths[:, None]] = 0
    return result


def block_of(values: Array, lengths: Array | None) -> Values:
    """Return an array as what it is kept as: 4 and 5 axes as pictures, 3 as sequences.

    Args:
        values: (N, ...)
        lengths: (N,) real steps of sequences; None where all have the same.
    """
    count = len(values)
    if values.ndim in (4, 5):
        return Pictures(values, np.arange(count))
    if values.ndim != 3:
        return values
    longest = values.shape[1]
    steps = np.full(count, longest) if lengths is None else lengths.astype(np.int64)
    starts = np.arange(count) * longest
    return Sequences(values.reshape(-1, values.shape[2]), starts, steps)
