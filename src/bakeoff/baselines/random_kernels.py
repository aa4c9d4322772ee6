"""Random kernels: ridge regression on how often short fixed patterns are met in a sequence.

    scores = features W + b                    features: see kernel_features.py
    W      minimises  |Y - features W - b|^2 + a |W|^2      Y of 0 and 1 for classes
    p      = softmax(sharpness * scores)

Source: Dempster, Schmidt & Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time
Series Classification", 2021; Hoerl & Kennard, "Ridge Regression", 1970; Platt, "Probabilistic
Outputs for Support Vector Machines", 1999 (sharpness, and how little few rows may claim). Where we
differ: about 1,000 features instead of 10,000; a and the sharpness are chosen on the validation
rows.

Dimensions: N rows, T time steps, F input features, P features of kernels, C classes,
S scores per row (C, or 1 for a regression), A strengths.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from bakeoff.baselines.kernel_features import (
    check_kernels,
    draw_kernels,
    feature_batches,
    num_features,
)
from bakeoff.numeric import softmax

STRENGTHS = (1e5, 1e4, 1e3, 100.0, 10.0, 1.0, 0.1)  # a, the strongest first
# How much larger a summary stands in the ridge than a share, since there are few of them among many
# shares. First or last value decides, 150 rows: accuracy 0.87 at 1, 0.97 at 2, 1.00 at 4.
SUMMARY_WEIGHT = 4.0
SHARPNESS = tuple(1.5**power for power in range(12))  # 1 to 86


class RandomKernels:
    """Count how often fixed patterns are met, and add up one weight per count.

    Args:
        task: "binary", "multiclass" or "regression".
        num_classes: C; not used by a regression.
        num_thresholds: Of each of the 84 kernels: 12 make 1,008 features.

    Raises:
        ValueError: There is no threshold.

    Shape:
        x (N, T, F) float standardised, lengths (N,) int or none -> (N, C) probabilities, or (N,).
        Steps from a row's length on are not looked at.
    """

    seedless = False  # the seed draws channels, and the rows that set the thresholds
    iterations = max_iterations = 0

    def __init__(self, task: str, num_classes: int, *, num_thresholds: int = 12) -> None:
        if num_thresholds < 1:
            raise ValueError(f"num_thresholds={num_thresholds} must be 1 or more, such as 12")
        self.task = task
        self.num_classes = num_classes
        self.num_thresholds = num_thresholds
        self.arrays: dict[str, np.ndarray] = {}

    @property
    def num_parameters(self) -> int:
        """Weights, biases and thresholds."""
        names = ("weights", "bias", "thresholds")
        return sum(self.arrays[name].size for name in names) if self.arrays else 0

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
        """Draw kernels by `seed`, solve for the weights, choose among them on validation rows.

        Validation rows of a class that no training row has (-1) say nothing; where there are no
        others, the strongest ridge is kept.
        """
        draw = np.random.default_rng(seed)
        kernels = draw_kernels(inputs, self.num_thresholds, draw)
        classes = 0 if self.task == "regression" else self.num_classes
        solved = solve(inputs, targets, kernels, classes)
        known = slice(None) if self.task == "regression" else validation_targets >= 0
        watched = {name: array[known] for name, array in validation_inputs.items()}
        losses = losses_of(watched, validation_targets[known], kernels, solved, classes)
        strength, sharpness = np.unravel_index(np.argmin(losses), losses.shape)
        weights, bias = solved[strength]
        self.arrays = {
            **kernels,
            "weights": weights,
            "bias": bias,
            "sharpness": np.array(SHARPNESS[sharpness]),
        }

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, C) probabilities, or (N,) values."""
        weights, bias = self.arrays["weights"], self.arrays["bias"]
        raw = np.empty((len(inputs["x"]), len(bias)))
        for rows, features in feature_batches(inputs, self.arrays):
            raw[rows] = features @ weights + bias
        if self.task == "regression":
            return raw[:, 0]
        return softmax(self.arrays["sharpness"] * raw)

    def state(self) -> dict[str, np.ndarray]:
        """Return kernels and weights as arrays."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described, ready to predict.

        Raises:
            ValueError: The arrays do not go with each other.
        """
        check_arrays(arrays, 1 if task == "regression" else num_classes)
        model = cls(task, num_classes, num_thresholds=len(arrays["thresholds"]))
        model.arrays = dict(arrays)
        return model


