"""Per step: where each step has a target, a baseline takes each step for a row of its own.

    y_t = baseline(x_{t-2}, x_{t-1}, x_t, x_{t+1}, x_{t+2})

What it reads is put together by `data.taking.step_views`.

Dimensions: N rows, S steps of all rows, C classes.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.baselines.baseline import Baseline
from bakeoff.baselines.token_shares import tokens_of


class PerStep:
    """Fit one baseline to the steps of all rows whose target is known.

    Args:
        model: The baseline, of classes or of numbers.

    Shape:
        x and targets are ragged: base (S, F) and (S,), starts (N,), lengths (N,). Scores (S, C)
        probabilities, or (S,) values, of all steps, one behind the other.
    """

    seedless: ClassVar[bool] = False  # that of the baseline counts

    def __init__(self, model: Baseline) -> None:
        self.model = model

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
        """Fit the baseline to all steps whose target is known."""
        x, y = known_steps(inputs["x"], targets)
        validation_x, validation_y = known_steps(validation_inputs["x"], validation_targets)
        self.model.fit(
            {"x": x},
            y,
            validation_inputs={"x": validation_x},
            validation_targets=validation_y,
            seed=seed,
        )

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return the scores of all steps, one behind the other."""
        return self.model.scores({"x": tokens_of(inputs["x"])})

    def state(self) -> dict[str, np.ndarray]:
        """Return what the baseline learned."""
        return self.model.state()

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: Any, num_classes: int) -> Self:
        """Return the model that `state` described.

        Args:
            arrays: What was learned.
            task: Restores the baseline of them: takes arrays, task and number of classes.
            num_classes: C; 0 of numbers.
        """
        return cls(task(arrays, "multiclass" if num_classes else "regression", num_classes))


def known_steps(x: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps whose target is known, and it: (S, F) float, (S,) int64 or float32."""
    values, steps = tokens_of(targets), tokens_of(x)
    known = ~np.isnan(values) if values.dtype.kind == "f" else values >= 0
    return steps[known], values[known]
