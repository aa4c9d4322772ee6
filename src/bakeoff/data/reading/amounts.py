"""Amounts: numbers that people write with letters or in two parts: 12.5k, 13:45, 1:02:03, 5'11"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.data.forms import NumberStyle

if TYPE_CHECKING:
    import polars as pl

TIMES = {"k": 1e3, "m": 1e6, "b": 1e9}
# style -> the whole cell
PATTERNS: dict[NumberStyle, str] = {
    "magnitudes": r"^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s?([kKMBmb]?)$",
    "hours and minutes": r"^(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?:\s?([AaPp])\.?[Mm]\.?)?$",
    "hours, minutes and seconds": r"^(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)$",
    "feet and inches": r"""^(\d{1,2})\s?['’′]\s?(\d{1,2}(?:\.\d+)?)\s?(?:["”″]|'')?$""",
}
SOME = 0.1  # share of the cells that must show it: a rare 15K among numbers is a name
# what they show; the first style that fits is taken
SIGNS: dict[NumberStyle, str] = {
    "magnitudes": r"[kKM]$",
    "hours, minutes and seconds": r"^\d+:\d\d:\d\d",
    "hours and minutes": r"^\d+:\d\d",
    "feet and inches": r"^\d+\s?['’′]",
}


def amounts(texts: pl.Series, style: NumberStyle) -> pl.Series:
    """Read the cells that are written in a style as Float64; others become null.

    Hours and minutes become minutes (13:45 and 1:45 pm are 825), hours, minutes and seconds become
    seconds (1:02:03 is 3723, 2:05 is 125), feet and inches become inches, 12.5k becomes 12500.
    """
    import polars as pl

    groups = texts.to_frame("text").select(pl.col("text").str.extract_groups(PATTERNS[style]))
    parts = groups.to_series().struct.unnest()
    read = [pl.col(str(i + 1)) for i in range(parts.width)]
    numbers = [part.cast(pl.Float64, strict=False) for part in read]
    if style == "magnitudes":
        digits = read[0].str.replace_all(",", "").cast(pl.Float64, strict=False)
        times = read[1].str.to_lowercase().replace_strict(TIMES, default=1.0)
        value = digits * times
    elif style == "hours and minutes":
        afternoon = read[3].str.to_lowercase() == "p"
        of_twelve = numbers[0] % 12 + 12 * afternoon.cast(pl.Float64)
        hours = pl.when(read[3].is_null()).then(numbers[0]).otherwise(of_twelve)
        value = 60 * hours + numbers[1] + numbers[2].fill_null(0.0) / 60
    elif style == "feet and inches":
        value = 12 * numbers[0] + numbers[1]
    else:
        value = 3600 * numbers[0].fill_null(0.0) + 60 * numbers[1] + numbers[2]
    return parts.select(value.alias(texts.name)).to_series()


def style_of_amounts(some: pl.Series) -> NumberStyle | None:
    """Return the style of numbers that most cells of a sample are written in, or None."""
    for style, sign in SIGNS.items():
        fitting, shown = (int(some.str.contains(p).sum()) for p in (PATTERNS[style], sign))
        if 2 * fitting > len(some) and shown >= SOME * len(some):
            return style
    return None
