"""Pictures: class folders of picture files, in a folder or a .zip, as one array.

    root/<class>/*.jpg                             split by bakeoff
    root/train/<class>/…, root/test/<class>/…      parts: train, val, valid, validation, test, or
                                                   what ends in _ or - and one of these
    root/*.jpg, or one file                        new data alone: no class is known

Files are taken in the order of their names, so that no row depends on the file system, and nothing
is taken from the first of them: size and channels follow from all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.origin import Origin
from bakeoff.data.reading.decode import Size
from bakeoff.data.reading.decode_new import decode_new
from bakeoff.data.reading.picture_cache import cached_pictures
from bakeoff.data.reading.picture_files import Found, find_pictures, holds_pictures
from bakeoff.data.reading.picture_notes import (
    first_of,
    passed_over,
    pictures,
    say_broken,
    say_decoded,
    say_sizes,
)
from bakeoff.data.reading.placed import (
    Placed,
    check_classes,
    check_left,
    origin_for,
    place,
    place_all,
    say_classes,
)
from bakeoff.errors import DataError, RequestError, option

LARGEST_SIDE = 4096  # pixels


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pictures:
    """Pictures as they were given, all parts behind each other.

    Args:
        x: (N, Y, X, C) uint8, C 1 or 3; memory-mapped and read-only where they are cached.
        labels: (N,) the folder of the class of each, or None where there is none.
        origin: The part, number and file of each.
        source: What to call them in messages.
        notes: What was decided, counted and left out, in sentences.
    """

    x: Array
    labels: Array
    origin: Origin
    source: str
    notes: tuple[str, ...]

    @property
    def files(self) -> Array:
        """(N,) where each picture stands, from what was given: "red/1.png"."""
        return np.asarray(self.origin.pictures)


def are_pictures(data: object) -> bool:
    """Tell whether `data` is read here: a folder, or a .zip that holds pictures."""
    if not isinstance(data, (str, Path)):
        return False
    try:
        return holds_pictures(Path(data))
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return False


def existing(value: object, part: str) -> Path:
    """Return the path of a part; what holds no pictures is refused."""
    if are_pictures(value):
        return Path(str(value))
    raise DataError(
        f"{option(part, str(value)[:200])} is no folder and no .zip of pictures, but the training "
        "data are. Give pictures of the same classes."
    )


def pictures_of(found: Mapping[str, Found], size: str, *, unlabelled: bool = False) -> Pictures:
    """Place the files that were found, decode them, and say what was decided.

    Args:
        found: "train", "validation", "test" -> pictures; the first alone may bring all parts.
        size: "64" or "64x48", height × width; "" keeps their own size where all have one of up to
            64 × 64, and else squashes them to 64 × 64.
        unlabelled: They need no classes: all are taken.

    Raises:
        DataError: There are no pictures in class folders, or a class has none that can be read.
        RequestError: The size is none.
    """
    wanted = size_of(size)
    first = found["train"]
    placed, notes, files = place_all(found, labelled=not unlabelled)
    if not unlabelled:
        check_classes(placed, first)
        placed = [item for item in placed if item.label is not None]
    x, met, where = cached_pictures([item.file for item in placed], wanted)
    broken = met.causes([item.file.name for item in placed])
    kept = [placed[position] for position in met.kept(len(placed))]
    if not unlabelled:
        check_left(placed, kept, broken)
    elif not kept:
        raise none_left(placed, broken)
    told = [*say_broken(broken, len(placed)), *say_sizes(met, x.shape[1:3], wanted)]
    return Pictures(
        x=x,
        labels=np.array([item.label for item in kept], dtype=object),
        origin=origin_for(kept, files),
        source=first.source,
        notes=(
            *notes,
            *told,
            *say_decoded(met),
            *(() if unlabelled else say_classes(kept, first)),
            *where,
        ),
    )


def read_new_pictures(data: object, shape: tuple[int, int, int]) -> Pictures:
    """Read pictures to be predicted, in class folders or flat, all in the order of their names.

    Args:
        data: A folder or a .zip, or what was found in some.
        shape: Height, width and channels that the run was trained on: 1 or 3 channels.

    Raises:
        DataError: None can be read.
    """
    found = data if isinstance(data, Found) else find_pictures(Path(str(data)))
    placed = place(found, new=True)[0]
    x, met, notes = decode_new([item.file for item in placed], shape)
    broken = met.causes([item.file.name for item in placed])
    if not len(x):
        raise none_left(placed, broken)
    kept = [placed[position] for position in met.kept(len(placed))]
    return Pictures(
        x=x,
        labels=np.array([item.label for item in kept], dtype=object),
        origin=origin_for(kept, {}),
        source=found.source,
        notes=(*passed_over(found), *say_broken(broken, len(placed)), *say_decoded(met), *notes),
    )


def none_left(placed: Sequence[Placed], broken: Mapping[str, str]) -> DataError:
    """Say that no picture can be read."""
    return DataError(f"Of {pictures(len(placed))} none can be read: {first_of(broken)}.")


def size_of(text: str) -> Size | None:
    """Read "64" or "64x48" as height and width.

    Example:
        >>> size_of("64"), size_of("64x48"), size_of("")
        ((64, 64), (64, 48), None)
    """
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,6})(?:\s*[x×X]\s*(\d{1,6}))?\s*", text)
    sides = [int(side) for side in match.groups() if side] if match else [0]
    if not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise RequestError(
            f"{option('image_size', text)} must be a side or height x width in pixels, up to "
            f"{LARGEST_SIDE:,}, such as {option('image_size', '64')} or 64x48."
        )
    return sides[0], sides[-1]
