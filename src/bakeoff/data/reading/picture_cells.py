"""Picture cells: paths in a column of a table, and the picture that each leads to.

Paths start at a folder or a .zip. They come from a stranger: nothing outside of it is opened, be it
by `..`, by an absolute path or through a link.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from bakeoff.data.reading.picture_files import (
    ENDINGS,
    PictureFile,
    find_pictures,
    is_archive,
    written,
)
from bakeoff.errors import RequestError, option

if TYPE_CHECKING:
    import polars as pl

LIKELY = 0.5  # of the filled cells must end as pictures do; the rest may be bad paths
PICTURE = rf"(?i)(?:{'|'.join(map(re.escape, ENDINGS))})\s*$"  # a cell that ends as they do
PIECES = 20  # of a column, looked at until it is clear that too few cells do
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
    size = max(1, len(series) // PIECES)
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
