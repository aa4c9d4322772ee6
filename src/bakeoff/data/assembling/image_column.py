"""Image column: a column of paths becomes the pictures that they lead to; cells may hold them, too.

A run reads one such column. Where other columns go in as well, rows without a picture stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.blocks import Pictures
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.column import Column, Reading
from bakeoff.data.columns.read_labels import matching
from bakeoff.data.forms import ShapeForm
from bakeoff.data.origin import Origin
from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.decode_new import decode_new
from bakeoff.data.reading.held_pictures import HELD, held_pictures, hold_pictures
from bakeoff.data.reading.picture_cache import cached_pictures
from bakeoff.data.reading.picture_cells import (
    WORDS,
    Lost,
    check_root,
    lead_somewhere,
    look_like_paths,
    picture_cells,
    picture_folders,
    root_beside,
)
from bakeoff.data.reading.picture_files import PictureFile
from bakeoff.data.reading.picture_notes import say_decoded, say_sizes
from bakeoff.data.reading.pictures import size_of
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl


class ImageColumn(NamedTuple):
    """A column of paths.

    Args:
        name: Of the column.
        roots: The folder or archive that they start at, of each part.
        alone: Whether nothing beside it goes in, so that rows without a picture are left out.
    """

    name: str
    roots: Mapping[str, Path]
    alone: bool = True


class Shown(NamedTuple):
    """The pictures of some rows.

    Args:
        kept: (n,) positions of the rows that stay: those that have one, or all.
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
    """Find the column of pictures that models are to see; None where there is none.

    Args:
        tables: Part -> its table.
        given: Part -> what it was read from.
        choices: Of the user: kinds may name the column, inputs decide what models see.
        images: The folder or .zip that paths start at; None: the folder of each table.

    Raises:
        RequestError: It was asked for, and there is none; or other columns were asked for as well.
    """
    roots = {part: root_of(value, images) for part, value in given.items()}
    known: Mapping[str, Path] = {part: root for part, root in roots.items() if root is not None}
    frame = tables["train"].frame
    answers = {choices.target, *choices.further, *matching(frame.columns, choices.target)}
    pixels = [own for own, dtype in frame.schema.items() if dtype.is_nested()]  # no paths of them
    names = [name for name in frame.columns if name not in (*answers, *pixels)]
    held = [name for name in names if hold_pictures(frame[name])]
    said = [name for name in names if choices.kinds.get(name) == "image" and name not in held]
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
        leads = [*likely, *(name for name in said if lead_somewhere(frame[name], known["train"]))]
        if not leads and not held and known:
            likely, known = in_folder_beside(tables, [*said, *open_to], known)
    elif not likely and not said:  # names of pictures without their endings
        likely = [name for name in open_to if lead_somewhere(frame[name], known["train"])]
    found = [name for name in names if name in {*said, *likely, *held}]
    if images is not None and not found:
        raise RequestError(
            f"{option('images', str(images))}: no column holds paths of pictures, such as a/1.jpg. "
            f"Name it with {option('kinds', {(names or frame.columns)[0]: 'image'})}, or leave "
            f"{option('images')} out."
        )
    return chosen(found, {part: known.get(part, Path()) for part in roots}, choices)


def in_folder_beside(
    tables: Mapping[str, Table], names: Sequence[str], parents: Mapping[str, Path]
) -> tuple[list[str], Mapping[str, Path]]:
    """Find the column whose cells are names of pictures in a folder beside each table: train/.

    Args:
        tables: Part -> its table.
        names: Columns that may be it.
        parents: Part -> the folder of its table.

    Returns:
        The column, or none; and part -> where its paths start.
    """
    if not any(True for parent in parents.values() for _ in picture_folders(parent)):
        return [], parents
    for name in names:
        roots = {
            part: root_beside(tables[part].frame[name], parents[part], tables[part].source)
            for part in parents
        }
        if all(roots[part] != parents[part] for part in parents):
            return [name], roots
    return [], parents


