"""Arithmetic that several rooms share: probabilities of scores, mean and standard deviation."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(scores: Array) -> Array:
    """Return 1 / (1 + exp(-scores)), without overflow.

    Example:
        >>> sigmoid(np.array([-1e9, 0.0, 1e9])).round(3).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -500, 500))))


def softmax(scores: Array) -> Array:
    """Return probabilities (n, C) of raw scores (n, C): each row adds up to 1.

    Example:
        >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
        [[0.5, 0.5]]
    """
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def probabilities(scores: Array, task: str) -> Array:
    """Turn the raw scores of a network into what is judged.

    Args:
        scores: (n, 1) for "binary" and "regression", (n, C) for "multiclass".
        task: "binary", "multiclass" or "regression".

    Returns:
        Probabilities (n, C) in float64, or the values (n,) of a regression.
    """
    scores = scores.astype(np.float64)
    if task == "regression":
        return np.asarray(scores[:, 0])
    if task == "binary":
        positive = sigmoid(scores[:, 0])
        return np.stack([1 - positive, positive], 1)
    return softmax(scores)


def mean_and_std(values: Array, *, tiny: float = 1e-12) -> tuple[Array, Array]:
    """Return (F,) means and standard deviations of (N, F), NaN left out; 1 where constant.

    Args:
        values: Numbers in any unit.
        tiny: A spread up to this share of the mean is rounding: the column is constant.

    Example:
        >>> means, stds = mean_and_std(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]]))
        >>> means.tolist(), stds.tolist()
        ([2.0, 5.0], [1.0, 1.0])
    """
    filled = ~np.isnan(values)
    count = np.maximum(filled.sum(axis=0), 1)
    means = np.where(filled, values, 0.0).sum(axis=0) / count
    centred = np.where(filled, values - means, 0.0)
    stds = np.sqrt((centred**2).sum(axis=0) / count)
    constant = stds <= tiny * np.maximum(np.abs(means), 1e-300)
    return means, np.where(constant, 1.0, stds)
