"""What a run lets its workers see, in a temporary folder: never the targets of test rows.

sizes.json                 view -> constructor arguments that follow from the data
targets.npy                of all rows, those of test rows NaN
train.npy  validation.npy  test.npy        positions of the rows of each part
<view>/<argument>.npy      an input of all rows
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.documents import write_text, writing

PARTS = ("train", "validation", "test")


class SharedData:
    """Views, sizes, targets and row positions, read from the folder.

    Raises:
        OSError: A file is missing.
        ValueError: A file holds Python objects, which could run code.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes = json.loads((folder / "sizes.json").read_text("utf-8"))
        self._targets = open_array(folder / "targets.npy")
        self.rows = {part: open_array(folder / f"{part}.npy") for part in PARTS}

    def inputs(self, view: str, part: str) -> dict[str, np.ndarray]:
        """Return the arrays of one view, the rows of one part."""
        files = sorted((self.folder / view).glob("*.npy"))
        return {file.stem: np.asarray(open_array(file)[self.rows[part]]) for file in files}

    def targets(self, part: str, task: str) -> np.ndarray:
        """Return the targets of training or validation rows: int64 classes, or float32."""
        values = self._targets[self.rows[part]]
        return np.asarray(values, np.int64 if task == "multiclass" else np.float32)


def open_array(path: Path) -> np.ndarray:
    """Open an array without reading it all."""
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def write_shared_data(
    folder: Path,
    *,
    views: Mapping[str, tuple[Mapping[str, np.ndarray], Mapping[str, Any]]],
    targets: np.ndarray,
    rows: Mapping[str, np.ndarray],
) -> None:
    """Write what `SharedData` reads.

    Args:
        folder: An empty, temporary folder.
        views: Name -> (argument name -> array of all rows, sizes that follow from the data).
        targets: Encoded targets of all rows; those of the test rows are blanked here.
        rows: "train", "validation", "test" -> positions of its rows.

    Raises:
        RunError: The folder cannot be written.
    """
    for name, (inputs, _) in views.items():
        for argument, array in inputs.items():
            save_array(folder / name / f"{argument}.npy", array)
    sizes = {name: dict(sizes) for name, (_, sizes) in views.items()}
    write_text(folder / "sizes.json", json.dumps(sizes))
    blanked = targets.astype(np.float64)
    blanked[rows["test"]] = np.nan
    save_array(folder / "targets.npy", blanked)
    for part in PARTS:
        save_array(folder / f"{part}.npy", rows[part])


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array that `open_array` reads.

    Raises:
        RunError: It cannot be written.
    """
    with writing(path) as draft:
        np.save(draft, array, allow_pickle=False)
