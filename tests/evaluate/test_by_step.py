"""A forecast's score is told by step and by series."""

import math

import numpy as np
import pytest

from bakeoff.errors import DataError
from bakeoff.evaluate.by_step import by_series, by_step, loudest_series, undefined_series
from bakeoff.evaluate.metrics import METRICS, metrics_of, score
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions


def series_of(shapes, *, errors=None, steps=2, num=20):
    """Forecasts of several series: name -> its values (num, steps); all miss by a tenth of std."""
    names = list(shapes)
    truth = np.concatenate([shapes[name] for name in names])
    stds = {name: float(np.std(shapes[name])) for name in names}
    series = np.repeat(np.array(names, object), num)
    miss = np.array([0.1 * stds[name] for name in series])[:, None]
    hours = np.datetime64("2020-01-01", "us") + np.arange(num) * np.timedelta64(3600, "s")
    period = Period(
        times=np.tile(hours, len(names)),
        horizon=steps,
        std=float(np.std(truth)),
        stds=stds,
        seconds=3600.0,
        series=series,
    )
    return Predictions(
        target="y",
        rows=np.arange(len(truth)) + 1,
        truth=truth,
        scores=truth + (miss if errors is None else errors),
        period=period,
    )


def waves(factor=1.0, seed=0):
    return factor * np.random.default_rng(seed).normal(size=(20, 2))


@pytest.mark.parametrize("name", ["scaled_mse", "mae", "rmse"])
def test_the_curve_over_steps_has_the_score_of_each(name):
    p = series_of({"a": waves()}, errors=np.array([[1.0, 3.0]]))
    first, second = by_step(METRICS[name], p)
    expected = {"scaled_mse": (1, 9), "mae": (1, 3), "rmse": (1, 3)}[name]
    scale = np.std(p.truth) ** 2 if name == "scaled_mse" else 1
    assert (first * scale, second * scale) == pytest.approx(expected)


@pytest.mark.parametrize("factor", [1e3, 1e6])
def test_a_large_series_changes_nothing_in_the_score_of_a_small_one(factor):
    """Situation 29: equal shapes and noise, the second multiplied."""
    equal, large = (series_of({"a": waves(), "b": waves(f)}) for f in (1.0, factor))
    for metric in metrics_of("forecast"):
        assert by_series(metric, large)["a"] == pytest.approx(by_series(metric, equal)["a"])
    assert score(METRICS["scaled_mse"], large) == pytest.approx(0.01)
    loudest = loudest_series(METRICS["mae"], large)
    assert loudest.series == "b" and loudest.share > 0.99
    assert loudest_series(METRICS["mae"], equal) is None
    assert loudest_series(METRICS["scaled_mse"], large) is None


def test_a_constant_series_has_no_scaled_score_and_all_else_is_finite():
    """Situation 31: it is left out of the mean, and named."""
    shapes = {f"s{i}": waves(seed=i) for i in range(9)} | {"flat": np.full((20, 2), 5.0)}
    p = series_of(shapes)
    scaled = by_series(METRICS["scaled_mse"], p)
    assert math.isnan(scaled.pop("flat"))
    assert np.isfinite(list(scaled.values())).all()
    assert score(METRICS["scaled_mse"], p) == pytest.approx(0.01)
    assert undefined_series(METRICS["scaled_mse"], p) == ("flat",)
    assert undefined_series(METRICS["mae"], p) == ()
    for name in ("mae", "rmse", "r2"):
        assert math.isfinite(score(METRICS[name], p))
    assert by_series(METRICS["mae"], p)["flat"] == 0


def test_one_series_has_no_table_and_rows_have_no_steps():
    p = series_of({"a": waves()})
    assert loudest_series(METRICS["mae"], p) is None
    with pytest.raises(DataError, match="are no forecast"):
        by_step(METRICS["mae"], Predictions(target="y", rows=p.rows, truth=p.rows, scores=p.rows))
