"""Network: several inputs, an encoder for each, joined and read by one head per target.

    v_i = encoder_i(x_i)                                what each input says
    h   = [v_1, v_2, ...]                               concatenate
    h   = sum_i a(W_i v_i)                              sum
    h   = sum_i z_i * tanh(W_i v_i),                    gated: each value of h is a mean over the
          z = softmax over i of (W_z [v_1, v_2, ...])   inputs, weighted for every example anew
    y_k = W_k a(W_h h + b_h) + b_k                      dense layers, if any, and a head per target
    y_k = W_k mean(part) + b_k                          inner: a target that reads a part within
    y   = 1/2 - |v_1 - v_2|                             distance: of two inputs, no head

Source: Ngiam et al., "Multimodal Deep Learning", 2011 (joined encoders); Arevalo et al., "Gated
Multimodal Units for Information Fusion", 2017 (gated); Hadsell et al., "Dimensionality Reduction by
Learning an Invariant Mapping", 2006 (distance). Where we differ: from the first, encoders learn
with the heads from the start, not alone before them; from the second, softmax over any number of
inputs, in place of one sigmoid that weighs two. Sum, and several targets, are ours.

Dimensions: B examples, T time steps, V values of all encoders, W width of h, C outputs of a target.
"""

import difflib
from collections.abc import Callable, Iterable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
}
INITIALIZATIONS = (
    "auto",
    "uniform",
    "normal",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
)
TINY = 1e-12  # below a root: its slope at 0 is infinite
OPTIONAL = ("lengths", "categories")  # arrays that an encoder may take beside its input


