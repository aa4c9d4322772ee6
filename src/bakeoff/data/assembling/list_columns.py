"""List columns: cells that are lists of numbers become sequences, a row for each row of the table.

Several columns whose lists are of equal lengths in every row are the channels of one sequence;
otherwise each is an input of its own, beside the other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.assembling.parts import behind
from bakeoff.data.columns.blank import say_without_steps, with_blanks
from bakeoff.data.columns.column import Column, Note, Reading
from bakeoff.data.columns.list_column import (
    Lists,
    holds_lists,
    holds_words,
    list_column,
    lists_like,
    side_by_side,
    unrolled,
)
from bakeoff.data.columns.read_labels import matching
from bakeoff.data.forms import ListsForm, ShapeForm
from bakeoff.data.origin import Place
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl

SEQUENCES = ("sequence", "tokens")


def sequence_columns(frame: pl.DataFrame, choices: Choices) -> tuple[str, ...]:
    """Return the columns of lists that models are to see; none where there are none.

    Args:
        frame: The training data.
        choices: Of the user: kinds may leave a column out, inputs decide what models see.

    Raises:
        DataError: Lists of strings are all there is, or were asked for.
    """
    asked, kinds = choices.inputs, choices.kinds
    answers = {choices.target, *choices.further, *matching(frame.columns, choices.target)}
    names = [name for name in frame.columns if name not in answers]
    open_to = [name for name in names if kinds.get(name, SEQUENCES[0]) in SEQUENCES]
    refuse_words(frame, [name for name in open_to if holds_words(frame[name])], names, choices)
    found = [name for name in open_to if holds_lists(frame[name])]
    return tuple(name for name in found if asked is None or name in asked)


def refuse_words(
    frame: pl.DataFrame, words: Sequence[str], names: Sequence[str], choices: Choices
) -> None:
    """Refuse lists of strings that are all there is, or that were asked for."""
    asked = [name for name in words if name in choices.kinds or name in (choices.inputs or ())]
    if choices.inputs is None and all(name in words for name in names):
        asked = list(words)
    if asked:
        raise DataError(
            f"{cut(asked[0])!r} holds lists of strings, and sequences are of numbers as yet. "
            f"Number the words from 0 on, and say {option('kinds', {asked[0]: 'tokens'})}."
        )


class Steps(NamedTuple):
    """The sequences of some rows.

    Args:
        kept: (n,) positions of the rows that stay: those with a step in each of them.
        readings: A column for each input: one of lists, or several beside each other.
        choices: Of the user, where inputs are called as these columns.
        notes: What was counted.
    """

    kept: Array
    readings: tuple[Reading, ...]
    choices: Choices
    notes: tuple[str, ...]


def steps_of_lists(
    frames: Sequence[pl.DataFrame],
    names: Sequence[str],
    choices: Choices,
    place: Place,
    source: str,
) -> Steps:
    """Read columns of lists as sequences: as one where they have equal lengths in every row.

    Args:
        frames: The rows of all parts, those of the training data first.
        names: The columns that models see.
        choices: Of the user.
        place: Writes a position for people.
        source: What to call the training data.

    Raises:
        DataError: No training row has a step.
    """
    found = {name: lists_in_parts(frames, name, place) for name in names}
    lengths = np.column_stack([lists.lengths for lists in found.values()])
    filled: Array = np.all(lengths > 0, axis=1)
    shown = " and ".join(map(cut, names[:3]))
    if not filled[: len(frames[0])].any():
        raise DataError(f"{source}: no training row has a step in {shown}. Give some.")
    kept = np.flatnonzero(filled)
    tokens = any(choices.kinds.get(name) == "tokens" for name in names)
    together = len(names) > 1 and (lengths == lengths[:, :1]).all() and not tokens
    columns = frames[0].columns
    notes = say_without_steps(shown, np.flatnonzero(~filled), place)
    if together:
        form = ListsForm(tuple(names), tuple(own.values.shape[1] for own in found.values()))
        found = {free_name("steps", columns): side_by_side(found, place)}
    readings = [
        list_column(
            rows_of(lists, kept),
            name,
            kind="" if together else choices.kinds.get(name, ""),
            place=lambda at: place(int(kept[at])),
            form=form if together else None,
        )
        for name, lists in found.items()
    ]
    asked = choices.inputs
    if together and asked is not None:
        asked = [*found, *(name for name in asked if name not in names)]
    return Steps(kept, tuple(readings), choices._replace(inputs=asked), tuple(notes))


def rows_of(lists: Lists, kept: Array) -> Lists:
    """Return the lists of some rows; the others have no step, or leave theirs."""
    here = np.zeros(len(lists.lengths), dtype=bool)
    here[kept] = True
    return Lists(lists.values[here[lists.owners]], lists.lengths[kept])


def lists_in_parts(frames: Sequence[pl.DataFrame], name: str, place: Place) -> Lists:
    """Return the lists of a column of all parts, the parts behind each other.

    Raises:
        DataError: The steps of a part hold another number of values.
    """
    found, start = [], 0
    for frame in frames:
        found.append(unrolled(frame[name], behind(place, start)))
        start += len(frame)
    widths = [lists.values.shape[1] for lists in found if len(lists.values)]
    if len(set(widths)) > 1:
        told = " and ".join(f"{width:,}" for width in dict.fromkeys(widths))
        raise DataError(
            f"The steps of {cut(name)} hold {told} numbers in different parts. Give every step as "
            "many."
        )
    filled = [lists.values for lists in found if len(lists.values)] or [found[0].values]
    return Lists(np.concatenate(filled), np.concatenate([lists.lengths for lists in found]))


def new_steps(frame: pl.DataFrame, column: Column, place: Place) -> Reading:
    """Read the sequences of new rows as those of the training data were, a row for each row.

    Args:
        frame: The new rows.
        column: As it was read in training: of one column of lists, or of several.
        place: Writes a position for people.
    """
    lists = column.form.lists if isinstance(column.form, ShapeForm) else None
    names = [column.name] if lists is None else lists.names
    own = {name: lists_in_parts([frame], name, place) for name in names}
    reading = lists_like(side_by_side(own, place), column, place)
    sequences, blanks = with_blanks(reading.values, column, place)
    notes = tuple(Note("missing", text) for text in blanks)
    return reading._replace(values=sequences, notes=(*reading.notes, *notes))
