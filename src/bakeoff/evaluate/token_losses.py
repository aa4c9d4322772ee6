"""Metrics of texts that are written: how well each token is foretold from the true ones before it.

log loss per token     sum of -ln p(token) / tokens; its exponential is the perplexity
token accuracy         share of the tokens that were the likeliest

Both are ratios of sums over the rows: long texts count more.

Dimensions: n rows, G groups.
"""

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]
LOST, TOKENS, HITS = range(3)  # columns of the scores


def token_log_loss(predictions: Predictions) -> float:
    """Minus the logarithm of the probability of a token, in the mean."""
    return ratio(predictions, LOST)


def token_accuracy(predictions: Predictions) -> float:
    """Share of the tokens that were the likeliest."""
    return ratio(predictions, HITS)


def token_log_loss_values(predictions: Predictions) -> Array:
    """Influence of each row on the log loss, plus the log loss: their mean is the metric: (n,)."""
    return influences(predictions, LOST)


def token_accuracy_values(predictions: Predictions) -> Array:
    """The same of the accuracy: (n,)."""
    return influences(predictions, HITS)


def token_log_loss_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """The log loss without each group of rows: (n,) groups -> (G,)."""
    return without(predictions, LOST, groups)


def token_accuracy_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """The accuracy without each group of rows: (n,) groups -> (G,)."""
    return without(predictions, HITS, groups)


def ratio(predictions: Predictions, column: int) -> float:
    """Sum of a column / tokens; nan where there is no row."""
    scores = np.asarray(predictions.scores, np.float64)
    tokens = scores[:, TOKENS].sum()
    return float(scores[:, column].sum() / tokens) if tokens else float("nan")


def influences(predictions: Predictions, column: int) -> Array:
    """Whole + (own sum - whole * own tokens) / mean tokens: (n,)."""
    scores = np.asarray(predictions.scores, np.float64)
    whole = ratio(predictions, column)
    return np.asarray(
        whole + (scores[:, column] - whole * scores[:, TOKENS]) / scores[:, TOKENS].mean()
    )


def without(predictions: Predictions, column: int, groups: NDArray[np.int64]) -> Array:
    """The ratio without each group: (n,) groups -> (G,)."""
    scores = np.asarray(predictions.scores, np.float64)
    sums, tokens = (np.bincount(groups, scores[:, i]) for i in (column, TOKENS))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums.sum() - sums) / (tokens.sum() - tokens))