class Network(nn.Module):
    """Join what several encoders say of one example, and predict one or more targets from it.

    Args:
        encoders: Input name -> page built with out_features=0; with per_step=True, too, if it is
            to be read step by step.
        heads: Target name -> C, its outputs.
        shared: Name of a further input -> the input whose encoder reads it as well.
        fusion: concatenate, sum, gated, or distance: how near two inputs are, which the one target
            of one output is told by; their encoder is shared, as a rule.
        width: W, when fusion is sum or gated.
        per_step: Names of the targets that are predicted at every time step: there, an encoder
            of one vector says the same at each step. Other targets read the mean of the real steps:
            of several inputs with lengths, the steps that are real in all of them.
        inner: Target name -> the part that its head reads in place of the last features, by
            attribute path: "encoders.0.blocks.0". Of a part with positions or steps the mean.
        head_sizes: Widths of the dense layers between the fusion and the heads.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        dropout: Probability of zeroing a value before each dense layer and before the heads.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.

    Shape:
        x: input name -> array as its encoder takes it, and, where an encoder takes them,
        "<name>.lengths" (B,) int and "<name>.categories" (B, K) int -> target name -> (B, C)
        float scores, (B, T, C) if in per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No encoder or no head, a word that is not listed above, a per_step target
            without an encoder of steps, a part that there is not, or a distance of other than two
            inputs; when called, an input too few or too many, an encoder that has a head, or inputs
            of several numbers of steps.

    Example:
        >>> class Halve(nn.Module):  # any page built with out_features=0 will do
        ...     num_features = 4
        ...     def forward(self, x):
        ...         return x / 2
        >>> model = Network({"left": Halve()}, {"price": 1, "kind": 3}, shared={"right": "left"})
        >>> scores = model({"left": torch.zeros(2, 4), "right": torch.zeros(2, 4)})
        >>> scores["kind"].shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        encoders: dict[str, Callable],
        heads: dict[str, int],
        *,
        shared: dict[str, str] | None = None,
        fusion: str = "concatenate",
        width: int = 64,
        per_step: tuple[str, ...] = (),
        inner: dict[str, str] | None = None,
        head_sizes: tuple[int, ...] = (),
        activation: str = "relu",
        leaky_slope: float = 0.01,
        dropout: float = 0.0,
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
    ) -> None:
        super().__init__()
        if not encoders or not heads:
            raise ValueError("A network needs an encoder and a head at least.")
        if min(*heads.values(), *head_sizes, width) < 1:
            raise ValueError(f"{heads=}, {head_sizes=}, {width=}: sizes are 1 or more.")
        self.sources = {name: i for i, name in enumerate(encoders)}  # input -> its encoder
        for name, other in (shared or {}).items():
            self.sources[name] = self.sources[choose("shared", other, encoders)]
        self.targets = tuple(heads)
        self.per_step = tuple(choose("per_step", name, heads) for name in per_step)
        if per_step and not any(getattr(page, "per_step", False) for page in encoders.values()):
            raise ValueError(f"{per_step=} needs an encoder that is built with per_step=True.")
        self.fusion = choose("fusion", fusion, ("concatenate", "sum", "gated", "distance"))
        self.activation = activation_of(activation, leaky_slope)
        self.encoders = nn.ModuleList(encoders.values())
        widths = [self.encoders[i].num_features for i in self.sources.values()]
        self.project = nn.ModuleList()
        self.gate = None
        if fusion == "distance":
            check_distance(widths, heads)
        elif fusion == "concatenate":
            width = sum(widths)
        else:
            for features in widths:
                self.project.append(nn.Linear(features, width))
        for linear in self.project:
            initialize(
                linear,
                initialization,
                fan,
                "tanh" if fusion == "gated" else activation,
                initial_width,
            )
        if fusion == "gated":
            self.gate = nn.Linear(sum(widths), len(widths) * width)
            initialize(self.gate, initialization, fan, "none", initial_width)
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        for linear in self.dense:
            initialize(linear, initialization, fan, activation, initial_width)
        self.dropout = nn.Dropout(dropout)
        self.inner = {choose("inner", name, heads): path for name, path in (inner or {}).items()}
        self.seen = {}  # target -> what its part has just returned
        self.heads = nn.ModuleList()
        for name, size in heads.items() if fusion != "distance" else ():
            features = width
            if name in self.inner:
                part = part_at(self, self.inner[name])
                part.register_forward_hook(partial(self.see, name))
                features = width_of(part)
            self.heads.append(nn.Linear(features, size))
        for linear in self.heads:
            initialize(linear, initialization, fan, "none", initial_width)

    def forward(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        """Score each example: input name -> array, to target name -> scores."""
        check_inputs(x, self.sources)
        values = []
        lengths = []  # of each input that has any
        for name, i in self.sources.items():
            encoder = self.encoders[i]
            given = {k: x[f"{name}.{k}"] for k in OPTIONAL if f"{name}.{k}" in x}
            v = encoder(x[name], **given)  # (B, V_i) or (B, T, V_i)
            if v.shape[-1] != encoder.num_features:
                raise ValueError(f"The encoder of {name!r} has a head: give it out_features=0.")
            if v.ndim == 3 and "lengths" in given:
                lengths.append(given["lengths"])
            values.append(v)
        within = {name: self.read(name, x) for name in self.inner}
        return self.score(values, lengths, within)

    def see(self, target: str, part: nn.Module, given: tuple, output: Tensor | tuple) -> None:
        """Keep what a part returns, for the head of a target; of several outputs the first."""
        self.seen[target] = output[0] if isinstance(output, tuple) else output

    def read(self, target: str, x: dict[str, Tensor]) -> Tensor:
        """Return the mean of what the part of a target has returned: (B, ...) -> (B, W)."""
        head = self.heads[self.targets.index(target)]
        v, width = self.seen.pop(target, None), head.in_features
        if v is None:
            raise ValueError(f"inner: {self.inner[target]} is not called by itself. Name another.")
        if has_channels_first(part_at(self, self.inner[target]), v.ndim):
            v = v.movedim(1, -1)
        if v.shape[-1] != width:
            raise ValueError(f"inner: {self.inner[target]} returns {tuple(v.shape)}.")
        if v.ndim == 2:
            return v
        v = v.flatten(1, -2)  # (B, positions, W)
        steps = {name: x[name].shape[1] for name in self.sources if f"{name}.lengths" in x}
        real = [  # as many of the positions as of the steps
            (x[f"{name}.lengths"] * v.shape[1] // length).clamp_min(1)
            for name, length in steps.items()
            if self.inner[target].startswith(f"encoders.{self.sources[name]}.")
        ]
        return average(v, real[:1])

    def score(
        self, values: list[Tensor], lengths: list[Tensor], within: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Fuse what the encoders say, (B, V_i) or (B, T, V_i) each, and score the targets."""
        h = self.fuse(at_every_step(values))  # (B, W) or (B, T, W)
        if self.fusion == "distance":
            nearness = 0.5 - h  # (B, 1) or (B, T, 1)
            return {self.targets[0]: average(nearness, lengths) if h.ndim == 3 else nearness}
        for linear in self.dense:
            h = self.activation(linear(self.dropout(h)))
        h = self.dropout(h)
        pooled = average(h, lengths) if h.ndim == 3 else h  # (B, W)
        scores = {}
        for name, head in zip(self.targets, self.heads, strict=True):
            features = h if name in self.per_step else pooled
            scores[name] = head(self.dropout(within[name]) if name in within else features)
        return scores

    def fuse(self, values: list[Tensor]) -> Tensor:
        """Make one vector of several: (..., V_i) each -> (..., W)."""
        if self.fusion == "concatenate":
            return torch.cat(values, -1)
        if self.fusion == "distance":
            squares = (values[0] - values[1]).square().sum(-1, keepdim=True)
            return (squares + TINY).sqrt()  # (..., 1)
        parts = [linear(v) for linear, v in zip(self.project, values, strict=True)]  # (..., W) each
        if self.gate is None:
            return sum(self.activation(part) for part in parts)
        h = torch.stack(parts, -2).tanh()  # (..., inputs, W)
        z = self.gate(torch.cat(values, -1))  # (..., inputs * W)
        z = z.view(h.shape).softmax(-2)  # (..., inputs, W)
        return (z * h).sum(-2)


