"""Transform: what is fitted on training rows and applied to all; one file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, ClassVar, Literal, Protocol, Self, TypeGuard, runtime_checkable

import numpy as np

from bakeoff.data.array import Array

Role = Literal["numbers", "codes", "block", "target"]
"""What comes out: numbers side by side, codes of categories, a whole block, a target."""


@runtime_checkable
class Transform(Protocol):
    """What every transform can do. Its class can be called again with its state."""

    role: ClassVar[Role]

    @classmethod
    def fit(cls, values: Any) -> Self:
        """Learn from the values of the training rows, of pictures as a block."""

    def apply(self, values: Any) -> Array:
        """Transform values, known from training or not; of time series as a block."""

    def state(self) -> dict[str, Any]:
        """Return the arguments, plain values and arrays, that make it again."""


class ToNumbers(Transform, Protocol):
    """A transform whose role is "numbers"."""

    def plain(self, values: Array) -> Array:
        """Return (N, F) float64 as trees read them: unscaled, NaN where missing."""


class ToCodes(Transform, Protocol):
    """A transform whose role is "codes"."""

    @property
    def size(self) -> int:
        """How many codes there are."""


def gives_numbers(transform: Transform) -> TypeGuard[ToNumbers]:
    """Tell whether numbers come out."""
    return transform.role == "numbers"


def gives_codes(transform: Transform) -> TypeGuard[ToCodes]:
    """Tell whether codes of categories come out."""
    return transform.role == "codes"


def check_widths(transform: Any, width: int) -> None:
    """Refuse a transform whose arrays are not of one width.

    Raises:
        ValueError: The message names the array.
    """
    for name in ("means", "stds", "missing", "lows", "highs"):
        array = getattr(transform, name, None)
        if array is not None and array.shape != (width,):
            raise ValueError(f"{name} has the shape {array.shape}, not ({width},)")


def in_pieces(values: Array, change: Callable[[Array], Array]) -> Array:
    """Change a block in float64, some rows at a time, so that it is never all held in that.

    Args:
        values: (N, ...) of any type.
        change: Takes float64 rows (n, ...), which it may write into, and returns as many.

    Returns:
        (N, ...) float32.
    """
    result = np.empty(values.shape, dtype=np.float32)
    for rows in pieces(len(values)):
        result[rows] = change(values[rows].astype(np.float64))
    return result


def pieces(count: int) -> Iterator[slice]:
    """Yield slices of 256 rows."""
    for start in range(0, count, 256):
        yield slice(start, start + 256)


def fields_of(transform: Any) -> dict[str, Any]:
    """Return the fields of a transform, arrays as they are."""
    return {field.name: getattr(transform, field.name) for field in fields(transform)}
