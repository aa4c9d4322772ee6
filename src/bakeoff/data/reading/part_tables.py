"""Part tables: a folder with one table for each part, or one in several files.

titanic/train.csv, titanic/test.csv                       as competitions hand them out
data/train-00000-of-00002.parquet, data/test-…            as Hugging Face keeps data sets
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bakeoff.cut import cut
from bakeoff.data.reading.picture_files import (
    Found,
    PictureFile,
    begins_with_picture,
    find_pictures,
    is_archive,
)
from bakeoff.data.reading.placed import PARTS, part_of
from bakeoff.data.reading.step_files import is_steps
from bakeoff.data.reading.table import Table, read_table, stacked
from bakeoff.data.reading.unpack import BROKEN
from bakeoff.data.reading.unwrapped import unwrapped
from bakeoff.errors import DataError
from bakeoff.listed import listed

NUMBER = r"[-_.]\d+(-of-\d+)?$"  # behind a name: train-00000-of-00002, train_1
WORD = rf"(^|[_-])({'|'.join(PARTS)})$"
IN_ORDER = ("train", "validation", "test")
CLASS = "class"  # what the folders of pictures tell
MOST_TABLES = 20  # of a folder of pictures that are looked into
FEW = 3  # further tables, such as a sample of what is to be handed in


def part_tables(data: object, targets: Sequence[str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the table of each part of a folder, or nothing where it is no such folder.

    Args:
        data: What the user gave.
        targets: What is predicted; a part without it is there to be predicted, and is left out.

    Returns:
        Part -> its file, or its table; and what is said.

    Raises:
        DataError: It is an archive of such tables.
    """
    found = listed_in(data)
    tables = [] if found is None else [f for f in found.strange if is_steps(f.name)]
    by_part, others = in_parts(tables)
    if found is None or not by_part.get("train") or len(others) > FEW:
        return {}, ()
    if len(by_part) == 1 and len(by_part["train"]) == 1:
        return {}, ()
    if tables[0].member:
        raise DataError(f"{found.source} holds a table of each part: unpack it, give the folder.")
    given: dict[str, object] = {}
    notes = []
    for part in IN_ORDER:
        paths = [file.path for file in by_part.get(part, [])]
        if not paths:
            continue
        names = listed([cut(path.name) for path in paths], most=3)
        table = in_one(paths, names)
        if part != "train" and without(table := read_table(table), targets):
            notes.append(f"{names} has no values of {targets[0]}: it is left out for prediction.")
            continue
        given[part] = table
        notes.append(f"{names} of {found.source} {are(paths)} the {part} data.")
    if others:
        named = listed([cut(file.name) for file in others])
        notes.append(f"{named} of {found.source} {are(others)} left out.")
    notes += judged_on_validation(given)
    return given, tuple(notes)


def judged_on_validation(given: dict[str, Any]) -> list[str]:
    """Make the validation data the test data where there are no others, and say so."""
    if set(given) != {"train", "validation"}:
        return []
    given["test"] = given.pop("validation")
    return ["There are no test data with answers: models are judged on the validation data."]


