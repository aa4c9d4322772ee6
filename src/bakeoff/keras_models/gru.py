"""GRU: a recurrent network whose state is mixed of its past and of a candidate.

    r, z = sigmoid(W x_t + b + U h_{t-1} + b')             reset and update gates
    n    = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b'_n))  candidate state
    h_t  = (1 - z) * n + z * h_{t-1}                       renew some, keep some

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014; Schuster &
Paliwal, "Bidirectional Recurrent Neural Networks", 1997. Where we differ: the paper resets before
the product, U_n (r * h_{t-1}), and many textbooks do; both frameworks reset after it for cuDNN's
sake, which also has two biases. Some textbooks name z what is 1 - z here. U begins orthogonal gate
by gate, and all biases begin at zero.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width, C outputs.
"""

import difflib
from collections.abc import Iterable
from functools import partial

import keras
from keras import initializers, layers, ops

POOLINGS = ("last", "mean", "max", "attention", "final_step")
INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)


@keras.saving.register_keras_serializable(__name__)
class GRU(keras.Model):
    """Read each sequence step by step, then predict from the states.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last: (64,) one layer, (64, 32) nested.
        bidirectional: Read the sequence backwards as well, and join both readings.
        merge: concatenate, sum or mean: how two readings become one.
        pooling: last (where each reading ends), mean, max, attention or final_step (both readings
            at step T - 1, padding read as zeros: the backward one has seen a single step there).
        norm: none or layer: normalise the features before the dense layers and the head.
        dropout: Probability of zeroing a value between layers and before each dense layer.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.
        initialization: Start of the weights of inputs, dense layers and head, gate by gate: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No hidden_sizes, or a word that is not listed above; when called, x of another
            shape or without steps, or another number of lengths or states.

    Example:
        >>> model = GRU(in_features=8, out_features=3)
        >>> tuple(model(keras.ops.zeros((2, 5, 8))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64,),
        bidirectional: bool = False,
        merge: str = "concatenate",
        pooling: str = "last",
        norm: str = "none",
        dropout: float = 0.0,
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
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.per_step = per_step
        self.merge = choose("merge", merge, ("concatenate", "sum", "mean"))
        self.pooling = choose("pooling", pooling, POOLINGS)
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
        width = in_features
        for hidden_size in hidden_sizes:
            self.forwards.append(make_gru(hidden_size, of_inputs, of_states))
            if bidirectional:
                self.backwards.append(make_gru(hidden_size, of_inputs, of_states))
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
        self.feature_dropout = None  # as dropout
        if feature_dropout is not None:
            self.feature_dropout = layers.Dropout(feature_dropout)
        of_relus = law(initialization, "xavier_uniform", fan, "relu")
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size, kernel_initializer=of_relus))
            width = head_size
        self.num_features = width
        self.head = layers.Identity()
        if out_features:
            of_head = law(initialization, "xavier_uniform", fan)
            self.head = layers.Dense(out_features, kernel_initializer=of_head)
        self(ops.zeros((1, 2), "int32") if vocabulary_size else ops.zeros((1, 2, in_features)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, ends = self.steps(x, lengths, training=training)  # (B, T, W)
        if not self.per_step:
            x = self.pool(x, ends, lengths)  # (B, W)
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        x = drop(self.norm(x), training=training)
        for linear in self.dense:
            x = drop(ops.relu(linear(x)), training=training)
        return self.head(x)

    def steps(self, x, lengths=None, state=None, training=False):
        """Return the joined readings (B, T, W) of the last layer, and the states that all end in.

        Listed like `state`, where they start: first layer, its backward reading, second layer, ...
        """
        check(x, lengths, self.in_features, self.vocabulary_size)
        count = len(self.forwards) + len(self.backwards)
        if state is not None and len(state) != count:
            raise ValueError(f"state holds {len(state)} states, but there are {count} readings.")
        starts = state or [None] * count
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
        x = silence(x, lengths)
        if self.embedding is not None:
            x = silence(self.embedding(x), lengths)  # (B, T) -> (B, T, F)
        if self.pooling == "final_step" and not self.per_step:
            lengths = None  # the padding, too, is read
        ends = []
        for i, gru in enumerate(self.forwards):
            if i > 0:
                x = self.dropout(x, training=training)
            if self.backwards:
                h, end = read_gru(gru, x, lengths, starts[2 * i])  # (B, T, H)
                turned = turn(x, lengths)
                h_back, end_back = read_gru(self.backwards[i], turned, lengths, starts[2 * i + 1])
                x = self.join(h, turn(h_back, lengths))  # (B, T, W)
                ends += [end, end_back]
            else:
                x, end = read_gru(gru, x, lengths, starts[i])  # (B, T, H)
                ends.append(end)
        return x, ends

    def pool(self, x, ends, lengths):
        """Make one vector of the real steps: (B, T, W) -> (B, W)."""
        if self.pooling == "last":
            return self.join(ends[-2], ends[-1]) if self.backwards else ends[-1]
        if self.pooling == "final_step":
            return x[:, -1]
        if lengths is None:
            lengths = ops.full_like(x[:, 0, 0], ops.shape(x)[1])  # (B,)
        lengths = ops.cast(lengths, "int32")
        x = silence(x, lengths)
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


def make_gru(hidden_size: int, of_inputs: dict, of_states: dict):
    """Make a layer whose gates are each drawn as these two say."""
    return layers.GRU(
        hidden_size,
        return_sequences=True,
        kernel_initializer=by_gate(partial(initializers.get, of_inputs), 3),
        recurrent_initializer=by_gate(partial(initializers.get, of_states), 3),
    )


def by_gate(initializer, num_gates: int):
    """Draw the columns of each gate by themselves, as if it stood alone."""

    def draw(shape, dtype=None):
        in_size, columns = shape
        gate_shape = (in_size, columns // num_gates)
        gates = [initializer()(gate_shape, dtype) for _ in range(num_gates)]
        return ops.concatenate(gates, 1)

    return draw


def read_gru(gru, x, lengths, start):
    """Run one layer over x (B, T, F): states (B, T, H), and the last real one (B, H)."""
    states = gru(x, initial_state=start)
    if lengths is None:
        return states, states[:, -1]
    return states, pick(states, lengths[:, None] - 1)[:, 0]


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
