"""Transformer: every step of a sequence looks at every other step, layer after layer.

    attention(x) = softmax(Q K' / sqrt(M / N)) V     in each of N heads; Q, K, V = dense(x)
    x = x + attention(norm(x))                       with norm_first; without it
    x = x + shrink(activation(expand(norm(x))))      x = norm(x + attention(x)), and so on

Source: Vaswani et al., "Attention Is All You Need", 2017; class token: Devlin et al., "BERT", 2019.

Dimensions: B batch, T time steps, F input features, M model width, N heads, C outputs.
"""

import keras
from keras import layers, ops


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
        norm_first: Normalise before each branch and at the end (Xiong, 2020), not after each sum.
        activation: relu or gelu.
        dropout: Probability of zeroing a value of the embedded steps, a branch or a hidden layer.
        hidden_sizes: Dense layers between the pooling and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.

    Shape:
        x (B, T, F) float or (B, T) int, lengths (B,) int -> raw scores (B, C); per_step (B, T, C).

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
        hidden_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        for name, value, known in (
            ("pooling", pooling, ("token", "mean")),
            ("positions", positions, ("sinusoidal", "learned")),
            ("activation", activation, ("relu", "gelu")),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r} is unknown. Known: {', '.join(known)}.")
        if (positions == "learned") != (max_length > 0):
            raise ValueError(f"{positions} positions do not go with max_length={max_length}.")
        self.in_features, self.vocabulary_size = in_features, vocabulary_size
        self.max_length, self.pooling = max_length, "none" if per_step else pooling
        self.activation = keras.activations.get(activation)
        self.dropout = layers.Dropout(dropout)
        draw = keras.initializers.RandomNormal(stddev=1.0)
        self.embedding = (
            layers.Embedding(vocabulary_size, in_features, draw) if vocabulary_size else None
        )
        self.project = layers.Dense(model_size)
        self.positions, self.token = None, None
        if max_length:
            self.positions = self.add_weight((max_length, model_size), draw, name="positions")
        if self.pooling == "token":
            self.token = self.add_weight((model_size,), draw, name="token")
        self.blocks = [
            EncoderLayer(model_size, num_heads, feedforward_size, norm_first, activation, dropout)
            for _ in range(num_layers)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-5) if norm_first else layers.Identity()
        self.hidden = [layers.Dense(hidden_size) for hidden_size in hidden_sizes]
        self.num_features = hidden_sizes[-1] if hidden_sizes else model_size
        self.head = layers.Dense(out_features) if out_features else layers.Identity()
        self(ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features)))

    def call(self, x, lengths=None, training=False):
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, seen = self.embed(x, lengths, training)
        for block in self.blocks:
            x = block(x, seen, training=training)
        x = self.norm(x)  # (B, T, M)
        if self.pooling == "token":
            x = x[:, 0]  # (B, M)
        elif self.pooling == "mean" and seen is None:
            x = ops.mean(x, 1)
        elif self.pooling == "mean":
            real = ops.cast(seen[:, 0], x.dtype)  # (B, 1, T)
            x = (ops.matmul(real, x) / ops.sum(real, -1, keepdims=True))[:, 0]
        for linear in self.hidden:
            x = self.dropout(self.activation(linear(x)), training=training)
        return self.head(x)

    def attend(self, x, lengths=None):
        """Return the weights (B, N, T, T) of each layer; with a class token, it is step 0."""
        x, seen = self.embed(x, lengths)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x, seen))
            x = block(x, seen)
        return weights

    def embed(self, x, lengths, training=False):
        """Return the steps and their places (B, T, M), and which can be seen (B, 1, 1, T)."""
        check(x, self.in_features, self.vocabulary_size)
        if 0 < self.max_length < (x.shape[1] or 0):
            raise ValueError(f"x has {x.shape[1]} steps, but max_length={self.max_length}.")
        x = self.project(x if self.embedding is None else self.embedding(x))  # (B, T, M)
        x = x + (self.positions[: ops.shape(x)[1]] if self.max_length else sinusoids(x))
        if self.token is not None:
            token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[2]))
            x = ops.concatenate([token, x], 1)  # (B, 1 + T, M)
            lengths = None if lengths is None else lengths + 1
        steps = ops.arange(ops.shape(x)[1], dtype="int32")
        seen = None if lengths is None else steps < ops.cast(lengths, "int32")[:, None, None, None]
        return self.dropout(x, training=training), seen


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
    ) -> None:
        super().__init__()
        if model_size % num_heads:
            raise ValueError(f"model_size={model_size} is not a multiple of num_heads={num_heads}.")
        self.num_heads = num_heads
        self.norm_first = norm_first
        self.activation = keras.activations.get(activation)
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5)
        self.query_key_value = layers.Dense(3 * model_size)
        self.out = layers.Dense(model_size)
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(feedforward_size)
        self.shrink = layers.Dense(model_size)
        self.dropout = layers.Dropout(dropout)

    def call(self, x, real=None, training=False):
        """Renew each step: (B, T, M) -> (B, T, M)."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), real, training)
            return x + self.feedforward(self.feedforward_norm(x), training)
        x = self.attention_norm(x + self.attention(x, real, training))
        return self.feedforward_norm(x + self.feedforward(x, training))

    def attention(self, x, real, training):
        """Let each step read all real steps: (B, T, M) -> (B, T, M)."""
        query, key, value = self.split(x)  # (B, T, N, M / N) each
        mask = None if real is None else real[:, None, None]  # (B, 1, 1, T)
        h = ops.dot_product_attention(query, key, value, mask=mask)  # (B, T, N, M / N)
        h = ops.reshape(h, ops.shape(x))  # (B, T, M)
        return self.dropout(self.out(h), training=training)

    def feedforward(self, x, training):
        """Pass each step through two dense layers: (B, T, M) -> (B, T, M)."""
        h = self.activation(self.expand(x))  # (B, T, feedforward_size)
        return self.dropout(self.shrink(h), training=training)

    def attend(self, x, real=None):
        """Return the weights (B, N, T, T) with which each step reads the others."""
        if self.norm_first:
            x = self.attention_norm(x)
        query, key, _ = self.split(x)  # (B, T, N, M / N) each
        scores = ops.einsum("btnh,bsnh->bnts", query, key) / query.shape[3] ** 0.5  # (B, N, T, T)
        if real is not None:
            scores = ops.where(real[:, None, None], scores, float("-inf"))
        return ops.softmax(scores)

    def split(self, x):
        """Return query, key and value of each head: (B, T, M) -> (B, T, N, M / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, T, M) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.reshape(part, shape) for part in parts]


def sinusoids(x):
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = ops.shape(x)[1], x.shape[2]
    rates = ops.convert_to_tensor([10000 ** (-i / size) for i in range(0, size, 2)], "float32")
    angles = ops.cast(ops.arange(length), "float32")[:, None] * rates  # (T, M / 2)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], 2)  # (T, M / 2, 2)
    waves = ops.reshape(waves, (length, -1))  # (T, M), one more when M is odd
    return ops.cast(waves[:, :size], x.dtype)


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
