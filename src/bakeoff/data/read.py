"""Read whatever the user gave into a dataset: files, frames, arrays, pictures, names of sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.channels import (
    channel_column,
    channel_of,
    check_channels,
    say_no_channels,
    sequence_column,
)
from bakeoff.data.columns.column import Column, Reading, Schema, choose_inputs, left_out
from bakeoff.data.columns.doubts import doubts
from bakeoff.data.columns.gathered import (
    Gathered,
    check_labels,
    fixed_columns,
    gather,
    say_changed,
    say_fixed,
    say_labels,
)
from bakeoff.data.columns.moments import moments_like, read_moments
from bakeoff.data.columns.read_column import read_column, read_like
from bakeoff.data.columns.target import (
    Target,
    check_numbers,
    check_singles,
    folder_classes,
    read_target,
)
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import Channel, DateForm, LongForm, NumberForm, ShapeForm
from bakeoff.data.kinds import check_kinds
from bakeoff.data.origin import Origin, Place, origin_of
from bakeoff.data.reading import bundled, named
from bakeoff.data.reading.arrays import Arrays, are_arrays, read_arrays, stack_arrays
from bakeoff.data.reading.cells import plain_number
from bakeoff.data.reading.frames import one_column
from bakeoff.data.reading.join_pair import as_array, free_name, join_pair
from bakeoff.data.reading.picture_files import Found
from bakeoff.data.reading.pictures import (
    Pictures,
    are_pictures,
    read_new_pictures,
    read_pictures,
)
from bakeoff.data.reading.table import Table, alike, read_table, stacked
from bakeoff.errors import DataError, RequestError, option, unknown

if TYPE_CHECKING:
    import polars as pl

RESERVED = ("row", "truth", "prediction", "model", "framework", "seed", "file", "part")
Given = TypeVar("Given", Table, Arrays)
PICTURES = {"file": ("identifier", "ignored"), "image": ("image",), "class": ("category", "binary")}
"""Column of a folder of pictures -> the kinds that it can be called; the first is its own."""


def read(
    data: object,
    *,
    target: str | None = None,
    inputs: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    test: object = None,
    validation: object = None,
    positive: str | None = None,
    sequence: str | None = None,
    time: str | None = None,
    image_size: str = "",
) -> Dataset:
    """Read data for training: a file, a data frame, arrays, pictures, or the name of a set.

    Args:
        data: Path of a CSV, TSV, Parquet, JSON lines or .npz file (compressed, too); of a folder or
            .zip with a folder of pictures for each class; a pandas or polars frame; a dict of
            columns; arrays as (x, y) or {"x": ..., "y": ...}; or the name of a bundled set (digits,
            iris, wine, ..., sum_sign, noise_table) or of mnist, fashion_mnist, cifar10 below
            BAKEOFF_DATA.
        target: The column to predict; may be left out for arrays, pictures and named sets.
        inputs: The columns that models may see; all others by default.
        kinds: Column -> kind, for columns that would be read otherwise.
        test: Separate test data; `data` is then the training data.
        validation: Separate validation data.
        positive: The positive class of a binary target.
        sequence: Of a long table, which has one row a step: the column of ids. The rows of one id
            become one row of the dataset.
        time: The column that orders the steps; the order of the file by default.
        image_size: Of picture files, "64" or "64x48" (height × width); "" is decided.

    Raises:
        DataError: The data cannot be used; the message says where and how to go on.
        RequestError: A column, kind or class does not exist.

    Example:
        >>> read("iris")
        <Dataset 150 rows, 4 inputs, target species (3 classes)>
    """
    if validation is not None and test is None:
        raise RequestError(
            f"Separate validation data need separate test data as well: give {option('test')}."
        )
    choices = Choices.of(target, inputs, kinds, positive)
    choices = choices._replace(sequence=as_name(sequence), time=as_name(time))
    check_long(data, choices)
    named_parts = {"train": data, "validation": validation, "test": test}
    found = {part: named.located(value) for part, value in named_parts.items() if value is not None}
    given = {part: value for part, (value, _) in found.items()}
    dataset = read_parts(given, choices, image_size)
    moved = tuple(said for _, said in found.values() if said)
    return replace(dataset, notes=(*moved, *dataset.notes)) if moved else dataset


def read_parts(given: dict[str, object], choices: Choices, image_size: str) -> Dataset:
    """Read what was given for each part, as what it is."""
    data = given["train"]
    if named.is_named(data):
        return from_named(str(data), given, choices, image_size)
    if not is_bundled(data) and are_pictures(data):
        return from_pictures(read_pictures(given, image_size), choices)
    if image_size:
        raise RequestError(
            f"{option('image_size', image_size)} goes with picture files, and these data are none. "
            "Leave it out."
        )
    if is_bundled(data):
        return from_bundled(str(data), given, choices)
    return from_arrays(given, choices) if are_arrays(data) else from_tables(given, choices)


def from_bundled(name: str, given: dict[str, object], choices: Choices) -> Dataset:
    """Read a set that scikit-learn ships or makes."""
    values, x_name, y_name = bundled.load(name)
    choices = choices._replace(target=choices.target or y_name)
    given = {**given, "train": values}
    if not x_name:
        return replace(from_tables(given, choices), source=name)
    return replace(from_arrays(given, choices, x_name, y_name), source=name)


def from_named(
    name: str, given: Mapping[str, object], choices: Choices, image_size: str
) -> Dataset:
    """Read a set that stands below BAKEOFF_DATA; it brings its own parts."""
    if len(given) > 1:
        raise RequestError(f"{name} brings its own test rows: leave {option('test')} out.")
    if not named.is_idx(name):
        return replace(from_pictures(named.load_pictures(name, image_size), choices), source=name)
    if image_size:
        raise RequestError(
            f"{option('image_size', image_size)} goes with picture files; {name} is arrays of "
            "28 × 28. Leave it out."
        )
    arrays = {"train": named.load_idx(name)}
    return replace(from_arrays(arrays, choices, "image", "class"), source=name)


def from_pictures(pictures: Pictures, choices: Choices) -> Dataset:
    """Put pictures into a dataset of their files, their pixels, and the class to predict."""
    check_picture_choices(choices)
    origin = pictures.origin
    parts = origin.parts
    if parts is not None:
        refuse_equal_parts(by_part(pictures), same_arrays)
    size = len(pictures.x) if parts is None else int((parts == "train").sum())
    target = folder_classes(pictures.labels, size, name="class", positive=choices.positive)
    files = Column(
        name="file",
        kind="identifier",
        reason="the name of each picture",
        distinct=len(set(pictures.files)),
    )
    return assemble(
        [
            Reading(files, pictures.files),
            array_column(pictures.x, None, name="image"),
            Reading(target.column, target.values),
        ],
        target,
        choices.inputs,
        origin=origin,
        source=pictures.source,
        notes=pictures.notes,
    )


def by_part(pictures: Pictures) -> dict[str, Arrays]:
    """Return the pictures of each part apart."""
    origin = pictures.origin
    result = {}
    for part, name in origin.files.items():
        here = origin.parts == part
        result[part] = Arrays(
            x=pictures.x[here],
            y=pictures.labels[here],
            lengths=None,
            origin=origin[here],
            source=name,
        )
    return result


def check_picture_choices(choices: Choices) -> None:
    """Refuse choices about columns that pictures do not have."""
    names = list(PICTURES)
    if choices.target not in (None, "class"):
        raise RequestError(
            f"{unknown('class', choices.target, ['class'], where=option('target'))} Of "
            f"pictures the folder that each stands in is predicted: leave {option('target')} out."
        )
    check_kinds(choices.kinds, names)
    for name, kind in choices.kinds.items():
        if kind not in PICTURES[name]:
            raise RequestError(
                f"{option('kinds', {name: kind})}: {name} of picture files is of the kind "
                f"{PICTURES[name][0]}. Leave it out."
            )
    for name in choices.inputs or ():
        if name not in ("file", "image"):
            raise RequestError(unknown("column", name, ["image"], where=option("inputs")))


def is_bundled(data: object) -> bool:
    """Tell whether this is the name of a bundled set, and not of a file."""
    return isinstance(data, str) and data in bundled.NAMES and not Path(data).is_file()


def as_name(name: object) -> str | None:
    """Return the name of a column; whole numbers name those of frames without names."""
    return name if name is None else str(name)


class Choices(NamedTuple):
    """What the user chose about the columns."""

    target: str | None
    inputs: Sequence[str] | None
    kinds: Mapping[str, str]
    positive: str | None
    sequence: str | None = None
    time: str | None = None

    @classmethod
    def of(
        cls,
        target: object,
        inputs: Sequence[object] | None,
        kinds: Mapping[str, str] | None,
        positive: str | None,
    ) -> Choices:
        """Take it as it was given; whole numbers name columns of frames without names."""
        if isinstance(kinds, Mapping):
            kinds = {str(name): kind for name, kind in kinds.items()}
        return cls(
            as_name(target),
            inputs if inputs is None else [str(name) for name in inputs],
            {} if kinds is None else kinds,
            positive,
        )


def from_tables(given: Mapping[str, object], choices: Choices) -> Dataset:
    """Read one table, or one per part, into a dataset."""
    tables = {part: read_table(value) for part, value in given.items()}
    first, kinds = tables["train"], choices.kinds
    check_names(first, choices)
    if choices.sequence is not None:
        check_long_names(first.frame.columns, choices)
    refuse_equal_parts(tables, lambda a, b: a.frame.equals(b.frame))
    frames, notes = alike(tables)
    origin = origin_of(
        {part: len(table.frame) for part, table in tables.items()},
        {part: table.source for part, table in tables.items() if len(tables) > 1},
    )
    if choices.sequence is not None:
        told = [note for table in tables.values() for note in table.notes] + notes
        return from_long_table(stacked(frames), first, choices, origin, told)
    name = str(choices.target)
    target = target_in_parts(
        [frame[name] for frame in frames],
        kind=kinds.get(name, ""),
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive,
        place=origin.place,
    )
    names = first.frame.columns
    readings = {
        name: column_in_parts(
            [frame[name] for frame in frames],
            kind=kinds.get(name, ""),
            declared=name in first.declared,
            mark=first.mark,
            place=origin.place,
        )
        for name in names
        if name != choices.target
    }
    readings[target.column.name] = Reading(target.column, target.values, target.notes)
    return assemble(
        [readings[name] for name in names],
        target,
        choices.inputs,
        origin=origin,
        source=first.source,
        notes=[note for table in tables.values() for note in table.notes] + notes,
    )


def column_in_parts(
    pieces: Sequence[pl.Series], *, kind: str, declared: bool, mark: str, place: Place
) -> Reading:
    """Read a column of the training rows, the first piece, and then those of all others like it."""
    first = read_column(pieces[0], kind=kind, declared=declared, mark=mark, place=place)
    readings = [first, *others_like(pieces, first.column, place)]
    missing = sum(reading.column.missing for reading in readings)
    return Reading(
        replace(first.column, missing=missing),
        np.concatenate([reading.values for reading in readings]),
        tuple(note for reading in readings for note in reading.notes),
    )


def others_like(
    pieces: Sequence[pl.Series], column: Column, place: Place, *, target: bool = False
) -> list[Reading]:
    """Read all pieces of a column but the first as that was read; `place` counts from the first."""
    readings, start = [], len(pieces[0])
    for piece in pieces[1:]:
        readings.append(read_like(piece, column, place=behind(place, start), target=target))
        start += len(piece)
    return readings


def halves(series: pl.Series, size: int) -> list[pl.Series]:
    """Cut a column behind the training rows; one piece where there are no others."""
    return [series[:size], series[size:]] if size < len(series) else [series]


def behind(place: Place, start: int) -> Place:
    """Write positions that are counted from `start`."""
    return lambda position: place(start + position)


def target_in_parts(
    pieces: Sequence[pl.Series],
    *,
    kind: str,
    declared: bool = False,
    typed: bool = True,
    mark: str = ".",
    positive: str | None,
    place: Place,
) -> Target:
    """Decide what the target is from the training rows, the first piece, and read all like them.

    A class that only other rows have stays a class of its own; a number that is none is refused.
    """
    target = read_target(
        pieces[0],
        kind=kind,
        declared=declared,
        typed=typed,
        mark=mark,
        positive=positive,
        place=place,
    )
    others = others_like(pieces, target.column, place, target=True)
    start = len(pieces[0])
    for piece, reading in zip(pieces[1:], others, strict=True):
        if target.task == "regression":
            check_numbers(piece, reading, behind(place, start))
        start += len(piece)
    return target._replace(
        values=np.concatenate([target.values, *(reading.values for reading in others)]),
        notes=target.notes + tuple(note for reading in others for note in reading.notes),
    )


def read_inputs(data: object, schema: Schema) -> Dataset:
    """Read new data by the schema of a run, with or without its target.

    Args:
        data: What `read` takes, or an array alone.
        schema: Of the data that the run was trained on.

    Raises:
        DataError: A column that goes in is missing, or an array has another shape.
    """
    data, moved = named.located(data)
    dataset = inputs_of(as_data(data, schema), schema)
    return replace(dataset, notes=(moved, *dataset.notes)) if moved else dataset


def inputs_of(data: object, schema: Schema) -> Dataset:
    """Read a file, a frame, arrays or pictures by the schema of a run."""
    if isinstance(data, Found) or are_pictures(data):
        return inputs_from_pictures(data, schema)
    if are_arrays(data):
        return inputs_from_arrays(data, schema)
    table = read_table(data)
    names = table.frame.columns
    if schema.long is not None:
        return inputs_from_long_table(table, schema, schema.long)
    check_needed(table, schema.inputs)
    readings = [read_like(table.frame[name], schema.column(name)) for name in schema.inputs]
    readings += [
        read_like(table.frame[name], schema.column(name), target=True)
        for name in schema.targets
        if name in names
    ]
    return Dataset(
        schema=schema,
        arrays={reading.column.name: reading.values for reading in readings},
        origin=origin_of({"train": len(table.frame)}, {}),
        source=table.source,
        notes=(*table.notes, *(note.text for reading in readings for note in reading.notes)),
    )


def check_needed(table: Table, needed: Sequence[str]) -> None:
    """Refuse new data without a column that the run was trained on."""
    names = table.frame.columns
    missing = [name for name in needed if name not in names]
    if missing:
        raise DataError(
            f"{table.source} lacks {len(missing)} of the columns that the run was trained on. "
            f"{unknown('column', missing[0], names)} Needed: {', '.join(needed)}."
        )


def as_data(data: object, schema: Schema) -> object:
    """Turn what `run` takes besides files and frames into one of these.

    A bundled name, (X, y), a tensor, a list of rows, and one row as a dict of single values.
    """
    if named.is_named(data):
        name = str(data)
        return named.load_idx(name) if named.is_idx(name) else named.find_new(name)
    if is_bundled(data):
        return bundled.load(str(data))[0]
    blocks = isinstance(schema.column(schema.inputs[0]).form, ShapeForm)
    if isinstance(data, tuple) and len(data) == 2 and not blocks:
        return join_pair(data[0], data[1], schema.targets[0])[0]
    if hasattr(data, "detach"):  # a torch tensor
        return as_array(data)
    if isinstance(data, Mapping) and data and all(np.ndim(v) == 0 for v in data.values()):
        return {name: [value] for name, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, (str, tuple)) and data:
        if all(isinstance(row, Mapping) for row in data):
            return {name: [row.get(name) for row in data] for row in data[:1] for name in row}
        return as_array(data)
    return data


def inputs_from_pictures(data: object, schema: Schema) -> Dataset:
    """Read picture files by the schema of a run: brought to its size and its channels."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    sizes = column.form.sizes if isinstance(column.form, ShapeForm) else ()
    if column.kind != "image" or len(sizes) != 3 or len(schema.inputs) > 1:
        raise DataError(
            "These are pictures; the run was trained on a table or arrays with the columns "
            f"{', '.join(schema.inputs[:10])}. Give data with these."
        )
    height, width, channels = (size or 1 for size in sizes)
    if channels not in (1, 3):
        raise DataError(
            f"The run was trained on pictures of {channels} channels; picture files give 1 or 3. "
            "Give arrays (N, Y, X, C)."
        )
    pictures = read_new_pictures(data, (height, width, channels))
    reading = array_like(pictures.x, None, column)
    values = {name: reading.values}
    if any(label is not None for label in pictures.labels):
        values[target] = pictures.labels
    return Dataset(
        schema=schema,
        arrays=values,
        origin=pictures.origin,
        source=pictures.source,
        notes=(*pictures.notes, *(note.text for note in reading.notes)),
    )


