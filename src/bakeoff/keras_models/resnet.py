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

import keras
from keras import initializers, layers, ops

ACTIVATIONS = {
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "silu": ops.silu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
}
NORMS = {
    "none": lambda channels: layers.Identity(),
    "batch": lambda channels: layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
    "group": lambda channels: layers.GroupNormalization(math.gcd(8, channels), epsilon=1e-5),
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


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class ResNet(keras.Model):
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
        x (B, Y, X, C) float -> (B, O) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or more stages than the image can be halved;
            when called, images of another size.

    Example:
        >>> tuple(ResNet(1, image_size=28, out_features=10)(ops.zeros((2, 28, 28, 1))).shape)
        (2, 10)
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
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
        self.image_shape = (rows, columns, in_channels)
        self.activation = activation_of(activation, leaky_slope)
        draw = initializer(initialization, fan, activation, initial_width)
        self.stem = convolution(channels[0], 3, 1, norm, draw)
        self.norm = NORMS[choose("norm", norm, NORMS)](channels[0])
        self.blocks = []
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
        self.dense = []
        for head_size in head_sizes:
            draw = initializer(initialization, dense_fan or fan, activation, initial_width)
            self.dense.append(layers.Dense(head_size, kernel_initializer=draw))
            width = head_size
        self.num_features = width
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Identity()
        if out_features:
            draw = initializer(initialization, dense_fan or fan, "none", initial_width)
            self.head = layers.Dense(out_features, kernel_initializer=draw)
        self(ops.zeros((1, *self.image_shape)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Score each image: (B, Y, X, C) -> (B, O)."""
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x holds images {tuple(x.shape[1:])}, not {self.image_shape}.")
        x = self.norm(self.stem(x), training=training)  # (B, Y, X, channels[0])
        x = self.activation(x)
        for block in self.blocks:
            x = block(x, training=training)  # (B, Y, X, C), smaller from stage to stage
        x = ops.mean(x, (1, 2))  # (B, C)
        for linear in self.dense:
            x = self.activation(linear(self.dropout(x, training=training)))
        return self.head(self.dropout(x, training=training))


@keras.saving.register_keras_serializable(__name__)
class ResidualBlock(layers.Layer):
    """Add two convolutions to the image: (B, Y, X, C) -> (B, Y / stride, X / stride, C')."""

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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self.activation = activation_of(activation, leaky_slope)
        self.pad = layers.ZeroPadding2D(1 if stride > 1 else 0)  # Keras pads strides unevenly
        draw = initializer(initialization, fan, activation, initial_width)
        self.first = convolution(channels, 3, stride, norm, draw)
        self.first_norm = NORMS[norm](channels)
        draw = initializer(initialization, fan, activation, initial_width)
        self.second = convolution(channels, 3, 1, norm, draw)
        self.second_norm = NORMS[norm](channels)
        self.shortcut = None
        self.shortcut_norm = None
        if stride > 1 or channels != in_channels:
            draw = initializer(initialization, fan, activation, initial_width)
            self.shortcut = convolution(channels, 1, stride, norm, draw)
            self.shortcut_norm = NORMS[norm](channels)

    def get_config(self):
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Correct the image: (B, Y, X, C) -> (B, Y / stride, X / stride, C')."""
        h = self.first(self.pad(x))  # (B, Y / stride, X / stride, C')
        h = self.activation(self.first_norm(h, training=training))
        h = self.second_norm(self.second(h), training=training)
        if self.shortcut is not None:
            x = self.shortcut(x)  # (B, Y / stride, X / stride, C')
            x = self.shortcut_norm(x, training=training)
        return self.activation(h + x)


def convolution(channels: int, kernel_size: int, stride: int, norm: str, draw):
    """Make a convolution; a norm takes the place of its bias."""
    return layers.Conv2D(
        channels,
        kernel_size,
        strides=stride,
        padding="valid" if stride > 1 else "same",
        use_bias=norm == "none",
        kernel_initializer=draw,
    )


def activation_of(name: str, leaky_slope: float) -> Callable:
    """Return the activation of this name."""
    choose("activation", name, ACTIVATIONS)
    if name == "leaky_relu":
        return partial(ops.leaky_relu, negative_slope=leaky_slope)
    return ACTIVATIONS[name]


def initializer(
    initialization: str,
    fan: str,
    activation: str,
    initial_width: float = 0.05,
    groups: int = 1,
):
    """Return what draws the kernel of a layer; groups: channels of a depthwise convolution."""
    choose("initialization", initialization, INITIALIZATIONS)
    choose("fan", fan, ("in", "out"))
    gain = 1 if activation in ("tanh", "sigmoid", "none") else 2  # relu halves the variance
    if initialization == "auto":
        initialization = "xavier_uniform" if gain == 1 else "kaiming_uniform"
    if initialization == "orthogonal":
        return initializers.Orthogonal((gain * groups) ** 0.5)
    if initialization in ("uniform", "normal"):
        bound = initial_width * 3**0.5  # uniform numbers of this standard deviation
        uniform = initializers.RandomUniform(-bound, bound)
        if initialization == "uniform":
            return uniform
        return initializers.RandomNormal(stddev=initial_width)
    mode = "fan_avg" if initialization.startswith("xavier") else f"fan_{fan}"
    if groups > 1:
        mode = "fan_out"  # one channel's window; for Keras the fan in is that of all channels
    variance = 1.0 if initialization.startswith("xavier") or activation == "none" else 2.0
    law = "uniform" if initialization.endswith("uniform") else "untruncated_normal"
    return initializers.VarianceScaling(variance, mode, law)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
