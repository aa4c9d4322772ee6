"""Metrics of predicted numbers, and a summary of the residuals. All in the target's own unit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]


def errors(predictions: Predictions) -> Array:
    """Prediction minus truth: (n,)."""
    return predictions.scores.astype(np.float64) - predictions.truth.astype(np.float64)


def mae_values(predictions: Predictions) -> Array:
    """Size of each row's error: (n,)."""
    return np.abs(errors(predictions))


def rmse(predictions: Predictions) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean(errors(predictions) ** 2)))


def r2(predictions: Predictions) -> float:
    """Share of the truth's variance that is explained; nan when the truth does not vary."""
    return float(r2_of(*sums(predictions, np.zeros(len(predictions), np.int64)).sum(0)))


def rmse_pseudo_values(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Jackknife pseudo-values of the RMSE over groups of rows: (n,) groups -> (G,)."""
    return pseudo_values(sums(predictions, groups), "rmse")


def r2_pseudo_values(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Jackknife pseudo-values of R2 over groups of rows: (n,) groups -> (G,)."""
    return pseudo_values(sums(predictions, groups), "r2")


def sums(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Rows, squared errors, truth and squared truth of each group, truth centred: (G, 4)."""
    truth = predictions.truth.astype(np.float64)
    truth = truth - truth.mean()  # or squares of large numbers would lose their digits
    columns = (np.ones(len(truth)), errors(predictions) ** 2, truth, truth**2)
    return np.stack([np.bincount(groups, weights=column) for column in columns], axis=1)


def r2_of(rows: Array, squares: Array, truth: Array, truth_squares: Array) -> Array:
    """R2 from sums over rows."""
    variation = truth_squares - truth**2 / rows
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variation > 0, 1 - squares / variation, np.nan)


def pseudo_values(parts: Array, metric: str) -> Array:
    """Whole plus (n / rows of the group - 1) times the loss from leaving the group out: (G,)."""

    def value(table: Array) -> Array:
        rows, squares, truth, truth_squares = table.T
        if metric == "r2":
            return r2_of(rows, squares, truth, truth_squares)
        return np.asarray(np.sqrt(squares / rows))

    total = parts.sum(0, keepdims=True)
    shares = total[:, 0] / parts[:, 0]
    return np.asarray(value(total) + (shares - 1) * (value(total) - value(total - parts)))


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualSummary:
    """Where the errors (prediction minus truth) lie, in the target's unit.

    Args:
        mean: Above 0: predicts too high on average.
        std: Standard deviation.
        quantiles: 5, 25, 50, 75 and 95 %.
        largest: The error of the largest size.
    """

    mean: float
    std: float
    quantiles: tuple[float, float, float, float, float]
    largest: float


def summarise_residuals(predictions: Predictions) -> ResidualSummary:
    """Summarise the errors of one fit."""
    residuals = errors(predictions)
    q5, q25, q50, q75, q95 = (
        float(q) for q in np.quantile(residuals, (0.05, 0.25, 0.5, 0.75, 0.95))
    )
    return ResidualSummary(
        mean=float(residuals.mean()),
        std=float(residuals.std()),
        quantiles=(q5, q25, q50, q75, q95),
        largest=float(residuals[np.abs(residuals).argmax()]),
    )
