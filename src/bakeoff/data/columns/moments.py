"""Moments: the column that orders the steps of sequences, as numbers or dates, never as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bakeoff.cut import cut
from bakeoff.data.columns.column import Column
from bakeoff.data.columns.read_column import as_times, read_like
from bakeoff.data.forms import DateForm, NumberForm
from bakeoff.data.origin import Place
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import FEW, as_texts
from bakeoff.data.reading.since_1970 import hours_of_offset
from bakeoff.errors import DataError, RequestError, option
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl


class Moments(NamedTuple):
    """When each row was: whole numbers, numbers or dates, null where it is not known.

    Args:
        values: Int64 where all are whole numbers, since such may have more digits than a float.
        form: How they are written.
    """

    values: pl.Series
    form: NumberForm | DateForm


def read_moments(series: pl.Series, *, kind: str, mark: str, place: Place) -> Moments:
    """Read the times of training data: as numbers where they are, else as dates.

    Args:
        series: One column: texts as they stand in the file, or typed values.
        kind: "time:%d/%m/%Y" gives the pattern of dates; "" to find out.
        mark: The decimal mark of the file.
        place: Writes a position for people.

    Raises:
        DataError: They are neither.
        RequestError: The kind is another one.
    """
    import polars as pl

    if series.null_count() == len(series):
        raise DataError(
            f"Column {series.name!r}, which orders the steps, is empty. Leave {option('time')} out "
            "to take them in the order of the file."
        )
    if kind.partition(":")[0] not in ("", "time", "number"):
        raise RequestError(
            f"{option('kinds', {series.name: kind})}: {series.name!r} orders the steps, and only "
            "a time or a number can."
        )
    if kind.partition(":")[0] != "time":
        whole = whole_numbers(series)
        if whole is not None:
            return Moments(whole, NumberForm())
        if series.dtype == pl.String:
            texts = cells.clean(series)[0]
            numbers, form = cells.to_numbers(texts, mark=mark)
            unread = numbers.null_count() - texts.null_count()
            if unread <= FEW * (len(texts) - texts.null_count()):
                return Moments(known(numbers, series.name), form)
        elif series.dtype.is_numeric():
            return Moments(known(series.cast(pl.Float64), series.name), NumberForm())
    reading = as_times(series, kind.partition(":")[2], place)
    written = reading.column.form
    told = series.dtype == pl.Datetime("us") and not series.null_count()  # kept, not copied
    dates = series if told else pl.Series(series.name, reading.values)
    return Moments(dates, written if isinstance(written, DateForm) else DateForm())


def moments_like(series: pl.Series, form: NumberForm | DateForm) -> pl.Series:
    """Read the times of new data as those of the training data were read."""
    import polars as pl

    whole = whole_numbers(series)
    if whole is not None and isinstance(form, NumberForm):
        return whole
    kind = "number" if isinstance(form, NumberForm) else "time"
    reading = read_like(series, Column(name=series.name, kind=kind, reason="", form=form))
    values = pl.Series(series.name, reading.values)
    if kind == "number":
        return known(values, series.name)
    check_readable(series, values, form)
    return values


def check_readable(series: pl.Series, read: pl.Series, form: NumberForm | DateForm) -> None:
    """Refuse dates of which most are written otherwise than those of the training data."""
    if series.dtype.is_temporal():
        return
    texts = cells.clean(as_texts(series))[0]
    lost = texts.filter(read.is_null() & texts.is_not_null())
    if 2 * len(lost) > len(texts) - texts.null_count():
        written = form.pattern if isinstance(form, DateForm) else ""
        raise DataError(
            f"Column {series.name!r} holds dates that are written otherwise than in the training "
            f"data{f' ({written})' if written else ''}: {cut(repr(lost[0]))}, for one, in "
            f"{len(lost):,} of {len(series):,} rows. Write them alike."
        )


def say_offsets(series: pl.Series, form: NumberForm | DateForm) -> list[str]:
    """Say that dates are given by the clocks of several zones, if that is no summer time alone."""
    if not isinstance(form, DateForm) or not form.pattern.endswith("z"):
        return []
    offsets = sorted(set(as_texts(series).str.extract(cells.OFFSET).drop_nulls().to_list()))
    hours = {hours_of_offset(offset) for offset in offsets}
    if max(hours, default=0) - min(hours, default=0) <= 1:
        return []
    return [
        f"{series.name} is written by the clocks of several zones ({listed(offsets, most=3)}): "
        "each is taken as the instant that it names, in UTC."
    ]


def known(numbers: pl.Series, name: str) -> pl.Series:
    """Return numbers, null where they are NaN."""
    return numbers.fill_nan(None).alias(name)


def whole_numbers(series: pl.Series) -> pl.Series | None:
    """Return a column of whole numbers, or of clocks and durations, as such; None where it is not.

    A few words that are no numbers are taken for missing times elsewhere, not here.
    """
    import polars as pl

    if series.dtype.is_integer() or series.dtype in (pl.Time, pl.Duration):
        return series.cast(pl.Int64, strict=False)
    if series.dtype != pl.String:
        return None
    texts = cells.clean(as_texts(series))[0]
    whole = texts.cast(pl.Int64, strict=False)
    filled = texts.null_count() < len(texts)
    return whole.alias(series.name) if filled and whole.null_count() == texts.null_count() else None
