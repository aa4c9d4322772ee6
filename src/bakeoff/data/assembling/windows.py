"""Windows: where they lie in a table of time series, what is predicted of each, and which stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, as_slice, counting, is_missing
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.rhythm import stamps_after
from bakeoff.data.columns.series_table import SeriesTable, say_count
from bakeoff.data.columns.target import Target
from bakeoff.data.forms import SeriesForm
from bakeoff.data.origin import Origin
from bakeoff.errors import DataError, option
from bakeoff.listed import listed


class Windows(NamedTuple):
    """Where windows lie.

    Args:
        starts: (N,) first step of each look-back.
        shown: (N,) the first step that is forecast, or the last one of the look-back.
        lookback: Steps that are looked back at.
        horizon: Steps to forecast behind them; 0 where the label of the last one is predicted.
    """

    starts: Array
    shown: Array
    lookback: int
    horizon: int

    def some(self, kept: Array | slice) -> Windows:
        """Return some of them, by a mask or a slice."""
        return self._replace(starts=self.starts[kept], shown=self.shown[kept])

    @property
    def spans(self) -> Array:
        """(N, 2) first and last step of what must lie in one part: steps ahead, or looked at."""
        if self.horizon:
            return np.stack([self.shown, self.shown + self.horizon - 1], axis=1)
        return np.stack([self.starts, self.shown], axis=1)


def windows_of(table: SeriesTable, form: SeriesForm) -> Windows:
    """Return all windows that lie in one stretch."""
    length = form.lookback + form.horizon
    back = form.lookback - (form.horizon == 0)
    ends = table.ends().tolist()
    if len(ends) == 1:  # starts and what is shown are views of one array
        steps = counting(*ends[0])
        some = slice(0, max(0, len(steps) - length + 1), form.stride)
        return Windows(steps[some], steps[back:][some], form.lookback, form.horizon)
    starts = np.concatenate([np.arange(a, b - length + 1, form.stride) for a, b in ends])
    return Windows(starts, starts + back, form.lookback, form.horizon)


def kept_windows(
    windows: Windows, table: SeriesTable, targets: Sequence[Target], parts: Array
) -> tuple[Array, list[str]]:
    """Return which windows have their targets, in one file; and what was left out.

    To forecast, all steps ahead of all targets; else the last step of one of them.
    """
    each = [is_missing(own.values)[as_slice(table.rows)] for own in targets]
    together = np.any if windows.horizon else np.all
    missing = (each[0] if len(each) == 1 else together(each, axis=0)) | ~table.filled
    joint = " or " if windows.horizon else " and "
    name, notes = joint.join(own.column.name for own in targets), list[str]()
    if not missing.any() and not parts.any():
        return np.ones(len(windows.starts), bool), notes
    before = np.r_[0, np.cumsum(missing)]
    spans = windows.spans
    needed = spans if windows.horizon else np.stack([windows.shown, windows.shown], axis=1)
    empty = before[needed[:, 1] + 1] > before[needed[:, 0]]
    if empty.any():
        what = "a step ahead" if windows.horizon else "the last step"
        notes.append(
            f"{say_count(int(empty.sum()), 'window')} left out: {what} has no value of {name}."
        )
    files = parts[table.rows]
    straddling = ~empty & (files[spans[:, 0]] != files[spans[:, 1]])
    if straddling.any():
        what = "the steps ahead lie" if windows.horizon else "the steps lie"
        notes.append(f"{say_count(int(straddling.sum()), 'window')} left out: {what} in two files.")
    return ~empty & ~straddling, notes


def last_windows(table: SeriesTable, form: SeriesForm, known: Array) -> tuple[Windows, list[str]]:
    """Return the window that ends at the last known step of each series, and which have none."""
    filled = known[table.rows] & table.filled
    starts, short = [], []
    for number, name in enumerate(table.names):
        own = np.flatnonzero((table.series == number) & filled)
        if not len(own):
            short.append(name)
            continue
        stretch = np.flatnonzero(table.stretch == table.stretch[own[-1]])
        start = own[-1] - form.lookback + 1
        if start < stretch[0]:
            short.append(name)
        else:
            starts.append(start)
    said = []
    if short:
        named = ", ".join(map(cut, short[:5])) if short != [""] else "the series"
        said.append(
            f"No forecast of {named}: fewer than {form.lookback:,} steps on end before its end."
        )
    first = np.array(starts, np.int64)
    shown = first + form.lookback - (form.horizon == 0)
    return Windows(first, shown, form.lookback, form.horizon), said


def check_enough(
    windows: Windows, table: SeriesTable, form: SeriesForm, time: str, *, last: bool = False
) -> None:
    """Refuse series that are too short for one window.

    Args:
        windows: Those that there are.
        table: The rows in order.
        form: Of the windows.
        time: What to call the time.
        last: Whether only what follows the last known step is asked for.

    Raises:
        DataError: With the steps that are needed.
    """
    if len(windows.starts):
        return
    longest = int(np.diff(table.ends(), axis=1).max())
    needed = form.lookback + (0 if last else form.horizon)
    if last:
        what = f"A forecast looks back at {needed:,} steps on end"
    else:
        ahead_ = f" and {form.horizon:,} ahead" if form.horizon else ""
        what = f"A window needs {needed:,} steps on end ({form.lookback:,} back{ahead_})"
    if longest >= needed:
        raise DataError(f"{what}, with values of the target, and there are none with such values.")
    shorter = "" if last else f", or a shorter {option('lookback')}"
    raise DataError(
        f"{what}, with values of the target, and the longest stretch of {time} has {longest:,}. "
        f"Give a longer series{shorter}."
    )


def say_too_short(windows: Windows, table: SeriesTable) -> Iterator[str]:
    """Say which series, and how many stretches between gaps, have no window.

    Args:
        windows: Those that are kept.
        table: The rows in order.
    """
    length = windows.lookback + windows.horizon
    some = set(table.series[windows.starts].tolist())
    none = [name for number, name in enumerate(table.names) if number not in some]
    if none:
        yield (
            f"{say_count(len(none), 'series')} left out of {len(table.names):,}: fewer than "
            f"{length:,} steps on end with a target ({listed(none, most=5)})."
        )
    ends = table.ends()
    sizes = np.diff(ends, axis=1)[:, 0]
    short = (sizes < length) & np.isin(table.series[ends[:, 0]], list(some))
    if short.any():
        many = "1 stretch" if short.sum() == 1 else f"{int(short.sum()):,} stretches"
        yield (
            f"{many} between gaps with {int(sizes[short].sum()):,} steps in all cannot hold a "
            f"window of {length:,} steps."
        )


def target_values(target: Target, windows: Windows, table: SeriesTable) -> Array | Sequences:
    """Return the label of each window, or the steps ahead of it."""
    if not windows.horizon:
        return np.asarray(target.values[table.rows[windows.shown]])
    values = target.values.astype(np.float64, copy=False)[as_slice(table.rows)]
    if not table.filled.all():
        values = np.where(table.filled, values, np.nan)
    return Sequences(values[:, None], windows.shown, alike(windows.horizon, len(windows.starts)))


def alike(length: int, count: int) -> Array:
    """Return (count,) lengths that are all the same, held once."""
    return np.broadcast_to(np.int64(length), count)


def window_origin(windows: Windows, table: SeriesTable, origin: Origin, series: str) -> Origin:
    """Return where windows come from: the row and time of what is shown of them."""
    shown, times = as_slice(windows.shown), table.times
    ids = None
    if table.names != ("",):
        ids = np.array(table.names, dtype=object)[table.series[shown]]
    return replace(
        origin[as_slice(table.rows[shown])],
        ids=ids,
        id_column=series,
        times=times[shown],
        spans=spans_of(windows, times),
    )


def spans_of(windows: Windows, times: Array) -> Array:
    """Return (N, 2) the stamps of the spans; where windows follow each other, without a copy."""
    starts = as_slice(windows.starts)
    if not isinstance(starts, slice):
        return times[windows.spans]
    first, last = windows.some(slice(1)).spans[0].tolist()
    step = times.strides[0]
    return np.lib.stride_tricks.as_strided(
        times[first:], (len(windows.starts), 2), (step, step * (last - first)), writeable=False
    )


def last_origin(windows: Windows, table: SeriesTable, origin: Origin, series: str) -> Origin:
    """Return where the last windows come from: their last known row; times are of what follows."""
    ends = windows.starts + windows.lookback - 1
    ids = None
    if table.names != ("",):
        ids = np.array(table.names, dtype=object)[table.series[ends]]
    return replace(
        origin[table.rows[ends]],
        ids=ids,
        id_column=series,
        times=stamps_after(table.times[ends], 1, table.rhythm)[:, 0],
    )
