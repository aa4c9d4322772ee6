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

import keras
from keras import layers, ops

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class VectorToSequence(keras.Model):
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
        >>> tuple(model(keras.ops.zeros((2, 8))).shape)
        (2, 4, 3)
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if not hidden_sizes:
            raise ValueError("hidden_sizes is empty: name the width of each layer, as in (64,).")
        if min(in_features, out_features, out_steps, *hidden_sizes) < 1:
            sizes = f"{in_features=}, {out_features=}, {out_steps=}, {hidden_sizes=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        layer = CELLS[choose("cell", cell, CELLS)]
        self.in_features = in_features
        self.out_steps = out_steps
        num_gates = 4 if cell == "lstm" else 3
        self.project = layers.Dense(hidden_sizes[0])
        self.decoder = []
        for hidden_size in hidden_sizes:
            recurrent = layer(
                hidden_size,
                return_sequences=True,
                kernel_initializer=by_gate(keras.initializers.GlorotUniform, num_gates),
                recurrent_initializer=by_gate(keras.initializers.Orthogonal, num_gates),
            )
            self.decoder.append(recurrent)
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(out_features)
        self(ops.zeros((1, in_features)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Score each step: (B, F) -> (B, S, C)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}) numbers.")
        x = ops.tanh(self.project(x))  # (B, H)
        x = ops.repeat(x[:, None], self.out_steps, 1)  # (B, S, H)
        for layer in self.decoder:
            x = layer(self.dropout(x, training=training))  # (B, S, H)
        return self.head(self.dropout(x, training=training))


def by_gate(initializer, num_gates: int):
    """Draw the columns of each gate by themselves, as if it stood alone."""

    def draw(shape, dtype=None):
        in_size, columns = shape
        gate_shape = (in_size, columns // num_gates)
        gates = [initializer()(gate_shape, dtype) for _ in range(num_gates)]
        return ops.concatenate(gates, 1)

    return draw


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
