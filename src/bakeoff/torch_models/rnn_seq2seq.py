"""RNN encoder-decoder: one recurrent network reads a sequence, another one writes the next.

    h_1 ... h_T, end = encoder(x_1 ... x_T)              end: the last real state of each layer
    s_1 ... s_S      = decoder(start, y_1 ... y_{S-1})   begins at end; y: the targets so far
    c_t              = softmax(h (W s_t) / sqrt(H)) h    what s_t looks for (with attention)
    s_t              = tanh(W_c [c_t, s_t] + b_c)        and takes over
    y_t              = W_y s_t + b_y                     scores

Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014; Luong et al.,
"Effective Approaches to Attention-based Neural Machine Translation", 2015 (global attention,
"general" score). Where we differ: x is not reversed; scores are divided by sqrt(H); W and W_c have
biases; c_t does not go into the next step; without targets the likeliest token goes on (no beam);
numbers go on as they are, after a first step of zeros; U begins orthogonal gate by gate.

Dimensions: B batch, T steps read, S steps written, F input features, H hidden size, C outputs.
"""

import difflib
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
INITIALIZATIONS = (
    *("auto", "uniform", "normal", "orthogonal"),
    *("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"),
)
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
        attention_dropout: Probability of leaving out a weight of attention.
        feature_dropout: Probability of zeroing one of the features that the dense layers and the
            head read; None: as dropout.
        vocabulary_size: Number of tokens when x holds integers (0 is padding); 0 for numbers.
        token_targets: Write tokens: embed the targets, and go on from the likeliest token.
        initialization: Start of the weights of inputs, dense layers and head, gate by gate: auto
            (xavier_uniform), xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal,
            orthogonal, or uniform or normal with a standard deviation of 0.05.
        recurrent_initialization: The same for U, which acts on the state before; auto: orthogonal.
        fan: in (Kaiming keeps the values steady) or out (the gradients).

    Shape:
        x (B, T, F) float or (B, T) int tokens, lengths (B,) int or None, previous (B, S, C) float
        or (B, S) int tokens or None -> (B, S, C) float scores. Step t sees the targets `previous`
        before t (teacher forcing), or without them what was written before t.

    Raises:
        ValueError: No hidden_sizes, out_steps below 1, too few tokens to hold the start token, or a
            word that is not listed above; when called, x, lengths or targets that do not fit.

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
        attention_dropout: float = 0.0,
        feature_dropout: float | None = None,
        vocabulary_size: int = 0,
        token_targets: bool = False,
        initialization: str = "auto",
        recurrent_initialization: str = "auto",
        fan: str = "in",
    ) -> None:
        super().__init__()
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        if out_steps < 1:
            raise ValueError(f"out_steps={out_steps}, but one step or more must be written.")
        if token_targets and out_features <= START:
            raise ValueError(f"out_features={out_features} tokens lack {START}, the start token.")
        layer = CELLS[choose("cell", cell, CELLS)]
        self.initialization = choose("initialization", initialization, INITIALIZATIONS)
        self.recurrent_initialization = choose(
            "recurrent_initialization", recurrent_initialization, INITIALIZATIONS
        )
        self.fan = choose("fan", fan, ("in", "out"))
        self.in_features = in_features
        self.vocabulary_size = vocabulary_size
        self.out_features = out_features
        self.out_steps = out_steps
        self.read = read_lstm if cell == "lstm" else read_gru
        self.embedding = None
        if vocabulary_size:
            self.embedding = nn.Embedding(vocabulary_size, in_features)
        self.target_embedding = None
        if token_targets:
            self.target_embedding = nn.Embedding(out_features, in_features)
        self.encoder = nn.ModuleList()
        self.decoder = nn.ModuleList()
        source_width = in_features
        target_width = in_features if token_targets else out_features
        for hidden_size in hidden_sizes:
            self.encoder.append(layer(source_width, hidden_size, batch_first=True))
            self.decoder.append(layer(target_width, hidden_size, batch_first=True))
            source_width = target_width = hidden_size
        width = hidden_sizes[-1]
        self.query = nn.Linear(width, width) if attention else None
        self.combine = nn.Linear(2 * width, width) if attention else None
        self.dropout = nn.Dropout(dropout)
        self.feature_dropout = None  # as dropout
        if feature_dropout is not None:
            self.feature_dropout = nn.Dropout(feature_dropout)
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.head = nn.Linear(width, out_features)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input and dense weights Xavier, recurrent ones orthogonal by gate, forget gates open."""
        for part in self.modules():
            if isinstance(part, nn.LSTM | nn.GRU):
                self.reset_layer(part)
            elif isinstance(part, nn.Linear):
                draw(part.weight, self.initialization, "xavier_uniform", self.fan)
                nn.init.zeros_(part.bias)
            elif isinstance(part, nn.Embedding):
                nn.init.uniform_(part.weight, -0.05, 0.05)

    def reset_layer(self, layer: nn.LSTM | nn.GRU) -> None:
        """Draw the weights of one recurrent layer gate by gate."""
        is_lstm = isinstance(layer, nn.LSTM)
        nn.init.zeros_(layer.bias_ih_l0)
        nn.init.zeros_(layer.bias_hh_l0)
        for gate in range(4 if is_lstm else 3):  # torch stacks i, f, g, o, and of a GRU r, z, n
            rows = slice(gate * layer.hidden_size, (gate + 1) * layer.hidden_size)
            draw(layer.weight_ih_l0[rows], self.initialization, "xavier_uniform", self.fan)
            draw(layer.weight_hh_l0[rows], self.recurrent_initialization, "orthogonal", self.fan)
            if is_lstm and gate == 1:
                nn.init.ones_(layer.bias_ih_l0[rows])
        layer.bias_hh_l0.requires_grad_(not is_lstm)  # of an LSTM's two biases keep one

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, previous: Tensor | None = None
    ) -> Tensor:
        """Score each step written: (B, T, F) -> (B, S, C)."""
        scores, _ = self.write(x, lengths, previous)
        return scores

    def write(
        self, x: Tensor, lengths: Tensor | None = None, previous: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the scores (B, S, C), and how much each step looks at each one read (B, S, T)."""
        check(x, lengths, self.in_features, self.vocabulary_size)
        x = silence(x, lengths)
        if self.embedding is not None:
            x = silence(self.embedding(x), lengths)  # (B, T) -> (B, T, F)
        nothing = [None] * len(self.encoder)
        memory, states = self.run(self.encoder, x, lengths, nothing)  # (B, T, H)
        if lengths is None:
            lengths = x.new_full((x.shape[0],), x.shape[1], dtype=torch.long)  # (B,)
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
        if self.target_embedding is None:
            y = memory.new_zeros(x.shape[0], 1, self.out_features)  # before the first target
        else:
            y = torch.full((x.shape[0], 1), START, device=x.device)
        if previous is None:
            return self.write_alone(y, memory, real, states)
        check_targets(previous, y, self.out_features)
        y = torch.cat([y, previous[:, :-1]], 1)  # step t is written after target t - 1
        scores, weights, _ = self.decode(y, memory, real, states)
        return scores, weights

    def write_alone(
        self, y: Tensor, memory: Tensor, real: Tensor, states: list[Any]
    ) -> tuple[Tensor, Tensor | None]:
        """Write out_steps steps, each after what was written before it: as `write`."""
        all_scores = []
        all_weights = []
        for _ in range(self.out_steps):
            scores, weights, states = self.decode(y, memory, real, states)  # (B, 1, C), (B, 1, T)
            all_scores.append(scores)
            all_weights.append(weights)
            y = scores if self.target_embedding is None else scores.argmax(2)
        scores = torch.cat(all_scores, 1)  # (B, S, C)
        if self.query is None:
            return scores, None
        return scores, torch.cat(all_weights, 1)

    def decode(
        self, y: Tensor, memory: Tensor, real: Tensor, states: list[Any]
    ) -> tuple[Tensor, Tensor | None, list[Any]]:
        """Write one step after each of y (B, S, C) or (B, S): scores, weights, new states."""
        if self.target_embedding is not None:
            y = self.target_embedding(y)  # (B, S) -> (B, S, F)
        s, states = self.run(self.decoder, y, None, states)  # (B, S, H)
        weights = None
        if self.query is not None:
            scores = self.query(s) @ memory.transpose(1, 2) / s.shape[2] ** 0.5  # (B, S, T)
            weights = scores.masked_fill(~real[:, None], -torch.inf).softmax(2)
            c = self.attention_dropout(weights) @ memory  # (B, S, H)
            s = torch.tanh(self.combine(torch.cat([c, s], 2)))
        drop = self.dropout if self.feature_dropout is None else self.feature_dropout
        return self.head(drop(s)), weights, states

    def run(
        self, layers: nn.ModuleList, x: Tensor, lengths: Tensor | None, starts: list[Any]
    ) -> tuple[Tensor, list[Any]]:
        """Return the states (B, T, H) of the last layer, and the last real one of each layer."""
        ends = []
        for i, layer in enumerate(layers):
            if i > 0:
                x = silence(self.dropout(x), lengths)
            x, end = self.read(layer, x, lengths, starts[i])  # (B, T, H)
            ends.append(end)
        return x, ends


