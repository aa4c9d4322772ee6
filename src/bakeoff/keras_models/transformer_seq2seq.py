"""Transformer encoder-decoder: read a sequence, then write one, looking back at what was read.

    source = encoder(x)                    each step looks at all steps of x
    target = decoder(previous, source)     each step looks at the steps before it, and at source
    y      = W norm(target) + b            at every step of the target

Source: Vaswani et al., "Attention Is All You Need", 2017. Each branch is normalised first (Xiong
et al., "On Layer Normalization in the Transformer Architecture", 2020), so that no warm-up is
needed; without dropout it equals nn.Transformer(norm_first=True).

Dimensions: B batch, T time steps read, S steps written, F input features, M model width, N heads,
C outputs.
"""

import keras
from keras import layers, ops

START = 2  # the token that stands before the first target


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
        dropout: Probability of zeroing a value of the embedded steps or of a branch.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.

    Shape:
        x (B, T, F) float or (B, T) int, lengths (B,) int, previous (B, S, C) float or (B, S) int
        tokens -> raw scores (B, S, C), or (B, C) when out_steps is 0.

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
        dropout: float = 0.0,
        vocabulary_size: int = 0,
        token_targets: bool = False,
    ) -> None:
        super().__init__()
        self.in_features, self.vocabulary_size = in_features, vocabulary_size
        if token_targets and out_features <= 2:
            raise ValueError(f"{out_features=} has no place for token 2, which starts a text.")
        self.out_features, self.out_steps, self.tokens = out_features, out_steps, token_targets
        sizes = (model_size, num_heads, feedforward_size, dropout)
        draw = keras.initializers.RandomNormal(stddev=1.0)
        self.embedding = (
            layers.Embedding(vocabulary_size, in_features, draw) if vocabulary_size else None
        )
        self.project = layers.Dense(model_size)
        self.target = None
        if out_steps and token_targets:
            self.target = layers.Embedding(out_features, model_size, draw)
        elif out_steps:
            self.target = layers.Dense(model_size)
        self.encoder = [Layer(*sizes, decodes=False) for _ in range(num_layers)]
        self.encoder_norm = layers.LayerNormalization(epsilon=1e-5)
        self.decoder = [Layer(*sizes, decodes=True) for _ in range(num_layers)]
        self.decoder_norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(out_features)
        x = ops.zeros((1, 1), "int32") if vocabulary_size else ops.zeros((1, 1, in_features))
        self(x)

    def call(self, x, lengths=None, previous=None, training=False):
        """Write S steps: (B, T, F) -> (B, S, C), or score the sequence: (B, T, F) -> (B, C)."""
        check(x, self.in_features, self.vocabulary_size)
        steps = ops.arange(ops.shape(x)[1], dtype="int32")
        lengths = None if lengths is None else ops.cast(lengths, "int32")
        real = None if lengths is None else steps < lengths[:, None, None, None]  # (B, 1, 1, T)
        x = self.project(x if self.embedding is None else self.embedding(x))
        x = self.dropout(x + sinusoids(x), training=training)  # (B, T, M)
        source = x
        for layer in self.encoder:
            source = layer(source, real, training=training)
        source = self.encoder_norm(source)  # (B, T, M)
        if self.out_steps:
            return self.write(source, real, previous, training)
        x = self.decode(x, real, source, real, training)
        if lengths is None:
            return self.head(x[:, -1])
        return self.head(ops.take_along_axis(x, lengths[:, None, None] - 1, 1)[:, 0])

    def write(self, source, real, previous, training):
        """Predict each step from the targets before it, or from what was written: (B, S, C)."""
        y = ops.zeros((ops.shape(source)[0], 1, self.out_features), source.dtype)
        if self.tokens:
            y = ops.full((ops.shape(source)[0], 1), START, "int32")
        if previous is not None:
            if tuple(previous.shape[2:]) != tuple(y.shape[2:]):
                raise ValueError(f"previous is {tuple(previous.shape)}, a step {tuple(y.shape)}.")
            previous = ops.cast(previous[:, :-1], y.dtype)
            return self.predict(ops.concatenate([y, previous], 1), source, real, training)
        for _ in range(self.out_steps):
            scores = self.predict(y, source, real, training)
            step = scores[:, -1:]
            step = ops.cast(ops.argmax(step, 2), "int32") if self.tokens else step
            y = ops.concatenate([y, step], 1)
        return scores

    def predict(self, y, source, real, training):
        """Score what follows each step of y: (B, S, C) or (B, S) tokens -> (B, S, C)."""
        x = self.target(y)
        x = self.dropout(x + sinusoids(x), training=training)  # (B, S, M)
        steps = ops.arange(ops.shape(x)[1], dtype="int32")
        seen = (steps <= steps[:, None])[None, None]  # (1, 1, S, S)
        return self.head(self.decode(x, seen, source, real, training))

    def decode(self, x, seen, source, real, training):
        """Let the steps of the target look at one another and at the source: (B, S, M)."""
        for layer in self.decoder:
            x = layer(x, seen, source, real, training=training)
        return self.decoder_norm(x)


class Layer(layers.Layer):
    """Attention to one another, to the source if it decodes, then two dense layers at each step."""

    def __init__(
        self, model_size: int, num_heads: int, feedforward_size: int, dropout: float, decodes: bool
    ) -> None:
        super().__init__()
        self.self_norm = layers.LayerNormalization(epsilon=1e-5)
        self.self_attention = Attention(model_size, num_heads)
        self.source_norm = layers.LayerNormalization(epsilon=1e-5) if decodes else None
        self.source_attention = Attention(model_size, num_heads) if decodes else None
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(feedforward_size)
        self.shrink = layers.Dense(model_size)
        self.dropout = layers.Dropout(dropout)

    def call(self, x, seen, source=None, real=None, training=False):
        h = self.self_norm(x)
        x = x + self.dropout(self.self_attention(h, h, seen), training=training)
        if self.source_attention is not None:
            h = self.source_attention(self.source_norm(x), source, real)
            x = x + self.dropout(h, training=training)
        h = self.shrink(ops.relu(self.expand(self.feedforward_norm(x))))
        return x + self.dropout(h, training=training)


class Attention(layers.Layer):
    """Let each step of x take a mean of the steps of source that it sees, weighted in N heads."""

    def __init__(self, model_size: int, num_heads: int) -> None:
        super().__init__()
        if model_size % num_heads:
            raise ValueError(f"model_size={model_size} is not a multiple of num_heads={num_heads}.")
        self.num_heads = num_heads
        self.query = layers.Dense(model_size)
        self.key_value = layers.Dense(2 * model_size)
        self.out = layers.Dense(model_size)

    def call(self, x, source, seen):
        parts = [self.query(x), *ops.split(self.key_value(source), 2, 2)]
        heads = (self.num_heads, x.shape[2] // self.num_heads)
        query, key, value = (ops.reshape(p, (*ops.shape(p)[:2], *heads)) for p in parts)
        h = ops.dot_product_attention(query, key, value, mask=seen)  # (B, T, N, M / N)
        return self.out(ops.reshape(h, ops.shape(x)))


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
