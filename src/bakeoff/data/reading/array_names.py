"""Array names: what the arrays of an .npz file, or of a dict, are called, and what that means.

picture, label                                  a column each
picture_train, label_train, picture_test, ...   its parts: _train, _validation or _val, _test
series_lengths, or series_train_lengths         the real steps of each sequence
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
ENDINGS = ("", *(f"_{part}" for part in PARTS))
LENGTHS = "_lengths"
KEYS = (
    *("x", "y", "x_lengths"),
    *(f"{letter}_{part}" for part in PARTS for letter in "xy"),
    *(f"x_{part}_lengths" for part in PARTS),
)


def array_names(data: object) -> list[str]:
    """Return what the arrays of a file or dict are called; nothing where they have no names.

    Only the table of contents of a file is looked at.
    """
    if isinstance(data, Mapping):
        return [str(name) for name in data]
    if not isinstance(data, (str, Path)) or not is_npz(Path(data)):
        return []
    try:
        with zipfile.ZipFile(data) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []  # whoever reads it says what is wrong


def is_npz(path: Path) -> bool:
    """Tell whether a path is a file of named arrays; what is too long to be a path is none."""
    try:
        return path.suffix.lower() == ".npz" and path.is_file() and zipfile.is_zipfile(path)
    except (OSError, ValueError):
        return False


def are_plain(names: Sequence[str]) -> bool:
    """Tell whether arrays are called x and y, or x_train, y_train and so on, and nothing else."""
    lower = {name.lower() for name in names}
    return bool(lower & {"x", "x_train"}) and lower <= set(KEYS)


def columns_among(names: Sequence[str]) -> list[str]:
    """Return the columns that arrays are of: without parts, and without lengths.

    Example:
        >>> columns_among(["x_train", "y_train", "x_test", "y_test", "x_train_lengths"])
        ['x', 'y']
        >>> columns_among(["wave_lengths", "label"])  # of no array called wave
        ['wave_lengths', 'label']
    """
    everyone = set(names)
    parted = any(name.endswith("_train") for name in names)
    found = {}
    for name in names:
        if name.endswith(LENGTHS) and name.removesuffix(LENGTHS) in everyone:
            continue
        ending = next((e for e in ENDINGS[1:] if name.endswith(e)), "") if parted else ""
        found[name.removesuffix(ending)] = True
    return [name for name in found if name]


def as_keys(names: Sequence[str], x: str, y: str) -> dict[str, str]:
    """Return which arrays stand for the inputs and the target: name -> x_train, y_test ...

    Args:
        names: Of all arrays.
        x: The column that goes in.
        y: The column to predict.

    Example:
        >>> as_keys(["wave", "wave_lengths", "label", "place"], "wave", "label")
        {'wave': 'x', 'wave_lengths': 'x_lengths', 'label': 'y'}
    """
    wanted = {
        f"{column}{ending}{lengths}": f"{key}{ending}{lengths}"
        for column, key in ((x, "x"), (y, "y"))
        for ending in ENDINGS
        for lengths in ("", LENGTHS)
        if not (lengths and key == "y")
    }
    return {name: wanted[name] for name in names if name in wanted}


def holds_blocks(data: Mapping[Any, object]) -> bool:
    """Tell whether a dict holds arrays of more than one value a row: no columns of a table."""
    shapes = [value.shape[1:] for value in data.values() if isinstance(value, np.ndarray)]
    return any(len(shape) > 1 or (len(shape) == 1 and shape[0] > 1) for shape in shapes)
