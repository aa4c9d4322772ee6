"""Several networks of one shape as one, so that a step of all costs little more than one of one.

Each layer holds the weights of all networks, one behind the other, and multiplies by all of them in
one call. A batch holds the rows of the first network, then those of the second, and so on: what
acts on every row by itself stays as the page has it, and so does its `forward`.

Dimensions: K networks, B rows of each, F and H features before and after a layer.
"""

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.torch_models.dropout import drop
from bakeoff.torch_models.mlp import Periodic
from bakeoff.torch_models.recurrent import is_plain, read_several


def stacked(networks: Sequence[nn.Module], generators: list[torch.Generator]) -> nn.Module:
    """Return a page that is all of these networks.

    Args:
        networks: Of one page, built with the same arguments.
        generators: Draw what dropout drops, those of each network.

    Raises:
        ValueError: The page has a part that cannot be stacked.

    Example:
        >>> layers = [nn.Linear(3, 2) for _ in range(4)]
        >>> stacked(layers, [torch.Generator() for _ in layers])(torch.zeros(4 * 5, 3)).shape
        torch.Size([20, 2])
    """
    twin = nn.ModuleList([deepcopy(networks[0])])  # a list, since the page may be one layer
    for name, part in [*networks[0].named_modules()]:
        parts = [network.get_submodule(name) for network in networks]
        kind = LAYERS.get(type(part))
        if kind is not None and (not isinstance(part, nn.RNN | nn.GRU) or is_plain(part)):
            twin.set_submodule(f"0.{name}" if name else "0", kind(parts, generators))
        elif [*part.parameters(recurse=False), *part.buffers(recurse=False)]:
            raise ValueError(f"{name or 'the page'}, a {type(part).__name__}, cannot be stacked.")
    return twin[0]


def narrow(twin: nn.Module, generators: list[torch.Generator], places: list[int]) -> None:
    """Leave some of the networks in a stack, by their places in it."""
    for weight in twin.parameters():
        weight.data, weight.grad = weight.data[places], None
    generators[:] = [generators[place] for place in places]


def weights_at(twin: nn.Module, place: int) -> Iterator[tuple[str, Tensor]]:
    """Yield names and weights of one network of a stack, named as on its page."""
    for name, weight in twin.state_dict().items():
        yield name, weight[place]


class StackedLayer(nn.Module):
    """A layer that holds the weights of K, under their names.

    Args:
        parts: The layer of each network.
        generators: Draw what dropout drops.
    """

    def __init__(self, parts: Sequence[nn.Module], generators: list[torch.Generator]) -> None:
        super().__init__()
        self.part, self.generators = (deepcopy(parts[0]).train(),), generators  # no part of ours
        for name, weight in parts[0].named_parameters(recurse=False):
            own = torch.stack([part.get_parameter(name).detach() for part in parts])
            self.register_parameter(name, nn.Parameter(own, weight.requires_grad))

    def by_network(self, x: Tensor) -> Tensor:
        """Part the rows of each network: (K * B, ...) -> (K, B, ...)."""
        return x.unflatten(0, (len(self.generators), -1))


class StackedLinear(StackedLayer):
    """`nn.Linear` of K networks."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply: (K * B, ..., F) -> (K * B, ..., H)."""
        rows = self.by_network(x).flatten(1, -2)  # (K, B * ..., F)
        turned = self.weight.transpose(1, 2)
        if self.bias is None:
            return torch.bmm(rows, turned).view(*x.shape[:-1], -1)
        return torch.baddbmm(self.bias[:, None], rows, turned).view(*x.shape[:-1], -1)


class StackedEmbedding(StackedLayer):
    """`nn.Embedding` of K networks."""

    def forward(self, x: Tensor) -> Tensor:
        """Look up: (K * B, ...) int -> (K * B, ..., F)."""
        num_networks, size, _ = self.weight.shape
        first = torch.arange(0, num_networks * size, size).view(-1, *[1] * x.ndim)
        places = (self.by_network(x) + first).flatten(0, 1)
        return F.embedding(places, self.weight.flatten(0, 1))


class StackedLayerNorm(StackedLayer):
    """`nn.LayerNorm` of K networks."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise: (K * B, ..., F) -> the same."""
        (part,) = self.part
        own = (len(self.generators), *[1] * (x.ndim - 1), x.shape[-1])
        x = self.by_network(F.layer_norm(x, part.normalized_shape, eps=part.eps))
        return (x * self.weight.view(own) + self.bias.view(own)).flatten(0, 1)


class StackedPeriodic(StackedLayer):
    """`Periodic` of K networks."""

    def __init__(self, parts: Sequence[Periodic], generators: list[torch.Generator]) -> None:
        super().__init__(parts, generators)
        self.linear = StackedLinear([part.linear for part in parts], generators)

    def forward(self, x: Tensor) -> Tensor:
        """Embed: (K * B, F) -> (K * B, F * E)."""
        values = self.by_network(x)[..., None]  # (K, B, F, 1)
        angles = 2 * math.pi * self.frequencies[:, None] * values  # (K, B, F, Q)
        waves = torch.cat([angles.cos(), angles.sin()], -1).flatten(0, 1)
        return F.relu(self.linear(waves)).flatten(1)


class StackedReader(StackedLayer):
    """`nn.RNN` or `nn.GRU` of K networks."""

    def __init__(self, parts: Sequence[nn.Module], generators: list[torch.Generator]) -> None:
        super().__init__(parts, generators)
        self.hidden_size = self.part[0].hidden_size  # pages ask for it

    def forward(self, x: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Read: (K * B, T, F), (1, K * B, H) -> (K * B, T, H), (1, K * B, H)."""
        x, first = self.by_network(x), self.by_network(start[0])
        states, end = read_several(*self.part, x, first, *self.parameters())
        return states.flatten(0, 1), end.flatten(0, 1)[None]


class StackedDropout(StackedLayer):
    """`nn.Dropout` of K networks, each of which drops what it would alone."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop: (K * B, ...) -> the same."""
        (part,) = self.part
        if not self.training or not part.p:
            return x
        parts = zip(self.by_network(x), self.generators, strict=True)
        return torch.cat([drop(part, own, generator) for own, generator in parts])


LAYERS = {
    nn.Linear: StackedLinear,
    nn.Embedding: StackedEmbedding,
    nn.LayerNorm: StackedLayerNorm,
    nn.Dropout: StackedDropout,
    nn.RNN: StackedReader,
    nn.GRU: StackedReader,
    Periodic: StackedPeriodic,
}
