"""CNN3D: blocks of convolution and pooling over a volume or film, then dense layers.

    h = pool(a(norm(W * x + b)))      one block: each voxel reads the window of voxels around it
    y = W_y flatten(h) + b_y          after the last block: dense layers, then scores

Source: Ji et al., "3D Convolutional Neural Networks for Human Action Recognition", 2013; Yu &
Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", 2016. Where we differ from the
first: nothing is computed by hand before the first layer (they take gradients and optical flow),
windows are cubes and are pooled in Z, too, relu and max pooling are the default, and no second
target (their handmade features) guides the training.

Dimensions: B volumes, C channels, Z slices (or frames), Y rows and X columns of voxels, O outputs.
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
    "layer": lambda channels: layers.GroupNormalization(1, epsilon=1e-5),
    "instance": lambda channels: layers.GroupNormalization(channels, epsilon=1e-5),
    "group": lambda channels: layers.GroupNormalization(math.gcd(8, channels), epsilon=1e-5),
}
POOLINGS = {  # n twice: on JAX, Keras does not derive the strides
    "max": lambda x, n: ops.max_pool(x, n, n),
    "average": lambda x, n: ops.average_pool(x, n, n),
    "adaptive_max": lambda x, n: adaptive_max_volume(x, n),
    "none": lambda x, n: x,
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
class CNN3D(keras.Model):
    """Read a volume with blocks of convolutions, then score it with dense layers.

    Args:
        in_channels: C of the volume: 1 grey, 3 colour.
        image_size: (Z, Y, X), or one int for a cube.
        out_features: O, outputs per volume; 0 builds no head and returns the features.
        blocks: Channels of each, or a dict of `channels` (else as before) and arguments marked *.
        kernel_size: * Side of the window.
        stride: * Voxels from one window to the next.
        dilation: * Voxels from one value of a window to the next.
        padding: * same (zeros on all sides, equally: an odd window keeps the size) or valid (none).
        norm: * none, batch, layer (all channels), instance (each) or group (8 groups of them).
        activation: * relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: * Slope of leaky_relu below zero; its start is that of relu.
        pooling: * max, average, adaptive_max or none.
        pool_size: * Side of the cube that becomes one voxel; of the result for adaptive_max.
        final_pooling: flatten (all voxels), average or max (of each channel's voxels).
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
        x (B, Z, Y, X, C) float -> (B, O) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or voxels too few for the windows and pooling
            of a block; when called, volumes of another size.

    Example:
        >>> tuple(CNN3D(1, image_size=8, out_features=3)(ops.zeros((2, 8, 8, 8, 1))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_channels: int,
        image_size: int | tuple[int, int, int],
        out_features: int,
        *,
        blocks: tuple[int | dict[str, int | str], ...] = ({"channels": 32}, {"channels": 64}),
        kernel_size: int = 3,
        stride: int = 1,
        dilation: int = 1,
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        size = (image_size,) * 3 if isinstance(image_size, int) else tuple(image_size)
        self.image_shape = (*size, in_channels)
        if min(in_channels, *size, *head_sizes) < 1:
            raise ValueError(f"{in_channels=}, {image_size=}, {head_sizes=}: sizes are 1 or more.")
        self.final_pooling = choose("final_pooling", final_pooling, ("flatten", "average", "max"))
        self.activation = activation_of(activation, leaky_slope)
        defaults = {  # what a block does not say for itself
            "channels": 0,
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
        self.blocks = []
        for i, own in enumerate(blocks):
            if isinstance(own, int):
                own = {"channels": own}
            try:
                for name in own:
                    choose("option", name, defaults)
                block = VolumeBlock(width, size, **{**defaults, **own})
            except ValueError as error:
                raise ValueError(f"blocks[{i}]: {error}") from None
            self.blocks.append(block)
            width = block.channels
            size = block.size
        if final_pooling == "flatten":
            width = width * math.prod(size)
        self.dense = []
        for head_size in head_sizes:
            draw = initializer(initialization, dense_fan or fan, activation, initial_width)
            self.dense.append(layers.Dense(head_size, kernel_initializer=draw))
            width = head_size
        self.num_features = width
        self.dropout = layers.Dropout(dropout)
        self.feature_dropout = self.dropout
        if feature_dropout is not None:
            self.feature_dropout = layers.Dropout(feature_dropout)
        self.head = layers.Identity()
        if out_features:
            draw = initializer(initialization, dense_fan or fan, "none", initial_width)
            self.head = layers.Dense(out_features, kernel_initializer=draw)
        self(ops.zeros((1, *self.image_shape)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Score each volume: (B, Z, Y, X, C) -> (B, O)."""
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x holds volumes {tuple(x.shape[1:])}, not {self.image_shape}.")
        for block in self.blocks:
            x = block(x, training=training)  # (B, Z, Y, X, C), each time smaller
        if self.final_pooling == "flatten":
            x = ops.transpose(x, (0, 4, 1, 2, 3))  # (B, C, Z, Y, X), the order of torch
            x = ops.reshape(x, (-1, math.prod(x.shape[1:])))  # (B, C * Z * Y * X)
        elif self.final_pooling == "average":
            x = ops.mean(x, (1, 2, 3))  # (B, C)
        else:
            x = ops.max(x, (1, 2, 3))  # (B, C)
        x = self.feature_dropout(x, training=training)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)), training=training)
        return self.head(x)


@keras.saving.register_keras_serializable(__name__)
class VolumeBlock(layers.Layer):
    """Convolve, normalise, activate and pool: (B, Z, Y, X, C) -> (B, Z', Y', X', C')."""

    def __init__(
        self,
        in_channels: int,
        size: tuple[int, int, int],
        *,
        channels: int,
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        channels = channels or in_channels
        if min(channels, kernel_size, stride, pool_size) < 1:
            sizes = f"{channels=}, {kernel_size=}, {stride=}, {pool_size=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        if stride > 1 and dilation > 1:
            raise ValueError(f"one of {stride=} and {dilation=} must be 1.")
        if pooling == "none":
            pool_size = 1
        reach = dilation * (kernel_size - 1)  # voxels of a window beyond its first
        same = choose("padding", padding, ("same", "valid")) == "same"
        pad = reach // 2 if same else 0
        convolved = [(n + 2 * pad - reach - 1) // stride + 1 for n in size]
        if min(convolved) < pool_size:
            raise ValueError(f"{size} voxels are too few for {kernel_size=} and {pool_size=}.")
        self.size = tuple(n // pool_size for n in convolved)
        if pooling == "adaptive_max":
            self.size = (pool_size, pool_size, pool_size)
        self.channels = channels
        self.activation = activation_of(activation, leaky_slope)
        self.pool = POOLINGS[choose("pooling", pooling, POOLINGS)]
        self.pool_size = pool_size
        even = same and stride == 1 and reach % 2 == 0  # else Keras pads one side more
        self.pad = layers.ZeroPadding3D(0 if even else pad)
        self.convolution = layers.Conv3D(
            channels,
            kernel_size,
            strides=stride,
            padding="same" if even else "valid",
            dilation_rate=dilation,
            kernel_initializer=initializer(initialization, fan, activation, initial_width),
        )
        self.norm = NORMS[choose("norm", norm, NORMS)](channels)

    def get_config(self):
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Read each window of voxels: (B, Z, Y, X, C) -> (B, Z', Y', X', C')."""
        x = self.convolution(self.pad(x))  # (B, Z, Y, X, C'), Z, Y and X as the stride says
        x = self.activation(self.norm(x, training=training))
        return self.pool(x, self.pool_size)  # (B, Z', Y', X', C')


def adaptive_max_volume(x, size: int):
    """Take the largest voxel of each bin: (B, Z, Y, X, C) -> (B, size, size, size, C)."""
    slices = [ops.max(x[:, first:end], 1) for first, end in bins(x.shape[1], size)]
    x = ops.stack(slices, 1)  # (B, size, Y, X, C)
    rows = [ops.max(x[:, :, first:end], 2) for first, end in bins(x.shape[2], size)]
    x = ops.stack(rows, 2)  # (B, size, size, X, C)
    columns = [ops.max(x[:, :, :, first:end], 3) for first, end in bins(x.shape[3], size)]
    return ops.stack(columns, 3)  # (B, size, size, size, C)


def bins(length: int, size: int) -> list[tuple[int, int]]:
    """Cut a length into size bins, which overlap as in torch where size does not divide."""
    return [(i * length // size, math.ceil((i + 1) * length / size)) for i in range(size)]


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
