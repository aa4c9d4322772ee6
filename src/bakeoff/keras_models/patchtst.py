"""PatchTST: cut a series into patches, let them look at one another, and forecast from them all.

    z   = (x - mean) / std                   of this window, put back on the forecast
    p_i = W_p patch_i + b_p + place_i        patches of patch_size steps, a stride apart
    p   = p + attention(norm(p))             layer after layer
    p   = p + shrink(gelu(expand(norm(p))))
    y   = (W [norm(p_1), ... norm(p_P)] + b) * std + mean

Source: Nie et al., "A Time Series Is Worth 64 Words", 2023. Each series is read by itself, all by
the same weights. Where we differ: layer norm before each branch, not batch norm after each sum;
the scores of attention are not added to those of the layer before; the last step is repeated only
to fill the last patch (theirs is always repeated a whole stride, so that they have a patch more
where the stride divides T - patch_size); places begin normal, 0.02 (theirs uniform), and dense
weights as Xavier's; smaller than theirs, and no dropout, by default.

Dimensions: B windows, T steps back, S steps ahead, F channels, Q targets, P patches, M model width.
"""

import math

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class PatchTST(keras.Model):
    """Forecast each target from its own past; further channels of x are not read.

    Args:
        in_features: F, channels of x, of which the first Q are the targets.
        out_features: Q, targets, at most F.
        in_steps: T, steps of the window.
        out_steps: S, steps to forecast.
        patch_size: Steps in a patch (the whole window, if that is shorter).
        stride: Steps from one patch to the next; the last step is repeated to fill the last patch.
        model_size: M, values per patch inside the model, a multiple of num_heads.
        num_heads: Readings of the series that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        dropout: Probability of zeroing a value of the embedded patches or of a branch.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.

    Shape:
        x (B, T, F) float -> (B, S, Q) float.

    Raises:
        ValueError: More targets than channels, no step or stride, or model_size no multiple of
            num_heads; when called, windows of another size.

    Example:
        >>> model = PatchTST(in_features=7, out_features=1, in_steps=96, out_steps=24)
        >>> tuple(model(ops.zeros((2, 96, 7))).shape)
        (2, 24, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        in_steps: int,
        out_steps: int,
        patch_size: int = 16,
        stride: int = 8,
        model_size: int = 32,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 64,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if out_features > in_features:
            raise ValueError(f"out_features={out_features} exceeds in_features={in_features}.")
        if min(in_steps, out_steps, patch_size, stride) < 1:
            raise ValueError(
                f"{in_steps=}, {out_steps=}, {patch_size=} and {stride=} must all be 1 or more."
            )
        patch_size = min(patch_size, in_steps)
        num_patches = math.ceil((in_steps - patch_size) / stride) + 1
        self.in_features = in_features
        self.out_features = out_features
        self.in_steps = in_steps
        self.out_steps = out_steps
        self.patch_size = patch_size
        self.stride = stride
        self.missing = (num_patches - 1) * stride + patch_size - in_steps  # steps to repeat
        self.project = layers.Dense(model_size)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.positions = self.add_weight((num_patches, model_size), small, name="positions")
        self.blocks = []
        for _ in range(num_layers):
            block = SeriesLayer(
                model_size,
                num_heads,
                feedforward_size,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
            )
            self.blocks.append(block)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(out_steps)
        self(ops.zeros((1, in_steps, in_features)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Forecast each window: (B, T, F) -> (B, S, Q)."""
        check_window(x, self.in_steps, self.in_features)
        x = ops.swapaxes(x[..., : self.out_features], 1, 2)  # (B, Q, T)
        mean = ops.mean(x, 2, keepdims=True)  # (B, Q, 1)
        variance = ops.var(x, 2, keepdims=True)  # (B, Q, 1)
        std = ops.sqrt(variance + 1e-5)
        x = (x - mean) / std
        last = ops.repeat(x[..., -1:], self.missing, 2)  # (B, Q, missing)
        x = ops.concatenate([x, last], 2)  # (B, Q, T + missing)
        patches = []
        for start in range(0, x.shape[2] - self.patch_size + 1, self.stride):
            patches.append(x[..., start : start + self.patch_size])  # (B, Q, patch_size)
        x = ops.stack(patches, 2)  # (B, Q, P, patch_size)
        x = ops.reshape(x, (-1, *x.shape[2:]))  # (B * Q, P, patch_size)
        x = self.project(x)  # (B * Q, P, M)
        x = self.dropout(x + self.positions, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        x = self.norm(x)
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2]))  # (B * Q, P * M)
        y = self.head(x)  # (B * Q, S)
        y = ops.reshape(y, (-1, self.out_features, self.out_steps))  # (B, Q, S)
        return ops.swapaxes(y * std + mean, 1, 2)  # (B, S, Q)


@keras.saving.register_keras_serializable(__name__)
class SeriesLayer(layers.Layer):
    """Attention among the patches, then two dense layers at each, both added to them."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        feedforward_size: int,
        *,
        dropout: float,
        attention_dropout: float,
        feedforward_dropout: float,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5)
        self.query_key_value = layers.Dense(3 * model_size)
        self.out = layers.Dense(model_size)
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(feedforward_size)
        self.shrink = layers.Dense(model_size)
        self.dropout = layers.Dropout(dropout)
        self.attention_dropout = layers.Dropout(attention_dropout)
        self.feedforward_dropout = layers.Dropout(feedforward_dropout)

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Renew each patch: (B, P, M) -> (B, P, M)."""
        x = x + self.attention(self.attention_norm(x), training)
        return x + self.feedforward(self.feedforward_norm(x), training)

    def attention(self, x, training):
        """Let each patch read all patches: (B, P, M) -> (B, P, M)."""
        query, key, value = self.heads(x)  # (B, N, P, M / N) each
        weights = self.weights_of(query, key)  # (B, N, P, P)
        weights = self.attention_dropout(weights, training=training)
        h = ops.matmul(weights, value)  # (B, N, P, M / N)
        h = ops.reshape(ops.swapaxes(h, 1, 2), ops.shape(x))  # (B, P, M)
        return self.dropout(self.out(h), training=training)

    def feedforward(self, x, training):
        """Pass each patch through two dense layers: (B, P, M) -> (B, P, M)."""
        h = ops.gelu(self.expand(x), approximate=False)  # (B, P, feedforward_size)
        h = self.feedforward_dropout(h, training=training)
        return self.dropout(self.shrink(h), training=training)

    def weights_of(self, query, key):
        """Return how much each patch reads of each other: (B, N, P, P)."""
        query = query / query.shape[3] ** 0.5
        return ops.softmax(ops.matmul(query, ops.swapaxes(key, 2, 3)))

    def heads(self, x):
        """Return query, key and value of each head: (B, P, M) -> (B, N, P, M / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, P, M) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.swapaxes(ops.reshape(part, shape), 1, 2) for part in parts]


def check_window(x, in_steps: int, in_features: int) -> None:
    """Refuse windows of another size than the page was built for."""
    if x.ndim != 3 or tuple(x.shape[1:]) != (in_steps, in_features):
        raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {in_steps}, {in_features}).")
