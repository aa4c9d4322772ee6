"""Decode: the bytes of a picture file become pixels, brought to one size.

Every picture becomes three channels of bytes, whatever its file holds: grey values are repeated, a
palette is looked up, alpha is laid over white, 16 bits are divided by 257, and a picture that a
camera has turned is turned back. Which channels a data set has is decided by whoever has all of it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.data.array import Array

if TYPE_CHECKING:
    from PIL import Image

Size = tuple[int, int]
"""Height and width in pixels."""

SIDE = 64  # pixels: pictures that are not all of one small size become squares of it
MOST_PIXELS = 80_000_000  # of one picture; Pillow itself warns from 89 million on
FORMATS = ("JPEG", "MPO", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF")
ORIENTATION = 0x0112  # the tag of EXIF


class Decoded(NamedTuple):
    """One picture.

    Args:
        pixels: (Y, X, 3) uint8.
        own: Its own height and width, before it was brought to a size.
        highest: The highest value of 16 bits in it; 0 where it holds 8.
        several: Whether the file holds further pictures, which are not read.
    """

    pixels: Array
    own: Size
    highest: int
    several: bool


def decode(raw: bytes, size: Size | None = None) -> Decoded:
    """Read a picture.

    Args:
        raw: The bytes of its file.
        size: To bring it to; None keeps its own up to 64 × 64, and squashes larger ones to that.

    Raises:
        Exception: It is damaged, no picture, too large, or of values whose range is not known; the
            libraries beneath raise errors of any type.
    """
    from PIL import Image

    with Image.open(io.BytesIO(raw), formats=formats()) as image:
        check_pixels(image.width * image.height)
        several = image.format != "MPO" and getattr(image, "is_animated", False)
        stored = (image.height, image.width)
        side = max(size or (SIDE, SIDE))
        if min(stored) > 2 * side:
            image.draft(None, (2 * side, 2 * side))  # a JPEG in part: 3 to 6 times faster
        image.load()
        check_pixels(image.width * image.height)
        turned = upright(image)
        lies = turned.width > turned.height
        own = stored if lies == (stored[1] > stored[0]) else stored[::-1]
        highest, plain = as_rgb(turned)
    wanted = size or (own if max(own) <= SIDE else (SIDE, SIDE))
    return Decoded(brought_to(np.asarray(plain), wanted), own, highest, several)


def formats() -> list[str]:
    """Return the formats that are read, as far as Pillow has them; none that runs a program."""
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def check_pixels(pixels: int) -> None:
    """Refuse a picture that would fill the memory, before it is decoded."""
    if pixels > MOST_PIXELS:
        raise ValueError(f"it has {pixels:,} pixels, more than {MOST_PIXELS:,}")


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera says; the picture itself where it says nothing."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def as_rgb(image: Image.Image) -> tuple[int, Image.Image]:
    """Return the highest value of 16 bits (0 for 8), and the picture as three channels of bytes."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("it holds fractions, whose range is not known: save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)  # Pillow's own `convert` cuts at 255
        if values.min() < 0 or values.max() > 65_535:
            raise ValueError("it holds values beyond 16 bits: save it with 8 or 16 bits")
        grey = ((values + 128) // 257).astype(np.uint8)
        return max(int(values.max()), 1), Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return 0, Image.alpha_composite(white, layer).convert("RGB")
    return 0, image.convert("RGB")


def brought_to(pixels: Array, size: Size) -> Array:
    """Squash or stretch a picture, averaging where it shrinks: (Y, X, 3) -> (*size, 3) uint8."""
    from PIL import Image

    if pixels.shape[:2] == size:
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def as_grey(pixels: Array) -> Array:
    """Return the brightness of a picture, as television weighs colours: (Y, X, 3) -> (Y, X, 1)."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("L"))[..., None]


def has_colour(x: Array) -> bool:
    """Tell whether any pixel of pictures (N, Y, X, 3) differs between its channels."""
    return any(bool((picture != picture[..., :1]).any()) for picture in x)