def part_at(page: nn.Module, path: str) -> nn.Module:
    """Return the part of a page at an attribute path, such as "encoders.0.blocks.0"."""
    parts = dict(page.named_modules())
    if path not in parts or not path:
        choose("inner", path, [name for name in parts if name])
    return parts[path]


def has_channels_first(part: nn.Module, ndim: int) -> bool:
    """Tell whether a part returns (B, W, ...), as convolutions do, and not (B, ..., W)."""
    kinds = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
    return ndim in kinds and any(isinstance(layer, kinds[ndim]) for layer in part.modules())


def width_of(part: nn.Module) -> int:
    """Return how many values a part returns for an example, or for each position of it."""
    words = ("out_features", "out_channels", "hidden_size", "num_features", "num_channels")
    for layer in reversed([*part.modules()]):
        for word in words:
            if isinstance(getattr(layer, word, None), int):
                return getattr(layer, word)
        if isinstance(layer, nn.LayerNorm):
            return layer.normalized_shape[-1]
    raise ValueError(f"inner: a head can read a part that has weights, and {part} has none.")


def check_distance(widths: list[int], heads: dict[str, int]) -> None:
    """Refuse a distance of other than two inputs of one width, and of other than one output."""
    if len(widths) != 2 or widths[0] != widths[1] or list(heads.values()) != [1]:
        raise ValueError(f"A distance is of two inputs, for one output: not {widths=}, {heads=}.")


def at_every_step(values: list[Tensor]) -> list[Tensor]:
    """Say the same at each step, (B, V) -> (B, T, V), where another encoder has steps."""
    stepwise = [v for v in values if v.ndim == 3]  # (B, T, V_i) each
    if not stepwise:
        return values
    num_steps = stepwise[0].shape[1]
    for v in stepwise:
        if v.shape[1] != num_steps:
            raise ValueError(f"Inputs of {num_steps} and {v.shape[1]} steps cannot be joined.")
    return [v if v.ndim == 3 else v[:, None].expand(-1, num_steps, -1) for v in values]


def average(x: Tensor, lengths: list[Tensor]) -> Tensor:
    """Take the mean of the steps that are real in every input: (B, T, W) -> (B, W)."""
    if not lengths:
        return x.mean(1)
    shortest = torch.stack(lengths).amin(0)  # (B,)
    real = torch.arange(x.shape[1], device=x.device) < shortest[:, None]  # (B, T)
    shares = x.masked_fill(~real[..., None], 0) / shortest[:, None, None]  # (B, T, W)
    return shares.sum(1)  # no sum of values, which half precision cannot hold


def check_inputs(x: dict, names: Iterable[str]) -> None:
    """Refuse a batch that lacks an input, or holds one that no encoder reads."""
    known = [*names, *(f"{name}.{k}" for name in names for k in OPTIONAL)]
    for name in x:
        choose("input", name, known)
    if missing := [name for name in names if name not in x]:
        raise ValueError(f"The batch lacks {', '.join(missing)}: give every encoder its input.")


def activation_of(name: str, leaky_slope: float) -> Callable[[Tensor], Tensor]:
    """Return the activation of this name."""
    choose("activation", name, ACTIVATIONS)
    if name == "leaky_relu":
        return partial(F.leaky_relu, negative_slope=leaky_slope)
    return ACTIVATIONS[name]


def initialize(
    layer: nn.Module,
    initialization: str,
    fan: str,
    activation: str,
    initial_width: float = 0.05,
) -> None:
    """Draw the weight of a linear layer or convolution, and zero its bias."""
    choose("initialization", initialization, INITIALIZATIONS)
    choose("fan", fan, ("in", "out"))
    gain = 1 if activation in ("tanh", "sigmoid", "none") else 2  # relu halves the variance
    if initialization == "auto":
        initialization = "xavier_uniform" if gain == 1 else "kaiming_uniform"
    groups = getattr(layer, "groups", 1)  # in a depthwise convolution as many as channels
    fan_in = layer.weight[0].numel()
    fan_out = layer.weight[:, 0].numel() // groups
    if initialization.startswith("xavier"):
        std = (2 / (fan_in + fan_out)) ** 0.5
    elif initialization.startswith("kaiming"):
        variance = 1 if activation == "none" else 2  # times the fan
        std = (variance / (fan_in if fan == "in" else fan_out)) ** 0.5
    else:
        std = initial_width
    if initialization.endswith("uniform"):
        bound = std * 3**0.5  # uniform numbers of this standard deviation
        nn.init.uniform_(layer.weight, -bound, bound)
    elif initialization.endswith("normal"):
        nn.init.normal_(layer.weight, std=std)
    else:  # orthogonal; a depthwise convolution is one long row
        rows = layer.weight.detach().view(layer.weight.shape[0] // groups, -1)
        nn.init.orthogonal_(rows, gain=(gain * groups) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
