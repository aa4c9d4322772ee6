"""RNN: a recurrent network; each state is made of the input and of the state before.

    h_t = tanh(W x_t + U h_{t-1} + b)        or relu in place of tanh

Source: Elman, "Finding Structure in Time", 1990 (cell); Schuster & Paliwal, "Bidirectional
Recurrent Neural Networks", 1997. Where we differ: Elman's units are logistic and learn from the
last step only; here the gradient flows back through all steps, and U begins orthogonal.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width, C outputs.
"""

import difflib
from collections.abc import Iterable

import torch
from torch import Tensor, nn

NORMS = {"none": nn.Identity, "layer": nn.LayerNorm}
POOLINGS = ("last", "mean", "max", "attention", "final_step")
INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)
Reading = tuple[Tensor, Tensor]  # states of all steps (B, T, H), of the last real one (B, H)


class RNN(nn.Module):
    """Read each sequence step by step, then predict from the states.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last: (64,) one layer, (64, 32) nested.
        activation: tanh or relu: what makes a state of the sum.
        bidirectional: Read the sequence backwards as well, and join both readings.
        merge: concatenate, sum or mean: how two readings become one.
        pooling: last (where each reading ends), mean, max, attention or final_step (both readings
            at step T - 1, padding read as zeros: the backward one has seen a single step there).
        norm: none or layer: normalise the features before the dense layers and the head.
        dropout: Probability of zeroing a value between layers and before each dense layer.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.
        initialization: Start of the weights of inputs, dense layers and head: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No hidden_sizes, or a word that is not listed above; when called, x of another
            shape or without steps, or another number of lengths or states.

    Example:
        >>> model = RNN(in_features=8, out_features=3)
        >>> model(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64,),
        activation: str = "tanh",
        bidirectional: bool = False,
        merge: str = "concatenate",
        pooling: str = "last",
        norm: str = "none",
        dropout: float = 0.0,
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
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.per_step = per_step
        choose("activation", activation, ("tanh", "relu"))
        self.merge = choose("merge", merge, ("concatenate", "sum", "mean"))
        self.pooling = choose("pooling", pooling, POOLINGS)
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
            self.forwards.append(
                nn.RNN(width, hidden_size, nonlinearity=activation, batch_first=True)
            )
            if bidirectional:
                self.backwards.append(
                    nn.RNN(width, hidden_size, nonlinearity=activation, batch_first=True)
                )
            width = hidden_size
            if bidirectional and merge == "concatenate":
                width = 2 * hidden_size
        self.query = None
        if pooling == "attention" and not per_step:
            self.query = nn.Parameter(torch.zeros(width))  # at first a mean
        self.norm = NORMS[choose("norm", norm, NORMS)](width)
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
        """Input and dense weights Xavier, recurrent ones orthogonal, biases zero."""
        for rnn in [*self.forwards, *self.backwards]:
            after = "relu" if rnn.nonlinearity == "relu" else "linear"
            draw(rnn.weight_ih_l0, self.initialization, "xavier_uniform", self.fan, after)
            draw(rnn.weight_hh_l0, self.recurrent_initialization, "orthogonal", self.fan)
            nn.init.zeros_(rnn.bias_ih_l0)
            nn.init.zeros_(rnn.bias_hh_l0)  # two biases learn one sum twice as fast: keep one
            rnn.bias_hh_l0.requires_grad_(False)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                after = "linear" if part is self.head else "relu"
                draw(part.weight, self.initialization, "xavier_uniform", self.fan, after)
                nn.init.zeros_(part.bias)
            elif isinstance(part, nn.Embedding):
                nn.init.uniform_(part.weight, -0.05, 0.05)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, ends = self.steps(x, lengths)  # (B, T, W)
        if not self.per_step:
            x = self.pool(x, ends, lengths)  # (B, W)
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        x = drop(self.norm(x))
        for linear in self.dense:
            x = drop(linear(x).relu())
        return self.head(x)

    def steps(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: list[Tensor] | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the joined readings (B, T, W) of the last layer, and the states that all end in.

        Listed like `state`, where they start: first layer, its backward reading, second layer, ...
        """
        check(x, lengths, self.in_features, self.vocabulary_size)
        count = len(self.forwards) + len(self.backwards)
        if state is not None and len(state) != count:
            raise ValueError(f"state holds {len(state)} states, but there are {count} readings.")
        starts = state or [None] * count
        x = silence(x, lengths)
        if self.embedding is not None:
            x = silence(self.embedding(x), lengths)  # (B, T) -> (B, T, F)
        if self.pooling == "final_step" and not self.per_step:
            lengths = None  # the padding, too, is read
        ends = []
        for i, rnn in enumerate(self.forwards):
            if i > 0:
                x = self.dropout(x)
            if self.backwards:
                h, end = read_rnn(rnn, x, lengths, starts[2 * i])  # (B, T, H)
                turned = turn(x, lengths)
                h_back, end_back = read_rnn(self.backwards[i], turned, lengths, starts[2 * i + 1])
                x = self.join(h, turn(h_back, lengths))  # (B, T, W)
                ends += [end, end_back]
            else:
                x, end = read_rnn(rnn, x, lengths, starts[i])  # (B, T, H)
                ends.append(end)
        return x, ends

    def pool(self, x: Tensor, ends: list[Tensor], lengths: Tensor | None) -> Tensor:
        """Make one vector of the real steps: (B, T, W) -> (B, W)."""
        if self.pooling == "last":
            return self.join(ends[-2], ends[-1]) if self.backwards else ends[-1]
        if self.pooling == "final_step":
            return x[:, -1]
        x = silence(x, lengths)
        if lengths is None:
            lengths = x.new_full((x.shape[0],), x.shape[1], dtype=torch.long)  # (B,)
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
        if self.pooling == "max":
            return x.masked_fill(~real[..., None], -torch.inf).amax(1)
        weights = self.attention_weights(x, real)  # (B, T)
        return (x * weights[..., None]).sum(1)

    def attention_weights(self, x: Tensor, real: Tensor) -> Tensor:
        """Weigh the real steps, without a query all alike: (B, T, W) -> (B, T), which sum to 1."""
        scores = x.new_zeros(real.shape)  # (B, T)
        if self.query is not None:
            scores = x @ self.query
        return scores.masked_fill(~real, -torch.inf).softmax(1)

    def join(self, h: Tensor, h_back: Tensor) -> Tensor:
        """Make one of the forward and the backward reading: (..., H) each -> (..., W)."""
        if self.merge == "concatenate":
            return torch.cat([h, h_back], -1)
        if self.merge == "sum":
            return h + h_back
        return (h + h_back) / 2


def read_rnn(rnn: nn.RNN, x: Tensor, lengths: Tensor | None, start: Tensor | None) -> Reading:
    """Run one layer over x (B, T, F)."""
    if start is None:
        start = x.new_zeros(x.shape[0], rnn.hidden_size)  # (B, H)
    states, end = rnn(x, start[None])  # (B, T, H), (1, B, H): torch counts layers first
    if lengths is None:
        return states, end[0]
    return states, states[torch.arange(x.shape[0], device=x.device), lengths - 1]


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
