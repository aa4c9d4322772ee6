"""Promises of a run of several inputs: each alone, all together, in both frameworks."""

import json
import tomllib

import numpy as np
import pytest

from bakeoff import DataError, RequestError, open_run, run
from bakeoff.deliver.convert import convert_run
from bakeoff.plan.experiment_file import read_experiment
from bakeoff.runs.folder import RunFolder

RANDOM = np.random.default_rng(0)
ROWS = 160
FAST, HIGH = RANDOM.integers(0, 2, (2, ROWS))
LEVEL = RANDOM.normal(size=ROWS)
LENGTHS = RANDOM.integers(4, 9, ROWS)
ARRAYS = {
    "wave": (FAST[:, None, None] * 2.0 - 1 + RANDOM.normal(0, 0.3, (ROWS, 8, 1))).astype(
        np.float32
    ),
    "wave_lengths": LENGTHS,
    "picture": (HIGH[:, None, None] * 99 + RANDOM.integers(0, 99, (ROWS, 8, 8))).astype(np.uint8),
    "level": LEVEL,
    "label": np.array(["a", "b", "c", "d"])[FAST * 2 + HIGH],
}
MODELS = ["constant", "all_boosting", "wave_gru", "picture_cnn", "level_mlp", "all"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of a sequence, a picture and a number, in both frameworks."""
    return run(
        ARRAYS,
        "label",
        framework="torch,tensorflow",
        seeds=1,
        epochs=12,
        batch_size=16,
        lr=0.01,
        out=tmp_path_factory.mktemp("mixed") / "run",
        show="none",
    )


def test_each_input_runs_alone_and_all_together(made):
    board = made.leaderboard
    assert set(board["model"]) == set(MODELS)
    assert set(board["status"]) == {"finished"}
    score = dict(
        zip(zip(board["model"], board["framework"], strict=True), board["score"], strict=True)
    )
    for framework in ("torch", "tensorflow"):
        assert score["all", framework] > 0.9
        assert score["wave_gru", framework] < 0.75
        assert score["picture_cnn", framework] < 0.75


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_a_network_of_all_is_read_back_and_answers_alike(made, framework):
    model = made.model(f"all ({framework})")
    answers = model.predict(ARRAYS)
    assert (answers["prediction"].to_numpy() == ARRAYS["label"]).mean() > 0.9
    recorded = made.predictions.filter(model="all", framework=framework)
    told = answers.filter(answers["row"].is_in(recorded["row"].to_list()))
    for name in ("a", "b", "c", "d"):
        np.testing.assert_allclose(told[f"p:{name}"], recorded[f"p:{name}"], atol=1e-5)


@pytest.mark.parametrize(("framework", "to"), [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_a_network_of_all_is_carried_over(made, framework, to, tmp_path):
    model = f"all ({framework})"
    out = tmp_path / "w.safetensors"
    converted = convert_run(RunFolder(made.folder), model=model, to=to, data=ARRAYS, out=out)
    assert converted.difference < 1e-5


def test_branches_of_a_strangers_run_are_read_by_what_the_catalogue_knows(made):
    facts = made.folder / "fits" / "all" / "torch-0-0" / "fit.json"
    whole = facts.read_text()
    strange = {**json.loads(whole)["branches"]["picture"], "view": "no/image"}
    try:
        for injure, message in (
            ({"picture": {"architecture": "os", "view": "picture/image", "arguments": {}}}, "'os'"),
            ({"picture": {"view": "picture/image", "shared": "x"}}, "names 'x', no branch"),
            ({}, "network has 0 branches"),
            ({"nothing": strange}, "damaged"),
        ):
            facts.write_text(json.dumps({**json.loads(whole), "branches": injure}))
            with pytest.raises(DataError, match=message):
                open_run(made.folder).model("all (torch)").predict(ARRAYS)
    finally:
        facts.write_text(whole)


def test_the_plan_that_was_written_names_what_each_model_reads(made):
    file = made.folder / "bakeoff.toml"
    text = file.read_text().replace('path = ""', 'path = "x.npz"')
    file.write_text(text)
    own = tomllib.loads(text)
    assert own["data"]["inputs"] == ["wave", "picture", "level"]
    assert set(own["models"]) == set(MODELS)
    assert own["models"]["picture_cnn"]["input"] == "picture"
    experiment = read_experiment(str(file))
    assert experiment.models["all"]["branches"]["wave"]["architecture"] == "gru"


def test_the_report_draws_what_each_input_adds(made):
    page = (made.folder / "report.html").read_text()
    assert "What is added to each input by the others." in page
    for model in ("wave_gru", "picture_cnn", "level_mlp"):
        assert f"{model} (torch) + 2 others" in page
    assert "network: gru (wave), cnn (picture), mlp (level)" in page


def test_two_inputs_that_share_a_branch_learn_how_near_they_are(tmp_path):
    random = np.random.default_rng(0)
    rows, same = 240, np.arange(240) % 2
    left = random.normal(size=(rows, 6, 2)).astype(np.float32)
    noise = random.normal(0, 0.1, left.shape).astype(np.float32)
    right = np.where(same[:, None, None], left + noise, left[random.permutation(rows)])
    data = {"left": left, "right": right, "same": same.astype(str)}
    twins = {"architecture": "network", "share": ["left", "right"], "loss": "contrastive"}
    made = run(
        data,
        "same",
        models={"twins": twins, "left_gru": {}},
        framework="torch,tensorflow",
        seeds=1,
        epochs=30,
        lr=0.01,
        batch_size=16,
        out=tmp_path / "run",
        show="none",
    )
    score = dict(made.leaderboard.select("label", "score").rows())
    for framework in ("torch", "tensorflow"):
        assert score[f"twins ({framework})"] > 0.85
        assert score[f"left_gru ({framework})"] < 0.75
    facts = json.loads((tmp_path / "run" / "fits/twins/torch-0-0/fit.json").read_text())
    assert facts["branches"]["right"] == {"view": "right/sequence", "shared": "left"}
    assert facts["arguments"]["fusion"] == "distance"
    answers = made.model("twins (torch)").predict(data)
    assert (answers["prediction"].cast(int).to_numpy() == same).mean() > 0.85


def test_a_contrastive_loss_needs_a_distance():
    with pytest.raises(RequestError, match="a contrastive loss is of the distance of two inputs"):
        run(
            ARRAYS | {"label": np.array(["a", "b"])[FAST]}, "label", loss="contrastive", show="none"
        )
