"""Which rows an epoch has."""

from collections.abc import Mapping
from typing import Any

import numpy as np

SAMPLINGS = ("shuffled", "balanced")


def chances(sampling: str, targets: np.ndarray | Mapping[str, Any]) -> np.ndarray | None:
    """Return how likely each row is drawn; None: each comes once.

    Args:
        sampling: "shuffled", or "balanced": each class is drawn as often as the others.
        targets: (N,) class numbers; (N, K) of several targets, whose first decides, NaN being a
            class of its own.

    Raises:
        ValueError: There is no such sampling, or no one class for each row.

    Example:
        >>> chances("balanced", np.array([0, 0, 0, 1])).round(3).tolist()
        [0.167, 0.167, 0.167, 0.5]
    """
    if sampling not in SAMPLINGS:
        raise ValueError(f"No sampling called {sampling!r}. Known: {', '.join(SAMPLINGS)}.")
    if sampling == "shuffled":
        return None
    if isinstance(targets, Mapping):
        raise ValueError("sampling='balanced' needs one class for each row. Leave it out.")
    first = targets if targets.ndim == 1 else targets[:, 0]
    _, codes, counts = np.unique(first, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[codes] / len(counts))


def drawn(rng: np.random.Generator, count: int, chances: np.ndarray | None) -> np.ndarray:
    """Return the rows of an epoch, in the order in which they come.

    Args:
        rng: Draws them.
        count: How many there are.
        chances: (count,) of each; None: each comes once.
    """
    if chances is None:
        return rng.permutation(count)
    return rng.choice(count, count, p=chances)
