"""TabM: many dense networks that share almost all their weights, for rows of a table.

    v_t   = clip((x - edge_t) / (edge_{t+1} - edge_t), 0, 1)   how far a number x is through bin t
    e     = slope x + shift + sum_t v_t bend_t                 each number: a line, bent at edges
    x_n   = scale_n * [e, embedded categories]                 member n weighs the row its own way
    h_l,n = dropout(relu(W_l h_{l-1,n} + b_l))                 the hidden layers belong to all
    y_n   = W_n h_L,n + b_n                                    each member has a head of its own
    y     = mean over n of y_n                                 in evaluation; in training all y_n

Source: Gorishniy, Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling", ICLR 2025: their TabM-mini with piecewise-linear embeddings; of
these: Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical Features in Tabular Deep
Learning", 2022. Where we differ: smaller by default; members begin near one another, with scales
of 1 +- 0.3, not of 0 +- 1; the edges are quantiles of the standard normal distribution, not of
training rows, so numbers have to come with about that distribution; the first and the last bin end,
and beyond them a number acts by its slope alone; categories are embedded, not one-hot; members'
scores are averaged for classes, too, not their probabilities.

Dimensions: B rows, F numbers, K categories, J = F + K columns, T bins, E embedding width, N
members, H hidden width, C outputs.
"""

from statistics import NormalDist

import keras
import numpy as np
from keras import initializers, layers, ops

SCALE_SPREAD = 0.3  # housing, validation R2, 1 seed: 0.841 in 20 epochs; signs of +-1: 0.828


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class TabM(keras.Model):
    """Let members that share their hidden layers score each row, each trained by its own loss.

    Args:
        in_features: F, numbers per row, best of a standard normal distribution; 0 when a row holds
            categories only.
        out_features: C, outputs per row; 0 builds no head and returns the last hidden layer.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included.
        hidden_sizes: Width of each hidden layer, first to last.
        num_members: N, networks that share the hidden layers.
        num_bins: T, pieces in which each number acts, a line in each.
        embedding_size: E, values that stand for one column.
        dropout: Probability of zeroing a value after each hidden layer.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, N, C) float scores in training, and
        their mean (B, C) in evaluation. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No numbers and no categories, no member or no bin; when called, x or categories
            of another width.

    Example:
        >>> model = TabM(in_features=8, out_features=3, category_sizes=(5, 12), num_members=4)
        >>> x, categories = ops.zeros((2, 8)), ops.ones((2, 2), "int32")
        >>> tuple(model(x, categories, training=True).shape), tuple(model(x, categories).shape)
        ((2, 4, 3), (2, 3))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        category_sizes: tuple[int, ...] = (),
        hidden_sizes: tuple[int, ...] = (256, 128),
        num_members: int = 8,
        num_bins: int = 32,
        embedding_size: int = 16,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        if num_members < 1 or num_bins < 1:
            raise ValueError(f"num_members={num_members} and num_bins={num_bins}: both 1 or more.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        self.numbers = None
        if in_features:
            self.numbers = PiecewiseLinear(in_features, num_bins, embedding_size)
        self.embeddings = []
        for size in category_sizes:
            embedding = layers.Embedding(size, embedding_size, uniform(embedding_size))
            self.embeddings.append(embedding)
        columns = in_features + len(category_sizes)
        draw = initializers.RandomNormal(mean=1.0, stddev=SCALE_SPREAD)
        scales = draw((num_members, columns, 1))  # one for each column
        scales = ops.reshape(ops.repeat(scales, embedding_size, 2), (num_members, -1))
        self.scales = self.add_weight(scales.shape, lambda *_, **__: scales, name="scales")
        self.hidden = []
        width = columns * embedding_size
        for hidden_size in hidden_sizes:
            self.hidden.append(layers.Dense(hidden_size, kernel_initializer=uniform(width)))
            width = hidden_size
        self.num_features = width
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Identity()
        if out_features:
            self.head = MemberHeads(num_members, width, out_features)
        self(ops.zeros((1, in_features)), ops.zeros((1, len(category_sizes)), "int32"))

    def get_config(self):
        """Return the arguments of the constructor."""
        return dict(self.arguments)

    def call(self, x, categories=None, training=False):
        """Score each row: (B, F), (B, K) -> (B, N, C) in training, (B, C) in evaluation."""
        x = self.embed(x, categories)  # (B, J * E)
        x = x[:, None] * self.scales  # (B, N, J * E)
        for linear in self.hidden:
            x = self.dropout(ops.relu(linear(x)), training=training)  # (B, N, H)
        scores = self.head(x)  # (B, N, C)
        return scores if training else ops.mean(scores, 1)

    def embed(self, x, categories):
        """Return all that a row says, one column after the other: (B, J * E)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}).")
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(x))  # (B, F * E)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                parts.append(embedding(categories[:, k]))  # (B, E)
        return ops.concatenate(parts, 1)


@keras.saving.register_keras_serializable(__name__)
class PiecewiseLinear(layers.Layer):
    """Embed each number by lines that bend at the edges of bins: (B, F) -> (B, F * E)."""

    def __init__(self, in_features: int, num_bins: int, embedding_size: int) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        bell = NormalDist()
        edges = [bell.inv_cdf((t + 0.5) / (num_bins + 1)) for t in range(num_bins + 1)]
        self.lows = np.array(edges[:-1], "float32")
        self.widths = np.diff(np.array(edges, "float32"))
        draw = uniform(embedding_size)
        sizes = (in_features, embedding_size)
        self.slopes = self.add_weight(sizes, draw, name="slopes")
        self.shifts = self.add_weight(sizes, draw, name="shifts")
        bends = (in_features, num_bins, embedding_size)
        self.bends = self.add_weight(bends, "zeros", name="bends")

    def get_config(self):
        """Return the arguments of the constructor."""
        return dict(self.arguments)

    def call(self, x):
        """Embed: (B, F) -> (B, F * E)."""
        lines = self.slopes * x[..., None] + self.shifts  # (B, F, E)
        passed = ops.clip((x[..., None] - self.lows) / self.widths, 0, 1)  # (B, F, T)
        bends = ops.transpose(passed, (1, 0, 2)) @ self.bends  # (F, B, E)
        e = lines + ops.transpose(bends, (1, 0, 2))  # (B, F, E)
        return ops.reshape(e, (-1, e.shape[1] * e.shape[2]))


@keras.saving.register_keras_serializable(__name__)
class MemberHeads(layers.Layer):
    """Score what each member has read by a linear layer of its own: (B, N, H) -> (B, N, C)."""

    def __init__(self, num_members: int, in_features: int, out_features: int) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        sizes = (num_members, in_features, out_features)
        self.kernels = self.add_weight(sizes, uniform(in_features), name="kernels")
        self.biases = self.add_weight((num_members, out_features), "zeros", name="biases")

    def get_config(self):
        """Return the arguments of the constructor."""
        return dict(self.arguments)

    def call(self, x):
        """Score: (B, N, H) -> (B, N, C)."""
        scores = ops.transpose(x, (1, 0, 2)) @ self.kernels  # (N, B, C)
        return ops.transpose(scores, (1, 0, 2)) + self.biases


def uniform(width: int):
    """Return what draws weights that are summed over some values, as torch does by itself."""
    return initializers.RandomUniform(-(width**-0.5), width**-0.5)


def check_categories(categories, sizes: tuple[int, ...]) -> None:
    """Refuse another number of categories than there are embeddings."""
    if categories is None or categories.shape[1] != len(sizes):
        found = "none" if categories is None else categories.shape[1]
        raise ValueError(f"This model reads {len(sizes)} categories per row, but got {found}.")
