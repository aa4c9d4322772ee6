"""List columns: cells that are lists of numbers become sequences, a row for each row of the table.

A run reads one sequence a row, of one column or of several side by side, and nothing beside it:
several inputs come later. The other columns are read, so that rows can be split by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import Choices, check_needed
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.assembling.parts import behind, column_in_parts
from bakeoff.data.columns.blank import say_without_steps, with_blanks
from bakeoff.data.columns.column import Reading, Schema
from bakeoff.data.columns.list_column import (
    Lists,
    holds_lists,
    holds_words,
    list_column,
    lists_like,
    side_by_side,
    unrolled,
)
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.read_labels import matching, new_labels
from bakeoff.data.columns.target import Target
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ListsForm
from bakeoff.data.origin import Origin, Place, origin_of
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl

SEQUENCES = ("sequence", "tokens")


def sequence_columns(frame: pl.DataFrame, choices: Choices) -> tuple[str, ...]:
    """Return the columns of lists that models are to see; none where there are none.

    Args:
        frame: The training data.
        choices: Of the user: kinds may leave a column out, inputs decide what models see.

    Raises:
        RequestError: Other columns were asked for as well, or tokens beside something else.
        DataError: Lists of strings are all there is, or were asked for.
    """
    asked, kinds = choices.inputs, choices.kinds
    answers = {choices.target, *choices.further, *matching(frame.columns, choices.target)}
    names = [name for name in frame.columns if name not in answers]
    open_to = [name for name in names if kinds.get(name, SEQUENCES[0]) in SEQUENCES]
    refuse_words(frame, [name for name in open_to if holds_words(frame[name])], names, choices)
    found = [name for name in open_to if holds_lists(frame[name])]
    wanted = [name for name in found if asked is None or name in asked]
    if not wanted:
        return ()
    others = [name for name in asked or () if name not in wanted]
    if others:
        raise RequestError(
            f"{wanted[0]!r} holds sequences, and a run learns from sequences or from columns, not "
            f"yet from both: say {option('inputs', wanted[:1])}, or leave {wanted[0]!r} out of "
            f"them ({others[0]!r} alone)."
        )
    tokens = [name for name in wanted if kinds.get(name) == "tokens"]
    if tokens and len(wanted) > 1:
        raise RequestError(
            f"{option('kinds', {tokens[0]: 'tokens'})}: a run learns from one column of tokens, "
            f"and nothing beside it as yet: say {option('inputs', tokens[:1])}."
        )
    return tuple(wanted)


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


def from_list_columns(
    frames: Sequence[pl.DataFrame],
    first: Table,
    targets: Sequence[Target],
    choices: Choices,
    origin: Origin,
    notes: Sequence[str],
    names: Sequence[str],
) -> Dataset:
    """Read a table with columns of lists into a dataset of one sequence a row.

    Args:
        frames: The rows of all parts, those of the training data first.
        first: The training data.
        targets: As they were read.
        choices: Of the user.
        origin: Of each row.
        notes: What was decided so far.
        names: The columns that models see.

    Raises:
        DataError: No row has a step, or columns differ in their lengths.
    """
    lists = lists_in_parts(frames, names, origin.place)
    kept = np.flatnonzero(lists.lengths > 0)
    shown = " and ".join(map(cut, names[:3]))
    if not len(kept) or not (lists.lengths[: len(frames[0])] > 0).any():
        raise DataError(f"{first.source}: no training row has a step in {shown}. Give some.")
    blank = say_without_steps(shown, np.flatnonzero(lists.lengths == 0), origin.place)
    lists, origin = Lists(lists.values, lists.lengths[kept]), origin[kept]
    columns = first.frame.columns
    form = None
    if len(names) > 1:
        form = ListsForm(tuple(names), tuple(widths_of(frames[0], names)))
    name = names[0] if form is None else free_name("steps", columns)
    kind = choices.kinds.get(names[0], "") if form is None else ""
    block = list_column(lists, name, kind=kind, place=origin.place, form=form)
    answers = [own.column.name for own in targets]
    others = [other for other in columns if other not in (*names, *answers)]
    readings = [
        column_in_parts(
            rows_kept([frame[other] for frame in frames], kept),
            kind=choices.kinds.get(other, ""),
            declared=other in first.declared,
            mark=first.mark,
            place=origin.place,
        )
        for other in others
    ]
    targets = [own._replace(values=own.values[kept]) for own in targets]
    return assemble(
        [*readings, block, *(Reading(own.column, own.values, own.notes) for own in targets)],
        targets[0],
        [name],
        origin=origin,
        source=first.source,
        notes=[*notes, *blank, *say_alone(names, others, choices.inputs)],
        told=others,
        further=targets[1:],
    )


def lists_in_parts(frames: Sequence[pl.DataFrame], names: Sequence[str], place: Place) -> Lists:
    """Return the lists of some columns of all parts, side by side, the parts behind each other.

    Raises:
        DataError: The steps of a part hold another number of values.
    """
    found, start = [], 0
    for frame in frames:
        here = behind(place, start)
        found.append(side_by_side({name: unrolled(frame[name], here) for name in names}, here))
        start += len(frame)
    widths = [lists.values.shape[1] for lists in found if len(lists.values)]
    if len(set(widths)) > 1:
        told = " and ".join(f"{width:,}" for width in dict.fromkeys(widths))
        raise DataError(
            f"The steps of {' and '.join(map(cut, names[:3]))} hold {told} numbers in different "
            "parts. Give every step as many."
        )
    filled = [lists.values for lists in found if len(lists.values)] or [found[0].values]
    return Lists(np.concatenate(filled), np.concatenate([lists.lengths for lists in found]))


def widths_of(frame: pl.DataFrame, names: Sequence[str]) -> list[int]:
    """Return how many numbers a step of each column holds."""
    return [unrolled(frame[name], str).values.shape[1] for name in names]


def rows_kept(pieces: Sequence[pl.Series], kept: Array) -> list[pl.Series]:
    """Return some rows of the pieces of a column, by their positions in all of them."""
    result, start = [], 0
    for piece in pieces:
        here = kept[(kept >= start) & (kept < start + len(piece))] - start
        result.append(piece.gather(here))
        start += len(piece)
    return result


def say_alone(
    names: Sequence[str], others: Sequence[str], asked: Sequence[str] | None
) -> list[str]:
    """Say which columns no model sees, since sequences are seen alone."""
    if asked is not None or not others:
        return []
    shown = ", ".join(map(cut, others[:4])) + (", …" if len(others) > 4 else "")
    columns = f"{len(others):,} other column{'' if len(others) == 1 else 's'} ({shown})"
    return [
        f"Models see the sequences of {' and '.join(map(cut, names[:3]))} alone; {columns} left "
        "out: several inputs come later. The option inputs chooses columns instead."
    ]


def inputs_from_lists(table: Table, schema: Schema) -> Dataset:
    """Read new sequences of columns of lists by the schema of a run, a row for each row."""
    name = schema.inputs[0]
    names = [name] if schema.lists is None else list(schema.lists.names)
    check_needed(table, names)
    origin = origin_of({"train": len(table.frame)}, {})
    column = schema.column(name)
    lists = lists_in_parts([table.frame], names, origin.place)
    reading = lists_like(lists, column, origin.place)
    sequences, blanks = with_blanks(reading.values, column, origin.place)
    arrays: dict[str, Any] = {name: sequences}
    told = [*table.notes, *(note.text for note in reading.notes), *blanks]
    arrays |= new_labels(table.frame, schema)
    for target in schema.targets:
        if target in table.frame.columns and target not in arrays:
            found = read_like(table.frame[target], schema.column(target), target=True)
            arrays[target] = found.values
            told += [note.text for note in found.notes]
    return Dataset(
        schema=schema, arrays=arrays, origin=origin, source=table.source, notes=tuple(told)
    )


def is_of_lists(schema: Schema) -> bool:
    """Tell whether a run learns from sequences that are cells of a table."""
    kind = schema.column(schema.inputs[0]).kind
    own = schema.long is None and schema.series is None
    return own and kind in SEQUENCES
