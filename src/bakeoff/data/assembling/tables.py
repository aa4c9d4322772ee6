"""Tables: files and frames of one row each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.data.assembling.assemble import assemble, without_target
from bakeoff.data.assembling.block_columns import (
    Block,
    blocks_like,
    blocks_of,
    named_blocks,
    with_blocks,
    with_columns,
)
from bakeoff.data.assembling.choices import (
    Choices,
    check_long_names,
    check_names,
    check_needed,
    check_series_names,
    with_several,
)
from bakeoff.data.assembling.image_column import (
    image_column,
    new_pictures,
    root_of,
    shown_pictures,
)
from bakeoff.data.assembling.list_columns import (
    SEQUENCES,
    new_steps,
    sequence_columns,
    steps_of_lists,
)
from bakeoff.data.assembling.long_tables import from_long_table, inputs_from_long_table
from bakeoff.data.assembling.longer import longer, longer_like
from bakeoff.data.assembling.one_time import with_time
from bakeoff.data.assembling.parts import column_in_parts, refuse_equal_parts, target_in_parts
from bakeoff.data.assembling.time_series import from_time_series, inputs_from_time_series
from bakeoff.data.columns.cell_labels import (
    hold_labels,
    new_cell_labels,
    read_cell_labels,
    say_several,
)
from bakeoff.data.columns.column import TEXT, Note, Reading, Schema, free_texts
from bakeoff.data.columns.infer import infer
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.columns.read_labels import matching, new_labels, read_labels
from bakeoff.data.columns.target import Target
from bakeoff.data.dataset import Dataset
from bakeoff.data.kinds import KINDS
from bakeoff.data.origin import Origin, Place, origin_of
from bakeoff.data.reading import cells
from bakeoff.data.reading.held_pictures import hold_pictures
from bakeoff.data.reading.lacks_names import are_ours
from bakeoff.data.reading.picture_cells import root_beside
from bakeoff.data.reading.table import Table, alike, read_table, stacked
from bakeoff.errors import RequestError, option

if TYPE_CHECKING:
    import polars as pl


def from_tables(
    given: Mapping[str, object], choices: Choices, *, images: object = None, image_size: str = ""
) -> Dataset:
    """Read one table, or one per part, into a dataset.

    Args:
        given: "train", "validation", "test" -> file, frame or dict of columns.
        choices: Of the user.
        images: The folder or .zip that paths of pictures start at; None: the folder of the table.
        image_size: Of these pictures.
    """
    tables, choices, blocks = joined(read_parts(given), choices, image_size)
    first = tables["train"]
    check_names(first, choices)
    choices, ordered = with_time(choices, first.frame)
    patterns = (str(choices.target), *choices.further)
    labels = [name for own in patterns for name in matching(first.frame.columns, own)]
    check_roles(first.frame.columns, choices)
    frames, notes = alike(tables)
    origin = origin_of(
        {part: len(table.frame) for part, table in tables.items()},
        {part: table.source for part, table in tables.items() if len(tables) > 1},
        {part: table.wide for part, table in tables.items()},
    )
    notes = [note for table in tables.values() for note in table.notes] + notes + ordered
    if choices.sequence is not None or choices.windows:
        refuse_labels(labels, choices)
        refuse_pictures(images, image_size)
        refuse_equal_tables(tables)
        if choices.windows:
            return from_time_series(stacked(frames), first, choices, origin, notes)
        return from_long_table(stacked(frames), first, choices, origin, notes)
    targets = [read_target_of(frames, first, choices, own, origin.place) for own in patterns]
    if labels:
        frames = [frame.drop(labels) for frame in frames]
        first = replace(first, frame=first.frame.drop(labels))
    column = image_column(tables, given, choices, images)
    if column is None or len(set(column.roots.values())) == 1:
        refuse_equal_tables(tables)
    rows = Rows(frames, origin, targets, {}, notes)
    if lists := sequence_columns(first.frame, choices):
        steps = steps_of_lists(frames, lists, choices, origin.place, first.source)
        first, choices = replace(first, frame=first.frame.drop(lists)), steps.choices
        rows = rows.keep(steps.kept, steps.readings, steps.notes).without(lists)
    if column is None:
        drawn = any(block.kind == "image" for block in blocks)
        refuse_pictures(images, "" if drawn else image_size)
    else:
        column = column._replace(alone=not is_beside(first, column.name, choices))
        unanswered = np.all([is_missing(own.values) for own in rows.targets], axis=0)
        shown = shown_pictures(rows.frames, column, rows.origin, unanswered, image_size)
        named = " and ".join(own.column.name for own in targets)
        told = [*shown.notes, *without_target(named, shown.unanswered)]
        rows = rows.keep(shown.kept, [shown.reading], told)._replace(origin=shown.origin)
    readings = {o.column.name: Reading(o.column, o.values, o.notes) for o in rows.targets}
    readings |= rows.readings
    names = list(dict.fromkeys([*first.frame.columns, *readings]))
    first = replace(first, frame=first.frame.clear())
    del tables, frames  # from here on each column of cells goes as soon as its values stand
    readings |= read_others(rows.frames, first, choices, set(readings), rows.origin.place)
    readings = with_columns(readings, blocks)
    return assemble(
        [readings[other] for other in names],
        rows.targets[0],
        choices.inputs,
        origin=rows.origin,
        source=first.source,
        notes=rows.notes,
        further=rows.targets[1:],
    )


class Rows(NamedTuple):
    """The rows of all parts that stay, while inputs are read of which some rows have none.

    Args:
        frames: Of each part.
        origin: Of each row.
        targets: As they were read.
        readings: Column -> what was read of it.
        notes: What was decided so far.
    """

    frames: Sequence[pl.DataFrame]
    origin: Origin
    targets: Sequence[Target]
    readings: Mapping[str, Reading]
    notes: Sequence[str]

    def keep(self, kept: Array, readings: Sequence[Reading], notes: Sequence[str]) -> Rows:
        """Return the rows at some positions, with inputs that were read of them."""
        return Rows(
            rows_of(self.frames, kept),
            self.origin[kept],
            [own._replace(values=own.values[kept]) for own in self.targets],
            {**self.readings, **{own.column.name: own for own in readings}},
            [*self.notes, *notes],
        )

    def without(self, names: Sequence[str]) -> Rows:
        """Return the same rows without columns that are read."""
        return self._replace(frames=[frame.drop(names) for frame in self.frames])


def read_target_of(
    frames: Sequence[pl.DataFrame],
    first: Table,
    choices: Choices,
    name: str,
    place: Place,
) -> Target:
    """Read a column to predict, or the columns of labels that are predicted together.

    Args:
        frames: Of all parts.
        first: The training data.
        choices: Of the user.
        name: Of the column, or the glob of those of labels.
        place: Writes a position for people.
    """
    labels = matching(first.frame.columns, name)
    positive = choices.positive if name == choices.target else None  # of the leading target
    if labels:
        return read_labels(frames, labels, name, positive=positive, place=place)
    kind = choices.kinds.get(name, "")
    if hold_labels(frames[0][name], kind):
        return read_cell_labels(frames, name, kind=kind, positive=positive)
    target = target_in_parts(
        [frame[name] for frame in frames],
        kind=kind,
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=positive,
        place=place,
    )
    if kind or target.task != "multiclass":
        return target
    told = [Note("class", text) for text in say_several(frames[0][name])]
    return target._replace(notes=(*target.notes, *told))


def joined(
    tables: dict[str, Table], choices: Choices, image_size: str
) -> tuple[dict[str, Table], Choices, list[Block]]:
    """Return tables of which the columns that are read as one are one, and choices that know it."""
    if choices.horizon:
        tables["train"], choices = longer(tables["train"], choices)
        tables |= {p: longer(own, choices)[0] for p, own in tables.items() if p != "train"}
    first = tables["train"]
    choices = with_several(choices, first.frame.columns)
    blocks, lists = found_blocks(first, choices, image_size)
    tables["train"] = replace(first, frame=first.frame.with_columns(lists.values()))
    tables = {part: with_blocks(own, blocks) for part, own in tables.items()}
    return tables, named_blocks(choices, blocks), blocks


def check_roles(names: Sequence[str], choices: Choices) -> None:
    """Refuse columns of steps, times and series that there are not."""
    if choices.sequence is not None:
        check_long_names(names, choices)
    if choices.windows:
        check_series_names(names, choices)


def found_blocks(
    table: Table, choices: Choices, image_size: str
) -> tuple[list[Block], dict[str, pl.Series]]:
    """Return the columns that are read as one; of long tables and time series each is a channel."""
    tabled = choices.sequence is None and not choices.windows and choices.target is not None
    if not tabled or not isinstance(choices.kinds, Mapping):
        return [], {}
    return blocks_of(table.frame, choices, image_size)


def refuse_labels(labels: Sequence[str], choices: Choices) -> None:
    """Refuse several columns of labels where a sequence or window has one target."""
    if labels:
        raise RequestError(
            f"{option('target', choices.target)} names {len(labels)} columns, and of sequences and "
            "time series one column is predicted. Name one of them."
        )


def is_beside(table: Table, name: str, choices: Choices) -> bool:
    """Tell whether a column that models can use goes in beside the pictures of another one."""
    answers = (choices.target, *choices.further)
    others = choices.inputs or [own for own in table.frame.columns if own not in answers]
    for other in others:
        if other == name:
            continue
        kind = choices.kinds.get(other, "").partition(":")[0]
        column = infer(table.frame[other]).column
        if KINDS[kind or column.kind].transform and (kind or column.kind != TEXT):
            return True
        if column.kind == TEXT and (choices.inputs or free_texts([column])):
            return True
    return False


def read_others(
    frames: Sequence[pl.DataFrame],
    first: Table,
    choices: Choices,
    done: Collection[str],
    place: Place,
) -> dict[str, Reading]:
    """Read the columns that are left, and take each out of the frames.

    Args:
        frames: Of all parts; they are left empty.
        first: The training data.
        choices: Of the user.
        done: Columns that were read before.
        place: Writes a position for people.
    """
    readings = {}
    for name in numbers_first(frames[0]):
        pieces = [frame.drop_in_place(name) for frame in frames]
        if name not in done:
            readings[name] = column_in_parts(
                pieces,
                kind=choices.kinds.get(name, ""),
                declared=name in first.declared,
                mark=first.mark,
                place=place,
            )
    return readings


def refuse_equal_tables(tables: Mapping[str, Table]) -> None:
    """Refuse parts that hold the same rows."""
    refuse_equal_parts(tables, lambda a, b: a.frame.equals(b.frame))


def read_parts(given: Mapping[str, object]) -> dict[str, Table]:
    """Read the table of each part; where that of training has no names, no other has."""
    first = read_table(given["train"])
    bare = are_ours(first.frame.columns)
    others = {p: read_table(own, bare=bare) for p, own in given.items() if p != "train"}
    return {"train": first, **others}


def numbers_first(frame: pl.DataFrame) -> list[str]:
    """Return the columns, those with a number in the first row before others.

    Numbers take half the room of their texts, words more than theirs: read in this order, the peak
    of memory lies before the words.
    """
    first = frame.head(1).row(0, named=True)
    return sorted(first, key=lambda name: cells.plain_number(str(first[name])) is None)


def rows_of(frames: Sequence[pl.DataFrame], kept: Array) -> list[pl.DataFrame]:
    """Return some rows of frames that stand behind each other, by their positions."""
    result, start = [], 0
    for frame in frames:
        here = kept[(kept >= start) & (kept < start + len(frame))] - start
        result.append(frame[here])
        start += len(frame)
    return result


def refuse_pictures(images: object, image_size: str) -> None:
    """Refuse options of pictures where there are none."""
    if images is not None:
        raise RequestError(
            f"{option('images', str(images))} goes with a column of paths of pictures, and these "
            "data have none that models see. Leave it out."
        )
    if image_size:
        raise RequestError(
            f"{option('image_size', image_size)} goes with picture files, and these data are none. "
            "Leave it out."
        )


def inputs_from_table(
    data: object, schema: Schema, images: object = None, *, last: bool = False
) -> Dataset:
    """Read a new table by the schema of a run.

    Args:
        data: The table.
        schema: Of the run.
        images: Where paths of pictures start.
        last: Of time series: whether only the window before what follows is wanted.
    """
    table = read_table(data, bare=are_ours(column.name for column in schema.columns))
    if schema.long is not None:
        return inputs_from_long_table(table, schema, schema.long)
    if schema.series is not None:
        table = longer_like(table, schema.series, schema.targets[0])
        return inputs_from_time_series(table, schema, schema.series, last=last)
    blocks = blocks_like(schema)
    check_needed(table, [name for name in schema.learned_from if name not in wide_names(blocks)])
    table = with_blocks(table, blocks)
    origin, frame = origin_of({"train": len(table.frame)}, {}), table.frame
    images_of = [name for name in schema.inputs if leads_to_pictures(schema, frame, name)]
    steps_of = [name for name in schema.inputs if schema.column(name).kind in SEQUENCES]
    readings, notes = [], list(table.notes)
    if images_of:
        column, alone = schema.column(images_of[0]), len(schema.inputs) == 1
        held = hold_pictures(frame[column.name])
        root = Path() if held else root_for(frame[column.name], data, images)
        reading, kept, files, told = new_pictures(table, column, root, origin, alone=alone)
        origin, frame = replace(origin[kept], pictures=files, in_table=True), frame[kept]
        readings.append(reading)
        notes += told
    readings += [new_steps(frame, schema.column(name), origin.place) for name in steps_of]
    others = [name for name in schema.inputs if name not in (*images_of, *steps_of)]
    readings += [read_like(frame[name], schema.column(name)) for name in others]
    readings += [
        read_like(frame[name], schema.column(name), target=True)
        for name in schema.targets
        if name in frame.columns and schema.tasks[name] != "multilabel"
    ]
    arrays = {reading.column.name: reading.values for reading in readings}
    return Dataset(
        schema=schema,
        arrays=arrays | new_labels(frame, schema) | new_cell_labels(frame, schema),
        origin=origin,
        source=table.source,
        notes=(*notes, *(note.text for reading in readings for note in reading.notes)),
    )


def wide_names(blocks: Sequence[Block]) -> list[str]:
    """Return the blocks that numbered columns are put together to."""
    return [block.name for block in blocks if block.wide is not None]


def leads_to_pictures(schema: Schema, frame: pl.DataFrame, name: str) -> bool:
    """Tell whether the cells of an input lead to pictures or hold their files, not pixels."""
    return schema.column(name).kind == "image" and not frame.schema[name].is_nested()


def root_for(paths: pl.Series, data: object, images: object) -> Path:
    """Return the folder or archive that the paths of new rows start at.

    Raises:
        RequestError: Nobody knows.
    """
    root = root_of(data, images)
    if root is None:
        raise RequestError(
            f"Say with {option('images')} where the paths of {paths.name!r} start, a folder or a "
            ".zip."
        )
    return root_beside(paths, root, Path(str(data)).name) if images is None else root
