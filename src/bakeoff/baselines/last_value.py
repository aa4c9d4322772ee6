"""Last value: every step ahead is as the last step was. Few forecasts over one step beat it.

    y[t + h] = y[t]

Dimensions: N windows, L steps of look-back, F channels, S steps ahead, Q targets.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from bakeoff.baselines.window_shape import shape_of, stored_shape


class LastValue:
    """Repeat the last known value of each target.

    Args:
        task: "forecast".
        num_classes: 0; not used.
        steps: S, steps ahead.

    Shape:
        x (N, L, F) float, the first Q channels the past of the targets -> (N, S * Q), step by step

    Example:
        >>> model = LastValue("forecast", 0, steps=2)
        >>> windows = {"x": np.arange(6.0).reshape(2, 3, 1)}
        >>> ahead = np.zeros((2, 2))
        >>> model.fit(windows, ahead, validation_inputs=windows, validation_targets=ahead, seed=0)
        >>> model.scores(windows).tolist()
        [[2.0, 2.0], [5.0, 5.0]]
    """

    seedless = True  # nothing is drawn
    num_parameters = iterations = max_iterations = 0

    def __init__(self, task: str, num_classes: int, *, steps: int = 1) -> None:
        self.task = task
        self.num_classes = num_classes
        self.steps = steps
        self.arrays: dict[str, np.ndarray] = {}

    def prepare(self) -> None:
        """Import nothing: NumPy is enough."""

    def fit(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, np.ndarray],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Note the sizes; nothing is learned."""
        self.arrays = {"shape": shape_of(inputs["x"], targets, self.steps).as_array()}

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, S * Q) values in the unit of the targets."""
        shape = stored_shape(self.arrays)
        values = np.empty((len(inputs["x"]), shape.outputs))
        for rows, windows in shape.batches(inputs["x"]):
            values[rows] = np.tile(windows[:, -1, : shape.num_targets], shape.steps)
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Return the sizes."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described.

        Raises:
            ValueError: The sizes are none.
        """
        model = cls(task, num_classes, steps=stored_shape(arrays).steps)
        model.arrays = dict(arrays)
        return model
