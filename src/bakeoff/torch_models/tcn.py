"""TCN: a stack of convolutions that look back only, each layer twice as far as the one before.

    h_t = a(norm(sum_k W_k x_{t - d k} + b))      k = 0 ... kernel_size - 1, d = 1, 2, 4, ...
    y   = a(h'(h(x)) + s(x))                      two of them make a block, added to its input

The shortcut s is x itself, or W_s x where the channels change. With L blocks a step sees itself and
the 2 (kernel_size - 1) (2^L - 1) steps before it, and so never the padding behind it (zeros).

Source: Bai, Kolter & Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
Networks for Sequence Modeling", 2018. Where we differ: they normalise the weights, here `norm` does
the values (a batch norm counts padded steps, too); they drop whole channels, here single values;
their weights start normal with the deviation 0.01, here by `initialization`; pooling other than
last and the dense layers before the head are ours.

Dimensions: B sequences, T time steps, F input features, H channels, C outputs.
"""

import difflib
from collections.abc import Callable, Iterable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
}
NORMS = {"none": lambda channels: nn.Identity(), "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
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


class TCN(nn.Module):
    """Read each sequence with dilated causal convolutions, then predict from their last step.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        channels: H of each block, first to last; block i looks 2^i times as far back.
        kernel_size: Steps that one convolution reads.
        norm: none, batch or layer (over the channels of each step).
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        pooling: last (real step), mean or max: how the steps become one vector, unless per_step.
        head_sizes: Widths of the dense layers between the pooling and the head.
        dropout: Probability of zeroing a value after each convolution and each dense layer.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step instead of once.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: An unknown word; when called, x or lengths of other sizes.

    Example:
        >>> TCN(in_features=8, out_features=3)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        channels: tuple[int, ...] = (32, 32, 32, 32),
        kernel_size: int = 3,
        norm: str = "none",
        activation: str = "relu",
        leaky_slope: float = 0.01,
        pooling: str = "last",
        head_sizes: tuple[int, ...] = (),
        dropout: float = 0.0,
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
        vocabulary_size: int = 0,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        if min(in_features, *channels, kernel_size, *head_sizes) < 1:
            sizes = f"{in_features=}, {channels=}, {kernel_size=}, {head_sizes=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.per_step = per_step
        self.pooling = choose("pooling", pooling, ("last", "mean", "max"))
        self.activation = activation_of(activation, leaky_slope)
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        self.blocks = nn.ModuleList()
        width = in_features
        for i, block_channels in enumerate(channels):
            block = CausalBlock(
                width,
                block_channels,
                kernel_size=kernel_size,
                dilation=2**i,
                norm=norm,
                activation=activation,
                leaky_slope=leaky_slope,
                dropout=dropout,
                initialization=initialization,
                fan=fan,
                initial_width=initial_width,
            )
            self.blocks.append(block)
            width = block_channels
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        for linear in self.dense:
            initialize(linear, initialization, fan, activation, initial_width)
        self.num_features = width
        self.head = nn.Identity()
        if out_features:
            self.head = nn.Linear(width, out_features)
            initialize(self.head, initialization, fan, "none", initial_width)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        if lengths is not None:
            real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
            x = x.masked_fill(~real[..., None], 0)
        x = x.mT  # (B, F, T)
        for block in self.blocks:
            x = block(x)  # (B, H, T)
        x = x.mT if self.per_step else self.pool(x, lengths)  # (B, T, H) or (B, H)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)))
        return self.head(x)

    def pool(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Make one vector of the real steps: (B, H, T) -> (B, H)."""
        if lengths is None:
            lengths = torch.full_like(x[:, 0, 0], x.shape[2], dtype=torch.long)  # (B,)
        if self.pooling == "last":
            return x[torch.arange(x.shape[0], device=x.device), :, lengths - 1]
        real = torch.arange(x.shape[2], device=x.device) < lengths[:, None, None]  # (B, 1, T)
        if self.pooling == "max":
            return x.masked_fill(~real, -torch.inf).amax(2)
        shares = x.masked_fill(~real, 0) / lengths[:, None, None]  # (B, H, T)
        return shares.sum(2)  # no sum of values, which half precision cannot hold


class CausalBlock(nn.Module):
    """Add two causal convolutions to the sequence: (B, H, T) -> (B, H', T)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        kernel_size: int,
        dilation: int,
        norm: str,
        activation: str,
        leaky_slope: float,
        dropout: float,
        initialization: str,
        fan: str,
        initial_width: float,
    ) -> None:
        super().__init__()
        self.activation = activation_of(activation, leaky_slope)
        self.reach = dilation * (kernel_size - 1)  # steps that a convolution looks back
        self.first = nn.Conv1d(in_channels, channels, kernel_size, dilation=dilation)
        self.first_norm = NORMS[choose("norm", norm, NORMS)](channels)
        self.second = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.second_norm = NORMS[norm](channels)
        self.shortcut = nn.Identity()
        if channels != in_channels:
            self.shortcut = nn.Conv1d(in_channels, channels, 1)
            initialize(self.shortcut, initialization, fan, activation, initial_width)
        initialize(self.first, initialization, fan, activation, initial_width)
        initialize(self.second, initialization, fan, activation, initial_width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Add to each step what it sees in the steps before: (B, H, T) -> (B, H', T)."""
        h = self.first(F.pad(x, (self.reach, 0)))  # (B, H', T): zeros before the first step
        h = self.activation(normalize(self.first_norm, h))
        h = self.dropout(h)
        h = self.second(F.pad(h, (self.reach, 0)))  # (B, H', T)
        h = self.activation(normalize(self.second_norm, h))
        h = self.dropout(h)
        return self.activation(h + self.shortcut(x))


def normalize(norm: nn.Module, x: Tensor) -> Tensor:
    """Normalise x (B, H, T); a layer norm reads the last dimension."""
    return norm(x.mT).mT if isinstance(norm, nn.LayerNorm) else norm(x)


def check(x: Tensor, lengths: Tensor | None, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    if vocabulary_size:
        fits = x.ndim == 2
        wanted = "(B, T) tokens"
    else:
        fits = x.ndim == 3 and x.shape[2] == in_features
        wanted = f"(B, T, {in_features}) numbers"
    if not fits or x.shape[1] == 0:
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")
    if lengths is not None and lengths.shape != x.shape[:1]:
        raise ValueError(f"lengths are {tuple(lengths.shape)}, but x holds {x.shape[0]} sequences.")
    if vocabulary_size and readable(x) and (x.min() < 0 or x.max() >= vocabulary_size):
        raise ValueError(f"x holds tokens {x.min()} to {x.max()}, not 0 to {vocabulary_size - 1}.")
    if lengths is None or not readable(lengths):
        return
    if lengths.min() < 1 or lengths.max() > x.shape[1]:
        raise ValueError(f"lengths are {lengths.min()} to {lengths.max()}, not 1 to {x.shape[1]}.")


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