def inputs_from_arrays(data: object, schema: Schema) -> Dataset:
    """Read new arrays by the schema of a run."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    if len(schema.inputs) > 1 or not isinstance(column.form, ShapeForm):
        raise DataError(
            f"The run was trained on a table with the columns {', '.join(schema.inputs[:10])}. "
            "Give a table with these."
        )
    arrays = read_arrays(data, needs_y=False)
    reading = array_like(arrays.x, arrays.lengths, column)
    values = {name: reading.values}
    if arrays.lengths is not None:
        values[f"{name}.lengths"] = arrays.lengths.astype(np.int64)
    if arrays.y is not None:
        series = one_column(target, arrays.y)
        values[target] = read_like(series, schema.column(target), target=True).values
    return Dataset(
        schema=schema,
        arrays=values,
        origin=arrays.origin,
        source=arrays.source,
        notes=tuple(note.text for note in reading.notes),
    )


def from_arrays(
    given: Mapping[str, object], choices: Choices, x_name: str = "x", y_name: str = "y"
) -> Dataset:
    """Read arrays into a dataset of one input column and a target."""
    found = {part: read_arrays(value) for part, value in given.items()}
    refuse_equal_parts(found, same_arrays)
    arrays = stack_arrays(found)
    names, place = [x_name, y_name], arrays.origin.place
    check_kinds(choices.kinds, names)
    if choices.target not in (None, y_name):
        raise RequestError(unknown("column", choices.target, names))
    parts = arrays.origin.parts
    size = len(arrays.x) if parts is None else int((parts == "train").sum())
    y = one_column(y_name, arrays.y)
    target = target_in_parts(
        halves(y, size),
        kind=choices.kinds.get(y_name, ""),
        positive=choices.positive,
        place=place,
    )
    kind = choices.kinds.get(x_name, "")
    reading = array_column(arrays.x, arrays.lengths, name=x_name, kind=kind, place=place)
    return assemble(
        [reading, Reading(target.column, target.values, target.notes)],
        target,
        choices.inputs,
        origin=arrays.origin,
        source=arrays.source,
        lengths={} if arrays.lengths is None else {x_name: arrays.lengths},
    )


def from_long_table(
    frame: pl.DataFrame, first: Table, choices: Choices, origin: Origin, notes: Sequence[str]
) -> Dataset:
    """Read a long table into a dataset of one row per sequence.

    Args:
        frame: The rows of all parts, those of the training data first.
        first: The training data.
        choices: Of the user.
        origin: Of each row.
        notes: What was decided so far.
    """
    name, sequence = str(choices.target), str(choices.sequence)
    times, time_form = times_in_parts(frame, first, choices, origin.place)
    rows = gather(frame, times, origin, sequence=sequence, typed=first.typed)
    check_labels(rows, name)
    target = target_in_parts(
        halves(rows.one_each(name), rows.train),
        kind=choices.kinds.get(name, ""),
        declared=name in first.declared,
        typed=first.typed,
        mark=first.mark,
        positive=choices.positive,
        place=rows.whole.place,
    )
    others = [other for other in frame.columns if other not in (sequence, choices.time, name)]
    fixed = fixed_columns(rows, others, choices.inputs)
    readings = read_columns(rows, others, fixed, first, choices)
    channels = channels_of(readings, fixed, rows, choices)
    long = LongForm(sequence, choices.time or "", time_form, tuple(channels))
    used = [readings[channel.name] for channel in channels]
    block, lengths = sequence_column(rows, free_name("steps", frame.columns), long, used)
    varying = [readings[other].column for other in others if other not in fixed]
    return assemble(
        [
            *(readings[other] for other in fixed),
            block,
            Reading(target.column, target.values, target.notes),
        ],
        target,
        [block.column.name],
        origin=rows.whole,
        source=first.source,
        notes=[
            *notes,
            *rows.table.notes,
            *say_labels(rows, name),
            *say_fixed([readings[other].column for other in fixed], sequence),
            *say_no_channels(varying, long.names, choices.inputs),
            *doubts(used),
        ],
        lengths=lengths,
        told=fixed,
    )


def times_in_parts(
    frame: pl.DataFrame, first: Table, choices: Choices, place: Place
) -> tuple[pl.Series | None, NumberForm | DateForm | None]:
    """Read the times of a long table, those of further parts like the training data's."""
    import polars as pl

    if choices.time is None:
        return None, None
    series, size = frame[choices.time], len(first.frame)
    kind = choices.kinds.get(choices.time, "")
    times, form = read_moments(series[:size], kind=kind, mark=first.mark, place=place)
    if size < len(series):
        rest = moments_like(series[size:], form)
        same = rest.dtype == times.dtype
        pieces = [times, rest] if same else [times.cast(pl.Float64), rest.cast(pl.Float64)]
        times = pl.concat(pieces)
    return times, form


