"""Channels: the columns of a long table that models see, as numbers side by side for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, compact, is_missing
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.columns.gathered import Gathered
from bakeoff.data.forms import Channel, LongForm, NumberForm, ShapeForm, WordForm
from bakeoff.data.origin import Place
from bakeoff.errors import DataError, option

MOST_WORDS = 100  # of a category: each becomes a channel


def channel_of(reading: Reading, train: int) -> Channel | None:
    """Return what a column of steps becomes; None where no model learns from its kind.

    Args:
        reading: Of all steps.
        train: So many first steps are of the training data.

    Raises:
        DataError: A category has too many words.
    """
    column, form = reading.column, reading.column.form
    if column.kind == "number" and isinstance(form, NumberForm):
        return Channel(column.name, "number", form)
    if column.kind == "binary" and isinstance(form, WordForm):
        return Channel(column.name, "binary", form)
    if column.kind != "category" or not isinstance(form, WordForm):
        return None
    words = tuple(sorted(set(reading.values[:train].tolist()) - {None}))
    if len(words) > MOST_WORDS:
        raise DataError(
            f"Column {column.name!r} has {len(words):,} different words, and each would become a "
            f"channel of the sequences; {MOST_WORDS} are the most. Leave it out with "
            f"{option('kinds', {column.name: 'ignored'})}."
        )
    return Channel(column.name, "category", form, words) if words else None


def channel_column(channel: Channel) -> Column:
    """Return the column that a channel came from, to read new data like it."""
    return Column(name=channel.name, kind=channel.kind, reason="", form=channel.form)


def check_channels(
    channels: Sequence[Channel], readings: Sequence[Reading], fixed: Sequence[str], sequence: str
) -> None:
    """Refuse a long table in which nothing can be learned from.

    Args:
        channels: What models would see.
        readings: All columns but id, time and target.
        fixed: Those that never change within a sequence.
        sequence: The column of the ids.
    """
    if channels:
        return
    why = "; ".join(
        f"{column.name} is the same in all rows of each {sequence}"
        if column.name in fixed
        else f"{column.name} is {column.kind} ({column.reason})"
        for column in (reading.column for reading in readings[:5])
    )
    names = [column.column.name for column in readings]
    raise DataError(
        f"No column can be a channel of the sequences: {why or 'there is no other column'}. "
        f"Name what to learn from, as in {option('inputs', names[:1] or ['x'])}."
    )


def say_no_channels(
    columns: Sequence[Column], channels: Sequence[str], asked: Sequence[str] | None
) -> Iterator[str]:
    """Say which columns that change within sequences no model will see, and why.

    Args:
        columns: All such columns.
        channels: Those that models see.
        asked: Inputs that the user named; None if there are none.
    """
    out = [column for column in columns if column.name not in channels]
    unasked = [c.name for c in out if asked is not None and c.name not in asked]
    for column in out:
        if column.name not in unasked:
            yield f"{column.name} is left out: {column.kind}, {column.reason}."
    if unasked:
        yield f"Not among the inputs: {', '.join(map(cut, unasked))}."


def sequence_column(
    rows: Gathered, name: str, long: LongForm, readings: Sequence[Reading], *, steps: int = 0
) -> tuple[Reading, dict[str, Array]]:
    """Put the channels of all steps side by side.

    Args:
        rows: Of the long table.
        name: What to call the column.
        long: Its channels.
        readings: The values of each.
        steps: So many must each sequence have; 0 for any number.

    Returns:
        The column with its sequences, and `name` -> lengths (N,) where they differ or may.

    Raises:
        DataError: A sequence has another number of steps.
    """
    table, place = rows.table, rows.whole.place
    wrong = np.flatnonzero(table.lengths != steps)
    if steps and len(wrong):
        raise DataError(
            f"The sequence at {place(int(wrong[0]))} has {table.lengths[wrong[0]]:,} steps; all "
            f"that the run was trained on have {steps:,}. Give sequences of {steps:,} steps."
        )
    values = side_by_side(long.channels, [reading.values for reading in readings])
    shortest, longest = int(table.lengths.min()), int(table.lengths.max())
    equal = bool(steps) or shortest == longest
    gaps = np.isnan(values).any(axis=1)
    told = f"{shortest:,} steps" if equal else f"{shortest:,} to {longest:,} steps"
    order = f"in the order of {long.time}" if long.time else "in the order of the file"
    counted = "1 channel" if long.width == 1 else f"{long.width:,} channels"
    names = ", ".join(map(cut, long.names[:10])) + (", …" if len(long.names) > 10 else "")
    column = Column(
        name=name,
        kind="sequence",
        reason=f"{told} for each {long.sequence}, {order}, of {counted}: {names}",
        missing=int(np.logical_or.reduceat(gaps, table.starts).sum()),
        form=ShapeForm((longest if equal else None, long.width), "", long),
    )
    notes = [
        *(note for reading in readings for note in reading.notes),
        *(
            Note("unread", text)
            for channel, reading in zip(long.channels, readings, strict=True)
            for text in say_unknown(channel, reading.values, rows.steps.place)
        ),
    ]
    sequences = Sequences(values, table.starts, table.lengths)
    reading = Reading(column, sequences, tuple(notes))
    return reading, {} if equal else {name: table.lengths}


def side_by_side(channels: Sequence[Channel], values: Sequence[Array]) -> Array:
    """Return the values of all channels of each step, NaN where missing: (S, F) floats."""
    steps = [numbers_of(*pair) for pair in zip(channels, values, strict=True)]
    return compact(np.concatenate(steps, axis=1))


def numbers_of(channel: Channel, values: Array) -> Array:
    """Return the values of one column as (S, width) floats, NaN where missing."""
    if isinstance(channel.form, NumberForm):
        return values[:, None]
    missing = is_missing(values)
    words = channel.words or channel.form.pair[1:]
    numbers = np.stack([(values == word).astype(np.float64) for word in words], axis=1)
    numbers[missing] = np.nan
    return numbers


def say_unknown(channel: Channel, values: Array, place: Place) -> Iterator[str]:
    """Say how many words of a category the training data lack: all its channels are 0 there."""
    if channel.kind != "category":
        return
    known = {*channel.words, None}
    unknown = [i for i, value in enumerate(values.tolist()) if value not in known]
    if unknown:
        n = len(unknown)
        cells = "1 cell holds a word" if n == 1 else f"{n:,} cells hold words"
        first = f"{cut(repr(values[unknown[0]]))} at {place(unknown[0])}"
        yield f"{channel.name}: {cells} that the training data lack, and counts as none: {first}."
