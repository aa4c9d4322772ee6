"""The parts of windows: each lies in the part that holds all of what is predicted of it.

    time[:COLUMN]:70/15/15                  shares of the time that the windows span
    time[:COLUMN]:2017-07-01/2017-11-01     where validation begins, and where the test does

The look-back of a forecast may reach into an earlier part; a window whose steps ahead lie in two
parts is dropped. A window that is classified lies in one part with all its steps, so that no two
windows of different parts share a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from bakeoff.data.array import Array, in_order
from bakeoff.data.dataset import Dataset
from bakeoff.errors import DataError, RequestError, option
from bakeoff.listed import listed

SHARES = (0.70, 0.15, 0.15)
CARVED = 0.15  # of the training span, where files bring no validation part


class Parts(NamedTuple):
    """Positions of windows by part, and how they came about."""

    positions: dict[str, Array]
    how: str


def moments_of(text: str, dataset: Dataset) -> tuple[Any, Any] | None:
    """Return the two stamps of "2017-07-01/2017-11-01", or of two numbers; None where it is else.

    Raises:
        RequestError: They are not in order.
    """
    first, slash, second = text.partition("/")
    times = dataset.origin.times
    if not slash or "/" in second or times is None:
        return None
    try:
        if times.dtype.kind == "M":
            cuts: tuple[Any, Any] = (as_stamp(first), as_stamp(second))
        else:
            cuts = (float(first), float(second))
    except ValueError as error:
        raise RequestError(
            f"{option('split', f'time:{text}')}: give two dates as 2017-07-01/2017-11-01: where "
            "validation begins, and where the test does."
        ) from error
    if not cuts[0] < cuts[1]:
        raise RequestError(
            f"{option('split', f'time:{text}')}: validation begins before the test does."
        )
    return cuts


def as_stamp(text: str) -> Any:
    """Read an ISO date."""
    return np.datetime64(text.strip(), "us")


def spans_of(dataset: Dataset) -> Array:
    """Return (N, 2) the first and last stamp of what must lie in one part of each window.

    Raises:
        DataError: The data are no windows.
    """
    if dataset.origin.spans is None:
        raise DataError(f"{dataset.source} has no windows of time series.")
    return dataset.origin.spans


def cuts_of_shares(dataset: Dataset, shares: tuple[float, ...]) -> tuple[object, object]:
    """Return where validation and test begin, by shares of the time that the windows span."""
    times = spans_of(dataset)[:, 0]
    first, last = times.min(), times.max()
    span = last - first
    if times.dtype.kind == "M":
        span = span.astype(np.int64)
        cuts = [first + np.timedelta64(int(span * s), "us") for s in np.cumsum(shares)[:2]]
    else:
        cuts = [first + span * s for s in np.cumsum(shares)[:2]]
    in_order = bool((times[1:] >= times[:-1]).all())
    stamps = times if in_order else np.sort(times)  # a part begins where a window does
    at = [min(int(np.searchsorted(stamps, cut)), len(stamps) - 1) for cut in cuts]
    return stamps[at[0]], stamps[at[1]]


def cut_windows(dataset: Dataset, cuts: tuple[object, object], name: str) -> Parts:
    """Put windows into parts by two stamps; those that lie in two are dropped and counted."""
    spans = spans_of(dataset)
    begin, end = (
        (spans[:, i] >= cuts[0]).astype(np.int8) + (spans[:, i] >= cuts[1]) for i in (0, 1)
    )
    whole = begin == end
    positions = {
        part: in_order(np.flatnonzero(whole & (begin == number)))
        for number, part in enumerate(("train", "validation", "test"))
    }
    said = f"by {name}: validation from {stamp(cuts[0])}, test from {stamp(cuts[1])}"
    said += say_dropped(int((~whole).sum()), dataset) + say_untrained(positions, dataset)
    check_parts(positions, said, dataset)
    return Parts(positions, said)


def by_files(dataset: Dataset, parts: Array, name: str) -> Parts:
    """Put windows into the parts of their files; validation is the end of the training span."""
    positions = {
        part: in_order(np.flatnonzero(parts == part)) for part in ("train", "validation", "test")
    }
    spans = spans_of(dataset)
    if len(positions["validation"]) or not len(positions["train"]):
        return Parts(positions, "as given")
    own = dataset[positions["train"]]
    cut, _ = cuts_of_shares(own, (1 - CARVED, CARVED / 2, CARVED / 2))
    begin, end = (spans[positions["train"], i] >= cut for i in (0, 1))
    train = positions["train"]
    positions["train"] = in_order(train[~begin & ~end])
    positions["validation"] = in_order(train[begin])
    dropped = say_dropped(int((~begin & end).sum()), dataset)
    dropped += say_untrained(positions, dataset)
    said = f"as given; validation from {stamp(cut)}, by {name}{dropped}"
    check_parts(positions, said, dataset)
    return Parts(positions, said)


def check_parts(positions: Mapping[str, Array], said: str, dataset: Dataset) -> None:
    """Refuse a split with a part that no window fits into.

    Raises:
        DataError: With the steps that a part needs.
    """
    form = dataset.schema.series
    empty = [part for part, own in positions.items() if not len(own)]
    if not empty or form is None:
        return
    steps = form.horizon or form.lookback
    what = "steps ahead" if form.horizon else "steps"
    raise DataError(
        f"No window fits into the {empty[0]} part ({said}): a part must hold all {steps:,} {what} "
        f"of a window{steps_needed(dataset, steps)}. Give a longer series, a shorter "
        f"{option('horizon' if form.horizon else 'lookback')}, or another {option('split')}."
    )


def steps_needed(dataset: Dataset, steps: int) -> str:
    """Say how long a series must be for the usual shares; nothing where that is not the cause."""
    form = dataset.schema.series
    if form is None or len(dataset) > steps / min(SHARES) + 1:
        return ""
    needed = form.lookback + form.horizon + math.ceil(steps / min(SHARES))
    return f", so a series needs about {needed:,} steps to be split 70/15/15"


def say_untrained(positions: Mapping[str, Array], dataset: Dataset) -> str:
    """Say which series are judged without a window of theirs in training."""
    ids = dataset.origin.ids
    if ids is None:
        return ""
    new = set(ids[positions["test"]].tolist()) - set(ids[positions["train"]].tolist())
    if not new:
        return ""
    many = "1 series has" if len(new) == 1 else f"{len(new):,} series have"
    return f"; {many} test windows and none in training ({listed(sorted(new), most=3)})"


def say_dropped(count: int, dataset: Dataset) -> str:
    """Say how many windows lie in two parts."""
    if not count:
        return ""
    form = dataset.schema.series
    what = "steps ahead" if form is not None and form.horizon else "steps"
    windows = "1 window" if count == 1 else f"{count:,} windows"
    return f"; {windows} with {what} in two parts left out"


def stamp(value: object) -> str:
    """Write a date without an empty clock, or a number."""
    text = str(value).replace("T", " ").removesuffix(".000000").removesuffix(" 00:00:00")
    return text if isinstance(value, np.datetime64) else f"{float(text):g}"


def check_column(dataset: Dataset, column: str, how: str) -> str:
    """Return what to call the time; refuse another column."""
    form = dataset.schema.series
    name = "" if form is None else ", ".join(form.time)
    if column and column != name:
        raise RequestError(f"{option('split', how)}: windows are cut by {name}, their time.")
    return name


def series_values(dataset: Dataset, column: str, how: str) -> Array:
    """Return (N,) the series of each window, to keep each in one part.

    Raises:
        RequestError: The column is not that of the series.
        DataError: There is one series.
    """
    form, ids = dataset.schema.series, dataset.origin.ids
    if form is None or column != form.series:
        known = f"{form.series!r}" if form is not None and form.series else "none"
        raise RequestError(
            f"{option('split', how)}: of windows only the column of the series can be the group "
            f"(here {known})."
        )
    if ids is None:
        raise DataError(f"Column {column!r} holds one series, which cannot be split by it.")
    return ids
