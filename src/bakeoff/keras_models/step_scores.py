"""Targets of several steps a row: a class or a number of each step, or a text that is written.

Rows have steps of different number: targets are padded to the longest of a batch with -1 or NaN,
which say that there is nothing to know, and count for nothing in losses and metrics.

Dimensions: B batch, N rows, T steps of a batch, S steps of all rows, C outputs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bakeoff.keras_models.feed import Batch, Feed, Targets

Score = Callable[[Batch], Any]
TEXTS_AT_ONCE = 32  # a score for each word of the vocabulary, at each step: 40 MB at 8,000 words


def step_scores(feed: Feed, score: Score, batch_size: int = 0) -> np.ndarray:
    """Score each real step of all rows, row by row, in evaluation mode: (S, C).

    Args:
        feed: Of all rows.
        score: Calls a model on a batch, which returns (B, T, C).
        batch_size: Rows at a time; 0: as the feed likes it.
    """
    lengths = feed.steps
    starts = lengths.cumsum() - lengths
    scores = np.empty((0, 0), "float32")
    for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
        some = np.asarray(score(batch))  # (B, T, C)
        if not len(scores):
            scores = np.empty((int(lengths.sum()), some.shape[2]), "float32")
        at = np.arange(some.shape[1])
        real = at < lengths[rows][:, None]  # (B, T)
        scores[(starts[rows][:, None] + at)[real]] = some[real]
    return scores


def text_scores(feed: Feed, texts: Targets, score: Score) -> np.ndarray:
    """Judge how well a model foretells each token of a text from the true ones before it: (N, 3).

    Args:
        feed: Of all rows.
        texts: The tokens of all rows.
        score: Calls a model on a batch, which takes the true tokens as `previous`, and returns
            (B, T, C).

    Returns:
        Of each row minus the logarithm of the probability of its tokens, their number, and how many
        were the likeliest.
    """
    found = np.zeros((len(feed), 3), "float32")
    for rows, batch in feed.in_turn(TEXTS_AT_ONCE):
        tokens = feed.take_targets(texts, rows)
        scores = np.asarray(score({**batch, "previous": previous_of(tokens)}))
        found[rows] = token_scores(scores, tokens)
    return found


def token_scores(scores: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Return minus log probability, number, and hits of the tokens of each row.

    Shape:
        scores (B, T, C), tokens (B, T) int, -1 behind the end -> (B, 3).

    Example:
        >>> scores = np.array([[[0.0, 0.0], [9.0, 0.0]]], "float32")
        >>> token_scores(scores, np.array([[1, -1]])).round(3).tolist()
        [[0.693, 1.0, 0.0]]
    """
    real = tokens >= 0  # (B, T)
    above = scores.max(2)  # (B, T)
    sums = above + np.log(np.exp(scores - above[..., None]).sum(2))
    own = np.take_along_axis(scores, previous_of(tokens)[..., None], 2)[..., 0]  # (B, T)
    hits = (scores.argmax(2) == tokens) & real
    lost = np.where(real, sums - own, 0.0)
    return np.stack([lost.sum(1), real.sum(1), hits.sum(1)], 1)


def num_known(targets: np.ndarray) -> int:
    """Count the steps whose target is known."""
    known = ~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0
    return int(known.sum())


def previous_of(targets: np.ndarray) -> np.ndarray:
    """Return targets as a model is given them: 0 where there is nothing to know."""
    return np.maximum(targets, 0)
