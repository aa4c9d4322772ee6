"""RNN encoder-decoder: one recurrent network reads a sequence, another one writes the next.

    h_1 ... h_T, end = encoder(x_1 ... x_T)              end: the last real state of each layer
    s_1 ... s_S      = decoder(start, y_1 ... y_{S-1})   begins at end; y: the targets so far
    c_t              = softmax(h (W s_t) / sqrt(H)) h    what s_t looks for (with attention)
    s_t              = tanh(W_c [c_t, s_t] + b_c)        and takes over
    y_t              = W_y s_t + b_y                     scores

Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014; Luong et al.,
"Effective Approaches to Attention-based Neural Machine Translation", 2015 (global attention,
"general" score). Where we differ: x is not reversed; scores are divided by sqrt(H); W and W_c have
biases; c_t does not go into the next step; without targets the likeliest token goes on (no beam);
numbers go on as they are, after a first step of zeros; U begins orthogonal gate by gate.

Dimensions: B batch, T steps read, S steps written, F input features, H hidden size, C outputs.
"""

import difflib
from collections.abc import Iterable
from functools import partial

import keras
from keras import initializers, layers, ops

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)
START = 2  # the token that stands before the first target


@keras.saving.register_keras_serializable(__name__)
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
        attention_dropout: Probability of leaving out a weight of attention.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.
        initialization: Start of the weights of inputs, dense layers and head, gate by gate: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores. Step t sees the targets `previous`
        before t (teacher forcing), or without them what was written before t.

    Raises:
        ValueError: No hidden_sizes, out_steps below 1, too few tokens to hold the start token, or a
            word that is not listed above; when called, x, lengths or targets that do not fit.

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
        attention_dropout: float = 0.0,
        feature_dropout: float | None = None,
        vocabulary_size: int = 0,
        token_targets: bool = False,
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
        if out_steps < 1:
            raise ValueError(f"out_steps={out_steps}, but one step or more must be written.")
        if token_targets and out_features <= START:
            raise ValueError(f"out_features={out_features} tokens lack {START}, the start token.")
        layer = CELLS[choose("cell", cell, CELLS)]
        choose("initialization", initialization, INITIALIZATIONS)
        choose("recurrent_initialization", recurrent_initialization, INITIALIZATIONS)
        choose("fan", fan, ("in", "out"))
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
        of_inputs = law(initialization, "xavier_uniform", fan)
        of_states = law(recurrent_initialization, "orthogonal", fan)
        settings = {
            "return_sequences": True,
            "return_state": cell == "lstm",
            "kernel_initializer": by_gate(partial(initializers.get, of_inputs), num_gates),
            "recurrent_initializer": by_gate(partial(initializers.get, of_states), num_gates),
        }
        for hidden_size in hidden_sizes:
            self.encoder.append(layer(hidden_size, **settings))
            self.decoder.append(layer(hidden_size, **settings))
        width = hidden_sizes[-1]
        self.query = None
        self.combine = None
        if attention:
            self.query = layers.Dense(width, kernel_initializer=of_inputs)
            self.combine = layers.Dense(width, kernel_initializer=of_inputs)
        self.dropout = layers.Dropout(dropout)
        self.feature_dropout = None  # as dropout
        if feature_dropout is not None:
            self.feature_dropout = layers.Dropout(feature_dropout)
        self.attention_dropout = layers.Dropout(attention_dropout)
        self.head = layers.Dense(out_features, kernel_initializer=of_inputs)
        self.out_steps = 1  # all weights are there once one step is written
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))
        self.out_steps = out_steps

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, previous=None, training=False):
        """Score each step written: (B, T, F) -> (B, S, C)."""
        scores, _ = self.write(x, lengths, previous, training)
        return scores

    def write(self, x, lengths=None, previous=None, training=False):
        """Return the scores (B, S, C), and how much each step looks at each one read (B, S, T)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        x = silence(x, lengths)
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
        check_targets(previous, y, self.out_features)
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
            c = self.attention_dropout(weights, training=training) @ memory  # (B, S, H)
            s = ops.tanh(self.combine(ops.concatenate([c, s], 2)))
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        return self.head(drop(s, training=training)), weights, states

    def run(self, layers, x, lengths, starts, training=False):
        """Return the states (B, T, H) of the last layer, and the last real one of each layer."""
        ends = []
        for i, layer in enumerate(layers):
            if i > 0:
                x = self.dropout(x, training=training)
            if x.shape[1] == 1 and starts[i] is not None:
                x, end = take_step(layer.cell, x, starts[i])  # (B, 1, H)
            else:
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


def take_step(cell, x, start):
    """Take one step from x (B, 1, F): h (B, 1, H), and the state after it, without a loop."""
    alone = not isinstance(start, tuple)  # the state of a GRU
    h, end = cell(x[:, 0], [start] if alone else list(start))
    return h[:, None], end[0] if alone else tuple(end)


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


def silence(x, lengths):
    """Set the padding to zero: (B, T, F) numbers or (B, T) tokens."""
    if lengths is None:
        return x
    real = ops.arange(ops.shape(x)[1], dtype="int32") < lengths[:, None]  # (B, T)
    if x.ndim == 3:
        real = real[..., None]  # (B, T, 1)
    return ops.where(real, x, ops.zeros_like(x))


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


def check_targets(previous, y, num_tokens: int) -> None:
    """Refuse targets (B, S, ...) that are not steps like y (B, 1, ...), the one before them."""
    known = None not in (previous.shape[0], y.shape[0])  # a graph may leave its sizes open
    fits = previous.ndim == y.ndim and tuple(previous.shape[2:]) == tuple(y.shape[2:])
    if known and fits:
        fits = previous.shape[0] == y.shape[0]
    if not fits or previous.shape[1] == 0:
        raise ValueError(f"previous is {tuple(previous.shape)}, a step {tuple(y.shape)}.")
    if y.ndim == 2 and readable(previous):
        values = ops.convert_to_numpy(previous)
        low, high = values.min(), values.max()
        if low < 0 or high >= num_tokens:
            raise ValueError(f"previous holds tokens {low} to {high}, not 0 to {num_tokens - 1}.")


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
