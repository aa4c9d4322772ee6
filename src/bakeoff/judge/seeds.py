"""Seeds that tell of trouble: one far below the others, or a model that varies too much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Simulated with 1,000 rows, 2 to 9 models, 3 to 10 seeds. FAR: healthy seeds are named in under
# 2 % of bake-offs, one that lost 25 points in 88 to 100 %. MUCH and SURE: equals are named in under
# 3 %, a model with four times the spread of three or more others in 20 % (3 seeds), 50 % (5)
# and 70 to 90 % (10).
FAR, FAR_OWN = 6.0, 4.0  # times the usual standard deviation, and times the other seeds' own
MUCH, SURE = 1.5, 0.9  # times the others' spread, and how surely


@dataclass(frozen=True, kw_only=True, slots=True)
class FailingSeed:
    """A seed far below the other seeds: counted, never dropped.

    Args:
        model: Whose fit it is.
        position: Which of the model's seeds, from 0.
        score: Its score.
        others: Median score of the model's other seeds.
    """

    model: str
    position: int
    score: float
    others: float


def find_failing(
    scores: Mapping[str, Array], noise: Mapping[str, float]
) -> tuple[FailingSeed, ...]:
    """Name the seeds that lie far below the others, of models with three seeds or more.

    Far is measured against three things: the usual standard deviation of all models' seeds from
    their median, what the test rows alone would make of two equal fits (`noise`, one standard
    deviation), and the standard deviation of the other seeds themselves: where they differ widely,
    too, the model is erratic and no single seed has failed.
    """
    several = {name: values for name, values in scores.items() if len(values) >= 3}
    if not several:
        return ()
    usual = robust_std(np.concatenate([values - np.median(values) for values in several.values()]))
    found = []
    for name, values in several.items():
        for position, score in enumerate(values):
            rest = np.delete(values, position)
            others = float(np.median(rest))
            near = max(FAR * usual, FAR * noise[name], FAR_OWN * robust_std(rest - others))
            if others - score > near:
                seed = FailingSeed(model=name, position=position, score=float(score), others=others)
                found.append(seed)
    return tuple(found)


def robust_std(differences: Array) -> float:
    """Standard deviation told from the median size of differences that are not 0."""
    sizes = np.abs(differences[differences != 0])
    return 1.4826 * float(np.median(sizes)) if len(sizes) else 0.0


def find_erratic(names: Sequence[str], spreads: Array) -> tuple[str, ...]:
    """Name the models that vary much more over seeds than the rest, given draws (D, k)."""
    varying = [i for i in range(len(names)) if spreads[:, i].any()]
    if len(varying) < 3:
        return ()
    found = []
    for i in varying:
        rest = np.median(spreads[:, [j for j in varying if j != i]], axis=1)  # (D,)
        if np.mean(spreads[:, i] > MUCH * rest) > SURE:
            found.append(names[i])
    return tuple(found)
