"""Weights on disk, and across frameworks: one rule per kind of layer, none per architecture.

A weight is named by its attribute path on the page and the framework's own word for it:
torch `forwards.0.weight_ih_l0`, Keras `forwards.0.kernel`. (Keras' own variable paths count up
per process, so they name nothing.) Facing pages have the same attributes, so a rule needs to
know only the layer it stands on:

    Linear, Conv               axes in another order; depthwise (C * m, 1, *k) and (*k, C, m)
    Embedding, norms           as they are, under other words; a batch norm has its moments, too
    RNN, LSTM                  gates i, f, g, o on both; torch adds two biases, Keras has one: their
                               sum goes over, and comes back as bias_ih beside a bias_hh of zero
    GRU                        gates r, z, n in torch and z, r, n in Keras; two biases on both
    a page's own parameter     as it is
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from bakeoff.errors import DataError, RequestError

if TYPE_CHECKING:
    from torch import nn

Weights = dict[str, np.ndarray]

# Torch counts the batches that a norm has seen, but reads the count only where momentum is None.
COUNTER = "num_batches_tracked"


def convert(
    weights: str | Path | Mapping[str, Any],
    page: "nn.Module | tuple[str, Mapping[str, Any]]",
    to: Literal["torch", "tensorflow", "jax"],
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
    if to not in ("torch", "tensorflow", "jax"):
        raise RequestError(f"to={to!r} is no framework. Say 'torch', 'tensorflow' or 'jax'.")
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
    check_fit(state, shapes_of(page), "torch page")
    return {
        keras_name: np.array(rule.over(*(state[name] for name in torch_names)), order="C")
        for keras_name, torch_names, rule in transfers(page)
    }


def to_torch(state: Mapping[str, np.ndarray], page: "nn.Module") -> Weights:
    """Turn the weights of a Keras page into those of its facing torch page."""
    example = arrays(page.state_dict())
    check_fit(state, {k: v.shape for k, v in to_keras(example, page).items()}, "Keras page")
    for keras_name, torch_names, rule in transfers(page):
        parts = rule.back(state[keras_name])
        example |= {k: np.array(v, order="C") for k, v in zip(torch_names, parts, strict=True)}
    return example


class Rule(NamedTuple):
    """How one Keras weight of a layer is made from its torch weights, and taken apart again."""

    torch_names: tuple[str, ...]
    keras_name: str
    over: Callable[..., np.ndarray]
    back: Callable[[np.ndarray], tuple[np.ndarray, ...]]


def transfers(page: "nn.Module") -> Iterator[tuple[str, list[str], Rule]]:
    """Walk the page: full Keras name, full torch names and rule of every weight."""
    for path, module in page.named_modules(remove_duplicate=False):
        stem = f"{path}." if path else ""
        for rule in rules(path, module):
            yield stem + rule.keras_name, [stem + name for name in rule.torch_names], rule


def rules(path: str, module: "nn.Module") -> list[Rule]:
    """Return the rules for the weights that this module itself holds, not its children."""
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm

    held = [name for name in module.state_dict() if "." not in name and name != COUNTER]
    if not held:
        return []
    if isinstance(module, nn.RNNBase):
        return recurrent_rules(path, module)
    if isinstance(module, nn.Linear):
        known = [turned("weight", "kernel", (1, 0)), same("bias", "bias")]
    elif isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        known = [kernel_rule(module), same("bias", "bias")]
    elif isinstance(module, nn.Embedding):
        known = [same("weight", "embeddings")]
    elif isinstance(module, nn.LayerNorm | nn.GroupNorm | _BatchNorm):
        known = [same("weight", "gamma"), same("bias", "beta")]
        known += [same("running_mean", "moving_mean"), same("running_var", "moving_variance")]
    elif type(module).__module__.startswith("torch."):
        raise unknown_kind(path, module)
    else:  # a part of the page, with parameters of its own
        known = [same(name, name) for name in held]
    return [rule for rule in known if rule.torch_names[0] in held]


def recurrent_rules(path: str, module: "nn.RNNBase") -> list[Rule]:
    """Return the rules of one RNN, LSTM or GRU of one layer and one direction."""
    from torch import nn

    if module.num_layers > 1 or module.bidirectional or module.proj_size or not module.bias:
        raise unknown_kind(path, module)
    biases = ("bias_ih_l0", "bias_hh_l0")
    if not isinstance(module, nn.GRU):
        return [
            turned("weight_ih_l0", "kernel", (1, 0)),
            turned("weight_hh_l0", "recurrent_kernel", (1, 0)),
            Rule(biases, "bias", np.add, lambda bias: (bias, np.zeros_like(bias))),
        ]
    return [
        Rule(("weight_ih_l0",), "kernel", lambda w: swap(w).T, lambda k: (swap(k.T),)),
        Rule(("weight_hh_l0",), "recurrent_kernel", lambda w: swap(w).T, lambda k: (swap(k.T),)),
        Rule(
            biases,
            "bias",
            lambda of_input, of_state: np.stack([swap(of_input), swap(of_state)]),  # (2, 3H)
            lambda bias: (swap(bias[0]), swap(bias[1])),
        ),
    ]


def swap(weight: np.ndarray) -> np.ndarray:
    """Exchange the first two of the three gates that lie along the first axis."""
    first, second, third = np.split(weight, 3)
    return np.concatenate([second, first, third])


def kernel_rule(module: Any) -> Rule:
    """Return the rule for the kernel of a convolution over any number of dimensions."""
    channels, sizes = module.in_channels, module.kernel_size
    places = range(2, 2 + len(sizes))
    if module.groups == 1 or module.groups != channels:
        return turned("weight", "kernel", (*places, 1, 0))
    depthwise = turned("weight", "kernel", (*places, 0, 1))
    return depthwise._replace(
        over=lambda weight: depthwise.over(weight.reshape(channels, -1, *sizes)),
        back=lambda kernel: (depthwise.back(kernel)[0].reshape(-1, 1, *sizes),),
    )


def same(torch_name: str, keras_name: str) -> Rule:
    """Carry a weight over as it is."""
    return Rule((torch_name,), keras_name, lambda weight: weight, lambda weight: (weight,))


def turned(torch_name: str, keras_name: str, axes: tuple[int, ...]) -> Rule:
    """Carry a weight over with its axes in this order."""
    inverse = np.argsort(axes)
    return Rule(
        (torch_name,), keras_name, lambda w: w.transpose(axes), lambda k: (k.transpose(inverse),)
    )


def unknown_kind(path: str, module: Any) -> DataError:
    """Say that a layer has no facing layer."""
    return DataError(
        f"Layer {path or 'of the page'} is {module}, whose weights have no facing form in Keras. "
        "Build it from layers of one direction that bakeoff's design names (Linear, Conv, LSTM, "
        "...), or add a rule to bakeoff.train.weights.rules."
    )


def torch_page(name: str, arguments: Mapping[str, Any]) -> "nn.Module":
    """Build the torch page of a catalogue row."""
    from bakeoff.catalog import find, load

    row = find(name)
    if row.role == "baseline":
        raise RequestError(f"{name!r} is a baseline, whose weights belong to no framework.")
    page: nn.Module = load(row, "torch")(**{**row.defaults, **arguments})
    return page


def save_weights(model: Any, path: str | Path) -> None:
    """Write every weight of a built torch or Keras page to a safetensors file."""
    from safetensors.numpy import save_file

    save_file(get_weights(model), path)


def load_weights(model: Any, path: str | Path) -> None:
    """Read the file of save_weights into a page of the same framework and arguments.

    Raises:
        DataError: The file holds other weights than the page, by name or by shape.
    """
    set_weights(model, read_weights(path))


def read_weights(path: str | Path) -> Weights:
    """Read a safetensors file: weight name -> array."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is no whole safetensors file ({error}). Save it again.") from error


