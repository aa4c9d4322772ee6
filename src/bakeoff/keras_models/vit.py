"""ViT: cut an image into patches, and let every patch look at every other.

    p_i = W_p patch_i + b_p + place_i        one step for each patch, read row by row
    x   = [token, p_1, ... p_P]              a learned class token first
    x   = x + attention(norm(x))             layer after layer
    x   = x + shrink(gelu(expand(norm(x))))
    y   = W norm(x)_token + b

Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words", 2021. Where we differ: sized for small
images trained from scratch, so that the patches are small, and no hidden layer stands before the
head; the class token has no place of its own; an image need not be a multiple of its patches.

Dimensions: B batch, C channels, Y rows, X columns, P patches, M model width, N heads, K outputs.
"""

import math

import keras
from keras import layers, ops


class ViT(keras.Model):
    """Let the patches of each image attend to one another, then predict from the class token.

    Args:
        in_channels: C, 1 for grey, 3 for colour.
        image_size: (Y, X) in pixels, or one number for a square.
        out_features: K, outputs per image; 0 builds no head and returns the features.
        patch_size: Pixels on each side of a patch; 0 cuts the longer side into 8. What is missing
            to full patches is filled with zeros on the right and below.
        model_size: M, values per patch inside the model, a multiple of num_heads.
        num_heads: N, readings of the image that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        dropout: Probability of zeroing a value of the embedded patches or of a branch.

    Shape:
        x (B, Y, X, C) float -> (B, K) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A patch larger than the image, or model_size no multiple of num_heads; when
            called, images of another size.

    Example:
        >>> model = ViT(in_channels=1, image_size=28, out_features=10)
        >>> tuple(model(ops.zeros((2, 28, 28, 1))).shape)
        (2, 10)
    """

    def __init__(
        self,
        in_channels: int,
        image_size: int | tuple[int, int],
        out_features: int,
        *,
        patch_size: int = 0,
        model_size: int = 64,
        num_heads: int = 4,
        num_layers: int = 4,
        feedforward_size: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if isinstance(image_size, int):
            image_size = (image_size, image_size)
        height, width = image_size
        patch_size = patch_size or math.ceil(max(height, width) / 8)
        if patch_size > min(height, width):
            raise ValueError(
                f"patch_size={patch_size} does not fit an image of {height} x {width}."
            )
        self.image_shape = (height, width, in_channels)
        self.missing = (-height % patch_size, -width % patch_size)  # rows, columns
        num_patches = math.ceil(height / patch_size) * math.ceil(width / patch_size)
        self.patches = layers.Conv2D(model_size, patch_size, strides=patch_size)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.positions = self.add_weight((num_patches, model_size), small, name="positions")
        self.token = self.add_weight((model_size,), small, name="token")
        self.blocks = []
        for _ in range(num_layers):
            block = EncoderLayer(
                model_size,
                num_heads,
                feedforward_size,
                norm_first=True,
                activation="gelu",
                dropout=dropout,
            )
            self.blocks.append(block)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        self.num_features = model_size
        self.head = layers.Dense(out_features) if out_features else layers.Identity()
        self(ops.zeros((1, *self.image_shape)))

    def call(self, x, training=False):
        """Score each image: (B, Y, X, C) -> (B, K)."""
        x = self.embed(x, training)  # (B, 1 + P, M)
        for block in self.blocks:
            x = block(x, training=training)
        x = x[:, 0]  # (B, M), the class token
        return self.head(self.norm(x))

    def attend(self, x):
        """Return the weights (B, N, 1 + P, 1 + P) of each layer; the class token is step 0."""
        x = self.embed(x)  # (B, 1 + P, M)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x))
            x = block(x)
        return weights

    def embed(self, x, training=False):
        """Return the class token and the patches in their places: (B, Y, X, C) -> (B, 1 + P, M)."""
        if tuple(x.shape[1:]) != self.image_shape:
            sizes = ", ".join(map(str, self.image_shape))
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {sizes}).")
        rows, columns = self.missing
        x = ops.pad(x, ((0, 0), (0, rows), (0, columns), (0, 0)))  # (B, Y, X, C)
        x = self.patches(x)  # (B, Y / patch_size, X / patch_size, M)
        x = ops.reshape(x, (-1, *self.positions.shape))  # (B, P, M)
        x = x + self.positions
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[2]))  # (B, 1, M)
        x = ops.concatenate([token, x], 1)  # (B, 1 + P, M)
        return self.dropout(x, training=training)


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
