"""Target: the column to predict, which task follows from it, and why it may be no target at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.columns.column import TEXT, Column, Note, Reading, Task
from bakeoff.data.columns.infer import is_truth
from bakeoff.data.columns.read_column import read_column
from bakeoff.data.columns.words import words_of
from bakeoff.data.forms import LabelType, WordForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.origin import Origin, Place, one_table
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import MISSING_WORDS, NOTHING, as_texts
from bakeoff.errors import DataError, RequestError, option, unknown
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl

POSITIVE_WORDS = ("true", "yes", "1", "pos", "positive", "y", "t")
MAX_INTEGER_CLASSES = 20  # more different integers than this are an amount, not classes
FEWEST_TESTED = 3  # rows of a class: one for each part
ROWS_PER_CLASS = 10  # fewer rows than this per different integer: an amount, too


class Target(NamedTuple):
    """A target column read: its values (None or NaN where missing) and the task.

    Where each step has one, the values are `Sequences`: codes, -1 where nobody knows, or numbers.
    """

    column: Column
    values: Any
    task: Task
    positive: str  # "" unless binary
    notes: tuple[Note, ...]


def read_target(
    series: pl.Series,
    *,
    kind: str = "",
    declared: bool = False,
    typed: bool = True,
    mark: str = ".",
    positive: str | None = None,
    place: Place = one_table,
) -> Target:
    """Read the column to predict and decide its task, from the rows that are learned from.

    Where a target holds words, every text but the empty one is a class, None and ? as well; where
    it holds numbers, such texts are missing values.

    Args:
        series: The target's cells.
        kind: "number" for regression, "category" or "binary" for classes, "" to decide.
        declared: Whether its source declares it to be a category.
        typed: Whether texts are strings to the user; in a CSV file they may be numbers.
        mark: The decimal mark of the file.
        positive: The positive class of a binary target; None to choose it.
        place: Writes a position for people.

    Raises:
        DataError: It is constant, free text, an identifier, a date, or holds a value that is no
            finite number.
        RequestError: The kind or the positive class is not possible.
    """
    name = series.name
    if kind and not KINDS[kind.partition(":")[0]].target:
        raise RequestError(
            f"Target {name!r} cannot be read as {kind!r}. Say {option('kinds', {name: 'category'})}"
            f" to predict classes or {option('kinds', {name: 'number'})} to predict an amount."
        )
    reading = target_column(series, kind=kind, declared=declared, mark=mark, place=place)
    check_target(series, reading, place)
    notes = tuple(note for note in reading.notes if note.kind != "infinite")
    if not kind and KINDS[reading.column.kind].target == "amount":
        reading = amount_or_classes(series, reading, mark, place)
    if reading.column.kind == TEXT:
        refuse_positive(positive, name, "a text")
        said = Note(
            "text",
            f"{name}: {reading.column.reason}, so a text is written for each row, word by word; "
            "give it the kind category to take each text for a class.",
        )
        return Target(reading.column, reading.values, "text", "", (*notes, said))
    column, values = with_labels(reading, series, typed=typed)
    if KINDS[column.kind].target == "amount":
        refuse_positive(positive, name, "a number")
        return Target(column, values, "regression", "", notes)
    if column.distinct > 2:
        refuse_positive(positive, name, f"{column.distinct} classes")
        return Target(column, values, "multiclass", "", notes)
    return Target(column, values, "binary", positive_class(values, name, positive), notes)


def folder_classes(labels: Array, size: int, *, name: str, positive: str | None) -> Target:
    """Make a target of the names of folders, exactly as they are written: 007 is not 7.

    Args:
        labels: (N,) the class of each row, None where it is not known.
        size: The rows that are learned from, the first ones.
        name: What to call the column.
        positive: The positive class of two; None to choose it.

    Raises:
        RequestError: The positive class is none, or there are more than two.
    """
    known = sorted(set(labels[:size].tolist()) - {None})
    told: dict[str, Any] = {
        "name": name,
        "reason": "what its folder or its name says",
        "distinct": len(known),
    }
    if len(known) == 2:
        column = Column(kind="binary", form=WordForm(pair=(known[0], known[1])), **told)
        return Target(column, labels, "binary", positive_class(labels[:size], name, positive), ())
    refuse_positive(positive, name, f"{len(known)} classes")
    column = Column(kind="category", form=WordForm(), **told)
    return Target(column, labels, "multiclass", "", ())


def target_column(
    series: pl.Series, *, kind: str, declared: bool, mark: str, place: Place
) -> Reading:
    """Read the target; where it holds words, None, NA, ? and - are words like others."""
    name = series.name
    if kind and KINDS[kind.partition(":")[0]].target == "classes":
        return read_column(series, kind=kind, mark=mark, place=place, nothing=NOTHING)
    reading = read_column(series, kind=kind, declared=declared, mark=mark, place=place)
    skipped = [note for note in reading.notes if note.kind == "missing"]
    if kind or not skipped:
        return reading
    if are_words(reading.column):
        words = read_column(series, mark=mark, place=place, nothing=NOTHING)
        named = cells.clean(as_texts(series))[1]
        classes = " and ".join(f"{word!r} ({n:,} rows)" for word, n in named.items())
        note = Note("class", f"{name}: {classes} read as a class; only empty cells are missing.")
        return words._replace(notes=(note, *words.notes))
    notes = [
        note._replace(text=f"{note.text[:-1]}; give {name} the kind category to make it a class.")
        if note.kind == "missing"
        else note
        for note in reading.notes
    ]
    return reading._replace(notes=tuple(notes))


def are_words(column: Column) -> bool:
    """Tell whether a column was read as words that are no numbers."""
    return isinstance(column.form, WordForm) and column.form.style != "shortest"


def with_labels(reading: Reading, series: pl.Series, *, typed: bool) -> tuple[Column, Array]:
    """Note what the classes are to the user, so that predictions come out as they went in."""
    column, form = reading.column, reading.column.form
    if not isinstance(form, WordForm):
        return column, reading.values
    labels = label_type(series, typed=typed)
    if labels != "string" or form.style != "lower":
        return replace(column, form=replace(form, labels=labels)), reading.values
    values = words_of(cells.clean(series, NOTHING)[0])  # strings that say True stay such strings
    pair = tuple(sorted(set(values) - {None}))
    if len(pair) != len(form.pair):
        return column, reading.values
    return replace(column, form=WordForm(pair=pair)), values


def label_type(series: pl.Series, *, typed: bool) -> LabelType:
    """Return what the cells of a class target are: their type, or what digits in a file mean."""
    import polars as pl

    if series.dtype == pl.Boolean:
        return "boolean"
    if series.dtype.is_integer():
        return "integer"
    if series.dtype.is_float():
        return "float"
    if typed or series.dtype != pl.String:
        return "string"
    texts = series.unique().str.strip_chars().drop_nulls()
    texts = texts.filter(~texts.is_in(list(MISSING_WORDS)))
    if is_truth(texts):
        return "boolean"
    if texts.str.contains(r"^(0|-?[1-9]\d{0,14})$").all():
        return "integer"
    return "float" if cells.plain_numbers(texts).null_count() == 0 else "string"


def amount_or_classes(series: pl.Series, reading: Reading, mark: str, place: Place) -> Reading:
    """Read a column of numbers as classes where they look like classes; say why, either way."""
    why_not = why_amount(reading.values)
    if why_not:
        column = reading.column
        return reading._replace(column=replace(column, reason=f"{column.reason}; {why_not}"))
    classes = read_column(series, kind="category", mark=mark, place=place)
    n = classes.column.distinct
    reason = f"{n} different integers: classes; give it the kind number to predict the amount"
    return classes._replace(column=replace(classes.column, reason=reason))


def check_target(series: pl.Series, reading: Reading, place: Place) -> None:
    """Refuse a column that cannot be predicted."""
    column, name, row = reading.column, series.name, KINDS[reading.column.kind]
    if column.missing == len(series):
        raise DataError(f"Target {name!r} is empty in all {len(series):,} rows. Choose another.")
    if column.kind == "constant" or column.distinct == 1:
        same = column.reason if column.kind == "constant" else "the same in all rows"
        raise DataError(f"Target {name!r} is {same}, so there is nothing to learn. Choose another.")
    if row.resembles:
        raise DataError(
            f"Target {name!r} looks like {row.resembles} ({column.reason}), not like a class "
            "or a number. Choose another target, or say "
            f"{option('kinds', {name: 'category'})} to predict it all the same."
        )
    if not row.target:
        raise DataError(
            f"Target {name!r} holds {column.reason}, which cannot be predicted. Choose a column of "
            "classes or numbers."
        )
    if row.target == "amount":
        check_numbers(series, reading, place)


def check_numbers(series: pl.Series, reading: Reading, place: Place) -> None:
    """Refuse a numeric target with a cell that is no finite number."""
    name = series.name
    if np.isfinite(reading.values).all():
        return
    texts = cells.clean(as_texts(series))[0]
    unread = texts.is_not_null().to_numpy() & ~np.isfinite(reading.values)
    positions = np.flatnonzero(unread).tolist()
    if positions:
        more = f" and {len(positions) - 1:,} more rows" if len(positions) > 1 else ""
        raise DataError(
            f"Target {name!r} holds {texts[positions[0]]!r} at {place(positions[0])}{more}, which "
            "is no finite number. Correct such cells, or empty them to leave these rows out."
        )


def why_amount(values: Array) -> str:
    """Say why numbers are an amount to predict rather than classes; "" when they are classes."""
    filled = values[~np.isnan(values)]
    if (filled != np.round(filled)).any():
        return "with fractions, so an amount"
    _, counts = np.unique(filled, return_counts=True)
    if len(counts) == 2:
        return ""
    if len(counts) > MAX_INTEGER_CLASSES:
        return f"{len(counts):,} different ones, so an amount"
    if len(filled) < ROWS_PER_CLASS * len(counts) or counts.min() < 2:
        return f"{len(counts)} different ones in {len(filled):,} rows, so an amount"
    return ""


def positive_class(values: Array, name: str, positive: str | None) -> str:
    """Return the positive class: as asked, else true/yes/1/pos, else the rarer one."""
    counts = Counter(values.tolist())
    del counts[None]  # a Counter lets go of what it lacks
    classes: list[str] = sorted(counts)
    if positive is not None:
        near = [word for word in classes if is_label(word, str(positive))]
        if not near:
            raise RequestError(unknown(f"class of {name!r}", positive, classes))
        return near[0]
    true = [value for value in classes if value.lower() in POSITIVE_WORDS]
    if true == ["1"] and not {"0", "-1"} & set(classes):
        true = []  # 1 and 2 are codes, not no and yes
    return true[0] if len(true) == 1 else min(classes, key=lambda value: counts[value])


def is_label(word: str, label: str) -> bool:
    """Tell whether a word of the target is what the user calls it: "1.0" is 1, "true" is True.

    Example:
        >>> is_label("1", "1.0"), is_label("True", "true"), is_label("Yes", "yes")
        (True, True, False)
    """
    if word == label:
        return True
    if word.lower() in ("true", "false"):
        return word.lower() == label.lower()
    number = cells.plain_number(word)
    return number is not None and number == cells.plain_number(label)


def refuse_positive(positive: str | None, name: str, what: str) -> None:
    """A positive class makes sense for two classes only."""
    if positive is not None:
        given = option("positive", positive)
        raise RequestError(f"{given} needs two classes, but {name!r} is {what}.")


def rare_classes(values: Array) -> dict[str, int]:
    """Return class -> rows of those that are too few for three parts, the rarest first.

    Nothing where fewer than two other classes are left: then all that there are have to do.
    """
    counts = Counter(values.tolist())
    del counts[None]  # a Counter lets go of what it lacks
    rare = {name: n for name, n in sorted(counts.items(), key=lambda c: c[1]) if n < FEWEST_TESTED}
    return rare if len(counts) - len(rare) >= 2 else {}


def say_rare(values: Array, name: str, origin: Origin) -> list[str]:
    """Say which classes are never tested where chance draws the parts.

    Args:
        values: Class of each row, None where it is not known.
        name: The target.
        origin: Where the rows come from.

    Raises:
        DataError: Fewer than two classes could be tested, and one has a single row.
    """
    rare = rare_classes(values)
    if rare:
        few = listed([f"{cut(repr(value))} {count}" for value, count in rare.items()], most=5)
        classes = "1 class has" if len(rare) == 1 else f"{len(rare):,} classes have"
        return [
            f"{name}: {classes} fewer than {FEWEST_TESTED} rows ({few}); a random split leaves "
            "them in training: they are learned from, and never tested."
        ]
    counts = Counter(values.tolist())
    del counts[None]
    single = [value for value, n in counts.items() if n == 1]
    if single:
        first = {value: origin.place(values.tolist().index(value)) for value in single[:3]}
        named = ", ".join(f"{value!r} ({place})" for value, place in first.items())
        more = f" and {len(single) - 3:,} more" if len(single) > 3 else ""
        raise DataError(
            f"Target {name!r} has classes with one row only: {named}{more}, and fewer than two "
            f"others have {FEWEST_TESTED} rows, so nothing could be tested. Give more rows, or "
            "merge classes."
        )
    return []