def read_columns(
    rows: Gathered, names: Sequence[str], fixed: Sequence[str], first: Table, choices: Choices
) -> dict[str, Reading]:
    """Read the columns of a long table: fixed ones once a sequence, others in every row."""
    readings = {}
    for name in names:
        once = name in fixed
        readings[name] = column_in_parts(
            halves(rows.one_each(name), rows.train)
            if once
            else halves(rows.frame[name], rows.train_steps),
            kind=choices.kinds.get(name, ""),
            declared=name in first.declared,
            mark=first.mark,
            place=rows.whole.place if once else rows.steps.place,
        )
    return readings


def channels_of(
    readings: Mapping[str, Reading], fixed: Sequence[str], rows: Gathered, choices: Choices
) -> list[Channel]:
    """Return what models see of the columns of a long table."""
    asked = [name for name in readings if choices.inputs is None or name in choices.inputs]
    found = [channel_of(readings[n], rows.train_steps) for n in asked if n not in fixed]
    channels = [channel for channel in found if channel is not None]
    check_channels(channels, [*readings.values()], fixed, str(choices.sequence))
    return channels


def inputs_from_long_table(table: Table, schema: Schema, long: LongForm) -> Dataset:
    """Read a new long table by the schema of a run: a row for each sequence, as they come."""
    times = [long.time] if long.time else []
    check_needed(table, [long.sequence, *times, *long.names])
    target, name = schema.targets[0], schema.inputs[0]
    rows = gather(
        table.frame,
        moments_like(table.frame[long.time], long.time_form) if long.time_form else None,
        origin_of({"train": len(table.frame)}, {}),
        sequence=long.sequence,
        typed=table.typed,
        by_id=False,
    )
    form = schema.column(name).form
    steps = form.sizes[0] if isinstance(form, ShapeForm) else None
    readings = [
        read_like(rows.frame[c.name], channel_column(c), place=rows.steps.place)
        for c in long.channels
    ]
    block, _ = sequence_column(rows, name, long, readings, steps=steps or 0)
    arrays = {name: block.values}
    if not steps:
        arrays[f"{name}.lengths"] = rows.table.lengths
    notes = [*table.notes, *rows.table.notes, *(note.text for note in block.notes)]
    if target in table.frame.columns:
        reading = read_like(rows.one_each(target), schema.column(target), target=True)
        arrays[target] = reading.values
        notes += say_changed(rows, target)
        notes += [note.text for note in reading.notes]
    return Dataset(
        schema=schema, arrays=arrays, origin=rows.whole, source=table.source, notes=tuple(notes)
    )


