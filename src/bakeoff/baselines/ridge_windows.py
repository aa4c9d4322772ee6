"""Ridge on windows: each step ahead is a weighted sum of all that the look-back holds.

    z    = the window, but for the past of the targets its change up to the last step
    y    = (last value of the target) + z W + b
    W    minimises  |y - last - z W - b|^2 + a |W|^2

Without weights it is the last value, so that is what a strong penalty leaves.

Source: Hoerl & Kennard, "Ridge Regression", 1970; taking the last value off is from Zeng et al.,
"Are Transformers Effective for Time Series Forecasting?", 2023 (NLinear). Where we differ from
that: the last value itself stays an input, so that a series may return to its mean; all steps are
solved at once, and a is chosen on the validation windows.

Dimensions: N windows, n windows of a batch, L steps of look-back, F channels, S steps ahead,
Q targets, O outputs (S * Q), D numbers of a window that are read (L * F, 2,048 at most),
A strengths.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from bakeoff.baselines.window_shape import WindowShape, shape_of, stored_shape

STRENGTHS = (10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)  # a for each window, strongest first
MOST_READ = 2048  # numbers of a window: 33 MB of products, and 5 s to solve
MOST_WEIGHTS = 2**25  # 268 MB


class RidgeWindows:
    """Add up one weight per step and channel of the look-back.

    Args:
        task: "forecast".
        num_classes: 0; not used.
        steps: S, steps ahead.

    Shape:
        x (N, L, F) float, the first Q channels the past of the targets -> (N, S * Q), step by step.
        Of windows with more than 2,048 numbers the latest steps are read, of more channels than
        that the first; of fewer numbers where there would be more than 33 million weights.
    """

    seedless = True  # solved at once: the result does not depend on the seed
    iterations = max_iterations = 0

    def __init__(self, task: str, num_classes: int, *, steps: int = 1) -> None:
        self.task = task
        self.num_classes = num_classes
        self.steps = steps
        self.arrays: dict[str, np.ndarray] = {}

    @property
    def num_parameters(self) -> int:
        """Weights and biases."""
        return self.arrays["weights"].size + self.arrays["bias"].size if self.arrays else 0

    def prepare(self) -> None:
        """Import nothing: NumPy is enough."""

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Solve on the training windows at each strength; keep the best on the validation windows.

        Windows are read batch by batch and may be whatever is sliced like an array. Where there
        are no validation windows, the strongest penalty is kept. Nothing depends on `seed`.
        """
        shape = shape_of(inputs["x"], targets, self.steps)
        solved = solve(shape, inputs["x"], targets)
        losses = losses_of(shape, validation_inputs["x"], validation_targets, solved)
        weights, bias = solved.weights(STRENGTHS[int(np.argmin(losses))])
        self.arrays = {"shape": shape.as_array(), "weights": weights, "bias": bias}

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return (N, S * Q) values in the unit of the targets."""
        shape = stored_shape(self.arrays)
        values = np.empty((len(inputs["x"]), shape.outputs))
        for rows, windows in shape.batches(inputs["x"]):
            last, z = parts_of(shape, windows)
            values[rows] = last + z @ self.arrays["weights"] + self.arrays["bias"]
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Return sizes and weights as arrays."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described, ready to predict.

        Raises:
            ValueError: The arrays do not go with each other.
        """
        shape = stored_shape(arrays)
        read, outputs = np.prod(read_of(shape)), shape.outputs
        if arrays["weights"].shape != (read, outputs) or arrays["bias"].shape != (outputs,):
            raise ValueError(f"weights and bias do not turn {read} numbers into {outputs} values")
        if not (np.isfinite(arrays["weights"]).all() and np.isfinite(arrays["bias"]).all()):
            raise ValueError("weights or bias hold something that is no number")
        model = cls(task, num_classes, steps=shape.steps)
        model.arrays = dict(arrays)
        return model


def read_of(shape: WindowShape) -> tuple[int, int]:
    """Return how many of the last steps, and how many channels, are read."""
    most = min(MOST_READ, MOST_WEIGHTS // shape.outputs)
    channels = min(shape.channels, most)
    return min(shape.lookback, most // channels), channels


def parts_of(shape: WindowShape, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the last values off: (n, L, F) -> (n, O) these, once for each step, and z (n, D)."""
    steps, channels = read_of(shape)
    last = windows[:, -1, : shape.num_targets]
    z = windows[:, -steps:, :channels].copy()
    read = min(shape.num_targets, channels)
    z[:, :-1, :read] -= last[:, None, :read]
    return np.tile(last, shape.steps), z.reshape(len(z), -1)


class Solved(NamedTuple):
    """The ridge regressions of all strengths.

    Args:
        means: (D,) of z.
        change_means: (O,) of what is to be learned.
        values: (D,) eigenvalues of the covariance of z.
        vectors: (D, D) its eigenvectors.
        turned: (D, O) covariance of z and what is to be learned, along these.
    """

    means: np.ndarray
    change_means: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    turned: np.ndarray

    def weights(self, strength: float) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (D, O) and bias (O,)."""
        weights = (self.vectors / (self.values + strength)) @ self.turned
        return weights, self.change_means - self.means @ weights


def solve(shape: WindowShape, x: Any, targets: np.ndarray) -> Solved:
    """Solve for all strengths at once, from sums over all windows."""
    size, count = int(np.prod(read_of(shape))), max(1, len(x))
    products, crossed = np.zeros((size, size)), np.zeros((size, shape.outputs))
    sums, change_sums = np.zeros(size), np.zeros(shape.outputs)
    for rows, windows in shape.batches(x):
        last, z = parts_of(shape, windows)
        changes = targets[rows] - last  # (n, O)
        products += z.T @ z
        crossed += z.T @ changes
        sums += z.sum(axis=0)
        change_sums += changes.sum(axis=0)
    means, change_means = sums / count, change_sums / count
    products = products / count - np.outer(means, means)
    crossed = crossed / count - np.outer(means, change_means)
    values, vectors = np.linalg.eigh(products)
    return Solved(means, change_means, np.maximum(values, 0), vectors, vectors.T @ crossed)


def losses_of(shape: WindowShape, x: Any, targets: np.ndarray, solved: Solved) -> np.ndarray:
    """Add up the squared errors over windows for each strength: (A,)."""
    losses = np.zeros(len(STRENGTHS))
    for rows, windows in shape.batches(x):
        last, z = parts_of(shape, windows)
        missed = targets[rows] - last - solved.change_means
        along = (z - solved.means) @ solved.vectors  # (n, D)
        for a, strength in enumerate(STRENGTHS):
            found = (along / (solved.values + strength)) @ solved.turned
            losses[a] += ((found - missed) ** 2).sum()
    return losses
