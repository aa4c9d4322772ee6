"""Sources: where the values of an input are kept, and how a batch of rows is taken from there.

    rows      base (M, ...)                                 base[r]
    pixels    base (M, Y, X, C), volumes (M, Z, Y, X, C)    standardised, in the axes wanted
    windows   steps (S, F), starts (N,), one length L       (n, L, F), a strided view
    ragged    steps (S, ...), starts (N,), lengths (N,)     padded to the longest, and `lengths`
    reduced   pictures or volumes, for baselines alone      made small, or their colours counted

`take` is the NumPy way, for baselines and tests. The model rooms take the same batches as tensors
of their framework (`feed.py` in each), from what `plain` returns: plain values, no type of ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from bakeoff.data.array import Array, as_slice
from bakeoff.data.blocks import padded, rows_at_once
from bakeoff.data.taking.small import colour_histograms, small_pictures, small_volumes

Axes = Literal["picture", "steps", "vector"]
"""A picture as it is, as a sequence of its rows of pixels, or as one vector."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Values that are taken as they are.

    Args:
        base: (M, ...)
        rows: (N,) which of them, in order.
    """

    base: Array
    rows: Array
    kind: ClassVar[str] = "rows"

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Any) -> Self:
        """Return the source of some rows."""
        return replace(self, rows=self.rows[as_slice(positions)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows: (N, ...)."""
        return (len(self), *self.base.shape[1:])

    def take(self, positions: Any = slice(None)) -> Array:
        """Return some rows: (n, ...)."""
        return np.asarray(self.base[self.rows[positions]])


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Pictures or volumes, standardised per channel when they are taken.

    Args:
        base: (M, Y, X, C) or (M, Z, Y, X, C) of any type.
        rows: (N,) which of them, in order; -1 where a row has none: it is the mean picture, zeros.
        shift: (C,) what is subtracted, in the unit of the base.
        scale: (C,) what the difference is multiplied with.
        lows: (C,) the least value that counts: what is below is taken as that.
        highs: (C,) the greatest.
        white: The brightest there is, in the unit of the base: what augmentation counts by.
        axes: "picture" in a page's own order of axes (torch: channels first, else last); "steps":
            (n, Y, X · C); "vector": (n, Y · X · C).
    """

    base: Array
    rows: Array
    shift: Array
    scale: Array
    lows: Array
    highs: Array
    white: float = 255.0
    axes: Axes = "picture"
    kind: ClassVar[str] = "pixels"

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Any) -> Self:
        """Return the source of some rows."""
        return replace(self, rows=self.rows[as_slice(positions)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows, channels last."""
        sizes = self.base.shape[1:]
        if self.axes == "picture":
            return (len(self), *sizes)
        width = int(np.prod(sizes[1:] if self.axes == "steps" else sizes))
        return (len(self), sizes[0], width) if self.axes == "steps" else (len(self), width)

    def take(self, positions: Any = slice(None)) -> Array:
        """Return some rows as float32: (n, Y, X, C), (n, Y, X · C) or (n, Y · X · C)."""
        rows = self.rows[positions]
        values = self.base[rows].astype(np.float64)
        np.clip(values, self.lows, self.highs, out=values)
        values -= self.shift
        values *= self.scale
        values[rows < 0] = 0
        return np.asarray(values, np.float32).reshape(len(values), *self.shape[1:])


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Stretches of equal length of one table of steps, which may overlap.

    Args:
        base: (S, F) float32.
        starts: (N,) the first step of each.
        length: L, steps of each.
        vector: Whether a window is taken as one vector (n, L · F).
        by_channel: Whether all steps of a channel stand side by side in such a vector, in place of
            all channels of a step.
    """

    base: Array
    starts: Array
    length: int
    vector: bool = False
    by_channel: bool = False
    kind: ClassVar[str] = "windows"

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, positions: Any) -> Self:
        """Return the source of some windows."""
        return replace(self, starts=self.starts[as_slice(positions)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all windows."""
        width = self.base.shape[1]
        return (len(self), self.length * width) if self.vector else (len(self), self.length, width)

    def take(self, positions: Any = slice(None)) -> Array:
        """Return some windows: (n, L, F), or (n, L · F)."""
        places = self.starts[positions][:, None] + np.arange(self.length)
        values = self.base[places]
        if self.by_channel:
            values = values.swapaxes(1, 2)
        return np.asarray(values.reshape(len(values), -1) if self.vector else values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ragged:
    """Sequences of different lengths.

    Args:
        base: (S, F) float32, or (S,) tokens.
        starts: (N,) the first step of each.
        lengths: (N,) the steps of each.
    """

    base: Array
    starts: Array
    lengths: Array
    kind: ClassVar[str] = "ragged"

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, positions: Any) -> Self:
        """Return the source of some sequences."""
        some = as_slice(positions)
        return replace(self, starts=self.starts[some], lengths=self.lengths[some])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all sequences, padded to the longest."""
        return (len(self), int(self.lengths.max(initial=0)), *self.base.shape[1:])

    def take(self, positions: Any = slice(None)) -> Array:
        """Return some sequences, zeros behind their ends: (n, T, F), T of the longest of them."""
        return padded(self.base, self.starts[positions], self.lengths[positions])


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """Pictures or volumes as plain models read them, reduced a few at a time when taken.

    So a baseline of 60,000 colour pictures keeps no second copy of them, in memory or in a file.

    Args:
        base: (M, Y, X, C), or to be made small (M, Z, Y, X, C).
        rows: (N,) which of them, in order; -1 where a row has none: NaN.
        way: "small": as vectors of few pixels; "histograms": how often each colour comes.
        times: What makes bytes of the values, for histograms: 255 of shares.
    """

    base: Array
    rows: Array
    way: Literal["small", "histograms"]
    times: float = 1.0
    kind: ClassVar[str] = "reduced"

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Any) -> Self:
        """Return the source of some rows."""
        return replace(self, rows=self.rows[as_slice(positions)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows: (N, F)."""
        return (len(self), self.reduce(self.base[:1]).shape[1])

    def take(self, positions: Any = slice(None)) -> Array:
        """Return some rows as float32: (n, F)."""
        rows = self.rows[positions]
        taken = np.empty((len(rows), self.shape[1]), np.float32)
        step = rows_at_once(self.base)
        for start in range(0, len(rows), step):
            taken[start : start + step] = self.reduce(self.base[rows[start : start + step]])
        taken[rows < 0] = np.nan
        return taken

    def reduce(self, pictures: Array) -> Array:
        """Return a few pictures or volumes as vectors (n, F)."""
        if self.way == "histograms":
            return colour_histograms(pictures if self.times == 1.0 else pictures * self.times)
        reduced = small_pictures(pictures) if pictures.ndim == 4 else small_volumes(pictures)
        return reduced.reshape(len(reduced), math.prod(reduced.shape[1:]))