def refuse_equal_parts(parts: Mapping[str, Given], same: Callable[[Given, Given], bool]) -> None:
    """Refuse data that are given twice: under one name or two, or as one object.

    Args:
        parts: "train", "validation", "test" -> what was read.
        same: Tells whether two of them hold the same rows.
    """
    for one, other in combinations(parts, 2):
        if same(parts[one], parts[other]):
            first, second = parts[one].source, parts[other].source
            named = first if first == second else f"{first} and {second}"
            raise DataError(
                f"The {one} data and the {other} data hold the same rows ({named}), so a score on "
                f"them says nothing of new data. Give other {other} data, or leave "
                f"{option(other)} out to split the rows."
            )


def same_arrays(one: Arrays, other: Arrays) -> bool:
    """Tell whether two pairs of arrays hold the same rows."""
    pairs = [(one.x, other.x), (np.asarray(one.y), np.asarray(other.y))]
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def assemble(
    readings: Sequence[Reading],
    target: Target,
    inputs: Sequence[str] | None,
    *,
    origin: Origin,
    source: str,
    notes: Sequence[str] = (),
    lengths: Mapping[str, Array] | None = None,
    told: Sequence[str] = (),
) -> Dataset:
    """Put columns and target together; leave out the rows without a target.

    `told` are columns that are left out for a reason that the notes have told already.
    """
    name = target.column.name
    columns = tuple(reading.column for reading in readings)
    others = [column for column in columns if column.name not in told]
    chosen = choose_inputs(columns, name, inputs)
    arrays = {reading.column.name: reading.values for reading in readings}
    for column, steps in (lengths or {}).items():
        arrays[f"{column}.lengths"] = steps.astype(np.int64)
    filled = ~is_missing(target.values)
    dataset = Dataset(
        schema=schema_of(columns, target, chosen),
        arrays=arrays,
        origin=origin,
        source=source,
        notes=(
            *notes,
            *(note.text for reading in readings for note in reading.notes),
            *doubts(readings),
            *left_out(others, name, chosen),
            *without_target(name, int((~filled).sum())),
        ),
    )
    dataset = dataset if filled.all() else dataset[filled]
    if target.task != "regression" and dataset.parts is None:
        check_singles(dataset.arrays[name], name, dataset.origin)
    return dataset


