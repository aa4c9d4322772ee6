"""Runs on JAX end with a verdict: a forecast and a folder of pictures."""

import numpy as np
import pytest

import bakeoff

from ..pictures import classes, folder

pytestmark = pytest.mark.nightly  # starting JAX and compiling: half a minute each
QUICK = {"framework": "jax", "epochs": 1, "seeds": 1, "jobs": 1, "show": "none"}


@pytest.fixture(autouse=True)
def needs_jax():
    pytest.importorskip("jax")


def test_a_folder_of_pictures_ends_with_a_verdict(tmp_path):
    root = folder(tmp_path / "set", classes("cat", "dog", count=24, size=(16, 16)))
    run = bakeoff.run(root, models=["constant", "cnn"], out=tmp_path / "run", **QUICK)
    assert set(run.leaderboard["status"]) == {"finished"}
    assert run.verdict.sentence


def test_a_forecast_ends_with_a_verdict(tmp_path):
    random = np.random.default_rng(0)
    hours = np.arange("2024-01-01", "2024-01-26", dtype="datetime64[h]")
    values = np.sin(np.arange(len(hours)) / 4) + random.normal(0, 0.1, len(hours))
    table = {"t": hours.astype("datetime64[m]").astype(str), "y": values}
    asked = {"time": "t", "lookback": 24, "horizon": 6, "models": ["last_value", "dlinear"]}
    run = bakeoff.run(table, "y", out=tmp_path / "run", **asked, **QUICK)
    assert set(run.leaderboard["status"]) == {"finished"}
    assert run.verdict.sentence
