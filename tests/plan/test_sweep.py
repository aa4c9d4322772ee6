"""A sweep makes a model of each value, and says what it shows."""

from dataclasses import replace

import numpy as np
import pytest

import bakeoff
from bakeoff.errors import RequestError
from bakeoff.plan.request import request
from bakeoff.plan.sweep import with_sweeps
from bakeoff.report.sweeps import say_sweeps


def test_every_value_is_a_model_in_the_place_of_the_first():
    models = with_sweeps(
        {"linear": {}, "mlp": {"lr": 0.01}}, ["mlp.dropout=[0,0.5]", "mlp.lr=[1,2]"]
    )
    assert list(models) == ["linear", "mlp_1", "mlp_2", "mlp_3", "mlp_4"]
    assert models["mlp_4"] == {
        "architecture": "mlp", "dropout": 0.5, "lr": 2, "varied": "dropout=0.5, lr=2",
    }  # fmt: skip


def test_a_model_of_one_input_is_varied_by_its_name():
    [one, _] = with_sweeps({}, {"picture_cnn.norm": ["none", "batch"]}).values()
    assert (one["architecture"], one["input"]) == ("cnn", "picture")


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("dropout=[0,1]", "name a model and its setting"),
        ("mlp.dropout=[0]", "give a list of two or more values"),
        ("mlp.dropout=x", "is no list of TOML"),
        ("data.length=[1,2]", "belongs to the data"),
        ("mlp.dropuot=[0,1]", "No setting of mlp called 'dropuot'"),
        ({"mlp.epochs": range(101)}, "give a list|most"),
    ],
)
def test_what_is_no_sweep_is_refused(vary, message):
    with pytest.raises(RequestError, match=message):
        request("iris", {"models": "mlp", "vary": vary})


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(RequestError, match="a model called mlp_1, and there is one already"):
        with_sweeps({"mlp_1": {"architecture": "mlp"}, "mlp": {}}, "mlp.dropout=[0,0.5]")


def test_the_sentence_rests_on_pairs_and_not_on_tiers(tmp_path):
    """Two models of one tier may differ, as may some of two tiers not."""
    run = bakeoff.run(
        "iris", models="constant", vary={"mlp.hidden_sizes": [[1], [64]]}, lr=0.02, seeds=2,
        epochs=30, out=tmp_path / "r", show="none",
    )  # fmt: skip
    rows, verdict = run.leaderboard.to_dicts(), run.verdict
    one, two = [row for row in rows if row["setting"]]
    [pair] = [p for p in verdict.pairs if {p.better, p.worse} == {one["label"], two["label"]}]
    for beats, words in ((True, "it beats"), (False, "no difference is detected from")):
        pairs = tuple(replace(p, beats=beats) if p is pair else p for p in verdict.pairs)
        [said] = say_sweeps(rows, replace(verdict, pairs=pairs))
        assert (
            f"{one['setting']} ({one['score']:.3f}) scores best; {words} {two['setting']}" in said
        )


def test_the_leaderboard_says_what_was_varied_and_the_plan_makes_it_again(tmp_path):
    asked = {"models": "linear", "seeds": 2, "epochs": 3, "show": "none"}
    run = bakeoff.run("iris", vary={"mlp.hidden_sizes": [[2], [32]]}, out=tmp_path / "r", **asked)
    settings = dict(run.leaderboard.select("model", "setting").iter_rows())
    assert settings == {
        "linear": None, "mlp_1": "hidden_sizes=[2]", "mlp_2": "hidden_sizes=[32]"
    }  # fmt: skip
    again = bakeoff.run(str(tmp_path / "r" / "bakeoff.toml"), out=tmp_path / "s", show="none")
    assert np.array_equal(again.leaderboard["score"], run.leaderboard["score"])
    assert "<strong>Sweep:</strong> of mlp, " in (tmp_path / "s" / "report.html").read_text()
    plain = bakeoff.run("iris", out=tmp_path / "t", **asked)
    assert "setting" not in plain.leaderboard.columns
