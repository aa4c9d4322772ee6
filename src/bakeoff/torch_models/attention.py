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

import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
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
        >>> y, weights = attention(torch.zeros(3, 5, 8), memory=torch.zeros(3, 7, 8))
        >>> y.shape, weights.shape
        (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 7]))
    """

    def __init__(self, model_size: int, num_heads: int) -> None:
        super().__init__()
        if model_size % num_heads:
            raise ValueError(f"model_size={model_size} is not a multiple of num_heads={num_heads}.")
        self.num_heads = num_heads
        self.query = nn.Linear(model_size, model_size)
        self.key = nn.Linear(model_size, model_size)
        self.value = nn.Linear(model_size, model_size)
        self.out = nn.Linear(model_size, model_size)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(
        self, x: Tensor, memory: Tensor | None = None, seen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Read memory: (B, T, M), (B, S, M) -> (B, T, M) and the weights (B, N, T, S)."""
        memory = x if memory is None else memory
        query = self.split(self.query(x))  # (B, N, T, M / N)
        key = self.split(self.key(memory))
        value = self.split(self.value(memory))
        heads, weights = dot_product_attention(query, key, value, seen)  # (B, N, T, M / N)
        heads = heads.transpose(1, 2).flatten(2)  # (B, T, M)
        return self.out(heads), weights

    def split(self, x: Tensor) -> Tensor:
        """Give each head its share of the width: (B, T, M) -> (B, N, T, M / N)."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


def dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Read values by the likeness of queries and keys.

    Args:
        query: (..., T, D), what each step looks for.
        key: (..., S, D), what each step of the memory offers.
        value: (..., S, E), what it then gives; finite, also where it is not seen.
        seen: Bool, broadcast to (..., T, S): which steps may be read, at least one of them.

    Returns:
        What was read (..., T, E), and the weights (..., T, S), 0 where not seen.
    """
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5  # (..., T, S)
    if seen is not None:
        scores = scores.masked_fill(~seen, -torch.inf)
    weights = scores.softmax(-1)
    return weights @ value, weights


def real_steps(lengths: Tensor, length: int) -> Tensor:
    """Return which steps are no padding, to be used as `seen`: (B,) -> (B, 1, 1, S)."""
    return torch.arange(length, device=lengths.device) < lengths[:, None, None, None]


def past_steps(length: int, device: torch.device | None = None) -> Tensor:
    """Return which steps are not ahead, to be used as `seen`: (T, T), the causal mask."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def sinusoids(x: Tensor) -> Tensor:
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = x.shape[1:]
    rates = torch.tensor([10000 ** (-i / size) for i in range(0, size, 2)], device=x.device)
    angles = torch.arange(length, device=x.device)[:, None] * rates  # (T, M / 2)
    waves = torch.stack([angles.sin(), angles.cos()], 2)  # (T, M / 2, 2)
    waves = waves.flatten(1)  # (T, M), one more when M is odd
    return waves[:, :size].to(x.dtype)
