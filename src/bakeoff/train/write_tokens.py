"""Write tokens: a model that was trained with the true tokens before each goes on from its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bakeoff.data.preparing.tokens import END
from bakeoff.data.taking.sources import Source, plain

Predict = Callable[..., np.ndarray]
ROWS_AT_ONCE = 32  # a score for each word of the vocabulary, at each step
WORST = -1e30  # of what cannot be


def write_tokens(
    predict: Predict, model: Any, inputs: Mapping[str, Source], *, steps: int, beam: int = 1
) -> np.ndarray:
    """Write a text for each row: (N, steps) int32, its end and zeros behind it.

    Args:
        predict: Of the model's room.
        model: Writes tokens; see `rnn_seq2seq`.
        inputs: Of the rows.
        steps: Tokens at most.
        beam: 1 goes on from the likeliest token; more keep so many beginnings of a text and take
            that whose tokens are likeliest in the mean (Sutskever et al., 2014).
    """
    num_rows = len(next(iter(inputs.values())))
    written = np.zeros((num_rows, steps), np.int32)
    at_once = max(1, ROWS_AT_ONCE // beam)
    for start in range(0, num_rows, at_once):
        rows = np.arange(start, min(start + at_once, num_rows))
        some = {name: source[rows] for name, source in inputs.items()}
        if beam == 1:
            values = {name: plain(source) for name, source in some.items()}
            written[rows] = predict(model, values).argmax(2)[:, :steps]
        else:
            written[rows] = beam_search(predict, model, some, steps, beam)
    ended = (written == END).cumsum(1) - (written == END)
    return np.where(ended > 0, 0, written).astype(np.int32)


def beam_search(
    predict: Predict, model: Any, inputs: Mapping[str, Source], steps: int, beam: int
) -> np.ndarray:
    """Keep the likeliest beginnings of each text, and return the best whole one: (n, steps).

    Dimensions: n rows, K beginnings of each, S steps, V tokens.
    """
    num_rows = len(next(iter(inputs.values())))
    repeated = np.repeat(np.arange(num_rows), beam)
    values = {name: plain(source[repeated]) for name, source in inputs.items()}
    tokens = np.zeros((num_rows, beam, steps), np.int64)
    totals = np.full((num_rows, beam), WORST)
    totals[:, 0] = 0.0  # all begin alike: one of them is enough
    ended = np.zeros((num_rows, beam), bool)
    for step in range(steps):
        previous = tokens.reshape(-1, steps)
        scores = predict(model, {**values, "previous": previous})[:, step]  # (n * K, V)
        logs = log_softmax(scores).reshape(num_rows, beam, -1)
        logs[ended] = WORST
        logs[ended, 0] = 0.0  # a text that has ended stays as it is
        sums = (totals[..., None] + logs).reshape(num_rows, -1)  # (n, K * V)
        best = np.argsort(-sums, axis=1, kind="stable")[:, :beam]
        origin, token = np.divmod(best, logs.shape[2])
        tokens = np.take_along_axis(tokens, origin[..., None], 1)
        tokens[..., step] = token
        totals = np.take_along_axis(sums, best, 1)
        ended = np.take_along_axis(ended, origin, 1) | (token == END)
        if ended.all():
            break
    sizes = (tokens > 0).sum(2).clip(1)
    return np.asarray(tokens[np.arange(num_rows), (totals / sizes).argmax(1)])


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return log probabilities (n, V) in float64."""
    scores = scores.astype(np.float64)
    scores = scores - scores.max(1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)))
