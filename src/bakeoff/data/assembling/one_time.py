"""One time: a time that several columns hold, as year, month and day, or date and clock, in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.columns.date_numbers import date_numbers, say_date_numbers
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl


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
