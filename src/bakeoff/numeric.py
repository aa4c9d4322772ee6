"""Arithmetic that several rooms share: probabilities of scores; mean, spread and bounds."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LARGEST = 1e300  # differences of larger numbers overflow
ROUNDING = 1e-15  # a few units in the last place of float64
FARTHEST = 3.0  # standard deviations beyond the training rows that still count
RARE = 3  # what fewer training rows than this have is not learned from


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
        scores: (n, 1) for "binary" and "regression", (n, C) for "multiclass" and "multilabel"; of a
            "forecast" of S steps (n, S), or (n, S, 1) of a page that writes step by step.
        task: "binary", "multiclass", "multilabel", "regression" or "forecast"; "step_classes" and
            "step_numbers" of steps, one behind the other; "series" as a forecast; "text", whose
            scores are judged already.

    Returns:
        Probabilities (n, C) in float64, of labels each on its own, or the values (n,) of a
        regression, (n, S) of a forecast.
    """
    scores = scores.astype(np.float64)
    if task == "text":
        return scores
    if task in ("forecast", "series"):
        return np.asarray(scores.reshape(scores.shape[:2]))
    if task in ("regression", "step_numbers"):
        return np.asarray(scores[:, 0])
    if task == "multilabel":
        return sigmoid(scores)
    if task == "binary":
        positive = sigmoid(scores[:, 0])
        return np.stack([1 - positive, positive], 1)
    return softmax(scores)


def within_reach(values: Array) -> Array:
    """Return numbers between -1e300 and 1e300: differences and sums of larger ones overflow."""
    return np.clip(values, -LARGEST, LARGEST)


def mean_and_std(values: Array) -> tuple[Array, Array]:
    """Return (F,) means and standard deviations of (N, F), NaN left out; 1 where constant.

    Args:
        values: Numbers in any unit, within reach.

    Example:
        >>> means, stds = mean_and_std(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]]))
        >>> means.tolist(), stds.tolist()
        ([2.0, 5.0], [1.0, 1.0])
    """
    filled = ~np.isnan(values)
    if len(values) and filled.all():  # the same without copies
        means = values.sum(axis=0) / len(values)
        stds = size_of(values - means, len(values))
        constant = is_constant(values.min(axis=0), values.max(axis=0))
        return means, np.where(constant, 1.0, stds)
    count = np.maximum(filled.sum(axis=0), 1)
    means = np.where(filled, values, 0.0).sum(axis=0) / count
    stds = size_of(np.where(filled, values - means, 0.0), count)
    return means, np.where(is_constant(*ends_of(values)), 1.0, stds)


def bounds(
    ends: tuple[Array, Array],
    means: Array,
    stds: Array,
    constant: NDArray[np.bool_],
    margins: float | Array = FARTHEST,
) -> tuple[Array, Array]:
    """Return (F,) the least and the greatest number of each column that a model is handed.

    They lie some training standard deviations beyond the training rows, so that a trend can be
    followed and a sentinel or a fault of a sensor does no harm. Both are the mean where a column is
    constant or has no value: training rows say nothing about any other number.

    Args:
        ends: (F,) the least of each column in the training rows, and (F,) the greatest.
        means: (F,) of these rows.
        stds: (F,) standard deviations of these rows.
        constant: (F,) where every number counts as the mean.
        margins: How many standard deviations.

    Example:
        >>> values = np.array([[0.0, 7.0], [2.0, 7.0]])
        >>> lows, highs = bounds(ends_of(values), *mean_and_std(values), np.array([False, True]))
        >>> lows.tolist(), highs.tolist()
        ([-3.0, 7.0], [5.0, 7.0])
    """
    lows, highs = ends
    lows = np.where(constant, means, within_reach(lows - margins * stds))
    return lows, np.where(constant, means, within_reach(highs + margins * stds))


def ends_of(values: Array) -> tuple[Array, Array]:
    """Return (F,) the least and the greatest of (N, F), NaN left out; 0 where there is nothing."""
    missing = np.isnan(values)
    lows = np.where(missing, np.inf, values).min(axis=0, initial=np.inf)
    highs = np.where(missing, -np.inf, values).max(axis=0, initial=-np.inf)
    empty = lows > highs
    return np.where(empty, 0.0, lows), np.where(empty, 0.0, highs)


def is_constant(lows: Array, highs: Array) -> NDArray[np.bool_]:
    """Tell whether the numbers between two ends differ by the rounding of float64 at most."""
    return np.asarray(highs - lows <= ROUNDING * np.maximum(np.abs(lows), np.abs(highs)))


def says_nothing(values: Array) -> NDArray[np.bool_]:
    """Tell of (N, F) which columns are constant, or are so but for one or two of many rows: (F,).

    Example:
        >>> values = np.array([[0.0, 0.0], *[[1.0, 0.0]] * 4, [1.0, 1.0]])
        >>> says_nothing(values), says_nothing(np.concatenate([values, values, values]))
        (array([ True,  True]), array([False, False]))
    """
    constant = is_constant(*ends_of(values))
    if len(values) < 2 * RARE:
        return constant
    filled = (~np.isnan(values)).sum(axis=0)
    third = np.partition(np.where(np.isnan(values), np.inf, values), RARE - 1, axis=0)[RARE - 1]
    same = (np.abs(values - third) <= ROUNDING * np.abs(third)).sum(axis=0)
    return np.asarray(constant | (filled < RARE) | (filled - same < RARE))


def size_of(centred: Array, count: float | Array) -> Array:
    """Return sqrt(sum of squares / count) over the first axis; no square overflows or vanishes."""
    power = np.frexp(np.abs(centred).max(axis=0, initial=0.0))[1]
    squares = np.ldexp(centred, -power) ** 2
    return np.asarray(np.ldexp(np.sqrt(squares.sum(axis=0) / count), power))


def tells(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (F,) where a gap is worth a column of its own: enough rows have one, enough none.

    What stands in one or two training rows only would be learned from these by heart.

    Example:
        >>> tells(np.array([[True, True], [True, True], [True, True], *[[False, True]] * 3]))
        array([ True, False])
    """
    gaps = missing.sum(axis=0)
    return np.asarray((gaps >= RARE) & (len(missing) - gaps >= RARE))
