"""How the weights of each kind of layer go over from torch to Keras and back.

One rule per kind of layer, none per architecture:

    Linear, Conv               axes in another order; depthwise (C * m, 1, *k) and (*k, C, m)
    Embedding, norms           as they are, under other words; a batch norm has its moments, too
    RNN, LSTM                  gates i, f, g, o on both; torch adds two biases, Keras has one: their
                               sum goes over, and comes back as bias_ih beside a bias_hh of zero
    GRU                        gates r, z, n in torch and z, r, n in Keras; two biases on both
    a page's own parameter     as it is
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.errors import DataError

if TYPE_CHECKING:
    from torch import nn

# Torch counts the batches that a norm has seen, but reads the count only where momentum is None.
COUNTER = "num_batches_tracked"


def transfers(page: "nn.Module") -> Iterator[tuple[str, list[str], "Rule"]]:
    """Walk the page: full Keras name, full torch names and rule of every weight."""
    for path, module in page.named_modules(remove_duplicate=False):
        stem = f"{path}." if path else ""
        for rule in rules(path, module):
            yield stem + rule.keras_name, [stem + name for name in rule.torch_names], rule


class Rule(NamedTuple):
    """How one Keras weight of a layer is made from its torch weights, and taken apart again."""

    torch_names: tuple[str, ...]
    keras_name: str
    over: Callable[..., np.ndarray]
    back: Callable[[np.ndarray], tuple[np.ndarray, ...]]


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
        f"Layer {path or 'of the model'} is {module}, whose weights have no facing form in Keras. "
        "Build it from layers of one direction that bakeoff's design names (Linear, Conv, LSTM, "
        "...), or add a rule to bakeoff.train.weight_rules.rules."
    )
