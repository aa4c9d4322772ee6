"""ViT: cut an image into patches, and let every patch look at every other.

    p_i = W_p patch_i + b_p + place_i        one step for each patch, read row by row
    x   = [token, p_1, ... p_P]              a learned class token first
    x   = x + attention(norm(x))             layer after layer
    x   = x + shrink(gelu(expand(norm(x))))
    y   = W norm(x)_token + b

Source: Dosovitskiy et al., "An Image Is Worth 16x16 Words", 2021. Where we differ: sized for small
images trained from scratch, so that the patches are small, and no hidden layer stands before the
head unless head_sizes (theirs has one with tanh; here they have gelu); the class token has no place
of its own (theirs has one); dropout falls on the end of a branch, and inside the feed-forward only
with feedforward_dropout; an image need not be a multiple of its patches; patches and head begin
with Xavier's weights (theirs with LeCun's and zero); norms have an epsilon of 1e-5, not 1e-6.

Dimensions: B batch, C channels, Y rows, X columns, P patches, M model width, N heads, K outputs.
"""

import difflib
import math
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
        dropout: Probability of zeroing a value of the embedded patches, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the dense layers between the class token and the head.
        initialization: Start of the weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, Y, X, C) float -> (B, K) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, a patch larger than the image, or model_size no
            multiple of num_heads; when called, images of another size.

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
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        start = INITIALIZATIONS[choose("initialization", initialization, INITIALIZATIONS)]
        choose("fan", fan, ("in", "out"))
        if isinstance(image_size, int):
            image_size = (image_size, image_size)
        height, width = image_size
        patch_size = patch_size or math.ceil(max(height, width) / 8)
        if not 0 < patch_size <= min(height, width):
            raise ValueError(
                f"patch_size={patch_size} does not fit an image of {height} x {width}."
            )
        self.image_shape = (height, width, in_channels)
        self.missing = (-height % patch_size, -width % patch_size)  # rows, columns
        num_patches = math.ceil(height / patch_size) * math.ceil(width / patch_size)
        draw = start(1.0, fan)
        self.patches = layers.Conv2D(
            model_size, patch_size, strides=patch_size, kernel_initializer=draw
        )
        sizes = (num_patches, model_size)
        self.positions = self.add_weight(sizes, RandomNormal(stddev=0.02), name="positions")
        self.token = self.add_weight((model_size,), RandomNormal(stddev=0.02), name="token")
        self.blocks = []
        for _ in range(num_layers):
            block = PatchLayer(
                model_size,
                num_heads,
                feedforward_size,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
                initialization=initialization,
                fan=fan,
            )
            self.blocks.append(block)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.dropout = layers.Dropout(dropout)
        width = model_size
        self.dense = []
        for head_size in head_sizes:
            self.dense.append(layers.Dense(head_size, kernel_initializer=start(2.0, fan)))
            width = head_size
        self.num_features = width
        self.head = layers.Identity()
        if out_features:
            self.head = layers.Dense(out_features, kernel_initializer=start(1.0, fan))
        self(ops.zeros((1, *self.image_shape)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Score each image: (B, Y, X, C) -> (B, K)."""
        x = self.embed(x, training)  # (B, 1 + P, M)
        for block in self.blocks:
            x = block(x, training=training)
        x = self.norm(x[:, 0])  # (B, M), the class token
        for linear in self.dense:
            x = self.dropout(ops.gelu(linear(x), approximate=False), training=training)
        return self.head(x)

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


@keras.saving.register_keras_serializable(__name__)
class PatchLayer(layers.Layer):
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
        initialization: str,
        fan: str,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
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

    def attend(self, x):
        """Return the weights (B, N, P, P) with which each patch reads the others."""
        query, key, _ = self.heads(self.attention_norm(x))  # (B, N, P, M / N) each
        return self.weights_of(query, key)

    def weights_of(self, query, key):
        """Return how much each patch reads of each other: (B, N, P, P)."""
        query = query / query.shape[3] ** 0.5
        return ops.softmax(ops.matmul(query, ops.swapaxes(key, 2, 3)))

    def heads(self, x):
        """Return query, key and value of each head: (B, P, M) -> (B, N, P, M / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, P, M) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.swapaxes(ops.reshape(part, shape), 1, 2) for part in parts]


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
