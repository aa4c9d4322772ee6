"""Cell columns: rows that make no one array of numbers become columns of cells.

lists of different lengths       x, as Keras gives reviews: an array of lists of word numbers
texts                            x
(N, K) strings or objects        x_0, x_1, ...
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff.data.columns.array_target import are_labels, columns_apart, one_target
from bakeoff.errors import DataError

LOOKED_AT = 1_000  # rows in which strings are looked for
LISTS = (list, tuple, np.ndarray)


def cell_columns(x: Any, name: str = "x") -> dict[str, list[Any]] | None:
    """Return rows as columns of cells; None where an array can hold them.

    Args:
        x: (N, ...) what was given.
        name: What it is called.

    Raises:
        DataError: Pictures differ in size.

    Example:
        >>> cell_columns([[1, 2], [3]]), cell_columns(["so", "so"]), cell_columns([[1, 2], [3, 4]])
        ({'x': [[1, 2], [3]]}, {'x': ['so', 'so']}, None)
    """
    if isinstance(x, np.ndarray) and x.ndim == 2 and x.dtype.kind in "UO":
        return {f"{name}_{k}": column.tolist() for k, column in enumerate(x.T)}
    if getattr(x, "ndim", 1) != 1 or not (isinstance(x, LISTS) or hasattr(x, "to_list")):
        return None
    if getattr(getattr(x, "dtype", None), "kind", "O") in "biufcM":
        return None
    rows = list(x.to_list() if hasattr(x, "to_list") else x)
    if all(row is None or isinstance(row, str) for row in rows):
        return {name: rows} if any(rows) else None
    if not all(isinstance(row, LISTS) and getattr(row, "ndim", 1) for row in rows):
        return None
    refuse_sizes(rows)
    if len({len(row) for row in rows}) > 1:
        return {name: rows}
    if any(isinstance(cell, str) for row in rows[:LOOKED_AT] for cell in row):
        return {f"{name}_{k}": list(cells) for k, cells in enumerate(zip(*rows, strict=True))}
    return None


def refuse_sizes(rows: list[Any]) -> None:
    """Refuse pictures of different sizes."""
    sizes = sorted({row.shape for row in rows if isinstance(row, np.ndarray) and row.ndim > 2})
    if len(sizes) > 1:
        raise DataError(
            f"x holds pictures of {len(sizes):,} sizes, {sizes[0]} and {sizes[1]} among them. "
            "Bring them to one, or give them as files, which are resized."
        )


def target_columns(y: Any, name: str) -> tuple[dict[str, Any], Any]:
    """Return the targets that go with columns of cells: name -> values, and what to predict.

    Args:
        y: (N,) a class or a number, (N, K) one 1 among 0s, labels, or several numbers, or a frame.
        name: Of a target that has none.

    Example:
        >>> columns, target = target_columns(np.array([[0, 1], [1, 0]]), "y")
        >>> columns["y"].to_list(), target
        (['1', '0'], 'y')
        >>> target_columns(np.array([[0.5, 1], [1.5, 0]]), "y")
        ({'y_0': [0.5, 1.5], 'y_1': [1.0, 0.0]}, ['y_0', 'y_1'])
    """
    if hasattr(y, "columns"):
        names = [str(column) for column in y.columns]
        return {own: list(y[column]) for own, column in zip(names, y.columns, strict=True)}, names
    if getattr(y, "ndim", 1) != 2:
        return {name: list(y)}, name
    y = np.asarray(y)
    if are_labels(y):
        return {f"{name}_{k}": column.tolist() for k, column in enumerate(y.T)}, f"{name}_*"
    apart = columns_apart(y, name)
    if len(apart) == 1:  # the place of a 1 is a class, however many there are
        import polars as pl

        classes = pl.Series(one_target(y, name)[0].astype(str), dtype=pl.Categorical)
        return {name: classes}, name
    columns = {own: values.tolist() for own, values in apart.items()}
    return columns, list(columns) if len(columns) > 1 else name


def are_cell_pairs(given: Mapping[str, object]) -> bool:
    """Tell whether every part is (x, y), and x of one of them makes no array."""
    pairs = [v for v in given.values() if isinstance(v, (tuple, list)) and len(v) == 2]
    return len(pairs) == len(given) and any(cell_columns(x) for x, _ in pairs)


def in_columns(given: Mapping[str, Any]) -> tuple[dict[str, object], Any]:
    """Turn (x, y) of each part to columns; return them, and what to predict.

    Args:
        given: "train", "validation", "test" -> (x, y).

    Example:
        >>> in_columns({"train": ([[1, 2], [3]], [0, 1])})
        ({'train': {'x': [[1, 2], [3]], 'y': [0, 1]}}, 'y')
    """
    inputs = {part: cell_columns(x) or {"x": list(x)} for part, (x, _) in given.items()}
    targets = {part: target_columns(y, "y") for part, (_, y) in given.items()}
    return {part: {**inputs[part], **targets[part][0]} for part in given}, targets["train"][1]
