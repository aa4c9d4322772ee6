"""Columns whose kind is known: by the user's word, or by the schema of a run.

`wanted` reads training data as the kind that the user named, and refuses what does not fit; `known`
reads new data just as the training data were read, where a cell that does not fit is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bakeoff.data.columns.column import CELL_KINDS, Column, Reading
from bakeoff.data.columns.infer import (
    finite,
    infer,
    of_numbers,
    of_times,
    of_words,
    shortest,
    with_bad_cells,
    words_of,
)
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, RequestError

if TYPE_CHECKING:
    import polars as pl


def read_column(series: pl.Series, *, kind: str = "", mark: str = ".") -> Reading:
    """Read a column as the kind named, or decide its kind.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        kind: A kind ("time:%d/%m/%Y" gives the form of a date); "" to decide.
        mark: The decimal mark of the file, for columns that do not decide it themselves.
    """
    return wanted(series, kind, mark) if kind else infer(series, mark=mark)


def wanted(series: pl.Series, kind: str, mark: str) -> Reading:
    """Read a column as the kind that the user named; refuse it where that cannot be.

    Raises:
        RequestError: Cells have no such kind.
        DataError: The values do not fit.
    """
    kind, _, form = kind.partition(":")
    name = series.name
    if kind not in CELL_KINDS:
        raise RequestError(
            f"Column {name!r} holds single values, so it cannot be read as {kind!r}."
        )
    if kind in ("identifier", "constant", "group", "ignored"):  # no model sees these
        reading = infer(series, mark=mark)
    elif kind == "number":
        reading = as_numbers(series, "", mark)
        check_half(reading, series, "numbers", "Leave its kind out, or say 'category'.")
    elif kind == "time":
        reading = as_times(series, form)
    else:
        reading = as_words(series)
        if kind == "binary" and reading.column.distinct != 2:
            raise DataError(
                f"Column {name!r} has {reading.column.distinct:,} different values, so it is not "
                "binary. Read it as 'category' or 'number'."
            )
    column = replace(reading.column, kind=kind, reason="as you said")  # type: ignore[arg-type]
    return reading._replace(column=column)


def check_half(reading: Reading, series: pl.Series, what: str, advice: str) -> None:
    """Refuse a column of which more than half the filled cells cannot be read."""
    texts = cells.clean(as_texts(series))[0]
    filled = len(texts) - texts.null_count()
    if 2 * (len(texts) - reading.column.missing) < filled:
        example = next(t for t in texts if t is not None and cells.plain_number(t) is None)
        raise DataError(
            f"Column {series.name!r} cannot be read as {what}: more than half of its cells are "
            f"none, such as {example!r}. {advice}"
        )


def as_numbers(series: pl.Series, form: str, mark: str = ".") -> Reading:
    """Read a column as numbers; a cell that is none is missing."""
    import polars as pl

    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        numbers, form, texts = series.cast(pl.Float64).fill_nan(None), "plain", None
    else:
        texts = cells.clean(as_texts(series))[0]
        numbers, form = cells.to_numbers(texts, form=form, mark=mark)
    reading = of_numbers(series.name, numbers, form=form)
    values = finite(numbers).fill_null(float("nan")).to_numpy()
    column = replace(reading.column, kind="number", form=form)
    reading = reading._replace(column=column, values=values)
    if texts is None or numbers.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, numbers, "number")


def as_times(series: pl.Series, form: str) -> Reading:
    """Read a column as dates, in the form that is given or in one that fits."""
    import polars as pl

    if series.dtype.is_temporal():
        return of_times(series.name, series.cast(pl.Datetime("us")), "dates", form="")
    texts = cells.clean(as_texts(series))[0]
    found = cells.to_times(texts, form=form)
    filled = len(texts) - texts.null_count()
    if found is None or not found[1] or 2 * (len(texts) - found[0].null_count()) < filled:
        example = texts.drop_nulls()[0] if filled else ""
        of_form = f" of the form {form}" if form else ""
        raise DataError(
            f"Column {series.name!r} cannot be read as dates{of_form}: {example!r}, for one. "
            f"Give the form, as in {series.name}=time:%d/%m/%Y."
        )
    times, form = found
    reading = of_times(series.name, times, "dates", form=form)
    if times.null_count() == texts.null_count():
        return reading
    return with_bad_cells(reading, texts, times, "date")


def as_words(series: pl.Series) -> Reading:
    """Read a column as words; numbers are written in their shortest form, so that 1.0 is 1."""
    texts = cells.clean(as_texts(series))[0]
    numbers = None if cells.is_code(texts) else cells.plain_numbers(texts)
    if numbers is None or numbers.null_count() > texts.null_count():
        return of_words(series.name, texts)
    reading = of_words(series.name, shortest(texts))
    return reading._replace(column=replace(reading.column, form="shortest"))


def known(series: pl.Series, column: Column, mark: str = ".") -> Reading:
    """Read a column of new data as `column` of the training data was read.

    Numbers and dates that are written in another form than there are read in their own.
    """
    if column.kind == "number":
        forms = (column.form, "")
        readings = [as_numbers(series, form, mark) for form in forms]
        reading = min(readings, key=lambda reading: reading.column.missing)
    elif column.kind == "time":
        reading = known_times(series, column.form)
    else:
        texts = cells.clean(as_texts(series))[0]
        if column.form == "shortest":
            texts = shortest(texts)
        elif column.form == "lower":
            texts = texts.str.to_lowercase()
        reading = Reading(column, words_of(texts), [])
    return reading._replace(column=column)


def known_times(series: pl.Series, form: str) -> Reading:
    """Read dates of new data in the form of the training data, or else in their own."""
    import polars as pl

    if series.dtype == pl.String and series.null_count() < len(series):
        texts = cells.clean(series)[0]
        fits = form and cells.one_form(texts, form).null_count() == texts.null_count()
        return as_times(series, form if fits else "")
    return as_times(series.cast(pl.Datetime("us")), "")
