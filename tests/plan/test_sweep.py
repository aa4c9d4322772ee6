"""A sweep makes a model of each value, and says what it shows."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.errors import RequestError
from bakeoff.plan.request import request
from bakeoff.plan.sweep import of_data, with_sweeps
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


def test_a_setting_of_the_data_makes_a_run_of_each_value_and_one_table(tmp_path):
    data = tmp_path / "steps.csv"
    steps = np.sin(np.arange(900) / 5)
    times = pl.datetime_range(pl.datetime(2020, 1, 1), interval="1h", closed="left", eager=False,
                              end=pl.datetime(2020, 1, 1) + pl.duration(hours=900))  # fmt: skip
    pl.select(times.alias("t"), pl.lit(pl.Series("y", steps))).write_csv(data)
    words = (
        "run steps.csv --time t --target y --horizon 3 --models ridge_windows,last_value "
        "--vary data.lookback=[6,12] --quiet --out r"
    )
    made = subprocess.run(
        [sys.executable, "-m", "bakeoff", *words.split()], cwd=tmp_path, capture_output=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    told = made.stdout[made.stdout.index("by lookback") :]
    assert "lookback=6" in told
    assert "lookback=12" in told
    assert "Nothing is ranked across values of lookback" in told
    scores = [bakeoff.open_run(tmp_path / "r" / value).leaderboard for value in ("6", "12")]
    assert all(set(rows["model"]) == {"ridge_windows", "last_value"} for rows in scores)
    assert scores[0]["score"].to_list() != scores[1]["score"].to_list()


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("data.lenght=[1,2]", "No setting of the data called 'lenght'"),
        (["data.length=[1,2]", "data.lookback=[1,2]"], "are both of the data"),
    ],
)
def test_a_setting_that_the_data_do_not_have_is_refused(vary, message):
    with pytest.raises(RequestError, match=message):
        of_data(vary)


def test_python_makes_one_run_a_call():
    with pytest.raises(RequestError, match="call it for each value, with length=VALUE"):
        bakeoff.run("iris", vary="data.length=[1,2]", show="none")
