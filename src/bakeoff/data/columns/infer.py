"""Infer: decide what a column holds from all of its rows, and say why in a few words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.columns.words import Words, words
from bakeoff.data.forms import DateForm, NumberForm, WordForm, WordStyle
from bakeoff.data.origin import Place, one_table
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import MISSING_WORDS, NOTHING, as_texts

if TYPE_CHECKING:
    import polars as pl

BAD_CELLS = cells.FEW  # a column of numbers or dates may hold this share of cells that are none
BAD_UNITS = 0.2  # and this share of cells in another unit, which are named as well
REPEATS = 0.3  # texts are categories when this share of the filled cells holds a repeated text
FEW_ROWS = 20  # below this, a text that comes once is no sign of an identifier
FEW_WORDS = 5  # so many different words among numbers stand for "no value"; more are codes
SENTENCE = 8  # words a cell from which a column of many texts is free text
UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
SAID = {
    "magnitudes": "k, M or B for thousands, millions or billions",
    "hours and minutes": "hours and minutes, read as minutes",
    "hours, minutes and seconds": "hours, minutes and seconds, read as seconds",
    "feet and inches": "feet and inches, read as inches",
}
LETTERS_A_WORD = 2  # of such scripts, without blanks between words


def infer(
    series: pl.Series,
    *,
    mark: str = ".",
    place: Place = one_table,
    nothing: Collection[str] = MISSING_WORDS,
) -> Reading:
    """Decide what a column holds, from all of its rows, and read its values.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        mark: The decimal mark of the file, for columns that do not decide it themselves.
        place: Writes a position for people.
        nothing: Texts that mean "no value".
    """
    import polars as pl

    name = series.name
    if isinstance(series.dtype, (pl.Categorical, pl.Enum)):
        return declared_category(series)
    if series.dtype == pl.Duration:
        series = seconds(series)
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        reason = "lists or objects in its cells, not single values"
        nothing = np.full(len(series), None, dtype=object)
        return Reading(Column(name=name, kind="ignored", reason=reason), nothing)
    if series.dtype.is_temporal() and series.dtype not in (pl.Time, pl.Duration):
        return of_times(name, cells.wall_clock(series, ""), "dates", zone=zone_of(series))
    if series.dtype.is_integer() and too_large(series):
        return of_words(name, as_texts(series), hint=f"numbers too large to count, as {series[0]}")
    if series.dtype.is_numeric():
        return of_numbers(name, floats(series), place=place)
    if series.dtype == pl.String and mark != "," and not cells.is_code(series):
        numbers = series.cast(pl.Float64, strict=False)
        if numbers.null_count() == series.null_count() < len(series) and not numbers.is_nan().any():
            return of_numbers(name, numbers, place=place)  # the usual case, in a third of the time
    texts, words = cells.clean(as_texts(series), nothing)
    notes = tuple(
        Note("missing", f"{name}: {n:,} cells {word!r} read as missing.")
        for word, n in words.items()
    )
    reading = of_texts(name, texts, mark, place)
    return reading._replace(notes=notes + reading.notes)


def seconds(durations: pl.Series) -> pl.Series:
    """Return durations as numbers of seconds."""
    import polars as pl

    return (durations.cast(pl.Duration("us")).cast(pl.Int64) / 1e6).alias(durations.name)


def declared_category(series: pl.Series) -> Reading:
    """Read a column that its source declares to be a category, whatever its cells look like."""
    reading = as_words(series, nothing=NOTHING)
    column = reading.column
    if column.kind in ("constant", "binary"):
        return reading
    reason = f"declared as a category, {column.distinct:,} different values"
    return reading._replace(column=replace(column, kind="category", reason=reason))


def as_words(series: pl.Series, *, nothing: Collection[str] = MISSING_WORDS) -> Reading:
    """Read a column as words; numbers are written in their shortest form, so that 1.0 is 1."""
    texts = cells.clean(as_texts(series), nothing)[0]
    numbers = None if cells.is_code(texts) else cells.plain_numbers(texts)
    if numbers is None or numbers.null_count() > texts.null_count():
        return of_words(series.name, texts)
    return of_words(series.name, shortest(texts), style="shortest")


def zone_of(times: pl.Series) -> str:
    """Return the time zone of typed times, "" without one."""
    import polars as pl

    return str(times.dtype.time_zone or "") if isinstance(times.dtype, pl.Datetime) else ""


def too_large(integers: pl.Series) -> bool:
    """Tell whether more than a few integers would lose digits as float64: such are names."""
    import polars as pl

    ends = (integers.min(), integers.max())
    if not any(isinstance(end, int) and abs(end) >= 2**53 for end in ends):
        return False
    large = integers.cast(pl.Float64).abs() >= 2**53
    return int(large.sum()) > cells.FEW * (len(integers) - integers.null_count())


def of_texts(name: str, texts: pl.Series, mark: str, place: Place) -> Reading:
    """Decide between number, time and words for a column of cleaned texts."""
    filled = len(texts) - texts.null_count()
    if not filled or are_plain_words(texts):
        return of_words(name, texts)
    if cells.is_code(texts):
        return of_words(name, texts, hint=f"digits as names, such as {texts.drop_nulls()[0]}")
    numbers, form = cells.to_numbers(texts, mark=mark)
    bad = numbers.null_count() - texts.null_count()
    if bad <= (BAD_UNITS if in_units(texts, numbers, form) else BAD_CELLS) * filled:
        reading = with_brackets(of_numbers(name, numbers, form=form, place=place), texts)
        return with_bad_cells(reading, texts, numbers, "number", place) if bad else reading
    odd = cells.odd_numbers(texts, numbers)
    if odd:
        return of_words(name, texts, hint=odd)
    if bad <= filled / 2 and are_few(texts, numbers):
        wrong = f"{bad:,} of {filled:,} cells are no numbers: {examples(texts, numbers, place)}"
        hint = f"{wrong}; give it the kind number to read these as missing"
        return of_words(name, texts, hint=hint)
    found = cells.to_times(texts)
    if found is None or found[0].null_count() - texts.null_count() > BAD_CELLS * filled:
        return of_words(name, texts)
    times, pattern = found
    if not pattern:
        twins = "give it the kind time:%d/%m/%Y or time:%m/%d/%Y"
        return of_words(name, texts, hint=f"dates in which day and month look alike; {twins}")
    zone = "UTC" if pattern.endswith("z") else ""
    reason = f"dates such as {texts.drop_nulls()[0]}"
    reading = of_times(name, times, reason, pattern=pattern, zone=zone)
    bad = times.null_count() - texts.null_count()
    return with_bad_cells(reading, texts, times, "date", place) if bad else reading


def in_units(texts: pl.Series, numbers: pl.Series, form: NumberForm) -> bool:
    """Tell whether a column has a word for a unit, and what cannot be read are other units."""
    others = texts.filter(numbers.is_null()).drop_nulls()
    return len(form.unit) > 1 and bool(others.str.contains(r"^[+-]?\d").all())


def are_few(texts: pl.Series, numbers: pl.Series) -> bool:
    """Tell whether the texts that are no numbers are but a few different ones among many."""
    others = texts.filter(numbers.is_null()).drop_nulls().n_unique()
    return bool(others <= FEW_WORDS and texts.n_unique() > FEW_ROWS)


def are_plain_words(texts: pl.Series) -> bool:
    """Tell whether no text holds a digit or is read as a number, as inf is; in doubt, deny it."""
    import polars as pl

    distinct = cells.few_distinct(texts)
    if distinct is None or distinct.str.contains(r"\d").any():
        return False
    return distinct.cast(pl.Float64, strict=False).null_count() == len(distinct)


def of_numbers(
    name: str, numbers: pl.Series, *, form: NumberForm | None = None, place: Place = one_table
) -> Reading:
    """Describe a column of numbers: 0 or 1, row numbers, always the same, or an amount."""
    notes = []
    infinite = int(numbers.is_infinite().sum())
    if infinite:
        first = place(int(numbers.is_infinite().arg_true()[0]))
        text = f"{name}: {infinite:,} infinite cells read as missing (first: {first})."
        notes.append(Note("infinite", text))
        numbers = finite(numbers)
    filled = numbers.drop_nulls().to_numpy()
    missing, distinct = len(numbers) - len(filled), count_distinct(filled)
    kind, reason = number_kind(name, filled, missing, distinct)
    column = Column(
        name=name,
        kind=kind,
        reason=reason + written(form) if kind == "number" else reason,
        missing=missing,
        distinct=distinct,
        form=WordForm("shortest", pair=("0", "1")) if kind == "binary" else form or NumberForm(),
    )
    if kind == "binary":
        return Reading(column, zeros_and_ones(numbers), tuple(notes))
    return Reading(column, without_null(numbers), tuple(notes))


def floats(series: pl.Series) -> pl.Series:
    """Return numbers as Float64, null where they are NaN; what is that already is not copied."""
    import polars as pl

    numbers = series.cast(pl.Float64)
    return numbers.fill_nan(None) if numbers.is_nan().any() else numbers


def without_null(numbers: pl.Series) -> Array:
    """Return (N,) float64, NaN where null; without a copy where nothing is null."""
    filled = numbers.fill_null(float("nan")) if numbers.null_count() else numbers
    return np.asarray(filled.to_numpy())


def written(form: NumberForm | None) -> str:
    """Say how numbers are written, where they are not plain."""
    if form is None:
        return ""
    style = "" if form.style == "plain" else SAID.get(form.style, f"a {form.style}")
    how = " and ".join(part for part in (style, form.unit) if part)
    return f", written with {how}" if how else ""


def finite(numbers: pl.Series) -> pl.Series:
    """Turn infinite numbers into null."""
    import polars as pl

    if not numbers.is_infinite().any():
        return numbers
    return numbers.to_frame("n").select(pl.when(pl.col("n").is_finite()).then("n")).to_series()


def count_distinct(numbers: Array) -> int:
    """Count different numbers, by sorting them: NumPy does that faster than hashing.

    Args:
        numbers: (N,) float64 without NaN.
    """
    ordered = np.sort(numbers)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1 if len(ordered) else 0


def zeros_and_ones(numbers: pl.Series) -> Array:
    """Return numbers that are 0, 1 or null as (N,) words."""
    codes: Array = numbers.fill_null(2).to_numpy().astype(np.int8)
    return np.asarray(np.array(["0", "1", None], dtype=object)[codes])


def number_kind(name: str, filled: Array, missing: int, distinct: int) -> tuple[str, str]:
    """Return the kind of a column of numbers and why."""
    if distinct == 0:
        return "constant", "every cell is missing"
    low, high = float(filled.min()), float(filled.max())
    if distinct == 1 and not missing:
        return "constant", f"always {amount(low)}"
    if distinct == 2 and (low, high) == (0, 1):
        return "binary", "0 or 1"
    some = filled[:1000]  # where there are fractions, the first rows tell it mostly
    integers = bool((some == np.round(some)).all() and (filled == np.round(filled)).all())
    if integers and is_index(name) and distinct > 1:
        return "identifier", "the index of a data frame, as its name says"
    if integers and distinct == len(filled) and not missing and distinct >= FEW_ROWS:
        if high - low + 1 == distinct:
            return "identifier", f"counts from {amount(low)} to {amount(high)} like row numbers"
        if looks_like_id(name):
            return "identifier", f"a different integer in each of {distinct:,} rows"
    if distinct == 1:
        return "number", f"{amount(low)} or missing"
    what = "integers" if integers else "numbers"
    return "number", f"{what} from {amount(low)} to {amount(high)}"


def is_index(name: str) -> bool:
    """Tell whether a column was the index of a data frame: pandas names it so, or has no name."""
    return bool(re.fullmatch(r"__index_level_\d+__|Unnamed: 0(\.\d+)*|level_0", name))


def looks_like_id(name: str) -> bool:
    """Tell whether a name ends in "id" as a word of its own: id, user_id, userId."""
    return bool(re.search(r"(^|[_\W])(id|ID|Id|uuid|index|key)$|[a-z]I[dD]$", name))


def of_times(
    name: str, times: pl.Series, reason: str, *, pattern: str = "", zone: str = ""
) -> Reading:
    """Describe a column of dates; `times` show the wall clock of the zone."""
    filled = times.drop_nulls()
    missing, distinct = len(times) - len(filled), filled.n_unique()
    kind = "time"
    if distinct <= 1 and not (distinct and missing):
        kind, reason = "constant", f"always {filled[0]}" if distinct else "every cell is missing"
    column = Column(
        name=name,
        kind=kind,
        reason=f"{reason}, by the clocks of {zone}" if zone and kind == "time" else reason,
        missing=missing,
        distinct=distinct,
        form=DateForm(pattern, zone),
    )
    return Reading(column, times.to_numpy().astype("datetime64[us]", copy=False))


def of_words(
    name: str, texts: pl.Series, *, hint: str = "", style: WordStyle = "as written"
) -> Reading:
    """Describe a column of words: constant, binary, category, text or identifier."""
    if style == "as written" and is_truth(texts):
        texts, style = texts.str.to_lowercase(), "lower"
    found = words(texts)
    distinct, filled = len(found.distinct), int(found.counts.sum())
    missing = len(texts) - filled
    kind, reason, sentences = word_kind(texts, found, missing)
    column = Column(
        name=name,
        kind=kind,
        reason=hint if hint and kind in ("category", "identifier", "text") else reason,
        missing=missing,
        distinct=distinct,
        form=WordForm(
            style,
            pair=tuple(sorted(found.distinct)) if kind == "binary" else (),
            sentences=sentences,
        ),
    )
    counts = found.tally if kind in ("category", "binary") else None
    return Reading(column, found.values, counts=counts)


def is_truth(texts: pl.Series) -> bool:
    """Tell whether all texts are true or false, in any case: True, TRUE and true are one."""
    some = cells.sample(texts, 20).str.to_lowercase()
    if not len(some) or not some.is_in(["true", "false"]).all():
        return False
    return bool(texts.drop_nulls().str.to_lowercase().is_in(["true", "false"]).all())


def shortest(texts: pl.Series) -> pl.Series:
    """Write every text that is a number as short as can be, so that 1.0 and 1 are one."""
    numbers = cells.plain_numbers(texts)
    return as_texts(numbers).zip_with(numbers.is_not_null(), texts)


def word_kind(texts: pl.Series, found: Words, missing: int) -> tuple[str, str, bool]:
    """Return the kind of a column of words, why, and whether its cells are sentences."""
    distinct, filled = len(found.distinct), int(found.counts.sum())
    if distinct == 0:
        return "constant", "every cell is missing", False
    first = found.distinct[0]
    if distinct == 1:
        if missing:
            return "category", f"{first!r} or missing", False
        return "constant", f"always {first!r}", False
    if distinct == 2:
        return "binary", " or ".join(sorted(found.distinct)), False
    repeated = int(found.counts[found.counts > 1].sum())
    length = words_a_cell(texts)
    many = f"{distinct:,} different values in {filled:,} rows"
    if length >= SENTENCE and distinct > FEW_ROWS:
        return "text", f"sentences of about {length:.0f} words", True
    if filled < FEW_ROWS and distinct < filled:
        return "category", many, False
    if repeated >= REPEATS * filled:
        few = f"{distinct:,} different values" if distinct < 0.1 * filled else many
        return "category", few, False
    if length < 3:
        return "identifier", many, False
    return "text", f"{many}, about {length:.0f} words each", False


def words_a_cell(texts: pl.Series) -> float:
    """Return how many words a filled cell has on average, in scripts without blanks as well."""
    some = cells.sample(texts)
    words = some.str.count_matches(r"\S+") + some.str.count_matches(UNSPACED) / LETTERS_A_WORD
    return float(words.mean())  # type: ignore[arg-type]


def with_bad_cells(
    reading: Reading, texts: pl.Series, read: pl.Series, what: str, place: Place
) -> Reading:
    """Say which few cells could not be read; they are missing from here on."""
    bad = read.null_count() - texts.null_count()
    many = f"{bad:,} cells" if bad > 1 else "1 cell"
    where = examples(texts, read, place)
    column = replace(reading.column, reason=f"all {what}s but {many}: {where}")
    are = "are" if bad > 1 else "is"
    note = Note("unread", f"{column.name}: {many} that {are} no {what}, read as missing: {where}.")
    return Reading(column, reading.values, (note, *reading.notes))


def with_brackets(reading: Reading, texts: pl.Series) -> Reading:
    """Say which numbers stood in brackets, as accountants write negative ones."""
    found = texts.filter(cells.in_brackets(texts))
    if not len(found):
        return reading
    text = f"{reading.column.name}: {len(found):,} cells in brackets, such as {found[0]}, read as "
    return reading._replace(notes=(Note("brackets", f"{text}negative."), *reading.notes))


def examples(texts: pl.Series, read: pl.Series, place: Place) -> str:
    """Name the first three cells that could not be read, with their rows."""
    bad = (read.is_null() & texts.is_not_null()).arg_true().to_list()
    named = ", ".join(f"{texts[position]!r} at {place(position)}" for position in bad[:3])
    return f"{named}, …" if len(bad) > 3 else named


def amount(number: float) -> str:
    """Write a number for a reader: 20,640 but 2018; four digits where there are fractions."""
    if abs(number) < 1000 and number != round(number):
        return f"{number:.4g}"
    return f"{number:,.0f}" if 10_000 <= abs(number) < 1e15 else f"{number:.4g}"