def read_lstm(lstm: nn.LSTM, x: Tensor, lengths: Tensor | None, start: State | None) -> Reading:
    """Run one layer over x (B, T, F), which is zero in the padding."""
    if start is None:
        zeros = x.new_zeros(x.shape[0], lstm.hidden_size)  # (B, H)
        start = (zeros, zeros)
    h, c = start
    if lengths is None:
        states, (h, c) = lstm(x, (h[None], c[None]))  # (B, T, H), (1, B, H), (1, B, H)
        return states, (h[0], c[0])
    # One more input makes the memory wait in the padding: it opens the forget gate, and shuts the
    # input gate, by more than all else in their sums can reach there: x is 0, |h| is at most 1.
    # Packed sequences were 2 to 4 times slower.
    padding = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]  # (B, T)
    x = torch.cat([x, padding[..., None].to(x.dtype)], -1)  # (B, T, F + 1)
    most = lstm.weight_hh_l0.abs().sum(1) + lstm.bias_ih_l0.abs() + lstm.bias_hh_l0.abs()  # (4H,)
    sign = x.new_tensor([-1.0, 1.0, 0.0, 0.0])  # input, forget, candidate, output gate
    hold = sign.repeat_interleave(lstm.hidden_size) * (most.detach() + 1e4)  # (4H,)
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
    if start is None:
        start = x.new_zeros(x.shape[0], gru.hidden_size)  # (B, H)
    states, end = gru(x, start[None])  # (B, T, H), (1, B, H): torch counts layers first
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
