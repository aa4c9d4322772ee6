"""A forecast's score taken apart: by step ahead, and by series."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import DataError
from bakeoff.evaluate.metrics import METRICS, Metric, score
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.evaluate.regression import errors

Array = NDArray[np.float64]

DECIDES, TIMES = 0.5, 4.0  # share of the loss, and how far its odds exceed those of the windows


def by_step(metric: Metric, predictions: Predictions) -> Array:
    """Score each step ahead alone: (S,), nan where it is not defined.

    Raises:
        DataError: The predictions are no forecast.
    """
    steps = range(1, period_of(predictions).horizon + 1)
    return np.array([score(metric, predictions.at_step(step)) for step in steps])


def by_series(metric: Metric, predictions: Predictions) -> dict[str, float]:
    """Score each series alone; nan where it is not defined, as a scaled error of a constant one.

    Returns:
        Series -> score, in alphabetical order; empty where there is one series without a name.

    Raises:
        DataError: The predictions are no forecast.
    """
    period = period_of(predictions)
    if period.series is None:
        return {}
    names, place = np.unique(period.series.astype(str), return_inverse=True)
    order = np.argsort(place, kind="stable")
    edges = np.searchsorted(place[order], np.arange(len(names) + 1)).tolist()
    ordered = predictions.take(order)  # of each series its windows one after the other
    return {
        str(name): score(metric, ordered.take(slice(start, end)))
        for name, start, end in zip(names, edges[:-1], edges[1:], strict=True)
    }


def undefined_series(metric: Metric, predictions: Predictions) -> tuple[str, ...]:
    """The series that a mean over all windows leaves out, since they have no score of it."""
    period = period_of(predictions)
    if period.series is None or metric.values is None:
        return ()
    left = np.isnan(metric.values(predictions))
    return tuple(sorted({str(name) for name in period.series[left]}))


class Loudest(NamedTuple):
    """The series that makes most of an error, and its share, 0 to 1."""

    series: str
    share: float


def loudest_series(metric: Metric, predictions: Predictions) -> Loudest | None:
    """The series that decides the score of all, if one does.

    It makes more than half of the error, and far more than its share of windows would.
    """
    period = period_of(predictions)
    if len(period.names) < 2:
        return None
    if metric is METRICS["scaled_mse"] and metric.values is not None:
        loss = np.nan_to_num(metric.values(predictions))
    else:
        sizes = np.abs(errors(predictions))
        loss = (sizes if metric.name == "mae" else sizes**2).mean(1)
    names, place = np.unique(np.asarray(period.series).astype(str), return_inverse=True)
    parts = np.bincount(place, loss)
    if not parts.sum():
        return None
    shares, windows = parts / parts.sum(), np.bincount(place) / len(place)
    i = int(shares.argmax())
    odds, expected = (share / (1 - share) for share in (min(shares[i], 1 - 1e-9), windows[i]))
    if shares[i] <= DECIDES or odds < TIMES * expected:
        return None
    return Loudest(str(names[i]), float(shares[i]))


def period_of(predictions: Predictions) -> Period:
    """Return the period of a forecast.

    Raises:
        DataError: The predictions are no forecast.
    """
    if predictions.period is None:
        raise DataError(f"Predictions of {predictions.target!r} are no forecast.")
    return predictions.period
