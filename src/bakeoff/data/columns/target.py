"""The target column: which task follows from it, and why it may be no target at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Column, Reading, Task
from bakeoff.data.columns.read_column import read_column
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError, RequestError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

TRUE_WORDS = ("true", "yes", "1", "pos", "positive", "y", "t")
MAX_WHOLE_CLASSES = 20  # more different whole numbers than this are an amount, not classes
ROWS_PER_CLASS = 10  # fewer rows than this per different whole number: an amount, too


class Target(NamedTuple):
    """A target column read: its values (None or NaN where missing) and the task."""

    column: Column
    values: Array
    task: Task
    positive: str  # "" unless binary
    notes: list[str]


def read_target(
    series: pl.Series, *, kind: str = "", mark: str = ".", positive: str | None = None
) -> Target:
    """Read the column to predict and decide its task.

    Args:
        series: The target's cells.
        kind: "number" for regression, "category" or "binary" for classes, "" to decide.
        mark: The decimal mark of the file.
        positive: The positive class of a binary target; None to choose it.

    Raises:
        DataError: It is constant, free text, an identifier, a date, or holds a value that is no
            finite number.
        RequestError: The kind or the positive class is not possible.
    """
    name = series.name
    if kind not in ("", "number", "category", "binary"):
        raise RequestError(
            f"Target {name!r} cannot be read as {kind!r}. Say 'category' to predict classes or "
            "'number' to predict an amount."
        )
    reading = read_column(series, kind=kind, mark=mark)
    check_target(series, reading, kind)
    column = reading.column
    notes = [note for note in reading.notes if "infinite" not in note]
    if column.kind == "number" and kind != "number":
        why_not = why_amount(reading.values)
        if not why_not:
            reading = read_column(series, kind="category", mark=mark)
            n = reading.column.distinct
            reason = (
                f"{n} different whole numbers: classes; say {name}=number to predict the amount"
            )
            column = replace(reading.column, reason=reason)
        else:
            column = replace(column, reason=f"{column.reason}; {why_not}")
    if column.kind == "number":
        refuse_positive(positive, name, "a number")
        return Target(column, reading.values, "regression", "", notes)
    if column.distinct > 2:
        refuse_positive(positive, name, f"{column.distinct} classes")
        return Target(column, reading.values, "multiclass", "", notes)
    chosen = positive_class(reading.values, name, positive)
    return Target(column, reading.values, "binary", chosen, notes)


def check_target(series: pl.Series, reading: Reading, kind: str) -> None:
    """Refuse a column that cannot be predicted."""
    column, name = reading.column, series.name
    if column.missing == len(series):
        raise DataError(f"Target {name!r} is empty in all {len(series):,} rows. Choose another.")
    if column.kind == "constant" or column.distinct == 1:
        raise DataError(
            f"Target {name!r} is {column.reason}, so there is nothing to learn. Choose another."
        )
    if column.kind in ("text", "identifier"):
        looks = "free text" if column.kind == "text" else "an identifier"
        raise DataError(
            f"Target {name!r} looks like {looks} ({column.reason}), not like a class "
            "or a number. Choose another target, or say "
            f"{name}=category to predict it all the same."
        )
    if column.kind in ("time", "ignored"):
        raise DataError(
            f"Target {name!r} holds {column.reason}, which cannot be predicted. Choose a column of "
            "classes or numbers."
        )
    if column.kind == "number":
        check_numbers(series, reading)


def check_numbers(series: pl.Series, reading: Reading) -> None:
    """Refuse a numeric target with a cell that is no finite number."""
    name = series.name
    texts = cells.clean(as_texts(series))[0]
    unread = texts.is_not_null().to_numpy() & ~np.isfinite(reading.values)
    rows = np.flatnonzero(unread)
    if len(rows):
        more = f" and {len(rows) - 1:,} more rows" if len(rows) > 1 else ""
        raise DataError(
            f"Target {name!r} holds {texts[int(rows[0])]!r} at row {rows[0] + 1:,}{more}, which is "
            "no finite number. Correct such cells, or empty them to leave these rows out."
        )


def why_amount(values: Array) -> str:
    """Say why numbers are an amount to predict rather than classes; "" when they are classes."""
    filled = values[~np.isnan(values)]
    if (filled != np.round(filled)).any():
        return "with fractions, so an amount"
    _, counts = np.unique(filled, return_counts=True)
    if len(counts) == 2:
        return ""
    if len(counts) > MAX_WHOLE_CLASSES:
        return f"{len(counts):,} different ones, so an amount"
    if len(filled) < ROWS_PER_CLASS * len(counts) or counts.min() < 2:
        return f"{len(counts)} different ones in {len(filled):,} rows, so an amount"
    return ""


def positive_class(values: Array, name: str, positive: str | None) -> str:
    """Return the positive class: as asked, else true/yes/1/pos, else the rarer one."""
    counts = Counter(value for value in values if value is not None)
    classes: list[str] = sorted(counts)
    if positive is not None:
        if str(positive) not in classes:
            raise RequestError(
                f"Target {name!r} has no class {positive!r}.{did_you_mean(str(positive), classes)} "
                f"Classes: {', '.join(classes)}."
            )
        return str(positive)
    true = [value for value in classes if value.lower() in TRUE_WORDS]
    if true == ["1"] and not {"0", "-1"} & set(classes):
        true = []  # 1 and 2 are codes, not no and yes
    return true[0] if len(true) == 1 else min(classes, key=lambda value: counts[value])


def refuse_positive(positive: str | None, name: str, what: str) -> None:
    """A positive class makes sense for two classes only."""
    if positive is not None:
        raise RequestError(f"positive={positive!r} needs two classes, but {name!r} is {what}.")


def check_singles(values: Array, name: str, rows: Array) -> None:
    """Refuse classes of one row: such a row cannot be both learned from and tested on.

    Args:
        values: Class of each row, as texts.
        name: The target, for the message.
        rows: The row of the user's file that each value stands in.
    """
    single = [value for value, n in Counter(values).items() if n == 1]
    if single:
        where = {value: row for value, row in zip(values, rows, strict=True) if value in single[:3]}
        named = ", ".join(f"{value!r} (row {where[value]:,})" for value in single[:3])
        more = f" and {len(single) - 3:,} more" if len(single) > 3 else ""
        raise DataError(
            f"Target {name!r} has classes with one row only: {named}{more}. It cannot be both "
            "learned from and tested on. Remove the row, or merge the class with another."
        )
