"""LSTM with attention: recurrent states, each of which then looks at all the others.

    h_1 ... h_T  = LSTM(x_1 ... x_T)                   see the page of the LSTM
    attention(h) = softmax(Q K' / sqrt(W / N)) V       in each of N heads; Q, K, V = dense(h)
    y            = mean of norm(h + attention(h))      then the head

Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", 1997; Vaswani et al., "Attention Is
All You Need", 2017 (heads, sum and norm); Lin et al., "A Structured Self-Attentive Sentence
Embedding", 2017 (attention over recurrent states). Where we differ: the states themselves ask, not
learned queries, and a mean joins what they read; the maps have biases, and no feed-forward follows.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width (H, or 2H when
bidirectional), N heads, C outputs.
"""

import difflib
from collections.abc import Iterable
from functools import partial

import keras
from keras import initializers, layers, ops

INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)


@keras.saving.register_keras_serializable(__name__)
class LSTMAttention(keras.Model):
    """Read each sequence step by step, let the states attend to one another, then predict.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last.
        bidirectional: Read the sequence backwards as well, and put both readings side by side.
        num_heads: N, readings of the states side by side; must divide the joined width.
        dropout: Probability of zeroing a value between layers, after the attention and before
            each dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without the mean, instead of once.
        initialization: Start of the weights of inputs, dense layers and head, gate by gate: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No hidden_sizes, a joined width that is no multiple of num_heads, or a word that
            is not listed above; when called, x of another shape or without steps, or another number
            of lengths.

    Example:
        >>> model = LSTMAttention(in_features=8, out_features=3)
        >>> tuple(model(keras.ops.zeros((2, 5, 8))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64, 64),
        bidirectional: bool = False,
        num_heads: int = 4,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feature_dropout: float | None = None,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
        initialization: str = "auto",
        recurrent_initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        arguments = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        super().__init__()
        self.arguments = arguments  # plain values, for get_config
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        width = 2 * hidden_sizes[-1] if bidirectional else hidden_sizes[-1]
        if width % num_heads:
            raise ValueError(f"A width of {width} is not a multiple of num_heads={num_heads}.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.num_heads = num_heads
        self.per_step = per_step
        choose("initialization", initialization, INITIALIZATIONS)
        choose("recurrent_initialization", recurrent_initialization, INITIALIZATIONS)
        choose("fan", fan, ("in", "out"))
        self.embedding = None
        if vocabulary_size:
            self.embedding = layers.Embedding(vocabulary_size, in_features)
        self.forwards = []
        self.backwards = []  # empty unless bidirectional
        of_inputs = law(initialization, "xavier_uniform", fan)
        of_states = law(recurrent_initialization, "orthogonal", fan)
        for hidden_size in hidden_sizes:
            self.forwards.append(make_lstm(hidden_size, of_inputs, of_states))
            if bidirectional:
                self.backwards.append(make_lstm(hidden_size, of_inputs, of_states))
        self.query_key_value = layers.Dense(3 * width, kernel_initializer=of_inputs)
        self.out = layers.Dense(width, kernel_initializer=of_inputs)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.feature_dropout = None  # as dropout
        if feature_dropout is not None:
            self.feature_dropout = layers.Dropout(feature_dropout)
        self.attention_dropout = layers.Dropout(attention_dropout)
        of_relus = law(initialization, "xavier_uniform", fan, "relu")
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size, kernel_initializer=of_relus))
            width = head_size
        self.num_features = width
        self.head = layers.Identity()
        if out_features:
            self.head = layers.Dense(out_features, kernel_initializer=of_inputs)
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, real = self.read(x, lengths, training)  # (B, T, W), (B, T)
        x = self.norm(x + self.attention(x, real, training))
        if not self.per_step:
            x = average_steps(x, real)  # (B, W)
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        x = drop(x, training=training)
        for linear in self.dense:
            x = drop(ops.relu(linear(x)), training=training)
        return self.head(x)

    def attention(self, x, real, training):
        """Let each step read all real steps: (B, T, W) -> (B, T, W)."""
        query, key, value = self.split(x)  # (B, N, T, W / N) each
        weights = self.attention_dropout(self.weigh(query, key, real), training=training)
        h = ops.matmul(weights, value)  # (B, N, T, W / N)
        h = ops.reshape(ops.swapaxes(h, 1, 2), ops.shape(x))  # (B, T, W)
        return self.dropout(self.out(h), training=training)

    def attend(self, x, lengths=None):
        """Return the weights with which each step reads the others: (B, T, F) -> (B, N, T, T)."""
        x, real = self.read(x, lengths)  # (B, T, W), (B, T)
        query, key, _ = self.split(x)  # (B, N, T, W / N) each
        return self.weigh(query, key, real)

    def weigh(self, query, key, real):
        """Weigh the real steps by the likeness of query and key: -> (B, N, T, T)."""
        query = query / query.shape[3] ** 0.5
        scores = ops.matmul(query, ops.swapaxes(key, 2, 3))  # (B, N, T, T)
        if real is not None:
            unseen = ops.where(real, 0.0, -float("inf"))  # (B, T)
            scores = scores + ops.cast(unseen[:, None, None], scores.dtype)
        return ops.softmax(scores)

    def read(self, x, lengths, training=False):
        """Return the states (B, T, W) of the last layer, and the real ones (B, T), None for all."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        x = silence(x, lengths)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        for i, lstm in enumerate(self.forwards):
            if i > 0:
                x = self.dropout(x, training=training)
            h, _, _ = lstm(x)  # (B, T, H): a step never sees the padding behind it
            if self.backwards:
                h_back, _, _ = self.backwards[i](turn(x, lengths))  # (B, T, H)
                h = ops.concatenate([h, turn(h_back, lengths)], -1)  # (B, T, 2H)
            x = h
        if lengths is None:
            return x, None
        real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
        return x, real

    def split(self, x):
        """Return query, key and value of each head: (B, T, W) -> (B, N, T, W / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, T, W) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.swapaxes(ops.reshape(part, shape), 1, 2) for part in parts]


def average_steps(x, real):
    """Take the mean of the real steps: (B, T, W) -> (B, W)."""
    if real is None:
        return ops.mean(x, 1)
    x = ops.where(real[..., None], x, ops.zeros_like(x))
    real = ops.cast(real, "float32")
    weights = real / ops.sum(real, 1, keepdims=True)  # (B, T), which sum to 1
    return ops.sum(x * ops.cast(weights[..., None], x.dtype), 1)


def make_lstm(hidden_size: int, of_inputs: dict, of_states: dict):
    """Make a layer whose gates are each drawn as these two say."""
    return layers.LSTM(
        hidden_size,
        return_sequences=True,
        return_state=True,
        kernel_initializer=by_gate(partial(initializers.get, of_inputs), 4),
        recurrent_initializer=by_gate(partial(initializers.get, of_states), 4),
    )


def silence(x, lengths):
    """Set the padding to zero: (B, T, F) numbers or (B, T) tokens."""
    if lengths is None:
        return x
    real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
    if x.ndim == 3:
        real = real[..., None]  # (B, T, 1)
    return ops.where(real, x, ops.zeros_like(x))


def turn(x, lengths):
    """Put the last step of each sequence first, and leave its padding in place."""
    if lengths is None:
        return ops.flip(x, 1)
    steps = ops.arange(ops.shape(x)[1], dtype="int32")  # (T,)
    turned = lengths[:, None] - 1 - steps  # (B, T), negative in the padding
    source = ops.where(turned >= 0, turned, steps)  # (B, T)
    return pick(x, source)


def pick(x, steps):
    """Take step steps[b, t] of each sequence: (B, T, H), (B, S) -> (B, S, H)."""
    return ops.take_along_axis(x, steps[..., None], 1)


def by_gate(initializer, num_gates: int):
    """Draw the columns of each gate by themselves, as if it stood alone."""

    def draw(shape, dtype=None):
        in_size, columns = shape
        gate_shape = (in_size, columns // num_gates)
        gates = [initializer()(gate_shape, dtype) for _ in range(num_gates)]
        return ops.concatenate(gates, 1)

    return draw


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


def law(word: str, auto: str, fan: str, after: str = "linear") -> dict:
    """Say what draws a kernel (in, out), of a gate or of a layer; after: what its sums go into."""
    word = auto if word == "auto" else word
    gain = 2.0 if after == "relu" else 1.0  # relu halves the variance
    kind = "VarianceScaling"
    shape = "uniform" if word.endswith("uniform") else "untruncated_normal"
    if word == "uniform":
        kind = "RandomUniform"
        config = {"minval": -0.05 * 3**0.5, "maxval": 0.05 * 3**0.5}  # a deviation of 0.05
    elif word == "normal":
        kind = "RandomNormal"
        config = {"stddev": 0.05}
    elif word == "orthogonal":
        kind = "Orthogonal"
        config = {"gain": gain**0.5}
    elif word.startswith("kaiming"):
        config = {"scale": gain, "mode": f"fan_{fan}", "distribution": shape}
    else:
        config = {"scale": 1.0, "mode": "fan_avg", "distribution": shape}
    return {"class_name": kind, "config": config}


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
