"""Weights on disk, and across frameworks.

A weight is named by its attribute path on the page and the framework's own word for it:
torch `forwards.0.weight_ih_l0`, Keras `forwards.0.kernel`. (Keras' own variable paths count up
per process, so they name nothing.) Facing pages have the same attributes, so what goes over is
decided by the kind of each layer alone: see `weight_rules.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.catalog import FRAMEWORKS, Framework, find, load
from bakeoff.cut import cut
from bakeoff.documents import read_arrays, writing
from bakeoff.errors import DataError, RequestError, option, unknown
from bakeoff.train.weight_rules import transfers

if TYPE_CHECKING:
    from torch import nn

Weights = dict[str, np.ndarray]


def convert(
    weights: str | Path | Mapping[str, Any],
    page: "nn.Module | tuple[str, Mapping[str, Any]]",
    to: Framework,
) -> Weights:
    """Rename and rearrange weights for the facing page in another framework.

    Args:
        weights: A safetensors file or name -> array, from torch or from Keras. Weights that are
            laid out for `to` already (from tensorflow to jax, say) come back as they are.
        page: The torch page that the weights belong to, or its name and constructor arguments.
        to: The framework that is to read the result; tensorflow and jax are both Keras.

    Returns:
        Weight name -> array, as set_weights of the facing page expects them.

    Raises:
        DataError: A weight is missing, left over, or of another shape than on the page.

    Example:
        >>> from bakeoff.torch_models.lstm import LSTM
        >>> arguments = {"in_features": 8, "out_features": 3}
        >>> state = LSTM(**arguments).state_dict()
        >>> convert(state, ("lstm", arguments), to="tensorflow")["head.kernel"].shape
        (64, 3)
    """
    if to not in FRAMEWORKS:
        raise RequestError(unknown("framework", to, FRAMEWORKS, where=option("to")))
    if isinstance(page, tuple):
        page = torch_page(*page)
    state = read_weights(weights) if isinstance(weights, str | Path) else arrays(weights)
    from_torch = state.keys() == page.state_dict().keys()
    from_keras = state.keys() == {keras_name for keras_name, *_ in transfers(page)}
    if to == "torch":
        return state if from_torch else to_torch(state, page)
    return state if from_keras else to_keras(state, page)


def to_keras(state: Mapping[str, np.ndarray], page: "nn.Module") -> Weights:
    """Turn the weights of a torch page into those of its facing Keras page."""
    check_fit(state, shapes_of(page), "torch model")
    return {
        keras_name: np.array(rule.over(*(state[name] for name in torch_names)), order="C")
        for keras_name, torch_names, rule in transfers(page)
    }


def to_torch(state: Mapping[str, np.ndarray], page: "nn.Module") -> Weights:
    """Turn the weights of a Keras page into those of its facing torch page."""
    example = arrays(page.state_dict())
    check_fit(state, {k: v.shape for k, v in to_keras(example, page).items()}, "Keras model")
    for keras_name, torch_names, rule in transfers(page):
        parts = rule.back(state[keras_name])
        example |= {k: np.array(v, order="C") for k, v in zip(torch_names, parts, strict=True)}
    return example


def torch_page(name: str, arguments: Mapping[str, Any]) -> "nn.Module":
    """Build the torch page of a catalogue row."""
    row = find(name)
    if row.role == "baseline":
        raise RequestError(f"{name!r} is a baseline, whose weights belong to no framework.")
    page: nn.Module = load(row, "torch")(**{**row.defaults, **arguments})
    return page


def save_weights(model: Any, path: str | Path) -> None:
    """Write every weight of a built torch or Keras page to a safetensors file."""
    save_arrays(get_weights(model), path)


def save_arrays(
    weights: Mapping[str, np.ndarray],
    path: str | Path,
    *,
    header: Mapping[str, str] | None = None,
) -> None:
    """Write named arrays to a safetensors file: a view, too, in the order of its axes.

    Args:
        weights: The arrays.
        path: Of the file.
        header: Texts that go with them.

    Raises:
        RunError: It cannot be written.
    """
    from safetensors.numpy import save_file

    ordered = {name: np.asarray(array, order="C") for name, array in weights.items()}
    with writing(Path(path)) as draft:
        save_file(ordered, draft, dict(header) if header else None)


def load_weights(model: Any, path: str | Path) -> None:
    """Read the file of save_weights into a page of the same framework and arguments.

    Raises:
        DataError: The file holds other weights than the page, by name or by shape.
    """
    set_weights(model, read_weights(path))


def read_weights(path: str | Path) -> Weights:
    """Read a safetensors file: weight name -> array."""
    return read_arrays(Path(path))


def get_weights(model: Any) -> Weights:
    """Copy the weights of a torch or Keras page: weight name -> array."""
    return keras_weights(model) if is_keras(model) else arrays(model.state_dict())


def set_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Put weights into a torch or Keras page, in place."""
    if is_keras(model):
        set_keras_weights(model, weights)
        return
    import torch

    check_fit(weights, shapes_of(model), "torch model")
    model.load_state_dict({name: torch.from_numpy(np.array(w)) for name, w in weights.items()})


