"""Situations of group B that people met with other tools: time series, through a run."""

import numpy as np
import polars as pl
import pytest

import bakeoff

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}
SERIES = {"target": "v", "time": "t", "lookback": 12, "horizon": 2}


def noise(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


def waves(count=300, seed=0):
    return np.sin(np.arange(count) * 2 * np.pi / 12) + 0.1 * noise(count, seed)


def several(**shapes):
    """Return a table of series whose rows are interleaved: name -> its values."""
    count = len(next(iter(shapes.values())))
    return pl.DataFrame(
        {
            "t": np.repeat(np.arange(count), len(shapes)),
            "id": [*shapes] * count,
            "v": np.stack([*shapes.values()], axis=1).ravel(),
        }
    )


def run_of(data, out, *models, **given):
    return bakeoff.run(data, **SERIES, **QUICK, models=[*models], out=out, **given)


def of_series(run, name):
    return run.predictions.filter(pl.col("series") == name).sort("row", "step")


def test_what_comes_after_training_changes_no_number_of_it(tmp_path):
    """B 19: the test span multiplied by 10 leaves weights and history as they were."""
    values = np.random.default_rng(0).random(300)
    runs = []
    for factor in (1, 10):
        own = np.r_[values[:260], factor * (100 + values[260:])]  # the test begins before
        data = {"t": np.arange(300), "v": own}
        runs.append(run_of(data, tmp_path / f"{factor}", "dlinear", epochs=2))
    folders = [run.folder / "fits" / "dlinear" / "torch-0-0" for run in runs]
    weights = [(folder / "weights.safetensors").read_bytes() for folder in folders]
    assert weights[0] == weights[1]
    told = ["train_loss", "validation_loss", "validation_metric"]
    history = [pl.read_parquet(folder / "history.parquet").select(told) for folder in folders]
    assert history[0].equals(history[1])


@pytest.mark.parametrize(("future", "least", "most"), [(None, -0.1, 0.1), ("x", 0.95, 1.0)])
def test_a_column_of_the_same_step_helps_only_where_it_is_known_beforehand(
    future, least, most, tmp_path
):
    """B 21: y_t is x_t, and x is white noise."""
    x = noise(1000)
    run = bakeoff.run(
        {"t": np.arange(1000), "x": x, "v": x},
        **{**SERIES, "horizon": 1, "lookback": 4},
        **QUICK,
        future=future,
        models=["constant", "ridge_windows"],
        metric="r2",
        out=tmp_path / "run",
    )
    assert least <= run.leaderboard["score"].max() <= most


def test_interleaved_rows_of_constant_series_are_forecast_without_error(tmp_path):
    """B 27: T1 is no T11, and the order of the rows changes nothing."""
    data = several(T1=np.zeros(60), T2=np.full(60, 5.0), T11=np.full(60, 10.0))
    shuffled = data.sample(fraction=1, shuffle=True, seed=0)
    run = run_of(shuffled, tmp_path / "run", "last_value", series="id")
    assert (run.predictions["truth"] == run.predictions["prediction"]).all()
    ahead = run.best.predict(data).group_by("id").agg(pl.col("prediction").unique())
    assert dict(ahead.iter_rows()) == {"T1": [0.0], "T2": [5.0], "T11": [10.0]}


def test_a_large_series_changes_nothing_of_a_small_one(tmp_path):
    """B 29: scores of each are shown, and that the large one decides is said."""
    runs = [
        run_of(
            several(small=waves(), large=factor * waves(seed=1)),
            tmp_path / f"{factor}",
            "ridge_windows",
            series="id",
            metric=metric,
        )
        for factor, metric in ((1, None), (1e6, "rmse"))
    ]
    small = [of_series(run, "small")["prediction"].to_numpy() for run in runs]
    np.testing.assert_allclose(small[1], small[0], rtol=0.01)
    assert "Scores of each series" in (runs[1].folder / "report.html").read_text("utf-8")
    [said] = [warning for warning in runs[1].verdict.warnings if "large" in warning]
    assert "decides the ranking; look at the scores by series" in said


def test_a_constant_series_has_an_error_of_zero_and_no_scaled_one(tmp_path):
    """B 31: one of ten is 5 throughout."""
    shapes = {f"s{i}": waves(200, i) for i in range(9)} | {"flat": np.full(200, 5.0)}
    run = run_of(several(**shapes), tmp_path / "run", "last_value", "ridge_windows", series="id")
    metrics = run.leaderboard.select("score", "mae", "rmse", "r2")
    assert np.isfinite(metrics.to_numpy()).all()
    flat = of_series(run, "flat").filter(pl.col("model") == "last_value")
    assert (flat["prediction"] == 5).all()
    [said] = [warning for warning in run.verdict.warnings if "flat" in warning]
    assert "is not defined" in said
    assert "left out of the mean" in said
