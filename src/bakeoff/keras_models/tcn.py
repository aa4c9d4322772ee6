"""TCN: a stack of convolutions that look back only, each layer twice as far as the one before.

    h_t = a(norm(sum_k W_k x_{t - d k} + b))      k = 0 ... kernel_size - 1, d = 1, 2, 4, ...
    y   = a(h'(h(x)) + s(x))                      two of them make a block, added to its input

The shortcut s is x itself, or W_s x where the channels change. With L blocks a step sees itself and
the 2 (kernel_size - 1) (2^L - 1) steps before it, and so never the padding behind it (zeros).

Source: Bai, Kolter & Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
Networks for Sequence Modeling", 2018. Where we differ: they normalise the weights, here `norm` does
the values (a batch norm counts padded steps, too); they drop whole channels, here single values;
their weights start normal with the deviation 0.01, here by `initialization`; pooling other than
last and the dense layers before the head are ours.

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
class TCN(keras.Model):
    """Read each sequence with dilated causal convolutions, then predict from their last step.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        channels: H of each block, first to last; block i looks 2^i times as far back.
        kernel_size: Steps that one convolution reads.
        norm: none, batch or layer (over the channels of each step).
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        pooling: last (real step), mean or max: how the steps become one vector, unless per_step.
        head_sizes: Widths of the dense layers between the pooling and the head.
        dropout: Probability of zeroing a value after each convolution and each dense layer.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step instead of once.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: An unknown word; when called, x or lengths of other sizes.

    Example:
        >>> tuple(TCN(in_features=8, out_features=3)(ops.zeros((2, 5, 8))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        channels: tuple[int, ...] = (32, 32, 32, 32),
        kernel_size: int = 3,
        norm: str = "none",
        activation: str = "relu",
        leaky_slope: float = 0.01,
        pooling: str = "last",
        head_sizes: tuple[int, ...] = (),
        dropout: float = 0.0,
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
        vocabulary_size: int = 0,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if min(in_features, *channels, kernel_size, *head_sizes) < 1:
            sizes = f"{in_features=}, {channels=}, {kernel_size=}, {head_sizes=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.per_step = per_step
        self.pooling = choose("pooling", pooling, ("last", "mean", "max"))
        self.activation = activation_of(activation, leaky_slope)
        self.embedding = None
        if vocabulary_size:
            draw = initializers.RandomNormal(stddev=1.0)
            self.embedding = layers.Embedding(vocabulary_size, in_features, draw)
        self.blocks = []
        width = in_features
        for i, block_channels in enumerate(channels):
            block = CausalBlock(
                width,
                block_channels,
                kernel_size=kernel_size,
                dilation=2**i,
                norm=norm,
                activation=activation,
                leaky_slope=leaky_slope,
                dropout=dropout,
                initialization=initialization,
                fan=fan,
                initial_width=initial_width,
            )
            self.blocks.append(block)
            width = block_channels
        self.dropout = layers.Dropout(dropout)
        self.dense = []
        for head_size in head_sizes:
            draw = initializer(initialization, fan, activation, initial_width)
            self.dense.append(layers.Dense(head_size, kernel_initializer=draw))
            width = head_size
        self.num_features = width
        self.head = layers.Identity()
        if out_features:
            draw = initializer(initialization, fan, "none", initial_width)
            self.head = layers.Dense(out_features, kernel_initializer=draw)
        self(ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        check(x, lengths, self.in_features, self.vocabulary_size)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        if lengths is not None:
            real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
            x = ops.where(real[..., None], x, 0.0)
        for block in self.blocks:
            x = block(x, training=training)  # (B, T, H)
        if not self.per_step:
            x = self.pool(x, lengths)  # (B, H)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)), training=training)
        return self.head(x)

    def pool(self, x, lengths):
        """Make one vector of the real steps: (B, T, H) -> (B, H)."""
        if lengths is None:
            lengths = ops.full_like(x[:, 0, 0], ops.shape(x)[1], dtype="int32")  # (B,)
        lengths = lengths[:, None, None]  # (B, 1, 1)
        if self.pooling == "last":
            return ops.take_along_axis(x, lengths - 1, 1)[:, 0]
        real = ops.arange(ops.shape(x)[1], dtype="int32")[:, None] < lengths  # (B, T, 1)
        if self.pooling == "max":
            return ops.max(ops.where(real, x, -math.inf), 1)
        shares = ops.where(real, x, 0.0) / ops.cast(lengths, x.dtype)  # (B, T, H)
        return ops.sum(shares, 1)  # no sum of values, which half precision cannot hold


@keras.saving.register_keras_serializable(__name__)
class CausalBlock(layers.Layer):
    """Add two causal convolutions to the sequence: (B, T, H) -> (B, T, H')."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        kernel_size: int,
        dilation: int,
        norm: str,
        activation: str,
        leaky_slope: float,
        dropout: float,
        initialization: str,
        fan: str,
        initial_width: float,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self.activation = activation_of(activation, leaky_slope)
        draw = initializer(initialization, fan, activation, initial_width)
        self.first = causal_convolution(channels, kernel_size, dilation, draw)
        self.first_norm = NORMS[choose("norm", norm, NORMS)]()
        draw = initializer(initialization, fan, activation, initial_width)
        self.second = causal_convolution(channels, kernel_size, dilation, draw)
        self.second_norm = NORMS[norm]()
        self.shortcut = layers.Identity()
        if channels != in_channels:
            draw = initializer(initialization, fan, activation, initial_width)
            self.shortcut = causal_convolution(channels, 1, 1, draw)
        self.dropout = layers.Dropout(dropout)

    def get_config(self):
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Add to each step what it sees in the steps before: (B, T, H) -> (B, T, H')."""
        h = self.first(x)  # (B, T, H')
        h = self.activation(self.first_norm(h, training=training))
        h = self.dropout(h, training=training)
        h = self.second(h)  # (B, T, H')
        h = self.activation(self.second_norm(h, training=training))
        h = self.dropout(h, training=training)
        return self.activation(h + self.shortcut(x))


def causal_convolution(channels: int, kernel_size: int, dilation: int, draw):
    """Make a convolution that looks back only."""
    return layers.Conv1D(
        channels,
        kernel_size,
        padding="causal",
        dilation_rate=dilation,
        kernel_initializer=draw,
    )


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
