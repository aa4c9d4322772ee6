"""Transformer: every step of a sequence looks at every other step, layer after layer.

    attention(x) = softmax(Q K' / sqrt(M / N)) V     in each of N heads; Q, K, V = dense(x)
    x = x + attention(norm(x))                       with norm_first; without it
    x = x + shrink(activation(expand(norm(x))))      x = norm(x + attention(x)), and so on

Source: Vaswani et al., "Attention Is All You Need", 2017 (the encoder); Devlin et al., "BERT", 2019
(class token, learned positions, gelu); Xiong et al., "On Layer Normalization in the Transformer
Architecture", 2020 (norm_first). Where we differ from the first: norm_first is the default, which
needs no warm-up; a dense layer makes M numbers of the F of an embedding (there M at once, times
sqrt(M)); attention has biases. From BERT: the class token has no position unless token_position
(there 0, and the steps begin at 1, as then here); no segments, no norm after the embedding, no
dense layer before the head unless head_sizes; token and learned positions begin 50 times larger.

Dimensions: B batch, T time steps, F input features, M model width, N heads, C outputs.
"""

import difflib
from collections.abc import Iterable

import keras
from keras import layers, ops
from keras.initializers import Orthogonal, RandomNormal, RandomUniform, VarianceScaling

INITIALIZATIONS = {  # word -> what draws a kernel; gain: 2 before a relu, which halves the variance
    "auto": lambda gain, fan: VarianceScaling(1.0, "fan_avg", "uniform"),
    "uniform": lambda gain, fan: RandomUniform(-0.05 * 3**0.5, 0.05 * 3**0.5),
    "normal": lambda gain, fan: RandomNormal(stddev=0.05),
    "xavier_uniform": lambda gain, fan: VarianceScaling(1.0, "fan_avg", "uniform"),
    "xavier_normal": lambda gain, fan: VarianceScaling(1.0, "fan_avg", "untruncated_normal"),
    "kaiming_uniform": lambda gain, fan: VarianceScaling(gain, f"fan_{fan}", "uniform"),
    "kaiming_normal": lambda gain, fan: VarianceScaling(gain, f"fan_{fan}", "untruncated_normal"),
    "orthogonal": lambda gain, fan: Orthogonal(gain**0.5),
}


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class Transformer(keras.Model):
    """Let the steps of each sequence attend to one another, then predict.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        model_size: M, values per step inside the model, a multiple of num_heads.
        num_heads: N, readings of the sequence that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        pooling: token (a learned class token before the sequence) or mean (of the real steps).
        positions: sinusoidal (any T) or learned (T up to max_length).
        max_length: Longest T for learned positions; 0 for sinusoidal ones.
        norm_first: Normalise before each branch and at the end, not after each sum.
        activation: relu or gelu.
        dropout: Probability of zeroing a value of the embedded steps, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the dense layers between the pooling and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.
        token_position: Give the class token position 0, so that the first step has position 1.
        initialization: Start of the dense weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or positions, token_position or model_size that
            do not go with the rest; when called, x or lengths that do not fit.

    Example:
        >>> tuple(Transformer(in_features=8, out_features=3)(ops.zeros((2, 5, 8))).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        model_size: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 256,
        pooling: str = "token",
        positions: str = "sinusoidal",
        max_length: int = 0,
        norm_first: bool = True,
        activation: str = "relu",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
        token_position: bool = False,
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        choose("positions", positions, ("sinusoidal", "learned"))
        choose("activation", activation, ("relu", "gelu"))
        start = INITIALIZATIONS[choose("initialization", initialization, INITIALIZATIONS)]
        choose("fan", fan, ("in", "out"))
        if (positions == "learned") != (max_length > 0):
            raise ValueError(f"{positions} positions do not go with max_length={max_length}.")
        if token_position and (pooling != "token" or per_step):
            raise ValueError("token_position=True, but only pooling='token' has a class token.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.per_step = per_step
        self.token_position = token_position
        self.pooling = choose("pooling", pooling, ("token", "mean"))
        self.activation = keras.activations.get(activation)
        self.dropout = layers.Dropout(dropout)
        self.embedding = None
        if vocabulary_size:
            draw = RandomNormal(stddev=1.0)
            self.embedding = layers.Embedding(vocabulary_size, in_features, draw)
        self.project = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.positions = None
        if positions == "learned":
            sizes = (max_length + token_position, model_size)
            self.positions = self.add_weight(sizes, RandomNormal(stddev=1.0), name="positions")
        self.token = None
        if pooling == "token" and not per_step:
            self.token = self.add_weight((model_size,), RandomNormal(stddev=1.0), name="token")
        self.blocks = []
        for _ in range(num_layers):
            block = EncoderLayer(
                model_size,
                num_heads,
                feedforward_size,
                norm_first=norm_first,
                activation=activation,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
                initialization=initialization,
                fan=fan,
            )
            self.blocks.append(block)
        self.norm = layers.LayerNormalization(epsilon=1e-5) if norm_first else layers.Identity()
        width = model_size
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size, kernel_initializer=start(2.0, fan)))
            width = head_size
        self.num_features = width
        self.head = layers.Identity()
        if out_features:
            self.head = layers.Dense(out_features, kernel_initializer=start(1.0, fan))
        self(ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, real = self.embed(x, lengths, training)  # (B, T, M), (B, T)
        for block in self.blocks:
            x = block(x, real, training=training)
        x = self.norm(x)  # (B, T, M)
        if not self.per_step:
            x = self.pool(x, real)  # (B, M)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)), training=training)
        return self.head(x)

    def attend(self, x, lengths=None):
        """Return the weights (B, N, T, T) of each layer; with a class token, it is step 0."""
        x, real = self.embed(x, lengths)  # (B, T, M), (B, T)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x, real))
            x = block(x, real)
        return weights

    def embed(self, x, lengths, training=False):
        """Return the class token and the steps in their places, and which are real (None: all)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if 0 < self.max_length < (x.shape[1] or 0):
            raise ValueError(f"x has {x.shape[1]} steps, but max_length={self.max_length}.")
        real = None
        if lengths is not None:
            real = ops.arange(ops.shape(x)[1]) < ops.cast(lengths, "int32")[:, None]  # (B, T)
            x = ops.where(real if x.ndim == 2 else real[..., None], x, 0)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        x = self.project(x)  # (B, T, M)
        if self.token is not None:
            token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[2]))  # (B, 1, M)
            x = ops.concatenate([token, x], 1)  # (B, 1 + T, M)
            real = None if real is None else ops.pad(real, [[0, 0], [1, 0]], constant_values=True)
        places = sinusoids(x) if self.positions is None else self.positions  # (T or more, M)
        if self.token is not None and not self.token_position:
            places = ops.pad(places, [[1, 0], [0, 0]])  # nothing for the class token
        x = x + places[: ops.shape(x)[1]]
        return self.dropout(x, training=training), real

    def pool(self, x, real):
        """Make one vector of the steps: (B, T, M) -> (B, M)."""
        if self.pooling == "token":
            return x[:, 0]
        if real is None:
            return ops.mean(x, 1)
        x = ops.where(real[..., None], x, 0)
        weights = ops.softmax(ops.where(real, 0.0, -float("inf")))  # (B, T): 1 / length, or 0
        return ops.matmul(ops.cast(weights[:, None], x.dtype), x)[:, 0]  # no sum overflows


