"""Cells of a table: read texts as numbers and dates, and find the ones that do not fit.

Everything here takes and returns polars Series of one column. A cell that cannot be read becomes
null, so that the caller can count such cells and name them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bakeoff.data.forms import DateForm, NumberForm, NumberStyle
from bakeoff.data.reading.amounts import PATTERNS, amounts, style_of_amounts
from bakeoff.data.reading.common_unit import common_unit, without_unit
from bakeoff.data.reading.since_1970 import parts_of_second, quarters_as_months, since_1970
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

# What people and programs write for "no value". Case matters: "none" may be a category.
MISSING_WORDS = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "NaT"),
    *("null", "NULL", "None", "?", "-", "..", ":"),  # .. of the World Bank, : of Eurostat
)
NOTHING = ("",)  # in a target, a text is a class unless it is empty

# How numbers can be written besides 1234.5: style -> (the whole cell, thousands, decimal mark).
NUMBER_STYLES: dict[NumberStyle, tuple[str, str, str]] = {
    "decimal comma": (r"^[+-]?(\d{1,3}([. '’\u{a0}\u{202f}]\d{3})+|\d*)(,\d+)?$", ".", ","),
    "thousands comma": (r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?$", ",", "."),
    "thousands space": (r"^[+-]?(\d{1,3}([ '’\u{a0}\u{202f}]\d{3})+|\d+)(\.\d*)?$", " ", "."),
}

MINUS = "−–﹣－"  # what stands for the minus of ASCII in typeset tables
LIMIT = r"^[<>≤≥] ?[+-]?\d"  # below or above what an instrument can tell: <0.05
FORTRAN = r"^[+-]?(\d*\.\d*[dD][+-]?\d+|\d+[dD][+-]\d+)$"  # 8.9D-01, but not the code 8D01
FEW = 0.05  # a share of the cells that does not decide what a column holds
MANY = 1000  # rows from which on it pays to look for the different texts first

DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S%.f",
    "T%H:%M",
    "T%H:%M:%S%.f",
    "T%H:%M:%S%.f%#z",
    " %H:%M:%S%.f%#z",
    "T%H:%M%#z",
    " %H:%M%#z",
    "T%H",
    " %H",
    " %I:%M %p",
    " %I:%M:%S %p",
)
MONTHS = (
    *("%Y-%m", "%Y/%m", "%Y.%m", "%m-%Y", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%Y %b"),
    *("%YQ%q", "%Y-Q%q", "%Y Q%q", "Q%q %Y", "Q%q-%Y", "Q%q/%Y"),
    *("%G-W%V", "%GW%V", "%G W%V"),
)
OFFSET = r"\s*(Z|UTC|[+-]\d{2}:?\d{2})$"  # behind a time that is given with its distance to UTC


def clean(
    texts: pl.Series, words: Collection[str] = MISSING_WORDS
) -> tuple[pl.Series, dict[str, int]]:
    """Strip blanks and turn words for "no value" into null.

    Args:
        texts: Cells as they stand in the file.
        words: What means "no value", the empty text among them.

    Returns:
        The cleaned texts, and how many cells held each word (the empty cell is not counted).
    """
    import polars as pl

    distinct = few_distinct(texts)
    if distinct is not None:
        bare = distinct.str.strip_chars()
        if bare.equals(distinct, null_equal=True) and not bare.is_in(list(words)).any():
            return texts, {}
    texts = texts.str.strip_chars()
    found = texts.is_in(list(words)).fill_null(False)
    if not found.any():
        return texts, {}
    tally = sorted(texts.filter(found).value_counts().iter_rows())
    counts = {str(word): n for word, n in tally if word}
    frame = pl.DataFrame({"texts": texts, "found": found})
    return frame.select(pl.when(~pl.col("found")).then("texts")).to_series(), counts


def few_distinct(texts: pl.Series) -> pl.Series | None:
    """Return the different texts, null among them, where they are few; else None.

    What is told of every text can be told of these, in a fraction of the time.
    """
    some = texts.gather_every(max(1, len(texts) // MANY))
    return None if len(texts) < MANY or some.n_unique() > 0.9 * MANY else texts.unique()


def sample(texts: pl.Series, size: int = 1000) -> pl.Series:
    """Return up to `size` filled cells, evenly spread over the column."""
    filled = texts.drop_nulls()
    return filled.gather_every(max(1, len(filled) // size)).head(size)


def decimal_mark(texts: list[pl.Series], *, otherwise: str) -> str:
    """Return "," or ".", whichever the cells that leave no doubt use; `otherwise` without any.

    "1,5" leaves no doubt, "1,234" does. The mark decides for columns that do not decide themselves.
    """
    import polars as pl

    if not texts:
        return otherwise
    some = plain_signs(pl.concat([sample(column).alias("cell") for column in texts]))
    votes = {
        ",": int(some.str.contains(r"^[+-]?\d+,(\d{1,2}|\d{4,})$").sum()),
        ".": int(some.str.contains(r"^[+-]?\d+\.(\d{1,2}|\d{4,})$").sum()),
    }
    return otherwise if votes[","] == votes["."] else max(votes, key=lambda mark: votes[mark])


def is_code(texts: pl.Series) -> bool:
    """Tell whether digits are names here: leading zeros (00123), or too many to count with."""
    zeros = texts.filter(texts.str.starts_with("0"))
    if zeros.str.contains(r"^0\d+$").any():
        return True
    longest = texts.str.len_bytes().max()
    if not isinstance(longest, int) or longest <= 15:
        return False
    long = int(texts.str.contains(r"^\d{16,}$").sum())
    return long > FEW * (len(texts) - texts.null_count())


def plain_signs(texts: pl.Series) -> pl.Series:
    """Write negative numbers with the minus of ASCII in front: −1.5, (1.5) and 1.5- as -1.5."""
    signs = rf"^[+(]?[{MINUS}]|^\(.*\)$|\d-$"
    if not texts.str.contains(signs).any():
        return texts
    number = r"([^\p{L}()-]*\d[^\p{L}()-]*)"
    texts = texts.str.replace(rf"^[{MINUS}]{number}$", "-$1")
    texts = texts.str.replace(rf"^\({number}\)$", "-$1")
    return texts.str.replace(rf"^{number}-$", "-$1")


def in_brackets(texts: pl.Series) -> pl.Series:
    """Tell which cells are negative numbers as accountants write them: (81.82)."""
    return texts.str.contains(r"^\([^\p{L}()-]*\d[^\p{L}()-]*\)$").fill_null(False)


def odd_numbers(texts: pl.Series, numbers: pl.Series) -> str:
    """Say what the cells are that cannot be read, if they are numbers that only a person can read.

    Args:
        texts: Cleaned texts, null where missing.
        numbers: The same, read: null where that failed.

    Returns:
        What they are and how to go on; "" where other cells are no numbers either.
    """
    distinct = few_distinct(texts)
    looked_at = texts if distinct is None else distinct
    if not any(looked_at.str.contains(pattern).any() for pattern in (LIMIT, FORTRAN)):
        return ""
    unread = texts.filter(numbers.is_null()).drop_nulls()
    filled = len(texts) - texts.null_count()
    limits = unread.filter(unread.str.contains(LIMIT))
    fortran = unread.filter(unread.str.contains(FORTRAN))
    if not filled or len(unread) - len(limits) - len(fortran) > FEW * filled:
        return ""
    few = 2 * len(unread) <= filled
    missing = ", or give it the kind number to read these as missing" if few else ""
    if len(limits) > len(fortran):
        return (
            f"{len(limits):,} of {filled:,} cells tell a limit, such as {limits[0]!r}; write a "
            f"number there, such as half the limit{missing}"
        )
    if len(fortran):
        e = fortran[0].replace("D", "E").replace("d", "e")
        return (
            f"{len(fortran):,} of {filled:,} cells are written with the D of Fortran, such as "
            f"{fortran[0]!r}; write {e} there{missing}"
        )
    return ""


def to_numbers(
    texts: pl.Series, *, form: NumberForm | None = None, mark: str = "."
) -> tuple[pl.Series, NumberForm]:
    """Read texts as numbers, in the form that fits most cells.

    Args:
        texts: Cleaned texts, null where missing.
        form: How they are written; None to find it.
        mark: The decimal mark of the file, for columns that fit two styles alike.

    Returns:
        Float64 numbers (null where a cell is missing or is no number), and the form.
    """
    texts = plain_signs(texts)
    unit = form.unit if form else common_unit(sample(texts))
    bare = without_unit(texts, unit) if unit else texts
    if form:
        return in_style(bare, form.style), form
    numbers, style = best_style(bare, mark)
    return numbers, NumberForm(style, unit)


def best_style(texts: pl.Series, mark: str) -> tuple[pl.Series, NumberStyle]:
    """Read texts as numbers in the style that fits most of them, and name it."""
    some = sample(texts)
    if mark == "," and len(some) and some.str.contains(r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$").all():
        return in_style(texts, "decimal comma"), "decimal comma"  # 1.234 in a file of 1,5
    plain = plain_numbers(texts)
    unread = plain.null_count() - texts.null_count()
    special = style_of_amounts(some) if unread else None
    if special:
        return amounts(texts, special), special
    if unread == 0 or some.str.contains(r"^[^\p{L}]*\d[^\p{L}]*$").mean() < 0.5:  # type: ignore[operator]
        return plain, "plain"
    order: list[NumberStyle] = ["plain", "decimal comma", "thousands comma", "thousands space"]
    if mark == ".":
        order[1:3] = reversed(order[1:3])
    distinct = few_distinct(texts)
    if distinct is not None:
        readable = (in_style(distinct, style) for style in order)
        if all(numbers.null_count() == len(numbers) for numbers in readable):
            return plain, "plain"  # as of dates: no style reads any
    read = {style: in_style(texts, style) for style in order}
    best = min(order, key=lambda style: read[style].null_count())
    return read[best], best


def numbers_cell_by_cell(texts: pl.Series, form: NumberForm) -> tuple[pl.Series, pl.Series]:
    """Read texts in a form; a cell that does not fit it, in the one other style that can read it.

    1,5 in a column of plain numbers is 1.5; 1,234 may be two numbers, and so is none.

    Returns:
        Float64 numbers (null where a cell is missing or is no number), and where the form of a
        cell is another one (bool).
    """
    import polars as pl

    numbers, _ = to_numbers(texts, form=form)
    unread = numbers.is_null() & texts.is_not_null()
    if not unread.any():
        return numbers, unread
    texts = plain_signs(texts)
    bare = without_unit(texts, form.unit) if form.unit else texts
    frame = pl.DataFrame(
        {style: in_style(bare, style) for style in ("plain", *NUMBER_STYLES) if style != form.style}
    )
    one = pl.min_horizontal(pl.all()) == pl.max_horizontal(pl.all())
    others = frame.select(pl.when(one).then(pl.min_horizontal(pl.all()))).to_series()
    return others.zip_with(unread, numbers), unread & others.is_not_null()


def plain_numbers(texts: pl.Series) -> pl.Series:
    """Read 12, -3.4, 1e5; what is not a number becomes null."""
    import polars as pl

    numbers = texts.cast(pl.Float64, strict=False)
    return numbers.fill_nan(None)


def plain_number(text: str) -> float | None:
    """Read one text as `plain_numbers` does."""
    import polars as pl

    number: float | None = plain_numbers(pl.Series([text])).item()
    return number


def in_style(texts: pl.Series, style: NumberStyle) -> pl.Series:
    """Read the cells that are written in a style; others become null."""
    import polars as pl

    if style == "plain":
        return plain_numbers(texts)
    if style in PATTERNS:
        return amounts(texts, style)
    pattern, thousands, decimal = NUMBER_STYLES[style]
    bare = pl.col("texts").str.replace_all(rf"[ '’\u{{a0}}\u{{202f}}{thousands}]", "")
    if decimal == ",":
        bare = bare.str.replace(",", ".", literal=True)
    number = pl.when(pl.col("texts").str.contains(pattern)).then(bare)
    return texts.to_frame("texts").select(number.cast(pl.Float64, strict=False)).to_series()


def to_times(texts: pl.Series, *, pattern: str = "") -> tuple[pl.Series, str] | None:
    """Read texts as dates, if all but a few cells are dates written in one way.

    Returns:
        Datetimes (microseconds, null where not readable) and their pattern; None when the texts are
        no dates. The pattern is "" when day and month cannot be told apart from all the rows.
    """
    if pattern:
        return in_pattern(texts, pattern), pattern
    some = sample(texts, 60)
    if not len(some) or some.str.contains(r"^\w{1,9}[-/. ]\w{1,9}[-/., ]").mean() < 0.9:  # type: ignore[operator]
        return None
    likely = [
        date + clock
        for date in DATES
        for clock in CLOCKS
        if in_pattern(some, date + clock).null_count() <= len(some) // 10
    ]
    read = {name: in_pattern(texts, name) for name in likely}
    if not read:
        return None
    best = min(read, key=lambda name: read[name].null_count())
    if best.startswith(("%d/%m", "%m/%d", "%d-%m", "%m-%d")):
        twin = best.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
        alike = twin in read and read[twin].null_count() == read[best].null_count()
        if alike and not (read[twin] == read[best]).all():
            return read[best], ""
    return read[best], best


def in_pattern(texts: pl.Series, pattern: str, zone: str = "") -> pl.Series:
    """Read texts as times of one pattern; a year before 1000 is one of two digits: not readable.

    Times that are given with their distance to UTC become those of the wall clock in `zone`, of UTC
    where there is none.
    """
    import polars as pl

    if pattern.startswith("%s"):
        return since_1970(texts, parts_of_second(pattern))
    if pattern.endswith("%H"):  # polars wants minutes behind an hour
        texts, pattern = texts + ":00", f"{pattern}:%M"
    if "Q%q" in pattern:
        texts, pattern = quarters_as_months(texts), pattern.replace("Q%q", "%m")
    if pattern.endswith("W%V"):  # of ISO 8601, from Monday on
        texts, pattern = texts + "-1", f"{pattern}-%u"
    times = texts.str.to_datetime(pattern, time_unit="us", strict=False)
    if pattern.endswith("z"):
        times = wall_clock(times, zone or "UTC")
    year = pl.col("times").dt.year()
    return times.to_frame("times").select(pl.when(year >= 1000).then("times")).to_series()


def to_months(texts: pl.Series) -> tuple[pl.Series, str] | None:
    """Read texts as months, quarters or weeks, where all but a few are: 2024-01, Jan 2024."""
    for pattern in MONTHS:
        read = in_pattern(texts, pattern)
        if read.null_count() - texts.null_count() <= FEW * len(texts) < len(texts):
            return read, pattern
    return None


def wall_clock(times: pl.Series, zone: str) -> pl.Series:
    """Return what the clocks of a time zone show, as times without a zone; "" keeps their own."""
    import polars as pl

    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone:
        times = times.dt.convert_time_zone(zone) if zone else times
        times = times.dt.replace_time_zone(None)
    return times.cast(pl.Datetime("us"))


def times_cell_by_cell(texts: pl.Series, form: DateForm) -> tuple[pl.Series, pl.Series]:
    """Read texts in the pattern of a form; a cell that does not fit, with another clock or as ISO.

    Day and month never change places. Where the form has no zone, a clock is read as it is written.

    Returns:
        Datetimes (null where a cell is missing or is no date), and where the pattern of a cell is
        another one (bool).
    """
    import polars as pl

    nothing = pl.Series(values=[None] * len(texts), dtype=pl.Datetime("us"))
    times = in_pattern(texts, form.pattern, form.zone) if form.pattern else nothing
    first = times.is_not_null()
    date = max((d for d in DATES if form.pattern.startswith(d)), key=len, default=DATES[0])
    for pattern in dict.fromkeys(day + clock for day in (date, DATES[0]) for clock in CLOCKS):
        unread = times.is_null() & texts.is_not_null()
        if not unread.any():
            break
        if pattern.endswith("z") and not form.zone:
            pattern = pattern.removesuffix("%#z")
            read = in_pattern(texts.str.replace(OFFSET, ""), pattern)
        else:
            read = in_pattern(texts, pattern, form.zone)
        times = read.zip_with(unread, times)
    return times, times.is_not_null() & ~first


def as_texts(series: pl.Series) -> pl.Series:
    """Write typed values as texts: 1.0 as 1, True as true, a duration in seconds.

    Raises:
        DataError: The values have no text, such as bytes that are not UTF-8.
    """
    import polars as pl

    if series.dtype == pl.String:
        return series
    if series.dtype == pl.Duration:
        series = (series.cast(pl.Duration("us")).cast(pl.Int64) / 1e6).alias(series.name)
    if series.dtype.is_float():
        number = pl.col("number")  # not the name of the column: polars reads ^...$ as a pattern
        whole = (number == number.round()) & (number.abs() < 2**53)
        shortened = pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String))
        text = shortened.otherwise(number.cast(pl.String))
        texts = series.fill_nan(None).to_frame("number").select(text).to_series()
        return texts.alias(series.name)
    try:
        return series.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"Column {series.name!r} holds values of type {series.dtype} that cannot be written as "
            "text. Leave it out, or give it as text or numbers."
        ) from error
