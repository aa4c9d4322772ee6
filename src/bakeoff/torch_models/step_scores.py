"""Targets of several steps a row: a class or a number of each step, or a text that is written.

Rows have steps of different number: targets are padded to the longest of a batch with -1 or NaN,
which say that there is nothing to know, and count for nothing in losses and metrics.

Dimensions: B batch, N rows, T steps of a batch, S steps of all rows, C outputs.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.feed import Batch, Feed

Score = Callable[[nn.Module, Batch], Tensor]
TEXTS_AT_ONCE = 32  # a score for each word of the vocabulary, at each step: 40 MB at 8,000 words


def step_scores(model: nn.Module, feed: Feed, score: Score, batch_size: int = 0) -> Tensor:
    """Score each real step of all rows, row by row, in evaluation mode: (S, C).

    Args:
        model: Returns (B, T, C).
        feed: Of all rows.
        score: Calls the model on a batch.
        batch_size: Rows at a time; 0: as the feed likes it.
    """
    lengths = torch.from_numpy(feed.steps.astype(np.int64)).to(feed.device)
    starts = lengths.cumsum(0) - lengths
    scores = torch.empty(0)
    model.eval()
    with torch.inference_mode():
        for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
            some = score(model, batch).float()  # (B, T, C)
            if not len(scores):
                scores = some.new_empty((int(lengths.sum()), some.shape[2]))
            at = torch.arange(some.shape[1], device=some.device)
            real = at < lengths[rows][:, None]  # (B, T)
            scores[(starts[rows][:, None] + at)[real]] = some[real]
    return scores


def text_scores(
    model: nn.Module, feed: Feed, texts: Callable[[Tensor], Tensor], score: Score
) -> Tensor:
    """Judge how well a model foretells each token of a text from the true ones before it: (N, 3).

    Args:
        model: Takes the true tokens as `previous`, and returns (B, T, C).
        feed: Of all rows.
        texts: Returns the tokens of some rows.
        score: Calls the model on a batch.

    Returns:
        Of each row minus the logarithm of the probability of its tokens, their number, and how many
        were the likeliest.
    """
    found = torch.zeros(len(feed), 3, device=feed.device)
    model.eval()
    with torch.inference_mode():
        for rows, batch in feed.in_turn(TEXTS_AT_ONCE):
            tokens = texts(rows)
            scores = score(model, {**batch, "previous": previous_of(tokens)}).float()
            found[rows] = token_scores(scores, tokens)
    return found


def token_scores(scores: Tensor, tokens: Tensor) -> Tensor:
    """Return minus log probability, number, and hits of the tokens of each row.

    Shape:
        scores (B, T, C), tokens (B, T) int, -1 behind the end -> (B, 3).

    Example:
        >>> scores = torch.tensor([[[0.0, 0.0], [9.0, 0.0]]])
        >>> token_scores(scores, torch.tensor([[1, -1]])).round(decimals=3).tolist()
        [[0.6930000185966492, 1.0, 0.0]]
    """
    real = tokens >= 0  # (B, T)
    logs = scores.log_softmax(2).gather(2, previous_of(tokens)[..., None])[..., 0]  # (B, T)
    hits = (scores.argmax(2) == tokens) & real
    return torch.stack([-logs.where(real, 0.0).sum(1), real.sum(1), hits.sum(1)], 1)


def num_known(targets: Tensor) -> int:
    """Count the steps whose target is known."""
    known = ~targets.isnan() if targets.is_floating_point() else targets >= 0
    return int(known.sum())


def previous_of(targets: Tensor) -> Tensor:
    """Return targets as a model is given them: 0 where there is nothing to know."""
    return targets.clamp_min(0)
