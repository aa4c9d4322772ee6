"""CNN: blocks of convolution and pooling over an image, then dense layers.

    h = pool(a(norm(W * x + b)))      one block: each pixel reads the window of pixels around it
    y = W_y flatten(h) + b_y          after the last block: dense layers, then scores

Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998; Yu & Koltun,
"Multi-Scale Context Aggregation by Dilated Convolutions", 2016; Chollet, "Xception", 2017
(separable). Where we differ from the first: relu, max pooling and dense scores are the default, in
place of scaled tanh, averages with a trained gain and radial units, and every channel reads all
channels before it; from the others: no shortcuts around a block, and no identity as a start.

Dimensions: B images, C channels, Y rows and X columns of pixels, O outputs.
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
NORMS = {
    "none": lambda channels: nn.Identity(),
    "batch": nn.BatchNorm2d,
    "layer": lambda channels: nn.GroupNorm(1, channels),
    "instance": lambda channels: nn.GroupNorm(channels, channels),
    "group": lambda channels: nn.GroupNorm(math.gcd(8, channels), channels),
}
POOLINGS = {
    "max": F.max_pool2d,
    "average": F.avg_pool2d,
    "adaptive_max": F.adaptive_max_pool2d,
    "none": lambda x, size: x,
}
CONVOLUTIONS = ("standard", "dilated", "depthwise", "separable")
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


class CNN(nn.Module):
    """Read an image with blocks of convolutions, then score it with dense layers.

    Args:
        in_channels: C of the image: 1 grey, 3 colour.
        image_size: (Y, X), or one int for a square.
        out_features: O, outputs per image; 0 builds no head and returns the features.
        blocks: Channels of each, or a dict of `channels` (else as before) and arguments marked *.
        convolution: * standard, dilated, depthwise (each channel alone), separable (then 1 x 1).
        kernel_size: * Side of the window.
        stride: * Pixels from one window to the next.
        dilation: * Pixels from one value of a window to the next; 0 is 2 for dilated, else 1.
        padding: * same (zeros on all sides, equally: an odd window keeps the size) or valid (none).
        norm: * none, batch, layer (all channels), instance (each) or group (8 groups of them).
        activation: * relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: * Slope of leaky_relu below zero; its start is that of relu.
        pooling: * max, average, adaptive_max or none.
        pool_size: * Side of the square that becomes one pixel; of the result for adaptive_max.
        final_pooling: flatten (all pixels), average or max (of each channel's pixels).
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

    Shape:
        x (B, C, Y, X) float -> (B, O) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or pixels too few for the windows and pooling
            of a block; when called, images of another size.

    Example:
        >>> CNN(1, image_size=28, out_features=10)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: int,
        image_size: int | tuple[int, int],
        out_features: int,
        *,
        blocks: tuple[int | dict[str, int | str], ...] = ({"channels": 32}, {"channels": 64}),
        convolution: str = "standard",
        kernel_size: int = 3,
        stride: int = 1,
        dilation: int = 0,
        padding: str = "same",
        norm: str = "none",
        activation: str = "relu",
        leaky_slope: float = 0.01,
        pooling: str = "max",
        pool_size: int = 2,
        final_pooling: str = "flatten",
        head_sizes: tuple[int, ...] = (),
        dropout: float = 0.0,
        feature_dropout: float | None = None,
        initialization: str = "auto",
        fan: str = "in",
        dense_fan: str | None = None,
        initial_width: float = 0.05,
    ) -> None:
        super().__init__()
        size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
        self.image_shape = (in_channels, *size)
        if min(in_channels, *size, *head_sizes) < 1:
            raise ValueError(f"{in_channels=}, {image_size=}, {head_sizes=}: sizes are 1 or more.")
        self.final_pooling = choose("final_pooling", final_pooling, ("flatten", "average", "max"))
        self.activation = activation_of(activation, leaky_slope)
        defaults = {  # what a block does not say for itself
            "channels": 0,
            "convolution": convolution,
            "kernel_size": kernel_size,
            "stride": stride,
            "dilation": dilation,
            "padding": padding,
            "norm": norm,
            "activation": activation,
            "pooling": pooling,
            "pool_size": pool_size,
            "leaky_slope": leaky_slope,
            "initialization": initialization,
            "fan": fan,
            "initial_width": initial_width,
        }
        width = in_channels
        self.blocks = nn.ModuleList()
        for i, own in enumerate(blocks):
            if isinstance(own, int):
                own = {"channels": own}
            try:
                for name in own:
                    choose("option", name, defaults)
                block = ImageBlock(width, size, **{**defaults, **own})
            except ValueError as error:
                raise ValueError(f"blocks[{i}]: {error}") from None
            self.blocks.append(block)
            width = block.channels
            size = block.size
        if final_pooling == "flatten":
            width = width * math.prod(size)
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

    def forward(self, x: Tensor) -> Tensor:
        """Score each image: (B, C, Y, X) -> (B, O)."""
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x holds images {tuple(x.shape[1:])}, not {self.image_shape}.")
        for block in self.blocks:
            x = block(x)  # (B, C, Y, X), each time smaller
        if self.final_pooling == "flatten":
            x = x.flatten(1)  # (B, C * Y * X)
        elif self.final_pooling == "average":
            x = x.mean((2, 3))  # (B, C)
        else:
            x = x.amax((2, 3))  # (B, C)
        x = self.feature_dropout(x)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)))
        return self.head(x)


