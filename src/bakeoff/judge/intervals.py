"""The interval of each score, in the metric's own direction and within what it can be."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.classification import accuracy_values, truth_labels
from bakeoff.evaluate.metrics import Metric
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.samples import Sample
from bakeoff.judge.statistics import Judgement, Standing

Array = NDArray[np.float64]

LEAST_WORTH = (
    0.05  # of a row's luck: seeds that all agree leave all of it, those that never do none
)


def own_intervals(
    judgement: Judgement,
    metric: Metric,
    sample: Sample,
    predictions: Mapping[str, Sequence[Predictions]],
) -> tuple[Standing, ...]:
    """Turn losses back, and give each score the interval that its metric asks for.

    A share of 0 or 1 has no spread to measure; its interval is the exact binomial one. That of a
    balanced accuracy is put together from those of its classes.

    Args:
        judgement: All losses negated.
        metric: What was judged.
        sample: What the test rows are a sample of.
        predictions: Model -> of the test rows, by seed.
    """
    lowest, highest = metric.bounds
    exact = exact_reach(sample)
    standings = []
    for standing in judgement.standings:
        value = metric.sign * standing.score
        low, high = sorted((metric.sign * standing.low, metric.sign * standing.high))
        if metric.name == "balanced_accuracy" and sample.kind == "classes":
            reach = judgement.seed_reach[standing.model]
            low, high = balanced_interval(*class_recalls(predictions[standing.model]), reach)
        elif metric.unit == "points" and high - low < 1e-9 and value in metric.bounds:
            low, high = value - exact, value + exact
        elif metric.name == "accuracy":  # a share of rows: near 0 and 1 the bell curve is too short
            lower, upper = wilson(value, len(sample.units))
            low, high = min(low, lower), max(high, upper)
        low, high = max(low, lowest), min(high, highest)
        standings.append(replace(standing, score=value, low=low, high=high))
    return tuple(standings)


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of independent rows (Wilson, 1927).

    Example:
        >>> [round(end, 3) for end in wilson(35 / 36, 36)]
        [0.858, 0.995]
    """
    z = 1.959964
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / (1 + z**2 / rows)
    return float(centre - reach), float(centre + reach)


def exact_reach(sample: Sample) -> float:
    """How far from 0 or 1 a share may lie that was measured as exactly that (Clopper & Pearson).

    A mean over classes rests on the few rows of a rare class as much as on all others. Its reach
    is the mean of the classes' own; that is on the safe side, as luck rarely fails all at once.
    Of groups each counts as one row: rows of a group may all fail together.
    """
    sizes = sample.sizes if sample.kind != "groups" else sample.effective
    return float(np.mean(1 - 0.025 ** (1 / np.asarray(sizes, np.float64))))


def class_recalls(predictions: Sequence[Predictions]) -> tuple[Array, Array, float]:
    """Return what `balanced_interval` needs of one model, from its predictions by seed.

    Returns:
        Recall of each class, mean over seeds; rows of each class; and what a row's luck is worth:
        the variance over rows of the seeds' mean hit, pooled within classes, as a share of what it
        would be if all seeds agreed, 0.05 to 1. (K,), (K,), float.
    """
    _, place = truth_labels(predictions[0])
    hits = np.mean([accuracy_values(p) for p in predictions], axis=0)  # (n,)
    sizes = np.bincount(place).astype(np.float64)
    recalls = np.bincount(place, hits) / sizes
    most = float((sizes * recalls * (1 - recalls)).sum())
    worth = float(np.square(hits - recalls[place]).sum()) / most if most > 0 else 1.0
    return recalls, sizes, min(max(worth, LEAST_WORTH), 1.0)


def jeffreys(hits: float, rows: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of independent rows, after Jeffreys' prior.

    Both may be fractions, as where seeds agree in part; ends go to 0 or 1 where all miss or hit.

    Example:
        >>> [round(float(end), 3) for end in jeffreys(4, 5)]
        [0.371, 0.977]
    """
    from scipy.stats import beta

    low = beta.ppf(0.025, hits + 0.5, rows - hits + 0.5) if hits > 0 else 0.0
    high = beta.ppf(0.975, hits + 0.5, rows - hits + 0.5) if hits < rows else 1.0
    return float(low), float(high)


def balanced_interval(
    recalls: Array, sizes: Array, worth: float, seed_reach: float
) -> tuple[float, float]:
    """Return the 95 % interval of a mean recall, from those of its classes (MOVER).

    Each class reaches as far as its own rows let it, to either side; independent reaches add up
    as squares.

    Source: Zou & Donner, "Construction of confidence limits about effect measures", 2008.

    Args:
        recalls: Of each class, mean over seeds.
        sizes: Test rows of each class.
        worth: What a row's luck is worth: see `class_recalls`.
        seed_reach: 95 % reach of what seeds alone make the score vary by.

    Shape:
        recalls (K,), sizes (K,).
    """
    ends = np.array(
        [jeffreys(h * n / worth, n / worth) for h, n in zip(recalls, sizes, strict=True)]
    )
    reaches = (recalls[:, None] - ends) / len(sizes)  # (K, 2)
    below, above = np.sqrt(np.square(reaches).sum(0) + seed_reach**2)
    score = float(recalls.mean())
    return score - float(below), score + float(above)
