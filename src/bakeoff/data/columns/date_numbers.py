"""Dates that are written as numbers: seconds since 1970, or 20240131."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.columns.moments import whole_numbers
from bakeoff.data.reading import cells
from bakeoff.data.reading.since_1970 import parts_of_second

if TYPE_CHECKING:
    import polars as pl

FIRST, LAST = 631_152_000, 4_102_444_800  # seconds since 1970 of the years 1990 and 2100
SINCE = {"%s": "seconds", "%s/1000": "milliseconds", "%s/1000000": "microseconds",
         "%s/1000000000": "nanoseconds"}  # fmt: skip
DIGITS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def date_numbers(times: pl.Series) -> str:
    """Return the pattern in which whole numbers are dates, "" where they are none.

    All of them are dates of the years 1900 to 2100 when they are read as 20240131, or lie between
    1990 and 2100 when they are counted from 1970.

    Example:
        >>> import polars as pl
        >>> date_numbers(pl.Series([1_700_000_000, 1_700_003_600]))
        '%s'
        >>> date_numbers(pl.Series([20240131, 20240201])), date_numbers(pl.Series([1, 2, 3]))
        ('%Y%m%d', '')
    """
    whole = whole_numbers(times)
    if whole is None:
        return "%s" if are_seconds(times) else ""
    if len(known := whole.drop_nulls()) < 2:
        return ""
    low, high = int(known.min()), int(known.max())  # type: ignore[arg-type]
    pattern = DIGITS.get(len(str(low)), "")
    if pattern and len(str(high)) == len(str(low)):
        read = cells.in_pattern(cells.as_texts(known), pattern)
        years = read.dt.year()
        if not read.null_count() and years.is_between(1900, 2100).all():
            return pattern
    for pattern in SINCE:
        parts = parts_of_second(pattern)
        if low >= FIRST * parts and high < LAST * parts:
            return pattern
    return ""


def are_seconds(times: pl.Series) -> bool:
    """Tell whether numbers with fractions are seconds since 1970 of the years 1990 to 2100."""
    import polars as pl

    if times.dtype != pl.String and not times.dtype.is_float():
        return False
    texts = cells.clean(cells.as_texts(times))[0].drop_nulls()
    numbers = texts.cast(pl.Float64, strict=False)
    return len(numbers) > 1 and bool(numbers.is_between(FIRST, LAST).fill_null(value=False).all())


def say_date_numbers(name: str, pattern: str) -> str:
    """Say how numbers are read as dates, and how they stay numbers."""
    what = f"{SINCE[pattern]} since 1970, by the clocks of UTC" if pattern in SINCE else pattern
    return (
        f"{cut(name)} holds numbers, which are read as dates ({what}); give it the kind "
        "number to take them as numbers."
    )
