"""CNN1D: blocks of convolution and pooling along a sequence, then dense layers.

    h = pool(a(norm(W * x + b)))      one block: each step reads the window of steps around it
    y = W_y mean(h) + b_y             after the last block: pool all steps, dense layers, scores

Padded steps are zeros to every convolution, and no part of any pooling.

Source: LeCun & Bengio, "Convolutional Networks for Images, Speech, and Time Series", 1995; Kim,
"Convolutional Neural Networks for Sentence Classification", 2014 (text). Where we differ from Kim:
blocks follow one another, his windows of several widths stand side by side; the default is the mean
of all steps, his the maximum; all vectors of words are learned, and no norm of weights is bounded.
A batch norm counts padded steps, too.

Dimensions: B sequences, T time steps, F input features, H channels, C outputs.
"""

import difflib
import math
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
NORMS = {"none": lambda channels: nn.Identity(), "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
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


class CNN1D(nn.Module):
    """Read each sequence with blocks of convolutions, then predict from all steps pooled.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        blocks: Channels of each, or a dict of `channels` (else as before) and arguments marked *.
        kernel_size: * Steps of the window; odd.
        stride: * Steps from one window to the next.
        dilation: * Steps from one value of the window to the next.
        norm: * none, batch or layer (over the channels of each step).
        activation: * relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: * Slope of leaky_relu below zero; its start is that of relu.
        pooling: * max, average or none.
        pool_size: * Steps that become one; the last ones may be fewer.
        final_pooling: average or max over all steps.
        head_sizes: Widths of the dense layers between the blocks and the head.
        dropout: Probability of zeroing a value before each dense layer and before the head.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        initialization: * auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid, the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: * in (Kaiming keeps the values steady) or out (the gradients).
        dense_fan: fan of the dense layers and the head; None: as fan.
        initial_width: * Standard deviation that the uniform and the normal start draw with.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: An unknown word or even kernel_size; when called, x or lengths of other sizes.

    Example:
        >>> CNN1D(in_features=8, out_features=3)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        blocks: tuple[int | dict[str, int | str], ...] = ({"channels": 32}, {"channels": 64}),
        kernel_size: int = 3,
        stride: int = 1,
        dilation: int = 1,
        norm: str = "none",
        activation: str = "relu",
        leaky_slope: float = 0.01,
        pooling: str = "max",
        pool_size: int = 2,
        final_pooling: str = "average",
        head_sizes: tuple[int, ...] = (),
        dropout: float = 0.0,
        feature_dropout: float | None = None,
        initialization: str = "auto",
        fan: str = "in",
        dense_fan: str | None = None,
        initial_width: float = 0.05,
        vocabulary_size: int = 0,
    ) -> None:
        super().__init__()
        if min([in_features, *head_sizes]) < 1:
            raise ValueError(f"{in_features=}, {head_sizes=}: sizes are 1 or more.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.final_pooling = choose("final_pooling", final_pooling, ("average", "max"))
        self.activation = activation_of(activation, leaky_slope)
        defaults = {  # what a block does not say for itself
            "channels": 0,
            "kernel_size": kernel_size,
            "stride": stride,
            "dilation": dilation,
            "norm": norm,
            "activation": activation,
            "pooling": pooling,
            "pool_size": pool_size,
            "leaky_slope": leaky_slope,
            "initialization": initialization,
            "fan": fan,
            "initial_width": initial_width,
        }
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        width = in_features
        self.blocks = nn.ModuleList()
        for i, own in enumerate(blocks):
            if isinstance(own, int):
                own = {"channels": own}
            try:
                for name in own:
                    choose("option", name, defaults)
                block = SequenceBlock(width, **{**defaults, **own})
            except ValueError as error:
                raise ValueError(f"blocks[{i}]: {error}") from None
            self.blocks.append(block)
            width = block.channels
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        for linear in self.dense:
            initialize(linear, initialization, dense_fan or fan, activation, initial_width)
        self.num_features = width
        self.dropout = nn.Dropout(dropout)
        self.feature_dropout = self.dropout
        if feature_dropout is not None:
            self.feature_dropout = nn.Dropout(feature_dropout)
        self.head = nn.Identity()
        if out_features:
            self.head = nn.Linear(width, out_features)
            initialize(self.head, initialization, dense_fan or fan, "none", initial_width)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        x = x.mT  # (B, F, T)
        for block in self.blocks:
            x, lengths = block(x, lengths)  # (B, H, T), T shorter
        if self.final_pooling == "max":
            x = hide(x, lengths, -math.inf).amax(2)  # (B, H)
        elif lengths is None:
            x = x.mean(2)  # (B, H)
        else:
            shares = hide(x, lengths, 0) / lengths[:, None, None]  # (B, H, T)
            x = shares.sum(2)  # (B, H): no sum of values, which half precision cannot hold
        x = self.feature_dropout(x)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)))
        return self.head(x)


class SequenceBlock(nn.Module):
    """Convolve, normalise, activate and pool: (B, H, T) -> (B, H', T'), and the new lengths."""

    def __init__(
        self,
        in_channels: int,
        *,
        channels: int,
        kernel_size: int,
        stride: int,
        dilation: int,
        norm: str,
        activation: str,
        leaky_slope: float,
        pooling: str,
        pool_size: int,
        initialization: str,
        fan: str,
        initial_width: float,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0 or (stride > 1 and dilation > 1):
            raise ValueError(f"{kernel_size=} must be odd, and stride or {dilation=} must be 1.")
        channels = channels or in_channels
        if min(channels, kernel_size, stride, dilation, pool_size) < 1:
            sizes = f"{channels=}, {kernel_size=}, {stride=}, {dilation=}, {pool_size=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        self.channels = channels
        self.stride = stride
        self.activation = activation_of(activation, leaky_slope)
        self.pooling = choose("pooling", pooling, ("max", "average", "none"))
        self.pool_size = 1 if pooling == "none" else pool_size
        self.convolution = nn.Conv1d(
            in_channels,
            channels,
            kernel_size,
            stride=stride,
            padding=dilation * (kernel_size // 2),
            dilation=dilation,
        )
        initialize(self.convolution, initialization, fan, activation, initial_width)
        self.norm = NORMS[choose("norm", norm, NORMS)](channels)

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Read each window of steps: (B, H, T) -> (B, H', T'), and the new lengths."""
        x = self.convolution(hide(x, lengths, 0))  # (B, H', T), T as the stride says
        lengths = shorten(lengths, self.stride)
        x = self.norm(x.mT).mT if isinstance(self.norm, nn.LayerNorm) else self.norm(x)
        x = self.activation(x)
        if self.pooling == "max":
            x = hide(x, lengths, -math.inf)
            x = x[:, :, None]  # (B, H', 1, T): max_pool1d is not exported for any T
            x = F.max_pool2d(x, (1, self.pool_size), ceil_mode=True)[:, :, 0]  # (B, H', T')
        elif self.pooling == "average":
            real = hide(torch.ones_like(x[:, :1]), lengths, 0)  # (B, 1, T): 1 for real steps
            share = F.avg_pool1d(real, self.pool_size, ceil_mode=True)  # (B, 1, T')
            x = F.avg_pool1d(hide(x, lengths, 0), self.pool_size, ceil_mode=True)  # (B, H', T')
            x = x / share.clamp(min=1e-6)
        return x, shorten(lengths, self.pool_size)


def hide(x: Tensor, lengths: Tensor | None, value: float) -> Tensor:
    """Put value into the padding of x (B, H, T)."""
    if lengths is None:
        return x
    real = torch.arange(x.shape[2], device=x.device) < lengths[:, None, None]  # (B, 1, T)
    return x.masked_fill(~real, value)


def shorten(lengths: Tensor | None, steps: int) -> Tensor | None:
    """Count the windows of so many steps, the last one perhaps not full."""
    return None if lengths is None else (lengths + steps - 1) // steps


def check(x: Tensor, lengths: Tensor | None, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    if vocabulary_size:
        fits = x.ndim == 2
        wanted = "(B, T) tokens"
    else:
        fits = x.ndim == 3 and x.shape[2] == in_features
        wanted = f"(B, T, {in_features}) numbers"
    if not fits or x.shape[1] == 0:
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")
    if lengths is not None and lengths.shape != x.shape[:1]:
        raise ValueError(f"lengths are {tuple(lengths.shape)}, but x holds {x.shape[0]} sequences.")
    if vocabulary_size and readable(x) and (x.min() < 0 or x.max() >= vocabulary_size):
        raise ValueError(f"x holds tokens {x.min()} to {x.max()}, not 0 to {vocabulary_size - 1}.")
    if lengths is None or not readable(lengths):
        return
    if lengths.min() < 1 or lengths.max() > x.shape[1]:
        raise ValueError(f"lengths are {lengths.min()} to {lengths.max()}, not 1 to {x.shape[1]}.")


def readable(x: Tensor) -> bool:
    """Tell whether the values of x can be looked at here, and without waiting for a GPU."""
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return False
    try:
        x.flatten()[0].item()
    except RuntimeError:  # under torch.func.vmap, x stands for many tensors
        return False
    return True


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
