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

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PatchTST(nn.Module):
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
        >>> model(torch.zeros(2, 96, 7)).shape
        torch.Size([2, 24, 1])
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
        self.project = nn.Linear(patch_size, model_size)
        self.positions = nn.Parameter(0.02 * torch.randn(num_patches, model_size))
        self.blocks = nn.ModuleList()
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
        self.norm = nn.LayerNorm(model_size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(num_patches * model_size, out_steps)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Forecast each window: (B, T, F) -> (B, S, Q)."""
        check_window(x, self.in_steps, self.in_features)
        x = x[..., : self.out_features].transpose(1, 2)  # (B, Q, T)
        mean = x.mean(2, keepdim=True)  # (B, Q, 1)
        variance = x.var(2, keepdim=True, unbiased=False)  # (B, Q, 1)
        std = (variance + 1e-5).sqrt()
        x = (x - mean) / std
        x = F.pad(x, (0, self.missing), mode="replicate")  # (B, Q, T + missing)
        x = x.flatten(0, 1)  # (B * Q, T + missing): each series by itself
        x = x.unfold(1, self.patch_size, self.stride)  # (B * Q, P, patch_size)
        x = self.project(x)  # (B * Q, P, M)
        x = self.dropout(x + self.positions)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x).flatten(1)  # (B * Q, P * M)
        y = self.head(x)  # (B * Q, S)
        y = y.unflatten(0, (-1, self.out_features))  # (B, Q, S)
        return (y * std + mean).transpose(1, 2)  # (B, S, Q)


class SeriesLayer(nn.Module):
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
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(model_size)
        self.query_key_value = nn.Linear(model_size, 3 * model_size)
        self.out = nn.Linear(model_size, model_size)
        self.feedforward_norm = nn.LayerNorm(model_size)
        self.expand = nn.Linear(model_size, feedforward_size)
        self.shrink = nn.Linear(feedforward_size, model_size)
        self.dropout = nn.Dropout(dropout)
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.feedforward_dropout = nn.Dropout(feedforward_dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Renew each patch: (B, P, M) -> (B, P, M)."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.feedforward(self.feedforward_norm(x))

    def attention(self, x: Tensor) -> Tensor:
        """Let each patch read all patches: (B, P, M) -> (B, P, M)."""
        query, key, value = self.heads(x)  # (B, N, P, M / N) each
        left_out = self.attention_dropout.p if self.training else 0.0
        h = F.scaled_dot_product_attention(query, key, value, dropout_p=left_out)
        h = h.transpose(1, 2).flatten(2)  # (B, P, M)
        return self.dropout(self.out(h))

    def feedforward(self, x: Tensor) -> Tensor:
        """Pass each patch through two dense layers: (B, P, M) -> (B, P, M)."""
        h = F.gelu(self.expand(x))  # (B, P, feedforward_size)
        h = self.feedforward_dropout(h)
        return self.dropout(self.shrink(h))

    def heads(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, P, M) -> (B, N, P, M / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, P, M) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]


def check_window(x: Tensor, in_steps: int, in_features: int) -> None:
    """Refuse windows of another size than the page was built for."""
    if x.ndim != 3 or tuple(x.shape[1:]) != (in_steps, in_features):
        raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {in_steps}, {in_features}).")
