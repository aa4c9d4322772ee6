"""PixelRows: decoded pictures, one behind the other in a file, all of one size.

A row is written as soon as it is decoded, so that memory never holds more than one of them. Size
and channels follow from the rows as they come: one channel until a picture has colour, the size of
the first until another has another one. Rows that stand there already are then rewritten in place,
from the last to the first, since no row ever becomes smaller.
"""

from __future__ import annotations

import math
from typing import IO

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.decode import SIDE, Size, as_grey, brought_to, has_colour


class PixelRows:
    """Takes pictures (Y, X, 3) uint8 and leaves rows (Y, X, C) in a file, C 1 or 3.

    Args:
        file: Open for reading and writing.
        start: Bytes at its beginning that are left free.
        total: Rows that may come.
        room: Bytes that all of them may take.
        channels: C where it is known beforehand; 0: it follows from the pictures.

    Attributes:
        greyed: How many pictures of colours were made grey.

    Raises:
        NoRoomError: They will take more.
    """

    def __init__(
        self, file: IO[bytes], *, start: int, total: int, room: int, channels: int = 0
    ) -> None:
        self.file = file
        self.start = start
        self.total = total
        self.room = room
        self.count = 0
        self.row: tuple[int, int, int] = (0, 0, 1)
        self.channels = channels
        self.greyed = 0
        file.seek(start)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, Y, X, C) of what stands there."""
        return (self.count, *self.row)

    def append(self, pixels: Array) -> None:
        """Write one picture (Y, X, 3) behind the others."""
        size = (pixels.shape[0], pixels.shape[1])
        if self.count and size != self.row[:2]:
            size = (SIDE, SIDE)
        coloured = self.row[2] == 3 or has_colour(pixels[None])
        channels = self.channels or (3 if coloured else 1)
        if (*size, channels) != self.row:
            self.widen((*size, channels))
        pixels = brought_to(pixels, size)
        if coloured and channels == 1:
            pixels = as_grey(pixels)
            self.greyed += 1
        pixels = pixels[..., :channels]
        self.file.write(pixels.tobytes())
        self.count += 1

    def widen(self, row: tuple[int, int, int]) -> None:
        """Rewrite all rows in another size, or with three channels."""
        needed = self.total * math.prod(row)
        if needed > self.room:
            raise NoRoomError(needed, row)
        before, after = math.prod(self.row), math.prod(row)
        for i in reversed(range(self.count)):
            self.file.seek(self.start + i * before)
            old = np.frombuffer(self.file.read(before), np.uint8).reshape(self.row)
            self.file.seek(self.start + i * after)
            self.file.write(widened(old, row).tobytes())
        self.file.seek(self.start + self.count * after)
        self.row = row


class NoRoomError(Exception):
    """The rows need more bytes than there are.

    Args:
        needed: Bytes of all rows, as far as is known.
        shape: Of one row.
    """

    def __init__(self, needed: int, shape: tuple[int, int, int]) -> None:
        super().__init__(needed)
        self.needed = needed
        self.shape = shape


def widened(pixels: Array, row: tuple[int, int, int]) -> Array:
    """Bring one picture to another size and number of channels: (Y, X, C) -> row."""
    size: Size = row[:2]
    if pixels.shape[:2] != size:
        pixels = brought_to(
            np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3))), size
        )
    return np.broadcast_to(pixels[..., : row[2]], row)