@keras.saving.register_keras_serializable(__name__)
class EncoderLayer(layers.Layer):
    """Attention among the steps, then two dense layers at each step, both added to the steps."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        feedforward_size: int,
        *,
        norm_first: bool,
        activation: str,
        dropout: float,
        attention_dropout: float,
        feedforward_dropout: float,
        initialization: str,
        fan: str,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
        self.norm_first = norm_first
        self.activation = keras.activations.get(activation)
        start = INITIALIZATIONS[initialization]
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5)
        self.query_key_value = layers.Dense(3 * model_size, kernel_initializer=start(1.0, fan))
        self.out = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(feedforward_size, kernel_initializer=start(2.0, fan))
        self.shrink = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.dropout = layers.Dropout(dropout)
        self.attention_dropout = layers.Dropout(attention_dropout)
        self.feedforward_dropout = layers.Dropout(feedforward_dropout)

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, real=None, training=False):
        """Renew each step: (B, T, M) -> (B, T, M)."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), real, training)
            return x + self.feedforward(self.feedforward_norm(x), training)
        x = self.attention_norm(x + self.attention(x, real, training))
        return self.feedforward_norm(x + self.feedforward(x, training))

    def attention(self, x, real, training):
        """Let each step read all real steps: (B, T, M) -> (B, T, M)."""
        query, key, value = self.heads(x)  # (B, N, T, M / N) each
        weights = attention_weights(query, key, real)  # (B, N, T, T)
        weights = self.attention_dropout(weights, training=training)
        h = ops.matmul(weights, value)  # (B, N, T, M / N)
        h = ops.reshape(ops.swapaxes(h, 1, 2), ops.shape(x))  # (B, T, M)
        return self.dropout(self.out(h), training=training)

    def feedforward(self, x, training):
        """Pass each step through two dense layers: (B, T, M) -> (B, T, M)."""
        h = self.activation(self.expand(x))  # (B, T, feedforward_size)
        h = self.feedforward_dropout(h, training=training)
        return self.dropout(self.shrink(h), training=training)

    def attend(self, x, real=None):
        """Return the weights (B, N, T, T) with which each step reads the others."""
        if self.norm_first:
            x = self.attention_norm(x)
        query, key, _ = self.heads(x)  # (B, N, T, M / N) each
        return attention_weights(query, key, real)

    def heads(self, x):
        """Return query, key and value of each head: (B, T, M) -> (B, N, T, M / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, T, M) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.swapaxes(ops.reshape(part, shape), 1, 2) for part in parts]


def attention_weights(query, key, real):
    """Return how much each step reads of each other: (B, N, T, M / N) each -> (B, N, T, T)."""
    query = query / query.shape[3] ** 0.5
    scores = ops.matmul(query, ops.swapaxes(key, 2, 3))  # (B, N, T, T)
    if real is not None:
        unseen = ops.where(real, 0.0, -float("inf"))  # (B, T)
        scores = scores + ops.cast(unseen[:, None, None], scores.dtype)
    return ops.softmax(scores)


def sinusoids(x):
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = ops.shape(x)[1], x.shape[2]
    rates = ops.convert_to_tensor([10000 ** (-i / size) for i in range(0, size, 2)], "float32")
    angles = ops.cast(ops.arange(length), "float32")[:, None] * rates  # (T, M / 2)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], 2)  # (T, M / 2, 2)
    waves = ops.reshape(waves, (length, -1))  # (T, M), one more when M is odd
    return ops.cast(waves[:, :size], x.dtype)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")


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
