"""precision=auto: measured where it can pay, written into the plan, and never measured again."""

from dataclasses import replace
from pathlib import Path

import pytest

import bakeoff
from bakeoff.plan import precision as room
from bakeoff.train import faster_precision as measure
from bakeoff.train.faster_precision import can_be_tried, faster
from tests.train.test_worker import JOB


def test_each_is_timed_in_turn_and_a_small_gain_is_none():
    seen = []
    took = {"float32": 1.0, "bfloat16": 0.9}
    assert faster(lambda name: seen.append(name) or took[name]) == ("float32", 1.0)
    assert seen == ["float32", "bfloat16"] * 3


@pytest.mark.parametrize(
    ("there", "architecture", "framework", "tried"),
    [
        (True, "cnn", "torch", True),
        (False, "cnn", "torch", False),
        (True, "tabm", "torch", False),
        (True, "cnn", "tensorflow", False),
    ],
)
def test_it_is_tried_only_where_it_may_be_chosen(
    there, architecture, framework, tried, monkeypatch
):
    monkeypatch.setattr(measure, "has_bfloat16", lambda: there)
    assert can_be_tried(replace(JOB, architecture=architecture, framework=framework)) == tried


def test_what_was_chosen_stands_in_the_plan_and_is_not_measured_again(tmp_path, capsys):
    run = bakeoff.run(
        "iris", models="mlp,linear", precision="auto", seeds=1, epochs=2, out=tmp_path / "r"
    )
    assert "Measured: " in capsys.readouterr().out
    plan = (run.folder / "bakeoff.toml").read_text("utf-8")
    assert 'precision = "auto"' not in plan
    again = bakeoff.run(Path(run.folder, "bakeoff.toml"), out=tmp_path / "s")
    assert "Measured: " not in capsys.readouterr().out
    assert again.leaderboard["score"].to_list() == run.leaderboard["score"].to_list()


def test_several_are_said_in_one_sentence():
    assert room.say({"mlp": "float32", "rnn": "float32"}) == (
        "Measured: no network is faster in bfloat16 here; all train in float32."
    )
    assert room.say({"cnn": "bfloat16", "resnet": "bfloat16"}) == (
        "Measured: cnn and resnet train in bfloat16."
    )
