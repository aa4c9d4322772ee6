"""Step files: one file for each sequence, a table of its steps, in a folder or a .zip.

    root/<class>/*.csv                             split by bakeoff
    root/train/<class>/…, root/test/<class>/…      parts, as of pictures
    root/*.csv, root/train/*.csv                   the target is a column of the files; or new data

Files are taken in the order of their names. The walk through folders and archives, what of it is
never opened, and the parts are those of pictures (picture_files.py, placed.py).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.origin import Origin
from bakeoff.data.reading import cells
from bakeoff.data.reading.arrays import as_array, one_array
from bakeoff.data.reading.picture_files import (
    NO_ARCHIVES,
    Found,
    Opened,
    PictureFile,
    find_pictures,
    is_archive,
    list_archive,
)
from bakeoff.data.reading.picture_notes import first_of, passed_over, pictures, say_broken
from bakeoff.data.reading.pictures import are_pictures, existing
from bakeoff.data.reading.placed import (
    Placed,
    check_classes,
    check_left,
    origin_for,
    place,
    place_all,
    say_classes,
)
from bakeoff.data.reading.table import Table, from_bytes, stacked
from bakeoff.data.reading.unpack import BROKEN, cause, check_unpacked, unpacked, unreadable
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl

ENDINGS = (".csv", ".tsv", ".tab", ".parquet", ".jsonl", ".ndjson", ".npy")
PACKED = (".gz", ".bz2", ".xz", ".zst")
NOUN = "sequence"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StepFiles:
    """The steps of all files, one file behind the other.

    Args:
        table: A row for each step.
        member: (S,) the file of each row, from 0.
        labels: (N,) the folder of each file, None where it stands in none.
        steps: The part, file and row of each step.
        whole: The part, number and name of each file.
        notes: What was decided and counted.
    """

    table: Table
    member: Array
    labels: Array
    steps: Origin
    whole: Origin
    notes: tuple[str, ...]


def find_steps(path: Path) -> Found:
    """List the files of steps in a folder or an archive."""
    return as_steps(find_pictures(path))


def as_steps(found: Found) -> Found:
    """Return what was found with its tables as the files, and its pictures among the others."""
    files = sorted((f for f in found.strange if is_steps(f.name)), key=lambda file: file.name)
    others = [file.name for file in found.strange if not is_steps(file.name)]
    return replace(
        found,
        noun=NOUN,
        files=files,
        tables=[],
        others=[*others, *(file.name for file in found.files)],
    )


def is_steps(name: str) -> bool:
    """Tell by its ending whether a file is a table of steps, perhaps packed."""
    name = name.lower()
    packed = next((ending for ending in PACKED if name.endswith(ending)), "")
    return name.removesuffix(packed).endswith(ENDINGS)


def hold_steps(found: Found) -> bool:
    """Tell whether a folder or an archive holds several tables of steps, and more than pictures."""
    steps = sum(is_steps(file.name) for file in found.strange)
    return steps > max(1, len(found.files))


def are_step_archive(data: object) -> bool:
    """Tell whether `data` is a .zip of several tables; one table in a .zip is a table."""
    if not isinstance(data, (str, Path)):
        return False
    path = Path(data)
    try:
        if path.suffix.lower() in NO_ARCHIVES or not path.is_file() or not is_archive(path):
            return False
        return hold_steps(list_archive(path, checked=False))
    except (DataError, *BROKEN):
        return False  # whoever reads it as a table says what is wrong


def found_in_parts(given: Mapping[str, object]) -> dict[str, Found]:
    """List the folders and archives of all parts, be they of pictures or of steps.

    Args:
        given: "train", "validation", "test" -> folder or archive.

    Raises:
        DataError: One is something else, or cannot be read.
    """
    found: dict[str, Found] = {}
    for part, value in given.items():
        steps = are_step_archive(value)
        if found and hold_steps(found["train"]) and not steps and not are_pictures(value):
            raise DataError(
                f"{option(part, str(value)[:200])} is no folder and no .zip of files, but the "
                "training data are. Give one file for each sequence."
            )
        found[part] = find_pictures(Path(str(value)) if steps else existing(value, part))
    return found


def first_columns(found: Found) -> list[str]:
    """Return the columns of the first file; none where it cannot be read."""
    read = read_each(found.files[:1], found.source)
    return [name for table in read.tables.values() for name in table.frame.columns]


def read_step_files(found: Mapping[str, Found], *, labelled: bool) -> StepFiles:
    """Read the files of all parts for training.

    Args:
        found: "train", "validation", "test" -> the files; the first alone may bring all parts.
        labelled: Whether their folders are classes.

    Raises:
        DataError: They stand in no class folders, none can be read, or no two have equal columns.
    """
    first = found["train"]
    check_some(found)
    placed, notes, files = place_all(found, labelled=labelled)
    if labelled:
        check_classes(placed, first)
        placed = [item for item in placed if item.label is not None]
    read = read_each([item.file for item in placed], first.source)
    learned = {item.file for item in placed if item.part == "train"}
    wanted = usual_columns({file: t for file, t in read.tables.items() if file in learned})
    kept, frames = alike(placed, read, wanted)
    if labelled:
        train = {file.name: why for file, why in read.broken.items() if file in learned}
        check_left(placed, kept, train, NOUN)
    told = [*say_broken(read.causes(), len(placed), NOUN), *read.say_notes(first.source)]
    classes = say_classes(kept, first) if labelled else ()
    return together(kept, files, frames, read, first.source, [*notes, *told, *classes])


def read_new_step_files(found: Found, needed: Sequence[str]) -> StepFiles:
    """Read files to be predicted, in folders or flat, all in the order of their names.

    Args:
        found: What stands there.
        needed: The columns that go in.

    Raises:
        DataError: None can be read and has these.
    """
    check_some({"train": found})
    placed = place(found, new=True)[0]
    read = read_each([item.file for item in placed], found.source)
    held = {name for table in read.tables.values() for name in table.frame.columns}
    kept, frames = alike(placed, read, needed, more=held)
    notes = [*passed_over(found), *say_broken(read.causes(), len(placed), NOUN)]
    return together(kept, {}, frames, read, found.source, [*notes, *read.say_notes(found.source)])


def check_some(found: Mapping[str, Found]) -> None:
    """Refuse a part without a file."""
    for one in found.values():
        if not one.files:
            raise DataError(
                f"{one.given or one.source!r} holds no table of steps. Give a folder or .zip with "
                f"one file for each sequence ({', '.join(ENDINGS)})."
            )


@dataclass(frozen=True, slots=True)
class Read:
    """The tables of files that could be read; and why others could not.

    Files are told apart by all that they are: two parts may have one of the same name.

    Args:
        tables: File -> its table.
        broken: File -> why it was not read.
        notes: What was decided -> for how many files.
    """

    tables: dict[PictureFile, Table] = field(default_factory=dict)
    broken: dict[PictureFile, str] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)

    def causes(self) -> dict[str, str]:
        """Return the name of each file that was not read, with its path where two have one."""
        names = Counter(file.name for file in self.broken)
        return {
            file.name if names[file.name] == 1 else f"{file.name} ({file.path})": why
            for file, why in self.broken.items()
        }

    def say_notes(self, source: str) -> Iterator[str]:
        """Say what was decided on the way, once for all files."""
        for note, number in self.notes.items():
            files = "1 file" if number == 1 else f"{number:,} files"
            yield f"Of {files} of {source}: {note}"


def read_each(files: Sequence[PictureFile], source: str) -> Read:
    """Read one table after the other; what cannot be read is kept with its cause."""
    read, total = Read(), 0
    size = sum(file.size for file in files)
    with Opened() as opened:
        for file in files:
            try:
                raw, name = unpacked(opened.read(file), Path(file.name).name)
                total += len(raw)
                table = one_table(raw, name)
            except (DataError, *BROKEN) as error:
                read.broken[file] = cause(error)
                continue
            finally:
                check_unpacked(total, size, source)
            read.tables[file] = table
            read.notes.update(table.notes)
    return read


def one_table(raw: bytes, name: str) -> Table:
    """Read one file: a table, or an array of steps (T, C) whose columns are called c1, c2, …"""
    if not name.lower().endswith(".npy"):
        return from_bytes(raw, name, "it")
    import polars as pl

    try:
        array = as_array(one_array(io.BytesIO(raw), "it"), "it")
    except DataError:
        raise
    except Exception as error:  # a header is read as Python: anything at all may come of it
        raise unreadable("it", error) from error
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not array.size:
        raise DataError(f"it holds an array {array.shape} of {array.dtype}, not steps of numbers")
    names = [f"c{i}" for i in range(1, array.shape[1] + 1)]
    columns = [pl.Series(name, array[:, i]) for i, name in enumerate(names)]
    return Table(frame=pl.DataFrame(columns), source="it")


def usual_columns(tables: Mapping[PictureFile, Table]) -> list[str]:
    """Return the columns that most files have, in the order of the first.

    Args:
        tables: File of the training data -> its table.

    Raises:
        DataError: Several files have columns of their own each.
    """
    sets = Counter(frozenset(table.frame.columns) for table in tables.values())
    if not sets:
        return []
    usual, number = sets.most_common(1)[0]
    if number == 1 and len(tables) > 1:
        one, other = list(tables)[:2]
        held = [", ".join(map(cut, tables[file].frame.columns[:4])) for file in (one, other)]
        raise DataError(
            f"No two files have the same columns: {cut(one.name)} has {held[0]}, {cut(other.name)} "
            f"has {held[1]}. Give files with equal names of columns; is a line of names missing?"
        )
    return next(t.frame.columns for t in tables.values() if frozenset(t.frame.columns) == usual)


def alike(
    placed: Sequence[Placed], read: Read, wanted: Sequence[str], *, more: set[str] | None = None
) -> tuple[list[Placed], list[pl.DataFrame]]:
    """Return the files that have the wanted columns, and these; what others lack is their cause.

    Args:
        placed: All files.
        read: Their tables; the causes are added to.
        wanted: Columns that a file must have.
        more: Columns that are taken as well where all files have them.

    Raises:
        DataError: No file is left.
    """
    kept, frames = [], []
    for item in placed:
        table = read.tables.get(item.file)
        if table is None:
            continue
        lacking = [name for name in wanted if name not in table.frame.columns]
        if lacking:
            column = "the column" if len(lacking) == 1 else "the columns"
            names = ", ".join(map(cut, lacking[:3]))
            read.broken[item.file] = f"it lacks {column} {names}"
            continue
        kept.append(item)
        frames.append(table.frame)
    if not kept:
        which = first_of(read.causes())
        raise DataError(f"Of {pictures(len(placed), NOUN)} none can be read: {which}.")
    extra = sorted(name for name in more or () if all(name in f.columns for f in frames))
    columns = list(dict.fromkeys([*wanted, *extra]))
    return kept, [frame[columns] for frame in frames]


def together(
    kept: Sequence[Placed],
    files: Mapping[str, str],
    frames: Sequence[pl.DataFrame],
    read: Read,
    source: str,
    notes: Sequence[str],
) -> StepFiles:
    """Put the steps of all files behind each other.

    Args:
        kept: The files.
        files: Part -> what its folder is called; nothing where there are no parts.
        frames: The steps of each file.
        read: Says how the files are written.
        source: What to call all of them.
        notes: So far.
    """
    import polars as pl

    heights = np.array([len(frame) for frame in frames])
    member = np.repeat(np.arange(len(kept)), heights)
    whole = origin_for(kept, files)
    tables = [read.tables[item.file] for item in kept]
    frame = stacked(frames)
    texts = [table for table in tables if not table.typed]
    written = [column for column in frame.get_columns() if column.dtype == pl.String]
    mark = cells.decimal_mark(written, otherwise=texts[0].mark) if texts else "."
    steps = Origin(
        rows=np.concatenate([np.arange(1, height + 1) for height in heights]),
        parts=None if whole.parts is None else whole.parts[member],
        files=whole.files,
        ids=np.asarray(whole.pictures)[member],
        id_column="file",
    )
    return StepFiles(
        table=Table(frame=frame, source=source, mark=mark, typed=not texts),
        member=member,
        labels=np.array([item.label for item in kept], dtype=object),
        steps=steps,
        whole=whole,
        notes=tuple(notes),
    )
