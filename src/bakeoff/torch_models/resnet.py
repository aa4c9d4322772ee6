"""ResNet: convolutions that correct an image rather than replace it.

    h = a(norm(W_1 * x))                    3 x 3 convolution
    y = a(norm(W_2 * h) + s(x))             and another, added to the shortcut s(x)

The shortcut s is x itself, or norm(W_s * x) by a 1 x 1 convolution where the size changes: the
first block of every stage but the first halves Y and X. The last stage is averaged over Y and X.

Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", 2016: the small
networks of section 4.2 (ResNet-20: num_blocks=3). Where we differ: a shortcut whose size changes is
projected (their option B), where the small networks pad it with zeros (option A); two blocks a
stage by default; weights begin by the fan in and uniform, not normal; the other norms and
activations, and the dense layers and dropout before the head, are ours.

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
    "group": lambda channels: nn.GroupNorm(math.gcd(8, channels), channels),
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


class ResNet(nn.Module):
    """Read an image with stages of residual blocks, then score the average pixel.

    Args:
        in_channels: C of the image: 1 grey, 3 colour.
        image_size: (Y, X), or one int for a square.
        out_features: O, outputs per image; 0 builds no head and returns the features.
        channels: Channels of each stage, first to last; each stage halves Y and X.
        num_blocks: Residual blocks per stage, of two convolutions each.
        norm: batch, group (8 groups of channels, or as many as divide them) or none.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        head_sizes: Widths of the dense layers between the average and the head.
        dropout: Probability of zeroing a value before each dense layer and before the head.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        dense_fan: fan of the dense layers and the head; None: as fan.
        initial_width: Standard deviation that the uniform and the normal start draw with.

    Shape:
        x (B, C, Y, X) float -> (B, O) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or more stages than the image can be halved;
            when called, images of another size.

    Example:
        >>> ResNet(1, image_size=28, out_features=10)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: int,
        image_size: int | tuple[int, int],
        out_features: int,
        *,
        channels: tuple[int, ...] = (16, 32, 64),
        num_blocks: int = 2,
        norm: str = "batch",
        activation: str = "relu",
        leaky_slope: float = 0.01,
        head_sizes: tuple[int, ...] = (),
        dropout: float = 0.0,
        initialization: str = "auto",
        fan: str = "in",
        dense_fan: str | None = None,
        initial_width: float = 0.05,
    ) -> None:
        super().__init__()
        if isinstance(image_size, int):
            image_size = (image_size, image_size)
        rows, columns = image_size
        if min(in_channels, rows, columns, *channels, num_blocks, *head_sizes) < 1:
            sizes = f"{in_channels=}, {image_size=}, {channels=}, {num_blocks=}, {head_sizes=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        if not channels or min(rows, columns) < 2 ** (len(channels) - 1):
            raise ValueError(
                f"channels={channels} halve the image {len(channels) - 1} times, too often for "
                f"{rows} x {columns} pixels. Give 1 to {min(rows, columns).bit_length()} stages."
            )
        self.image_shape = (in_channels, rows, columns)
        self.activation = activation_of(activation, leaky_slope)
        bias = norm == "none"  # a norm takes its place
        self.stem = nn.Conv2d(in_channels, channels[0], 3, padding=1, bias=bias)
        initialize(self.stem, initialization, fan, activation, initial_width)
        self.norm = NORMS[choose("norm", norm, NORMS)](channels[0])
        self.blocks = nn.ModuleList()
        width = channels[0]
        for stage, stage_channels in enumerate(channels):
            for i in range(num_blocks):
                block = ResidualBlock(
                    width,
                    stage_channels,
                    stride=2 if stage > 0 and i == 0 else 1,
                    norm=norm,
                    activation=activation,
                    leaky_slope=leaky_slope,
                    initialization=initialization,
                    fan=fan,
                    initial_width=initial_width,
                )
                self.blocks.append(block)
                width = stage_channels
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        for linear in self.dense:
            initialize(linear, initialization, dense_fan or fan, activation, initial_width)
        self.num_features = width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Identity()
        if out_features:
            self.head = nn.Linear(width, out_features)
            initialize(self.head, initialization, dense_fan or fan, "none", initial_width)

    def forward(self, x: Tensor) -> Tensor:
        """Score each image: (B, C, Y, X) -> (B, O)."""
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x holds images {tuple(x.shape[1:])}, not {self.image_shape}.")
        x = self.activation(self.norm(self.stem(x)))  # (B, channels[0], Y, X)
        for block in self.blocks:
            x = block(x)  # (B, C, Y, X), smaller from stage to stage
        x = x.mean((2, 3))  # (B, C)
        for linear in self.dense:
            x = self.activation(linear(self.dropout(x)))
        return self.head(self.dropout(x))


class ResidualBlock(nn.Module):
    """Add two convolutions to the image: (B, C, Y, X) -> (B, C', Y / stride, X / stride)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        stride: int,
        norm: str,
        activation: str,
        leaky_slope: float,
        initialization: str,
        fan: str,
        initial_width: float,
    ) -> None:
        super().__init__()
        self.activation = activation_of(activation, leaky_slope)
        bias = norm == "none"  # a norm takes its place
        self.first = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=bias)
        self.first_norm = NORMS[norm](channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.second_norm = NORMS[norm](channels)
        self.shortcut = None
        self.shortcut_norm = None
        initialize(self.first, initialization, fan, activation, initial_width)
        initialize(self.second, initialization, fan, activation, initial_width)
        if stride > 1 or channels != in_channels:
            self.shortcut = nn.Conv2d(in_channels, channels, 1, stride, bias=bias)
            self.shortcut_norm = NORMS[norm](channels)
            initialize(self.shortcut, initialization, fan, activation, initial_width)

    def forward(self, x: Tensor) -> Tensor:
        """Correct the image: (B, C, Y, X) -> (B, C', Y / stride, X / stride)."""
        h = self.first_norm(self.first(x))  # (B, C', Y / stride, X / stride)
        h = self.activation(h)
        h = self.second_norm(self.second(h))
        if self.shortcut is not None:
            x = self.shortcut_norm(self.shortcut(x))  # (B, C', Y / stride, X / stride)
        return self.activation(h + x)


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
