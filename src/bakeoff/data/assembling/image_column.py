"""Image column: a column of paths becomes the pictures that they lead to.

A run reads one such column, and nothing beside it: several inputs come later. The other columns are
read, so that rows can be split by them, but no model sees them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, is_missing
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.column import Column, Reading
from bakeoff.data.columns.read_labels import matching
from bakeoff.data.forms import ShapeForm
from bakeoff.data.origin import Origin
from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.decode_new import decode_new
from bakeoff.data.reading.picture_cache import cached_pictures
from bakeoff.data.reading.picture_cells import (
    WORDS,
    check_root,
    lead_somewhere,
    look_like_paths,
    picture_cells,
)
from bakeoff.data.reading.picture_files import PictureFile
from bakeoff.data.reading.picture_notes import say_decoded, say_sizes
from bakeoff.data.reading.pictures import size_of
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl


class ImageColumn(NamedTuple):
    """A column of paths: its name, and the folder or archive that they start at, of each part."""

    name: str
    roots: Mapping[str, Path]
    notes: tuple[str, ...] = ()


class Shown(NamedTuple):
    """The pictures of some rows.

    Args:
        kept: (n,) positions of the rows that have one.
        reading: The column, and its pixels (n, Y, X, C).
        origin: Of these rows, and the path of each.
        notes: What was counted and decided.
        unanswered: Rows that were passed over since they have no target.
    """

    kept: Array
    reading: Reading
    origin: Origin
    notes: tuple[str, ...]
    unanswered: int


def image_column(
    tables: Mapping[str, Table], given: Mapping[str, object], choices: Choices, images: object
) -> ImageColumn | None:
    """Find the column of paths that models are to see; None where there is none.

    Args:
        tables: Part -> its table.
        given: Part -> what it was read from.
        choices: Of the user: kinds may name the column, inputs decide what models see.
        images: The folder or .zip that paths start at; None: the folder of each table.

    Raises:
        RequestError: It was asked for, and there is none; or other columns were asked for as well.
    """
    roots = {part: root_of(value, images) for part, value in given.items()}
    known = {part: root for part, root in roots.items() if root is not None}
    frame = tables["train"].frame
    answers = {choices.target, *matching(frame.columns, choices.target)}
    names = [name for name in frame.columns if name not in answers]
    said = [name for name in names if choices.kinds.get(name) == "image"]
    if said and len(known) < len(roots):
        raise RequestError(
            f"{option('kinds', {said[0]: 'image'})}: say with {option('images')} where its paths "
            "start, a folder or a .zip."
        )
    open_to = (
        [name for name in names if name not in choices.kinds] if len(known) == len(roots) else []
    )
    likely = [name for name in open_to if look_like_paths(frame[name])]
    if images is None:
        likely = [name for name in likely if lead_somewhere(frame[name], known["train"])]
    elif not likely and not said:  # names of pictures without their endings
        likely = [name for name in open_to if lead_somewhere(frame[name], known["train"])]
    found = [name for name in names if name in {*said, *likely}]
    if images is not None and not found:
        raise RequestError(
            f"{option('images', str(images))}: no column holds paths of pictures, such as a/1.jpg. "
            f"Name it with {option('kinds', {names[0]: 'image'})}, or leave {option('images')} out."
        )
    return chosen(found, names, known, choices)


def root_of(value: object, images: object) -> Path | None:
    """Return the folder or archive that the paths of a table start at; None where nobody knows."""
    if images is not None:
        root = Path(str(images))
        check_root(root)
        return root
    return Path(value).parent if isinstance(value, (str, Path)) else None


def chosen(
    found: Sequence[str], names: Sequence[str], roots: Mapping[str, Path], choices: Choices
) -> ImageColumn | None:
    """Return the one column that models see, and say what they do not."""
    asked = choices.inputs
    wanted = [name for name in found if asked is None or name in asked]
    if not wanted:
        return None
    name = wanted[0]
    if asked is not None and len(asked) > 1:
        others = next(other for other in asked if other != name)
        raise RequestError(
            f"{name!r} holds pictures, and a run learns from pictures or from columns, not yet "
            f"from both: say {option('inputs', [name])}, or leave {name!r} out of them "
            f"({others!r} alone)."
        )
    rest = [other for other in names if other != name]
    notes = []
    if asked is None and rest:
        shown = ", ".join(map(cut, rest[:4])) + (", …" if len(rest) > 4 else "")
        columns = f"{len(rest):,} other column{'' if len(rest) == 1 else 's'} ({shown})"
        notes = [
            f"Models see the pictures of {cut(name)} alone; {columns} left out: several inputs "
            f"come later. The option inputs chooses columns instead."
        ]
    return ImageColumn(name, roots, tuple(notes))


def shown_pictures(
    frames: Sequence[pl.DataFrame],
    column: ImageColumn,
    origin: Origin,
    target: Array,
    image_size: str,
) -> Shown:
    """Read the pictures of all rows that have a target.

    Args:
        frames: The rows, part by part, in the order of `column.roots`.
        column: The column of paths.
        origin: Of each row.
        target: (N,) what is to be predicted, or (N, K) labels; rows that have none need no picture.
        image_size: "64" or "64x48"; "" is decided.

    Raises:
        DataError: No training row has a picture that can be used.
    """
    wanted, filled = size_of(image_size), ~is_missing(target)
    found: list[PictureFile | str] = []
    for frame, root in zip(frames, column.roots.values(), strict=True):
        found += picture_cells(as_texts(frame[column.name]).to_list(), root)
    asked = np.flatnonzero(filled & np.array([isinstance(one, PictureFile) for one in found]))
    files = [one for i in asked if isinstance(one := found[i], PictureFile)]
    x, met, where = cached_pictures(files, wanted)
    causes = {int(asked[one.position]): one.cause for one in met.broken}
    kept = asked[met.kept(len(asked))]
    lost = [i for i in np.flatnonzero(filled).tolist() if not isinstance(found[i], PictureFile)]
    told = say_lost(column, frames, found, sorted([*lost, *causes]), causes, origin)
    first = kept[0] if len(kept) else len(frames[0])
    if first >= len(frames[0]):
        raise DataError(f"No training row has a picture. {' '.join(told)}")
    paths = np.array([file.name for file in files], dtype=object)[met.kept(len(asked))]
    reading = array_column(x, None, name=column.name)
    root = next(iter(column.roots.values()))
    place = root.name or root.resolve().name
    reason = f"paths of pictures in {cut(place)}, such as {cut(str(paths[0]))}"
    return Shown(
        kept,
        reading._replace(column=replace(reading.column, reason=reason)),
        replace(origin[kept], pictures=paths, in_table=True),
        (*column.notes, *told, *say_sizes(met, x.shape[1:3], wanted), *say_decoded(met), *where),
        int((~filled).sum()),
    )


def say_lost(
    column: ImageColumn,
    frames: Sequence[pl.DataFrame],
    found: Sequence[PictureFile | str],
    lost: Sequence[int],
    causes: Mapping[int, str],
    origin: Origin,
) -> list[str]:
    """Count in one sentence the rows without a picture, by cause, and name the first."""
    if not lost:
        return []
    root = next(iter(column.roots.values()))
    counts = Counter(str(found[i]) if i not in causes else "" for i in lost)
    parts = []
    for reason, number in counts.items():
        if not reason:
            parts.append(f"{number:,} a picture that cannot be read")
        elif reason == "empty":
            parts.append(f"{number:,} {WORDS['empty']}")
        else:
            parts.append(f"{number:,} {WORDS[reason]} {cut(str(root))}")  # type: ignore[index]
    first = lost[0]
    cells = [cell for frame in frames for cell in as_texts(frame[column.name]).to_list()]
    what = f" {cut(repr(cells[first]))}" if cells[first] is not None else ""
    why = f", {causes[first]}" if first in causes else ""
    are = "row is" if len(lost) == 1 else "rows are"
    return [
        f"{len(lost):,} {are} left out: {cut(column.name)} holds {', '.join(parts)} (first: "
        f"{origin.place(first)}{what}{why})."
    ]


def new_pictures(
    table: Table, column: Column, root: Path, origin: Origin
) -> tuple[Reading, Array, Array, list[str]]:
    """Read the pictures of a new table as those of the training data were.

    Returns:
        The column; (n,) positions of the rows that have a picture; their paths; and notes.

    Raises:
        DataError: No row has one.
    """
    sizes = column.form.sizes if isinstance(column.form, ShapeForm) else ()
    height, width, channels = (size or 1 for size in sizes)
    found = picture_cells(as_texts(table.frame[column.name]).to_list(), root)
    asked = np.array([i for i, one in enumerate(found) if isinstance(one, PictureFile)], np.int64)
    files = [one for one in found if isinstance(one, PictureFile)]
    x, met, notes = decode_new(files, (height, width, channels))
    causes = {int(asked[one.position]): one.cause for one in met.broken}
    lost = [i for i, one in enumerate(found) if not isinstance(one, PictureFile)]
    place = ImageColumn(column.name, {"train": root})
    told = say_lost(place, [table.frame], found, sorted([*lost, *causes]), causes, origin)
    if not len(x):
        learned = f"The run learned from {cut(column.reason, 160)}"
        raise DataError(
            f"No row has a picture. {' '.join(told)} {learned}: say with {option('images')} "
            "where these paths start, a folder or a .zip."
        )
    kept = met.kept(len(asked))
    paths = np.array([file.name for file in files], dtype=object)[kept]
    return array_like(x, None, column), asked[kept], paths, [*told, *say_decoded(met), *notes]
