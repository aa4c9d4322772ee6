"""Seasonal mean: every step ahead is the mean of the same step in the last seasons.

    y[t + h] = mean over k = 1 ... K of y[t + (h mod m) - k m]        h counts from 0

Dimensions: N windows, L steps of look-back, F channels, S steps ahead, Q targets,
m steps of a season, K seasons.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from bakeoff.baselines.window_shape import check_season, shape_of, stored_count, stored_shape


class SeasonalMean:
    """Repeat the mean of the last seasons of each target.

    Args:
        task: "forecast".
        num_classes: 0; not used.
        steps: S, steps ahead.
        season: m, steps of a season, such as 24 of hourly values; 0: none is known.
        seasons: K, how many of them; 0: as many as the look-back holds.

    Shape:
        x (N, L, F) float, the first Q channels the past of the targets -> (N, S * Q), step by step

    Example:
        >>> model = SeasonalMean("forecast", 0, steps=3, season=2)
        >>> windows = {"x": np.arange(10.0).reshape(2, 5, 1)}
        >>> ahead = np.zeros((2, 3))
        >>> model.fit(windows, ahead, validation_inputs=windows, validation_targets=ahead, seed=0)
        >>> model.scores(windows).tolist()
        [[2.0, 3.0, 2.0], [7.0, 8.0, 7.0]]
    """

    seedless = True  # nothing is drawn
    num_parameters = iterations = max_iterations = 0

    def __init__(
        self, task: str, num_classes: int, *, steps: int = 1, season: int = 0, seasons: int = 0
    ) -> None:
        self.task = task
        self.num_classes = num_classes
        self.steps = steps
        self.season = season
        self.seasons = seasons
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
        whole = shape.lookback // self.season
        self.arrays = {
            "shape": shape.as_array(),
            "season": np.array(self.season),
            "seasons": np.array(min(self.seasons or whole, whole)),
        }

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, S * Q) values in the unit of the targets."""
        shape = stored_shape(self.arrays)
        season, seasons = int(self.arrays["season"]), int(self.arrays["seasons"])
        values = np.empty((len(inputs["x"]), shape.outputs))
        for rows, windows in shape.batches(inputs["x"]):
            past = windows[:, shape.lookback - seasons * season :, : shape.num_targets]
            past = past.reshape(len(past), seasons, season, -1).mean(axis=1)  # (n, m, Q)
            values[rows] = past[:, np.arange(shape.steps) % season].reshape(len(past), -1)
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Return sizes, season and how many seasons."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described.

        Raises:
            ValueError: The arrays do not go with each other.
        """
        shape = stored_shape(arrays)
        season = stored_count(arrays, "season", shape.lookback)
        seasons = stored_count(arrays, "seasons", shape.lookback // season)
        model = cls(task, num_classes, steps=shape.steps, season=season, seasons=seasons)
        model.arrays = dict(arrays)
        return model
