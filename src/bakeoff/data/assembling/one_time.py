"""One time: a time that several columns hold, as year, month and day, or date and clock, in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.assembling.choices import Choices, columns_of_series
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.columns.date_numbers import date_numbers, say_date_numbers
from bakeoff.data.reading.cells import as_texts, clean, plain_numbers, to_months, to_times
from bakeoff.errors import DataError, RequestError, option
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl

CLOCK = r"^\d{1,2}([:.]\d{2}){1,2}(\s?[AaPp][Mm])?$"
FIRST = 200  # cells that tell whether a column holds dates


def one_time(frame: pl.DataFrame, choices: Choices) -> tuple[pl.DataFrame, str]:
    """Return the table with its time in one column, and its name.

    Year, month, day, hour and minute are joined as numbers; a date and its clock, or its hour, as
    texts, in whatever way both are written: 16/12/2006 and 17:24:00, or 17.24.00, or 17.

    Raises:
        DataError: The columns hold neither.
    """
    import polars as pl

    names = time_columns(choices)
    if len(names) == 1:
        return frame, names[0]
    joined = free_name("time", frame.columns)
    if len(names) == 2 and not are_numbers(frame[names[0]]):
        date, clock = (as_texts(frame[name]).str.strip_chars() for name in names)
        date = date.str.replace(r"[ T]00:00(:00(\.0+)?)?$", "")  # of a date that is a moment
        clock = clock.str.replace(r"^(\d{1,2})\.(\d{2})(?:\.(\d{2}))?$", "$1:$2:$3")
        clock = clock.str.strip_suffix(":")
        return frame.with_columns((date + " " + clock).alias(joined)), joined
    numbers = [pl.col(n).cast(pl.Float64, strict=False).cast(pl.Int64) for n in names]
    year, month, day, hour, minute = [
        *numbers,
        *[pl.lit(d) for d in (1, 1, 0, 0)][len(names) - 1 :],
    ][:5]
    stamp = pl.datetime(year, month, day, hour, minute).alias(joined)
    try:
        return frame.with_columns(stamp), joined
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise DataError(
            f"{option('time', ','.join(names))} must name year, month, day, hour and minute, or "
            "the first of them, as numbers, or a date and its clock: "
            f"{str(error).splitlines()[0]}"
        ) from error


def are_numbers(series: pl.Series) -> bool:
    """Tell whether most cells are numbers, as years are."""
    import polars as pl

    if series.dtype.is_temporal():
        return False
    return 2 * series.cast(pl.Float64, strict=False).null_count() < len(series)


def one_series(frame: pl.DataFrame, series: str) -> pl.DataFrame:
    """Return the table with the ids of its series in one column, which is called as they are given.

    "store,item" are two columns: the series of store 1 and item 3 is "1, 3".
    """
    import polars as pl

    parts = columns_of_series(series, frame.columns)
    if len(parts) < 2:
        return frame
    texts = [as_texts(frame[part]).str.strip_chars().alias(str(i)) for i, part in enumerate(parts)]
    ids = pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=", ")).to_series()
    return frame.with_columns(ids.alias(series))


def with_time(choices: Choices, frame: pl.DataFrame) -> tuple[Choices, list[str]]:
    """Return choices with what orders the steps: the only column of dates, if nobody said.

    Where these come again and again and one column holds clocks, both.

    Raises:
        RequestError: There is none, or more than one.
    """
    if not choices.windows or choices.time is not None:
        return choices, []
    what = option("horizon" if choices.horizon else "lookback")
    said = {name: kind.partition(":")[0] == "time" for name, kind in choices.kinds.items()}
    open_to = [c for c in frame if c.name not in {choices.target, *choices.further}]
    dates = [c.name for c in open_to if said.get(c.name, are_dates(c))]
    if len(dates) == 1:
        clocks = [c.name for c in open_to if c.name not in said and is_clock(c)]
        again = 2 * frame[dates[0]].n_unique() < len(frame)
        names = [*dates, *clocks] if again and len(clocks) == 1 else dates
        one = len(names) == 1
        return choices._replace(time=",".join(names)), [
            f"{listed([cut(name) for name in names])} {'orders' if one else 'order'} the steps, as "
            f"the only column{' of dates' if one else 's of dates and clocks'}: the option time "
            "sets it."
        ]
    which = f", {listed(dates)} for one" if dates else ""
    raise RequestError(
        f"{what} needs the column that orders the steps: name it with {option('time')}{which}. "
        "Where the rows stand in order and none tells the time, add one that counts them."
    )


def are_dates(series: pl.Series) -> bool:
    """Tell whether the first cells of a column are dates."""
    import polars as pl

    if series.dtype.is_temporal():
        return series.dtype not in (pl.Time, pl.Duration)
    if series.dtype != pl.String:
        return False
    texts = clean(series.head(FIRST))[0]
    if texts.null_count() == len(texts) or plain_numbers(texts).null_count() < len(texts):
        return False
    found = to_times(texts) or to_months(texts)
    return found is not None and found[0].null_count() == texts.null_count()


def is_clock(series: pl.Series) -> bool:
    """Tell whether the first cells of a column are times of day: 17:24, 17:24:00 or 17.24.00."""
    import polars as pl

    if series.dtype == pl.Time:
        return True
    if series.dtype != pl.String:
        return False
    texts = clean(series.head(FIRST))[0].drop_nulls()
    return len(texts) > 0 and bool(texts.str.contains(CLOCK).all())


def time_columns(choices: Choices) -> tuple[str, ...]:
    """Return the columns of the time: one, or parts of it."""
    return tuple(part.strip() for part in str(choices.time).split(","))


def dates_of_numbers(times: pl.Series, choices: Choices) -> tuple[Choices, list[str]]:
    """Choose the pattern in which a column of numbers holds dates, unless the user said a kind."""
    name = times.name
    pattern = "" if name in choices.kinds or len(time_columns(choices)) > 1 else date_numbers(times)
    if not pattern:
        return choices, []
    kinds = {**choices.kinds, name: f"time:{pattern}"}
    return choices._replace(kinds=kinds), [say_date_numbers(name, pattern)]
