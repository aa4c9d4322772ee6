"""The frames of a run hold every fit and every prediction once."""

from shutil import copytree

import numpy as np
import polars as pl

from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.frames import fits_frame, predictions_frame
from tests.small import MODELS


def test_every_fit_has_a_row_with_what_is_known_of_it(small_run):
    fits = fits_frame(RunFolder(small_run.folder))
    assert fits.columns == [
        "model", "framework", "seed", "architecture", "status", "epochs", "best_epoch", "stopped",
        "validation", "parameters", "train_seconds", "predict_microseconds", "device", "error",
    ]  # fmt: skip
    assert set(fits["model"]) == set(MODELS)
    assert len(fits) == len(list(small_run.folder.glob("fits/*/*/fit.json")))
    wide = fits.filter(pl.col("model") == "wide")
    assert wide["architecture"].to_list() == ["mlp", "mlp"]
    assert wide["seed"].to_list() == [0, 1]


def test_a_failed_fit_has_a_row_with_its_error_and_no_predictions(broken_run):
    folder = RunFolder(broken_run.folder)
    failed = fits_frame(folder).filter(pl.col("status") == "failed")
    assert failed["model"].to_list() == ["diverging"]
    assert failed["error"][0]
    assert "diverging" not in set(predictions_frame(folder)["model"])


def test_predictions_give_the_scores_of_the_leaderboard(small_run):
    predictions = predictions_frame(RunFolder(small_run.folder))
    assert predictions.columns == [
        "model", "framework", "seed", "row", "truth", "prediction", "p:no", "p:yes",
    ]  # fmt: skip
    right = predictions.with_columns(right=pl.col("truth") == pl.col("prediction"))
    shares = dict(right.group_by("model").agg(pl.col("right").mean()).iter_rows())
    for row in small_run.leaderboard.iter_rows(named=True):
        assert np.isclose(shares[row["model"]], row["score"])


def test_a_forecast_has_a_row_for_each_window_and_step(small_run, tmp_path):
    folder = RunFolder(copytree(small_run.folder, tmp_path / "run"))
    hours = np.datetime64("2020-01-01", "us") + np.arange(3) * np.timedelta64(3600, "s")
    forecast = Predictions(
        target="y",
        rows=np.array([5, 6, 7]),
        truth=np.arange(6.0).reshape(3, 2),
        scores=np.ones((3, 2)),
        period=Period(times=hours, horizon=2, std=1.0, seconds=3600.0),
    )
    for place in folder.fits():
        for file in place.prediction_files():
            file.unlink()
        place.write_predictions(forecast)
    frame = predictions_frame(folder)
    assert frame.columns[3:] == ["row", "time", "step", "truth", "prediction"]
    assert len(frame) == 6 * len(folder.fits())
    assert frame["truth"].to_list()[:6] == [0, 1, 2, 3, 4, 5]
