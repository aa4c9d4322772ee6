"""Inputs and target given apart, (X, y) as everywhere else, become one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from bakeoff.data.assembling.cell_columns import cell_columns, target_columns
from bakeoff.errors import DataError, option


def join_pair(x: Any, y: Any, name: str = "") -> tuple[Any, Any]:
    """Join inputs and target.

    Args:
        x: (N, ...) a pandas or polars frame, a dict of columns, or an array or nested list.
        y: (N,) a series, array or list, or a frame or array of one column; a frame of several
            holds a target each.
        name: Of the target; "" takes that of the series, else "target".

    Returns:
        What `read` takes, and the name of the target, a list of several; None where arrays need no
        name.

    Raises:
        DataError: They do not have the same number of rows, y is a dict, or a column of it is
            called as one of x.

    Example:
        >>> table, target = join_pair({"age": [31, 52]}, ["no", "yes"])
        >>> table, target
        ({'age': [31, 52], 'target': ['no', 'yes']}, 'target')
    """
    if isinstance(y, Mapping):
        raise DataError(
            f"y is a dict of {len(y)} targets: give all arrays as one dict, {{'x': x, **y}}, and "
            f"name them with {option('target', ','.join(map(str, y)))}."
        )
    if hasattr(x, "columns") and len(getattr(y, "columns", ())) > 1:
        return join_targets(x, y)
    y, own = one_series(y)
    cells = cell_columns(x)
    if cells is not None:
        check_rows(len(x), len(y))
        targets, chosen = target_columns(y, name or "y")
        return {**cells, **targets}, chosen
    if isinstance(x, Mapping):
        name = name or free_name(own, x)
        return {**x, name: y}, name
    if not hasattr(x, "columns"):
        x, y = as_array(x), as_array(y)
        check_rows(len(x), len(y))
        return (x, y), None
    if hasattr(x, "collect"):
        x = x.collect()
    name = name or free_name(own, [str(column) for column in x.columns])
    check_rows(len(x), len(y))
    if hasattr(x, "iloc"):  # pandas; rows go together by position, as in scikit-learn
        return x.assign(**{name: getattr(y, "array", y)}), name
    import polars as pl

    return x.with_columns(pl.Series(name, y if isinstance(y, pl.Series) else list(y))), name


def join_targets(x: Any, y: Any) -> tuple[Any, list[str]]:
    """Join a frame of inputs and one of targets, column by column."""
    x, y = (frame.collect() if hasattr(frame, "collect") else frame for frame in (x, y))
    taken = {str(column) for column in x.columns}
    names = [str(column) for column in y.columns]
    for name in names:
        if name in taken:
            raise DataError(f"X and y both have a column called {name!r}. Rename one of them.")
    for column, name in zip(y.columns, names, strict=True):
        x = join_pair(x, y[column], name)[0]
    return x, names


def one_series(y: Any) -> tuple[Any, str]:
    """Return the target as one column, and its name if it has one."""
    if hasattr(y, "columns") and len(y.columns) == 1:  # a frame of one column
        column = y.columns[0]
        y = y.collect()[column] if hasattr(y, "collect") else y[column]
    if getattr(y, "ndim", 1) == 2 and np.shape(y)[1] == 1:
        y = np.asarray(y)[:, 0]
    name = getattr(y, "name", None)
    return y, name if isinstance(name, str) and name else "target"


def as_array(values: Any) -> np.ndarray[Any, Any]:
    """Return an array of an array, a tensor, a series or a list."""
    if hasattr(values, "detach"):  # a torch tensor
        values = values.detach().cpu()
    if hasattr(values, "toarray"):
        raise DataError(
            f"The inputs are a sparse matrix {values.shape}, which cannot be read. Give "
            "X.toarray(), or a frame of the columns that matter."
        )
    return np.asarray(values)


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with _ behind it while a column is called so."""
    while name in taken:
        name += "_"
    return name


def check_rows(x: int, y: int) -> None:
    """Refuse a target that has other rows than the inputs."""
    if x != y:
        raise DataError(f"X has {x:,} rows and y has {y:,}. Give one value of y per row of X.")