def root_of(value: object, images: object) -> Path | None:
    """Return the folder or archive that the paths of a table start at; None where nobody knows."""
    if images is not None:
        root = Path(str(images))
        check_root(root)
        return root
    return Path(value).parent if isinstance(value, (str, Path)) else None


def chosen(found: Sequence[str], roots: Mapping[str, Path], choices: Choices) -> ImageColumn | None:
    """Return the one column that models see.

    Raises:
        RequestError: Several are asked for.
    """
    asked = choices.inputs
    wanted = [name for name in found if asked is None or name in asked]
    if not wanted:
        return None
    if asked is not None and len(wanted) > 1:
        raise RequestError(
            f"{' and '.join(map(repr, wanted))} hold paths of pictures, and a run reads one such "
            f"column: say {option('inputs', [n for n in asked if n not in wanted[1:]])}."
        )
    return ImageColumn(wanted[0], roots)


def shown_pictures(
    frames: Sequence[pl.DataFrame],
    column: ImageColumn,
    origin: Origin,
    unanswered: Array,
    image_size: str,
) -> Shown:
    """Read the pictures of all rows that have a target; a row may have none, but not all.

    Args:
        frames: The rows, part by part, in the order of `column.roots`.
        column: The column of paths.
        origin: Of each row.
        unanswered: (N,) True where a row has no target: it needs no picture.
        image_size: "64" or "64x48"; "" is decided.

    Raises:
        DataError: No training row has a picture that can be used.
    """
    wanted, filled = size_of(image_size), ~unanswered
    found: list[PictureFile | str] = []
    for frame, root in zip(frames, column.roots.values(), strict=True):
        found += pictures_of(frame[column.name], root)
    asked = np.flatnonzero(filled & np.array([isinstance(one, PictureFile) for one in found]))
    files = [one for i in asked if isinstance(one := found[i], PictureFile)]
    x, met, where = cached_pictures(files, wanted)
    causes = {int(asked[one.position]): one.cause for one in met.broken}
    have = asked[met.kept(len(asked))]
    lost = [i for i in np.flatnonzero(filled).tolist() if not isinstance(found[i], PictureFile)]
    told = say_lost(column, frames, found, sorted([*lost, *causes]), causes, origin)
    first = have[0] if len(have) else len(frames[0])
    if first >= len(frames[0]):
        raise DataError(f"No training row has a picture. {' '.join(told)}")
    names = np.array([file.name for file in files], dtype=object)[met.kept(len(asked))]
    reading = array_column(x, None, name=column.name)
    kept = have if column.alone else np.flatnonzero(filled)
    block, paths = beside_all(reading.values, names, have, kept)
    root = next(iter(column.roots.values()))
    place = root.name or root.resolve().name
    reason = f"paths of pictures in {cut(place)}, such as {cut(str(names[0]))}"
    if files[0].raw:
        reason = HELD
    found_column = replace(reading.column, reason=reason, missing=len(kept) - len(have))
    return Shown(
        kept,
        reading._replace(column=found_column, values=block),
        replace(origin[kept], pictures=paths, in_table=True),
        (*told, *say_sizes(met, x.shape[1:3], wanted), *say_decoded(met), *where),
        int((~filled).sum()),
    )


def pictures_of(series: pl.Series, root: Path) -> list[PictureFile | Lost]:
    """Return the picture that each cell holds, or leads to, or why there is none."""
    import polars as pl

    if series.dtype == pl.Binary:
        return held_pictures(series)
    return picture_cells(as_texts(series).to_list(), root)


def beside_all(
    pixels: Array, names: Array, have: Array, kept: Array
) -> tuple[Array | Pictures, Array]:
    """Return pictures of all rows that stay, and their paths; none and "" where a row has none.

    Args:
        pixels: (m, Y, X, C)
        names: (m,) their paths.
        have: (m,) positions of their rows.
        kept: (n,) positions of the rows that stay.
    """
    if len(have) == len(kept):
        return pixels, names
    pixels = pixels if len(pixels) else np.zeros((1, *pixels.shape[1:]), pixels.dtype)
    places = np.full(len(kept), -1)
    paths = np.full(len(kept), "", dtype=object)
    at = np.searchsorted(kept, have)
    places[at], paths[at] = np.arange(len(have)), names
    return Pictures(pixels, places), paths


