"""Baseline: what every baseline offers; nothing is inherited.

A new one is a file here, named like its row in the catalogue, and that row: the command line, the
run, the report and the tests find it there.

Dimensions: N rows, F numbers, K category columns, C classes, T time steps, H numbers of a
histogram, L steps of look-back, S steps ahead, Q targets.
"""

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np


@runtime_checkable
class Baseline(Protocol):
    """A model that is fitted in seconds and that a network has to beat.

    Its constructor takes the task ("binary", "multiclass", "regression" or "forecast") and
    num_classes (C; 0 for the last two), then keyword-only settings with defaults. Where its row
    `takes` "categories", one of them is category_sizes: how many codes each category column has (0
    missing, 1 unseen or rare, 2 ... known). Where it `predicts` "steps", one is steps (S), and of
    some another is season (steps of it; 0: none is known).

    Attributes:
        seedless: The result does not depend on the seed: one fit stands for all.
        num_parameters: Numbers learned.
        iterations: Steps or trees of the fit that is kept; 0 where there are none.
        max_iterations: Their limit: a fit that took as many might have gone on. 0: no limit.

    Shape:
        "plain": x (N, F) float32 where that holds every value, else float64; NaN where missing, as
        in the data: neither scaled nor bent; categories (N, K) int64 codes. "sequence": x (N, T, F)
        float32, standardised; lengths (N,) int where they differ. "histograms": x (N, H) float32.
        "window": x (N, L, F) float32, standardised, an array or whatever is sliced like one; its
        first Q channels are the past of the targets, in their unit.
        Targets (N,) int64 classes from 0, or float32 in training standard deviations; of a forecast
        (N, S * Q), step by step, an array or whatever is sliced like one. A validation target of -1
        is a class that no training row has.
    """

    seedless: ClassVar[bool]

    @property
    def num_parameters(self) -> int: ...

    @property
    def iterations(self) -> int: ...

    @property
    def max_iterations(self) -> int: ...

    def prepare(self) -> None:
        """Import what `fit` needs: it takes a second, which is not a second of training."""

    def fit(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, np.ndarray],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Learn from the training rows.

        Args:
            inputs: Of the training rows: "x", and what the row takes: "categories", "lengths".
            targets: Of the training rows.
            validation_inputs: Of the validation rows, which may choose between fits.
            validation_targets: Of the validation rows.
            seed: Decides whatever is drawn at random.
        """

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, C) probabilities, or values in unit and shape of the targets, in float64."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned as arrays, to be stored without pickle."""
        ...

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described: its scores are equal to the last bit."""
        ...
