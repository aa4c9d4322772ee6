"""Cell labels: a target whose cells hold several labels: Action|Comedy, ["a", "b"], or a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.columns.column import Note, Schema
from bakeoff.data.columns.list_column import holds_words, leaf_of
from bakeoff.data.columns.read_labels import labels_target
from bakeoff.data.columns.target import Target
from bakeoff.data.forms import LabelsForm
from bakeoff.data.reading.cells import NOTHING, as_texts, clean
from bakeoff.data.reading.written_lists import written_lists
from bakeoff.errors import DataError, RequestError, option
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl

KIND = "labels"
SURE = "|"  # stands in no name, so that it separates labels without being told
SEPARATORS = (SURE, ";", ",", "/", " ")
SHARE = 0.02  # of the cells hold a separator, if it is one
FEWEST = 5  # rows of a label that is learned
MOST_LABELS = 2_000
BRACKETED = r"^\[.*\]$"
QUOTED = r"'([^']*)'|\"([^\"]*)\""


def hold_labels(series: pl.Series, kind: str) -> bool:
    """Tell whether cells of a target hold labels, of which a row has any number.

    Args:
        series: The target of the training data.
        kind: What the user says; "" where nothing: lists of strings and cells with | are labels.
    """
    if kind:
        return kind == KIND
    if holds_words(series):
        return True
    if str(series.dtype) != "String" or separator_of(series, (SURE,)) not in (SURE, "["):
        return False
    return written_lists(series) is None  # of numbers


def separator_of(series: pl.Series, known: Sequence[str] = SEPARATORS) -> str:
    """Return what stands between labels in texts, "[" where they are lists; "" where nothing does.

    Example:
        >>> import polars as pl
        >>> separator_of(pl.Series(["a, b", "b", "a, c"])), separator_of(pl.Series(["['a']"]))
        (',', '[')
    """
    texts = clean(as_texts(series), NOTHING)[0].drop_nulls()
    if not len(texts):
        return ""
    if 2 * texts.str.strip_chars().str.contains(BRACKETED).sum() > len(texts):
        return "["
    for mark in known:
        several = texts.str.strip_chars().str.contains(mark, literal=True)
        if several.sum() >= SHARE * len(texts):
            pieces = texts.str.split(mark).explode().str.strip_chars()
            if pieces.n_unique() <= texts.n_unique():
                return mark
    return ""


def labels_in(series: pl.Series, separator: str) -> pl.Series:
    """Return the labels of each cell: lists of strings, null where nobody knows.

    Example:
        >>> import polars as pl
        >>> labels_in(pl.Series(["b|a|b", "", None]), "|").to_list()
        [['b', 'a', 'b'], None, None]
        >>> labels_in(pl.Series(["['so, so', \\"b\\"]", "[]"]), "[").to_list()
        [['so, so', 'b'], []]
    """
    import polars as pl

    if leaf_of(series.dtype)[0]:
        lists = series.arr.to_list() if isinstance(series.dtype, pl.Array) else series
        return lists.cast(pl.List(pl.String))
    texts = clean(as_texts(series), NOTHING)[0].str.strip_chars()
    if separator == "[":
        quoted = texts.str.extract_all(QUOTED).list.eval(
            pl.element().str.slice(1, pl.element().str.len_chars() - 2)
        )
        plain = texts.str.strip_chars("[]").str.split(",").list.eval(pl.element().str.strip_chars())
        has = texts.str.contains(QUOTED)
        lists = pl.select(pl.when(has).then(quoted).otherwise(plain)).to_series()
    else:
        lists = texts.str.split(separator or "\x00")
    return lists.list.eval(stripped())


def read_cell_labels(
    frames: Sequence[pl.DataFrame], name: str, *, kind: str, positive: str | None
) -> Target:
    """Read a target whose cells hold labels.

    Args:
        frames: Of all parts, the training data first.
        name: Of the target.
        kind: What the user says.
        positive: Refused: there is no positive class.

    Returns:
        A target of values (N, K), 1 where a row has a label, NaN where its cell is empty.

    Raises:
        DataError: Nothing can be learned.
        RequestError: There are too many labels.
    """
    first = frames[0][name]
    if leaf_of(first.dtype)[0] > 1:
        raise DataError(f"Target {cut(name)!r} holds lists of lists, which are no labels.")
    separator = "" if leaf_of(first.dtype)[0] else separator_of(first)
    lists = labels_in(first, separator)
    counts = lists.list.unique().explode().drop_nulls().value_counts(sort=True)
    known = dict(zip(counts[:, 0].to_list(), counts[:, 1].to_list(), strict=True))
    names = sorted(label for label, count in known.items() if count >= FEWEST) or sorted(known)
    if not names:
        raise DataError(f"Target {cut(name)!r} has no label in any row. Choose another target.")
    if len(names) > MOST_LABELS:
        raise RequestError(
            f"Target {cut(name)!r} has {len(names):,} labels of {FEWEST} rows or more, and up to "
            f"{MOST_LABELS:,} can be learned. Is it a text? Say {option('kinds', {name: 'text'})}."
        )
    form = LabelsForm(names=tuple(names), cells=True, separator=separator)
    values = np.concatenate([cell_labels_like(frame[name], form) for frame in frames])
    target = labels_target(values, names, name, size=len(first), positive=positive)
    example = lists.filter(lists.list.len() > 1).head(1).to_list() or lists.head(1).to_list()
    reason = f"{len(names)} labels, as {listed([cut(one) for one in example[0] or ()], most=4)}"
    if not kind and not leaf_of(first.dtype)[0]:
        reason += "; give it the kind category to take each cell for a class"
    column = replace(target.column, form=form, reason=reason)
    rare = [label for label, count in known.items() if label not in set(names)]
    notes = list(target.notes)
    if rare:
        lost = int((values[: len(first)].sum(axis=1) == 0).sum())
        labels = "1 label of" if len(rare) == 1 else f"{len(rare):,} labels of"
        notes.append(Note("class", (
            f"{name}: {labels} fewer than {FEWEST} rows cannot be learned and are left out "
            f"({listed([cut(label) for label in rare], most=4)}); {lost:,} rows have no other."
        )))  # fmt: skip
    return target._replace(column=column, notes=tuple(notes))


def say_several(series: pl.Series) -> list[str]:
    """Say that classes look like several labels in a cell, as "rust scab" beside "rust" and "scab".

    Args:
        series: The target of the training data, which is read as classes.
    """
    if str(series.dtype) != "String":
        return []
    texts = clean(as_texts(series), NOTHING)[0].drop_nulls().unique().sort()
    for mark in SEPARATORS[1:]:
        cells = texts.filter(texts.str.contains(mark, literal=True))
        pieces = cells.str.split(mark).list.eval(stripped()).to_list()
        alone = set(texts.to_list())
        for cell, own in zip(cells.to_list(), pieces, strict=True):
            if len(own) > 1 and set(own) <= alone:
                return [
                    f"{series.name}: {listed([cut(one) for one in own], most=4)} are classes, and "
                    f"so is {cut(repr(cell))}; where a row may have several labels, give "
                    f"{series.name} the kind {KIND}."
                ]
    return []


def stripped() -> pl.Expr:
    """Return the pieces of a cell without blanks around them, and without empty ones."""
    import polars as pl

    piece = pl.element().str.strip_chars()
    return piece.filter(piece != "")


def cell_labels_like(series: pl.Series, form: LabelsForm) -> Array:
    """Read the labels of new cells: (N, K) 0 and 1, NaN where a cell is empty."""
    import polars as pl

    lists = labels_in(series, form.separator)
    values = np.zeros((len(series), len(form.names)))
    places = {name: k for k, name in enumerate(form.names)}
    frame = pl.DataFrame({"row": np.arange(len(series)), "label": lists}).explode("label")
    frame = frame.with_columns(
        frame["label"].replace_strict(places, default=None, return_dtype=pl.Int64).alias("place")
    ).drop_nulls("place")
    values[frame["row"].to_numpy(), frame["place"].to_numpy()] = 1.0
    values[lists.is_null().to_numpy()] = np.nan
    return values


def new_cell_labels(frame: pl.DataFrame, schema: Schema) -> dict[str, Array]:
    """Return target -> its labels, where new data have its column."""
    forms = {name: schema.column(name).form for name in schema.targets if name in frame.columns}
    return {
        name: cell_labels_like(frame[name], form)
        for name, form in forms.items()
        if isinstance(form, LabelsForm) and form.cells
    }
