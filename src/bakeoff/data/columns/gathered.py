"""Gathered: the rows of a long table, sequence after sequence, and what is one value for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.columns.column import Column
from bakeoff.data.columns.target import label_type
from bakeoff.data.forms import typed_labels
from bakeoff.data.origin import Origin
from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.long_table import LongTable, codes_of, counted, long_table
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl

MOST_CHANGED = 0.5  # share of the sequences within which a label of all of it may change
PARTS = {"train": 0, "validation": 1, "test": 2}


class Gathered(NamedTuple):
    """A long table whose rows are gathered by their ids.

    Args:
        table: How the rows lie in the sequences.
        frame: The rows in that order.
        steps: Where each of these rows comes from, with its id.
        whole: Where each sequence comes from: its first row, with its id.
        train: How many first sequences are of the training data.
        train_steps: How many first rows are.
    """

    table: LongTable
    frame: pl.DataFrame
    steps: Origin
    whole: Origin
    train: int
    train_steps: int

    def one_each(self, name: str) -> pl.Series:
        """Return the first filled cell of a column in each sequence."""
        series = self.frame[name]
        return series.gather(self.table.first_filled(codes_of(series) > 0))


def gather(
    frame: pl.DataFrame,
    times: pl.Series | None,
    origin: Origin,
    *,
    sequence: str,
    typed: bool,
    by_id: bool = True,
    whole: Origin | None = None,
) -> Gathered:
    """Gather the rows of a long table by their ids, in the order of time.

    Args:
        frame: All rows, of all parts behind each other.
        times: Of each row, if they are known.
        origin: Of each row.
        sequence: The column of the ids.
        typed: Whether texts are strings to the user.
        by_id: Whether the sequences stand in the order of their ids, or of their first rows.
        whole: Of the sequences, where their ids are positions in it; None: their first rows.
    """
    numbers = np.zeros(len(frame), np.int64)
    if origin.parts is not None:
        numbers = np.array([PARTS[part] for part in origin.parts.tolist()])
    table = long_table(frame[sequence], times, numbers, place=origin.place, by_id=by_id)
    ids = np.empty(len(table.ids), dtype=object)
    ids[:] = typed_labels(table.ids.tolist(), label_type(frame[sequence], typed=typed))
    member, parts = table.member(), numbers[table.order]
    if whole is None:
        steps = replace(origin[table.order], ids=ids[member], id_column=sequence)
        whole = replace(origin[table.first], ids=ids, id_column=sequence)
    else:
        steps, whole = origin[table.order], whole[table.ids.astype(np.int64)]
    return Gathered(
        table=table,
        frame=frame[table.order],
        steps=steps,
        whole=whole,
        train=int((parts[table.starts] == 0).sum()),
        train_steps=int((parts == 0).sum()),
    )


def tells_each_step(rows: Gathered, target: str, kind: str = "") -> bool:
    """Tell whether a target is one of each step: it changes within most sequences, or is said to.

    Args:
        rows: Of the long table.
        target: Its column.
        kind: What the user called it: "steps", and what else.
    """
    if kind.partition(":")[0] == "steps":
        return True
    changed = rows.table.changed(rows.frame[target])[: rows.train_steps]
    some = np.unique(rows.table.member()[: rows.train_steps][changed])
    long = int((rows.table.lengths[: rows.train] > 1).sum())
    return len(some) > MOST_CHANGED * long


def check_labels(rows: Gathered, target: str) -> None:
    """Refuse a target that changes within a sequence.

    Raises:
        DataError: The message names the id, and two rows.
    """
    changed = rows.table.changed(rows.frame[target])
    if not changed.any():
        return
    at, member = int(changed.argmax()), rows.table.member()
    series = rows.frame[target]
    first = int(rows.table.first_filled(codes_of(series) > 0)[member[at]])
    one, other = (cut(repr(text)) for text in as_texts(series.gather([first, at])))
    n = len(np.unique(member[changed]))
    raise DataError(
        f"Target {target!r} changes within {counted(n, 'sequence', 'sequences')}: {one} at "
        f"{rows.steps.place(first)}, {other} at {rows.steps.place(at)}. Give all rows of one id "
        f"the same, or say {option('kinds', {target: 'steps'})} to predict one for each step."
    )


def say_labels(rows: Gathered, target: str) -> Iterator[str]:
    """Say how many rows have no value of the target, while another row of their sequence has."""
    filled = codes_of(rows.frame[target]) > 0
    member = rows.table.member()
    some = np.logical_or.reduceat(filled, rows.table.starts)[member]
    n = int((~filled & some).sum())
    if n:
        rows_have = counted(n, "row without a value", "rows without a value")
        yield f"{target}: {rows_have} {'has' if n == 1 else 'have'} that of the sequence."


def fixed_columns(
    rows: Gathered, names: Sequence[str], asked: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the columns that never change within a sequence of the training data.

    Args:
        rows: Of the long table.
        names: The columns to look at.
        asked: Inputs that the user named, which are channels in any case; None if there are none.

    Returns:
        Their names; none where all sequences have one step, of which nothing can be told.
    """
    if int(rows.table.lengths[: rows.train].max(initial=0)) < 2:
        return ()
    return tuple(
        name
        for name in names
        if name not in (asked or ())
        and has_texts(rows.frame[name])
        and not bool(rows.table.changed(rows.frame[name])[: rows.train_steps].any())
    )


def has_texts(series: pl.Series) -> bool:
    """Tell whether cells can be compared: lists, structs, bytes and objects cannot."""
    import polars as pl

    return not (series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object))


def say_fixed(columns: Sequence[Column], sequence: str) -> Iterator[str]:
    """Say which columns are no channels, and what they are good for."""
    if not columns:
        return
    which = ", ".join(cut(column.name) for column in columns)
    are = "is" if len(columns) == 1 else "are"
    yield f"{which} {are} left out: the same in all rows of each {sequence}."
    groups = [column.name for column in columns if column.distinct > 1]
    if groups:
        yield f"To keep what belongs together in one part, split by group:{cut(groups[0])}."


def say_changed(rows: Gathered, target: str) -> Iterator[str]:
    """Say of new data in how many sequences the target changes; its first value counts there."""
    changed = rows.table.changed(rows.frame[target])
    if changed.any():
        n = len(np.unique(rows.table.member()[changed]))
        where = rows.steps.place(int(changed.argmax()))
        within = counted(n, "sequence", "sequences")
        yield f"{target} changes within {within} (first: {where}): its first value counts."
