"""Data frames and columns from Python become polars columns, without importing pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.data.reading.list_cells import list_cells
from bakeoff.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


SINGLE = {int, float, str, bool}  # types of cells that are no lists


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

    if isinstance(values, pl.Series):
        return values.alias(name)
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):  # a pandas series or array
        return pandas_column(name, values)
    array = unmasked(values) if isinstance(values, np.ndarray) else None
    if array is not None and array.ndim != 1:
        raise DataError(
            f"Column {name!r} is an array of shape {array.shape}, not one value per row. "
            "Give arrays as (x, y) or as {'x': ..., 'y': ...}."
        )
    if array is not None and array.dtype.kind in "biuf":
        return pl.Series(name, array)
    if array is not None and array.dtype.kind == "M":
        return pl.Series(name, array.astype("datetime64[us]"))
    listed = [None if is_nothing(value) else ordered(value) for value in values]
    types = {type(value) for value in listed if value is not None}
    lists = list_cells(name, listed) if types and not types & SINGLE else None
    if lists is not None:
        return lists
    if any(hasattr(kind, "__array__") and not issubclass(kind, np.generic) for kind in types):
        return pl.Series(name, listed, dtype=pl.Object)
    if len(types - {int, float}) <= 1:
        try:
            return pl.Series(name, listed)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    texts = [None if value is None else str(value) for value in listed]
    return pl.Series(name, texts, dtype=pl.String)


def ordered(value: Any) -> Any:
    """Return a set as a list, in the order of its words; all else as it is."""
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else value


def is_nothing(value: Any) -> bool:
    """Tell whether a value stands for none: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ == "NAType":
        return True
    return isinstance(value, (float, np.generic)) and bool(value != value)  # NaN is not itself


def unmasked(array: Any) -> Any:
    """Return an array in which masked values are missing; others as they are."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    mask = np.ma.getmaskarray(array)
    if not mask.any():
        return array.data
    if array.dtype.kind == "M":
        return np.where(mask, np.datetime64("NaT"), array.data)
    if array.dtype.kind in "iuf":
        return np.where(mask, np.nan, array.data.astype(np.float64))
    listed = array.data.astype(object)
    listed[mask] = None
    return listed


def from_pandas(frame: Any) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Take a pandas frame, column by column.

    Returns:
        The frame, the columns that are declared to be categories, and notes on what is left out.
    """
    import polars as pl

    if not hasattr(frame, "columns"):
        frame = frame.to_frame()
    names = [one_name(name) for name in frame.columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError(f"The table has two columns called {repeated!r}. Rename one of them.")
    columns = [frame.iloc[:, i] for i in range(len(names))]
    series = [pandas_column(*pair) for pair in zip(names, columns, strict=True)]
    declared = [n for n, c in zip(names, columns, strict=True) if is_category(c.dtype)]
    named = [str(name) for name in frame.index.names if name is not None]
    notes = []
    if named:
        notes.append(f"The index {', '.join(named)} is no column; use reset_index() to include it.")
    return pl.DataFrame(series), declared, notes


def one_name(name: Any) -> str:
    """Return the name of a column; of several levels the words of each, joined by _.

    Example:
        >>> one_name(("load", "max")), one_name(("day", "")), one_name(3)
        ('load_max', 'day', '3')
    """
    levels = name if isinstance(name, tuple) else (name,)
    return "_".join(str(level) for level in levels if str(level)) or str(name)


def is_category(dtype: Any) -> bool:
    """Tell whether a pandas type is a category, or an interval that values were put into."""
    return type(dtype).__name__ in ("CategoricalDtype", "IntervalDtype")


def pandas_column(name: str, column: Any) -> pl.Series:
    """Turn one pandas column, or array of an extension, into a polars one."""
    import polars as pl

    dtype = column.dtype
    if type(dtype).__name__ == "CategoricalDtype":
        column = column.astype(dtype.categories.dtype if len(dtype.categories) else object)
        dtype = column.dtype
    if type(dtype).__name__ == "PeriodDtype":  # a period is taken by its first moment
        column = column.dt.to_timestamp() if hasattr(column, "dt") else column.to_timestamp()
        dtype = column.dtype
    missing = np.asarray(column.isna())
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return pandas_times(name, column)
    if kind in "iuf":
        if missing.any():
            return one_column(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
        return one_column(name, column.to_numpy())
    if kind == "m":
        return pl.Series(name, column.to_numpy(dtype="timedelta64[us]"))
    if type(dtype).__name__ == "IntervalDtype":
        column = column.astype(str)
    values = np.asarray(column, dtype=object)
    return one_column(name, [None if gone else v for v, gone in zip(values, missing, strict=True)])


def pandas_times(name: str, column: Any) -> pl.Series:
    """Turn pandas times into polars ones that keep their zone; a plain offset becomes UTC."""
    times = getattr(column, "dt", column)
    zone = times.tz
    if zone is None:
        return one_column(name, column.to_numpy(dtype="datetime64[us]"))
    utc = times.tz_convert("UTC")
    utc = getattr(utc, "dt", utc).tz_localize(None)
    series = one_column(name, utc.to_numpy(dtype="datetime64[us]")).dt.replace_time_zone("UTC")
    named = getattr(zone, "key", None) or getattr(zone, "zone", None)
    return series.dt.convert_time_zone(named) if named else series


def index_of_times(data: Any) -> str:
    """Return what a pandas index of times is called as a column, "time" without a name; else ""."""
    index = getattr(data, "index", None)
    if not hasattr(data, "iloc") or type(index).__name__ not in ("DatetimeIndex", "PeriodIndex"):
        return ""
    return str(getattr(index, "name", None) or "time")


def with_index(data: Any, name: str) -> Any:
    """Return a pandas frame or series with its index of times as a column of that name."""
    if not index_of_times(data) or name in getattr(data, "columns", ()):
        return data
    frame = data.to_frame() if hasattr(data, "to_frame") else data
    return frame.rename_axis(name).reset_index()
