"""Promises of a run on a long table: sequences come back with their ids, whatever is near."""

import numpy as np
import polars as pl
import pytest

import bakeoff

pytestmark = pytest.mark.filterwarnings("ignore:.* not stand in the order of t")
MODELS = ("lstm", "gru", "rnn", "cnn1d", "tcn", "transformer", "lstm_attention", "linear")


def long(count, *, seed=0, lengths=(2, 50)):
    """Return sequences whose class is the sign of their first value; rows in no order."""
    random = np.random.default_rng(seed)
    sizes = random.integers(lengths[0], lengths[1] + 1, count)
    ids = np.repeat(np.arange(count) + 1000, sizes)
    times = np.concatenate([np.arange(size) for size in sizes])
    values = random.normal(size=len(ids))
    firsts = np.sign(values[times == 0])
    values[times == 0] = firsts
    frame = pl.DataFrame({"t": times, "who": ids, "value": values})
    frame = frame.with_columns(y=pl.Series(np.where(np.repeat(firsts, sizes) > 0, "up", "down")))
    return frame.sample(fraction=1, shuffle=True, seed=seed)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    long(120).write_csv(folder / "long.csv")
    return bakeoff.run(
        folder / "long.csv",
        "y",
        sequence="who",
        time="t",
        models=MODELS,
        seeds=1,
        epochs=2,
        out=folder / "run",
        show="none",
    )


def test_predictions_join_back_to_the_file_by_id(run):
    new = long(30, seed=1).drop("y")
    table = run.best.predict(new)
    assert table.columns[:3] == ["row", "who", "prediction"]
    assert len(new.join(table, on="who")) == len(new)
    assert table["who"].to_list() == new["who"].unique(maintain_order=True).to_list()
    firsts = new.with_row_index("row", offset=1).group_by("who").agg(pl.col("row").min())
    assert table.join(firsts, on=["who", "row"]).height == 30


def test_predictions_of_the_run_hold_the_ids(run):
    table = run.predictions
    assert table.columns[3:5] == ["row", "who"]
    truth = long(120).group_by("who").agg(pl.col("y").first())
    joined = table.join(truth, on="who")
    assert len(joined) == len(table)
    assert (joined["truth"] == joined["y"]).all()


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_is_predicted_alike_alone_and_beside_any_other(run, name):
    model = run.model(name)
    few = long(5, seed=2, lengths=(3, 3))
    other = long(1, seed=3, lengths=(300, 300)).with_columns(who=pl.col("who") + 5000)
    alone = model.predict_proba(few.filter(pl.col("who") == few["who"][0]))[0]
    for mates in (few, pl.concat([few, other])):
        assert np.abs(model.predict_proba(mates)[0] - alone).max() <= 1e-6


def test_the_toml_of_the_run_reads_the_same_sequences(run):
    from bakeoff.plan.experiment_file import read_experiment
    from bakeoff.plan.plan import read_data
    from bakeoff.runs.read_schema import read_fingerprint

    again = read_data(read_experiment(run.folder / "bakeoff.toml"), {})
    assert again.fingerprint == read_fingerprint(run.files)


def test_score_counts_sequences(run):
    assert run.best.score(long(4, seed=4)) in {0, 0.25, 0.5, 0.75, 1}


def test_the_first_value_is_found_by_a_reading_from_behind(tmp_path):
    both = {"bidirectional": True, "hidden_sizes": [16]}
    run = bakeoff.run(
        long(200),
        "y",
        sequence="who",
        time="t",
        models={"lstm": both, "gru": both},
        seeds=1,
        epochs=20,
        lr=0.01,
        out=tmp_path / "run",
        show="none",
    )
    assert run.leaderboard["score"].to_list() == [1.0, 1.0]
