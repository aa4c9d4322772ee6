"""Input arrays: what they hold follows from shape and type; their values are checked."""

from __future__ import annotations

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import ARRAY_KINDS, Column, Kind
from bakeoff.errors import DataError, RequestError


def array_column(
    x: Array, lengths: Array | None, *, name: str, kind: str = ""
) -> tuple[Column, Array, list[str]]:
    """Decide what an input array holds from its shape and type, and check its values.

    Returns:
        The column, its values in the layout of a `Dataset`, and notes.
    """
    if kind and kind not in ARRAY_KINDS:
        raise RequestError(
            f"Array {name!r} cannot be read as {kind!r}. Kinds of arrays: {', '.join(ARRAY_KINDS)}."
        )
    if x.dtype.kind not in "biuf":
        raise DataError(
            f"{name} holds {'texts' if x.dtype.kind == 'U' else x.dtype}, not numbers. Give tables "
            "with texts as CSV, Parquet or a data frame."
        )
    found, reason = shape_kind(x, name, kind)
    values = x[:, None] if x.ndim == 1 else x
    if found == "image" and values.ndim == 3:
        values = values[..., None]  # (N, Y, X) -> (N, Y, X, 1)
    if found == "number":
        values = values.astype(np.float64)
    elif values.dtype != np.uint8:
        values = values.astype(np.float32)
    if lengths is not None:
        check_lengths(lengths, values, found, name)
    values, missing, notes = holes(values, name, found)
    reason = "as you said" if kind else reason
    column = Column(
        name=name, kind=found, reason=reason, missing=missing, form=shape_form(values, lengths)
    )
    return column, values, notes


def shape_form(values: Array, lengths: Array | None) -> str:
    """Write the shape of one row; sequences with lengths may have any number of steps."""
    sizes = [str(size) for size in values.shape[1:]]
    return " × ".join(["any", *sizes[1:]] if lengths is not None else sizes)


def check_form(form: str, column: Column) -> None:
    """Refuse new rows of another shape than those of the training data."""
    pairs = list(zip(form.split(" × "), column.form.split(" × "), strict=False))
    if form.count("×") != column.form.count("×") or any(
        a != b and "any" not in (a, b) for a, b in pairs
    ):
        raise DataError(
            f"Each row of {column.name} is {form}; the run was trained on {column.form}. "
            "Give rows of the same shape."
        )


def shape_kind(x: Array, name: str, kind: str) -> tuple[Kind, str]:
    """Return the kind that follows from shape and type, or the one asked for, if it fits."""
    size = " × ".join(map(str, x.shape[1:]))
    by_ndim: dict[int, tuple[Kind, str]] = {
        1: ("number", "one number per row"),
        2: ("number", f"{size} numbers per row"),
        3: (
            "sequence",
            f"{x.shape[-2]:,} steps of {x.shape[-1]} numbers; if these are pictures, say "
            f"{name}=image"
            if x.ndim > 1
            else "",
        ),
        4: ("image", f"pictures of {size} (height × width × channels)"),
        5: ("volume", f"volumes of {size} (depth × height × width × channels)"),
    }
    if x.ndim not in by_ndim:
        raise DataError(f"{name} has shape {x.shape}; arrays of 1 to 5 axes can be read.")
    if x.ndim == 3 and x.dtype == np.uint8:
        by_ndim[3] = ("image", f"pictures of {size}, as x has three axes of uint8")
    fits = {1: ("number",), 2: ("number",), 3: ("image", "sequence"), 4: ("image",), 5: ("volume",)}
    if kind and kind != "ignored" and kind not in fits[x.ndim]:
        raise RequestError(
            f"Array {name!r} of shape {x.shape} cannot be read as {kind!r}, "
            f"only as {' or '.join(fits[x.ndim])}."
        )
    if x.ndim == 4 and x.shape[-1] > 4 and x.shape[1] in (1, 3, 4):
        raise DataError(
            f"{name} of shape {x.shape} looks like pictures with the channels first. "
            f"Put them last: {name}.transpose(0, 2, 3, 1)."
        )
    found, reason = by_ndim[x.ndim]
    return (kind or found, reason)  # type: ignore[return-value]


def check_lengths(lengths: Array, x: Array, kind: str, name: str) -> None:
    """Lengths belong to sequences and lie between 1 and T."""
    if kind != "sequence":
        raise DataError(f"{name}_lengths is given, but {name} holds no sequences but {kind}s.")
    steps = x.shape[1]
    wrong = np.flatnonzero((lengths < 1) | (lengths > steps) | (lengths != np.round(lengths)))
    if len(wrong):
        raise DataError(
            f"{name}_lengths must be whole numbers from 1 to {steps} (the steps of {name}); "
            f"row {wrong[0] + 1:,} has {lengths[wrong[0]]}."
        )


def holes(x: Array, name: str, kind: str) -> tuple[Array, int, list[str]]:
    """Count missing (NaN) and infinite values; infinite ones become missing, pictures have none."""
    if x.dtype.kind != "f":
        return x, 0, []
    bad = ~np.isfinite(x)
    if not bad.any():
        return x, 0, []
    rows = np.flatnonzero(bad.reshape(len(x), -1).any(axis=1))
    amount = f"{int(bad.sum()):,} values that are NaN or infinite, in {len(rows):,} rows"
    if kind in ("image", "volume"):
        raise DataError(f"{name} holds {amount} (first: row {rows[0] + 1:,}). Fill or remove them.")
    return np.where(bad, np.nan, x), len(rows), [f"{name}: {amount}, read as missing."]
