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

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ViT(nn.Module):
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
        x (B, C, Y, X) float -> (B, K) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A patch larger than the image, or model_size no multiple of num_heads; when
            called, images of another size.

    Example:
        >>> model = ViT(in_channels=1, image_size=28, out_features=10)
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
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
        self.image_shape = (in_channels, height, width)
        self.missing = (-height % patch_size, -width % patch_size)  # rows, columns
        num_patches = math.ceil(height / patch_size) * math.ceil(width / patch_size)
        self.patches = nn.Conv2d(in_channels, model_size, patch_size, stride=patch_size)
        self.positions = nn.Parameter(0.02 * torch.randn(num_patches, model_size))
        self.token = nn.Parameter(0.02 * torch.randn(model_size))
        self.blocks = nn.ModuleList()
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
        self.norm = nn.LayerNorm(model_size)
        self.dropout = nn.Dropout(dropout)
        self.num_features = model_size
        self.head = nn.Linear(model_size, out_features) if out_features else nn.Identity()
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Conv2d):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Score each image: (B, C, Y, X) -> (B, K)."""
        x = self.embed(x)  # (B, 1 + P, M)
        for block in self.blocks:
            x = block(x)
        x = x[:, 0]  # (B, M), the class token
        return self.head(self.norm(x))

    def attend(self, x: Tensor) -> list[Tensor]:
        """Return the weights (B, N, 1 + P, 1 + P) of each layer; the class token is step 0."""
        x = self.embed(x)  # (B, 1 + P, M)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x))
            x = block(x)
        return weights

    def embed(self, x: Tensor) -> Tensor:
        """Return the class token and the patches in their places: (B, C, Y, X) -> (B, 1 + P, M)."""
        if tuple(x.shape[1:]) != self.image_shape:
            sizes = ", ".join(map(str, self.image_shape))
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {sizes}).")
        rows, columns = self.missing
        x = F.pad(x, (0, columns, 0, rows))  # (B, C, Y, X), now multiples of patch_size
        x = self.patches(x)  # (B, M, Y / patch_size, X / patch_size)
        x = x.flatten(2).transpose(1, 2)  # (B, P, M)
        x = x + self.positions
        token = self.token.expand(x.shape[0], 1, -1)  # (B, 1, M)
        x = torch.cat([token, x], 1)  # (B, 1 + P, M)
        return self.dropout(x)


class EncoderLayer(nn.Module):
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
        self.activation = F.gelu if activation == "gelu" else F.relu
        self.attention_norm = nn.LayerNorm(model_size)
        self.query_key_value = nn.Linear(model_size, 3 * model_size)
        self.out = nn.Linear(model_size, model_size)
        self.feedforward_norm = nn.LayerNorm(model_size)
        self.expand = nn.Linear(model_size, feedforward_size)
        self.shrink = nn.Linear(feedforward_size, model_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """Renew each step: (B, T, M) -> (B, T, M)."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), real)
            return x + self.feedforward(self.feedforward_norm(x))
        x = self.attention_norm(x + self.attention(x, real))
        return self.feedforward_norm(x + self.feedforward(x))

    def attention(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Let each step read all real steps: (B, T, M) -> (B, T, M)."""
        query, key, value = self.split(x)  # (B, N, T, M / N) each
        mask = None if real is None else real[:, None, None]  # (B, 1, 1, T)
        h = F.scaled_dot_product_attention(query, key, value, mask)  # (B, N, T, M / N)
        h = h.transpose(1, 2).flatten(2)  # (B, T, M)
        return self.dropout(self.out(h))

    def feedforward(self, x: Tensor) -> Tensor:
        """Pass each step through two dense layers: (B, T, M) -> (B, T, M)."""
        h = self.activation(self.expand(x))  # (B, T, feedforward_size)
        return self.dropout(self.shrink(h))

    def attend(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """Return the weights (B, N, T, T) with which each step reads the others."""
        if self.norm_first:
            x = self.attention_norm(x)
        query, key, _ = self.split(x)  # (B, N, T, M / N) each
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5  # (B, N, T, T)
        if real is not None:
            scores = scores.masked_fill(~real[:, None, None], -torch.inf)
        return scores.softmax(3)

    def split(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, T, M) -> (B, N, T, M / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, T, M) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]
