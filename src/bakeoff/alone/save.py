"""A model and its optimizer on disk: safetensors and JSON, nothing that could run code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.documents import array_shapes, read_arrays, reading, write_text
from bakeoff.errors import DataError, RequestError
from bakeoff.train.weights import save_arrays

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
    save_arrays(arrays_of(model), folder / "model.safetensors")
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
    fill(arrays_of(model, copied=False), read_arrays(folder / "model.safetensors"), folder)
    if optimizer is not None:
        array_shapes(folder / "optimizer.safetensors")
        set_optimizer(optimizer, read_arrays(folder / "optimizer.safetensors"), plain, folder)
    return epoch


def arrays_of(owner: Any, *, copied: bool = True) -> dict[str, Any]:
    """Return the weights of a model by name: as arrays, or the variables themselves."""
    if hasattr(owner, "state_dict"):
        state = dict(owner.state_dict())
        return {k: v.detach().cpu().numpy() for k, v in state.items()} if copied else state
    return numbered(owner.variables, copied=copied)


def numbered(variables: Any, *, copied: bool = True) -> dict[str, Any]:
    """Return variables of Keras by their place: their names count up in a process."""
    named = {f"{i}.{variable.name}": variable for i, variable in enumerate(variables)}
    return {k: np.asarray(v) for k, v in named.items()} if copied else named


def fill(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray], folder: Path) -> None:
    """Give variables their values.

    Raises:
        DataError: A name or a shape is another one; nothing is changed.
    """
    for name in sorted(variables.keys() | arrays.keys()):
        mine = tuple(variables[name].shape) if name in variables else None
        stored = arrays[name].shape if name in arrays else None
        if mine != stored:
            raise DataError(
                f"{folder} is of another model: {name} is {stored} there, and {mine} here."
            )
    for name, variable in variables.items():
        value = np.array(arrays[name])
        if hasattr(variable, "assign"):
            variable.assign(value)
        else:
            import torch

            with torch.no_grad():
                variable.copy_(torch.from_numpy(value))


def optimizer_state(optimizer: Any) -> tuple[dict[str, np.ndarray], Any]:
    """Return arrays by name, and the plain values of an optimizer."""
    if not hasattr(optimizer, "param_groups"):
        return {str(i): np.asarray(v) for i, v in enumerate(optimizer.variables)}, {}
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
    """
    if not hasattr(optimizer, "param_groups"):
        if not optimizer.built:
            raise RequestError(
                "Build the optimizer first: optimizer.build(model.trainable_variables)."
            )
        fill({str(i): v for i, v in enumerate(optimizer.variables)}, arrays, folder)
        return
    import torch

    state: dict[int, dict[str, Any]] = {}
    for name, value in [*arrays.items(), *plain["plain"].items()]:
        index, _, key = name.partition(".")
        tensor = isinstance(value, np.ndarray)
        state.setdefault(int(index), {})[key] = torch.from_numpy(value) if tensor else value
    try:
        optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} is of another optimizer: {error}.") from error
