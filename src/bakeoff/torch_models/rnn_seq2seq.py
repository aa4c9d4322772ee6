"""RNN encoder-decoder: one recurrent network reads a sequence, another one writes the next.

    h_1 ... h_T, end = encoder(x_1 ... x_T)              end: the last real state of each layer
    s_1 ... s_S      = decoder(start, y_1 ... y_{S-1})   begins at end; y: the targets so far
    c_t              = softmax(h (W s_t) / sqrt(H)) h    what s_t looks for (with attention)
    s_t              = tanh(W_c [c_t, s_t] + b_c)        and takes over
    y_t              = W_y s_t + b_y                     scores

Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014; Luong et al.,
"Effective Approaches to Attention-based Neural Machine Translation", 2015 (global attention,
"general" score; here divided by sqrt(H), with a bias, and c_t does not go into the next step).

Dimensions: B batch, T steps read, S steps written, F input features, H hidden size, C outputs.
"""

from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
START = 2  # the token that stands before the first target
State = tuple[Tensor, Tensor]  # h, c of an LSTM, (B, H) each; a GRU has h alone
Reading = tuple[Tensor, Any]  # h of all steps (B, T, H), and the last real state


class RNNSeq2Seq(nn.Module):
    """Read a sequence, then write another one, step by step.

    Args:
        in_features: F, values per step read (width of the embeddings for tokens).
        out_features: C, values per step written; the number of tokens for token_targets.
        out_steps: S, steps to write where no targets are given.
        cell: lstm or gru.
        hidden_sizes: H of each layer, first to last, of the encoder and of the decoder.
        attention: Let each step written look at all the steps read.
        dropout: Probability of zeroing a value between layers and before the head.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores. Step t sees the targets `previous`
        before t (teacher forcing), or without them what was written before t.

    Example:
        >>> model = RNNSeq2Seq(in_features=8, out_features=3, out_steps=4)
        >>> model(torch.zeros(2, 5, 8)).shape
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
        attention: bool = True,
        dropout: float = 0.0,
        vocabulary_size: int = 0,
        token_targets: bool = False,
    ) -> None:
        super().__init__()
        if cell not in CELLS or not hidden_sizes:
            raise ValueError(f"{cell=} must be lstm or gru, and {hidden_sizes=} not empty.")
        self.in_features, self.vocabulary_size = in_features, vocabulary_size
        self.out_features, self.out_steps = out_features, out_steps
        self.read = read_lstm if cell == "lstm" else read_gru
        self.embedding = nn.Embedding(vocabulary_size, in_features) if vocabulary_size else None
        self.target_embedding = nn.Embedding(out_features, in_features) if token_targets else None
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        widths = in_features, in_features if token_targets else out_features
        for size in hidden_sizes:
            self.encoder.append(CELLS[cell](widths[0], size, batch_first=True))
            self.decoder.append(CELLS[cell](widths[1], size, batch_first=True))
            widths = size, size
        self.query = nn.Linear(size, size) if attention else None
        self.combine = nn.Linear(2 * size, size) if attention else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, out_features)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input and dense weights Xavier, recurrent ones orthogonal by gate, forget gates open."""
        for part in self.modules():
            if isinstance(part, nn.LSTM | nn.GRU):
                reset(part)
            elif isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
            elif isinstance(part, nn.Embedding):
                nn.init.uniform_(part.weight, -0.05, 0.05)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, previous: Tensor | None = None
    ) -> Tensor:
        """Score each step written: (B, T, F) -> (B, S, C)."""
        return self.write(x, lengths, previous)[0]

    def write(
        self, x: Tensor, lengths: Tensor | None = None, previous: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the scores (B, S, C), and how much each step looks at each one read (B, S, T)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        x = x if self.embedding is None else self.embedding(x)  # (B, T, F)
        memory, states = self.run(self.encoder, x, lengths, repeat(None))
        steps = torch.arange(x.shape[1], device=x.device)
        unseen = steps >= (x.shape[1] if lengths is None else lengths[:, None, None])  # (B, 1, T)
        y = memory.new_zeros(x.shape[0], 1, self.out_features)
        if self.target_embedding is not None:
            y = torch.full((x.shape[0], 1), START, device=x.device)
        if previous is not None:
            if previous.shape[2:] != y.shape[2:]:
                raise ValueError(f"previous is {tuple(previous.shape)}, a step {tuple(y.shape)}.")
            y = torch.cat([y, previous[:, :-1]], 1)  # step t is written after target t - 1
            return self.decode(y, memory, unseen, states)[:2]
        written = []
        for _ in range(self.out_steps):
            *step, states = self.decode(y, memory, unseen, states)
            written.append(step)  # (B, 1, C), (B, 1, T)
            y = step[0] if self.target_embedding is None else step[0].argmax(2)
        scores, weights = zip(*written, strict=True)
        return torch.cat(scores, 1), None if self.query is None else torch.cat(weights, 1)

    def decode(
        self, y: Tensor, memory: Tensor, unseen: Tensor, states: list[Any]
    ) -> tuple[Tensor, Tensor | None, list[Any]]:
        """Write one step after each of y (B, S, C) or (B, S): scores, weights, new states."""
        y = y if self.target_embedding is None else self.target_embedding(y)
        s, states = self.run(self.decoder, y, None, states)  # (B, S, H)
        weights = None
        if self.query is not None:
            scores = self.query(s) @ memory.transpose(1, 2) / s.shape[2] ** 0.5  # (B, S, T)
            weights = scores.masked_fill(unseen, -torch.inf).softmax(2)
            s = torch.tanh(self.combine(torch.cat([weights @ memory, s], 2)))
        return self.head(self.dropout(s)), weights, states

    def run(
        self, layers: nn.ModuleList, x: Tensor, lengths: Tensor | None, starts: Any
    ) -> tuple[Tensor, list[Any]]:
        """Return the states (B, T, H) of the last layer, and the last real one of each layer."""
        ends: list[Any] = []
        for layer, start in zip(layers, starts, strict=False):
            x, end = self.read(layer, self.dropout(x) if ends else x, lengths, start)
            ends.append(end)
        return x, ends


def read_lstm(lstm: nn.LSTM, x: Tensor, lengths: Tensor | None, start: State | None) -> Reading:
    """Run one layer over x (B, T, F)."""
    if start is None:
        zeros = x.new_zeros(x.shape[0], lstm.hidden_size)  # (B, H)
        start = (zeros, zeros)
    h, c = start
    if lengths is None:
        states, (h, c) = lstm(x, (h[None], c[None]))  # (B, T, H), (1, B, H), (1, B, H)
        return states, (h[0], c[0])
    # One more input opens the forget gate and shuts the input gate in the padding, so that the
    # memory waits there. Packed sequences were 2 to 4 times slower, and cannot be exported.
    padding = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]  # (B, T)
    x = torch.cat([x, padding[..., None].to(x.dtype)], -1)  # (B, T, F + 1)
    hold = x.new_tensor([-1e4, 1e4, 0.0, 0.0])  # input, forget, candidate, output gate
    hold = hold.repeat_interleave(lstm.hidden_size)  # (4H,)
    input_weight = torch.cat([lstm.weight_ih_l0, hold[:, None]], 1)  # (4H, F + 1)
    states, _, c = torch.lstm(
        x,
        hx=(h[None], c[None]),
        params=(input_weight, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0),
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=False,
        bidirectional=False,
        batch_first=True,
    )
    last = states[torch.arange(x.shape[0], device=x.device), lengths - 1]  # (B, H)
    return states, (last, c[0])


def read_gru(gru: nn.GRU, x: Tensor, lengths: Tensor | None, start: Tensor | None) -> Reading:
    """Run one layer over x (B, T, F)."""
    if start is not None:
        start = start[None]  # (1, B, H): torch counts layers first
    states, end = gru(x, start)  # (B, T, H), (1, B, H)
    if lengths is None:
        return states, end[0]
    return states, states[torch.arange(x.shape[0], device=x.device), lengths - 1]


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
    if torch.compiler.is_compiling() or x.device.type != "cpu" or x.numel() == 0:
        return  # to read values would break the graph, or make the processor wait for the GPU
    if vocabulary_size and (x.min() < 0 or x.max() >= vocabulary_size):
        raise ValueError(f"x holds tokens {x.min()} to {x.max()}, not 0 to {vocabulary_size - 1}.")
    if lengths is not None and (lengths.min() < 1 or lengths.max() > x.shape[1]):
        raise ValueError(f"lengths are {lengths.min()} to {lengths.max()}, not 1 to {x.shape[1]}.")
