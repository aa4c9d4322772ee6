"""Read a column whose kind is known, by the user's word or by the schema of a run, or infer it.

`read_column` reads training data, as the kind that the user named if any, and refuses what does
not fit; `read_like` reads new data as the training data were: a cell that does not fit is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bakeoff.data.columns.column import Column, Reading
from bakeoff.data.columns.infer import (
    finite,
    infer,
    of_numbers,
    of_times,
    of_words,
    shortest,
    with_bad_cells,
    with_brackets,
    words_of,
)
from bakeoff.data.forms import DateForm, NumberForm, WordForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.origin import Place, one_table
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl


def read_column(
    series: pl.Series, *, kind: str = "", mark: str = ".", place: Place = one_table
) -> Reading:
    """Read a column as the kind named, or infer its kind.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        kind: A kind ("time:%d/%m/%Y" gives the pattern of a date); "" to infer.
        mark: The decimal mark of the file, for columns that do not decide it themselves.
        place: Writes a position for people.

    Raises:
        RequestError: Cells cannot be of this kind.
        DataError: The values do not fit.
    """
    if not kind:
        return infer(series, mark=mark, place=place)
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
        reading = as_words(series)
    else:
        reading = infer(series, mark=mark, place=place)
    if row.distinct and reading.column.distinct != row.distinct:
        raise DataError(
            f"Column {name!r} has {reading.column.distinct:,} different values, so it is not "
            f"{row.name}. Read it as 'category' or 'number'."
        )
    return reading._replace(column=replace(reading.column, kind=row.name, reason="as you said"))


def check_half(reading: Reading, series: pl.Series) -> None:
    """Refuse numbers of which more than half the filled cells cannot be read."""
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
        numbers, form, texts = series.cast(pl.Float64).fill_nan(None), NumberForm(), None
    else:
        texts = cells.clean(as_texts(series))[0]
        numbers, form = cells.to_numbers(texts, form=form, mark=mark)
    reading = of_numbers(series.name, numbers, form=form, place=place)
    values = finite(numbers).fill_null(float("nan")).to_numpy()
    column = replace(reading.column, kind="number", form=form)
    reading = reading._replace(column=column, values=values)
    reading = reading if texts is None else with_brackets(reading, texts)
    if texts is None or numbers.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, numbers, "number", place)


def as_times(series: pl.Series, pattern: str, place: Place) -> Reading:
    """Read a column as dates, in the pattern that is given or in one that fits."""
    import polars as pl

    if series.dtype.is_temporal():
        return of_times(series.name, series.cast(pl.Datetime("us")), "dates")
    texts = cells.clean(as_texts(series))[0]
    found = cells.to_times(texts, pattern=pattern)
    filled = len(texts) - texts.null_count()
    if found is None or not found[1] or 2 * (len(texts) - found[0].null_count()) < filled:
        example = texts.drop_nulls()[0] if filled else ""
        of_pattern = f" of the form {pattern}" if pattern else ""
        raise DataError(
            f"Column {series.name!r} cannot be read as dates{of_pattern}: {example!r}, for one. "
            f"Give the form, as in {option('kinds', {series.name: 'time:%d/%m/%Y'})}."
        )
    times, pattern = found
    reading = of_times(series.name, times, "dates", pattern=pattern)
    if times.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, times, "date", place)


def as_words(series: pl.Series) -> Reading:
    """Read a column as words; numbers are written in their shortest form, so that 1.0 is 1."""
    texts = cells.clean(as_texts(series))[0]
    numbers = None if cells.is_code(texts) else cells.plain_numbers(texts)
    if numbers is None or numbers.null_count() > texts.null_count():
        return of_words(series.name, texts)
    reading = of_words(series.name, shortest(texts))
    return reading._replace(column=replace(reading.column, form=WordForm("shortest")))


def read_like(
    series: pl.Series, column: Column, *, mark: str = ".", place: Place = one_table
) -> Reading:
    """Read a column of new data as `column` of the training data was read.

    Numbers and dates that are written in another form than there are read in their own.
    """
    how, form = KINDS[column.kind].cells, column.form
    if how == "numbers":
        forms = (form if isinstance(form, NumberForm) else None, None)
        readings = [as_numbers(series, form=form, mark=mark, place=place) for form in forms]
        reading = min(readings, key=lambda reading: reading.column.missing)
    elif how == "times":
        reading = times_like(series, form.pattern if isinstance(form, DateForm) else "", place)
    else:
        reading = Reading(column, words_of(words_like(series, form)))
    return reading._replace(column=column)


def times_like(series: pl.Series, pattern: str, place: Place) -> Reading:
    """Read dates of new data in the pattern of the training data, or else in their own."""
    import polars as pl

    if series.dtype == pl.String and series.null_count() < len(series):
        texts = cells.clean(series)[0]
        fits = pattern and cells.in_pattern(texts, pattern).null_count() == texts.null_count()
        return as_times(series, pattern if fits else "", place)
    return as_times(series.cast(pl.Datetime("us")), "", place)


def words_like(series: pl.Series, form: object) -> pl.Series:
    """Read words of new data in the form of the training data."""
    texts = cells.clean(as_texts(series))[0]
    if form == WordForm("shortest"):
        return shortest(texts)
    return texts.str.to_lowercase() if form == WordForm("lower") else texts
