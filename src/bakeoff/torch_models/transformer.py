"""Transformer: every step of a sequence looks at every other step, layer after layer.

    attention(x) = softmax(Q K' / sqrt(M / N)) V     in each of N heads; Q, K, V = dense(x)
    x = x + attention(norm(x))                       with norm_first; without it
    x = x + shrink(activation(expand(norm(x))))      x = norm(x + attention(x)), and so on

Source: Vaswani et al., "Attention Is All You Need", 2017 (the encoder); Devlin et al., "BERT", 2019
(class token, learned positions, gelu); Xiong et al., "On Layer Normalization in the Transformer
Architecture", 2020 (norm_first). Where we differ from the first: norm_first is the default, which
needs no warm-up; a dense layer makes M numbers of the F of an embedding (there M at once, times
sqrt(M)); attention has biases. From BERT: the class token has no position unless token_position
(there 0, and the steps begin at 1, as then here); no segments, no norm after the embedding, no
dense layer before the head unless head_sizes; token and learned positions begin 50 times larger.

Dimensions: B batch, T time steps, F input features, M model width, N heads, C outputs.
"""

import difflib
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


class Transformer(nn.Module):
    """Let the steps of each sequence attend to one another, then predict.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        model_size: M, values per step inside the model, a multiple of num_heads.
        num_heads: N, readings of the sequence that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        pooling: token (a learned class token before the sequence) or mean (of the real steps).
        positions: sinusoidal (any T) or learned (T up to max_length).
        max_length: Longest T for learned positions; 0 for sinusoidal ones.
        norm_first: Normalise before each branch and at the end, not after each sum.
        activation: relu or gelu.
        dropout: Probability of zeroing a value of the embedded steps, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the dense layers between the pooling and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.
        token_position: Give the class token position 0, so that the first step has position 1.
        initialization: Start of the dense weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: A word that is not listed above, or positions, token_position or model_size that
            do not go with the rest; when called, x or lengths that do not fit.

    Example:
        >>> Transformer(in_features=8, out_features=3)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        model_size: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 256,
        pooling: str = "token",
        positions: str = "sinusoidal",
        max_length: int = 0,
        norm_first: bool = True,
        activation: str = "relu",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
        token_position: bool = False,
        initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        choose("positions", positions, ("sinusoidal", "learned"))
        choose("activation", activation, ("relu", "gelu"))
        start = INITIALIZATIONS[choose("initialization", initialization, INITIALIZATIONS)]
        choose("fan", fan, ("in", "out"))
        if (positions == "learned") != (max_length > 0):
            raise ValueError(f"{positions} positions do not go with max_length={max_length}.")
        if token_position and (pooling != "token" or per_step):
            raise ValueError("token_position=True, but only pooling='token' has a class token.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.per_step = per_step
        self.token_position = token_position
        self.pooling = choose("pooling", pooling, ("token", "mean"))
        self.activation = F.gelu if activation == "gelu" else F.relu
        self.dropout = nn.Dropout(dropout)
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        self.project = nn.Linear(in_features, model_size)
        self.positions = None
        if positions == "learned":
            num_positions = max_length + token_position
            self.positions = nn.Parameter(torch.randn(num_positions, model_size))
        self.token = None
        if pooling == "token" and not per_step:
            self.token = nn.Parameter(torch.randn(model_size))
        self.blocks = nn.ModuleList()
        for _ in range(num_layers):
            block = EncoderLayer(
                model_size,
                num_heads,
                feedforward_size,
                norm_first=norm_first,
                activation=activation,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
            )
            self.blocks.append(block)
        self.norm = nn.LayerNorm(model_size) if norm_first else nn.Identity()
        width = model_size
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        self.num_features = width
        self.head = nn.Linear(width, out_features) if out_features else nn.Identity()
        activated = [*self.dense, *(block.expand for block in self.blocks)]
        for part in self.modules():
            if isinstance(part, nn.Linear):
                start(part.weight, "relu" if part in activated else "linear", fan)
                nn.init.zeros_(part.bias)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, real = self.embed(x, lengths)  # (B, T, M), (B, T)
        for block in self.blocks:
            x = block(x, real)
        x = self.norm(x)  # (B, T, M)
        if not self.per_step:
            x = self.pool(x, real)  # (B, M)
        for linear in self.dense:
            x = self.dropout(self.activation(linear(x)))
        return self.head(x)

    def attend(self, x: Tensor, lengths: Tensor | None = None) -> list[Tensor]:
        """Return the weights (B, N, T, T) of each layer; with a class token, it is step 0."""
        x, real = self.embed(x, lengths)  # (B, T, M), (B, T)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x, real))
            x = block(x, real)
        return weights

    def embed(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return the class token and the steps in their places, and which are real (None: all)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if 0 < self.max_length < x.shape[1]:
            raise ValueError(f"x has {x.shape[1]} steps, but max_length={self.max_length}.")
        real = None
        if lengths is not None:
            real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
            x = x.masked_fill(~(real if x.ndim == 2 else real[..., None]), 0)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        x = self.project(x)  # (B, T, M)
        if self.token is not None:
            token = self.token.expand(x.shape[0], 1, -1)  # (B, 1, M)
            x = torch.cat([token, x], 1)  # (B, 1 + T, M)
            real = None if real is None else F.pad(real, (1, 0), value=True)  # (B, 1 + T)
        places = sinusoids(x) if self.positions is None else self.positions  # (T or more, M)
        if self.token is not None and not self.token_position:
            places = F.pad(places, (0, 0, 1, 0))  # nothing for the class token
        x = x + places[: x.shape[1]]
        return self.dropout(x), real

    def pool(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Make one vector of the steps: (B, T, M) -> (B, M)."""
        if self.pooling == "token":
            return x[:, 0]
        if real is None:
            return x.mean(1)
        x = x.masked_fill(~real[..., None], 0)
        weights = real / real.sum(1, keepdim=True)  # (B, T): 1 / length, or 0
        return (weights[:, None].to(x.dtype) @ x)[:, 0]  # no sum overflows


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
        attention_dropout: float,
        feedforward_dropout: float,
    ) -> None:
        super().__init__()
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
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
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.feedforward_dropout = nn.Dropout(feedforward_dropout)

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """Renew each step: (B, T, M) -> (B, T, M)."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), real)
            return x + self.feedforward(self.feedforward_norm(x))
        x = self.attention_norm(x + self.attention(x, real))
        return self.feedforward_norm(x + self.feedforward(x))

    def attention(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Let each step read all real steps: (B, T, M) -> (B, T, M)."""
        query, key, value = self.heads(x)  # (B, N, T, M / N) each
        seen = None if real is None else real[:, None, None]  # (B, 1, 1, T)
        left_out = self.attention_dropout.p if self.training else 0.0
        h = F.scaled_dot_product_attention(query, key, value, seen, left_out)  # (B, N, T, M / N)
        h = h.transpose(1, 2).flatten(2)  # (B, T, M)
        return self.dropout(self.out(h))

    def feedforward(self, x: Tensor) -> Tensor:
        """Pass each step through two dense layers: (B, T, M) -> (B, T, M)."""
        h = self.activation(self.expand(x))  # (B, T, feedforward_size)
        h = self.feedforward_dropout(h)
        return self.dropout(self.shrink(h))

    def attend(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """Return the weights (B, N, T, T) with which each step reads the others."""
        if self.norm_first:
            x = self.attention_norm(x)
        query, key, _ = self.heads(x)  # (B, N, T, M / N) each
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5  # (B, N, T, T)
        if real is not None:
            scores = scores.masked_fill(~real[:, None, None], -torch.inf)
        return scores.softmax(3)

    def heads(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, T, M) -> (B, N, T, M / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, T, M) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]


def sinusoids(x: Tensor) -> Tensor:
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = x.shape[1:]
    rates = torch.tensor([10000 ** (-i / size) for i in range(0, size, 2)], device=x.device)
    angles = torch.arange(length, device=x.device)[:, None] * rates  # (T, M / 2)
    waves = torch.stack([angles.sin(), angles.cos()], 2)  # (T, M / 2, 2)
    waves = waves.flatten(1)  # (T, M), one more when M is odd
    return waves[:, :size].to(x.dtype)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")


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