Source = Rows | Pixels | Windows | Ragged | Reduced
SOURCES: Mapping[str, type[Source]] = {c.kind: c for c in (Rows, Pixels, Windows, Ragged, Reduced)}


class Sliced:
    """Rows of a source as an array would give them, taken when they are asked for.

    Args:
        source: Where they are.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.shape = source.shape

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, positions: Any) -> Array:
        """Return some rows as an array."""
        return self.source.take(positions)


def take(inputs: Mapping[str, Source], positions: Any = slice(None)) -> dict[str, Array]:
    """Return a batch of every input, and the lengths of ragged ones: those of x as `lengths`.

    Args:
        inputs: Argument of a page -> where its values are.
        positions: Of the rows, among those of the sources.
    """
    batch = {}
    for name, source in inputs.items():
        batch[name] = source.take(positions)
        if isinstance(source, Ragged):
            batch[lengths_name(name)] = source.lengths[positions]
    return batch


def read_as(view: str, inputs: Mapping[str, Source], *, per_step: bool = False) -> dict[str, Any]:
    """Return the inputs of a baseline: windows and texts to be sliced, steps where they are.

    All others come as arrays.
    """
    if per_step:
        return dict(inputs)
    if view not in ("window", "words"):
        return take(inputs)
    sliced: dict[str, Any] = {name: Sliced(source) for name, source in inputs.items()}
    for name, source in inputs.items():
        if isinstance(source, Ragged):
            sliced[lengths_name(name)] = source.lengths
    return sliced


def lengths_name(name: str) -> str:
    """Return how the lengths of an input are called: `lengths` of x, else `<name>.lengths`."""
    return "lengths" if name == "x" else f"{name}.lengths"


def plain(source: Source) -> dict[str, Any]:
    """Return a source as plain values, which need no type of ours: its kind and its fields."""
    return {"kind": source.kind, **{f.name: getattr(source, f.name) for f in fields(source)}}


def source_of(document: Mapping[str, Any]) -> Source:
    """Make a source of plain values again."""
    return SOURCES[document["kind"]](**{k: v for k, v in document.items() if k != "kind"})
