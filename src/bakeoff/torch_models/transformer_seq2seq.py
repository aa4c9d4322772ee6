"""Transformer encoder-decoder: read a sequence, then write one, looking back at what was read.

    source = encoder(x)                    each step looks at all steps of x
    target = decoder(previous, source)     each step looks at the steps before it, and at source
    y      = W norm(target) + b            at every step of the target

Source: Vaswani et al., "Attention Is All You Need", 2017. Where we differ: each branch is
normalised first (Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020), and
both halves end in a norm, so that no warm-up is needed; norm_first=False norms each sum, as the
paper does. A dense layer makes M numbers of the F of an embedding; none is scaled by sqrt(M) or
shares weights with the head; attention has biases; the likeliest token goes on (no beam). Without
dropout it is nn.Transformer(norm_first=True); with norm_first=False it lacks its two last norms.

Dimensions: B batch, T time steps read, S steps written, F input features, M model width, N heads,
C outputs.
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
START = 2  # the token that stands before the first target


class TransformerSeq2Seq(nn.Module):
    """Write out_steps steps after reading x, or score x with the last step of the decoder.

    With `previous`, the true targets, each step is predicted from those before it (teacher
    forcing); the page shifts them itself. Without, it feeds its own outputs back.

    Args:
        in_features: F, values per time step of x (width of the embedding for tokens).
        out_features: C, outputs per example or step written; the number of tokens to write.
        out_steps: S, steps to write; 0 scores the whole sequence: the decoder then reads x, too.
        model_size: M, values per step inside the model, a multiple of num_heads.
        num_heads: N, readings of the sequence that each attention makes side by side.
        num_layers: Layers of the encoder, and of the decoder.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        norm_first: Normalise before each branch and at both ends, not after each sum.
        initialization: Start of the dense weights, one of INITIALIZATIONS; auto: xavier_uniform.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        dropout: Probability of zeroing a value of the embedded steps, a branch or a dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.
        head_sizes: Widths of the relu layers between the decoder and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores, (B, C) when out_steps is 0. Scores
        are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: Sizes that do not go together, or token_targets without a place for the token
            that starts a text; when called, x, lengths or targets that do not fit.

    Example:
        >>> model = TransformerSeq2Seq(in_features=8, out_features=3, out_steps=4)
        >>> model(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 4, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        out_steps: int = 0,
        model_size: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 256,
        norm_first: bool = True,
        initialization: str = "auto",
        fan: str = "in",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        token_targets: bool = False,
    ) -> None:
        super().__init__()
        if out_steps < 0 or (token_targets and out_steps == 0):
            raise ValueError(f"{out_steps=}, but {token_targets=}: name the steps to write.")
        if token_targets and out_features <= START:
            raise ValueError(f"{out_features=} leaves out token {START}, which starts a text.")
        start = INITIALIZATIONS[choose("initialization", initialization, INITIALIZATIONS)]
        choose("fan", fan, ("in", "out"))
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.out_features = out_features
        self.out_steps = out_steps
        self.token_targets = token_targets
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        self.project = nn.Linear(in_features, model_size)
        self.target = None
        if out_steps and token_targets:
            self.target = nn.Embedding(out_features, model_size)
        elif out_steps:
            self.target = nn.Linear(out_features, model_size)
        settings = {
            "model_size": model_size,
            "num_heads": num_heads,
            "feedforward_size": feedforward_size,
            "norm_first": norm_first,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "feedforward_dropout": feedforward_dropout,
        }
        self.encoder = nn.ModuleList(Layer(decodes=False, **settings) for _ in range(num_layers))
        self.encoder_norm = nn.LayerNorm(model_size) if norm_first else nn.Identity()
        self.decoder = nn.ModuleList(Layer(decodes=True, **settings) for _ in range(num_layers))
        self.decoder_norm = nn.LayerNorm(model_size) if norm_first else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        width = model_size
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        self.head = nn.Linear(width, out_features)
        activated = [*self.dense, *(layer.expand for layer in (*self.encoder, *self.decoder))]
        for part in self.modules():
            if isinstance(part, nn.Linear):
                start(part.weight, "relu" if part in activated else "linear", fan)
                nn.init.zeros_(part.bias)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, previous: Tensor | None = None
    ) -> Tensor:
        """Write S steps: (B, T, F) -> (B, S, C), or score the sequence: (B, T, F) -> (B, C)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        if previous is not None and self.out_steps == 0:
            raise ValueError("previous holds targets, but with out_steps=0 no steps are written.")
        real = None
        if lengths is not None:
            real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
            x = x.masked_fill(~(real if x.ndim == 2 else real[..., None]), 0)
            real = real[:, None, None]  # (B, 1, 1, T)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        x = self.project(x)  # (B, T, M)
        x = self.dropout(x + sinusoids(x))
        source = x
        for layer in self.encoder:
            source = layer(source, real)
        source = self.encoder_norm(source)  # (B, T, M)
        if self.out_steps:
            return self.write(source, real, previous)
        x = self.decode(x, real, source, real)  # (B, T, M)
        if lengths is None:
            return self.score(x[:, -1])
        last = x[torch.arange(x.shape[0], device=x.device), lengths - 1]  # (B, M)
        return self.score(last)

    def write(self, source: Tensor, real: Tensor | None, previous: Tensor | None) -> Tensor:
        """Predict each step from the targets before it, or from what was written: (B, S, C)."""
        if self.token_targets:
            y = torch.full((source.shape[0], 1), START, device=source.device)
        else:
            y = source.new_zeros(source.shape[0], 1, self.out_features)  # before the first target
        if previous is not None:
            check_targets(previous, y, self.out_features)
            y = torch.cat([y, previous[:, :-1]], 1)  # step t is written after target t - 1
            return self.predict(y, source, real)
        for _ in range(self.out_steps - 1):
            step = self.predict(y, source, real)[:, -1:]  # (B, 1, C)
            if self.token_targets:
                step = step.argmax(2)  # (B, 1)
            y = torch.cat([y, step], 1)
        return self.predict(y, source, real)

    def predict(self, y: Tensor, source: Tensor, real: Tensor | None) -> Tensor:
        """Score what follows each step of y: (B, S, C) or (B, S) tokens -> (B, S, C)."""
        x = self.target(y)  # (B, S, M)
        x = self.dropout(x + sinusoids(x))
        steps = torch.arange(x.shape[1], device=x.device)
        seen = steps <= steps[:, None]  # (S, S): no step sees a later one
        return self.score(self.decode(x, seen, source, real))

    def decode(self, x: Tensor, seen: Tensor | None, source: Tensor, real: Tensor | None) -> Tensor:
        """Let the steps of the target look at one another and at the source: (B, S, M)."""
        for layer in self.decoder:
            x = layer(x, seen, source, real)
        return self.decoder_norm(x)

    def score(self, x: Tensor) -> Tensor:
        """Pass what was decoded through the dense layers and the head: (..., M) -> (..., C)."""
        for linear in self.dense:
            x = self.dropout(F.relu(linear(x)))
        return self.head(x)


class Layer(nn.Module):
    """Attention to one another, to the source if it decodes, then two dense layers at each step."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        feedforward_size: int,
        *,
        decodes: bool,
        norm_first: bool,
        dropout: float,
        attention_dropout: float,
        feedforward_dropout: float,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.decodes = decodes
        self.self_norm = nn.LayerNorm(model_size)
        self.self_attention = Attention(model_size, num_heads, attention_dropout)
        if decodes:
            self.source_norm = nn.LayerNorm(model_size)
            self.source_attention = Attention(model_size, num_heads, attention_dropout)
        self.feedforward_norm = nn.LayerNorm(model_size)
        self.expand = nn.Linear(model_size, feedforward_size)
        self.shrink = nn.Linear(feedforward_size, model_size)
        self.dropout = nn.Dropout(dropout)
        self.feedforward_dropout = nn.Dropout(feedforward_dropout)

    def forward(
        self,
        x: Tensor,
        seen: Tensor | None,
        source: Tensor | None = None,
        real: Tensor | None = None,
    ) -> Tensor:
        """Renew each step: (B, S, M) -> (B, S, M); source (B, T, M), if it decodes."""
        if self.norm_first:
            h = self.self_norm(x)
            x = x + self.dropout(self.self_attention(h, h, seen))
            if self.decodes:
                h = self.source_norm(x)
                x = x + self.dropout(self.source_attention(h, source, real))
            return x + self.feedforward(self.feedforward_norm(x))
        x = self.self_norm(x + self.dropout(self.self_attention(x, x, seen)))
        if self.decodes:
            x = self.source_norm(x + self.dropout(self.source_attention(x, source, real)))
        return self.feedforward_norm(x + self.feedforward(x))

    def feedforward(self, x: Tensor) -> Tensor:
        """Pass each step through two dense layers: (B, S, M) -> (B, S, M)."""
        h = self.feedforward_dropout(F.relu(self.expand(x)))  # (B, S, feedforward_size)
        return self.dropout(self.shrink(h))


