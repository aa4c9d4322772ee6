"""List column: a column whose cells are lists of numbers, or of vectors, becomes sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, compact
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.array_column import as_tokens, check_shape
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.forms import ListsForm, ShapeForm
from bakeoff.data.origin import Place
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl


class Lists(NamedTuple):
    """The values of all lists of a column, one behind the other.

    Args:
        values: (S, F) numbers, NaN where missing.
        lengths: (N,) how many of the steps each row has.
    """

    values: Array
    lengths: Array

    @property
    def owners(self) -> Array:
        """(S,) the row of each step."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def starts(self) -> Array:
        """(N,) the first step of each row."""
        return np.cumsum(self.lengths) - self.lengths


def leaf_of(dtype: Any) -> tuple[int, Any]:
    """Return how many lists stand around the values of a column, and the type of these."""
    import polars as pl

    depth = 0
    while isinstance(dtype, pl.List | pl.Array):
        depth, dtype = depth + 1, dtype.inner
        while isinstance(dtype, pl.Array):  # (3, 4) is one type to polars, and two axes
            dtype = dtype.inner
            depth += 1
    return depth, dtype


def holds_lists(series: pl.Series) -> bool:
    """Tell whether cells are lists of numbers, or of vectors."""
    import polars as pl

    depth, leaf = leaf_of(series.dtype)
    return depth in (1, 2) and (leaf.is_numeric() or leaf in (pl.Boolean, pl.Null))


def holds_words(series: pl.Series) -> bool:
    """Tell whether cells are lists of strings."""
    import polars as pl

    depth, leaf = leaf_of(series.dtype)
    return depth > 0 and leaf in (pl.String, pl.Categorical, pl.Enum)


def unrolled(series: pl.Series, place: Place) -> Lists:
    """Put the lists of all cells behind each other; a cell that is missing has no step.

    Args:
        series: Lists of numbers, or of vectors of equal width.
        place: Writes a position for people.

    Raises:
        DataError: It holds no lists of numbers, or vectors of different widths.
    """
    if not holds_lists(series):
        raise DataError(
            f"Column {cut(series.name)!r} holds no lists of numbers ({place(0)} is of the type "
            f"{cut(str(series.dtype))}), as the training data have. Give lists."
        )
    series = as_lists(series)
    lengths = series.list.len().fill_null(0).to_numpy().astype(np.int64)
    steps = series.filter(lengths > 0).explode()
    if not steps.dtype.is_nested():
        return Lists(numbers(steps)[:, None], lengths)
    steps = as_lists(steps)
    known = steps.is_not_null().to_numpy()
    if not known.any():
        return Lists(np.full((len(steps), 1), np.nan), lengths)
    widths = steps.list.len().fill_null(0).to_numpy()  # (S,)
    first = int(known.argmax())
    width = int(widths[first])
    wrong = np.flatnonzero(known & ((widths != width) | (widths == 0)))
    if len(wrong):
        at, owners = int(wrong[0]), np.repeat(np.arange(len(lengths)), lengths)
        raise DataError(
            f"{cut(series.name)}: the steps of a sequence hold different numbers of values: one at "
            f"{place(int(owners[at]))} holds {widths[at]:,}, the first one "
            f"({place(int(owners[first]))}) {width:,}. Give every step as many."
        )
    values = np.full((len(steps), width), np.nan)
    values[known] = numbers(steps.drop_nulls().explode()).reshape(-1, width)
    return Lists(values, lengths)


def as_lists(series: pl.Series) -> pl.Series:
    """Return arrays of one length as lists."""
    import polars as pl

    return series.arr.to_list() if isinstance(series.dtype, pl.Array) else series


def numbers(values: pl.Series) -> Array:
    """Return (S,) values as they are, or as float64 with NaN where some are missing."""
    import polars as pl

    if values.null_count() or not values.dtype.is_numeric() or values.dtype.is_decimal():
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values.to_numpy()


