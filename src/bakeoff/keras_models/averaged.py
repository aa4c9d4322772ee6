"""A moving average of the weights: what a training settles at, without its last steps' noise.

    average = k average + (1 - k) weights,        k = min(share, (1 + t) / (10 + t)) in step t

Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; the
share that grows from 2/11 on lets short trainings forget where they began.
"""

from types import TracebackType
from typing import Any

import keras
import numpy as np
from keras import ops


class Averaged:
    """The average of a model's weights; as a context, the model has it in their place.

    The running moments of batch norm are averaged as well, whole numbers are not.

    Args:
        model: Built.
        share: Of the average that stays from step to step; 0: there is none.

    Attributes:
        averages: One variable for each of the model's that is a number.
    """

    def __init__(self, model: keras.Model, share: float) -> None:
        self.share, self.num_steps = share, 0
        variables = model.variables if share else []
        self.weights = [weight for weight in variables if "float" in weight.dtype]
        self.averages = [
            keras.Variable(ops.convert_to_numpy(w), trainable=False) for w in self.weights
        ]
        self.raw: list[np.ndarray] = []

    def begin(self) -> None:
        """Begin with the weights as they are."""
        self.num_steps = 0
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.assign(weight)

    def kept_shares(self, count: int) -> list[float]:
        """Return the share of the average that stays, for each of the next steps."""
        first = self.num_steps + 1
        self.num_steps += count
        return [kept_share(self.share, step) for step in range(first, first + count)]

    def see(self, kept: Any) -> None:
        """Move the average towards the weights of now; part of a compiled step."""
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.assign(weight + kept * (average - weight))

    def __enter__(self) -> None:
        self.raw = [np.copy(ops.convert_to_numpy(weight)) for weight in self.weights]
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.assign(average)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for weight, raw in zip(self.weights, self.raw, strict=True):
            weight.assign(raw)
        self.raw = []


def kept_share(share: float, step: int) -> float:
    """Return the share of the average that stays in a step, counted from 1."""
    return min(share, (1 + step) / (10 + step))
