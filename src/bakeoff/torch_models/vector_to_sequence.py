"""Vector to sequence: a dense layer and a recurrent network unfold one vector over many steps.

    v           = tanh(W x + b)                    what the vector says
    h_1 ... h_S = LSTM(v, v, ... v)                the same at every step, or a GRU; see their pages
    scores_t    = W_y h_t + b_y

Source: Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks", 2015 (one to
many). Where we differ: there the vector goes in once, at the first step; that it is repeated at
every step is the form that Keras made usual (RepeatVector). The dense layer before is ours.

Dimensions: B batch, S steps written, F input features, H hidden size, C outputs.
"""

import difflib
from collections.abc import Iterable

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class VectorToSequence(nn.Module):
    """Unfold each vector into a sequence.

    Args:
        in_features: F, numbers per row.
        out_features: C, outputs per step.
        out_steps: S, steps of the sequence.
        cell: lstm or gru.
        hidden_sizes: H of each recurrent layer, first to last; the first is also the width of v.
        dropout: Probability of zeroing a value before each recurrent layer and before the head.

    Shape:
        x (B, F) float -> (B, S, C) float scores. Scores are raw: the loss applies softmax or
        sigmoid.

    Raises:
        ValueError: No hidden_sizes, or an unknown cell; when called, x of another width.

    Example:
        >>> model = VectorToSequence(in_features=8, out_features=3, out_steps=4)
        >>> model(torch.zeros(2, 8)).shape
        torch.Size([2, 4, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        out_steps: int = 10,
        cell: str = "lstm",
        hidden_sizes: tuple[int, ...] = (64,),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        if min(in_features, out_features, out_steps, *hidden_sizes) < 1:
            sizes = f"{in_features=}, {out_features=}, {out_steps=}, {hidden_sizes=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        layer = CELLS[choose("cell", cell, CELLS)]
        self.in_features = in_features
        self.out_steps = out_steps
        width = hidden_sizes[0]
        self.project = nn.Linear(in_features, width)
        self.decoder = nn.ModuleList()
        for hidden_size in hidden_sizes:
            self.decoder.append(layer(width, hidden_size, batch_first=True))
            width = hidden_size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, out_features)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input and dense weights Xavier, recurrent ones orthogonal by gate, forget gates open."""
        for layer in self.decoder:
            reset(layer)
        for linear in (self.project, self.head):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Score each step: (B, F) -> (B, S, C)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}) numbers.")
        x = torch.tanh(self.project(x))  # (B, H)
        x = x[:, None].expand(-1, self.out_steps, -1)  # (B, S, H)
        for layer in self.decoder:
            x, _ = layer(self.dropout(x))  # (B, S, H)
        return self.head(self.dropout(x))


def reset(layer: nn.LSTM | nn.GRU) -> None:
    """Input weights Xavier, recurrent ones orthogonal by gate, biases zero, forget gate open."""
    is_lstm = isinstance(layer, nn.LSTM)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    for gate in range(4 if is_lstm else 3):  # torch stacks i, f, g, o, and of a GRU r, z, n
        rows = slice(gate * layer.hidden_size, (gate + 1) * layer.hidden_size)
        nn.init.xavier_uniform_(layer.weight_ih_l0[rows])
        nn.init.orthogonal_(layer.weight_hh_l0[rows])
        if is_lstm and gate == 1:
            nn.init.ones_(layer.bias_ih_l0[rows])
    layer.bias_hh_l0.requires_grad_(not is_lstm)  # of an LSTM's two biases keep one


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
