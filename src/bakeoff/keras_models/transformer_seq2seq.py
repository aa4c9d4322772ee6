"""Transformer encoder-decoder: read a sequence, then write one, looking back at what was read.

    source = encoder(x)                    each step looks at all steps of x
    target = decoder(previous, source)     each step looks at the steps before it, and at source
    y      = W norm(target) + b            at every step of the target

Source: Vaswani et al., "Attention Is All You Need", 2017. Where we differ: each branch is
normalised first (Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020), and
both halves end in a norm, so that no warm-up is needed; norm_first=False norms each sum, as the
paper does. A dense layer makes M numbers of the F of an embedding; none is scaled by sqrt(M) or
shares weights with the head; attention has biases; the likeliest token goes on (no beam). Without
dropout it is nn.Transformer(norm_first=True); with norm_first=False it lacks its two last norms.

Dimensions: B batch, T time steps read, S steps written, F input features, M model width, N heads,
C outputs.
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
START = 2  # the token that stands before the first target


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class TransformerSeq2Seq(keras.Model):
    """Write out_steps steps after reading x, or score x with the last step of the decoder.

    With `previous`, the true targets, each step is predicted from those before it (teacher
    forcing); the page shifts them itself. Without, it feeds its own outputs back.

    Args:
        in_features: F, values per time step of x (width of the embedding for tokens).
        out_features: C, outputs per example or step written; the number of tokens to write.
        out_steps: S, steps to write; 0 scores the whole sequence: the decoder then reads x, too.
        model_size: M, values per step inside the model, a multiple of num_heads.
        num_heads: N, readings of the sequence that each attention makes side by side.
        num_layers: Layers of the encoder, and of the decoder.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        norm_first: Normalise before each branch and at both ends, not after each sum.
        initialization: Start of the dense weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        dropout: Probability of zeroing a value of the embedded steps, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the relu layers between the decoder and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores, (B, C) when out_steps is 0. Scores
        are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: Sizes that do not go together, or token_targets without a place for the token
            that starts a text; when called, x, lengths or targets that do not fit.

    Example:
        >>> model = TransformerSeq2Seq(in_features=8, out_features=3, out_steps=4)
        >>> tuple(model(ops.zeros((2, 5, 8))).shape)
        (2, 4, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        out_steps: int = 0,
        model_size: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 256,
        norm_first: bool = True,
        initialization: str = "auto",
        fan: str = "in",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        token_targets: bool = False,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if out_steps < 0 or (token_targets and out_steps == 0):
            raise ValueError(f"{out_steps=}, but {token_targets=}: name the steps to write.")
        if token_targets and out_features <= START:
            raise ValueError(f"{out_features=} leaves out token {START}, which starts a text.")
        start = INITIALIZATIONS[choose("initialization", initialization, INITIALIZATIONS)]
        choose("fan", fan, ("in", "out"))
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.out_features = out_features
        self.out_steps = out_steps
        self.token_targets = token_targets
        self.embedding = None
        if vocabulary_size:
            draw = RandomNormal(stddev=1.0)
            self.embedding = layers.Embedding(vocabulary_size, in_features, draw)
        self.project = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.target = None
        if out_steps and token_targets:
            self.target = layers.Embedding(out_features, model_size, RandomNormal(stddev=1.0))
        elif out_steps:
            self.target = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        settings = {
            "model_size": model_size,
            "num_heads": num_heads,
            "feedforward_size": feedforward_size,
            "norm_first": norm_first,
            "initialization": initialization,
            "fan": fan,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "feedforward_dropout": feedforward_dropout,
        }
        self.encoder = [Layer(decodes=False, **settings) for _ in range(num_layers)]
        self.encoder_norm = layers.Identity()
        if norm_first:
            self.encoder_norm = layers.LayerNormalization(epsilon=1e-5)
        self.decoder = [Layer(decodes=True, **settings) for _ in range(num_layers)]
        self.decoder_norm = layers.Identity()
        if norm_first:
            self.decoder_norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size, kernel_initializer=start(2.0, fan)))
        self.head = layers.Dense(out_features, kernel_initializer=start(1.0, fan))
        self.out_steps = min(out_steps, 1)  # all weights are there once one step is written
        self(ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features)))
        self.out_steps = out_steps

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, lengths=None, previous=None, training=False):
        """Write S steps: (B, T, F) -> (B, S, C), or score the sequence: (B, T, F) -> (B, C)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if previous is not None and self.out_steps == 0:
            raise ValueError("previous holds targets, but with out_steps=0 no steps are written.")
        real = None
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
            real = ops.arange(ops.shape(x)[1]) < lengths[:, None]  # (B, T)
            x = ops.where(real if x.ndim == 2 else real[..., None], x, 0)
            real = real[:, None, None]  # (B, 1, 1, T)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        x = self.project(x)  # (B, T, M)
        x = self.dropout(x + sinusoids(x), training=training)
        source = x
        for layer in self.encoder:
            source = layer(source, real, training=training)
        source = self.encoder_norm(source)  # (B, T, M)
        if self.out_steps:
            return self.write(source, real, previous, training)
        x = self.decode(x, real, source, real, training)  # (B, T, M)
        if lengths is None:
            return self.score(x[:, -1], training)
        last = ops.take_along_axis(x, lengths[:, None, None] - 1, 1)[:, 0]  # (B, M)
        return self.score(last, training)

    def write(self, source, real, previous, training):
        """Predict each step from the targets before it, or from what was written: (B, S, C)."""
        size = ops.shape(source)[0]
        if self.token_targets:
            y = ops.full((size, 1), START, "int32")
        else:
            y = ops.zeros((size, 1, self.out_features), source.dtype)  # before the first target
        if previous is not None:
            check_targets(previous, y, self.out_features)
            previous = ops.cast(previous, y.dtype)
            y = ops.concatenate([y, previous[:, :-1]], 1)  # step t is written after target t - 1
            return self.predict(y, source, real, training)
        for _ in range(self.out_steps - 1):
            step = self.predict(y, source, real, training)[:, -1:]  # (B, 1, C)
            if self.token_targets:
                step = ops.cast(ops.argmax(step, 2), "int32")  # (B, 1)
            y = ops.concatenate([y, step], 1)
        return self.predict(y, source, real, training)

    def predict(self, y, source, real, training):
        """Score what follows each step of y: (B, S, C) or (B, S) tokens -> (B, S, C)."""
        x = self.target(y)  # (B, S, M)
        x = self.dropout(x + sinusoids(x), training=training)
        steps = ops.arange(ops.shape(x)[1], dtype="int32")
        seen = (steps <= steps[:, None])[None, None]  # (1, 1, S, S): no step sees a later one
        return self.score(self.decode(x, seen, source, real, training), training)

    def decode(self, x, seen, source, real, training):
        """Let the steps of the target look at one another and at the source: (B, S, M)."""
        for layer in self.decoder:
            x = layer(x, seen, source, real, training=training)
        return self.decoder_norm(x)

    def score(self, x, training):
        """Pass what was decoded through the dense layers and the head: (..., M) -> (..., C)."""
        for linear in self.dense:
            x = self.dropout(ops.relu(linear(x)), training=training)
        return self.head(x)


@keras.saving.register_keras_serializable(__name__)
class Layer(layers.Layer):
    """Attention to one another, to the source if it decodes, then two dense layers at each step."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        feedforward_size: int,
        *,
        decodes: bool,
        norm_first: bool,
        initialization: str,
        fan: str,
        dropout: float,
        attention_dropout: float,
        feedforward_dropout: float,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self.norm_first = norm_first
        self.decodes = decodes
        self.self_norm = layers.LayerNormalization(epsilon=1e-5)
        attention = (model_size, num_heads, initialization, fan, attention_dropout)
        self.self_attention = Attention(*attention)
        if decodes:
            self.source_norm = layers.LayerNormalization(epsilon=1e-5)
            self.source_attention = Attention(*attention)
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        start = INITIALIZATIONS[initialization]
        self.expand = layers.Dense(feedforward_size, kernel_initializer=start(2.0, fan))
        self.shrink = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.dropout = layers.Dropout(dropout)
        self.feedforward_dropout = layers.Dropout(feedforward_dropout)

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, seen, source=None, real=None, training=False):
        """Renew each step: (B, S, M) -> (B, S, M); source (B, T, M), if it decodes."""
        if self.norm_first:
            h = self.self_norm(x)
            h = self.self_attention(h, h, seen, training=training)
            x = x + self.dropout(h, training=training)
            if self.decodes:
                h = self.source_norm(x)
                h = self.source_attention(h, source, real, training=training)
                x = x + self.dropout(h, training=training)
            return x + self.feedforward(self.feedforward_norm(x), training)
        h = self.self_attention(x, x, seen, training=training)
        x = self.self_norm(x + self.dropout(h, training=training))
        if self.decodes:
            h = self.source_attention(x, source, real, training=training)
            x = self.source_norm(x + self.dropout(h, training=training))
        return self.feedforward_norm(x + self.feedforward(x, training))

    def feedforward(self, x, training):
        """Pass each step through two dense layers: (B, S, M) -> (B, S, M)."""
        h = self.feedforward_dropout(ops.relu(self.expand(x)), training=training)
        return self.dropout(self.shrink(h), training=training)


