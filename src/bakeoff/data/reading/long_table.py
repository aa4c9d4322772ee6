"""Long tables: one row is one step, and the rows of one id are one sequence, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.origin import Place
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import NOTHING, as_texts
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

FAR = 1.5  # usual steps of time between two rows, above which some are missing between them


@dataclass(frozen=True, kw_only=True, slots=True)
class LongTable:
    """How the rows of a long table lie in its sequences.

    Args:
        order: (S,) positions of the rows of the table, sequence after sequence, each in its order.
        starts: (N,) where each sequence begins in `order`.
        lengths: (N,) its steps.
        ids: (N,) its id, as text.
        first: (N,) position of its first row in the table.
        notes: What was left out, sorted, or noticed.
    """

    order: Array
    starts: Array
    lengths: Array
    ids: Array
    first: Array
    notes: tuple[str, ...]

    def first_filled(self, filled: Array) -> Array:
        """Return (N,) where in `order` each sequence has its first filled cell, else its first.

        Args:
            filled: (S,) whether the cell of each row is filled, in this order.
        """
        places = np.where(filled, np.arange(len(filled)), len(filled))
        found = np.minimum.reduceat(places, self.starts)
        return np.where(found < len(filled), found, self.starts)

    def member(self) -> Array:
        """Return (S,) the sequence of each row, in the order of `order`."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def changed(self, values: pl.Series) -> Array:
        """Return (S,) True where a row has another value than the first one of its sequence.

        Args:
            values: (S,) one column, in this order; an empty cell is no other value.
        """
        codes = codes_of(values)
        first = codes[self.first_filled(codes > 0)][self.member()]
        return np.asarray((codes > 0) & (codes != first))


def long_table(
    ids: pl.Series,
    times: pl.Series | None,
    parts: Array,
    *,
    place: Place,
    by_id: bool = True,
) -> LongTable:
    """Gather the rows of each id, in the order of time.

    Args:
        ids: Of each row; its name is that of the column.
        times: Numbers or dates, null where missing; None takes the order of the file.
        parts: (rows,) the number of the file that each row stands in; ids count within it.
        place: Writes the position of a row for people.
        by_id: Sequences stand in the order of their ids, whatever that of the rows is; else in the
            order of their first rows.

    Raises:
        DataError: No row has an id and a time.
    """
    names = cells.clean(as_texts(ids))[0]
    known = names.is_not_null().to_numpy()
    timed = np.ones(len(ids), bool) if times is None else times.is_not_null().to_numpy()
    notes = [*say_missing(~known, ids.name, place)]
    if times is not None:
        notes += say_missing(known & ~timed, times.name, place)
    kept = np.flatnonzero(known & timed)
    if not len(kept):
        both = ids.name if times is None else f"{ids.name} and {times.name}"
        raise DataError(f"No row has a value of {both}, so there are no sequences.")
    texts = names.unique().drop_nulls().sort()
    codes = dense(names)[kept] - 1
    ranks = number_ranks(texts)[codes]
    first_row = np.full(len(texts) * (int(parts.max()) + 1), len(ids))
    own = parts[kept] * len(texts) + codes
    np.minimum.at(first_row, own, kept)
    moments = np.zeros(len(kept), np.int64) if times is None else dense(times)[kept]
    order = np.lexsort((kept, moments, ranks if by_id else first_row[own], parts[kept]))
    starts = np.flatnonzero(np.r_[True, np.diff(own[order]) != 0])
    table = LongTable(
        order=kept[order],
        starts=starts,
        lengths=np.diff(np.r_[starts, len(order)]),
        ids=texts.to_numpy()[codes[order][starts]],
        first=first_row[own[order][starts]],
        notes=(),
    )
    if times is not None:
        notes += say_order(table, times, ids.name, place)
    return LongTable(
        order=table.order,
        starts=table.starts,
        lengths=table.lengths,
        ids=table.ids,
        first=table.first,
        notes=tuple(notes),
    )


def number_ranks(texts: pl.Series) -> Array:
    """Return the place of each id among all: by number where all are numbers, else by letters."""
    numbers = cells.plain_numbers(texts)
    if numbers.null_count():
        return np.arange(len(texts))  # they are sorted
    ranks = np.empty(len(texts), np.int64)
    ranks[np.argsort(numbers.to_numpy(), kind="stable")] = np.arange(len(texts))
    return ranks


def codes_of(values: pl.Series) -> Array:
    """Return one number from 1 for each different value, 0 where a cell is empty."""
    if values.dtype.is_numeric():
        return dense(values.fill_nan(None) if values.dtype.is_float() else values)
    texts = cells.clean(as_texts(values), NOTHING)[0]
    numbers = cells.plain_numbers(texts)  # 1 and 1.0 are one
    return dense(texts if numbers.null_count() > texts.null_count() else numbers)


def dense(values: pl.Series) -> Array:
    """Return the place, from 1, of each value among all different ones; 0 where there is none."""
    return values.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def say_missing(missing: Array, name: str, place: Place) -> Iterator[str]:
    """Say how many rows are left out, since they lack their id or their time."""
    if missing.any():
        n = int(missing.sum())
        where = place(int(missing.argmax()))
        yield f"{counted(n, 'row is', 'rows are')} left out: no value of {name} (first: {where})."


def say_order(table: LongTable, times: pl.Series, name: str, place: Place) -> Iterator[str]:
    """Say which rows were sorted, which share their time, and between which some are missing."""
    later = np.ones(len(table.order), bool)  # rows that follow another one of their sequence
    later[table.starts] = False
    moved = later & (np.diff(table.order, prepend=0) < 0)
    if moved.any():
        n = len(np.unique(table.member()[moved]))
        where = place(int(table.order[moved.argmax()]))
        them = f"{counted(n, 'sequence does', 'sequences do')} not stand in the order of"
        yield f"{them} {times.name}, and {'is' if n == 1 else 'are'} sorted (first: {where})."
    ranks = dense(times)[table.order]
    same = later & (np.diff(ranks, prepend=-1) == 0)
    if same.any():
        n, where = int(same.sum()), place(int(table.order[same.argmax()]))
        rows = counted(n, "row has", "rows have")
        yield (
            f"{rows} the {times.name} of the row before in the same {name}, and {kept_as(n)} in "
            f"the order of the file (first: {where})."
        )
    gaps = find_gaps(times, table.order, later & ~same)
    if gaps.any():
        n, where = int(gaps.sum()), place(int(table.order[gaps.argmax()]))
        yield (
            f"{times.name} leaves steps out in {counted(n, 'place', 'places')}, and none are "
            f"put in (first: before {where})."
        )


def kept_as(n: int) -> str:
    """Say that one or several rows stay."""
    return "stays" if n == 1 else "stay"


def find_gaps(times: pl.Series, order: Array, later: Array) -> Array:
    """Return (S,) True where time goes on by more than the usual step, if there is such a step."""
    import polars as pl

    numbers = times.cast(pl.Int64) if times.dtype.is_temporal() else times
    steps = np.diff(numbers.fill_null(0).to_numpy()[order], prepend=0)
    found = steps[later]
    if not len(found):
        return np.zeros(len(order), bool)
    usual = np.median(found)
    regular = np.abs(found - usual) <= 1e-6 * np.abs(usual)
    if regular.mean() < 0.5:
        return np.zeros(len(order), bool)
    return np.asarray(later & (steps > FAR * usual))


def counted(n: int, one: str, several: str) -> str:
    """Write a number and what it counts: 1 row is, 2 rows are."""
    return f"{n:,} {one if n == 1 else several}"
