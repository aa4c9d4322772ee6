"""RNN: a recurrent network; each state is made of the input and of the state before.

    h_t = tanh(W x_t + U h_{t-1} + b)        or relu in place of tanh

Source: Elman, "Finding Structure in Time", 1990 (cell); Schuster & Paliwal, "Bidirectional
Recurrent Neural Networks", 1997. Where we differ: Elman's units are logistic and learn from the
last step only; here the gradient flows back through all steps, and U begins orthogonal.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width, C outputs.
"""

import difflib
from collections.abc import Iterable

import keras
from keras import layers, ops


class RNN(keras.Model):
    """Read each sequence step by step, then predict from the states.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last: (64,) one layer, (64, 32) nested.
        activation: tanh or relu: what makes a state of the sum.
        bidirectional: Read the sequence backwards as well, and join both readings.
        merge: concatenate, sum or mean: how two readings become one.
        pooling: last (where each reading ends), mean, max or attention: one vector of the steps.
        norm: none or layer: normalise the features before the dense layers and the head.
        dropout: Probability of zeroing a value between layers and before each dense layer.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No hidden_sizes, or a word that is not listed above; when called, x of another
            shape or without steps.

    Example:
        >>> model = RNN(in_features=8, out_features=3)
        >>> tuple(model(keras.ops.zeros((2, 5, 8))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64,),
        activation: str = "tanh",
        bidirectional: bool = False,
        merge: str = "concatenate",
        pooling: str = "last",
        norm: str = "none",
        dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.per_step = per_step
        choose("activation", activation, ("tanh", "relu"))
        self.merge = choose("merge", merge, ("concatenate", "sum", "mean"))
        self.pooling = choose("pooling", pooling, ("last", "mean", "max", "attention"))
        self.embedding = None
        if vocabulary_size:
            self.embedding = layers.Embedding(vocabulary_size, in_features)
        self.forwards = []
        self.backwards = []  # empty unless bidirectional
        width = in_features
        for hidden_size in hidden_sizes:
            self.forwards.append(layers.SimpleRNN(hidden_size, activation, return_sequences=True))
            if bidirectional:
                self.backwards.append(
                    layers.SimpleRNN(hidden_size, activation, return_sequences=True)
                )
            width = hidden_size
            if bidirectional and merge == "concatenate":
                width = 2 * hidden_size
        self.query = None
        if pooling == "attention" and not per_step:
            self.query = self.add_weight((width,), "zeros", name="query")  # at first a mean
        self.norm = layers.Identity()
        if choose("norm", norm, ("none", "layer")) == "layer":
            self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size))
            width = head_size
        self.num_features = width
        self.head = layers.Dense(out_features) if out_features else layers.Identity()
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, ends = self.steps(x, lengths, training=training)  # (B, T, W)
        if not self.per_step:
            x = self.pool(x, ends, lengths)  # (B, W)
        x = self.dropout(self.norm(x), training=training)
        for linear in self.dense:
            x = self.dropout(ops.relu(linear(x)), training=training)
        return self.head(x)

    def steps(self, x, lengths=None, state=None, training=False):
        """Return the joined readings (B, T, W) of the last layer, and the states that all end in.

        Listed like `state`, where they start: first layer, its backward reading, second layer, ...
        """
        check(x, self.in_features, self.vocabulary_size)
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        starts = state or [None] * (len(self.forwards) + len(self.backwards))
        ends = []
        for i, rnn in enumerate(self.forwards):
            if i > 0:
                x = self.dropout(x, training=training)
            h, end = read_rnn(rnn, x, lengths, starts[len(ends)])  # (B, T, H)
            ends.append(end)
            if self.backwards:
                turned = turn(x, lengths)
                h_back, end = read_rnn(self.backwards[i], turned, lengths, starts[len(ends)])
                ends.append(end)
                h = self.join(h, turn(h_back, lengths))  # (B, T, W)
            x = h
        return x, ends

    def pool(self, x, ends, lengths):
        """Make one vector of the real steps: (B, T, W) -> (B, W)."""
        if self.pooling == "last":
            return self.join(ends[-2], ends[-1]) if self.backwards else ends[-1]
        if lengths is None:
            lengths = ops.full_like(x[:, 0, 0], ops.shape(x)[1])  # (B,)
        lengths = ops.cast(lengths, "int32")
        real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
        if self.pooling == "max":
            return ops.max(ops.where(real[..., None], x, -float("inf")), 1)
        weights = self.attention_weights(x, real)  # (B, T)
        return ops.sum(x * weights[..., None], 1)

    def attention_weights(self, x, real):
        """Weigh the real steps, without a query all alike: (B, T, W) -> (B, T), which sum to 1."""
        scores = ops.zeros_like(x[..., 0])  # (B, T)
        if self.query is not None:
            scores = ops.sum(x * self.query, -1)
        return ops.softmax(ops.where(real, scores, -float("inf")))

    def join(self, h, h_back):
        """Make one of the forward and the backward reading: (..., H) each -> (..., W)."""
        if self.merge == "concatenate":
            return ops.concatenate([h, h_back], -1)
        if self.merge == "sum":
            return h + h_back
        return (h + h_back) / 2


def read_rnn(rnn, x, lengths, start):
    """Run one layer over x (B, T, F): states (B, T, H), and the last real one (B, H)."""
    states = rnn(x, initial_state=start)
    if lengths is None:
        return states, states[:, -1]
    return states, pick(states, lengths[:, None] - 1)[:, 0]


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


def check(x, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    if vocabulary_size:
        fits = x.ndim == 2
        wanted = "(B, T) tokens"
    else:
        fits = x.ndim == 3 and x.shape[2] == in_features
        wanted = f"(B, T, {in_features}) numbers"
    if not fits or x.shape[1] == 0:
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