@keras.saving.register_keras_serializable(__name__)
class Attention(layers.Layer):
    """Let each step of x take a mean of the steps of source that it sees, weighted in N heads."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        initialization: str,
        fan: str,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
        start = INITIALIZATIONS[initialization]
        self.query = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.key_value = layers.Dense(2 * model_size, kernel_initializer=start(1.0, fan))
        self.out = layers.Dense(model_size, kernel_initializer=start(1.0, fan))
        self.attention_dropout = layers.Dropout(attention_dropout)

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, source, seen, training=False):
        """Read the source: (B, S, M), (B, T, M) -> (B, S, M)."""
        key, value = ops.split(self.key_value(source), 2, 2)  # (B, T, M) each
        query = self.split(self.query(x))  # (B, N, S, M / N)
        key = self.split(key)  # (B, N, T, M / N)
        value = self.split(value)
        query = query / query.shape[3] ** 0.5
        scores = ops.matmul(query, ops.swapaxes(key, 2, 3))  # (B, N, S, T)
        if seen is not None:
            unseen = ops.where(seen, 0.0, -float("inf"))
            scores = scores + ops.cast(unseen, scores.dtype)
        weights = self.attention_dropout(ops.softmax(scores), training=training)
        h = ops.matmul(weights, value)  # (B, N, S, M / N)
        h = ops.reshape(ops.swapaxes(h, 1, 2), ops.shape(x))  # (B, S, M)
        return self.out(h)

    def split(self, x):
        """Give each head its share of the width: (B, T, M) -> (B, N, T, M / N)."""
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return ops.swapaxes(ops.reshape(x, shape), 1, 2)


def sinusoids(x):
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = ops.shape(x)[1], x.shape[2]
    rates = ops.convert_to_tensor([10000 ** (-i / size) for i in range(0, size, 2)], "float32")
    angles = ops.cast(ops.arange(length), "float32")[:, None] * rates  # (T, M / 2)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], 2)  # (T, M / 2, 2)
    waves = ops.reshape(waves, (length, -1))  # (T, M), one more when M is odd
    return ops.cast(waves[:, :size], x.dtype)


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


def readable(x) -> bool:
    """Tell whether x has values to look at: in a compiled graph it has none."""
    try:
        return ops.convert_to_numpy(x).size > 0
    except (TypeError, NotImplementedError):
        return False


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
