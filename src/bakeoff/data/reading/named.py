"""Named: sets that are known by name and read from files of the user's own, below BAKEOFF_DATA.

    mnist/  fashion_mnist/     train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz,
                               t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz
    cifar10/                   train_1.zip … train_5.zip, test.zip: <class>/<number>.webp

Nothing is downloaded. A relative path that does not stand in the working folder is looked for
below BAKEOFF_DATA, too.

Source of the idx format: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", 1998.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.bundled import STORED
from bakeoff.data.reading.picture_files import Found, find_pictures
from bakeoff.data.reading.pictures import Pictures, pictures_of
from bakeoff.data.reading.unpack import unpack
from bakeoff.errors import DataError

VARIABLE = "BAKEOFF_DATA"
IDX = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
ZIPS = {
    "train": ("train_1.zip", "train_2.zip", "train_3.zip", "train_4.zip", "train_5.zip"),
    "test": ("test.zip",),
}


def is_named(data: object) -> bool:
    """Tell whether this is the name of such a set, and not of a file; a folder is ./cifar10."""
    return isinstance(data, str) and data in STORED and not Path(data).is_file()


def is_idx(name: str) -> bool:
    """Tell whether a named set is read as arrays; the others are picture files."""
    return name != "cifar10"


def data_folder() -> Path | None:
    """Return the folder that BAKEOFF_DATA names: the one place where it is read."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def located(data: object) -> tuple[object, str]:
    """Find a relative path that is not here below BAKEOFF_DATA.

    Returns:
        The path to read, and a sentence where it is another than was given.
    """
    home = data_folder()
    if home is None or not isinstance(data, str) or not data or data in STORED:
        return data, ""
    path = Path(data)
    try:
        if path.is_absolute() or ".." in path.parts or path.exists() or not (home / path).exists():
            return data, ""
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return data, ""
    return str(home / path), f"{data} is taken from {home}, which {VARIABLE} names."


def load_idx(name: str) -> dict[str, Array]:
    """Return mnist or fashion_mnist as x_train, y_train, x_test and y_test."""
    folder = folder_of(name, tuple(IDX.values()))
    return {key: read_idx(folder / file) for key, file in IDX.items()}


def load_pictures(name: str, size: str = "") -> Pictures:
    """Return cifar10, as picture files in class folders."""
    return pictures_of(find_parts(name), size)


def find_parts(name: str) -> dict[str, Found]:
    """List the archives of each part as if they were one."""
    folder = folder_of(name, tuple(file for files in ZIPS.values() for file in files))
    return {
        part: together(name, [find_pictures(folder / file) for file in files])
        for part, files in ZIPS.items()
    }


def find_new(name: str) -> Found:
    """List all archives, as new data: both parts have a picture called airplane/00003.webp."""
    parts = find_parts(name)
    named = [
        Found(
            source=name,
            files=[replace(file, name=f"{part}/{file.name}") for file in found.files],
        )
        for part, found in parts.items()
    ]
    return together(name, named)


def together(source: str, every: list[Found]) -> Found:
    """Put what stands in several archives into one, in the order of the names."""
    files = sorted((file for found in every for file in found.files), key=lambda file: file.name)
    folders = {folder for found in every for folder in found.folders}
    return Found(source=source, files=files, folders=folders)


def folder_of(name: str, files: tuple[str, ...]) -> Path:
    """Return the folder of a named set.

    Raises:
        DataError: It is not there, or lacks files; the message says which to put where.
    """
    home = data_folder()
    if home is None:
        where = f"a folder {name} of some folder, and name that one in {VARIABLE}: export"
        raise DataError(
            f"The files of {name} are yours to bring. Put {', '.join(files)} into {where} "
            f"{VARIABLE}=/path/to/data."
        )
    missing = [file for file in files if not (home / name / file).is_file()]
    if missing:
        raise DataError(
            f"{name} needs {', '.join(missing)} in {home / name} ({VARIABLE} is {home}). Put the "
            f"file{'s' if len(missing) > 1 else ''} there."
        )
    return home / name


def read_idx(path: Path) -> Array:
    """Read an array of bytes in the idx format, packed or not.

    Raises:
        DataError: It is no idx file of bytes, or breaks off.
    """
    raw = unpack(path)[0]
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or raw[3] not in (1, 3):
        raise DataError(f"{path} is no idx file of bytes. Put the original file there.")
    start = 4 + 4 * raw[3]
    shape = tuple(int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4))
    if len(raw) != start + math.prod(shape):
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise DataError(
            f"{path} has {len(raw) - start:,} bytes for {sizes} values. Is it complete?"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
