"""A trained forecaster scores new windows, and its weights go over to the other framework."""

import json

import numpy as np
import pytest

import bakeoff
from bakeoff.data.splitting.split import make_split
from bakeoff.deliver.convert import convert_run
from bakeoff.deliver.trained_model import open_model
from bakeoff.errors import DataError
from bakeoff.runs.folder import RunFolder

OPTIONS = {"target": "load", "time": "when", "series": "place", "lookback": 24, "horizon": 6}
MODELS = ("constant", "seasonal_naive", "ridge_windows", "dlinear", "mlp", "vector_to_sequence")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_read_back_scores_the_test_windows_as_the_run_did(name, forecast_run, hours):
    model = open_model(RunFolder(forecast_run.folder), name)
    dataset = bakeoff.read(hours, **OPTIONS)
    test = dataset[make_split(dataset).test]
    recorded = model.place.predictions()
    assert np.array_equal(recorded.rows, test.rows)
    again = model.judged(test)
    assert np.allclose(again.scores, recorded.scores, rtol=1e-5)
    assert np.array_equal(again.truth, recorded.truth)
    assert again.period.stds == recorded.period.stds


def test_new_data_of_the_same_make_are_scored(forecast_run, hours):
    assert 0 < forecast_run.best.score(hours) < 0.2


def test_weights_go_over_to_the_other_framework(forecast_run, tmp_path):
    for name in ("dlinear", "vector_to_sequence"):
        converted = convert_run(
            RunFolder(forecast_run.folder),
            to="tensorflow",
            model=name,
            out=tmp_path / f"{name}.safetensors",
        )
        assert converted.difference is not None
        assert converted.difference < 1e-5


def test_a_fit_of_another_horizon_is_refused(forecast_run, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(forecast_run.folder, folder)
    facts = folder / "fits" / "dlinear" / "torch-0-0" / "fit.json"
    document = json.loads(facts.read_text("utf-8"))
    facts.write_text(json.dumps({**document, "horizon": 5}), "utf-8")
    with pytest.raises(DataError, match="another horizon"):
        _ = open_model(RunFolder(folder), "dlinear").model


def test_the_horizon_stands_in_the_facts_of_a_forecast_alone(forecast_run, small_run):
    for run, horizon in ((forecast_run, 6), (small_run, None)):
        for facts in run.folder.glob("fits/*/*/fit.json"):
            assert json.loads(facts.read_text("utf-8")).get("horizon") == horizon
