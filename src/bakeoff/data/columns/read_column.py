"""Read a column whose kind is known, by the user's word or by the schema of a run, or infer it.

`read_column` reads training data, as the kind that the user named if any, and refuses what does
not fit; `read_like` reads new data as the training data were: a cell that does not fit is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import is_missing
from bakeoff.data.columns.array_column import array_cells, array_cells_like
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.columns.infer import (
    as_words,
    declared_category,
    examples,
    finite,
    floats,
    infer,
    of_numbers,
    of_times,
    seconds,
    shortest,
    with_bad_cells,
    with_brackets,
    without_null,
    zone_of,
)
from bakeoff.data.columns.words import words_of
from bakeoff.data.forms import DateForm, NumberForm, ShapeForm, WordForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.origin import Place, one_table
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import MISSING_WORDS, NOTHING, as_texts
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

TRUE_WORDS = ("true", "yes", "1", "y", "t", "on")
FALSE_WORDS = ("false", "no", "0", "n", "f", "off")


def read_column(
    series: pl.Series,
    *,
    kind: str = "",
    declared: bool = False,
    mark: str = ".",
    place: Place = one_table,
    nothing: Collection[str] = MISSING_WORDS,
) -> Reading:
    """Read a column as the kind named, or infer its kind.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        kind: A kind ("time:%d/%m/%Y" gives the pattern of a date); "" to infer.
        declared: Whether its source declares the column to be a category.
        mark: The decimal mark of the file, for columns that do not decide it themselves.
        place: Writes a position for people.
        nothing: Texts that mean "no value".

    Raises:
        RequestError: Cells cannot be of this kind.
        DataError: The values do not fit.
    """
    import polars as pl

    if isinstance(series.dtype, pl.Array) and kind in ("image", "number"):
        return array_cells(series, kind=kind, place=place)
    if not kind and declared:
        return declared_category(series)
    if not kind:
        return infer(series, mark=mark, place=place, nothing=nothing)
    row = KINDS[kind.partition(":")[0]]
    name = series.name
    if not row.cells:
        raise RequestError(
            f"Column {name!r} holds single values, so it cannot be read as {row.name!r}."
        )
    if row.cells == "numbers":
        reading = as_numbers(series, mark=mark, place=place)
        check_half(reading, series)
    elif row.cells == "times":
        reading = as_times(series, kind.partition(":")[2], place)
    elif row.cells == "words":
        reading = as_words(series, nothing=nothing)
    else:
        reading = infer(series, mark=mark, place=place)
    if row.distinct and reading.column.distinct != row.distinct:
        raise DataError(
            f"Column {name!r} has {reading.column.distinct:,} different values, so it is not "
            f"{row.name}. Read it as 'category' or 'number'."
        )
    column = replace(reading.column, kind=row.name, reason="as you said")
    if row.name == "text" and isinstance(column.form, WordForm):
        column = replace(column, form=replace(column.form, pair=(), sentences=True))
    return reading._replace(column=column)


def check_half(reading: Reading, series: pl.Series) -> None:
    """Refuse numbers of which more than half the filled cells cannot be read."""
    if 2 * reading.column.missing <= len(series):
        return
    texts = cells.clean(as_texts(series))[0]
    filled = len(texts) - texts.null_count()
    if 2 * (len(texts) - reading.column.missing) < filled:
        example = next(t for t in texts if t is not None and cells.plain_number(t) is None)
        raise DataError(
            f"Column {series.name!r} cannot be read as numbers: more than half of its cells are "
            f"none, such as {example!r}. Leave its kind out, or say "
            f"{option('kinds', {series.name: 'category'})}."
        )


def as_numbers(
    series: pl.Series, *, form: NumberForm | None = None, mark: str, place: Place
) -> Reading:
    """Read a column as numbers; a cell that is none is missing."""
    import polars as pl

    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        numbers, form, texts = floats(series), NumberForm(), None
    else:
        texts = cells.clean(as_texts(series))[0]
        numbers, form = cells.to_numbers(texts, form=form, mark=mark)
    reading = of_numbers(series.name, numbers, form=form, place=place)
    values = without_null(finite(numbers))
    column = replace(reading.column, kind="number", form=form)
    reading = reading._replace(column=column, values=values)
    reading = reading if texts is None else with_brackets(reading, texts)
    if texts is None or numbers.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, numbers, "number", place)


def odd_one(texts: pl.Series) -> str:
    """Return the first text that is shaped otherwise than most, digits being alike; else the first.

    Example:
        >>> import polars as pl
        >>> odd_one(pl.Series(["2020-01-01", "2020-01-02", "banana"]))
        'banana'
    """
    shapes = texts.str.replace_all(r"\d", "0")
    usual = shapes.mode()[0]
    odd = texts.filter(shapes != usual)
    return str(odd[0] if 0 < len(odd) < len(texts) / 2 else texts[0])


def why_no_dates(name: str, texts: pl.Series, *, unclear: bool) -> str:
    """Say why texts are no dates of one form, and how to go on.

    Args:
        name: Of the column.
        texts: The cells that are filled.
        unclear: Whether they are dates, but for which number is the day and which the month.
    """
    if not len(texts):
        return "it is empty."
    form = f"Give the form, as in {option('kinds', {name: 'time:%d/%m/%Y'})}."
    with_offset = texts.str.contains(f":\\d{{2}}(\\.\\d+)?{cells.OFFSET}")
    if with_offset.any() and not with_offset.all():
        one, other = texts.filter(with_offset)[0], texts.filter(~with_offset)[0]
        return (
            f"some are written with their offset from UTC, as {cut(repr(one))}, and some without, "
            f"as {cut(repr(other))}. Write all of them in one way."
        )
    if unclear:
        return f"in {cut(repr(texts[0]))}, for one, day and month may change places. {form}"
    return f"{cut(repr(odd_one(texts)))}, for one. {form}"


def as_times(series: pl.Series, pattern: str, place: Place) -> Reading:
    """Read a column as dates, in the pattern that is given or in one that fits."""
    if series.dtype.is_temporal():
        times = cells.wall_clock(series, "")
        return of_times(series.name, times, "dates", zone=zone_of(series))
    texts = cells.clean(as_texts(series))[0]
    found = cells.to_times(texts, pattern=pattern) or cells.to_months(texts)
    filled = len(texts) - texts.null_count()
    if found is None or not found[1] or 2 * (len(texts) - found[0].null_count()) < filled:
        of_pattern = f" of the form {pattern}" if pattern else ""
        raise DataError(
            f"Column {series.name!r} cannot be read as dates{of_pattern}: "
            f"{why_no_dates(series.name, texts.drop_nulls(), unclear=found is not None)}"
        )
    times, pattern = found
    zone = "UTC" if pattern.endswith("z") else ""
    reading = of_times(series.name, times, "dates", pattern=pattern, zone=zone)
    if times.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, times, "date", place)


def read_like(
    series: pl.Series, column: Column, *, place: Place = one_table, target: bool = False
) -> Reading:
    """Read a column of new data as `column` of the training data was read, cell by cell.

    A cell that does not fit is missing, and counted in a note; the form never changes.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        column: As it was read in training.
        place: Writes a position for people.
        target: Whether a word that the training data lack is a class, and so stays what it is.
    """
    import polars as pl

    form = column.form
    if isinstance(form, ShapeForm) and isinstance(series.dtype, pl.Array):
        return array_cells_like(series, column)
    if isinstance(form, NumberForm):
        reading = numbers_like(series, column, form, place)
    elif isinstance(form, DateForm):
        reading = times_like(series, column, form, place)
    elif isinstance(form, WordForm):
        reading = words_like(series, column, form, place, target=target)
    else:  # what cells hold that are no single values is left out
        reading = Reading(column, np.full(len(series), None, dtype=object))
    missing = int(is_missing(reading.values).sum())
    return reading._replace(column=replace(column, missing=missing))


def numbers_like(series: pl.Series, column: Column, form: NumberForm, place: Place) -> Reading:
    """Read numbers of new data: typed ones as they are, texts in the form of the training data."""
    import polars as pl

    if series.dtype == pl.Duration:
        series = seconds(series)
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        numbers, notes = floats(series), []
    else:
        texts = cells.clean(as_texts(series))[0]
        numbers, converted = cells.numbers_cell_by_cell(texts, form)
        notes = notes_of(column, texts, numbers, converted, place, "number")
    infinite = numbers.is_infinite()
    if infinite.any():
        first = place(int(infinite.arg_true()[0]))
        text = f"{column.name}: {int(infinite.sum()):,} infinite cells read as missing ({first})."
        notes.append(Note("infinite", text))
    return Reading(column, without_null(finite(numbers)), tuple(notes))


def times_like(series: pl.Series, column: Column, form: DateForm, place: Place) -> Reading:
    """Read dates of new data in the pattern and by the clocks of the training data."""
    import polars as pl

    if series.dtype.is_temporal() and series.dtype not in (pl.Time, pl.Duration):
        zone = zone_of(series)
        times = cells.wall_clock(series, form.zone)
        notes = [Note("converted", text) for text in [other_clock(column, zone, form)] if text]
    else:
        texts = cells.clean(as_texts(series))[0]
        times, converted = cells.times_cell_by_cell(texts, form)
        if not form.pattern:
            found = cells.to_times(texts)  # the training data came typed and say nothing of texts
            if found is not None and found[0].null_count() < times.null_count():
                times = found[0]
            converted = times.is_null() & False
        notes = notes_of(column, texts, times, converted, place, "date")
    return Reading(column, times.to_numpy().astype("datetime64[us]"), tuple(notes))


def other_clock(column: Column, zone: str, form: DateForm) -> str:
    """Say what becomes of typed times whose zone is not known, or is not that of training."""
    if form.zone and not zone:
        return f"{column.name}: times without a zone are taken as those of {form.zone}."
    if zone and not form.zone:
        return f"{column.name}: times of {zone} are taken by their own clocks, as in training."
    return ""


def words_like(
    series: pl.Series, column: Column, form: WordForm, place: Place, *, target: bool
) -> Reading:
    """Read words of new data in the style of the training data; of a pair, one of the two."""
    texts = cells.clean(as_texts(series), NOTHING if target else MISSING_WORDS)[0]
    words = texts
    if form.style == "shortest":
        words = shortest(texts)
    elif form.style == "lower":
        words = texts.str.to_lowercase()
    if not form.pair:
        return Reading(column, words_of(words))
    fits = words.is_in(list(form.pair)).fill_null(True)
    if fits.all():
        return Reading(column, words_of(words))
    read = translated(shortest(texts), form.pair).zip_with(~fits, words)
    converted = ~fits & read.is_not_null()
    what = "word that means " + " or ".join(map(repr, form.pair))
    notes = notes_of(column, texts, read, converted, place, what)
    if target:
        read = words.zip_with(read.is_null(), read)
        notes = [note for note in notes if note.kind == "converted"]
    return Reading(column, words_of(read), tuple(notes))


def translated(texts: pl.Series, pair: tuple[str, ...]) -> pl.Series:
    """Turn any word for true or false into the one of the pair that means it, others into null."""
    import polars as pl

    true = [word for word in pair if word.lower() in TRUE_WORDS]
    false = [word for word in pair if word.lower() in FALSE_WORDS]
    if not true or not false:
        return pl.Series(values=[None] * len(texts), dtype=pl.String)
    meaning = dict.fromkeys(TRUE_WORDS, true[0]) | dict.fromkeys(FALSE_WORDS, false[0])
    return texts.str.to_lowercase().replace_strict(meaning, default=None, return_dtype=pl.String)


def notes_of(
    column: Column, texts: pl.Series, read: pl.Series, converted: pl.Series, place: Place, what: str
) -> list[Note]:
    """Count the cells that could not be read, and those that are written in another form."""
    notes = []
    unread = read.is_null() & texts.is_not_null()
    if unread.any():
        n = int(unread.sum())
        many = "1 cell is" if n == 1 else f"{n:,} cells are"
        where = examples(texts, read, place)
        text = f"{column.name}: {many} no {what} as in training, read as missing: {where}."
        notes.append(Note("unread", text))
    if converted.any():
        n, first = int(converted.sum()), int(converted.arg_true()[0])
        many = "1 cell is" if n == 1 else f"{n:,} cells are"
        example = f"{texts[first]!r} at {place(first)} is read as {read[first]}"
        text = f"{column.name}: {many} written in another form than in training: {example}."
        notes.append(Note("converted", text))
    return notes
