"""FT-Transformer: every column of a table looks at every other.

    t_j = x_j w_j + b_j                      a number becomes a token by a weight of its own
    t_k = embedding_k[category_k]            and a category by its embedding
    x   = [token, t_1, ... t_J]              a learned class token first
    x   = x + attention(norm(x))             layer after layer
    x   = x + shrink(relu(expand(norm(x))))
    y   = W relu(norm(x)_token) + b

Source: Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", 2021. Where we differ:
smaller than theirs by default; the feed-forward part has relu, not reglu; the first norm is kept;
a category has no bias beside its embedding; no dropout by default (theirs: 0.2 of the weights of
attention, 0.1 inside the feed-forward, none on branches); dense weights begin as Xavier's.

Dimensions: B rows, F numbers, K categories, J = F + K columns, M model width, N heads, C outputs.
"""

import keras
from keras import layers, ops
from keras.initializers import RandomUniform


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class FTTransformer(keras.Model):
    """Let the columns of each row attend to one another, then predict from the class token.

    Args:
        in_features: F, numbers per row; 0 when a row holds categories only.
        out_features: C, outputs per row; 0 builds no head and returns the features.
        category_sizes: Values that each category column can take, 0 (missing) and 1 (unseen)
            included.
        model_size: M, values per column inside the model, a multiple of num_heads.
        num_heads: N, readings of the row that each layer makes side by side.
        num_layers: Layers of attention and feed-forward.
        feedforward_size: Hidden values of the feed-forward part of each layer.
        dropout: Probability of zeroing a value of a branch.
        attention_dropout: Probability of leaving out a weight of attention.
        feedforward_dropout: Probability of zeroing a value inside the feed-forward.

    Shape:
        x (B, F) float, categories (B, K) int or None -> (B, C) float scores. Scores are raw: the
        loss applies softmax or sigmoid.

    Raises:
        ValueError: No numbers and no categories, or model_size no multiple of num_heads; when
            called, x or categories of another width.

    Example:
        >>> model = FTTransformer(in_features=8, out_features=3, category_sizes=(5, 12))
        >>> tuple(model(ops.zeros((2, 8)), categories=ops.ones((2, 2), "int32")).shape)
        (2, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        category_sizes: tuple[int, ...] = (),
        model_size: int = 32,
        num_heads: int = 4,
        num_layers: int = 2,
        feedforward_size: int = 64,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        feedforward_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        if in_features == 0 and not category_sizes:
            raise ValueError("in_features=0 and category_sizes=(): a row needs one of the two.")
        if num_heads < 1 or model_size < 1 or model_size % num_heads:
            raise ValueError(f"{model_size=} is not a multiple of {num_heads=}, or one is below 1.")
        self.in_features = in_features
        self.category_sizes = tuple(category_sizes)
        bound = model_size**-0.5
        self.scales = None
        self.shifts = None
        if in_features:
            sizes = (in_features, model_size)
            self.scales = self.add_weight(sizes, RandomUniform(-bound, bound), name="scales")
            self.shifts = self.add_weight(sizes, RandomUniform(-bound, bound), name="shifts")
        self.embeddings = []
        for size in category_sizes:
            self.embeddings.append(layers.Embedding(size, model_size, RandomUniform(-bound, bound)))
        self.token = self.add_weight((model_size,), RandomUniform(-bound, bound), name="token")
        self.blocks = []
        for _ in range(num_layers):
            block = ColumnLayer(
                model_size,
                num_heads,
                feedforward_size,
                dropout=dropout,
                attention_dropout=attention_dropout,
                feedforward_dropout=feedforward_dropout,
            )
            self.blocks.append(block)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.num_features = model_size
        self.head = layers.Dense(out_features) if out_features else layers.Identity()
        self(ops.zeros((1, in_features)), ops.zeros((1, len(category_sizes)), "int32"))

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, categories=None, training=False):
        """Score each row: (B, F), (B, K) -> (B, C)."""
        x = self.embed(x, categories)  # (B, 1 + J, M)
        for block in self.blocks:
            x = block(x, training=training)
        x = x[:, 0]  # (B, M), the class token
        return self.head(ops.relu(self.norm(x)))

    def attend(self, x, categories=None):
        """Return the weights (B, N, 1 + J, 1 + J) of each layer; the class token comes first."""
        x = self.embed(x, categories)  # (B, 1 + J, M)
        weights = []
        for block in self.blocks:
            weights.append(block.attend(x))
            x = block(x)
        return weights

    def embed(self, x, categories):
        """Return the class token, the numbers and the categories as tokens (B, 1 + J, M)."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {self.in_features}).")
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, self.num_features))
        tokens = [token]  # (B, 1, M)
        if self.in_features:
            tokens.append(self.scales * x[..., None] + self.shifts)  # (B, F, M)
        if self.category_sizes:
            check_categories(categories, self.category_sizes)
            for k, embedding in enumerate(self.embeddings):
                tokens.append(embedding(categories[:, k, None]))  # (B, 1, M)
        return ops.concatenate(tokens, 1)  # (B, 1 + J, M)


