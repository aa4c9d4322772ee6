"""LSTM: a recurrent network whose memory cell is guarded by gates.

    i, f, o = sigmoid(W x_t + U h_{t-1} + b)        input, forget and output gates
    g       = tanh(W_g x_t + U_g h_{t-1} + b_g)     candidate memory
    c_t     = f * c_{t-1} + i * g                   keep some, write some
    h_t     = o * tanh(c_t)                         show some

Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", 1997 (cell); Gers et al., "Learning to
Forget", 2000 (forget gate); Schuster & Paliwal, "Bidirectional Recurrent Neural Networks", 1997.

Dimensions: B batch, T time steps, F input features, H hidden size, W joined width, C outputs.
"""

import difflib
from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn

NORMS = {"none": nn.Identity, "layer": nn.LayerNorm}
State = tuple[Tensor, Tensor]  # h, c: (B, H) each
Reading = tuple[Tensor, State]  # h of all steps (B, T, H), h and c of the last real one


class LSTM(nn.Module):
    """Read each sequence step by step, then predict from the hidden states.

    Args:
        in_features: F, values per time step (width of the embedding for tokens).
        out_features: C, outputs per example; 0 builds no head and returns the features.
        hidden_sizes: H of each layer, first to last: (64,) one layer, (64, 32) nested.
        bidirectional: Read the sequence backwards as well, and join both readings.
        merge: concatenate, sum or mean: how two readings become one.
        pooling: last (where each reading ends), mean, max or attention: one vector of the steps.
        norm: none or layer: normalise the features before the head.
        dropout: Probability of zeroing a value between layers and before each dense layer.
        head_sizes: Widths of the relu layers between the features and the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        per_step: Predict at every time step, without pooling, instead of once.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None -> (B, C) float
        scores, (B, T, C) when per_step. Scores are raw: the loss applies softmax or sigmoid.

    Example:
        >>> model = LSTM(in_features=8, out_features=3)
        >>> model(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden_sizes: tuple[int, ...] = (64,),
        bidirectional: bool = False,
        merge: str = "concatenate",
        pooling: str = "last",
        norm: str = "none",
        dropout: float = 0.0,
        head_sizes: tuple[int, ...] = (),
        vocabulary_size: int = 0,
        per_step: bool = False,
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        self.in_features, self.vocabulary_size = in_features, vocabulary_size
        self.per_step = per_step
        self.merge = choose("merge", merge, ("concatenate", "sum", "mean"))
        self.pooling = choose("pooling", pooling, ("last", "mean", "max", "attention"))
        self.embedding = nn.Embedding(vocabulary_size, in_features) if vocabulary_size else None
        self.forwards, self.backwards = nn.ModuleList(), nn.ModuleList()
        width = in_features
        for size in hidden_sizes:
            for readers in (self.forwards, self.backwards)[: 1 + bidirectional]:
                readers.append(nn.LSTM(width, size, batch_first=True))
            width = 2 * size if bidirectional and merge == "concatenate" else size
        learned = pooling == "attention" and not per_step
        self.query = nn.Parameter(torch.zeros(width)) if learned else None  # at first a mean
        self.norm = NORMS[choose("norm", norm, NORMS)](width)
        self.dropout = nn.Dropout(dropout)
        widths = (width, *head_sizes)
        self.dense = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.num_features = widths[-1]
        self.head = nn.Linear(widths[-1], out_features) if out_features else nn.Identity()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input and dense weights Xavier, recurrent ones orthogonal by gate, forget gates open."""
        for lstm in [*self.forwards, *self.backwards]:
            for gate in range(4):  # torch stacks the gates as i, f, g, o
                rows = slice(gate * lstm.hidden_size, (gate + 1) * lstm.hidden_size)
                nn.init.xavier_uniform_(lstm.weight_ih_l0[rows])
                nn.init.orthogonal_(lstm.weight_hh_l0[rows])
                nn.init.constant_(lstm.bias_ih_l0[rows], 1.0 if gate == 1 else 0.0)
            nn.init.zeros_(lstm.bias_hh_l0).requires_grad_(False)  # two would learn twice as fast
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
            elif isinstance(part, nn.Embedding):
                nn.init.uniform_(part.weight, -0.05, 0.05)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Score each sequence: (B, T, F) -> (B, C), or (B, T, C) when per_step."""
        x, ends = self.steps(x, lengths)
        x = x if self.per_step else self.pool(x, ends, lengths)  # (B, W)
        x = self.dropout(self.norm(x))
        for linear in self.dense:
            x = self.dropout(linear(x).relu())
        return self.head(x)

    def steps(
        self, x: Tensor, lengths: Tensor | None = None, state: list[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Return the joined readings (B, T, W) of the last layer, and the states that all end in.

        Listed like `state`, where they start: first layer, its backward reading, second layer, ...
        """
        check(x, lengths, self.in_features, self.vocabulary_size)
        x = x if self.embedding is None else self.embedding(x)  # (B, T, F)
        starts, ends = iter(state or [None] * (len(self.forwards) + len(self.backwards))), []
        for i, lstm in enumerate(self.forwards):
            x = self.dropout(x) if i > 0 else x
            readings = [read_lstm(lstm, x, lengths, next(starts))]
            if self.backwards:
                h, end = read_lstm(self.backwards[i], turn(x, lengths), lengths, next(starts))
                readings.append((turn(h, lengths), end))
            x = self.join([h for h, _ in readings]) if self.backwards else readings[0][0]
            ends += [end for _, end in readings]
        return x, ends

    def pool(self, x: Tensor, ends: list[State], lengths: Tensor | None) -> Tensor:
        """Make one vector of the real steps: (B, T, W) -> (B, W)."""
        if self.pooling == "last":
            return self.join([h for h, _ in ends[-2 if self.backwards else -1 :]])
        steps = torch.arange(x.shape[1], device=x.device)
        padding = steps >= (x.shape[1] if lengths is None else lengths[:, None])  # (B or 1, T)
        if self.pooling == "max":
            return x.masked_fill(padding[..., None], -torch.inf).amax(1)
        scores = x[..., 0] * 0 if self.query is None else x @ self.query  # (B, T)
        return (x * scores.masked_fill(padding, -torch.inf).softmax(1)[..., None]).sum(1)

    def join(self, readings: list[Tensor]) -> Tensor:
        """Make one of the forward and the backward reading: (..., H) -> (..., W)."""
        if self.merge == "concatenate":
            return torch.cat(readings, -1)
        return sum(readings) / (len(readings) if self.merge == "mean" else 1)


