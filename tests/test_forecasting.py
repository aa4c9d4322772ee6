"""A forecast from the file to the report, in both frameworks, and with series kept back whole."""

import json

import numpy as np
import polars as pl
import pytest

import bakeoff
from tests.small import series_table

OPTIONS = {"target": "load", "time": "when", "series": "place", "lookback": 24, "horizon": 6}


def test_networks_and_plain_models_stand_in_one_leaderboard(forecast_run):
    board = forecast_run.leaderboard
    assert set(board["model"]) == {
        *("constant", "last_value", "seasonal_naive", "ridge_windows"),
        *("dlinear", "mlp", "vector_to_sequence"),
    }
    assert set(board["status"]) == {"finished"}
    assert set(board["metric"]) == {"scaled_mse"}
    scores = dict(zip(board["model"], board["score"], strict=True))
    assert scores["ridge_windows"] < scores["last_value"]
    assert 0.7 < scores["constant"] < 1.3  # in standard deviations of each series


def test_predictions_of_a_run_are_a_line_for_each_step_of_each_window(forecast_run):
    frame = forecast_run.predictions.filter(pl.col("model") == "dlinear")
    assert {"row", "series", "time", "step", "truth", "prediction"} <= set(frame.columns)
    assert len(frame) % 6 == 0
    assert set(frame["series"]) == {"east", "west"}


def test_the_season_that_was_found_is_recorded(forecast_run):
    facts = forecast_run.folder / "fits" / "seasonal_naive" / "sklearn-0-0" / "fit.json"
    assert json.loads(facts.read_text("utf-8"))["arguments"] == {"season": 24}


def test_a_short_test_period_has_no_verdict_and_says_how_many_windows_are_needed(forecast_run):
    assert forecast_run.verdict.sentence.startswith("no verdict: the test period")


def test_series_that_were_kept_back_whole_are_judged(tmp_path):
    (tmp_path / "hours.csv").write_text(series_table(150, tuple("abcde")), "utf-8")
    run = bakeoff.run(
        tmp_path / "hours.csv",
        **OPTIONS,
        split="group:place",
        models=["last_value", "dlinear"],
        seeds=1,
        jobs=1,
        epochs=1,
        out=tmp_path / "run",
        show="none",
    )
    scores = run.leaderboard["score"].to_list()
    assert np.isfinite(scores).all()
    assert max(scores) < 5  # series of other sizes are scaled by their own


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.nightly  # every day tests/test_commands.py forecasts in both
def test_keras_forecasts_as_torch_does(hours, tmp_path):
    run = bakeoff.run(
        hours,
        **OPTIONS,
        models=["last_value", "dlinear", "mlp"],
        framework="tensorflow",
        seeds=1,
        jobs=1,
        epochs=2,
        out=tmp_path / "run",
        show="none",
    )
    scores = dict(zip(run.leaderboard["model"], run.leaderboard["score"], strict=True))
    assert scores["dlinear"] < scores["last_value"]
    assert 0 < run.best.score(hours) < 1


def test_several_targets_are_forecast_at_once_and_plain_models_say_what_they_say_alone(tmp_path):
    (tmp_path / "hours.csv").write_text(series_table(300), "utf-8")

    def scores(target, models):
        run = bakeoff.run(
            tmp_path / "hours.csv",
            **OPTIONS | {"target": target},
            models=models,
            seeds=1,
            epochs=1,
            out=tmp_path / target / models[0],
            show="none",
        )
        lines = run.leaderboard.iter_rows(named=True)
        return run, {(row.get("target", target), row["model"]): row["score"] for row in lines}

    plain = ["constant", "last_value", "seasonal_naive", "seasonal_mean"]
    run, both = scores("heat,load", [*plain, "ridge_windows", "rnn", "dlinear"])
    for target in ("heat", "load"):
        _, alone = scores(target, plain)
        assert {key: both[key] for key in alone} == pytest.approx(alone, rel=1e-6)
    for target, mean in (("heat", 20), ("load", 275)):  # load is 50 and 500
        for model in ("ridge_windows", "dlinear"):
            frame = run.predictions_of(target).filter(pl.col("model") == model)
            for column in ("truth", "prediction"):
                assert frame[column].mean() == pytest.approx(mean, rel=0.05)
    answers = run.model("last_value").predict(tmp_path / "hours.csv")
    last = pl.read_csv(tmp_path / "hours.csv").group_by("place", maintain_order=True).last()
    for target in ("heat", "load"):
        expected = last[target].repeat_by(6).explode().to_list()
        assert answers[f"prediction:{target}"].to_list() == pytest.approx(expected, rel=1e-5)


def test_the_labels_of_a_window_may_be_several(tmp_path):
    hours = np.arange(300)
    frame = pl.DataFrame(
        {
            "t": hours,
            "x": np.sin(hours / 4),
            "up": np.where(np.cos(hours / 4) > 0, "up", "down"),
            "size": np.abs(np.sin(hours / 4)),
        }
    )
    run = bakeoff.run(
        frame,
        ["up", "size"],
        time="t",
        lookback=8,
        models=["linear", "mlp"],
        seeds=1,
        epochs=2,
        out=tmp_path / "run",
        show="none",
    )
    assert set(run.leaderboard["target"]) == {"up", "size"}
    assert {"prediction:up", "p:up:down", "prediction:size"} <= set(run.best.predict(frame).columns)
