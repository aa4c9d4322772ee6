"""Array target: a target array of more than one axis is classes written as 1 among 0s, or refused.

A run predicts one class or one number for each row; several are trained from the next version on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.target import Target
from bakeoff.errors import DataError

LATER = "Several targets are trained from the next version on; give one, as"


def one_target(y: Array, name: str, kind: str = "") -> tuple[Array, str]:
    """Return one value for each row, and the kind to read them as.

    Args:
        y: (N,), or (N, K) with one 1 in each row, whose place is the class.
        name: What it is called.
        kind: The one that the user named; "" to decide.

    Raises:
        DataError: It holds several targets; the message says what they are.
    """
    if y.ndim == 1:
        return y, kind
    if is_one_hot(y) and kind in ("", "category", "binary"):
        return y.argmax(axis=1), kind or "category"
    raise DataError(
        f"{name} has shape {y.shape}: {what_it_is(y, kind)}. {LATER} {name}{first_of(y)}."
    )


def are_labels(y: Array, kind: str = "") -> bool:
    """Tell whether y (N, K) are labels: 0, 1 or NaN, any number of them 1 in a row.

    Where each row has one 1, its place is a class, unless the user says labels.

    Example:
        >>> import numpy as np
        >>> are_labels(np.array([[1, 1], [0, 1]])), are_labels(np.eye(2))
        (True, False)
    """
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "biuf" or kind not in ("", "labels"):
        return False
    unknown = np.isnan(y) if y.dtype.kind == "f" else np.zeros(y.shape, bool)
    return bool(((y == 0) | (y == 1) | unknown).all() and (kind or not is_one_hot(y)))


def what_it_is(y: Array, kind: str) -> str:
    """Say what a target of several values a row is."""
    if kind in ("sequence", "tokens") and y.ndim == 2:
        return f"a {'number' if kind == 'sequence' else 'token'} for each of {y.shape[1]:,} steps"
    if y.ndim == 3:
        return f"a series of {y.shape[1]:,} steps of {y.shape[2]:,} numbers for each row"
    if y.ndim > 3:
        return "an array for each row"
    if y.dtype.kind not in "biuf":
        return f"{y.shape[1]:,} classes for each row"
    return f"{y.shape[1]:,} numbers for each row"


def first_of(y: Array) -> str:
    """Write how to take the first value of each row: [:, 0]."""
    return "[:" + ", 0" * (y.ndim - 1) + "]"


def told_one_hot(target: Target, columns: int) -> Target:
    """Say that the classes are places of a 1."""
    reason = f"the place of the 1 among {columns:,} columns, counted from 0"
    return target._replace(column=replace(target.column, reason=reason))


def is_one_hot(y: Array) -> bool:
    """Tell whether each row (K,) of two or more numbers is 0 but for one 1.

    Example:
        >>> import numpy as np
        >>> is_one_hot(np.eye(3)), is_one_hot(np.array([[1, 1], [0, 1]]))
        (True, False)
    """
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
