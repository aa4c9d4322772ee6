"""RNN: a recurrent network; each state is made of the input and of the state before.

    h_t = tanh(W x_t + U h_{t-1} + b)        or relu in place of tanh

Source: Elman, "Finding Structure in Time", 1990 (cell); Schuster & Paliwal, "Bidirectional
Recurrent Neural Networks", 1997.

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
        norm: none or layer: normalise the features before the head.
        dropout: Probability of zeroing a value between layers and before each dense layer.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

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
        self.in_features, self.vocabulary_size = in_features, vocabulary_size
        self.per_step = per_step
        choose("activation", activation, ("tanh", "relu"))
        self.merge = choose("merge", merge, ("concatenate", "sum", "mean"))
        self.pooling = choose("pooling", pooling, ("last", "mean", "max", "attention"))
        self.embedding = layers.Embedding(vocabulary_size, in_features) if vocabulary_size else None
        self.forwards, self.backwards = [], []
        width = in_features
        for size in hidden_sizes:
            for readers in (self.forwards, self.backwards)[: 1 + bidirectional]:
                readers.append(layers.SimpleRNN(size, activation, return_sequences=True))
            width = 2 * size if bidirectional and merge == "concatenate" else size
        self.query = None
        if pooling == "attention" and not per_step:  # at first a mean
            self.query = self.add_weight(name="query", shape=(width,), initializer="zeros")
        choose("norm", norm, ("none", "layer"))
        layer_norm = norm == "layer"
        self.norm = layers.LayerNormalization(epsilon=1e-5) if layer_norm else layers.Identity()
        self.dropout = layers.Dropout(dropout)
        self.dense = [layers.Dense(size) for size in head_sizes]
        self.num_features = (width, *head_sizes)[-1]
        self.head = layers.Dense(out_features) if out_features else layers.Identity()
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, ends = self.steps(x, lengths, training=training)
        lengths = None if lengths is None else ops.cast(lengths, "int32")
        x = x if self.per_step else self.pool(x, ends, lengths)  # (B, W)
        x = self.dropout(self.norm(x), training=training)
        for linear in self.dense:
            x = self.dropout(ops.relu(linear(x)), training=training)
        return self.head(x)

    def steps(self, x, lengths=None, state=None, training=False):
        """Return the joined readings (B, T, W) of the last layer, and the states that all end in.

        Listed like `state`, where they start: first layer, its backward reading, second layer, ...
        """
        check(x, self.in_features, self.vocabulary_size)
        lengths = None if lengths is None else ops.cast(lengths, "int32")
        x = x if self.embedding is None else self.embedding(x)  # (B, T, F)
        starts = iter(state or [None] * (len(self.forwards) + len(self.backwards)))
        ends = []
        for i, rnn in enumerate(self.forwards):
            x = self.dropout(x, training=training) if i > 0 else x
            readings = [read_rnn(rnn, x, lengths, next(starts))]
            if self.backwards:
                h, end = read_rnn(self.backwards[i], turn(x, lengths), lengths, next(starts))
                readings.append((turn(h, lengths), end))
            x = self.join([h for h, _ in readings]) if self.backwards else readings[0][0]
            ends += [end for _, end in readings]
        return x, ends

    def pool(self, x, ends, lengths):
        """Make one vector of the real steps: (B, T, W) -> (B, W)."""
        if self.pooling == "last":
            return self.join(ends[-2 if self.backwards else -1 :])
        steps = ops.arange(ops.shape(x)[1], dtype="int32")
        padding = steps >= (ops.shape(x)[1] if lengths is None else lengths[:, None])  # (B or 1, T)
        if self.pooling == "max":
            return ops.max(ops.where(padding[..., None], -float("inf"), x), 1)
        scores = x[..., 0] * 0 if self.query is None else ops.sum(x * self.query, -1)
        return ops.sum(x * ops.softmax(ops.where(padding, -float("inf"), scores))[..., None], 1)

    def join(self, readings):
        """Make one of the forward and the backward reading: (..., H) -> (..., W)."""
        if self.merge == "concatenate":
            return ops.concatenate(readings, -1)
        return sum(readings) / (len(readings) if self.merge == "mean" else 1)


def read_rnn(rnn, x, lengths, start):
    """Run one layer over x (B, T, F): states (B, T, H), and the last real one (B, H)."""
    states = rnn(x, initial_state=start)
    last = states[:, -1] if lengths is None else pick(states, lengths[:, None] - 1)[:, 0]
    return states, last


def turn(x, lengths):
    """Put the last step of each sequence first, and leave its padding in place."""
    if lengths is None:
        return ops.flip(x, 1)
    steps = ops.arange(ops.shape(x)[1], dtype="int32")  # (T,)
    turned = lengths[:, None] - 1 - steps  # (B, T), negative in the padding
    return pick(x, ops.where(turned >= 0, turned, steps))


def pick(x, steps):
    """Take step steps[b, t] of each sequence: (B, T, H), (B, S) -> (B, S, H)."""
    return ops.take_along_axis(x, steps[..., None], 1)


def check(x, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    fits = x.ndim == 2 if vocabulary_size else x.ndim == 3 and x.shape[2] == in_features
    if not fits or x.shape[1] == 0:
        wanted = "(B, T) tokens" if vocabulary_size else f"(B, T, {in_features}) numbers"
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value not in known:
        near = difflib.get_close_matches(str(value), known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
    return value
