"""Token shares: the constant of a text that is written: how often each token comes.

    p(token) = (count + 1) / (all tokens + V)

It knows neither the input nor the tokens before: what cannot beat it has learned nothing.

Dimensions: N rows, S steps of all rows, V tokens.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np


class TokenShares:
    """Foretell each token by its share of the training tokens.

    Args:
        num_tokens: V.

    Shape:
        Targets and `texts` are ragged: base (S,) tokens, starts (N,), lengths (N,). Scores (N, 3):
        of each row minus the logarithm of the probability of its tokens, their number, and how many
        of them were the likeliest.
    """

    seedless: ClassVar[bool] = True
    num_parameters = iterations = max_iterations = 0

    def __init__(self, num_tokens: int) -> None:
        self.num_tokens = num_tokens
        self.shares = np.zeros(num_tokens)  # (V,)

    def prepare(self) -> None:
        """Import nothing: NumPy is enough."""

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: Any,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: Any,
        seed: int,
    ) -> None:
        """Count the tokens of the training rows; nothing else is looked at."""
        counts = np.bincount(tokens_of(targets), minlength=self.num_tokens) + 1.0
        self.shares = counts / counts.sum()

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Judge how well the tokens of `texts` are foretold: (N, 3)."""
        texts = inputs["texts"]
        tokens, firsts = tokens_of(texts), np.cumsum(texts.lengths) - texts.lengths
        lost = -np.log(self.shares[tokens])
        hits = (tokens == self.shares.argmax()).astype(np.float64)
        sums = [np.add.reduceat(values, firsts) for values in (lost, hits)]
        return np.stack([sums[0], texts.lengths, sums[1]], axis=1)

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned, as arrays."""
        return {"shares": self.shares}

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described.

        Raises:
            ValueError: It is no share of each token.
        """
        shares = arrays["shares"]
        if shares.shape != (num_classes,) or not (shares > 0).all():
            raise ValueError(f"shares have the shape {shares.shape}, and {task} {num_classes}")
        model = cls(num_classes)
        model.shares = shares
        return model


def tokens_of(texts: Any) -> np.ndarray:
    """Return the tokens of ragged rows, one behind the other: (S,)."""
    firsts = np.cumsum(texts.lengths) - texts.lengths
    places = np.arange(int(texts.lengths.sum())) + np.repeat(texts.starts - firsts, texts.lengths)
    return np.asarray(texts.base[places])
