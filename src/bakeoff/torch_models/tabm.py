"""TabM: many dense networks that share almost all their weights, for rows of a table.

    v_t   = clip((x - edge_t) / (edge_{t+1} - edge_t), 0, 1)   how far a number x is through bin t
    e     = slope x + shift + sum_t v_t bend_t                 each number: a line, bent at edges
    x_n   = scale_n * [e, embedded categories]                 member n weighs the row its own way
    h_l,n = dropout(relu(W_l h_{l-1,n} + b_l))                 the hidden layers belong to all
    y_n   = W_n h_L,n + b_n                                    each member has a head of its own
    y     = mean over n of y_n                                 in evaluation; in training all y_n

Source: Gorishniy, Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling", ICLR 2025: their TabM-mini with piecewise-linear embeddings; of
these: Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning", 2022. Where we differ: smaller by default; members begin near one another, with scales
of 1 +- 0.3, not of 0 +- 1; the edges are quantiles of the standard normal distribution, not of
training rows, so numbers have to come with about that distribution; the first and the last bin end,
and beyond them a number acts by its slope alone; categories are embedded, not one-hot; members'
scores are averaged for classes, too, not their probabilities.

Dimensions: B rows, F numbers, K categories, J = F + K columns, T bins, E embedding width, N
members, H hidden width, C outputs.
"""

from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALE_SPREAD = 0.3  # housing, validation R2, 1 seed: 0.841 in 20 epochs; signs of +-1: 0.828


class TabM(nn.Module):
    """Let members that share their hidden layers score each row, each trained by its own loss.

    Args:
        in_features: F, numbers per row, best of a standard normal distribution; 0 when a row holds
            categories only.
        out_features: C, outputs per row; 0 builds no head and returns the last hidden layer.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included.
        hidden_sizes: Width of each hidden layer, first to last.
        num_members: N, networks that share the hidden layers.
        num_bins: T, pieces in which each number acts, a line in each.
        embedding_size: E, values that stand for one column.
        dropout: Probability of zeroing a value after each hidden layer.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, N, C) float scores in training, and
        their mean (B, C) in evaluation. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No numbers and no categories, no member or no bin; when called, x or categories
            of another width.

    Example:
        >>> model = TabM(in_features=8, out_features=3, category_sizes=(5, 12), num_members=4)
        >>> x, categories = torch.zeros(2, 8), torch.ones(2, 2, dtype=torch.long)
        >>> model(x, categories).shape, model.eval()(x, categories).shape
        (torch.Size([2, 4, 3]), torch.Size([2, 3]))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        category_sizes: tuple[int, ...] = (),
        hidden_sizes: tuple[int, ...] = (256, 128),
        num_members: int = 8,
        num_bins: int = 32,
        embedding_size: int = 16,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        if num_members < 1 or num_bins < 1:
            raise ValueError(f"num_members={num_members} and num_bins={num_bins}: both 1 or more.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        self.numbers = None
        if in_features:
            self.numbers = PiecewiseLinear(in_features, num_bins, embedding_size)
        self.embeddings = nn.ModuleList()
        for size in category_sizes:
            embedding = nn.Embedding(size, embedding_size)
            nn.init.uniform_(embedding.weight, -(embedding_size**-0.5), embedding_size**-0.5)
            self.embeddings.append(embedding)
        columns = in_features + len(category_sizes)
        scales = 1 + SCALE_SPREAD * torch.randn(num_members, columns, 1)  # one for each column
        scales = scales.expand(-1, -1, embedding_size).flatten(1)
        self.scales = nn.Parameter(scales.clone())
        self.hidden = nn.ModuleList()
        width = columns * embedding_size
        for hidden_size in hidden_sizes:
            linear = nn.Linear(width, hidden_size)
            nn.init.uniform_(linear.weight, -(width**-0.5), width**-0.5)
            nn.init.zeros_(linear.bias)
            self.hidden.append(linear)
            width = hidden_size
        self.num_features = width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Identity()
        if out_features:
            self.head = MemberHeads(num_members, width, out_features)

    def forward(self, x: Tensor, categories: Tensor | None = None) -> Tensor:
        """Score each row: (B, F), (B, K) -> (B, N, C) in training, (B, C) in evaluation."""
        x = self.embed(x, categories)  # (B, J * E)
        x = x[:, None] * self.scales  # (B, N, J * E)
        for linear in self.hidden:
            x = self.dropout(F.relu(linear(x)))  # (B, N, H)
        scores = self.head(x)  # (B, N, C)
        return scores if self.training else scores.mean(1)

    def embed(self, x: Tensor, categories: Tensor | None) -> Tensor:
        """Return all that a row says, one column after the other: (B, J * E)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}).")
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(x))  # (B, F * E)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                parts.append(embedding(categories[:, k]))  # (B, E)
        return torch.cat(parts, 1)


class PiecewiseLinear(nn.Module):
    """Embed each number by lines that bend at the edges of bins: (B, F) -> (B, F * E)."""

    def __init__(self, in_features: int, num_bins: int, embedding_size: int) -> None:
        super().__init__()
        bell = NormalDist()
        edges = [bell.inv_cdf((t + 0.5) / (num_bins + 1)) for t in range(num_bins + 1)]
        self.register_buffer("lows", torch.tensor(edges[:-1]), persistent=False)
        self.register_buffer("widths", torch.tensor(edges).diff(), persistent=False)
        bound = embedding_size**-0.5
        sizes = (in_features, embedding_size)
        self.slopes = nn.Parameter(torch.empty(sizes).uniform_(-bound, bound))
        self.shifts = nn.Parameter(torch.empty(sizes).uniform_(-bound, bound))
        self.bends = nn.Parameter(torch.zeros(in_features, num_bins, embedding_size))

    def forward(self, x: Tensor) -> Tensor:
        """Embed: (B, F) -> (B, F * E)."""
        lines = self.slopes * x[..., None] + self.shifts  # (B, F, E)
        passed = ((x[..., None] - self.lows) / self.widths).clamp(0, 1)  # (B, F, T)
        bends = passed.transpose(0, 1) @ self.bends  # (F, B, E)
        return (lines + bends.transpose(0, 1)).flatten(1)


class MemberHeads(nn.Module):
    """Score what each member has read by a linear layer of its own: (B, N, H) -> (B, N, C)."""

    def __init__(self, num_members: int, in_features: int, out_features: int) -> None:
        super().__init__()
        bound = in_features**-0.5
        sizes = (num_members, in_features, out_features)
        self.kernels = nn.Parameter(torch.empty(sizes).uniform_(-bound, bound))
        self.biases = nn.Parameter(torch.zeros(num_members, out_features))

    def forward(self, x: Tensor) -> Tensor:
        """Score: (B, N, H) -> (B, N, C)."""
        scores = x.transpose(0, 1) @ self.kernels  # (N, B, C)
        return scores.transpose(0, 1) + self.biases


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
