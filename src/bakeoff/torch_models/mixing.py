"""Mixup: a network learns from mixtures of two rows, and is asked for the mixture of their targets.

    x = s x_i + (1 - s) x_j        loss = s L(y_i) + (1 - s) L(y_j)        s ~ Beta(a, a)

Source: Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018. One
share is drawn for each batch, and a row is mixed with the one that stands as far from the other end
of the batch: batches are shuffled.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

Inputs = Mapping[str, np.ndarray | Mapping[str, Any]]


class Mixing:
    """Draws the shares in which the rows of batches are mixed.

    Args:
        strength: Of Beta(strength, strength); 0: nothing is mixed.
        inputs: What is mixed: numbers alone can be.
        seed: Decides the shares.
        per_step: There is a target of each step.

    Raises:
        ValueError: Inputs or targets cannot be mixed.

    Example:
        >>> Mixing(0.0, {}, seed=0).shares(3)
        []
        >>> shares = Mixing(0.2, {"x": np.zeros((9, 2))}, seed=0).shares(3)
        >>> [0 <= share <= 1 for share in shares]
        [True, True, True]
    """

    def __init__(
        self, strength: float, inputs: Inputs, *, seed: int, per_step: bool = False
    ) -> None:
        self.strength = strength
        self.random = np.random.default_rng([seed, 1])
        if not strength:
            return
        what = "targets of each step" if per_step else ""
        for name, source in inputs.items():
            what = what or unmixed(name, source)
        if what:
            raise ValueError(
                f"mixup={strength:g} mixes rows that are numbers, and here are {what}. Leave it "
                "out, or say it of one model: NAME.mixup."
            )

    def shares(self, count: int) -> list[float]:
        """Return that of each batch of an epoch; nothing where nothing is mixed."""
        if not self.strength:
            return []
        drawn: list[float] = self.random.beta(self.strength, self.strength, count).tolist()
        return drawn


def unmixed(name: str, source: np.ndarray | Mapping[str, Any]) -> str:
    """Return why an input cannot be mixed, or nothing."""
    if name.endswith("categories"):
        return "categories"
    if isinstance(source, Mapping):
        if source["kind"] == "ragged":
            return "sequences of different length"
        if source["kind"] == "pixels":
            return ""
        source = source["base"]
    if name.endswith("lengths"):
        return "sequences of different length"
    return "" if source.dtype.kind == "f" else "tokens"
