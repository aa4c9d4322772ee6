"""Series of an array, (N, S, K): each is a target, as many steps of each are predicted at once."""

import numpy as np
import pytest

import bakeoff
from bakeoff.data.read import read
from bakeoff.errors import RequestError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6, 2)).astype("float32")
LAST = X.cumsum(1)[:, -1]
Y = LAST[:, None, :] * np.arange(1, 5)[:, None] * [10.0, 0.1] + [100.0, 0.0]  # (90, 4, 2)
QUICK = {"seeds": 1, "epochs": 2, "show": "none"}


def scores(run: bakeoff.Run, target: str = "") -> dict[str, float]:
    """Return model -> score, of one target of several."""
    board = run.leaderboard
    rows = board.filter(board["target"] == target) if target else board
    return dict(rows.select("model", "score").rows())


def test_each_of_several_series_scores_as_it_does_alone(tmp_path):
    models = ["linear", "constant"]
    both = bakeoff.run(X, Y, models=models, out=tmp_path / "both", **QUICK)
    for k in (0, 1):
        alone = bakeoff.run(X, Y[:, :, k : k + 1], models=models, out=tmp_path / f"{k}", **QUICK)
        for model, score in scores(alone).items():
            assert scores(both, f"y_{k}")[model] == pytest.approx(score, abs=1e-6)


def test_every_network_of_series_predicts_several_and_is_read_back(tmp_path):
    unknown = Y.copy()
    unknown[3, 1, 1] = np.nan
    run = bakeoff.run({"x": X, "y": unknown}, out=tmp_path / "run", **QUICK)
    assert {"rnn_seq2seq", "vector_to_sequence", "transformer_seq2seq", "gru"} <= scores(
        run, "y_1"
    ).keys()
    assert not run.leaderboard["score"].is_null().any()
    new = run.best.predict({"x": X[:3]})
    assert new.columns == ["row", "step", "prediction:y_0", "prediction:y_1"]
    assert new["step"].to_list() == [1, 2, 3, 4] * 3
    assert run.best.score({"x": X, "y": Y}) > 0.5


def test_a_series_is_no_target_beside_one_number_a_row(tmp_path):
    data = {"x": X, "walk": Y[:, :, :1], "size": LAST[:, 0]}
    with pytest.raises(RequestError, match="beside other series of as many steps"):
        bakeoff.run(data, "size,walk", out=tmp_path / "run", **QUICK)


@pytest.mark.parametrize("lengths", [False, True])
def test_ones_among_zeros_are_the_class_of_each_step(lengths):
    codes = RNG.integers(0, 3, (20, 6))
    one_hot = np.eye(3)[codes]
    given = {"x": X[:20]}
    if lengths:  # behind the end there is no class
        given["x_lengths"] = RNG.integers(3, 7, 20)
        one_hot[np.arange(6) >= given["x_lengths"][:, None]] = 0
    named = read({**given, "y": one_hot})
    plain = read({**given, "y": codes[:, :, None]}, kinds={"y": "steps:category"})
    assert named.schema.tasks == {"y": "step_classes"}
    assert named.schema.columns[-1].form == plain.schema.columns[-1].form
    assert np.array_equal(named.arrays["y"].steps, plain.arrays["y"].steps)


@pytest.mark.parametrize("ones", [True, False])
def test_classes_of_other_steps_than_the_input_are_written_as_a_text(ones, tmp_path):
    codes = RNG.integers(0, 3, (40, 5))
    data = {"x": np.eye(3)[codes], "y": codes[:, :3]}
    if ones:
        data["y"] = np.eye(3)[data["y"]]
    np.savez(tmp_path / "d.npz", **data)
    kinds = {} if ones else {"kinds": {"y": "steps:category"}}
    run = bakeoff.run(
        tmp_path / "d.npz", models=["rnn_seq2seq"], out=tmp_path / "run", **kinds, **QUICK
    )
    assert "3 classes a row" in str(run.folder.joinpath("data", "schema.json").read_text("utf-8"))
    assert run.best.score(tmp_path / "d.npz") > 0
    again = bakeoff.run(tmp_path / "run" / "bakeoff.toml", out=tmp_path / "again", show="none")
    assert scores(again) == scores(run)


def test_more_series_than_can_be_predicted_at_once_are_refused_with_the_way_on():
    with pytest.raises(bakeoff.DataError, match=r"give some of them, as y\[:, :, :10\]"):
        read((X, RNG.normal(size=(90, 4, 12))))