class Attention(nn.Module):
    """Let each step of x take a mean of the steps of source that it sees, weighted in N heads."""

    def __init__(self, model_size: int, num_heads: int, attention_dropout: float) -> None:
        super().__init__()
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.num_heads = num_heads
        self.query = nn.Linear(model_size, model_size)
        self.key_value = nn.Linear(model_size, 2 * model_size)
        self.out = nn.Linear(model_size, model_size)
        self.attention_dropout = nn.Dropout(attention_dropout)

    def forward(self, x: Tensor, source: Tensor, seen: Tensor | None) -> Tensor:
        """Read the source: (B, S, M), (B, T, M) -> (B, S, M)."""
        key, value = self.key_value(source).chunk(2, 2)  # (B, T, M) each
        query = self.split(self.query(x))  # (B, N, S, M / N)
        key = self.split(key)  # (B, N, T, M / N)
        value = self.split(value)
        left_out = self.attention_dropout.p if self.training else 0.0
        h = F.scaled_dot_product_attention(query, key, value, seen, left_out)  # (B, N, S, M / N)
        h = h.transpose(1, 2).flatten(2)  # (B, S, M)
        return self.out(h)

    def split(self, x: Tensor) -> Tensor:
        """Give each head its share of the width: (B, T, M) -> (B, N, T, M / N)."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


def sinusoids(x: Tensor) -> Tensor:
    """Return the places of the steps of x (B, T, M): waves of falling frequency (T, M)."""
    length, size = x.shape[1:]
    rates = torch.tensor([10000 ** (-i / size) for i in range(0, size, 2)], device=x.device)
    angles = torch.arange(length, device=x.device)[:, None] * rates  # (T, M / 2)
    waves = torch.stack([angles.sin(), angles.cos()], 2)  # (T, M / 2, 2)
    waves = waves.flatten(1)  # (T, M), one more when M is odd
    return waves[:, :size].to(x.dtype)


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


def check_targets(previous: Tensor, y: Tensor, num_tokens: int) -> None:
    """Refuse targets (B, S, ...) that are not steps like y (B, 1, ...), the one before them."""
    kept = (previous.ndim, previous.shape[:1], previous.shape[2:])
    if kept != (y.ndim, y.shape[:1], y.shape[2:]) or previous.shape[1] == 0:
        raise ValueError(f"previous is {tuple(previous.shape)}, a step {tuple(y.shape)}.")
    if y.ndim == 2 and readable(previous):
        low, high = previous.min(), previous.max()
        if low < 0 or high >= num_tokens:
            raise ValueError(f"previous holds tokens {low} to {high}, not 0 to {num_tokens - 1}.")


def readable(x: Tensor) -> bool:
    """Tell whether the values of x can be looked at here, and without waiting for a GPU."""
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return False
    try:
        x.flatten()[0].item()
    except RuntimeError:  # under torch.func.vmap, x stands for many tensors
        return False
    return True


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
