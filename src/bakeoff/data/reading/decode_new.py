"""Decode new pictures: those that are to be predicted, brought to the shape that a run knows.

Their number has no bound but the disk: what is more than a little is decoded, picture by picture,
into a file without a name in the folder of the cache, which is mapped and goes with the array. It
is no part of the cache, since new pictures are mostly seen once.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.decode import as_grey, has_colour
from bakeoff.data.reading.decode_files import Met, decode_files, decode_into_memory
from bakeoff.data.reading.picture_cache import cache_folder, free_bytes, megabytes
from bakeoff.data.reading.picture_files import PictureFile
from bakeoff.data.reading.picture_notes import pictures
from bakeoff.data.reading.pixel_rows import NoRoomError, PixelRows
from bakeoff.errors import DataError

HELD = 2**26  # bytes: what is smaller is held in memory


def decode_new(
    files: Sequence[PictureFile], shape: tuple[int, int, int]
) -> tuple[Array, Met, tuple[str, ...]]:
    """Decode pictures to a height, a width and 1 or 3 channels.

    Args:
        files: To be read.
        shape: (Y, X, C).

    Returns:
        (N, Y, X, C) uint8; what was met; and what was decided, in sentences.

    Raises:
        DataError: They take more than the disk has room for; or, where nothing can be written
            there, more than memory should hold.
    """
    needed = len(files) * math.prod(shape)
    folder = cache_folder()
    notes: tuple[str, ...] = ()
    if needed > HELD and folder is not None:
        try:
            return decode_aside(files, shape, folder)
        except NoRoomError as error:
            raise DataError(
                f"{len(files):,} pictures take {megabytes(error.needed)} when they are decoded; "
                f"{folder} has no room for them. Give fewer at a time."
            ) from error
        except OSError as error:
            notes += (
                f"The pictures are decoded into memory, not into {folder}: {error.strerror}.",
            )
    x, met = decode_into_memory(files, shape[:2])
    if not len(x) or x.shape[3] == shape[2]:
        return x, met, notes
    if shape[2] == 3:
        return np.repeat(x, 3, axis=3), met, notes
    coloured = sum(has_colour(picture[None]) for picture in x)
    notes += say_greyed(coloured, len(x))
    return np.stack([as_grey(picture) for picture in x]), met, notes


def decode_aside(
    files: Sequence[PictureFile], shape: tuple[int, int, int], folder: Path
) -> tuple[Array, Met, tuple[str, ...]]:
    """Decode pictures into a file without a name.

    Raises:
        NoRoomError: They take more than the disk should give.
        OSError: It cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        room = free_bytes(folder)
        rows = PixelRows(file, start=0, total=len(files), room=room, channels=shape[2])
        met = decode_files(files, shape[:2], rows)
        if not rows.count:
            return np.empty(rows.shape, np.uint8), met, ()
        file.flush()
        x = np.memmap(file, np.uint8, "r", shape=rows.shape)
    return x, met, say_greyed(rows.greyed, rows.count)


def say_greyed(coloured: int, number: int) -> tuple[str, ...]:
    """Say how many pictures of colours were made grey, if any."""
    if not coloured:
        return ()
    which = f"{coloured:,} of {pictures(number)}"
    return (f"{which} in colours; the run was trained on grey ones: made grey.",)
