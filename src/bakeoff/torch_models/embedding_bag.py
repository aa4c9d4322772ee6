"""EmbeddingBag: the mean of the vectors of all words and all pairs of neighbours in a text.

    v = (sum_t E[x_t] + sum_t P[hash(x_t, x_{t+1})]) / (number of words and pairs)
    y = W a(W_h v + b_h) + b                     dense layers, if any, then scores

A pair is found in one of num_pairs buckets by a hash; pairs that share a bucket share a vector.

Source: Joulin, Grave, Bojanowski & Mikolov, "Bag of Tricks for Efficient Text Classification", 2017
(fastText). Where we differ: known words have rows of their own in both, but here unknown words
share one (theirs have none), pairs share their buckets with no longer phrases or parts of words,
and the hash is another; dropout, dense layers and b are ours, and W begins as Xavier's, not at 0.

Dimensions: B texts, T tokens, F width of the vectors, C outputs.
"""

import difflib
from collections.abc import Iterable

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


class EmbeddingBag(nn.Module):
    """Average the vectors of a text's words and word pairs, then score the average.

    Args:
        in_features: F, width of the vectors.
        out_features: C, outputs per text; 0 builds no head and returns the features.
        vocabulary_size: Number of tokens; 0 is padding and has no vector.
        num_pairs: Buckets for the pairs of neighbours; 0 reads single words only.
        head_sizes: Widths of the dense layers between the average and the head.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        dropout: Probability of zeroing a value before each dense layer and before the head.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with a standard deviation of 0.05.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T) int tokens, lengths (B,) int or None -> (B, C) float scores, raw: the loss
        applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or no vocabulary; when called, x or lengths
            that do not fit.

    Example:
        >>> model = EmbeddingBag(in_features=32, out_features=2, vocabulary_size=1000)
        >>> model(torch.ones(2, 9, dtype=torch.long)).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        vocabulary_size: int,
        num_pairs: int = 2**17,
        head_sizes: tuple[int, ...] = (),
        activation: str = "relu",
        dropout: float = 0.3,
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        if vocabulary_size < 1:
            raise ValueError(
                f"{vocabulary_size=}, but this model reads tokens: it must be 1 or more."
            )
        if in_features < 1 or num_pairs < 0:
            raise ValueError(f"{in_features=} must be 1 or more, {num_pairs=} 0 or more.")
        self.vocabulary_size = vocabulary_size
        self.num_pairs = num_pairs
        self.activation = ACTIVATIONS[choose("activation", activation, ACTIVATIONS)]
        self.words = nn.Embedding(vocabulary_size, in_features)
        self.pairs = nn.Embedding(num_pairs, in_features) if num_pairs else None
        nn.init.uniform_(self.words.weight, -1 / in_features, 1 / in_features)
        if self.pairs is not None:
            nn.init.uniform_(self.pairs.weight, -1 / in_features, 1 / in_features)
        width = in_features
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        for linear in self.dense:
            initialize(linear, initialization, fan, activation)
        self.num_features = width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Identity()
        if out_features:
            self.head = nn.Linear(width, out_features)
            initialize(self.head, initialization, fan, "none")

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each text: (B, T) -> (B, C)."""
        check(x, lengths, 0, self.vocabulary_size)
        if lengths is not None:
            real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
            x = x.masked_fill(~real, 0)
        words = x > 0  # (B, T)
        count = words.sum(1, keepdim=True)  # (B, 1)
        if self.pairs is not None:
            after = F.pad(x[:, 1:], (0, 1))  # (B, T), padding after the last word
            bucket = (x % 65536 * 31337 + after) % self.num_pairs  # fits into 32 bits
            pairs = words & (after > 0)  # (B, T)
            count = count + pairs.sum(1, keepdim=True)
        share = 1 / count.clamp(min=1)  # (B, 1): weights, not a sum that may overflow
        mean = gather(self.words, x, words * share)  # (B, F)
        if self.pairs is not None:
            mean = mean + gather(self.pairs, bucket, pairs * share)
        x = mean
        for linear in self.dense:
            x = self.activation(linear(self.dropout(x)))
        return self.head(self.dropout(x))


def gather(embedding: nn.Embedding, x: Tensor, weights: Tensor) -> Tensor:
    """Sum the vectors of the entries of x (B, T), each times its weight: (B, F)."""
    weights = weights.to(embedding.weight.dtype)
    return F.embedding_bag(x, embedding.weight, per_sample_weights=weights, mode="sum")


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
