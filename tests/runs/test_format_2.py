"""A run that an earlier version wrote always opens: leaderboard, verdict, report, predictions."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff

PLACE = Path(__file__).parent / "format_2"


@pytest.fixture
def run(tmp_path):
    """A copy of the stored run."""
    shutil.copytree(PLACE / "run", tmp_path / "run")
    return bakeoff.open_run(tmp_path / "run")


def test_its_leaderboard_and_its_verdict_are_read(run):
    assert set(run.leaderboard["model"]) == {"constant", "linear", "boosting", "mlp"}
    assert run.verdict.target == "answer"
    assert run.verdict.sentence in str(run)
    assert len(run.fits) == 4
    assert len(run.predictions) == 4 * run.verdict.test_rows


@pytest.mark.parametrize("name", ["constant", "linear", "boosting", "mlp"])
def test_its_models_predict_what_they_predicted(name, run):
    then = pl.read_csv(PLACE / "predicted.csv").filter(pl.col("model") == name)
    now = run.model(name).predict(PLACE / "new.csv")
    assert now["prediction"].to_list() == then["prediction"].to_list()
    for column in ("p:no", "p:yes"):
        assert np.allclose(now[column], then[column], atol=1e-6)


def test_its_report_is_written_again(run, command):
    (run.folder / "report.html").unlink()
    assert command("report", run.folder, "--no-open").code == 0
    assert "Results for" in (run.folder / "report.html").read_text("utf-8")


def test_its_plan_can_be_run_again(run):
    from bakeoff.plan.experiment_file import read_experiment

    experiment = read_experiment(run.folder / "bakeoff.toml")
    assert (experiment.target, experiment.seeds) == (("answer",), 1)


def test_it_is_small_and_says_nothing_of_a_machine():
    files = [path for path in (PLACE / "run").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        assert b"/home/" not in path.read_bytes(), path
        assert b"/work/" not in path.read_bytes(), path
        assert b"/tmp/" not in path.read_bytes(), path
