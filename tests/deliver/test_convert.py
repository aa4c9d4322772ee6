"""The weights of a run cross over to another framework, and the scores stay what they are."""

import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from bakeoff.deliver.convert import convert_run, rows_to_score, sentences
from bakeoff.deliver.trained_model import open_model
from bakeoff.errors import RequestError
from bakeoff.runs.folder import RunFolder
from bakeoff.train.weights import convert
from tests.small import ROWS


@pytest.fixture
def no_keras(monkeypatch):
    monkeypatch.setattr("bakeoff.train.keras_backend.find_spec", lambda name: None)


@pytest.fixture
def run(small_run, tmp_path):
    """A copy of the small run that a test may write into."""
    shutil.copytree(small_run.folder, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def test_without_keras_the_weights_are_written_and_the_check_is_offered(run, no_keras):
    converted = convert_run(run, to="tensorflow", model="mlp")
    model = open_model(run, "mlp")
    assert converted.path == model.place.path / "weights-tensorflow.safetensors"
    weights, ours = load_file(converted.path), load_file(model.place.weights)
    np.testing.assert_array_equal(weights["head.kernel"], ours["head.weight"].T)
    wrote, unchecked = sentences(converted)
    assert str(converted.path) in wrote
    assert "not checked" in unchecked
    assert "pip install 'bakeoff[tensorflow]'" in unchecked


def test_a_chosen_file_is_new_and_is_used(run, tmp_path, no_keras):
    out = tmp_path / "mine.safetensors"
    assert convert_run(run, to="jax", model="mlp", out=out).path == out
    assert "head.kernel" in load_file(out)
    with pytest.raises(RequestError, match="exists already"):
        convert_run(run, to="jax", model="mlp", out=out)
    with pytest.raises(RequestError, match=r"must end in \.safetensors"):
        convert_run(run, to="jax", model="mlp", out=tmp_path / "mine.npz")


def test_converted_weights_come_back_unchanged(run, tmp_path, no_keras):
    model = open_model(run, "wide")
    there = convert_run(run, to="tensorflow", model="wide").path
    view, _ = rows_to_score(model)
    arguments = {**view.sizes, "out_features": 1, **model.fit.job.arguments}
    back = convert(there, ("mlp", arguments), to="torch")
    for name, weight in load_file(model.place.weights).items():
        np.testing.assert_array_equal(back[name], weight)


def test_the_check_scores_the_rows_that_are_named(small_run, people):
    view, source = rows_to_score(small_run.model("mlp"), people)
    assert source == "rows of people.csv"
    assert len(view.inputs["x"]) == ROWS


@pytest.mark.parametrize("name", ["mlp", "cnn", "gru"])
def test_the_check_draws_rows_where_none_are_named(array_run, name):
    view, source = rows_to_score(array_run.model(name))
    assert "drawn" in source
    assert view.inputs["x"].shape[1:] == {"mlp": (36,), "cnn": (6, 6, 1), "gru": (6, 6)}[name]


def test_what_the_plan_of_a_run_names_is_not_opened(run, no_keras):
    text = run.experiment.read_text("utf-8")
    victim = run.path.parent / "victim.csv"
    path = next(line for line in text.splitlines() if line.startswith("path"))
    run.experiment.write_text(text.replace(path, f'path = "{victim.as_posix()}"'), "utf-8")
    os.mkfifo(victim)  # opening it would wait for ever
    assert "drawn" in convert_run(run, to="jax", model="mlp").source


def test_what_cannot_be_converted_is_refused_in_one_sentence(small_run, command):
    for words, message in [
        (["--to", "tensorflow", "--model", "constant"], "constant is a baseline"),
        (["--to", "torch", "--model", "mlp"], "was trained in torch"),
        (["--to", "keras"], "No framework called 'keras' (--to). Did you mean 'tensorflow'?"),
        (["--to", "jax", "--model", "mpl"], "Did you mean 'mlp'"),
    ]:
        said = command("convert", small_run.folder, *words)
        assert said.code == 2
        assert message in said.err
        assert said.err.count("\n") == 1


@pytest.mark.xdist_group("tensorflow")  # one process imports it, once
def test_both_frameworks_give_the_same_scores(small_run, command, tmp_path):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    words = ["--to", "tensorflow", "--model", "mlp", "--out"]
    said = command("convert", small_run.folder, *words, tmp_path / "mlp.safetensors")
    assert said.code == 0
    assert "Parity: the same. On 64 rows drawn in the shape of its data" in said.out
    again = convert_run(
        RunFolder(small_run.folder),
        to="tensorflow",
        model="wide",
        out=tmp_path / "wide.safetensors",
    )
    assert again.difference <= 1e-5
