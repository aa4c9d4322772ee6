"""Metrics of predicted numbers, and a summary of the residuals. In the target's own unit.

Of a forecast, truth and predictions have S steps for each of n windows, and a window takes the
place of a row; `scaled_mse_values` alone needs the period, for the spread of the training targets.

Dimensions: n rows or windows, S steps ahead, G groups.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]


def errors(predictions: Predictions) -> Array:
    """Prediction minus truth: (n,), or (n, S) of a forecast."""
    return predictions.scores.astype(np.float64) - predictions.truth.astype(np.float64)


def mae_values(predictions: Predictions) -> Array:
    """Size of each row's error, mean over its steps: (n,)."""
    return np.asarray(over_steps(np.abs(errors(predictions))).mean(1))


def over_steps(values: Array) -> Array:
    """Give rows without steps one step: (n,) or (n, S) -> (n, S)."""
    return values.reshape(len(values), -1)


def scaled_mse_values(predictions: Predictions) -> Array:
    """Squared error of each window in training standard deviations, mean over its steps: (n,).

    It is nan for windows of a series that did not vary in training: see `Period.scales`.
    """
    squares = over_steps(errors(predictions) ** 2).mean(1)
    if predictions.period is None:
        return np.full(len(squares), np.nan)
    return np.asarray(squares / predictions.period.scales(over_steps(predictions.truth)) ** 2)


def rmse(predictions: Predictions) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean(errors(predictions) ** 2)))


def r2(predictions: Predictions) -> float:
    """Share of the truth's variance that is explained; nan when the truth does not vary."""
    return float(r2_of(*sums(predictions, np.zeros(len(predictions), np.int64)).sum(0)))


def rmse_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """The RMSE without each group of rows: (n,) groups -> (G,)."""
    rows, squares, _, _ = left_out(predictions, groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(squares / rows))


def r2_without(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """R2 without each group of rows: (n,) groups -> (G,)."""
    return r2_of(*left_out(predictions, groups))


def left_out(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """The sums over all rows but those of a group: (4, G), as `sums` names them."""
    parts = sums(predictions, groups)
    return np.asarray((parts.sum(0) - parts).T)


def sums(predictions: Predictions, groups: NDArray[np.int64]) -> Array:
    """Values, squared errors, truth and squared truth of each group, truth centred: (G, 4)."""
    truth = over_steps(predictions.truth.astype(np.float64))
    truth = truth - truth.mean()  # or squares of large numbers would lose their digits
    parts = (np.ones_like(truth), over_steps(errors(predictions) ** 2), truth, truth**2)
    return np.stack([np.bincount(groups, weights=part.sum(1)) for part in parts], axis=1)


def r2_of(rows: Array, squares: Array, truth: Array, truth_squares: Array) -> Array:
    """R2 from sums over rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        variation = truth_squares - truth**2 / rows
        return np.where(variation > 0, 1 - squares / variation, np.nan)


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
    residuals = errors(predictions).reshape(-1)
    q5, q25, q50, q75, q95 = (
        float(q) for q in np.quantile(residuals, (0.05, 0.25, 0.5, 0.75, 0.95))
    )
    return ResidualSummary(
        mean=float(residuals.mean()),
        std=float(residuals.std()),
        quantiles=(q5, q25, q50, q75, q95),
        largest=float(residuals[np.abs(residuals).argmax()]),
    )
