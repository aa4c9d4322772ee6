"""Input arrays: what they hold follows from shape and type; their values are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array, compact, is_mapped
from bakeoff.data.blocks import Sequences, rows_at_once
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.forms import Brightness, ShapeForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.origin import Place, one_table
from bakeoff.errors import DataError, RequestError, option, unknown

if TYPE_CHECKING:
    import polars as pl

MOST_TOKEN = 2**53  # up to here float64 holds every whole number


def array_column(
    x: Array, lengths: Array | None, *, name: str, kind: str = "", place: Place = one_table
) -> Reading:
    """Decide what an input array holds from its shape and type, and check its values.

    Args:
        x: (N, ...) numbers.
        lengths: (N,) real steps of each sequence, or None.
        name: What to call the column.
        kind: A kind that the user named; "" to decide.
        place: Writes a position for people.

    Returns:
        The column, its values in the layout of a `Dataset`, and notes.
    """
    if x.dtype.kind not in "biuf":
        raise DataError(
            f"{name} holds {'strings' if x.dtype.kind == 'U' else x.dtype}, not numbers. Give "
            "tables with strings as CSV, Parquet or a data frame."
        )
    found, reason = shape_kind(x, name, kind)
    values = x[:, None] if x.ndim == 1 else x
    if found == "tokens":
        return tokens_column(values, lengths, name=name, reason="as you said", place=place)
    if found == "sequence" and values.ndim == 2:
        values = values[..., None]  # (N, T) -> (N, T, 1)
    if found == "image" and values.ndim == 3:
        values = values[..., None]  # (N, Y, X) -> (N, Y, X, 1)
    if found == "number":
        values = values.astype(np.float64)
    elif values.dtype != np.uint8 and not (values.dtype == np.float64 and is_mapped(values)):
        values = compact(values)  # what is mapped stays in its file
    if lengths is not None:
        check_lengths(lengths, values, found, name, place)
    values, missing, notes = without_infinite(values, name, found, place)
    reason = "as you said" if kind else reason
    form = shape_form(values, lengths, found)
    return Reading(
        Column(name=name, kind=found, reason=reason, missing=missing, form=form), values, notes
    )


def tokens_column(
    x: Array, lengths: Array | None, *, name: str, reason: str, place: Place
) -> Reading:
    """Read tokens: (N, T) whole numbers from 0 on, all of them words as far as lengths reach."""
    if lengths is not None:
        check_lengths(lengths, x, "tokens", name, place)
    count, longest = x.shape
    steps = np.full(count, longest) if lengths is None else lengths.astype(np.int64)
    flat = as_tokens(x.reshape(-1), name, lambda at: place(at // longest))
    values = Sequences(flat, np.arange(count) * longest, steps)
    column = Column(name=name, kind="tokens", reason=reason, form=ShapeForm((None,)))
    return Reading(column, values)


def as_tokens(values: Array, name: str, place: Place) -> Array:
    """Return whole numbers from 0 on as int64.

    Args:
        values: (S,) numbers.
        name: Of the column.
        place: Writes where each of them stands.

    Raises:
        DataError: One of them is no token.
    """
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= 0) & (values < MOST_TOKEN))  # NaN is neither
    wrong |= values != np.floor(values) if values.dtype.kind == "f" else False
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"{name} is to hold tokens, whole numbers from 0 on; {place(first)} has "
            f"{values[first]}. Number the words, or leave {option('kinds', {name: 'tokens'})} out."
        )
    return values.astype(np.int64)


def shape_form(values: Array, lengths: Array | None, kind: str) -> ShapeForm:
    """Return the shape of one row; sequences with lengths may have any number of steps."""
    sizes = values.shape[1:]
    brightness = brightness_of(values) if kind in ("image", "volume") else ""
    return ShapeForm(sizes if lengths is None else (None, *sizes[1:]), brightness)


def brightness_of(pictures: Array) -> Brightness:
    """Return how the brightness of pictures is written: as bytes, from 0 to 1, or otherwise."""
    if pictures.dtype == np.uint8:
        return "bytes"
    return "unit" if pictures.min() >= 0 and pictures.max() <= 1 else ""


def array_like(x: Array, lengths: Array | None, column: Column) -> Reading:
    """Read a new array as that of the training data was; brightness is brought to its unit.

    Args:
        x: (N, ...) numbers.
        lengths: (N,) real steps of each sequence, or None.
        column: As it was read in training.

    Raises:
        DataError: A row has another shape.
    """
    reading = array_column(x, lengths, name=column.name, kind=column.kind)
    found, trained = reading.column.form, column.form
    if not isinstance(found, ShapeForm) or not isinstance(trained, ShapeForm):
        return reading
    check_shape(found, column)
    values, notes = reading.values, reading.notes
    scale = {("unit", "bytes"): 255.0, ("bytes", "unit"): 1 / 255}.get(
        (found.brightness, trained.brightness)
    )
    if scale:
        values = values.astype(np.float32) * np.float32(scale)
        how = "multiplied" if scale > 1 else "divided"
        units = {"bytes": "from 0 to 255", "unit": "from 0 to 1"}
        text = (
            f"{column.name} is {units[found.brightness]} and was {units[trained.brightness]} in "
            f"training: {how} by 255."
        )
        notes = (*notes, Note("converted", text))
    return Reading(column, values, notes)


def array_cells(series: pl.Series, *, kind: str, place: Place) -> Reading:
    """Read cells that are arrays of one shape: a picture or a vector in each of them."""
    return array_column(series.to_numpy(), None, name=series.name, kind=kind, place=place)


def array_cells_like(series: pl.Series, column: Column) -> Reading:
    """Read new cells that are arrays as those of the training data were.

    Whole numbers are not brought to the unit of fractions: all of some rows may be 0 and 1.
    """
    values, form = series.to_numpy(), column.form
    if isinstance(form, ShapeForm) and form.brightness == "unit" and values.max(initial=0) <= 1:
        values = values.astype(np.float32)
    return array_like(values, None, column)


def check_shape(form: ShapeForm, column: Column) -> None:
    """Refuse new rows of another shape than those of the training data."""
    if not isinstance(column.form, ShapeForm) or not form.fits(column.form):
        raise DataError(
            f"Each row of {column.name} is {form}; the run was trained on {column.form}. "
            "Give rows of the same shape."
        )


def shape_kind(x: Array, name: str, kind: str) -> tuple[str, str]:
    """Return the kind that follows from shape and type, or the one asked for, if it fits."""
    known = [row.name for row in KINDS.values() if row.axes]
    if kind and kind not in known:
        raise RequestError(
            unknown("kind of array", kind, known, where=option("kinds", {name: kind}))
        )
    fits = [row for row in KINDS.values() if x.ndim in row.axes]
    if not fits:
        raise DataError(f"{name} has shape {x.shape}; arrays of 1 to 5 axes can be read.")
    if kind and x.ndim not in KINDS[kind].axes:
        names = " or ".join(row.name for row in fits if row.transform)
        raise RequestError(
            f"Array {name!r} of shape {x.shape} cannot be read as {kind!r}, only as {names}."
        )
    if x.ndim == 4 and x.shape[-1] > 4 and x.shape[1] in (1, 3, 4):
        raise DataError(
            f"{name} of shape {x.shape} looks like pictures with the channels first. "
            f"Put them last: {name}.transpose(0, 2, 3, 1)."
        )
    found, reason = likely_kind(x)
    return kind or found, reason


def likely_kind(x: Array) -> tuple[str, str]:
    """Return what an array of so many axes most likely holds, and why."""
    size = " × ".join(map(str, x.shape[1:]))
    if x.ndim == 1:
        return "number", "one number per row"
    if x.ndim == 2:
        return "number", f"{size} numbers per row"
    if x.ndim == 3 and x.dtype == np.uint8:
        return "image", f"pictures of {size}, as there are three axes of uint8"
    if x.ndim == 3:
        steps = f"{x.shape[1]:,} steps of {x.shape[2]} numbers"
        return "sequence", f"{steps}; if these are pictures, give it the kind image"
    if x.ndim == 4:
        return "image", f"pictures of {size} (height × width × channels)"
    return "volume", f"volumes of {size} (depth × height × width × channels)"


def check_lengths(lengths: Array, x: Array, kind: str, name: str, place: Place) -> None:
    """Lengths belong to sequences and lie between 0 and T."""
    if kind not in ("sequence", "tokens"):
        raise DataError(f"{name}_lengths is given, but {name} holds no sequences but {kind}s.")
    steps = x.shape[1]
    wrong = np.flatnonzero((lengths < 0) | (lengths > steps) | (lengths != np.round(lengths)))
    if len(wrong):
        raise DataError(
            f"{name}_lengths must be integers from 0 to {steps} (the steps of {name}); "
            f"{place(int(wrong[0]))} has {lengths[wrong[0]]}."
        )


def without_infinite(
    x: Array, name: str, kind: str, place: Place
) -> tuple[Array, int, tuple[Note, ...]]:
    """Make infinite values missing (NaN) and count the rows that miss some; pictures miss none."""
    if x.dtype.kind != "f":
        return x, 0, ()
    step = rows_at_once(x)
    counts = np.zeros(len(x), np.int64)  # of each row
    for start in range(0, len(x), step):
        some = x[start : start + step]
        counts[start : start + step] = (~np.isfinite(some)).reshape(len(some), -1).sum(axis=1)
    positions = np.flatnonzero(counts)
    if not len(positions):
        return x, 0, ()
    rows = "1 row" if len(positions) == 1 else f"{len(positions):,} rows"
    amount = f"{int(counts.sum()):,} values that are NaN or infinite, in {rows}"
    if kind in ("image", "volume"):
        first = place(int(positions[0]))
        raise DataError(f"{name} holds {amount} (first: {first}). Fill or remove them.")
    note = Note("infinite", f"{name}: {amount}, read as missing.")
    return np.where(np.isfinite(x), x, np.nan), len(positions), (note,)
