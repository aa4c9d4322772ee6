"""Ahead by target: one baseline forecasts several targets, whose steps then stand apart.

Dimensions: N windows, S steps ahead, Q targets.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.baselines.baseline import Baseline


class AheadByTarget:
    """Turn what a baseline says step by step into what is said target by target.

    Args:
        model: The baseline, which forecasts all targets at once.
        num_targets: Q.

    Shape:
        Inputs and targets as the baseline takes them: (N, S * Q), step by step. Scores (N, Q * S),
        target by target.
    """

    seedless: ClassVar[bool] = False  # that of the baseline counts

    def __init__(self, model: Baseline, num_targets: int) -> None:
        self.model, self.num_targets = model, num_targets

    @property
    def num_parameters(self) -> int:
        """Those of the baseline."""
        return self.model.num_parameters

    @property
    def iterations(self) -> int:
        """Of the baseline."""
        return self.model.iterations

    @property
    def max_iterations(self) -> int:
        """Their limit."""
        return self.model.max_iterations

    def prepare(self) -> None:
        """Import what the baseline needs."""
        self.model.prepare()

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: Any,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: Any,
        seed: int,
    ) -> None:
        """Fit the baseline to all targets."""
        self.model.fit(
            inputs,
            targets,
            validation_inputs=validation_inputs,
            validation_targets=validation_targets,
            seed=seed,
        )

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return the forecasts, target by target: (N, Q * S)."""
        steps = np.asarray(self.model.scores(inputs))
        apart = steps.reshape(len(steps), -1, self.num_targets).swapaxes(1, 2)
        return apart.reshape(len(steps), -1)

    def state(self) -> dict[str, np.ndarray]:
        """Return what the baseline learned."""
        return self.model.state()

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: Any, num_classes: int) -> Self:
        """Return the model that `state` described.

        Args:
            arrays: What was learned.
            task: Restores the baseline of them: takes arrays, task and number of classes.
            num_classes: In its place the number of targets, Q.
        """
        return cls(task(arrays, "forecast", 0), num_classes)