def keras_weights(model: Any) -> Weights:
    """Copy the weights of a Keras page, running moments included: weight name -> array."""
    return {name: np.array(v.numpy()) for name, v in keras_variables(model)}


def set_keras_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Put weights into a Keras page, in place."""
    variables = dict(keras_variables(model))
    check_fit(weights, {k: tuple(v.shape) for k, v in variables.items()}, "Keras model")
    for name, variable in variables.items():
        variable.assign(weights[name])


def keras_variables(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk the attributes of a Keras page down to Keras' own layers: weight name, variable."""
    import keras

    if isinstance(part, keras.Variable):
        yield path, part
        return
    stem = f"{path}." if path else ""
    if isinstance(part, list | tuple):
        children: Iterable[tuple[Any, Any]] = enumerate(part)
    elif isinstance(part, dict):
        children = part.items()
    elif not isinstance(part, keras.layers.Layer):
        return
    elif type(part).__module__.startswith("keras."):
        children = ((variable.name, variable) for variable in part.weights)
    else:
        children = ((name, x) for name, x in vars(part).items() if not name.startswith("_"))
    for name, child in children:
        yield from keras_variables(child, f"{stem}{name}")


def is_keras(model: Any) -> bool:
    """Tell a Keras page from a torch page without importing either framework."""
    return any(kind.__module__.partition(".")[0] == "keras" for kind in type(model).__mro__)


def arrays(state: Mapping[str, Any]) -> Weights:
    """Copy tensors or arrays to NumPy arrays on the CPU."""
    return {
        k: np.array(v.numpy(force=True) if hasattr(v, "detach") else v) for k, v in state.items()
    }


def shapes_of(page: "nn.Module") -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight of a torch page."""
    return {name: tuple(tensor.shape) for name, tensor in page.state_dict().items()}


def check_fit(
    state: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], owner: str
) -> None:
    """Refuse weights whose names or shapes are not exactly those of the page."""
    check_shapes({name: tuple(array.shape) for name, array in state.items()}, shapes, owner)


def check_shapes(
    found: Mapping[str, tuple[int, ...]], shapes: Mapping[str, tuple[int, ...]], owner: str
) -> None:
    """Refuse shapes that are not exactly those of the page.

    Args:
        found: Weight name -> shape, as stored.
        shapes: Weight name -> shape, as built.
        owner: "torch model" or "Keras model", for the message.

    Raises:
        DataError: The first five that differ are named.
    """
    complaints = [f"{name} is missing" for name in shapes if name not in found]
    complaints += [f"{cut(name)} belongs to no layer" for name in found if name not in shapes]
    complaints += [
        f"{name} has the shape {found[name]} instead of {tuple(shape)}"
        for name, shape in shapes.items()
        if name in found and found[name] != tuple(shape)
    ]
    if complaints:
        more = f" and {len(complaints) - 5} more" if len(complaints) > 5 else ""
        raise DataError(
            f"These weights are not those of the {owner}: {'; '.join(complaints[:5])}{more}. "
            "Build the model with the arguments that the weights were trained with."
        )