def solve(
    inputs: Mapping[str, np.ndarray],
    targets: np.ndarray,
    kernels: Mapping[str, np.ndarray],
    classes: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weights (P, S) and bias (S,) for each strength.

    Sums are added up batch by batch, so that the features of all rows never stand in memory.
    """
    size, outputs = num_features(kernels), classes or 1
    products, crossed = np.zeros((size, size)), np.zeros((size, outputs))
    sums, target_sums = np.zeros(size), np.zeros(outputs)
    for rows, features in feature_batches(inputs, kernels):
        wanted = as_columns(targets[rows], classes)
        products += features.T @ features
        crossed += features.T @ wanted
        sums += features.sum(axis=0)
        target_sums += wanted.sum(axis=0)
    count = len(targets)
    means, target_means = sums / count, target_sums / count
    products -= count * np.outer(means, means)
    crossed -= count * np.outer(means, target_means)
    stds = np.sqrt(np.maximum(np.diag(products), 0) / count)
    stds = np.where(stds > 1e-6, stds, np.inf)  # a constant feature gets no weight
    stds[kernels["thresholds"].size :] /= SUMMARY_WEIGHT
    values, vectors = np.linalg.eigh(products / np.outer(stds, stds))
    turned = vectors.T @ (crossed / stds[:, None])
    solved = []
    for strength in STRENGTHS:
        weights = vectors @ (turned / (np.maximum(values, 0) + strength)[:, None])
        weights /= stds[:, None]
        solved.append((weights, target_means - means @ weights))
    return solved


def as_columns(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return classes as columns of 0 and 1, or numbers as one column: (n,) -> (n, S) float64."""
    if not classes:
        return targets[:, None].astype(np.float64)
    columns = np.zeros((len(targets), classes))
    columns[np.arange(len(targets)), targets] = 1
    return columns


def losses_of(
    inputs: Mapping[str, np.ndarray],
    targets: np.ndarray,
    kernels: Mapping[str, np.ndarray],
    solved: list[tuple[np.ndarray, np.ndarray]],
    classes: int,
) -> np.ndarray:
    """Add up the loss of rows for each strength and sharpness: (A, sharpnesses), (A, 1) of numbers.

    Of classes it is the log loss with a little doubt in each label, one row's in all: a few rows
    without an error do not make certainty.
    """
    losses = np.zeros((len(solved), len(SHARPNESS) if classes else 1))
    doubt = 1 / (len(targets) + 2)
    for rows, features in feature_batches(inputs, kernels):
        wanted = as_columns(targets[rows], classes)
        for a, (weights, bias) in enumerate(solved):
            raw = features @ weights + bias
            if not classes:
                losses[a, 0] += ((raw - wanted) ** 2).sum()
                continue
            shares = (1 - doubt) * wanted + doubt * (1 - wanted) / max(1, classes - 1)
            for s, sharpness in enumerate(SHARPNESS):
                losses[a, s] -= (shares * np.log(softmax(sharpness * raw) + 1e-12)).sum()
    return losses


def check_arrays(arrays: Mapping[str, np.ndarray], outputs: int) -> None:
    """Refuse arrays that do not go with each other: they may come from a stranger.

    Raises:
        ValueError: The message names what is wrong.
    """
    check_kernels(arrays)
    features = num_features(arrays)
    if arrays["weights"].shape != (features, outputs) or arrays["bias"].shape != (outputs,):
        raise ValueError(f"weights and bias do not turn {features} features into {outputs} scores")
    if arrays["sharpness"].shape != ():
        raise ValueError("sharpness is not one number")
    for name in ("weights", "bias", "sharpness"):
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds something that is no number")
