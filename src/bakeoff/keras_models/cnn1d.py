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
    "none": layers.Identity,
    "batch": lambda: layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
    "layer": lambda: layers.LayerNormalization(epsilon=1e-5),
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
class CNN1D(keras.Model):
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
        >>> tuple(CNN1D(in_features=8, out_features=3)(ops.zeros((2, 5, 8))).shape)
        (2, 3)
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
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
            draw = initializers.RandomNormal(stddev=1.0)
            self.embedding = layers.Embedding(vocabulary_size, in_features, draw)
        width = in_features
        self.blocks = []
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
        self(ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C)."""
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        check(x, lengths, self.in_features, self.vocabulary_size)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        if lengths is None:
            lengths = ops.full_like(x[:, 0, 0], ops.shape(x)[1], dtype="int32")  # (B,)
        for block in self.blocks:
            x, lengths = block(x, lengths, training=training)  # (B, T, H), T shorter
        if self.final_pooling == "max":
            x = ops.max(hide(x, lengths, -math.inf), 1)  # (B, H)
        else:
            shares = hide(x, lengths, 0.0) / ops.cast(lengths, x.dtype)[:, None, None]
            x = ops.sum(shares, 1)  # (B, H): no sum of values, which half precision cannot hold
        x = self.feature_dropout(x, training=training)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)), training=training)
        return self.head(x)


@keras.saving.register_keras_serializable(__name__)
class SequenceBlock(layers.Layer):
    """Convolve, normalise, activate and pool: (B, T, H) -> (B, T', H'), and the new lengths."""

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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
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
        even = stride == 1  # else Keras pads one side more
        self.pad = layers.ZeroPadding1D(0 if even else dilation * (kernel_size // 2))
        self.convolution = layers.Conv1D(
            channels,
            kernel_size,
            strides=stride,
            padding="same" if even else "valid",
            dilation_rate=dilation,
            kernel_initializer=initializer(initialization, fan, activation, initial_width),
        )
        self.norm = NORMS[choose("norm", norm, NORMS)]()

    def get_config(self):
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, lengths, training=False):
        """Read each window of steps: (B, T, H) -> (B, T', H'), and the new lengths."""
        x = self.convolution(self.pad(hide(x, lengths, 0.0)))  # (B, T, H'), T as the stride says
        lengths = shorten(lengths, self.stride)
        x = self.activation(self.norm(x, training=training))
        n = self.pool_size  # n twice below: on JAX, Keras does not derive the strides
        rest = [[0, 0], [0, n - 1], [0, 0]]  # the last window may be half empty
        if self.pooling == "max":
            x = ops.pad(hide(x, lengths, -math.inf), rest, "constant", -math.inf)
            x = ops.max_pool(x, n, n)  # (B, T', H')
        elif self.pooling == "average":
            real = hide(ops.ones_like(x[..., :1]), lengths, 0.0)  # (B, T, 1): 1 for real steps
            share = ops.average_pool(ops.pad(real, rest), n, n)  # (B, T', 1)
            x = ops.average_pool(ops.pad(hide(x, lengths, 0.0), rest), n, n)  # (B, T', H')
            x = x / ops.maximum(share, 1e-6)
        return x, shorten(lengths, n)


def hide(x, lengths, value: float):
    """Put value into the padding of x (B, T, H)."""
    real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
    return ops.where(real[..., None], x, value)


def shorten(lengths, steps: int):
    """Count the windows of so many steps, the last one perhaps not full."""
    return (lengths + steps - 1) // steps


def check(x, lengths, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    if vocabulary_size:
        fits = x.ndim == 2
        wanted = "(B, T) tokens"
    else:
        fits = x.ndim == 3 and x.shape[2] == in_features
        wanted = f"(B, T, {in_features}) numbers"
    if not fits or x.shape[1] == 0:
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")
    if lengths is None:
        return
    known = None not in (x.shape[0], *lengths.shape)  # a graph may leave its sizes open
    if known and tuple(lengths.shape) != (x.shape[0],):
        raise ValueError(f"lengths are {tuple(lengths.shape)}, but x holds {x.shape[0]} sequences.")
    if not readable(lengths):
        return
    values = ops.convert_to_numpy(lengths)
    low, high = values.min(), values.max()
    if low < 1 or high > x.shape[1]:
        raise ValueError(f"lengths are {low} to {high}, not 1 to {x.shape[1]}.")


def readable(x) -> bool:
    """Tell whether x has values to look at: in a compiled graph it has none."""
    try:
        return ops.convert_to_numpy(x).size > 0
    except (TypeError, NotImplementedError):
        return False


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