def side_by_side(columns: Mapping[str, Lists], place: Place) -> Lists:
    """Put several columns beside each other, as channels of one sequence.

    Raises:
        DataError: They have different lengths in a row.
    """
    names = list(columns)
    first = columns[names[0]]
    for name in names[1:]:
        wrong = np.flatnonzero(columns[name].lengths != first.lengths)
        if len(wrong):
            at = int(wrong[0])
            one, other = first.lengths[at], columns[name].lengths[at]
            raise DataError(
                f"{cut(names[0])!r} and {cut(name)!r} hold sequences of different lengths "
                f"({place(at)}: {one:,} and {other:,} steps), and are one sequence in this run: "
                "give lists of equal lengths."
            )
    if len(names) == 1:
        return first
    return Lists(np.concatenate([columns[name].values for name in names], axis=1), first.lengths)


def list_column(
    lists: Lists, name: str, *, kind: str, place: Place, form: ListsForm | None = None
) -> Reading:
    """Read lists as sequences of numbers, or as tokens where the user says so.

    Args:
        lists: Of all rows.
        name: Of the column.
        kind: "sequence" or "tokens"; "" takes the first.
        place: Writes a position for people.
        form: The columns that are side by side here; None where there is one.

    Raises:
        DataError, RequestError: These are no tokens.
    """
    values, width, owners = lists.values, lists.values.shape[1], lists.owners
    if kind == "tokens":
        if width > 1:
            raise RequestError(
                f"{option('kinds', {name: 'tokens'})}: a token is one number, and each step of "
                f"{name!r} holds {width:,}. Leave it out."
            )
        tokens = as_tokens(values[:, 0], name, lambda at: place(int(owners[at])))
        column = Column(name=name, kind=kind, reason="as you said", form=ShapeForm((None,)))
        return Reading(column, Sequences(tokens, lists.starts, lists.lengths))
    values = compact(values)
    values, rows, notes = without_gaps(values, owners, name)
    filled = lists.lengths[lists.lengths > 0]
    shortest, longest = (int(filled.min()), int(filled.max())) if len(filled) else (0, 0)
    equal = shortest == longest > 0
    steps = f"{longest:,} steps" if equal else f"lists of {shortest:,} to {longest:,} steps"
    channels = "one number" if width == 1 else f"{width:,} numbers"
    hint = "" if width > 1 or not could_be_tokens(values) else "; numbers of words are tokens"
    names = f": {', '.join(map(cut, form.names[:10]))}" if form else ""
    column = Column(
        name=name,
        kind="sequence",
        reason="as you said" if kind else f"{steps} of {channels}{names}{hint}",
        missing=rows,
        form=ShapeForm((longest if equal else None, width), lists=form),
    )
    return Reading(column, Sequences(values, lists.starts, lists.lengths), notes)


def could_be_tokens(values: Array) -> bool:
    """Tell whether all numbers are whole, and none is below 0."""
    return bool(len(values) and (values >= 0).all() and (values == np.floor(values)).all())


def without_gaps(values: Array, owners: Array, name: str) -> tuple[Array, int, tuple[Note, ...]]:
    """Make infinite values missing, and count the rows that miss some."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return values, 0, ()
    rows = len(np.unique(owners[bad.any(axis=1)]))
    amount = f"{int(bad.sum()):,} values that are empty, NaN or infinite, in {rows:,} row"
    amount += "" if rows == 1 else "s"
    note = Note("infinite", f"{name}: {amount}, read as missing.")
    return np.where(bad, np.nan, values), rows, (note,)


def lists_like(lists: Lists, column: Column, place: Place) -> Reading:
    """Read new lists as those of the training data were.

    Raises:
        DataError: Their steps hold another number of values.
    """
    kind = column.kind if column.kind == "tokens" else ""
    reading = list_column(lists, column.name, kind=kind, place=place)
    if isinstance(reading.column.form, ShapeForm) and len(lists.values):
        free = ShapeForm((None, *reading.column.form.sizes[1:]))
        check_shape(free, column)
    return reading
