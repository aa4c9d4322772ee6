"""Held pictures: whole picture files in the cells of a column, as Hugging Face writes data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.data.reading.picture_cells import Lost
from bakeoff.data.reading.picture_files import PictureFile

if TYPE_CHECKING:
    import polars as pl

BEGINS = (
    *(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*"),
    *(b"P5", b"P6", b"\0\0\0\x0cjP"),
)
TRIED = 20  # cells
HELD = "pictures, as files in its cells"  # the reason of such a column
FIELDS = {"bytes", "path"}  # of an image as the library datasets keeps it


def held_pictures(series: pl.Series) -> list[PictureFile | Lost]:
    """Return the picture in each cell, or why there is none; it is called by its row."""
    return [
        PictureFile(name=f"row {row:,}", path=Path(), member="", size=len(raw), raw=raw)
        if raw
        else "empty"
        for row, raw in enumerate(series.to_list(), 1)
    ]


def hold_pictures(series: pl.Series) -> bool:
    """Tell whether most cells of a column begin as picture files do."""
    import polars as pl

    if series.dtype != pl.Binary:
        return False
    some = series.drop_nulls().head(TRIED).to_list()
    found = [raw for raw in some if raw.startswith(BEGINS)]
    return 2 * len(found) > len(some)


def are_files(dtype: pl.DataType) -> bool:
    """Tell whether the cells of a column hold a file each, with or without its path."""
    import polars as pl

    if not isinstance(dtype, pl.Struct) or {field.name for field in dtype.fields} != FIELDS:
        return False
    return any(field.name == "bytes" and field.dtype == pl.Binary for field in dtype.fields)
