"""Situations of group C that people met with other tools: sequences, through a run."""

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}
LONG = {"target": "y", "sequence": "who", "time": "t"}
PAGES = ("rnn", "lstm", "gru", "lstm_attention", "cnn1d", "tcn", "transformer")


def long(sizes, *, seed=0, level=0.0):
    """Return sequences of so many steps, whose class is the sign of their first value."""
    random = np.random.default_rng(seed)
    sizes = np.asarray(sizes)
    ids, times = np.repeat(np.arange(len(sizes)), sizes), np.concatenate([*map(np.arange, sizes)])
    values = level + random.normal(size=len(ids))
    values[times == 0] = level + np.sign(values[times == 0] - level)
    label = np.where(np.repeat(values[times == 0], sizes) > level, "up", "down")
    return pl.DataFrame({"who": ids, "t": times, "value": values, "y": label})


def sizes(count, least, most, seed=0):
    return np.random.default_rng(seed).integers(least, most + 1, count)


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    return bakeoff.run(
        long(sizes(40, 2, 12)),
        **LONG,
        models=PAGES,
        framework="tensorflow",
        epochs=1,
        out=tmp_path_factory.mktemp("keras") / "run",
        **QUICK,
    )


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", PAGES)
def test_mates_of_any_length_change_no_answer_in_keras(name, keras):
    """C 33: deliver/test_long_table says it of torch, contract/ of all pages."""
    model = keras.model(name)
    few, giant = long([3] * 4, seed=2), long([300], seed=3).with_columns(who=pl.lit(99))
    alone = model.predict_proba(few.filter(pl.col("who") == 0))[0]
    for mates in (few, pl.concat([few, giant.cast(few.schema)])):
        assert np.abs(model.predict_proba(mates)[0] - alone).max() <= 1e-6


@pytest.mark.parametrize("told", [slice(0, 5), slice(995, 1000)])
def test_what_the_first_or_the_last_steps_of_a_thousand_tell_is_found(told, tmp_path):
    """C 41: nothing is cut from either end."""
    x = np.random.default_rng(0).normal(size=(60, 1000, 1)).astype(np.float32)
    y = np.arange(60) % 2
    x[:, told] += np.where(y == 1, 4, -4)[:, None, None]
    run = bakeoff.run((x, y), models=["boosting", "random_kernels"], out=tmp_path / "run", **QUICK)
    assert run.leaderboard["score"].to_list() == [1.0, 1.0]


@pytest.mark.parametrize("longest", [100, 200])
def test_what_is_learned_of_values_comes_from_real_steps_alone(longest):
    """C 45: the padding has no say in mean and spread."""
    counts = np.r_[np.arange(1, 100), longest]
    dataset = read(long(counts, level=10.0), **LONG)
    steps = fit_preparation(dataset, make_split(dataset)).transforms["steps"]
    assert steps.means[0] == pytest.approx(10.0, abs=0.1)
    assert steps.stds[0] == pytest.approx(1.0, abs=0.05)


def test_sequences_shorter_than_a_kernel_are_told_apart_in_a_run(tmp_path):
    """C 47: kernels have nine steps, and these sequences 4 to 8."""
    run = bakeoff.run(
        long(sizes(120, 4, 8)),
        **LONG,
        models=["constant", "random_kernels", "cnn1d"],
        epochs=1,
        out=tmp_path / "run",
        **QUICK,
    )
    scores = dict(run.leaderboard.select("model", "score").iter_rows())
    assert set(run.leaderboard["status"]) == {"finished"}
    assert np.isfinite(list(scores.values())).all()
    assert scores["random_kernels"] > scores["constant"]


def test_ids_that_are_floats_come_back_as_they_came(tmp_path):
    frame = long(sizes(60, 2, 6)).with_columns(who=pl.col("who") + 0.5)
    run = bakeoff.run(frame, **LONG, models=["linear"], out=tmp_path / "run", **QUICK)
    assert run.best.predict(frame)["who"].to_list() == [i + 0.5 for i in range(60)]


def test_new_data_may_use_the_ids_of_the_training_data(tmp_path):
    frame, other = long(sizes(60, 2, 6)), long(sizes(60, 2, 6, seed=4), seed=4)
    run = bakeoff.run(frame, test=other, **LONG, models=["linear"], out=tmp_path / "run", **QUICK)
    assert len(run.predictions) == 60
    assert set(run.predictions["who"].to_list()) == set(range(60))


def test_rows_that_repeat_id_and_time_are_counted():
    frame = long(sizes(60, 2, 6))
    dataset = read(pl.concat([frame, frame[:20]]), **LONG)
    assert len(dataset) == 60
    assert any("20 rows have the t of the row before in the same who" in n for n in dataset.notes)