def read_lstm(lstm: nn.LSTM, x: Tensor, lengths: Tensor | None, start: State | None) -> Reading:
    """Run one layer over x (B, T, F)."""
    h, c = start or [x.new_zeros(x.shape[0], lstm.hidden_size)] * 2
    if lengths is None:
        states, (h, c) = lstm(x, (h[None], c[None]))
        return states, (h[0], c[0])
    # One more input opens the forget gate and shuts the input gate in the padding, so that the
    # memory waits there. Packed sequences were 2 to 4 times slower, and cannot be exported.
    padding = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]  # (B, T)
    gates = x.new_tensor([-1e4, 1e4, 0.0, 0.0]).repeat_interleave(lstm.hidden_size)  # i, f, g, o
    weights = [torch.cat([lstm.weight_ih_l0, gates[:, None]], 1), lstm.weight_hh_l0]
    weights += [lstm.bias_ih_l0, lstm.bias_hh_l0]
    x = torch.cat([x, padding[..., None].to(x.dtype)], -1)  # (B, T, F + 1)
    states, _, c = torch.lstm(x, (h[None], c[None]), weights, True, 1, 0.0, False, False, True)
    return states, (states[torch.arange(x.shape[0]), lengths - 1], c[0])


def turn(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Put the last step of each sequence first, and leave its padding in place."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)  # (T,)
    turned = lengths[:, None] - 1 - steps  # (B, T), negative in the padding
    return x.gather(1, torch.where(turned >= 0, turned, steps)[..., None].expand_as(x))


def check(x: Tensor, lengths: Tensor | None, in_features: int, vocabulary_size: int) -> None:
    """Refuse sequences that do not fit, with the sizes named."""
    fits = x.ndim == 2 if vocabulary_size else x.ndim == 3 and x.shape[2] == in_features
    if not fits or x.shape[1] == 0:
        wanted = "(B, T) tokens" if vocabulary_size else f"(B, T, {in_features}) numbers"
        raise ValueError(f"x is {tuple(x.shape)}, but must be {wanted} with T of 1 or more.")
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return
    if vocabulary_size and (x.min() < 0 or x.max() >= vocabulary_size):
        raise ValueError(f"x holds tokens {x.min()} to {x.max()}, not 0 to {vocabulary_size - 1}.")
    if lengths is not None and (lengths.min() < 1 or lengths.max() > x.shape[1]):
        raise ValueError(f"lengths are {lengths.min()} to {lengths.max()}, not 1 to {x.shape[1]}.")


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value not in known:
        near = difflib.get_close_matches(str(value), known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
    return value
