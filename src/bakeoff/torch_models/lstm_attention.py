"""LSTM with attention: recurrent states, each of which then looks at all the others.

    h_1 ... h_T  = LSTM(x_1 ... x_T)                   see the page of the LSTM
    attention(h) = softmax(Q K' / sqrt(W / N)) V       in each of N heads; Q, K, V = dense(h)
    y            = mean of norm(h + attention(h))      then the head

Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", 1997; Vaswani et al., "Attention Is
All You Need", 2017 (heads, sum and norm); Lin et al., "A Structured Self-Attentive Sentence
Embedding", 2017 (attention over recurrent states). Where we differ: the states themselves ask, not
learned queries, and a mean joins what they read; the maps have biases, and no feed-forward follows.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width (H, or 2H when
bidirectional), N heads, C outputs.
"""

import difflib
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)


class LSTMAttention(nn.Module):
    """Read each sequence step by step, let the states attend to one another, then predict.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last.
        bidirectional: Read the sequence backwards as well, and put both readings side by side.
        num_heads: N, readings of the states side by side; must divide the joined width.
        dropout: Probability of zeroing a value between layers, after the attention and before
            each dense layer.
        attention_dropout: Probability of leaving out a weight of attention.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without the mean, instead of once.
        initialization: Start of the weights of inputs, dense layers and head, gate by gate: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No hidden_sizes, a joined width that is no multiple of num_heads, or a word that
            is not listed above; when called, x of another shape or without steps, or another number
            of lengths.

    Example:
        >>> model = LSTMAttention(in_features=8, out_features=3)
        >>> model(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64, 64),
        bidirectional: bool = False,
        num_heads: int = 4,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feature_dropout: float | None = None,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
        initialization: str = "auto",
        recurrent_initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        width = 2 * hidden_sizes[-1] if bidirectional else hidden_sizes[-1]
        if width % num_heads:
            raise ValueError(f"A width of {width} is not a multiple of num_heads={num_heads}.")
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.num_heads = num_heads
        self.per_step = per_step
        self.attention_dropout = attention_dropout
        self.initialization = choose("initialization", initialization, INITIALIZATIONS)
        self.recurrent_initialization = choose(
            "recurrent_initialization", recurrent_initialization, INITIALIZATIONS
        )
        self.fan = choose("fan", fan, ("in", "out"))
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        self.forwards = nn.ModuleList()
        self.backwards = nn.ModuleList()  # empty unless bidirectional
        width = in_features
        for hidden_size in hidden_sizes:
            self.forwards.append(nn.LSTM(width, hidden_size, batch_first=True))
            if bidirectional:
                self.backwards.append(nn.LSTM(width, hidden_size, batch_first=True))
            width = 2 * hidden_size if bidirectional else hidden_size
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.feature_dropout = None  # as dropout
        if feature_dropout is not None:
            self.feature_dropout = nn.Dropout(feature_dropout)
        self.dense = nn.ModuleList()
        for head_size in head_sizes:
            self.dense.append(nn.Linear(width, head_size))
            width = head_size
        self.num_features = width
        self.head = nn.Linear(width, out_features) if out_features else nn.Identity()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input and dense weights Xavier, recurrent ones orthogonal by gate, forget gates open."""
        for lstm in [*self.forwards, *self.backwards]:
            for gate in range(4):  # torch stacks the gates as i, f, g, o
                rows = slice(gate * lstm.hidden_size, (gate + 1) * lstm.hidden_size)
                draw(lstm.weight_ih_l0[rows], self.initialization, "xavier_uniform", self.fan)
                draw(lstm.weight_hh_l0[rows], self.recurrent_initialization, "orthogonal", self.fan)
                nn.init.constant_(lstm.bias_ih_l0[rows], 1.0 if gate == 1 else 0.0)
            nn.init.zeros_(lstm.bias_hh_l0)  # two biases learn one sum twice as fast: keep one
            lstm.bias_hh_l0.requires_grad_(False)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                after = "relu" if part in [*self.dense] else "linear"
                draw(part.weight, self.initialization, "xavier_uniform", self.fan, after)
                nn.init.zeros_(part.bias)
            elif isinstance(part, nn.Embedding):
                nn.init.uniform_(part.weight, -0.05, 0.05)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, real = self.read(x, lengths)  # (B, T, W), (B, T)
        x = self.norm(x + self.attention(x, real))
        if not self.per_step:
            x = average_steps(x, real)  # (B, W)
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        x = drop(x)
        for linear in self.dense:
            x = drop(linear(x).relu())
        return self.head(x)

    def attention(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Let each step read all real steps: (B, T, W) -> (B, T, W)."""
        query, key, value = self.split(x)  # (B, N, T, W / N) each
        mask = None if real is None else real[:, None, None]  # (B, 1, 1, T)
        left_out = self.attention_dropout if self.training else 0.0
        h = F.scaled_dot_product_attention(query, key, value, mask, left_out)  # (B, N, T, W / N)
        h = h.transpose(1, 2).flatten(2)  # (B, T, W)
        return self.dropout(self.out(h))

    def attend(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the weights with which each step reads the others: (B, T, F) -> (B, N, T, T)."""
        x, real = self.read(x, lengths)  # (B, T, W), (B, T)
        query, key, _ = self.split(x)  # (B, N, T, W / N) each
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5  # (B, N, T, T)
        if real is not None:
            scores = scores.masked_fill(~real[:, None, None], -torch.inf)
        return scores.softmax(3)

    def read(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return the states (B, T, W) of the last layer, and the real ones (B, T), None for all."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        x = silence(x, lengths)
        if self.embedding is not None:
            x = self.embedding(x)  # (B, T) -> (B, T, F)
        for i, lstm in enumerate(self.forwards):
            if i > 0:
                x = self.dropout(x)
            h, _ = lstm(x)  # (B, T, H): a step never sees the padding behind it
            if self.backwards:
                h_back, _ = self.backwards[i](turn(x, lengths))  # (B, T, H)
                h = torch.cat([h, turn(h_back, lengths)], -1)  # (B, T, 2H)
            x = h
        if lengths is None:
            return x, None
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
        return x, real

    def split(self, x: Tensor) -> list[Tensor]:
        """Return query, key and value of each head: (B, T, W) -> (B, N, T, W / N)."""
        parts = self.query_key_value(x).chunk(3, 2)  # (B, T, W) each
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]


def average_steps(x: Tensor, real: Tensor | None) -> Tensor:
    """Take the mean of the real steps: (B, T, W) -> (B, W)."""
    if real is None:
        return x.mean(1)
    x = x.masked_fill(~real[..., None], 0)
    weights = real / real.sum(1, keepdim=True)  # (B, T), which sum to 1
    return (x * weights[..., None].to(x.dtype)).sum(1)


def silence(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Set the padding to zero: (B, T, F) numbers or (B, T) tokens."""
    if lengths is None:
        return x
    real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
    if x.ndim == 3:
        real = real[..., None]  # (B, T, 1)
    return x.masked_fill(~real, 0)


def turn(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Put the last step of each sequence first, and leave its padding in place."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)  # (T,)
    turned = lengths[:, None] - 1 - steps  # (B, T), negative in the padding
    source = torch.where(turned >= 0, turned, steps)  # (B, T)
    return x.gather(1, source[..., None].expand_as(x))


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


def draw(weight: Tensor, word: str, auto: str, fan: str, after: str = "linear") -> None:
    """Draw a matrix (out, in), that of one gate or of a layer; after: what is done to its sums."""
    word = auto if word == "auto" else word
    draw_ = getattr(nn.init, f"{word}_")  # the words are torch's own
    if word == "uniform":
        draw_(weight, -0.05 * 3**0.5, 0.05 * 3**0.5)  # a standard deviation of 0.05
    elif word == "normal":
        draw_(weight, std=0.05)
    elif word == "orthogonal":
        draw_(weight, nn.init.calculate_gain(after))
    elif word.startswith("kaiming"):
        draw_(weight, mode=f"fan_{fan}", nonlinearity=after)
    else:
        draw_(weight)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
