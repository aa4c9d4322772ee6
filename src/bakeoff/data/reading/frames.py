"""Data frames and columns from Python become polars columns, without importing pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


def from_columns(columns: Mapping[str, Any]) -> pl.DataFrame:
    """Turn a dict of columns into a frame."""
    import polars as pl

    series = [one_column(str(name), values) for name, values in columns.items()]
    lengths = {column.name: len(column) for column in series}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {n:,}" for name, n in list(lengths.items())[:6])
        raise DataError(f"The columns have different lengths: {shown}. Give one value per row.")
    return pl.DataFrame(series)


def one_column(name: str, values: Any) -> pl.Series:
    """Turn a list or an array into a column; values of mixed types become texts."""
    import polars as pl

    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.ndim != 1:
        raise DataError(
            f"Column {name!r} is an array of shape {array.shape}, not one value per row. "
            "Give arrays as (x, y) or as {'x': ..., 'y': ...}."
        )
    if array is not None and array.dtype.kind in "biuf":
        return pl.Series(name, array)
    if array is not None and array.dtype.kind == "M":
        return pl.Series(name, array.astype("datetime64[us]"))
    listed = [None if v is None or v != v else v for v in values]  # NaN and NaT are not themselves
    if len({type(v) for v in listed if v is not None} - {int, float}) <= 1:
        try:
            return pl.Series(name, listed)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    texts = [None if v is None else str(v) for v in listed]
    return pl.Series(name, texts, dtype=pl.String)


def from_pandas(frame: Any) -> tuple[pl.DataFrame, list[str]]:
    """Take a pandas frame, column by column; return notes on what is left out."""
    import polars as pl

    if not hasattr(frame, "columns"):
        frame = frame.to_frame()
    names = [str(name) for name in frame.columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(f"The table has two columns called {repeated!r}. Rename one of them.")
    series = [pandas_column(name, frame.iloc[:, i]) for i, name in enumerate(names)]
    named = [str(name) for name in frame.index.names if name is not None]
    notes = []
    if named:
        notes.append(f"The index {', '.join(named)} is no column; use reset_index() to include it.")
    return pl.DataFrame(series), notes


def pandas_column(name: str, column: Any) -> pl.Series:
    """Turn one pandas column into a polars one."""
    missing = column.isna().to_numpy()
    kind = getattr(column.dtype, "kind", "O")
    if kind == "M":
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_localize(None)
        return one_column(name, column.to_numpy(dtype="datetime64[us]"))
    if kind in "iuf":
        if missing.any():
            return one_column(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
        return one_column(name, column.to_numpy())
    values = column.to_numpy(dtype=object)
    return one_column(name, [None if gone else v for v, gone in zip(values, missing, strict=True)])
