"""FT-Transformer: every column of a table looks at every other.

    t_j = x_j w_j + b_j                      a number becomes a token by a weight of its own
    t_k = embedding_k[category_k]            and a category by its embedding
    x   = [token, t_1, ... t_J]              a learned class token first
    x   = x + attention(norm(x))             layer after layer
    x   = x + shrink(relu(expand(norm(x))))
    y   = W relu(norm(x)_token) + b

Source: Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", 2021. Where we differ:
smaller than theirs by default; the feed-forward part has relu, not reglu; the first norm is kept;
a category has no bias beside its embedding; no dropout by default (theirs: 0.2 of the weights of
attention, 0.1 inside the feed-forward, none on branches); dense weights begin as Xavier's.

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
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.

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
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
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
            block = ColumnLayer(
                model_size,
                num_heads,
                feedforward_size,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
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


class ColumnLayer(nn.Module):
    """Attention among the columns, then two dense layers at each, both added to them."""

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
        """Renew each column: (B, 1 + J, M) -> (B, 1 + J, M)."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.feedforward(self.feedforward_norm(x))

    def attention(self, x: Tensor) -> Tensor:
        """Let each column read all columns: (B, 1 + J, M) -> (B, 1 + J, M)."""
        query, key, value = self.heads(x)  # (B, N, 1 + J, M / N) each
        left_out = self.attention_dropout.p if self.training else 0.0
        h = F.scaled_dot_product_attention(query, key, value, dropout_p=left_out)
        h = h.transpose(1, 2).flatten(2)  # (B, 1 + J, M)
        return self.dropout(self.out(h))

    def feedforward(self, x: Tensor) -> Tensor:
        """Pass each column through two dense layers: (B, 1 + J, M) -> (B, 1 + J, M)."""
        h = F.relu(self.expand(x))  # (B, 1 + J, feedforward_size)
        h = self.feedforward_dropout(h)
        return self.dropout(self.shrink(h))

    def attend(self, x: Tensor) -> Tensor:
        """Return the weights (B, N, 1 + J, 1 + J) with which each column reads the others."""
        query, key, _ = self.heads(self.attention_norm(x))  # (B, N, 1 + J, M / N) each
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5  # (B, N, 1 + J, 1 + J)
        return scores.softmax(3)

    def heads(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, 1 + J, M) -> (B, N, 1 + J, M / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, 1 + J, M) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]


def check_categories(categories: Tensor | None, sizes: tuple[int, ...]) -> None:
    """Refuse categories (B, K) that the embeddings do not know."""
    if categories is None or categories.shape[1] != len(sizes):
        found = "none" if categories is None else categories.shape[1]
        raise ValueError(f"This model reads {len(sizes)} categories per row, but got {found}.")
    if not readable(categories):
        return
    lows = categories.amin(0).tolist()
    highs = categories.amax(0).tolist()
    for k, size in enumerate(sizes):
        if lows[k] < 0 or highs[k] >= size:
            wrong = lows[k] if lows[k] < 0 else highs[k]
            raise ValueError(f"Category column {k} holds {wrong}, not 0 to {size - 1}.")


def readable(x: Tensor) -> bool:
    """Tell whether the values of x can be looked at here, and without waiting for a GPU."""
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return False
    try:
        x.flatten()[0].item()
    except RuntimeError:  # under torch.func.vmap, x stands for many tensors
        return False
    return True
