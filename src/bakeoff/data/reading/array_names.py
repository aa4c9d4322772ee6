"""Array names: what the arrays of an .npz file, or of a dict, are called, and what that means.

picture, label                                  a column each
picture_train, label_train, picture_test, ...   its parts: _train, _validation or _val, _test
train_images, test_images, trainX, X_tr, ...    the same, called images_train, images_test, X_train
series_lengths, or series_train_lengths         the real steps of each sequence
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.reading.placed import FILLING
from bakeoff.data.reading.placed import PARTS as PART_WORDS

PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
ENDINGS = ("", *(f"_{part}" for part in PARTS))
LENGTHS = "_lengths"
SHORT = {"tr": "train", "te": "test", "t10k": "test"}  # and those that folders are called by
ANSWERS = ("y", "label", "labels", "target", "targets", "class", "classes")  # what is predicted
QUESTIONS = ("x", "images", "data", "inputs", "features")  # what it is predicted from
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
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        return list(called(names).values())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []  # whoever reads it says what is wrong


def is_npz(path: Path) -> bool:
    """Tell whether a path is a file of named arrays; what is too long to be a path is none."""
    try:
        return path.suffix.lower() == ".npz" and path.is_file() and zipfile.is_zipfile(path)
    except (OSError, ValueError):
        return False


def called(names: Sequence[str]) -> dict[str, str]:
    """Return what arrays are called here: name -> name, where parts are told in another way.

    So they are where all of a column's parts are told so, as data sets for courses have it. Of
    arrays of one part, such as new data, the names of the columns are left.

    Example:
        >>> list(called(["train_images", "train_labels", "test_images", "test_labels"]).values())
        ['images_train', 'labels_train', 'images_test', 'labels_test']
        >>> list(called(["trainX", "trainY", "testX", "testY"]).values())
        ['X_train', 'Y_train', 'X_test', 'Y_test']
        >>> list(called(["train_set_x", "train_set_y", "list_classes"]).values())
        ['x_train', 'y_train', 'list_classes']
        >>> list(called(["test_x", "test_y"]).values())
        ['x', 'y']
        >>> called(["train_time", "label"])
        {'train_time': 'train_time', 'label': 'label'}
    """
    same = {name: name for name in names}
    if any(name.endswith("_train") for name in names):
        return same
    told = {name: stem_and_part(name) for name in names}
    if not {stem.lower() for stem, part in told.values() if part} & {*ANSWERS, *QUESTIONS}:
        return same  # columns of a table: train_hours, test_hours
    if {part for _, part in told.values()} in ({"test"}, {"validation"}):
        alone = {name: stem for name, (stem, _) in told.items()}
        return alone if len(set(alone.values())) == len(names) else same
    stems = {stem for stem, part in told.values() if part == "train"}
    others = {name.lower() for name, (_, part) in told.items() if not part}
    fits = all(stem in stems for stem, part in told.values() if part)
    if len(stems) < 2 or not fits or others & set(ANSWERS):
        return same
    found = {name: f"{stem}_{part}" if part else name for name, (stem, part) in told.items()}
    return found if len(set(found.values())) == len(names) else same


def stem_and_part(name: str) -> tuple[str, str]:
    """Return the name of a column, and the part that the name of an array tells, if it does.

    Example:
        >>> stem_and_part("X_tr"), stem_and_part("train_set_x"), stem_and_part("valLabels")
        (('X', 'train'), ('x', 'train'), ('Labels', 'validation'))
    """
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name))
    parts = [SHORT.get(w.lower()) or PART_WORDS.get(w.lower(), "") for w in words]
    if sum(map(bool, parts)) != 1:
        return name, ""
    at = next(i for i, part in enumerate(parts) if part)
    left = [word for i, word in enumerate(words) if i != at]
    plain = [word for word in left if word.lower() not in FILLING]
    return "_".join(plain or left) or name, parts[at]


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
