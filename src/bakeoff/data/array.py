"""Array: what columns, inputs and targets are made of."""

import weakref
from typing import Annotated, Any

import numpy as np

from bakeoff.errors import DataError

Array = np.ndarray[Any, Any]
"""What each column holds."""

PIECE = 2**16  # numbers looked at at once


class Row:
    """One number after the other, all of one kind: what a stored array must be."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def check(self, value: Array, name: str) -> None:
        """Refuse an array of another kind, or of more axes.

        Raises:
            DataError: The message names the field.
        """
        if value.ndim != 1 or value.dtype.kind != self.kind:
            raise DataError(f"{name} is an array {value.shape} of {value.dtype}.")


Amounts = Annotated[Array, Row("f")]
Counts = Annotated[Array, Row("i")]
Flags = Annotated[Array, Row("b")]


def within(values: Array, lengths: Array) -> Array:
    """Return where sequences are real: (N, T, ...), lengths (N,) -> (N, T), False in the padding.

    Example:
        >>> within(np.zeros((2, 3, 1)), np.array([1, 3])).tolist()
        [[True, False, False], [True, True, True]]
    """
    return np.asarray(np.arange(values.shape[1]) < lengths[:, None])


def is_missing(values: Array) -> Array:
    """Return (N,) True where a column of single values has none, or a row of labels not one."""
    if values.ndim == 2:
        return np.asarray(np.isnan(values).all(axis=1))
    if values.dtype == object:
        return np.asarray(values == np.array(None))
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def numbered(values: Array) -> Array:
    """Return strings as codes, equal where the strings are; numbers and dates as they are."""
    if values.dtype != object:
        return values
    codes: dict[str | None, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int64)


def as_slice(positions: Any) -> Any:
    """Return positions that follow each other as a slice, which copies nothing; others as they are.

    Example:
        >>> as_slice(np.array([3, 4, 5])), as_slice(np.array([3, 5]))
        (slice(3, 6, None), array([3, 5]))
    """
    if not isinstance(positions, np.ndarray) or positions.ndim != 1:
        return positions
    if positions.dtype.kind != "i" or not len(positions):
        return positions
    first, last = int(positions[0]), int(positions[-1])
    if first < 0 or last - first != len(positions) - 1 or (positions[1:] <= positions[:-1]).any():
        return positions
    return slice(first, last + 1)


def counting(start: int, stop: int) -> Array:
    """Return the whole numbers from start to stop, read-only: views of one array, held once.

    The rows of a file, the starts of windows and the rows of a part, in order, are such numbers.

    Example:
        >>> counting(2, 5).tolist(), np.shares_memory(counting(0, 9), counting(4, 7))
        ([2, 3, 4], True)
    """
    found = HELD.get("numbers")
    if found is None or len(found) < stop:
        found = HELD["numbers"] = Held(stop, np.int64)
        found[:] = np.arange(stop)
    return frozen(np.asarray(found)[start:stop])


def in_order(positions: Array) -> Array:
    """Return positions; those that follow each other as `counting` has them."""
    some = as_slice(positions)
    return counting(some.start, some.stop) if isinstance(some, slice) else positions


class Held(np.ndarray[Any, Any]):
    """An array that can be referred to weakly: it goes with the last view of it."""


HELD: weakref.WeakValueDictionary[str, Held] = weakref.WeakValueDictionary()


def frozen(array: Array) -> Array:
    """Return the same values, read-only."""
    array = array.view()
    array.flags.writeable = False
    return array


def held_as_float32(values: Array) -> bool:
    """Tell whether float32 holds every number exactly, some at a time."""
    if values.dtype == np.float32:
        return True
    with np.errstate(over="ignore"):  # what becomes infinite is not held
        for start in range(0, len(values), PIECE):
            part = values[start : start + PIECE]
            if not ((part.astype(np.float32) == part) | (part != part)).all():
                return False
    return True


def compact(values: Array) -> Array:
    """Return numbers as float32 where that holds every value exactly, else as float64.

    Example:
        >>> compact(np.array([0.5, np.nan])).dtype, compact(np.array([1_700_000_001.0])).dtype
        (dtype('float32'), dtype('float64'))
    """
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):  # what becomes infinite is not held
        short = values.astype(np.float32)
    held = (short == values) | (values != values)  # NaN stays NaN
    return short if held.all() else values.astype(np.float64, copy=False)


def is_mapped(array: Any) -> bool:
    """Tell whether an array is a view of a file that is memory-mapped."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False
