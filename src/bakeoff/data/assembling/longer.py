"""Longer: a table with a column for each date, a row for each series, becomes one row a step.

Country, 1/22/20, 1/23/20, …         Country, time, value
France,        2,       3, …    ->   France, 2020-01-22, 2
                                     France, 2020-01-23, 3

So does one with a column for each step, counted: d_1, d_2, … (M5) or V2, V3, … (M4).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.assembling.choices import Choices, columns_of_series
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.forms import SeriesForm
from bakeoff.data.reading.cells import (
    as_texts,
    best_style,
    clean,
    plain_signs,
    to_months,
    to_times,
)
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, did_you_mean, option
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl

FEWEST = 8  # columns that are dates one after the other
PATTERNS = (
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%b-%y",
    "%b %Y",
)
YEAR = re.compile(r"(?:X|Y|YR|year[ _]?)?((?:18|19|20|21)\d\d)(?: \[YR\d{4}\])?", re.IGNORECASE)
COUNTED = re.compile(r"(.*?\D)?[ _.-]?(\d{1,6})")
SOME = 20  # cells of a column that are looked at
TIME, VALUE = "time", "value"
Moment = datetime | int


def longer(table: Table, choices: Choices) -> tuple[Table, Choices]:
    """Return the table with one row a step, and choices that name its columns; or both as they are.

    Args:
        table: The training data, or another part.
        choices: Of the user, about time series. The target names the numbers, and the time their
            dates, where no column is called so.

    Raises:
        DataError: Two rows are of one series.
    """
    names = table.frame.columns
    dates: Mapping[str, Moment] = dates_of_names(names)
    if len(dates) < FEWEST and not did_you_mean(choices.target or "", names):  # else a typo
        dates = steps_of_names(table.frame)
    if len(dates) < FEWEST or choices.target in names or choices.time in names:
        return table, choices
    others = [name for name in names if name not in dates]
    value = free_name(choices.target or VALUE, others)
    time = free_name(choices.time or TIME, others)
    series = columns_of_series(choices.series or "", others) or ids_of(table.frame, others)
    said = choices._replace(target=value, time=time, series=",".join(series) or None)
    return melted(table, dates, series, time, value), said


def longer_like(table: Table, form: SeriesForm, target: str) -> Table:
    """Return a new table with one row a step, if the run learned from such and this is none."""
    names = table.frame.columns
    if len(form.time) > 1 or {*form.time, *form.names} & set(names):
        return table  # one row a step, even if a column of it is lacking
    series = columns_of_series(form.series, names)
    find = dates_of_names if form.dated else counted_names
    dates: Mapping[str, Moment] = find([name for name in names if name not in series])
    return melted(table, dates, series, form.time[0], target) if dates else table


def dates_of_names(names: Sequence[str]) -> dict[str, datetime]:
    """Return the columns that are called by dates, each later than the one before.

    Example:
        >>> [str(date)[:10] for date in dates_of_names(["id", "1/22/20", "1/23/20"]).values()]
        ['2020-01-22', '2020-01-23']
        >>> len(dates_of_names(["y", "1990", "1991 [YR1991]"])), dates_of_names(["400", "402"])
        (2, {})
    """
    import polars as pl

    may_be = [name for name in names if any(sign.isdigit() for sign in name)]
    years = {name: datetime(int(m[1]), 1, 1) for name in may_be if (m := YEAR.fullmatch(name))}
    if len(years) > 1:
        return years if rising(list(years.values())) else {}
    texts = pl.Series(may_be, dtype=pl.String)
    ways = [read[0].to_list() for read in (to_times(texts), to_months(texts)) if read is not None]
    ways += [[moment_of(name, pattern) for name in may_be] for pattern in PATTERNS]
    found = [{n: m for n, m in zip(may_be, way, strict=True) if m is not None} for way in ways]
    return max((own for own in found if rising(list(own.values()))), key=len, default={})


def steps_of_names(frame: pl.DataFrame) -> dict[str, int]:
    """Return the columns of numbers that count steps by their names, where most columns do.

    The first that is counted may hold the names of the series, as V1 of M4. Beside a column of
    dates the rows are steps, not series.
    """
    found = counted_names(frame.columns)
    first, second = (*found, "", "")[:2]
    if second and holds_numbers(frame[second]) and not holds_numbers(frame[first]):
        del found[first]
    if 2 * len(found) <= len(frame.columns):
        return {}
    others = [as_texts(frame[name]).head(SOME) for name in frame.columns if name not in found]
    return {} if any(to_times(cells) is not None for cells in others) else found


def holds_numbers(column: pl.Series) -> bool:
    """Tell whether the first cells of a column that hold something are numbers without a unit."""
    cells = clean(as_texts(column).head(SOME))[0].drop_nulls()
    return not best_style(plain_signs(cells), ".")[0].null_count()


def counted_names(names: Sequence[str]) -> dict[str, int]:
    """Return the names that are one word and a number, each one more than the last.

    Example:
        >>> counted_names(["id", "d_1", "d_2", "d_3"]), counted_names(["d_1", "d_3"])
        ({'d_1': 1, 'd_2': 2, 'd_3': 3}, {})
    """
    told = [(name, m[1], int(m[2])) for name in names if (m := COUNTED.fullmatch(name))]
    words = Counter(word for _, word, _ in told)
    word = max(words, key=lambda own: words[own], default="")
    found = {name: step for name, own, step in told if own == word}
    return found if all(b - a == 1 for a, b in pairwise(found.values())) else {}


def moment_of(name: str, pattern: str) -> datetime | None:
    """Return the date that a name is in one pattern; None where it is none."""
    try:
        return datetime.strptime(name.strip(), pattern)
    except ValueError:
        return None


def rising(moments: Sequence[datetime]) -> bool:
    """Tell whether each moment is later than the one before."""
    return all(a < b for a, b in pairwise(moments))


def ids_of(frame: pl.DataFrame, others: Sequence[str]) -> list[str]:
    """Return the columns that tell the rows apart: one, or as many of the first as it takes."""
    if len(frame) == 1:
        return []
    texts = {name: as_texts(frame[name]) for name in others}
    for name, own in texts.items():
        if own.n_unique() == len(frame) and not own.null_count():
            return [name]
    for count in range(2, len(others) + 1):
        if frame.select(others[:count]).n_unique() == len(frame):
            return list(others[:count])
    shown = f" by {listed([cut(name) for name in others], most=4)}" if others else ""
    raise DataError(
        f"Every row is a series, with a column for each date, and the rows are not told apart"
        f"{shown}. Add a column that names them, and say {option('series', 'NAME')}."
    )


def melted(
    table: Table, dates: Mapping[str, Moment], series: Sequence[str], time: str, value: str
) -> Table:
    """Put the numbers of all dates below each other."""
    import polars as pl

    frame = table.frame
    lost = [name for name in series if name not in frame.columns]
    if lost:
        raise DataError(
            f"{table.source} lacks the column {cut(repr(lost[0]))} that names its series. Give it."
        )
    left = [name for name in frame.columns if name not in dates and name not in series]
    columns = {name: as_texts(frame[name]) for name in dates}  # of one type, for one column
    wide = pl.DataFrame([*(frame[name] for name in series), *columns.values()])
    long = wide.unpivot(on=list(dates), index=list(series), variable_name=time, value_name=value)
    moments = pl.Series(list(dates.values())).repeat_by(len(frame)).explode()
    what = "dates" if isinstance(next(iter(dates.values())), datetime) else "steps"
    note = (
        f"{table.source}: {len(dates):,} columns are {what}, from {next(iter(dates))} to "
        f"{list(dates)[-1]}: their numbers are taken as {value}, one row a step"
        f"{f', of the series of {listed([cut(n) for n in series])}' if series else ''}"
        f"{f'; left out: {listed([cut(n) for n in left], most=4)}' if left else ''}."
    )
    frame = long.with_columns(moments.alias(time))
    return replace(table, frame=frame, notes=(*table.notes, note), wide=len(table.frame))
