"""EmbeddingBag: the mean of the vectors of all words and all pairs of neighbours in a text.

    v = (sum_t E[x_t] + sum_t P[hash(x_t, x_{t+1})]) / (number of words and pairs)
    y = W a(W_h v + b_h) + b                     dense layers, if any, then scores

A pair is found in one of num_pairs buckets by a hash; pairs that share a bucket share a vector.

Source: Joulin, Grave, Bojanowski & Mikolov, "Bag of Tricks for Efficient Text Classification", 2017
(fastText). Where we differ: known words have rows of their own in both, but here unknown words
share one (theirs have none), pairs share their buckets with no longer phrases or parts of words,
and the hash is another; dropout, dense layers and b are ours, and W begins as Xavier's, not at 0.

Dimensions: B texts, T tokens, F width of the vectors, C outputs.
"""

import difflib
from collections.abc import Iterable

import keras
from keras import initializers, layers, ops

ACTIVATIONS = {
    "relu": ops.relu,
    "leaky_relu": lambda x: ops.leaky_relu(x, 0.01),  # the slope of torch; Keras has 0.2
    "elu": ops.elu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "silu": ops.silu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
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
class EmbeddingBag(keras.Model):
    """Average the vectors of a text's words and word pairs, then score the average.

    Args:
        in_features: F, width of the vectors.
        out_features: C, outputs per text; 0 builds no head and returns the features.
        vocabulary_size: Number of tokens; 0 is padding and has no vector.
        num_pairs: Buckets for the pairs of neighbours; 0 reads single words only.
        head_sizes: Widths of the dense layers between the average and the head.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        dropout: Probability of zeroing a value before each dense layer and before the head.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with a standard deviation of 0.05.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T) int tokens, lengths (B,) int or None -> (B, C) float scores, raw: the loss
        applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or no vocabulary; when called, x or lengths
            that do not fit.

    Example:
        >>> model = EmbeddingBag(in_features=32, out_features=2, vocabulary_size=1000)
        >>> tuple(model(ops.ones((2, 9), "int32")).shape)
        (2, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        vocabulary_size: int,
        num_pairs: int = 2**17,
        head_sizes: tuple[int, ...] = (),
        activation: str = "relu",
        dropout: float = 0.3,
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if vocabulary_size < 1:
            raise ValueError(
                f"{vocabulary_size=}, but this model reads tokens: it must be 1 or more."
            )
        if in_features < 1 or num_pairs < 0:
            raise ValueError(f"{in_features=} must be 1 or more, {num_pairs=} 0 or more.")
        self.vocabulary_size = vocabulary_size
        self.num_pairs = num_pairs
        self.activation = ACTIVATIONS[choose("activation", activation, ACTIVATIONS)]
        bound = 1 / in_features
        draw = initializers.RandomUniform(-bound, bound)
        self.words = layers.Embedding(vocabulary_size, in_features, draw)
        self.pairs = None
        if num_pairs:
            draw = initializers.RandomUniform(-bound, bound)
            self.pairs = layers.Embedding(num_pairs, in_features, draw)
        width = in_features
        self.dense = []
        for head_size in head_sizes:
            draw = initializer(initialization, fan, activation)
            self.dense.append(layers.Dense(head_size, kernel_initializer=draw))
            width = head_size
        self.num_features = width
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Identity()
        if out_features:
            draw = initializer(initialization, fan, "none")
            self.head = layers.Dense(out_features, kernel_initializer=draw)
        self(ops.zeros((1, 1), "int32"))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each text: (B, T) -> (B, C)."""
        check(x, lengths, 0, self.vocabulary_size)
        x = ops.cast(x, "int32")
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
            real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
            x = ops.where(real, x, 0)
        words = ops.cast(x > 0, self.compute_dtype)  # (B, T): 1 or 0
        count = ops.sum(words, 1, keepdims=True)  # (B, 1)
        if self.pairs is not None:
            after = ops.pad(x[:, 1:], [[0, 0], [0, 1]])  # (B, T), padding after the last word
            bucket = (x % 65536 * 31337 + after) % self.num_pairs  # fits into 32 bits
            pairs = words * ops.cast(after > 0, self.compute_dtype)  # (B, T)
            count = count + ops.sum(pairs, 1, keepdims=True)
        share = 1 / ops.maximum(count, 1)  # (B, 1): weights, not a sum that may overflow
        mean = gather(self.words, x, words * share)  # (B, F)
        if self.pairs is not None:
            mean = mean + gather(self.pairs, bucket, pairs * share)
        x = mean
        for linear in self.dense:
            x = self.activation(linear(self.dropout(x, training=training)))
        return self.head(self.dropout(x, training=training))


def gather(embedding: layers.Embedding, x, weights):
    """Sum the vectors of the entries of x (B, T), each times its weight: (B, F)."""
    return ops.sum(embedding(x) * weights[..., None], 1)


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
