"""What a run lets its workers see, in a temporary folder: never the targets of test rows.

sources.json               view -> its sizes, argument -> where its values are, and what vectors of
                           words begin as
targets.json               "train" and "validation" -> where the targets of their rows are; of a
                           text that is written also "test": models are judged by how well they
                           foretell each token from the true ones before it, once they are trained
begun/<framework>.safetensors   weights that a network begins with, where there are such
train.npy  validation.npy  test.npy        positions of the rows of each part
arrays/<number>.npy        each array that a source names, written once for all views

Workers open the arrays memory-mapped: what they read is in memory once for all of them. An array
that is memory-mapped from a file already, as decoded pictures are, stays in that file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.taking.sources import Ragged, Rows, Source, Windows, plain, source_of
from bakeoff.data.taking.targets import Targets
from bakeoff.data.taking.views import View, Views
from bakeoff.documents import write_text, writing
from bakeoff.train.weights import read_weights, save_arrays

PARTS = ("train", "validation", "test")
TAUGHT = ("train", "validation")  # whose targets a worker is given


class SharedData:
    """Views, targets and row positions, read from the folder.

    Raises:
        OSError: A file is missing.
        ValueError: A file holds Python objects, which could run code.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        documents = json.loads((folder / "sources.json").read_text("utf-8"))
        self.views = Views({name: partial(self.view, own) for name, own in documents.items()})
        taught = json.loads((folder / "targets.json").read_text("utf-8"))
        self._targets = {part: source_of(self.opened(own)) for part, own in taught.items()}
        self.rows = {part: open_array(folder / f"{part}.npy") for part in PARTS}

    def view(self, document: Mapping[str, Any]) -> View:
        """Return one view of all rows; nothing of it is read yet."""
        inputs = {k: source_of(self.opened(v)) for k, v in document["inputs"].items()}
        start = self.opened(document["start"]).get("start")
        return View(inputs=inputs, sizes=document["sizes"], start=start)

    def opened(self, value: Any) -> Any:
        """Return plain values with the arrays that they name, opened."""
        if isinstance(value, Mapping) and "file" in value:
            return open_array(self.folder / value["file"]).reshape(value["shape"])
        if isinstance(value, Mapping):
            return {name: self.opened(inner) for name, inner in value.items()}
        return value

    def part_of(self, view: View, part: str) -> dict[str, Source]:
        """Return the sources of a view, of the rows of one part."""
        return {name: source[self.rows[part]] for name, source in view.inputs.items()}

    def begun(self, framework: str) -> dict[str, np.ndarray]:
        """Return the weights that a network of a framework begins with."""
        return read_weights(self.folder / "begun" / f"{framework}.safetensors")

    def targets(self, part: str) -> Source:
        """Return where the targets of training or validation rows are: classes, or numbers."""
        return self._targets[part]


def open_array(path: Path) -> np.ndarray:
    """Open an array without reading it."""
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def write_shared_data(
    folder: Path,
    *,
    views: Mapping[str, View],
    targets: Targets,
    rows: Mapping[str, np.ndarray],
    written: bool = False,
    begun: Mapping[str, Mapping[str, np.ndarray]] | None = None,
) -> None:
    """Write what `SharedData` reads.

    Args:
        folder: An empty, temporary folder.
        views: By name, of all rows.
        targets: Of all rows; those of test rows are left out here.
        rows: "train", "validation", "test" -> positions of its rows.
        written: The target is a text, whose tokens are foretold one after the other.
        begun: Framework -> weights that a network begins with.

    Raises:
        RunError: The folder cannot be written.
    """
    store = Store(folder)
    documents = {
        name: {
            "sizes": dict(view.sizes),
            "inputs": {key: store.named(plain(source)) for key, source in view.inputs.items()},
            "start": {} if view.start is None else store.named({"start": view.start}),
        }
        for name, view in views.items()
    }
    write_text(folder / "sources.json", json.dumps(documents))
    taught = taught_targets(targets, rows, PARTS if written else TAUGHT)
    write_text(
        folder / "targets.json",
        json.dumps({part: store.named(plain(source)) for part, source in taught.items()}),
    )
    for part in PARTS:
        save_array(folder / f"{part}.npy", rows[part])
    for framework, weights in (begun or {}).items():
        save_arrays(weights, folder / "begun" / f"{framework}.safetensors")


