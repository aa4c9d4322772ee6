"""Examples: a few pictures, sequences or texts of a run, kept in its folder for the report.

data/examples.json           what each is of: its row, class or number, what was predicted, its text
data/examples.safetensors    train-0, train-1, ..., worst-0, ...: its values; none of texts
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np

from bakeoff.build import Absent, Between, Count, OneOf
from bakeoff.documents import read_arrays, read_json, reading, write_json, writing
from bakeoff.errors import DataError
from bakeoff.runs.folder import RunFolder

Kind = Annotated[str, OneOf("pictures", "sequences", "texts")]
Loss = Annotated[float, Between(0, 1e300), Absent(0.0)]  # came with texts
Text = Annotated[str, Absent("")]
MOST = 100  # of each sort
MOST_VALUES = 128 * 128 * 4  # of one example


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """What one example is of.

    Args:
        row: Of the user's own file, counted from 1.
        truth: Its class or number, as people read it.
        predicted: What the best fit said; "" where it was not asked.
        text: The beginning of a text; "" of all else.
        loss: Of the prediction: how improbable the class was, as minus the logarithm, or the
            absolute error of a number.
    """

    row: Count
    truth: str
    predicted: str = ""
    text: Text = ""
    loss: Loss = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Examples:
    """A few rows to look at.

    Args:
        kind: What the values are: pictures (Y, X) or (Y, X, 3) uint8, or sequences (T, F) float32;
            texts have none.
        train: Training rows, and the values of each.
        worst: Test rows on which the best fit was most wrong, the worst first.
    """

    kind: str
    train: Sequence[tuple[Example, np.ndarray]]
    worst: Sequence[tuple[Example, np.ndarray]]


def write_examples(examples: Examples, folder: RunFolder) -> None:
    """Write the values, then what they are of."""
    from safetensors.numpy import save_file

    arrays = {
        f"{part}-{i}": np.ascontiguousarray(values)
        for part in ("train", "worst")
        for i, (_, values) in enumerate(getattr(examples, part))
        if examples.kind != "texts"
    }
    with writing(folder.examples.with_suffix(".safetensors")) as draft:
        save_file(arrays, draft)
    document = {
        "kind": examples.kind,
        "train": [asdict(example) for example, _ in examples.train],
        "worst": [asdict(example) for example, _ in examples.worst],
    }
    write_json(folder.examples, document)


def read_examples(folder: RunFolder) -> Examples | None:
    """Read the examples of a run; None where none are kept, as of tables.

    Raises:
        DataError: A file is damaged.
    """
    if not folder.examples.is_file():
        return None
    hints = {"kind": Kind, "train": tuple[Example, ...], "worst": tuple[Example, ...]}
    document = read_json(folder.examples, hints)
    path = folder.examples.with_suffix(".safetensors")
    arrays = read_arrays(path)
    with reading(path):
        if max(len(document["train"]), len(document["worst"])) > MOST:
            raise DataError(f"it is of more than {MOST:,} examples.")
        parts = {
            part: [
                (example, checked(arrays, f"{part}-{i}", document["kind"]))
                for i, example in enumerate(document[part])
            ]
            for part in ("train", "worst")
        }
    return Examples(kind=document["kind"], **parts)


def checked(arrays: Mapping[str, np.ndarray], name: str, kind: str) -> np.ndarray[Any, Any]:
    """Return the values of an example, of a shape that can be drawn; of texts there are none."""
    if kind == "texts":
        return np.zeros(0, np.uint8)
    if name not in arrays:
        raise DataError(f"it lacks {name}.")
    values = arrays[name]
    drawable = {
        "pictures": values.dtype == np.uint8
        and (values.ndim == 2 or (values.ndim == 3 and values.shape[2] == 3)),
        "sequences": values.dtype == np.float32 and values.ndim == 2,
    }
    if not drawable[kind] or not 0 < values.size <= MOST_VALUES:
        raise DataError(f"{name} has shape {values.shape} and type {values.dtype}.")
    return values
