"""Attention: the building blocks of a Transformer, with the weights laid open.

    weights = softmax(Q K' / sqrt(M / N))         how much each step reads of each other step
    heads   = weights V                           what it reads, in each of N heads
    y       = W_o heads + b_o
    Q, K, V = W_q x + b_q, W_k memory + b_k, W_v memory + b_v

Self-attention reads x itself (memory = x), cross-attention another sequence. This page is for
reading and for trying things out; the other pages carry faster forms of the same.

Source: Vaswani et al., "Attention Is All You Need", 2017. Where we differ: the four maps have
biases.

Dimensions: B batch, T steps of x, S steps of memory, M model width, N heads.
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(__name__)
class MultiHeadAttention(keras.Model):
    """Let each step of x take a weighted mean of the steps of memory, in several heads.

    Args:
        model_size: M, values per step, a multiple of num_heads.
        num_heads: N, readings made side by side, each on M / N values.

    Shape:
        x (B, T, M) float, memory (B, S, M) float or None for x itself, seen bool, broadcast to
        (B, N, T, S), or None -> (B, T, M) float and the weights (B, N, T, S), which sum to 1.

    Raises:
        ValueError: model_size is no multiple of num_heads.

    Example:
        >>> attention = MultiHeadAttention(model_size=8, num_heads=2)
        >>> y, weights = attention(ops.zeros((3, 5, 8)), memory=ops.zeros((3, 7, 8)))
        >>> tuple(y.shape), tuple(weights.shape)
        ((3, 5, 8), (3, 2, 5, 7))
    """

    def __init__(self, model_size: int, num_heads: int) -> None:
        arguments = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        super().__init__()
        self.arguments = arguments  # plain values, for get_config
        if model_size % num_heads:
            raise ValueError(f"model_size={model_size} is not a multiple of num_heads={num_heads}.")
        self.num_heads = num_heads
        self.query = layers.Dense(model_size)
        self.key = layers.Dense(model_size)
        self.value = layers.Dense(model_size)
        self.out = layers.Dense(model_size)
        self(ops.zeros((1, 2, model_size)))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, memory=None, seen=None, training=False):
        """Read memory: (B, T, M), (B, S, M) -> (B, T, M) and the weights (B, N, T, S)."""
        memory = x if memory is None else memory
        query = self.split(self.query(x))  # (B, N, T, M / N)
        key = self.split(self.key(memory))
        value = self.split(self.value(memory))
        heads, weights = dot_product_attention(query, key, value, seen)  # (B, N, T, M / N)
        heads = ops.reshape(ops.swapaxes(heads, 1, 2), ops.shape(x))  # (B, T, M)
        return self.out(heads), weights

    def split(self, x):
        """Give each head its share of the width: (B, T, M) -> (B, N, T, M / N)."""
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return ops.swapaxes(ops.reshape(x, shape), 1, 2)


def dot_product_attention(query, key, value, seen=None):
    """Read values by the likeness of queries and keys.

    Args:
        query: (..., T, D), what each step looks for.
        key: (..., S, D), what each step of the memory offers.
        value: (..., S, E), what it then gives; finite, also where it is not seen.
        seen: Bool, broadcast to (..., T, S): which steps may be read, at least one of them.

    Returns:
        What was read (..., T, E), and the weights (..., T, S), 0 where not seen.
    """
    scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) / query.shape[-1] ** 0.5  # (..., T, S)
    if seen is not None:
        scores = ops.where(seen, scores, float("-inf"))
    weights = ops.softmax(scores)
    return ops.matmul(weights, value), weights


def real_steps(lengths, length: int):
    """Return which steps are no padding, to be used as `seen`: (B,) -> (B, 1, 1, S)."""
    return ops.arange(length) < ops.cast(lengths, "int32")[:, None, None, None]


def past_steps(length: int):
    """Return which steps are not ahead, to be used as `seen`: (T, T), the causal mask."""
    return ops.arange(length) <= ops.arange(length)[:, None]


def sinusoids(x):
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = ops.shape(x)[1], x.shape[2]
    rates = ops.convert_to_tensor([10000 ** (-i / size) for i in range(0, size, 2)], "float32")
    angles = ops.cast(ops.arange(length), "float32")[:, None] * rates  # (T, M / 2)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], 2)  # (T, M / 2, 2)
    waves = ops.reshape(waves, (length, -1))  # (T, M), one more when M is odd
    return ops.cast(waves[:, :size], x.dtype)