def schema_of(columns: tuple[Column, ...], target: Target, inputs: tuple[str, ...]) -> Schema:
    """Return the schema of a data set with one target."""
    name = target.column.name
    return Schema(
        columns=columns,
        inputs=inputs,
        targets=(name,),
        tasks={name: target.task},
        positive={name: target.positive} if target.positive else {},
    )


def without_target(name: str, count: int) -> list[str]:
    """Say how many rows are left out because they have no target."""
    rows_are = "row is" if count == 1 else "rows are"
    return [f"{count:,} {rows_are} left out: no value of {name}."] if count else []


def check_long(data: object, choices: Choices) -> None:
    """Refuse a time without sequences, and sequences of what is no long table."""
    if choices.time is not None and choices.sequence is None:
        raise RequestError(
            f"{option('time', choices.time)} orders the steps of sequences: name the column of "
            f"their ids as well, with {option('sequence')}."
        )
    if choices.sequence is not None and (is_bundled(data) or are_arrays(data)):
        what = repr(data) if isinstance(data, str) else "these arrays"
        raise RequestError(
            f"{option('sequence', choices.sequence)} names a column of a long table, and {what} "
            "is none. Leave it out."
        )


def check_long_names(names: Sequence[str], choices: Choices) -> None:
    """Refuse columns of ids and times that there are not, or that are something else as well."""
    roles = {"sequence": choices.sequence, "time": choices.time, "target": choices.target}
    given = {role: name for role, name in roles.items() if name is not None}
    for role, name in given.items():
        if name not in names:
            raise RequestError(unknown("column", name, names, where=option(role)))
        if name in (choices.inputs or ()):
            raise RequestError(f"{option(role, name)} cannot be an input as well.")
    for one, other in combinations(given, 2):
        if given[one] == given[other]:
            raise RequestError(f"{option(one, given[one])} and {option(other)} name one column.")
    name = str(choices.sequence)
    if name in RESERVED or name.startswith("p:"):
        raise DataError(
            f"The ids stand in a column called {name!r}, as does something else in the files of "
            "predictions. Give the column another name."
        )


def check_names(table: Table, choices: Choices) -> None:
    """Refuse a target, inputs or kinds that name no column."""
    names, target = table.frame.columns, choices.target
    if len(names) == 1:
        raise DataError(
            f"{table.source} has one column only, {names[0]!r}, so there is nothing to predict "
            "from. Is it separated by something else than , ; tab or | ?"
        )
    if target is None:
        raise RequestError(
            f"Say which column to predict with {option('target')}: one of {', '.join(names[:20])}."
        )
    if target not in names:
        numeric = all(plain_number(name) is not None for name in names)
        hint = " The first line looks like data: is a line of column names missing?"
        said = unknown("column", target, names)
        raise RequestError(f"{said}{hint if numeric else ''}")
    check_kinds(choices.kinds, names)
    for name in choices.inputs or ():
        if name not in names:
            raise RequestError(unknown("column", name, names, where=option("inputs")))
        if name == target:
            raise RequestError(f"{name!r} is the target, so it cannot be an input as well.")
