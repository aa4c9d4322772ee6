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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INITIALIZATIONS = {  # word -> what fills a weight; after: what its sums go into
    "auto": lambda w, after, fan: nn.init.xavier_uniform_(w),
    "uniform": lambda w, after, fan: nn.init.uniform_(w, -0.05 * 3**0.5, 0.05 * 3**0.5),
    "normal": lambda w, after, fan: nn.init.normal_(w, std=0.05),
    "xavier_uniform": lambda w, after, fan: nn.init.xavier_uniform_(w),
    "xavier_normal": lambda w, after, fan: nn.init.xavier_normal_(w),
    "kaiming_uniform": lambda w, after, fan: nn.init.kaiming_uniform_(w, 0, f"fan_{fan}", after),
    "kaiming_normal": lambda w, after, fan: nn.init.kaiming_normal_(w, 0, f"fan_{fan}", after),
    "orthogonal": lambda w, after, fan: nn.init.orthogonal_(w, nn.init.calculate_gain(after)),
}


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
        dropout: Probability of zeroing a value of the embedded patches, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the dense layers between the class token and the head.
        initialization: Start of the weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, C, Y, X) float -> (B, K) float scores, raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, a patch larger than the image, or model_size no
            multiple of num_heads; when called, images of another size.

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
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
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
        self.image_shape = (in_channels, height, width)
        self.missing = (-height % patch_size, -width % patch_size)  # rows, columns
        num_patches = math.ceil(height / patch_size) * math.ceil(width / patch_size)
        self.patches = nn.Conv2d(in_channels, model_size, patch_size, stride=patch_size)
        self.positions = nn.Parameter(0.02 * torch.randn(num_patches, model_size))
        self.token = nn.Parameter(0.02 * torch.randn(model_size))
        self.blocks = nn.ModuleList()
        for _ in range(num_layers):
            block = PatchLayer(
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
        width = model_size
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        self.num_features = width
        self.head = nn.Linear(width, out_features) if out_features else nn.Identity()
        activated = [*self.dense, *(block.expand for block in self.blocks)]
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.Conv2d):
                start(part.weight, "relu" if part in activated else "linear", fan)
                nn.init.zeros_(part.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Score each image: (B, C, Y, X) -> (B, K)."""
        x = self.embed(x)  # (B, 1 + P, M)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x[:, 0])  # (B, M), the class token
        for linear in self.dense:
            x = self.dropout(F.gelu(linear(x)))
        return self.head(x)

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


class PatchLayer(nn.Module):
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

    def attend(self, x: Tensor) -> Tensor:
        """Return the weights (B, N, P, P) with which each patch reads the others."""
        query, key, _ = self.heads(self.attention_norm(x))  # (B, N, P, M / N) each
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5  # (B, N, P, P)
        return scores.softmax(3)

    def heads(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, P, M) -> (B, N, P, M / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, P, M) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
