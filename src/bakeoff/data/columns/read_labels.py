"""Labels: columns of 0 and 1 of one glob are one target, of which a row has any number."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, is_missing
from bakeoff.data.columns.column import Column, Note, Schema, free
from bakeoff.data.columns.target import Target, refuse_positive
from bakeoff.data.forms import LabelsForm
from bakeoff.data.origin import Place
from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError
from bakeoff.listed import listed

if TYPE_CHECKING:
    import polars as pl

WORDS = {"true": "1", "false": "0", "yes": "1", "no": "0"}
UNNAMED = "labels"  # what labels are called whose glob has no fixed part
COPIED = 0.99  # two labels that agree in more rows than this may be one ...
TOGETHER = 0.9  # ... where they also stand together in this share of the rows that have either
MOST_COMPARED = 300  # labels that are compared pair by pair


def read_labels(
    frames: Sequence[pl.DataFrame],
    columns: Sequence[str],
    pattern: str,
    *,
    positive: str | None = None,
    place: Place,
) -> Target:
    """Read columns of 0 and 1 as one target.

    Args:
        frames: Of all parts, one behind the other.
        columns: What the pattern names: two or more of their columns.
        pattern: As the user gave it: "Class*".
        positive: Refused: there is no positive class.
        place: Writes a position for people.

    Returns:
        A target of values (N, K), 1 where a row has a label, NaN where nobody knows.

    Raises:
        DataError: A cell is neither 0 nor 1, or nothing can be learned.
    """
    others = [name for name in frames[0].columns if name not in columns]
    name = free(fixed_part(pattern), others)
    values = np.column_stack([label_values(frames, column, name, place) for column in columns])
    size = len(frames[0])
    return labels_target(values, columns, name, size=size, pattern=pattern, positive=positive)


def labels_target(
    values: Array,
    labels: Sequence[str],
    name: str,
    *,
    size: int,
    pattern: str = "",
    positive: str | None = None,
) -> Target:
    """Make a target of labels.

    Args:
        values: (N, K) 0, 1, or NaN where nobody knows.
        labels: Their names.
        name: Of the target.
        size: The rows that are learned from, the first ones.
        pattern: The glob that named the columns; "" of an array.
        positive: Refused: there is no positive class.

    Raises:
        DataError: All labels are the same in all rows.
    """
    refuse_positive(positive, name, f"{len(labels)} labels")
    train = values[:size]
    same = np.array([len(np.unique(own[~np.isnan(own)])) < 2 for own in train.T])
    if same.all():
        raise DataError(
            f"Each of the {len(labels)} labels of {name!r} is the same in all rows, so there is "
            "nothing to learn. Choose another target."
        )
    column = Column(
        name=name,
        kind="labels",
        reason=f"{len(labels)} columns of 0 and 1" if pattern else f"{len(labels)} labels, 0 or 1",
        missing=int(is_missing(values).sum()),
        form=LabelsForm(names=tuple(labels), pattern=pattern),
    )
    notes = [Note("class", text) for text in doubtful_labels(train, labels, name, same)]
    return Target(column, values, "multilabel", "", tuple(notes))


def doubtful_labels(train: Array, labels: Sequence[str], name: str, same: Array) -> list[str]:
    """Say which labels are missing somewhere, cannot be learned, or may be copies: a sentence each.

    Args:
        train: (N, K) of the rows that are learned from.
        labels: Their names.
        name: Of the target.
        same: (K,) True where a label is the same in all these rows.
    """
    said = []
    unknown = np.isnan(train).sum(axis=0)
    if unknown.any():
        most = sorted(np.flatnonzero(unknown).tolist(), key=lambda k: -unknown[k])
        counts = listed([f"{cut(labels[k])} in {unknown[k]:,}" for k in most], most=4)
        said.append(f"{name}: labels are not known in some rows ({counts}), and count for nothing.")
    if same.any():
        named = listed([cut(labels[k]) for k in np.flatnonzero(same).tolist()], most=5)
        said.append(f"{name}: {named} cannot be learned, being the same in all rows.")
    for one, other, share in copies(train[:, ~same]) if (~same).sum() <= MOST_COMPARED else ():
        first, second = (cut(np.array(labels, object)[~same][k]) for k in (one, other))
        said.append(
            f"{name}: {first} and {second} agree in {100 * share:.1f} % of the rows; if one is a "
            "copy of the other, leave it out: it counts twice."
        )
    return said


def copies(values: Array) -> list[tuple[int, int, float]]:
    """Find labels that are nearly equal: (first, second, share of the rows in which they agree).

    Rare labels agree in nearly all rows by having none; so they must stand together as well.

    Args:
        values: (N, K) 0, 1 or NaN.
    """
    found = []
    for one, other in combinations(range(values.shape[1]), 2):
        both = ~np.isnan(values[:, [one, other]]).any(axis=1)
        a, b = values[both, one] == 1, values[both, other] == 1
        either = (a | b).sum()
        if len(a) and either and (a == b).mean() > COPIED and (a & b).sum() >= TOGETHER * either:
            found.append((one, other, float((a == b).mean())))
    return found


def matching(names: Sequence[str], pattern: str | None) -> list[str]:
    """Return the columns that a glob names; none where it is no glob, or a column's own name.

    Example:
        >>> matching(["a", "Class1", "Class2"], "Class*"), matching(["a*", "ab"], "a*")
        (['Class1', 'Class2'], [])
    """
    if pattern is None or pattern in names or not set(pattern) & set("*?["):
        return []
    return [name for name in names if fnmatchcase(name, pattern)]


def fixed_part(pattern: str) -> str:
    """Return what labels are called together: the beginning of their glob.

    Example:
        >>> fixed_part("Class*"), fixed_part("label_*"), fixed_part("*-*")
        ('Class', 'label', 'labels')
    """
    first = min(pattern.index(sign) for sign in "*?[" if sign in pattern)
    return pattern[:first].strip(" _.-:/") or UNNAMED


def label_values(
    frames: Sequence[pl.DataFrame], column: str, name: str, place: Place | None
) -> Array:
    """Read one column of 0 and 1 of all frames: (N,) float64, NaN where a cell is empty.

    Args:
        frames: One behind the other.
        column: Which.
        name: Of the target, for the message.
        place: Writes a position for people; None for new data, where strange cells are not known.

    Raises:
        DataError: A cell is something else.
    """
    import polars as pl

    texts = pl.concat([as_texts(frame[column]) for frame in frames])
    bare = cells.clean(texts)[0].str.to_lowercase().replace(WORDS)
    values = cells.plain_numbers(bare)
    good = values.is_in([0.0, 1.0]).fill_null(False).to_numpy()
    strange = np.flatnonzero(bare.is_not_null().to_numpy() & ~good)
    if len(strange) and place is not None:
        first = int(strange[0])
        raise DataError(
            f"{column} holds {cut(repr(texts[first]))} at {place(first)}, and the labels of "
            f"{name!r} are 0 or 1. Name other columns to predict, or correct the cell."
        )
    return np.where(good, values.fill_null(np.nan).to_numpy(), np.nan)


def labels_like(frame: pl.DataFrame, form: LabelsForm, name: str) -> Array | None:
    """Read the labels of new data: (N, K), or None where a column is not there."""
    if not set(form.names) <= set(frame.columns):
        return None
    return np.column_stack([label_values([frame], own, name, None) for own in form.names])


def new_labels(frame: pl.DataFrame, schema: Schema) -> dict[str, Array]:
    """Return target -> its labels, where all of their columns are among new data."""
    forms = {name: schema.column(name).form for name in schema.targets}
    found = {
        name: labels_like(frame, form, name)
        for name, form in forms.items()
        if isinstance(form, LabelsForm) and not form.cells
    }
    return {name: values for name, values in found.items() if values is not None}


def label_texts(values: Array, labels: Sequence[str]) -> Array:
    """Write the labels of each row: (N, K) above 0.5 where a row has one -> (N,) texts.

    Example:
        >>> label_texts(np.array([[1.0, 0.0, 0.9], [0.0, np.nan, 0.0]]), ["a", "b", "c"]).tolist()
        ['a|c', '']
    """
    texts = np.empty(len(values), object)
    texts[:] = ["|".join(labels[k] for k in np.flatnonzero(row > 0.5).tolist()) for row in values]
    return texts


def rarest_labels(values: Array) -> Array:
    """Return the rarest label of each row as a number, K where it has none: (N, K) -> (N,) int."""
    size = values.shape[1]
    has = values > 0.5
    order = np.argsort(has.sum(axis=0), kind="stable")  # rarest first
    first = has[:, order].argmax(axis=1)
    return np.asarray(np.where(has.any(axis=1), order[first], size))
