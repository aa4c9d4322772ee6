"""Seasonal naive: every step ahead is as the same step of the last season was.

    y[t + h] = y[t + h - k m]        k seasons back, the fewest that lead to a known step

Source: Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", 2021, section 5.2.

Dimensions: N windows, L steps of look-back, F channels, S steps ahead, Q targets,
m steps of a season.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from bakeoff.baselines.window_shape import check_season, shape_of, stored_count, stored_shape


class SeasonalNaive:
    """Repeat the last season of each target.

    Args:
        task: "forecast".
        num_classes: 0; not used.
        steps: S, steps ahead.
        season: m, steps of a season, such as 24 of hourly values; 0: none is known.

    Shape:
        x (N, L, F) float, the first Q channels the past of the targets -> (N, S * Q), step by step

    Example:
        >>> model = SeasonalNaive("forecast", 0, steps=3, season=2)
        >>> windows = {"x": np.arange(6.0).reshape(2, 3, 1)}
        >>> ahead = np.zeros((2, 3))
        >>> model.fit(windows, ahead, validation_inputs=windows, validation_targets=ahead, seed=0)
        >>> model.scores(windows).tolist()
        [[1.0, 2.0, 1.0], [4.0, 5.0, 4.0]]
    """

    seedless = True  # nothing is drawn
    num_parameters = iterations = max_iterations = 0

    def __init__(self, task: str, num_classes: int, *, steps: int = 1, season: int = 0) -> None:
        self.task = task
        self.num_classes = num_classes
        self.steps = steps
        self.season = season
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
        """Note the sizes; nothing is learned.

        Raises:
            ValueError: There is no season, or the look-back holds less than one.
        """
        shape = shape_of(inputs["x"], targets, self.steps)
        check_season(self.season, shape.lookback)
        self.arrays = {"shape": shape.as_array(), "season": np.array(self.season)}

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, S * Q) values in the unit of the targets."""
        shape = stored_shape(self.arrays)
        season = int(self.arrays["season"])
        values = np.empty((len(inputs["x"]), shape.outputs))
        for rows, windows in shape.batches(inputs["x"]):
            past = windows[:, shape.lookback - season :, : shape.num_targets]  # (n, m, Q)
            values[rows] = past[:, np.arange(shape.steps) % season].reshape(len(past), -1)
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Return sizes and season."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described.

        Raises:
            ValueError: The arrays do not go with each other.
        """
        shape = stored_shape(arrays)
        season = stored_count(arrays, "season", shape.lookback)
        model = cls(task, num_classes, steps=shape.steps, season=season)
        model.arrays = dict(arrays)
        return model