def say_lost(
    column: ImageColumn,
    frames: Sequence[pl.DataFrame],
    found: Sequence[PictureFile | str],
    lost: Sequence[int],
    causes: Mapping[int, str],
    origin: Origin,
) -> list[str]:
    """Count in one sentence the rows without a picture, by cause, and name the first."""
    import polars as pl

    if not lost:
        return []
    cells = [frame[column.name] for frame in frames]
    held = cells[0].dtype == pl.Binary
    root = next(iter(column.roots.values()))
    counts = Counter(str(found[i]) if i not in causes else "" for i in lost)
    parts = []
    for reason, number in counts.items():
        if not reason:
            parts.append(f"{number:,} a picture that cannot be read")
        elif reason == "empty":
            parts.append(f"{number:,} {'no picture' if held else WORDS['empty']}")
        else:
            parts.append(f"{number:,} {WORDS[reason]} {cut(str(root))}")  # type: ignore[index]
    first = lost[0]
    cell = None if held else [text for own in cells for text in as_texts(own).to_list()][first]
    what = f" {cut(repr(cell))}" if cell is not None else ""
    why = f", {causes[first]}" if first in causes else ""
    one = len(lost) == 1
    left = f"{'row is' if one else 'rows are'} left out"
    if not column.alone:
        left = f"{'row has' if one else 'rows have'} no picture, and {'its' if one else 'their'} "
        left += "other inputs count"
    return [
        f"{len(lost):,} {left}: {cut(column.name)} holds {', '.join(parts)} (first: "
        f"{origin.place(first)}{what}{why})."
    ]


def new_pictures(
    table: Table, column: Column, root: Path, origin: Origin, *, alone: bool
) -> tuple[Reading, Array, Array, list[str]]:
    """Read the pictures of a new table as those of the training data were.

    Args:
        table: The new rows.
        column: Of the training data.
        root: Where the paths start.
        origin: Of the new rows.
        alone: Whether rows without a picture are left out.

    Returns:
        The column; (n,) positions of the rows that stay; their paths; and notes.

    Raises:
        DataError: No row has one, and models see nothing else.
    """
    sizes = column.form.sizes if isinstance(column.form, ShapeForm) else ()
    height, width, channels = (size or 1 for size in sizes)
    found = pictures_of(table.frame[column.name], root)
    asked = np.array([i for i, one in enumerate(found) if isinstance(one, PictureFile)], np.int64)
    files = [one for one in found if isinstance(one, PictureFile)]
    x, met, notes = decode_new(files, (height, width, channels))
    causes = {int(asked[one.position]): one.cause for one in met.broken}
    lost = [i for i, one in enumerate(found) if not isinstance(one, PictureFile)]
    place = ImageColumn(column.name, {"train": root}, alone)
    told = say_lost(place, [table.frame], found, sorted([*lost, *causes]), causes, origin)
    if not len(x) and alone:
        learned = f"The run learned from {cut(column.reason, 160)}"
        raise DataError(
            f"No row has a picture. {' '.join(told)} {learned}: say with {option('images')} "
            "where these paths start, a folder or a .zip."
        )
    x = x if len(x) else np.zeros((0, height, width, channels), np.uint8)
    whole = met.kept(len(asked))
    names = np.array([file.name for file in files], dtype=object)[whole]
    reading, kept = array_like(x, None, column), asked[whole] if alone else np.arange(len(found))
    block, paths = beside_all(reading.values, names, asked[whole], kept)
    return reading._replace(values=block), kept, paths, [*told, *say_decoded(met), *notes]
