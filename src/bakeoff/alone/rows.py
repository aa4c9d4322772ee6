"""Rows of arrays, from whatever holds pairs of x and y."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

import numpy as np

from bakeoff.data.reading.yielded import in_batches
from bakeoff.errors import RequestError

SHARE_HELD_OUT = 0.15
PLAIN = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """Rows of a training: argument of the model -> values, and targets."""

    inputs: dict[str, Any]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, positions: np.ndarray) -> Rows:
        """Return some rows."""
        inputs = {name: some(values, positions) for name, values in self.inputs.items()}
        return Rows(inputs=inputs, targets=self.targets[positions])


def some(values: Any, positions: np.ndarray) -> Any:
    """Return rows of an array, or of plain values that say where rows are."""
    if isinstance(values, np.ndarray):
        return values[positions]
    per_row = ("rows", "starts", "lengths")
    return {k: v[positions] if k in per_row else v for k, v in values.items()}


def gather(model: Any, data: Any, targets: Any) -> Rows:
    """Return the rows of data as arrays.

    Args:
        model: Names the argument of a single input.
        data: Arrays, or what yields pairs.
        targets: None where the data hold them.

    Raises:
        RequestError: Data cannot be understood, or inputs and targets differ in length.
    """
    if targets is None:
        data, targets = pairs_of(data)
    named = data if isinstance(data, Mapping) else {argument_of(model): data}
    inputs = {name: taken(values) for name, values in named.items()}
    truth = truth_of(targets)
    for name, values in inputs.items():
        if len(values) != len(truth):
            raise RequestError(
                f"{name} has {len(values):,} rows, and there are {len(truth):,} targets."
            )
    if len(truth) < 2:
        raise RequestError(f"{len(truth)} rows are too few to train on.")
    return Rows(inputs=inputs, targets=truth)


def pairs_of(data: Any) -> tuple[Any, Any]:
    """Return x and y of what yields pairs: a torch `Dataset` or `DataLoader`, a `tf.data.Dataset`.

    Raises:
        RequestError: It does not.
    """
    if hasattr(data, "element_spec"):  # tf.data
        items = list(data.as_numpy_iterator())
        whole = in_batches(data.element_spec)
    elif hasattr(data, "batch_size") and hasattr(data, "__iter__"):  # a DataLoader
        items, whole = list(data), True
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        items, whole = [data[i] for i in range(len(data))], False
    else:
        items, whole = [], False
    if not items or not all(isinstance(item, tuple | list) and len(item) == 2 for item in items):
        raise RequestError(
            f"A {type(data).__name__} without targets must yield pairs (x, y). Pass targets, or "
            "pairs."
        )
    join = np.concatenate if whole else np.stack
    xs, ys = zip(*items, strict=True)
    if isinstance(xs[0], Mapping):
        return {key: joined(join, [x[key] for x in xs]) for key in xs[0]}, joined(join, ys)
    return joined(join, xs), joined(join, ys)


def joined(join: Any, parts: Any) -> np.ndarray:
    """Put parts one behind the other.

    Raises:
        RequestError: They are of different shape.
    """
    try:
        return np.asarray(join([taken(part) for part in parts]))
    except ValueError as error:
        raise RequestError(f"The rows are of different shape: {error}.") from error


def taken(values: Any) -> np.ndarray:
    """Return values as an array: tensors, frames, lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    array = np.asarray(values)
    return array.astype("float32") if array.dtype == np.float64 else array


def truth_of(targets: Any) -> np.ndarray:
    """Return targets as the loops take them: class numbers int64, or floats; a single column flat.

    Raises:
        RequestError: They are words.
    """
    truth = taken(targets)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    if truth.dtype.kind in "iub":
        return truth.astype("int64")
    if truth.dtype.kind != "f":
        raise RequestError(
            f"The targets are {truth.dtype}, and must be class numbers from 0, or floats. "
            "bakeoff.run takes words."
        )
    return truth


def argument_of(model: Any) -> str:
    """Return the name of the first argument of a model."""
    function = model.forward if hasattr(model, "forward") else model.call
    names = [name for name, p in signature(function).parameters.items() if p.kind in PLAIN]
    return names[0] if names else "x"


def held_out(rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """Return the rows to learn from, and those that decide when to stop, drawn by the seed."""
    order = np.random.default_rng(seed).permutation(len(rows))
    count = min(len(rows) - 1, max(1, round(SHARE_HELD_OUT * len(rows))))
    return rows[np.sort(order[count:])], rows[np.sort(order[:count])]
