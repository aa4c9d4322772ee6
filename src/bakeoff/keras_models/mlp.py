"""MLP: dense layers, one after another, for rows of a table.

    e   = relu(W_e [cos(2 pi c x), sin(2 pi c x)] + b_e)    each number x, periodically embedded
    h_0 = [x, e, embedded categories]                       what a row says
    h_l = dropout(a(norm(W_l h_{l-1} + b_l)))               one hidden layer, activation a
    y   = W h_L + b                                         scores

Source: Rosenblatt, "The Perceptron", 1958; Rumelhart, Hinton & Williams, "Learning
Representations by Back-Propagating Errors", 1986 (hidden layers); Gorishniy, Rubachev & Babenko,
"On Embeddings for Numerical Features in Tabular Deep Learning", 2022 (periodic numbers, "PLR";
W_e is shared by all columns, as in their later code, and x itself is kept as well). Where we differ
from the first two: relu in place of a threshold or a sigmoid, norm, dropout, and the start of
`initialization`.

Dimensions: B rows, F numbers, K categories, Q frequencies, E embedding width, C outputs.
"""

import difflib
import math
from collections.abc import Callable, Iterable
from functools import partial

import keras
from keras import initializers, layers, ops

ACTIVATIONS = {
    "none": lambda x: x,
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
    "none": None,
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
PERIODIC_WIDTH = 8  # R2 on housing, validation, 3 seeds of (256, 128): 0.838 with 8, 0.835 with 16


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class MLP(keras.Model):
    """Score each row of numbers and categories with a stack of dense layers.

    Args:
        in_features: F, numbers per row; 0 when a row holds categories only.
        out_features: C, outputs per row; 0 builds no head and returns the last hidden layer.
        hidden_sizes: Width of each hidden layer, first to last; () is a linear model.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid, softplus, or none: the layers
            stay linear.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        dropout: Probability of zeroing a value after each hidden layer.
        norm: none, batch or layer: normalise each hidden layer before its activation.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid, none and the
            head), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or
            uniform or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included; each column is embedded in 1 + sqrt(size) numbers, at most 16.
        num_frequencies: Q, frequencies that each number is seen at besides its own value; 0: none.
        frequency_scale: Standard deviation of the first frequencies, in cycles per unit of x.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, C) float scores. Scores are raw: the
        loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, no numbers and no categories, or a layer norm
            over one value; when called, x or categories of another width.

    Example:
        >>> model = MLP(in_features=8, out_features=3, category_sizes=(5, 12))
        >>> tuple(model(ops.zeros((2, 8)), categories=ops.ones((2, 2), "int32")).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64, 32),
        activation: str = "relu",
        leaky_slope: float = 0.01,
        dropout: float = 0.0,
        norm: str = "none",
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
        category_sizes: tuple[int, ...] = (),
        num_frequencies: int = 0,
        frequency_scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if in_features < 0 or num_frequencies < 0:
            raise ValueError(f"{in_features=}, {num_frequencies=}: both are 0 or more.")
        if min([1, *hidden_sizes, *category_sizes]) < 1:
            raise ValueError(f"{hidden_sizes=}, {category_sizes=}: sizes are 1 or more.")
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        self.activation = activation_of(activation, leaky_slope)
        choose("norm", norm, NORMS)
        if norm == "layer" and 1 in hidden_sizes:
            raise ValueError("norm='layer' makes a layer of width 1 all zeros. Take 2 or more.")
        width = in_features
        self.periodic = None
        if num_frequencies and in_features:
            self.periodic = Periodic(in_features, num_frequencies, frequency_scale)
            width += in_features * PERIODIC_WIDTH
        self.embeddings = []
        for size in category_sizes:
            embedding_size = min(16, 1 + math.isqrt(size))
            bound = embedding_size**-0.5  # a category as loud as one number
            draw = initializers.RandomUniform(-bound, bound)
            self.embeddings.append(layers.Embedding(size, embedding_size, draw))
            width += embedding_size
        self.hidden = []
        self.norms = []
        for hidden_size in hidden_sizes:
            draw = initializer(initialization, fan, activation, initial_width)
            self.hidden.append(layers.Dense(hidden_size, kernel_initializer=draw))
            if norm != "none":
                self.norms.append(NORMS[norm]())
            width = hidden_size
        self.num_features = width
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Identity()
        if out_features:
            draw = initializer(initialization, fan, "none", initial_width)
            self.head = layers.Dense(out_features, kernel_initializer=draw)
        self(ops.zeros((1, in_features)), ops.zeros((1, len(category_sizes)), "int32"))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, categories=None, training=False):
        """Score each row: (B, F), (B, K) -> (B, C)."""
        if x.shape[-1] != self.in_features:
            raise ValueError(f"x has {x.shape[-1]} numbers per row, not {self.in_features}.")
        parts = [x]
        if self.periodic is not None:
            parts.append(self.periodic(x))  # (B, F * E)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                parts.append(embedding(categories[:, k]))  # (B, 1 + sqrt(size))
        if len(parts) > 1:
            x = ops.concatenate(parts, 1)  # (B, all that a row says)
        for i, linear in enumerate(self.hidden):
            x = linear(x)  # (B, hidden_sizes[i])
            if self.norms:
                x = self.norms[i](x, training=training)
            x = self.dropout(self.activation(x), training=training)
        return self.head(x)


@keras.saving.register_keras_serializable(__name__)
class Periodic(layers.Layer):
    """Embed each number by waves of learned frequency: (B, F) -> (B, F * E)."""

    def __init__(self, in_features: int, num_frequencies: int, frequency_scale: float) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self.frequencies = self.add_weight(
            name="frequencies",
            shape=(in_features, num_frequencies),
            initializer=initializers.RandomNormal(stddev=frequency_scale),
        )
        draw = initializer("auto", "in", "relu")
        self.linear = layers.Dense(PERIODIC_WIDTH, kernel_initializer=draw)

    def get_config(self):
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x):
        """Embed: (B, F) -> (B, F * E)."""
        angles = 2 * math.pi * self.frequencies * x[..., None]  # (B, F, Q)
        waves = ops.concatenate([ops.cos(angles), ops.sin(angles)], -1)  # (B, F, 2Q)
        e = ops.relu(self.linear(waves))  # (B, F, E)
        return ops.reshape(e, (-1, e.shape[1] * e.shape[2]))


def check_categories(categories, sizes: tuple[int, ...]) -> None:
    """Refuse another number of categories than there are embeddings."""
    if categories is None or categories.shape[1] != len(sizes):
        found = "none" if categories is None else categories.shape[1]
        raise ValueError(f"This model reads {len(sizes)} categories per row, but got {found}.")


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