def tables_by_part(data: object, targets: Sequence[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the tables of a dict of them, {"train": frame, "test": frame}; nothing of all else.

    What is called otherwise, as the rows without labels of some data sets, is left out, and so is a
    part without a target.
    """
    if not isinstance(data, Mapping) or "train" not in data:
        return {}, ()
    if not all(hasattr(table, "columns") or hasattr(table, "to_polars") for table in data.values()):
        return {}, ()
    given: dict[str, Any] = {}
    left = []
    for name, value in data.items():
        part = PARTS.get(name, "")
        table = unwrapped(value) if part and part not in given else None
        if table is None or (part != "train" and without(read_table(table), targets)):
            left.append(cut(str(name)))
        else:
            given[part] = table
    notes = [f"{listed(left)} {are(left)} left out: no further part with answers."] if left else []
    notes += judged_on_validation(given)
    return given, tuple(notes)


def table_of_pictures(
    data: object, targets: Sequence[str]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the table in a folder of pictures that holds what is predicted of each.

    train.csv beside train/, labels.csv, or metadata.csv in the folder of each part, as Hugging Face
    has it; what is to be handed in (sample_submission.csv) is none.

    Args:
        data: What the user gave.
        targets: What is predicted.

    Returns:
        Part -> its table, nothing where none is found; and what is said.
    """
    if not targets or targets[0] == CLASS or not isinstance(data, (str, Path)):
        return {}, ()
    if not Path(data).is_dir() or not begins_with_picture(Path(data)):
        return {}, ()
    found = find_pictures(Path(data))
    tables = [f for f in found.strange if is_steps(f.name) and not f.name.endswith(".npy")]
    tables = sorted((f for f in tables if "submission" not in f.name.lower()), key=lambda f: f.name)
    own = [file for file in tables[:MOST_TABLES] if targets[0] in columns_of(file.path)]
    parts = {part_of(file.path.parent.name) or part_of(stem_of(file.name)): file for file in own}
    if len(own) > 1 and (len(parts) < len(own) or "train" not in parts or "" in parts):
        return {}, ()
    given = {part if len(own) > 1 else "train": file.path for part, file in parts.items()}
    names = listed([cut(file.name) for file in own])
    said = f"{names} of {found.source} {'tells' if len(own) == 1 else 'tell'} of each picture."
    return {part: given[part] for part in IN_ORDER if part in given}, (said,) if given else ()


def columns_of(path: Path) -> list[str]:
    """Return the columns of a table; none where it cannot be read."""
    try:
        return read_table(path).frame.columns
    except DataError:
        return []


def stem_of(name: str) -> str:
    """Return the name of a file without folders, endings and numbers: data/train-0.csv as train."""
    return re.sub(NUMBER, "", Path(name).name.split(".")[0].lower())


def listed_in(data: object) -> Found | None:
    """Return what stands in a folder or an archive without pictures; None of all else."""
    if not isinstance(data, (str, Path)):
        return None
    path = Path(data)
    try:
        packed = path.suffix == ".zip" and path.is_file() and is_archive(path)
        if (not packed and not path.is_dir()) or begins_with_picture(path):
            return None
        found = find_pictures(path)
    except (DataError, *BROKEN):
        return None  # whoever reads it otherwise says what is wrong
    return None if found.files else found


def are(things: Sequence[object]) -> str:
    """Say "is" of one, "are" of several."""
    return "is" if len(things) == 1 else "are"


def in_parts(
    tables: Sequence[PictureFile],
) -> tuple[dict[str, list[PictureFile]], list[PictureFile]]:
    """Return the tables of each part, in the order of their names, and those of none.

    All must be called alike but for the part: two recordings a_train and b_test are no parts.
    """
    by_part: dict[str, list[PictureFile]] = {}
    others, called = [], set()
    for file in sorted(tables, key=lambda one: one.name):
        stem = stem_of(file.name)
        part = part_of(stem)
        if not part:
            others.append(file)
            continue
        called.add(re.sub(WORD, "", stem))
        by_part.setdefault(part, []).append(file)
    return (by_part, others) if len(called) == 1 else ({}, [])


def in_one(paths: Sequence[Path], names: str) -> Path | Table:
    """Return one file as it is, several as one table.

    Args:
        paths: Of one part.
        names: What to call them together.

    Raises:
        DataError: They have other columns than the first.
    """
    if len(paths) == 1:
        return paths[0]
    tables = [read_table(path) for path in paths]
    first = tables[0].frame.columns
    for path, table in zip(paths, tables, strict=True):
        if table.frame.columns != first:
            raise DataError(
                f"{path.name} has other columns than {paths[0].name}: "
                f"{listed(sorted(set(first).symmetric_difference(table.frame.columns)), most=5)}."
            )
    return replace(
        tables[0],
        frame=stacked([table.frame for table in tables]),
        source=names,
        mark=next((table.mark for table in tables if table.mark != "?"), tables[0].mark),
        notes=tuple(dict.fromkeys(note for table in tables for note in table.notes)),
        declared=tuple(dict.fromkeys(name for table in tables for name in table.declared)),
    )


def without(table: Table, targets: Sequence[str]) -> bool:
    """Tell whether a table has no value of any target, where these are plain names."""
    if not targets or any(sign in name for name in targets for sign in "*?["):
        return False
    there = [table.frame[name] for name in targets if name in table.frame.columns]
    return all(column.null_count() == len(column) for column in there)
