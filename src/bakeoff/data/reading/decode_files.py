"""Decode files: picture files become rows of pixels, and what was met on the way is counted."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.build import Count
from bakeoff.data.array import Array
from bakeoff.data.reading.decode import Decoded, Size, decode
from bakeoff.data.reading.picture_files import Opened, PictureFile, why
from bakeoff.data.reading.pixel_rows import NoRoomError, PixelRows
from bakeoff.errors import DataError, option

MOST_BYTES = 4 * 10**9  # of pixels that are held in memory


def decode_files(files: Sequence[PictureFile], size: Size | None, rows: PixelRows) -> Met:
    """Decode one picture after the other; threads would gain nothing, as was measured.

    Args:
        files: To be read.
        size: To bring them to; None keeps their own where all have one of up to 64 × 64.
        rows: Takes them.

    Returns:
        What was met.

    Raises:
        NoRoomError: They take more than they may.
        OSError: The rows cannot be written.
    """
    broken, sizes, deep, highest, several = [], set(), 0, 0, 0
    with warnings.catch_warnings(), Opened() as opened:
        warnings.simplefilter("ignore")  # Pillow's own; what it cannot read is counted here
        for position, item in enumerate(files):
            one = decoded_or_why(opened, item, size)
            if isinstance(one, str):
                broken.append(Broken(position, one))
                continue
            rows.append(one.pixels)
            sizes.add(one.own)
            deep += one.highest > 0
            highest = max(highest, one.highest)
            several += one.several
    return Met(
        broken=tuple(broken),
        sizes=len(sizes),
        least=tuple(map(min, zip(*sizes, strict=True))),
        most=tuple(map(max, zip(*sizes, strict=True))),
        deep=deep,
        highest=highest,
        several=several,
    )


def decoded_or_why(opened: Opened, file: PictureFile, size: Size | None) -> Decoded | str:
    """Return the pixels of a file, or why it cannot be read."""
    try:
        return decode(opened.read(file), size)
    except Exception as error:  # a decoder may raise anything
        return why(error)


def decode_into_memory(files: Sequence[PictureFile], size: Size | None) -> tuple[Array, Met]:
    """Decode pictures into an array (N, Y, X, C) uint8.

    Raises:
        DataError: They take more than memory should hold.
    """
    buffer = io.BytesIO()
    rows = PixelRows(buffer, start=0, total=len(files), room=MOST_BYTES)
    try:
        met = decode_files(files, size, rows)
    except NoRoomError as error:
        raise DataError(
            f"{len(files):,} pictures of {error.shape[0]:,} × {error.shape[1]:,} take "
            f"{error.needed:,} bytes; {MOST_BYTES:,} can be held in memory. Give a smaller "
            f"{option('image_size')}, or fewer pictures."
        ) from error
    return np.frombuffer(buffer.getbuffer(), np.uint8).reshape(rows.shape), met


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be read: its position among the files, from 0, and why."""

    position: Count
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """What was met while files were decoded.

    Args:
        broken: The files that cannot be read; they have no row.
        sizes: How many different heights and widths the files have.
        least: The least height and the least width.
        most: The greatest.
        deep: Files of 16 bits.
        highest: The highest value in them.
        several: Files that hold further pictures, which are not read.
    """

    broken: tuple[Broken, ...] = ()
    sizes: Count = 0
    least: tuple[Count, ...] = ()
    most: tuple[Count, ...] = ()
    deep: Count = 0
    highest: Count = 0
    several: Count = 0

    def causes(self, names: Sequence[str]) -> dict[str, str]:
        """Return name -> cause of the files that cannot be read."""
        return {names[one.position]: one.cause for one in self.broken}

    def kept(self, number: int) -> Array:
        """Return the positions of the files that have a row, of a number of files."""
        return np.setdiff1d(np.arange(number), [one.position for one in self.broken])
