"""FT-Transformer: every column of a table looks at every other.

    t_j = x_j w_j + b_j                      a number becomes a token by a weight of its own
    t_k = embedding_k[category_k]            and a category by its embedding
    x   = [token, t_1, ... t_J]              a learned class token first
    x   = x + attention(norm(x))             layer after layer
    x   = x + shrink(relu(expand(norm(x))))
    y   = W relu(norm(x)_token) + b

Source: Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", 2021. Where we differ:
smaller than theirs by default; the feed-forward part has relu, not reglu; the first norm is kept;
dropout falls on the branches, not on the weights of attention.

Dimensions: B rows, F numbers, K categories, J = F + K columns, M model width, N heads, C outputs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FTTransformer(nn.Module):
    """Let the columns of each row attend to one another, then predict from the class token.

    Args:
        in_features: F, numbers per row; 0 when a row holds categories only.
        out_features: C, outputs per row; 0 builds no head and returns the features.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included.
        model_size: M, values per column inside the model, a multiple of num_heads.
        num_heads: N, readings of the row that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        dropout: Probability of zeroing a value of a branch.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, C) float scores. Scores are raw: the
        loss applies softmax or sigmoid.

    Raises:
        ValueError: No numbers and no categories, or model_size no multiple of num_heads; when
            called, x or categories of another width.

    Example:
        >>> model = FTTransformer(in_features=8, out_features=3, category_sizes=(5, 12))
        >>> model(torch.zeros(2, 8), categories=torch.ones(2, 2, dtype=torch.long)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        category_sizes: tuple[int, ...] = (),
        model_size: int = 32,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        bound = model_size**-0.5
        self.scales = None
        self.shifts = None
        if in_features:
            sizes = (in_features, model_size)
            self.scales = nn.Parameter(torch.empty(sizes).uniform_(-bound, bound))
            self.shifts = nn.Parameter(torch.empty(sizes).uniform_(-bound, bound))
        self.embeddings = nn.ModuleList()
        for size in category_sizes:
            self.embeddings.append(nn.Embedding(size, model_size))
        self.token = nn.Parameter(torch.empty(model_size).uniform_(-bound, bound))
        self.blocks = nn.ModuleList()
        for _ in range(num_layers):
            block = EncoderLayer(
                model_size,
                num_heads,
                feedforward_size,
                norm_first=True,
                activation="relu",
                dropout=dropout,
            )
            self.blocks.append(block)
        self.norm = nn.LayerNorm(model_size)
        self.num_features = model_size
        self.head = nn.Linear(model_size, out_features) if out_features else nn.Identity()
        for embedding in self.embeddings:
            nn.init.uniform_(embedding.weight, -bound, bound)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)

    def forward(self, x: Tensor, categories: Tensor | None = None) -> Tensor:
        """Score each row: (B, F), (B, K) -> (B, C)."""
        x = self.embed(x, categories)  # (B, 1 + J, M)
        for block in self.blocks:
            x = block(x)
        x = x[:, 0]  # (B, M), the class token
        return self.head(F.relu(self.norm(x)))

    def attend(self, x: Tensor, categories: Tensor | None = None) -> list[Tensor]:
        """Return the weights (B, N, 1 + J, 1 + J) of each layer; the class token comes first."""
        x = self.embed(x, categories)  # (B, 1 + J, M)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x))
            x = block(x)
        return weights

    def embed(self, x: Tensor, categories: Tensor | None) -> Tensor:
        """Return the class token, the numbers and the categories as tokens (B, 1 + J, M)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}).")
        tokens = [self.token.expand(x.shape[0], 1, -1)]  # (B, 1, M)
        if self.in_features:
            tokens.append(self.scales * x[..., None] + self.shifts)  # (B, F, M)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                tokens.append(embedding(categories[:, k, None]))  # (B, 1, M)
        return torch.cat(tokens, 1)  # (B, 1 + J, M)


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


def check_categories(categories: Tensor | None, sizes: tuple[int, ...]) -> None:
    """Refuse categories (B, K) that the embeddings do not know."""
    if categories is None or categories.shape[1] != len(sizes):
        found = "none" if categories is None else categories.shape[1]
        raise ValueError(f"This model reads {len(sizes)} categories per row, but got {found}.")
    if torch.compiler.is_compiling() or categories.device.type != "cpu" or len(categories) == 0:
        return  # to read values would break the graph, or make the processor wait for the GPU
    lows = categories.amin(0).tolist()
    highs = categories.amax(0).tolist()
    for k, size in enumerate(sizes):
        if lows[k] < 0 or highs[k] >= size:
            wrong = lows[k] if lows[k] < 0 else highs[k]
            raise ValueError(f"Category column {k} holds {wrong}, not 0 to {size - 1}.")
