"""Constant: the same prediction for every row. Whatever does not beat it has learned nothing.

    classes:   p_c = share of class c among the training rows
    numbers:   the mean of the training rows
    forecasts: the mean of the training windows, for each step ahead and each target

Dimensions: N rows, C classes, O outputs of a forecast (steps ahead * targets).
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

STEPS_AHEAD = ("forecast", "series")
SLICE = 2**14  # windows at a time


class Constant:
    """Predict the class shares, or the mean, of the training rows.

    Args:
        task: "binary", "multiclass", "regression", "forecast" or "series".
        num_classes: C; not used by a regression or a forecast.

    Example:
        >>> model = Constant("binary", 2)
        >>> x = {"x": np.zeros((4, 1), np.float32)}
        >>> none = {"x": np.zeros((0, 1), np.float32)}
        >>> model.fit(x, np.array([0, 1, 1, 1]), validation_inputs=none,
        ...           validation_targets=np.array([], int), seed=0)
        >>> model.scores({"x": np.zeros((2, 1), np.float32)}).tolist()
        [[0.25, 0.75], [0.25, 0.75]]
    """

    seedless = True  # the result does not depend on the seed
    num_parameters = iterations = max_iterations = 0

    def __init__(self, task: str, num_classes: int) -> None:
        self.task = task
        self.num_classes = num_classes
        self.prediction = np.zeros(0)  # (C,) shares, (1,) mean, or (O,) means

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
        """Learn from the training targets; nothing else is looked at."""
        if self.task in STEPS_AHEAD:
            sums = [targets[i : i + SLICE].sum(axis=0) for i in range(0, len(targets), SLICE)]
            self.prediction = np.asarray(np.stack(sums).sum(0, np.float64) / len(targets))
        elif self.task == "regression":
            self.prediction = np.atleast_1d(targets.mean(axis=0, dtype=np.float64))
        else:
            self.prediction = np.bincount(targets, minlength=self.num_classes) / len(targets)

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, C) probabilities, (N,) values or (N, O), the same for each row."""
        rows = len(inputs["x"])
        if self.task == "regression":
            return np.repeat(self.prediction, rows)
        return np.tile(self.prediction, (rows, 1))

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned, as arrays."""
        return {"prediction": self.prediction}

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described.

        Raises:
            ValueError: It is no prediction of this task.
        """
        shape = arrays["prediction"].shape
        ahead = dict.fromkeys(STEPS_AHEAD, shape[:1] or (1,))
        wanted = {"regression": (1,), **ahead}.get(task, (num_classes,))
        if shape != wanted:
            raise ValueError(f"prediction has the shape {shape} instead of {wanted}")
        model = cls(task, num_classes)
        model.prediction = arrays["prediction"]
        return model