class ImageBlock(nn.Module):
    """Convolve, normalise, activate and pool: (B, C, Y, X) -> (B, C', Y', X')."""

    def __init__(
        self,
        in_channels: int,
        size: tuple[int, int],
        *,
        channels: int,
        convolution: str,
        kernel_size: int,
        stride: int,
        dilation: int,
        padding: str,
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
        choose("convolution", convolution, CONVOLUTIONS)
        channels = channels or in_channels
        if min(channels, kernel_size, stride, pool_size) < 1:
            sizes = f"{channels=}, {kernel_size=}, {stride=}, {pool_size=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        if convolution == "depthwise" and channels != in_channels:
            raise ValueError(f"depthwise keeps its {in_channels} channels: try separable.")
        if dilation == 0:
            dilation = 2 if convolution == "dilated" else 1
        if stride > 1 and dilation > 1:
            raise ValueError(f"one of {stride=} and {dilation=} must be 1.")
        if pooling == "none":
            pool_size = 1
        reach = dilation * (kernel_size - 1)  # pixels of a window beyond its first
        same = choose("padding", padding, ("same", "valid")) == "same"
        pad = reach // 2 if same else 0
        convolved = [(n + 2 * pad - reach - 1) // stride + 1 for n in size]
        if min(convolved) < pool_size:
            raise ValueError(f"{size} pixels are too few for {kernel_size=} and {pool_size=}.")
        self.size = tuple(n // pool_size for n in convolved)
        if pooling == "adaptive_max":
            self.size = (pool_size, pool_size)
        self.channels = channels
        self.activation = activation_of(activation, leaky_slope)
        self.pooling = choose("pooling", pooling, POOLINGS)
        self.pool_size = pool_size
        window = {
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": pad,
            "dilation": dilation,
        }
        self.pointwise = nn.Identity()
        if convolution == "separable":
            self.convolution = nn.Conv2d(
                in_channels, in_channels, groups=in_channels, bias=False, **window
            )
            self.pointwise = nn.Conv2d(in_channels, channels, 1)
            initialize(self.convolution, initialization, fan, "none", initial_width)
            initialize(self.pointwise, initialization, fan, activation, initial_width)
        else:
            groups = in_channels if convolution == "depthwise" else 1
            self.convolution = nn.Conv2d(in_channels, channels, groups=groups, **window)
            initialize(self.convolution, initialization, fan, activation, initial_width)
        self.norm = NORMS[choose("norm", norm, NORMS)](channels)

    def forward(self, x: Tensor) -> Tensor:
        """Read each window of pixels: (B, C, Y, X) -> (B, C', Y', X')."""
        x = self.convolution(x)
        x = self.pointwise(x)  # (B, C', Y, X), Y and X as the stride says
        x = self.activation(self.norm(x))
        return POOLINGS[self.pooling](x, self.pool_size)  # (B, C', Y', X')


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
