"""Picture cells: paths in a column of a table, and the picture that each leads to.

Paths start at a folder or a .zip. They come from a stranger: nothing outside of it is opened, be it
by `..`, by an absolute path or through a link.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.picture_files import (
    ENDINGS,
    PictureFile,
    find_pictures,
    is_archive,
    is_picture,
    written,
)
from bakeoff.data.reading.placed import part_of
from bakeoff.errors import RequestError, option

if TYPE_CHECKING:
    import polars as pl

LIKELY = 0.5  # of the filled cells must end as pictures do; the rest may be bad paths
PICTURE = rf"(?i)(?:{'|'.join(map(re.escape, ENDINGS))})\s*$"  # a cell that ends as they do
LEAST_PIECE = 1_000  # cells looked at at once
PIECES = 20  # of a column, looked at until it is clear that too few cells do
MOST_FOLDERS = 20  # beside a table that are looked into
MOST_ENTRIES = 1_000  # of a folder that are looked at to find them
FEW = 10  # files of such a folder that are looked at
TRIED = 50  # paths that are looked for where nobody said that they lead to pictures

Lost = Literal["empty", "outside", "not there", "no file"]
WORDS: Mapping[Lost, str] = {
    "empty": "no path",
    "outside": "a path that leads outside of",
    "not there": "a path to nothing in",
    "no file": "a path to a folder or device in",
}


def picture_cells(cells: Sequence[str | None], root: Path) -> list[PictureFile | Lost]:
    """Find the picture that each path leads to, or say why there is none.

    Args:
        cells: Paths, as they stand in the table.
        root: The folder or archive that they start at.
    """
    if root.is_dir():
        inside = root.resolve()
        return [in_folder(cell, root, inside) for cell in cells]
    files = {file.name: file for file in find_pictures(root).files}
    return [in_archive(cell, files) for cell in cells]


def check_root(root: Path) -> None:
    """Refuse what pictures cannot stand in.

    Raises:
        RequestError: It is no folder and no .zip.
    """
    try:
        usable = root.is_dir() or (root.is_file() and is_archive(root))
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        usable = False
    if not usable:
        raise RequestError(
            f"{option('images', str(root)[:200])} is no folder and no .zip. Name the one that the "
            "paths of the table start at."
        )


def look_like_paths(series: pl.Series) -> bool:
    """Tell whether most cells of a column end as the names of pictures do."""
    import polars as pl

    if series.dtype != pl.String:
        return False
    left = len(series) - series.null_count()  # filled cells that nobody has looked at
    needed = LIKELY * left
    size = max(LEAST_PIECE, len(series) // PIECES)
    for start in range(0, len(series), size):
        piece = series[start : start + size]
        needed -= int(piece.str.contains(PICTURE).sum())
        left -= len(piece) - piece.null_count()
        if left < needed:
            return False
    return bool(needed < LIKELY * (len(series) - series.null_count()))


def lead_somewhere(series: pl.Series, root: Path) -> bool:
    """Tell whether any of the first paths leads to a picture."""
    import polars as pl

    if series.dtype != pl.String:
        return False
    cells = series.drop_nulls().head(TRIED).to_list()
    return any(isinstance(found, PictureFile) for found in picture_cells(cells, root))


def root_beside(series: pl.Series, folder: Path, table: str) -> Path:
    """Return where most of the first paths lead to pictures: a folder, or one in it, as train/.

    Where names of pictures come in several folders, train.csv tells of those in train/.

    Args:
        series: The paths.
        folder: In which the table stands.
        table: The name of its file.

    Returns:
        The folder itself where they lead nowhere, or to several.
    """
    import polars as pl

    if not folder.is_dir() or series.dtype not in (pl.String, pl.Int64):
        return folder
    cells = as_texts(series.drop_nulls().head(TRIED)).to_list()

    def leads(root: Path) -> bool:
        found = [isinstance(one, PictureFile) for one in picture_cells(cells, root)]
        return 2 * sum(found) > len(found)

    if leads(folder):
        return folder
    roots = [root for root in islice(picture_folders(folder), MOST_FOLDERS) if leads(root)]
    part = part_of(table.split(".")[0])
    of_part = [root for root in roots if part and part_of(root.name) == part]
    several = of_part if len(roots) > 1 else roots
    return several[0] if len(several) == 1 else folder


def picture_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders in a folder that begin with a picture, in the order of their names."""
    try:
        inner = sorted(path for path in islice(folder.iterdir(), MOST_ENTRIES) if path.is_dir())
        for path in inner:
            if not path.name.startswith(".") and any(map(is_picture, islice(path.iterdir(), FEW))):
                yield path
    except OSError:
        return


def plain_path(cell: str | None) -> str | Lost:
    """Return a path with slashes and without dots, or why it may not be followed.

    Example:
        >>> plain_path("./a\\\\1.png"), plain_path("../1.png"), plain_path(" ")
        ('a/1.png', 'outside', 'empty')
    """
    text = written((cell or "").strip().replace("\\", "/"))
    if not text:
        return "empty"
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or text[1:2] == ":":  # C:/1.png
        return "outside"
    return str(path)


def in_archive(cell: str | None, files: Mapping[str, PictureFile]) -> PictureFile | Lost:
    """Find a path in an archive; its own members were checked when it was listed."""
    path = plain_path(cell)
    if path in WORDS:
        return path  # type: ignore[return-value]
    return next((files[name] for name in spellings(path) if name in files), "not there")


def spellings(path: str) -> list[str]:
    """Return what a path may mean: itself, or, where it ends as no picture does, one that does.

    Example:
        >>> spellings("a/1.jpg"), spellings("a/1")[:3]
        (['a/1.jpg'], ['a/1', 'a/1.jpg', 'a/1.jpeg'])
    """
    if re.search(PICTURE, path):
        return [path]
    return [path, *(f"{path}{ending}" for ending in ENDINGS)]


def in_folder(cell: str | None, root: Path, inside: Path) -> PictureFile | Lost:
    """Find a path in a folder; links are followed where they stay in it.

    Args:
        cell: The path.
        root: The folder, as it was given.
        inside: The same, without links.
    """
    name = plain_path(cell)
    if name in WORDS:
        return name  # type: ignore[return-value]
    for spelling in spellings(name):
        try:
            target = (root / spelling).resolve(strict=True)
            about = os.stat(target)  # noqa: PTH116
        except (OSError, ValueError, RuntimeError):  # not there, too long, a zero byte, a loop
            continue
        name = spelling
        break
    else:
        return "not there"
    if not target.is_relative_to(inside):
        return "outside"
    if not stat.S_ISREG(about.st_mode):
        return "no file"
    return PictureFile(name=name, path=target, member="", size=about.st_size)
