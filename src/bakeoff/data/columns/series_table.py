"""A table of time series: its rows in order of time, gaps filled, and where windows may lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, as_slice, in_order
from bakeoff.data.columns.rhythm import (
    HOUR,
    Rhythm,
    clock_changes,
    counted,
    find_rhythm,
    gaps_of,
    is_even,
    stamps_moved,
    steps_between,
)
from bakeoff.data.origin import Place
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl

MOST_REPEATED = 0.2  # share of rows whose stamp stands twice, above which a series was forgotten
FEWEST_FILLED = 24  # a gap of so many steps is filled, however short the look-back is


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesTable:
    """The rows of time series in order, with rows put in where steps are missing.

    Args:
        rows: (T,) the position in the user's table of each step; of one put in, that before it.
        filled: (T,) False where a step was put in.
        ticks: (T,) its time: int64 microseconds, or numbers.
        stretch: (T,) number of the unbroken stretch that it stands in: windows keep to one.
        series: (T,) number of its series.
        names: The series; ("",) where there is one.
        rhythm: How far the steps are apart.
        notes: What was decided, in sentences.
    """

    rows: Array
    filled: Array
    ticks: Array
    stretch: Array
    series: Array
    names: tuple[str, ...]
    rhythm: Rhythm
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def times(self) -> Array:
        """(T,) datetime64[us], or float64."""
        if self.rhythm.dated:
            return self.ticks.view("datetime64[us]")
        return self.ticks.astype(np.float64, copy=False)

    def ends(self) -> Array:
        """Return (stretches, 2): where each stretch begins and where it has ended."""
        edges = np.flatnonzero(self.stretch[1:] != self.stretch[:-1]) + 1
        return np.stack([np.r_[0, edges], np.r_[edges, len(self)]], axis=1)


def series_table(
    times: pl.Series,
    ids: pl.Series | None,
    parts: Array,
    *,
    time: str,
    lookback: int,
    place: Place,
    rhythm: Rhythm | None = None,
) -> SeriesTable:
    """Put the rows of time series in order.

    Args:
        times: Numbers or dates of all rows, null where missing.
        ids: The series of each row; None where there is one.
        parts: (rows,) the number of the file of each row, training data first.
        time: What to call the time.
        lookback: Steps of a window: longer gaps are not filled, but part the series.
        place: Writes the position of a row for people.
        rhythm: Of the training data, for new data; None to find it.

    Raises:
        DataError: No row has a time, or most stamps stand several times.
    """
    dated = not times.dtype.is_numeric()
    known = times.is_not_null().to_numpy()
    notes = [*say_left_out(~known, time, place)]
    codes, names = np.broadcast_to(np.int64(0), len(times)), ("",)  # one number, held once
    if ids is not None:
        texts = cells.clean(as_texts(ids))[0]
        named = texts.is_not_null().to_numpy()
        notes += say_left_out(known & ~named, ids.name, place)
        known &= named
        words = np.array(texts.fill_null("").to_list(), dtype=object)
        kept = sorted(set(words[known].tolist()))
        numbers = {word: number for number, word in enumerate(kept)}
        codes = np.array([numbers.get(word, 0) for word in words], np.int64)
        names = tuple(kept)
    rows = in_order(np.flatnonzero(known))
    if not len(rows):
        raise DataError(f"No row has a value of {time}, so there is no series.")
    ticks = ticks_of(times, dated)
    if len(names) > 1:  # series after series, as the file has them
        rows = rows[np.lexsort([rows, codes[rows]])]
    own = as_slice(rows)
    elapsed, said = on_one_clock(ticks[own], codes[own], dated=dated, time=time)
    notes += said
    apart = bool(parts.any()) and overlapping(elapsed, codes[own], parts[own])
    groups = codes[own] * 4 + parts[own] if apart else codes[own]
    if not are_sorted(groups, elapsed):
        order = np.lexsort([rows, elapsed, groups])
        if (np.diff(order) < 0).any():
            notes.append(f"Rows do not stand in the order of {time}, and are sorted by it.")
        rows, elapsed, groups = rows[order], elapsed[order], groups[order]
    if apart:
        notes.append(
            f"The files overlap in {time}, or one is of a time before another, so no window "
            f"reaches from one into another: the first {lookback:,} steps of each are looked back "
            "at only."
        )
    same = groups[1:] == groups[:-1]
    again = np.r_[False, same & (elapsed[1:] == elapsed[:-1])]
    if again.any():
        check_repeated(int(again.sum()), len(rows), time, ids, place(int(rows[again.argmax()])))
        their = "its" if again.sum() == 1 else "their"
        notes.append(
            f"{say_count(int(again.sum()), 'row')} left out: {their} {time} stands in a row before "
            f"(first: {place(int(rows[again.argmax()]))})."
        )
        rows, elapsed, groups = rows[~again], elapsed[~again], groups[~again]
        same = groups[1:] == groups[:-1]
    rhythm = rhythm or find_rhythm(elapsed, same, dated=dated)
    if not rhythm.step and not rhythm.months and len(rows) > 1:
        notes.append(f"{time} is irregular: a window counts rows, whatever time lies between them.")
    return filled_table(
        rows, ticks, elapsed, codes, same, names, rhythm, lookback, time, place, notes
    )


def are_sorted(groups: Array, elapsed: Array) -> bool:
    """Tell whether rows stand group after group, each in order of time."""
    same = groups[1:] == groups[:-1]
    later = np.where(same, elapsed[1:] >= elapsed[:-1], groups[1:] > groups[:-1])
    return bool(later.all())


def filled_table(
    rows: Array,
    ticks: Array,
    elapsed: Array,
    codes: Array,
    same: Array,
    names: tuple[str, ...],
    rhythm: Rhythm,
    lookback: int,
    time: str,
    place: Place,
    notes: list[str],
) -> SeriesTable:
    """Put steps in where few are missing; part the series where many are."""
    if same.all() and is_even(elapsed, rhythm):
        own = as_slice(rows)
        return SeriesTable(
            rows=rows,
            filled=np.broadcast_to(True, len(rows)),
            ticks=ticks[own],
            stretch=np.broadcast_to(np.int64(0), len(rows)),
            series=codes[own],
            names=names,
            rhythm=rhythm,
            notes=tuple(notes),
        )
    between = steps_between(elapsed, rhythm)
    lost = np.where(same & (between > 1), np.nan_to_num(between, nan=1.0) - 1, 0).astype(np.int64)
    fillable = lost <= max(lookback, FEWEST_FILLED)
    odd = same & np.isnan(between)
    broken = ~same | odd | ((lost > 0) & ~fillable)
    put_in = np.where(fillable, lost, 0)
    counts = np.r_[put_in + 1, 1]  # of each row: itself, and what is put in behind it
    at = np.repeat(np.arange(len(rows)), counts)
    first = np.r_[True, at[1:] != at[:-1]]
    inside = np.arange(len(at)) - np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    stamps = ticks[rows][at]
    stamps[~first] = ticks_moved(stamps[~first], inside[~first], rhythm)
    notes += say_gaps(lost, fillable, odd, rows, time, place)
    return SeriesTable(
        rows=rows[at],
        filled=first,
        ticks=stamps,
        stretch=np.r_[0, np.cumsum(broken)][at],
        series=codes[rows][at],
        names=names,
        rhythm=rhythm,
        notes=tuple(notes),
    )


def ticks_of(times: pl.Series, dated: bool) -> Array:
    """Return times as int64 microseconds, or as numbers; 0 where missing."""
    import polars as pl

    if dated:
        times = times.cast(pl.Datetime("us")).to_physical()
    return np.asarray((times.fill_null(0) if times.null_count() else times).to_numpy())


def ticks_moved(ticks: Array, steps: Array, rhythm: Rhythm) -> Array:
    """Return times so many steps later, as `ticks_of` has them."""
    if not rhythm.dated:
        return np.asarray(ticks + (steps * rhythm.step).astype(ticks.dtype))
    stamps = stamps_moved(ticks.astype("datetime64[us]"), steps, rhythm)
    return np.asarray(stamps.astype(np.int64))


def on_one_clock(ticks: Array, codes: Array, *, dated: bool, time: str) -> tuple[Array, list[str]]:
    """Return times without the changes of clocks, as they stand in the file, and what was found.

    Args:
        ticks: (S,) series after series, in the order of the file.
        codes: (S,) the series of each.
        dated: Whether they are dates.
        time: What to call them.
    """
    same = codes[1:] == codes[:-1]
    gaps = gaps_of(ticks, same)
    if not dated or not len(gaps):
        return ticks, []
    values, counts = counted(gaps)
    step = float(values[counts.argmax()])
    if not np.isin(values, (step - HOUR, step + HOUR)).any():
        return ticks, []
    back, forward = clock_changes(ticks, same, step)
    disorder = same & (np.diff(ticks) < 0) & ~back
    if disorder.any() or not (back.any() or forward.any()):
        return ticks, []
    moved = np.r_[0, np.cumsum(back.astype(np.int64) - forward.astype(np.int64)) * HOUR]
    starts = np.r_[True, ~same]
    moved -= np.repeat(moved[starts], np.diff(np.r_[np.flatnonzero(starts), len(ticks)]))
    said = (
        f"{time} shows changes of the clock: an hour stands twice in {say_times(back.sum())} and "
        f"is left out in {say_times(forward.sum())}; steps are taken to be equally long there."
    )
    return ticks + moved, [said]


def overlapping(elapsed: Array, codes: Array, parts: Array) -> bool:
    """Tell whether a file begins, in some series, before another one has ended."""
    files = int(parts.max(initial=0)) + 1
    size = (int(codes.max(initial=0)) + 1) * files
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, codes * files + parts, elapsed)
    np.maximum.at(last, codes * files + parts, elapsed)
    before = np.maximum.accumulate(last.reshape(-1, files), axis=1)[:, :-1]
    return bool((first.reshape(-1, files)[:, 1:] <= before).any())


def check_repeated(count: int, rows: int, time: str, ids: pl.Series | None, first: str) -> None:
    """Refuse a table in which most stamps stand several times: its series are not told apart."""
    if count <= MOST_REPEATED * rows:
        return
    which = "" if ids is None else f" within one {cut(ids.name)}"
    way = (
        "If the table holds several series, name the column that tells them apart with "
        f"{option('series', 'COLUMN')}."
        if ids is None
        else "Leave out what is repeated, or name another column of the series."
    )
    raise DataError(
        f"{count:,} of {rows:,} rows have a {time} that stands in a row before{which} (first: "
        f"{first}). {way}"
    )


def say_left_out(missing: Array, name: str, place: Place) -> Iterator[str]:
    """Say how many rows have no value of a column that they need."""
    if missing.any():
        count, first = int(missing.sum()), place(int(missing.argmax()))
        yield f"{say_count(count, 'row')} left out: no value of {name} (first: {first})."


def say_count(count: int, word: str) -> str:
    """Say "1 row is" or "3 rows are"."""
    return f"1 {word} is" if count == 1 else f"{count:,} {word.removesuffix('s')}s are"


def say_times(count: int) -> str:
    """Say "1 place" or "3 places"."""
    return "1 place" if count == 1 else f"{count:,} places"


def say_steps(count: int) -> str:
    """Say "1 step" or "3 steps"."""
    return "1 step" if count == 1 else f"{count:,} steps"


def say_gaps(
    lost: Array, fillable: Array, odd: Array, rows: Array, time: str, place: Place
) -> Iterator[str]:
    """Say where steps are missing, and what became of it."""
    small, large = (lost > 0) & fillable, (lost > 0) & ~fillable
    if small.any():
        first = place(int(rows[small.argmax()]))
        yield (
            f"{time} leaves out {say_steps(int(lost[small].sum()))} in {say_times(small.sum())} "
            f"(first: after {first}): they are put in, with the values before them for models to "
            "look back at, and are never forecast."
        )
    if large.any():
        first = place(int(rows[large.argmax()]))
        yield (
            f"{time} leaves out {say_steps(int(lost[large].sum()))} in {say_times(large.sum())} "
            f"that are too long to fill (first: after {first}): no window reaches across."
        )
    if odd.any():
        first = place(int(rows[1:][odd][0]))
        yield (
            f"{time} leaves its rhythm in {say_times(odd.sum())} (first: {first}): no window "
            "reaches across."
        )
