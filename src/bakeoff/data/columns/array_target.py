"""Array target: what a target array of more than one axis is.

classes written as 1 among 0s        (N, K)
several targets                      (N, K), numbers or classes, ten at most
a class or a number of each step     (N, T), where the user says sequence, and the input has T steps
the same, as 1 among 0s              (N, T, C), 0 alone behind the end of a sequence
a series of its own                  (N, S), where the user says sequence; (N, S, 1)
several series                       (N, S, K), ten at most
classes, but not one of each step    (N, S), (N, S, C): a text of S words
all else                             refused, with the way on
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Column
from bakeoff.data.columns.step_target import STEPS
from bakeoff.data.columns.target import Target, refuse_positive
from bakeoff.data.forms import NumberForm, StepsForm
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, option

MOST_APART = 10  # columns of an array that are a target each
ONE = "One number or class is predicted of it; give one, as"


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
    shown = f"{name} has shape {y.shape}: {what_it_is(y, kind)}."
    if y.ndim == 2 and y.shape[1] > MOST_APART and kind in ("", "number", "category"):
        few = f"At most {MOST_APART} are predicted at once; give some of them, as"
        raise DataError(f"{shown} {few} {name}[:, :{MOST_APART}]{way_on(y, name)}.")
    raise DataError(f"{shown} {ONE} {name}{first_of(y)}{way_on(y, name)}.")


def columns_apart(y: Array, name: str, kind: str = "") -> dict[str, Array]:
    """Return each column of y (N, K) as a target: name_0, name_1 and so on; else y as it is.

    So are the series of y (N, S, K), each (N, S, 1).

    Args:
        y: What was given.
        name: What it is called.
        kind: The one that the user named; "" to decide.

    Example:
        >>> list(columns_apart(np.array([[1.5, 20.0], [2.5, 10.0]]), "y"))
        ['y_0', 'y_1']
    """
    if are_steps(y, kind) and y.ndim == 3 and 2 <= y.shape[2] <= MOST_APART:
        return {f"{name}_{k}": y[:, :, k : k + 1] for k in range(y.shape[2])}
    several = y.ndim == 2 and 2 <= y.shape[1] <= MOST_APART
    if not several or kind not in ("", "number", "category") or are_labels(y) or is_one_hot(y):
        return {name: y}
    return {f"{name}_{k}": y[:, k] for k in range(y.shape[1])}


def classes_of_steps(y: Array) -> Array:
    """Return the class of each step, where y (N, T, C) is 0 but for one 1 in it; else y as it is.

    Behind the last step of a sequence all may be 0: there is none.

    Returns:
        (N, T, 1) int, or objects with None where there is none.

    Example:
        >>> y = np.array([[[0, 1], [1, 0]], [[0, 1], [0, 0]]])
        >>> classes_of_steps(y)[:, :, 0].tolist()
        [[1, 0], [1, None]]
        >>> classes_of_steps(y + 0.5).shape
        (2, 2, 2)
    """
    if y.ndim != 3 or y.shape[2] < 2 or y.dtype.kind not in "biuf":
        return y
    there = y.sum(axis=2) == 1
    if not ((y == 0) | (y == 1)).all() or not there[:, 0].all() or y[~there].any():
        return y
    if (there[:, 1:] & ~there[:, :-1]).any():
        return y  # a step without any between others
    classes: Array = y.argmax(axis=2)[:, :, None]
    if not there.all():
        classes = classes.astype(object)
        classes[~there] = None
    return classes


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


def are_steps(y: Array, kind: str = "") -> bool:
    """Tell whether y holds a value of each step: where the user says so, or (N, S, 1).

    Args:
        y: The target.
        kind: The one that the user named.
    """
    said = kind.partition(":")[0] in ("sequence", "steps")
    return (said and y.ndim in (2, 3)) or (y.ndim == 3 and not kind)


def one_channel(y: Array, name: str) -> Array:
    """Return a target of steps as (N, S).

    Raises:
        DataError: It has several numbers a step.
    """
    if y.ndim == 3 and y.shape[2] == 1:
        return y[:, :, 0]
    if y.ndim != 2:
        raise DataError(
            f"{name} has shape {y.shape}: {what_it_is(y, '')}. At most {MOST_APART} are predicted "
            f"at once; give some of them, as {name}[:, :, :{MOST_APART}]."
        )
    return y


def are_classes(y: Array, kind: str) -> bool:
    """Tell whether the steps of y are classes: texts or True and False, or called so."""
    return y.dtype.kind not in "fiu" or kind == "category"


def as_text(y: Array) -> Array:
    """Return the classes of y (N, S) as a text of each row, (N,); None and "" are no class.

    Example:
        >>> as_text(np.array([[3, 0], [1, 1]])).tolist()
        ['3 0', '1 1']
        >>> as_text(np.array([[3.0, np.nan]])).tolist()
        ['3']
    """
    import polars as pl

    flat = as_texts(pl.Series("y", y.reshape(-1).tolist(), strict=False))
    cells = np.array(flat.to_list(), object).reshape(y.shape)
    rows = [[one for one in row if one] for row in cells]
    return np.array([" ".join(words) or None for words in rows], object)


def series_target(y: Array, name: str, positive: str | None) -> Target:
    """Return series of numbers as a target; rows without one at some step have none.

    Args:
        y: (N, S)
        name: Of the target.
        positive: Refused: there is no positive class.
    """
    refuse_positive(positive, name, "a series")
    values = y.astype(np.float64)
    lost = ~np.isfinite(values).all(axis=1)
    values[lost] = np.nan
    size = values.shape[1]
    column = Column(
        name=name,
        kind=STEPS,
        reason=f"a series of {size:,} numbers",
        missing=int(lost.sum()),
        form=StepsForm((), NumberForm(), size),
    )
    return Target(column, values, "series", "", ())


def way_on(y: Array, name: str) -> str:
    """Say how to predict all of them, where they may be steps."""
    if y.ndim != 2:
        return ""
    return f", or say {option('kinds', {name: 'sequence'})} if they are the steps of a series"


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