def taught_targets(
    targets: Targets, rows: Mapping[str, np.ndarray], parts: Sequence[str] = TAUGHT
) -> dict[str, Targets]:
    """Return the targets of training and validation rows, over values of theirs alone.

    Args:
        targets: Of all rows.
        rows: Part -> positions of its rows.
        parts: Whose targets are wanted.
    """
    own = {part: targets[rows[part]] for part in parts}
    if isinstance(targets, Ragged):
        return {part: alone(s) for part, s in own.items() if isinstance(s, Ragged)}
    if isinstance(targets, Rows):
        return {part: Rows(base=s.take(), rows=np.arange(len(s))) for part, s in own.items()}
    windows = {part: source for part, source in own.items() if isinstance(source, Windows)}
    starts = np.concatenate([source.starts for source in windows.values()])
    edges = np.zeros(len(targets.base) + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + targets.length, -1)
    taught = edges[:-1].cumsum() > 0
    base = np.where(taught[:, None], targets.base, np.float32(np.nan))
    return {part: replace(source, base=base) for part, source in windows.items()}


def alone(source: Ragged) -> Ragged:
    """Return the same sequences over a copy of their own steps."""
    ends = np.cumsum(source.lengths)
    at = np.arange(int(source.lengths.sum()))
    places = at + np.repeat(source.starts - (ends - source.lengths), source.lengths)
    return replace(source, base=source.base[places], starts=ends - source.lengths)


class Store:
    """Arrays in files, each once, however many sources name it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[tuple[Any, ...], str] = {}
        self.kept: list[np.ndarray] = []  # while they live, no other array has their address

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return plain values, with the name of a file in place of each array."""
        return {
            name: {"file": self.file_of(value), "shape": value.shape}
            if isinstance(value, np.ndarray)
            else value
            for name, value in values.items()
        }

    def file_of(self, array: np.ndarray) -> str:
        """Write an array, once, and return its file."""
        about = array.__array_interface__
        key = (about["data"][0], array.shape, array.dtype.str, about["strides"])
        if key not in self.files:
            self.kept.append(array)
            self.files[key] = whole_file(array) or self.written(array)
        return self.files[key]

    def written(self, array: np.ndarray) -> str:
        """Write an array into a file of its own."""
        name = f"arrays/{len(self.files)}.npy"
        save_array(self.folder / name, array)
        return name


def whole_file(array: np.ndarray) -> str:
    """Return the .npy file that an array is memory-mapped from, all of it; "" if it is from none.

    Views of a memory-mapped array are looked behind, such as a read-only one, or one with an axis
    more.
    """
    for base in bases(array):
        if isinstance(base, np.memmap) and base.filename is not None:
            path = Path(base.filename)
            ordered = base.flags.c_contiguous and array.flags.c_contiguous
            same = ordered and base.size == array.size and base.dtype == array.dtype
            at = array.__array_interface__["data"][0] == base.__array_interface__["data"][0]
            return str(path.resolve()) if same and at and path.suffix == ".npy" else ""
    return ""


def bases(array: Any) -> Iterable[np.ndarray]:
    """Yield an array and what it is a view of."""
    while isinstance(array, np.ndarray):
        yield array
        if isinstance(array, np.memmap) and not isinstance(array.base, np.memmap):
            return
        array = array.base


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array that `open_array` reads.

    Raises:
        RunError: It cannot be written.
    """
    with writing(path) as draft:
        np.save(draft, array, allow_pickle=False)
