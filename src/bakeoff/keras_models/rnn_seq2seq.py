"""RNN encoder-decoder: one recurrent network reads a sequence, another one writes the next.

    h_1 ... h_T, end = encoder(x_1 ... x_T)              end: the last real state of each layer
    s_1 ... s_S      = decoder(start, y_1 ... y_{S-1})   begins at end; y: the targets so far
    c_t              = softmax(h (W s_t) / sqrt(H)) h    what s_t looks for (with attention)
    s_t              = tanh(W_c [c_t, s_t] + b_c)        and takes over
    y_t              = W_y s_t + b_y                     scores

Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014; Luong et al.,
"Effective Approaches to Attention-based Neural Machine Translation", 2015 (global attention,
"general" score). Where we differ: x is not reversed; scores are divided by sqrt(H); W and W_c have
biases; c_t does not go into the next step; without targets the likeliest token goes on (no beam).

Dimensions: B batch, T steps read, S steps written, F input features, H hidden size, C outputs.
"""

import difflib
from collections.abc import Iterable

import keras
from keras import layers, ops

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
START = 2  # the token that stands before the first target


class RNNSeq2Seq(keras.Model):
    """Read a sequence, then write another one, step by step.

    Args:
        in_features: F, values per step read (width of the embeddings for tokens).
        out_features: C, values per step written; the number of tokens for token_targets.
        out_steps: S, steps to write where no targets are given.
        cell: lstm or gru.
        hidden_sizes: H of each layer, first to last, of the encoder and of the decoder.
        attention: Let each step written look at all the steps read.
        dropout: Probability of zeroing a value between layers and before the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores. Step t sees the targets `previous`
        before t (teacher forcing), or without them what was written before t.

    Raises:
        ValueError: No hidden_sizes, or an unknown cell; when called, x of another shape or without
            steps, or targets of another width.

    Example:
        >>> model = RNNSeq2Seq(in_features=8, out_features=3, out_steps=4)
        >>> tuple(model(keras.ops.zeros((2, 5, 8))).shape)
        (2, 4, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        out_steps: int = 10,
        cell: str = "lstm",
        hidden_sizes: tuple[int, ...] = (64,),
        attention: bool = True,
        dropout: float = 0.0,
        vocabulary_size: int = 0,
        token_targets: bool = False,
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        layer = CELLS[choose("cell", cell, CELLS)]
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.out_features = out_features
        self.out_steps = out_steps
        self.read = read_lstm if cell == "lstm" else read_gru
        self.embedding = None
        if vocabulary_size:
            self.embedding = layers.Embedding(vocabulary_size, in_features)
        self.target_embedding = None
        if token_targets:
            self.target_embedding = layers.Embedding(out_features, in_features)
        self.encoder = []
        self.decoder = []
        num_gates = 4 if cell == "lstm" else 3
        settings = {
            "return_sequences": True,
            "return_state": cell == "lstm",
            "kernel_initializer": by_gate(keras.initializers.GlorotUniform, num_gates),
            "recurrent_initializer": by_gate(keras.initializers.Orthogonal, num_gates),
        }
        for hidden_size in hidden_sizes:
            self.encoder.append(layer(hidden_size, **settings))
            self.decoder.append(layer(hidden_size, **settings))
        width = hidden_sizes[-1]
        self.query = layers.Dense(width) if attention else None
        self.combine = layers.Dense(width) if attention else None
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(out_features)
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))

    def call(self, x, lengths=None, previous=None, training=False):
        """Score each step written: (B, T, F) -> (B, S, C)."""
        scores, _ = self.write(x, lengths, previous, training)
        return scores

    def write(self, x, lengths=None, previous=None, training=False):
        """Return the scores (B, S, C), and how much each step looks at each one read (B, S, T)."""
        check(x, self.in_features, self.vocabulary_size)
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        nothing = [None] * len(self.encoder)
        memory, states = self.run(self.encoder, x, lengths, nothing, training)  # (B, T, H)
        if lengths is None:
            lengths = ops.full_like(x[:, 0, 0], ops.shape(x)[1], dtype="int32")  # (B,)
        real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
        if self.target_embedding is None:
            y = ops.zeros((ops.shape(x)[0], 1, self.out_features))  # before the first target
        else:
            y = ops.full((ops.shape(x)[0], 1), START, dtype="int32")
        if previous is None:
            return self.write_alone(y, memory, real, states, training)
        if tuple(previous.shape[2:]) != tuple(y.shape[2:]):
            raise ValueError(f"previous is {tuple(previous.shape)}, a step {tuple(y.shape)}.")
        previous = ops.cast(previous, y.dtype)
        y = ops.concatenate([y, previous[:, :-1]], 1)  # step t is written after target t - 1
        scores, weights, _ = self.decode(y, memory, real, states, training)
        return scores, weights

    def write_alone(self, y, memory, real, states, training=False):
        """Write out_steps steps, each after what was written before it: as `write`."""
        all_scores = []
        all_weights = []
        for _ in range(self.out_steps):
            step = self.decode(y, memory, real, states, training)
            scores, weights, states = step  # (B, 1, C), (B, 1, T)
            all_scores.append(scores)
            all_weights.append(weights)
            y = scores if self.target_embedding is None else ops.argmax(scores, 2)
        scores = ops.concatenate(all_scores, 1)  # (B, S, C)
        if self.query is None:
            return scores, None
        return scores, ops.concatenate(all_weights, 1)

    def decode(self, y, memory, real, states, training=False):
        """Write one step after each of y (B, S, C) or (B, S): scores, weights, new states."""
        if self.target_embedding is not None:
            y = self.target_embedding(y)  # (B, S) -> (B, S, F)
        s, states = self.run(self.decoder, y, None, states, training)  # (B, S, H)
        weights = None
        if self.query is not None:
            scores = self.query(s) @ ops.transpose(memory, (0, 2, 1))  # (B, S, T)
            scores = scores / s.shape[2] ** 0.5
            weights = ops.softmax(ops.where(real[:, None], scores, -float("inf")))
            c = weights @ memory  # (B, S, H)
            s = ops.tanh(self.combine(ops.concatenate([c, s], 2)))
        return self.head(self.dropout(s, training=training)), weights, states

    def run(self, layers, x, lengths, starts, training=False):
        """Return the states (B, T, H) of the last layer, and the last real one of each layer."""
        ends = []
        for i, layer in enumerate(layers):
            if i > 0:
                x = self.dropout(x, training=training)
            x, end = self.read(layer, x, lengths, starts[i])  # (B, T, H)
            ends.append(end)
        return x, ends


def read_lstm(lstm, x, lengths, start):
    """Run one layer over x (B, T, F): h (B, T, H), and h and c of the last real step (B, H)."""
    real = None
    if lengths is not None:
        real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
    states, h, c = lstm(x, initial_state=start, mask=real)
    return states, (h, c)


def read_gru(gru, x, lengths, start):
    """Run one layer over x (B, T, F): states (B, T, H), and the last real one (B, H)."""
    states = gru(x, initial_state=start)
    if lengths is None:
        return states, states[:, -1]
    return states, pick(states, lengths[:, None] - 1)[:, 0]


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


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")


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
