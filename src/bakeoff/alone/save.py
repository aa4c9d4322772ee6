"""A model and its optimizer on disk: safetensors and JSON, nothing that could run code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.documents import read_arrays, reading, write_text
from bakeoff.errors import DataError, RequestError
from bakeoff.train.weights import (
    check_fit,
    get_weights,
    is_keras,
    save_arrays,
    set_weights,
    shapes_of,
)

FORMAT = 1


def save(folder: str | Path, *, model: Any, optimizer: Any = None, epoch: int = 0) -> Path:
    """Write a model, and perhaps its optimizer and the epoch, into a folder.

    Args:
        folder: Is made; what stood there is replaced file by file.
        model: A `torch.nn.Module` or a built `keras.Model`.
        optimizer: Of torch, or of Keras.
        epoch: How many epochs were trained.

    Returns:
        The folder.

    Raises:
        RunError: It cannot be written.

    Example:
        >>> import tempfile
        >>> from torch import nn
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = save(folder, model=nn.Linear(2, 1), epoch=3)
        ...     load(folder, model=nn.Linear(2, 1))
        3
    """
    folder = Path(folder)
    save_arrays(weights_of(model), folder / "model.safetensors")
    document: dict[str, Any] = {"format": FORMAT, "epoch": epoch, "optimizer": None}
    if optimizer is not None:
        arrays, document["optimizer"] = optimizer_state(optimizer)
        save_arrays(arrays, folder / "optimizer.safetensors")
    write_text(folder / "state.json", json.dumps(document, indent=1) + "\n")
    return folder


def load(folder: str | Path, *, model: Any, optimizer: Any = None) -> int:
    """Fill a model, and perhaps its optimizer, with what `save` wrote.

    Args:
        folder: That was saved.
        model: Of the same architecture and sizes.
        optimizer: Over the weights of this model, of the same kind.

    Returns:
        The epoch.

    Raises:
        DataError: A file is missing or damaged, or of another model.
        RequestError: No optimizer was saved.
    """
    folder = Path(folder)
    with reading(folder / "state.json"):
        document = json.loads((folder / "state.json").read_text("utf-8"))
        epoch, plain = int(document["epoch"]), document["optimizer"]
        if document["format"] != FORMAT:
            raise DataError(f"its format is {document['format']}, and {FORMAT} is known.")
    if optimizer is not None and plain is None:
        raise RequestError(f"{folder} holds no optimizer. Leave it out.")
    weights = read_arrays(folder / "model.safetensors")
    check_fit(weights, shapes_by_name(model), "model")
    if optimizer is not None:  # first, as what does not fit is refused before anything changes
        set_optimizer(optimizer, read_arrays(folder / "optimizer.safetensors"), plain, folder)
    if is_keras(model):
        fill(by_place(model.variables), weights)
    else:
        set_weights(model, weights)
    return epoch


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """Return the weights of a model by name."""
    if is_keras(model):
        return {name: np.asarray(v) for name, v in by_place(model.variables).items()}
    return get_weights(model)


def shapes_by_name(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a model."""
    if is_keras(model):
        return {name: tuple(v.shape) for name, v in by_place(model.variables).items()}
    return shapes_of(model)


def by_place(variables: Any) -> dict[str, Any]:
    """Return variables of Keras by their place: their names repeat, or count up."""
    return {str(i): variable for i, variable in enumerate(variables)}


def fill(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Give variables of Keras their values."""
    for name, variable in variables.items():
        variable.assign(arrays[name])


def optimizer_state(optimizer: Any) -> tuple[dict[str, np.ndarray], Any]:
    """Return arrays by name, and the plain values of an optimizer."""
    if not hasattr(optimizer, "param_groups"):
        return {k: np.asarray(v) for k, v in by_place(optimizer.variables).items()}, {}
    state = optimizer.state_dict()
    arrays, plain = {}, {}
    for index, own in state["state"].items():
        for key, value in own.items():
            if hasattr(value, "detach"):
                arrays[f"{index}.{key}"] = value.detach().cpu().numpy()
            else:
                plain[f"{index}.{key}"] = value
    return arrays, {"plain": plain, "groups": state["param_groups"]}


def set_optimizer(
    optimizer: Any, arrays: Mapping[str, np.ndarray], plain: Any, folder: Path
) -> None:
    """Give an optimizer its state.

    Raises:
        DataError: It is that of another optimizer.
        RequestError: One of Keras has not been built.
    """
    if not hasattr(optimizer, "param_groups"):
        if not optimizer.built:
            raise RequestError(
                "Build the optimizer first: optimizer.build(model.trainable_variables)."
            )
        own = by_place(optimizer.variables)
        check_fit(arrays, {k: tuple(v.shape) for k, v in own.items()}, "optimizer")
        fill(own, arrays)
        return
    import torch

    state: dict[int, dict[str, Any]] = {}
    try:
        for name, value in [*arrays.items(), *plain["plain"].items()]:
            index, _, key = name.partition(".")
            tensor = isinstance(value, np.ndarray)
            state.setdefault(int(index), {})[key] = torch.from_numpy(value) if tensor else value
        optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder} is of another optimizer: {error}.") from error
