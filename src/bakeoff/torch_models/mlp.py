"""MLP: dense layers, one after another, for rows of a table.

    e   = relu(W_e [cos(2 pi c x), sin(2 pi c x)] + b_e)    each number x, periodically embedded
    h_0 = [x, e, embedded categories]                       what a row says
    h_l = dropout(a(norm(W_l h_{l-1} + b_l)))               one hidden layer, activation a
    y   = W h_L + b                                         scores

Source: Rosenblatt, "The Perceptron", 1958; Rumelhart, Hinton & Williams, "Learning
Representations by Back-Propagating Errors", 1986 (hidden layers); Gorishniy, Rubachev & Babenko,
"On Embeddings for Numerical Features in Tabular Deep Learning", 2022 (periodic numbers, "PLR";
W_e is shared by all columns, as in their later code, and x itself is kept as well). Where we differ
from the first two: relu in place of a threshold or a sigmoid, norm, dropout, and the start of
`initialization`.

Dimensions: B rows, F numbers, K categories, Q frequencies, E embedding width, C outputs.
"""

import difflib
import math
from collections.abc import Callable, Iterable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {
    "none": torch.positive,  # x as it is
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
}
NORMS = {"none": None, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
INITIALIZATIONS = (
    "auto",
    "uniform",
    "normal",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
)
PERIODIC_WIDTH = 8  # R2 on housing, validation, 3 seeds of (256, 128): 0.838 with 8, 0.835 with 16


class MLP(nn.Module):
    """Score each row of numbers and categories with a stack of dense layers.

    Args:
        in_features: F, numbers per row; 0 when a row holds categories only.
        out_features: C, outputs per row; 0 builds no head and returns the last hidden layer.
        hidden_sizes: Width of each hidden layer, first to last; () is a linear model.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid, softplus, or none: the layers
            stay linear.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        dropout: Probability of zeroing a value after each hidden layer.
        norm: none, batch or layer: normalise each hidden layer before its activation.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid, none and the
            head), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or
            uniform or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included; each column is embedded in 1 + sqrt(size) numbers, at most 16.
        num_frequencies: Q, frequencies that each number is seen at besides its own value; 0: none.
        frequency_scale: Standard deviation of the first frequencies, in cycles per unit of x.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, C) float scores. Scores are raw: the
        loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, no numbers and no categories, or a layer norm
            over one value; when called, x or categories of another width.

    Example:
        >>> model = MLP(in_features=8, out_features=3, category_sizes=(5, 12))
        >>> model(torch.zeros(2, 8), categories=torch.ones(2, 2, dtype=torch.long)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64, 32),
        activation: str = "relu",
        leaky_slope: float = 0.01,
        dropout: float = 0.0,
        norm: str = "none",
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
        category_sizes: tuple[int, ...] = (),
        num_frequencies: int = 0,
        frequency_scale: float = 0.1,
    ) -> None:
        super().__init__()
        if in_features < 0 or num_frequencies < 0:
            raise ValueError(f"{in_features=}, {num_frequencies=}: both are 0 or more.")
        if min([1, *hidden_sizes, *category_sizes]) < 1:
            raise ValueError(f"{hidden_sizes=}, {category_sizes=}: sizes are 1 or more.")
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        self.activation = activation_of(activation, leaky_slope)
        choose("norm", norm, NORMS)
        if norm == "layer" and 1 in hidden_sizes:
            raise ValueError("norm='layer' makes a layer of width 1 all zeros. Take 2 or more.")
        width = in_features
        self.periodic = None
        if num_frequencies and in_features:
            self.periodic = Periodic(in_features, num_frequencies, frequency_scale)
            width += in_features * PERIODIC_WIDTH
        self.embeddings = nn.ModuleList()
        for size in category_sizes:
            embedding_size = min(16, 1 + math.isqrt(size))
            bound = embedding_size**-0.5  # a category as loud as one number
            embedding = nn.Embedding(size, embedding_size)
            nn.init.uniform_(embedding.weight, -bound, bound)
            self.embeddings.append(embedding)
            width += embedding_size
        self.hidden = nn.ModuleList()
        self.norms = nn.ModuleList()
        for hidden_size in hidden_sizes:
            linear = nn.Linear(width, hidden_size)
            initialize(linear, initialization, fan, activation, initial_width)
            self.hidden.append(linear)
            if norm != "none":
                self.norms.append(NORMS[norm](hidden_size))
            width = hidden_size
        self.num_features = width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Identity()
        if out_features:
            self.head = nn.Linear(width, out_features)
            initialize(self.head, initialization, fan, "none", initial_width)

    def forward(self, x: Tensor, categories: Tensor | None = None) -> Tensor:
        """Score each row: (B, F), (B, K) -> (B, C)."""
        if x.shape[-1] != self.in_features:
            raise ValueError(f"x has {x.shape[-1]} numbers per row, not {self.in_features}.")
        parts = [x]
        if self.periodic is not None:
            parts.append(self.periodic(x))  # (B, F * E)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                parts.append(embedding(categories[:, k]))  # (B, 1 + sqrt(size))
        if len(parts) > 1:
            x = torch.cat(parts, 1)  # (B, all that a row says)
        for i, linear in enumerate(self.hidden):
            x = linear(x)  # (B, hidden_sizes[i])
            if self.norms:
                x = self.norms[i](x)
            x = self.dropout(self.activation(x))
        return self.head(x)


class Periodic(nn.Module):
    """Embed each number by waves of learned frequency: (B, F) -> (B, F * E)."""

    def __init__(self, in_features: int, num_frequencies: int, frequency_scale: float) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.empty(in_features, num_frequencies))
        self.linear = nn.Linear(2 * num_frequencies, PERIODIC_WIDTH)
        nn.init.normal_(self.frequencies, std=frequency_scale)
        initialize(self.linear, "auto", "in", "relu")

    def forward(self, x: Tensor) -> Tensor:
        """Embed: (B, F) -> (B, F * E)."""
        angles = 2 * math.pi * self.frequencies * x[..., None]  # (B, F, Q)
        waves = torch.cat([angles.cos(), angles.sin()], -1)  # (B, F, 2Q)
        e = F.relu(self.linear(waves))  # (B, F, E)
        return e.flatten(1)


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


def activation_of(name: str, leaky_slope: float) -> Callable[[Tensor], Tensor]:
    """Return the activation of this name."""
    choose("activation", name, ACTIVATIONS)
    if name == "leaky_relu":
        return partial(F.leaky_relu, negative_slope=leaky_slope)
    return ACTIVATIONS[name]


def initialize(
    layer: nn.Module,
    initialization: str,
    fan: str,
    activation: str,
    initial_width: float = 0.05,
) -> None:
    """Draw the weight of a linear layer or convolution, and zero its bias."""
    choose("initialization", initialization, INITIALIZATIONS)
    choose("fan", fan, ("in", "out"))
    gain = 1 if activation in ("tanh", "sigmoid", "none") else 2  # relu halves the variance
    if initialization == "auto":
        initialization = "xavier_uniform" if gain == 1 else "kaiming_uniform"
    groups = getattr(layer, "groups", 1)  # in a depthwise convolution as many as channels
    fan_in = layer.weight[0].numel()
    fan_out = layer.weight[:, 0].numel() // groups
    if initialization.startswith("xavier"):
        std = (2 / (fan_in + fan_out)) ** 0.5
    elif initialization.startswith("kaiming"):
        variance = 1 if activation == "none" else 2  # times the fan
        std = (variance / (fan_in if fan == "in" else fan_out)) ** 0.5
    else:
        std = initial_width
    if initialization.endswith("uniform"):
        bound = std * 3**0.5  # uniform numbers of this standard deviation
        nn.init.uniform_(layer.weight, -bound, bound)
    elif initialization.endswith("normal"):
        nn.init.normal_(layer.weight, std=std)
    else:  # orthogonal; a depthwise convolution is one long row
        rows = layer.weight.detach().view(layer.weight.shape[0] // groups, -1)
        nn.init.orthogonal_(rows, gain=(gain * groups) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