@keras.saving.register_keras_serializable(__name__)
class ColumnLayer(layers.Layer):
    """Attention among the columns, then two dense layers at each, both added to them."""

    def __init__(
        self,
        model_size: int,
        num_heads: int,
        feedforward_size: int,
        *,
        dropout: float,
        attention_dropout: float,
        feedforward_dropout: float,
    ) -> None:
        super().__init__()
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self.num_heads = num_heads
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5)
        self.query_key_value = layers.Dense(3 * model_size)
        self.out = layers.Dense(model_size)
        self.feedforward_norm = layers.LayerNormalization(epsilon=1e-5)
        self.expand = layers.Dense(feedforward_size)
        self.shrink = layers.Dense(model_size)
        self.dropout = layers.Dropout(dropout)
        self.attention_dropout = layers.Dropout(attention_dropout)
        self.feedforward_dropout = layers.Dropout(feedforward_dropout)

    def get_config(self) -> dict:
        """Return the arguments, from which from_config makes the layer again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Renew each column: (B, 1 + J, M) -> (B, 1 + J, M)."""
        x = x + self.attention(self.attention_norm(x), training)
        return x + self.feedforward(self.feedforward_norm(x), training)

    def attention(self, x, training):
        """Let each column read all columns: (B, 1 + J, M) -> (B, 1 + J, M)."""
        query, key, value = self.heads(x)  # (B, N, 1 + J, M / N) each
        weights = self.weights_of(query, key)  # (B, N, 1 + J, 1 + J)
        weights = self.attention_dropout(weights, training=training)
        h = ops.matmul(weights, value)  # (B, N, 1 + J, M / N)
        h = ops.reshape(ops.swapaxes(h, 1, 2), ops.shape(x))  # (B, 1 + J, M)
        return self.dropout(self.out(h), training=training)

    def feedforward(self, x, training):
        """Pass each column through two dense layers: (B, 1 + J, M) -> (B, 1 + J, M)."""
        h = ops.relu(self.expand(x))  # (B, 1 + J, feedforward_size)
        h = self.feedforward_dropout(h, training=training)
        return self.dropout(self.shrink(h), training=training)

    def attend(self, x):
        """Return the weights (B, N, 1 + J, 1 + J) with which each column reads the others."""
        query, key, _ = self.heads(self.attention_norm(x))  # (B, N, 1 + J, M / N) each
        return self.weights_of(query, key)

    def weights_of(self, query, key):
        """Return how much each column reads of each other: (B, N, 1 + J, 1 + J)."""
        query = query / query.shape[3] ** 0.5
        return ops.softmax(ops.matmul(query, ops.swapaxes(key, 2, 3)))

    def heads(self, x):
        """Return query, key and value of each head: (B, 1 + J, M) -> (B, N, 1 + J, M / N)."""
        parts = ops.split(self.query_key_value(x), 3, 2)  # (B, 1 + J, M) each
        shape = (*ops.shape(x)[:2], self.num_heads, x.shape[2] // self.num_heads)
        return [ops.swapaxes(ops.reshape(part, shape), 1, 2) for part in parts]


def check_categories(categories, sizes: tuple[int, ...]) -> None:
    """Refuse another number of categories than there are embeddings."""
    if categories is None or categories.shape[1] != len(sizes):
        found = "none" if categories is None else categories.shape[1]
        raise ValueError(f"This model reads {len(sizes)} categories per row, but got {found}.")
