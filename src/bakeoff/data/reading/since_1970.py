"""Dates that no pattern of the libraries reads: counted from 1970, or quarters of a year."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def since_1970(texts: pl.Series, parts: int) -> pl.Series:
    """Read numbers as dates: seconds since 1970, or so many parts of one; null where not readable.

    Example:
        >>> import polars as pl
        >>> since_1970(pl.Series(["1700000000000"]), 1000)[0]
        datetime.datetime(2023, 11, 14, 22, 13, 20)
    """
    import polars as pl

    whole = texts.cast(pl.Int64, strict=False)
    counted = whole * (10**6 // parts) if parts <= 10**6 else whole // (parts // 10**6)
    exact = (texts.cast(pl.Float64, strict=False) * (1e6 / parts)).round()
    exact = exact.cast(pl.Int64, strict=False)
    return counted.zip_with(whole.is_not_null(), exact).cast(pl.Datetime("us"))


def parts_of_second(pattern: str) -> int:
    """Return how many parts of a second a pattern counts in: "%s" 1, "%s/1000" 1,000."""
    parts = pattern.partition("/")[2]
    return int(parts) if re.fullmatch(r"1(0{3}){1,3}", parts) else 1


def quarters_as_months(texts: pl.Series) -> pl.Series:
    """Write the first month of a quarter in its place: 2024-Q2 is 2024-04."""
    for quarter in range(1, 5):
        texts = texts.str.replace(f"Q{quarter}", f"{3 * quarter - 2:02d}", literal=True)
    return texts


def hours_of_offset(offset: str) -> float:
    """Return the hours of a distance to UTC.

    Example:
        >>> hours_of_offset("+05:30"), hours_of_offset("-0330"), hours_of_offset("Z")
        (5.5, -3.5, 0.0)
    """
    found = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", offset)
    if not found:
        return 0.0
    hours = int(found[2]) + int(found[3]) / 60
    return -hours if found[1] == "-" else hours
