"""Within an epoch: how far it has come, so that a training that goes on does not take it anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

ARRAYS = ("losses", "scores", "targets")
BEFORE = "within."  # begins the names of these arrays in a state


@dataclass(frozen=True, eq=False)
class Within:
    """What an epoch has come to.

    Args:
        batches: From which the weights have learned.
        sizes: Rows, or known steps, of each.
        counted: Metric and number of rows, of those that were counted already.
        losses: (K,) of each batch.
        scores: Of rows that were not counted yet.
        targets: Theirs.
    """

    batches: int
    sizes: list[int]
    counted: list[tuple[float, int]]
    losses: np.ndarray
    scores: np.ndarray
    targets: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays, named as in a state."""
        return {f"{BEFORE}{name}": getattr(self, name) for name in ARRAYS}

    def facts(self) -> dict[str, Any]:
        """Return all else."""
        return {"batches": self.batches, "sizes": self.sizes, "counted": self.counted}


def within_of(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Within | None:
    """Return how far the epoch of a state has come; None between two epochs.

    Args:
        facts: Of the state.
        arrays: Of the state.
    """
    if "within" not in facts:
        return None
    own = {name: arrays[f"{BEFORE}{name}"] for name in ARRAYS}
    counted = [(float(value), int(count)) for value, count in facts["within"]["counted"]]
    return Within(**{**facts["within"], "counted": counted}, **own)