def get_weights(model: Any) -> Weights:
    """Copy the weights of a torch or Keras page: weight name -> array."""
    return keras_weights(model) if is_keras(model) else arrays(model.state_dict())


def set_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Put weights into a torch or Keras page, in place."""
    if is_keras(model):
        set_keras_weights(model, weights)
        return
    import torch

    check_fit(weights, shapes_of(model), "torch page")
    model.load_state_dict({name: torch.from_numpy(np.array(w)) for name, w in weights.items()})


def keras_weights(model: Any) -> Weights:
    """Copy the weights of a Keras page, running moments included: weight name -> array."""
    return {name: np.array(v.numpy()) for name, v in keras_variables(model)}


def set_keras_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Put weights into a Keras page, in place."""
    variables = dict(keras_variables(model))
    check_fit(weights, {k: tuple(v.shape) for k, v in variables.items()}, "Keras page")
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
    complaints = [f"{name} is missing" for name in shapes if name not in state]
    complaints += [f"{name} belongs to no layer" for name in state if name not in shapes]
    complaints += [
        f"{name} has the shape {tuple(state[name].shape)} instead of {tuple(shape)}"
        for name, shape in shapes.items()
        if name in state and tuple(state[name].shape) != tuple(shape)
    ]
    if complaints:
        more = f" and {len(complaints) - 5} more" if len(complaints) > 5 else ""
        raise DataError(
            f"These weights are not those of the {owner}: {'; '.join(complaints[:5])}{more}. "
            "Build the page with the arguments that the weights were trained with."
        )
