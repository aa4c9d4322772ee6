"""Step files: a folder of one file for each sequence is a long table whose ids are the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bakeoff.data.assembling.choices import (
    Choices,
    check_long_names,
    check_names,
    with_several,
)
from bakeoff.data.assembling.join_pair import free_name
from bakeoff.data.assembling.long_tables import Files, from_long_table, inputs_from_long_table
from bakeoff.data.columns.column import Schema
from bakeoff.data.dataset import Dataset
from bakeoff.data.reading.picture_files import Found, find_pictures
from bakeoff.data.reading.pictures import are_pictures
from bakeoff.data.reading.step_files import (
    StepFiles,
    are_step_archive,
    as_steps,
    find_steps,
    first_columns,
    hold_steps,
    read_new_step_files,
    read_step_files,
)
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

FILE, CLASS = "file", "class"


def from_step_files(found: Mapping[str, Found], choices: Choices) -> Dataset:
    """Read folders or archives of one file a sequence into a dataset of one row a file.

    Args:
        found: "train", "validation", "test" -> what stands there.
        choices: Of the user: a target is a column that is the same in all rows of a file; left
            out, or "class", it is the folder that a file stands in.

    Raises:
        DataError, RequestError: The files cannot be used so.
    """
    refuse_ids(choices)
    steps = {part: as_steps(one) for part, one in found.items()}
    first = steps["train"]
    there = first_columns(first)
    choices = with_several(choices, there)
    wanted = [choices.target or free_name(CLASS, there), *choices.further]
    labelled = choices.target is None or (CLASS in wanted and CLASS not in there)
    if labelled and not any("/" in file.name for file in first.files):
        raise RequestError(
            f"{first.source} holds files in no class folder: say with "
            f"{option('target')} which of their columns to predict, or put the files of each class "
            "into a folder. If each file is a table of its own, give one of them."
        )
    read = read_step_files(steps, labelled=labelled)
    columns = read.table.frame.columns
    name, folder = free_name(FILE, columns), free_name(CLASS, columns) if labelled else ""
    table = with_files(read, name, folder)
    choices = choices._replace(sequence=name, target=wanted[0])
    check_names(table, choices)
    check_long_names(table.frame.columns, choices._replace(sequence=None))
    files = Files(read.whole, folder, read.labels)
    return from_long_table(table.frame, table, choices, read.steps, read.notes, files)


def refuse_ids(choices: Choices) -> None:
    """Refuse ids of sequences and windows: a file is a sequence."""
    if choices.sequence is not None:
        raise RequestError(
            f"{option('sequence', choices.sequence)} names the ids of a long table, and in a "
            "folder each file is one sequence. Leave it out."
        )
    if choices.windows:
        what = option("horizon" if choices.horizon else "lookback")
        raise RequestError(f"{what} goes with a table of time series, and a folder is none.")


def with_files(read: StepFiles, name: str, folder: str) -> Table:
    """Return the steps with the file of each, from 0, and the folder that it stands in.

    Args:
        read: The steps.
        name: What to call the column of the files.
        folder: What to call their folders; "" where these are not predicted.
    """
    import polars as pl

    frame = read.table.frame.with_columns(pl.Series(name, read.member))
    known = any(label is not None for label in read.labels)
    if folder and folder not in frame.columns and known:
        labels = read.labels[read.member].tolist()
        frame = frame.with_columns(pl.Series(folder, labels, dtype=pl.String))
    return replace(read.table, frame=frame)


def is_of_files(data: object, schema: Schema) -> bool:
    """Tell whether new data are one file for each sequence: a .zip of tables, or a folder."""
    if not isinstance(data, (str, Path)) or schema.column(schema.inputs[0]).kind == "image":
        return False
    if are_step_archive(data):
        return True
    if not (are_pictures(data) and Path(data).is_dir()):
        return False
    return schema.long is not None or hold_steps(find_pictures(Path(data)))


def inputs_from_step_files(data: object, schema: Schema) -> Dataset:
    """Read new files by the schema of a run on sequences, in the order of their names.

    Raises:
        DataError: The run was trained on something else.
    """
    long = schema.long
    if long is None:
        raise DataError(
            "This is a folder of files, one for each sequence, and the run was trained on other "
            f"data (inputs {', '.join(schema.inputs[:10])}). Give such."
        )
    found = find_steps(Path(str(data)))
    times = [long.time] if long.time else []
    read = read_new_step_files(found, [*times, *long.names])
    folder = next((own for own in schema.targets if own.rstrip("_") == CLASS), "")
    table = with_files(read, long.sequence, folder)
    dataset = inputs_from_long_table(table, schema, long, origin=read.steps, whole=read.whole)
    return replace(dataset, notes=(*read.notes, *dataset.notes))
