import dataclasses

import polars as pl
import pytest

from bakeoff.errors import DataError
from bakeoff.evaluate.metrics import METRICS
from bakeoff.judge.entry import Entry
from bakeoff.judge.leaderboard import make_leaderboard, read_leaderboard, write_leaderboard
from bakeoff.judge.verdict import reach_verdict
from bakeoff.runs.folder import RunFolder

from .test_verdict import bakeoff, drawn_numbers

DOCUMENTED = (
    "rank,tier,model,framework,kind,metric,score,low,high,seeds,test_rows,parameters,"
    "train_seconds,predict_microseconds,status,balanced_accuracy,macro_f1,log_loss,auc,"
    "label,validation,epochs,error"
)


def board(entries, metric="accuracy"):
    return make_leaderboard(entries, reach_verdict(entries, METRICS[metric]))


def test_the_files_have_the_documented_columns_in_order(tmp_path):
    leaderboard = board(bakeoff({"lstm": 0.9, "linear": 0.6, "constant": 0.5}))
    write_leaderboard(leaderboard, RunFolder(tmp_path))
    assert (tmp_path / "leaderboard.csv").read_text().splitlines()[0] == DOCUMENTED
    assert pl.read_csv(tmp_path / "leaderboard.csv").shape == leaderboard.shape
    assert read_leaderboard(RunFolder(tmp_path)).equals(leaderboard)


def test_the_best_comes_first_with_means_over_its_seeds():
    entries = bakeoff({"linear": 0.6, "lstm": 0.9})
    entries = [
        dataclasses.replace(e, parameters=77, train_seconds=1.0 + e.seed, predict_microseconds=3.0)
        for e in entries
    ]
    first, second = board(entries).rows(named=True)
    assert (first["rank"], first["tier"], first["model"], first["kind"]) == (
        1,
        1,
        "lstm",
        "network",
    )
    assert (second["rank"], second["tier"], second["kind"]) == (2, 2, "baseline")
    assert first["score"] == pytest.approx(0.9, abs=0.02)
    assert first["low"] < first["score"] < first["high"]
    assert (first["seeds"], first["parameters"], first["train_seconds"]) == (5, 77, 3.0)
    assert first["validation"] == pytest.approx(0.52)
    assert (first["epochs"], second["epochs"]) == (30, None)


def test_failed_models_come_last_without_a_rank():
    entries = bakeoff({"lstm": 0.9, "linear": 0.6})
    entries.insert(
        0, Entry(model="rnn", framework="torch", seed=0, architecture="rnn", error="Diverged.")
    )
    last = board(entries).rows(named=True)[-1]
    assert (last["model"], last["status"], last["error"]) == ("rnn", "failed", "Diverged.")
    assert (last["rank"], last["tier"], last["score"], last["seeds"]) == (None, None, None, 0)


def test_a_partly_failed_model_counts_the_seeds_that_finished():
    entries = bakeoff({"lstm": 0.9, "gru": 0.6})
    entries[0] = dataclasses.replace(entries[0], predictions=None, error="Out of memory.")
    first = board(entries).rows(named=True)[0]
    assert (first["status"], first["seeds"], first["error"]) == ("finished", 4, "Out of memory.")


def test_frameworks_are_told_apart_in_the_label_only():
    torch = bakeoff({"lstm": 0.9, "linear": 0.6})
    keras = [dataclasses.replace(e, framework="tensorflow") for e in torch if not e.baseline]
    leaderboard = board([*torch, *keras])
    assert leaderboard["label"].to_list() == ["lstm (tensorflow)", "lstm (torch)", "linear"]
    assert leaderboard["model"].to_list() == ["lstm", "lstm", "linear"]
    assert leaderboard["rank"].to_list() == [1, 1, 3]  # equal scores share a rank


def test_a_loss_ranks_the_lowest_first_and_undefined_metrics_are_empty():
    entries = drawn_numbers({"linear": 200, "mlp": 50})
    rows = board(entries, "rmse").rows(named=True)
    assert [row["model"] for row in rows] == ["mlp", "linear"]
    assert rows[0]["low"] < rows[0]["score"] < rows[0]["high"]
    one_class = bakeoff({"lstm": 0.9, "gru": 0.6})
    truth = one_class[0].predictions.truth.copy()
    truth[:] = "yes"
    one_class = [
        dataclasses.replace(e, predictions=dataclasses.replace(e.predictions, truth=truth))
        for e in one_class
    ]
    assert board(one_class)["auc"].to_list() == [None, None]


def test_a_missing_leaderboard_is_refused_by_folder(tmp_path):
    with pytest.raises(DataError, match=r"leaderboard\.parquet is missing"):
        read_leaderboard(RunFolder(tmp_path))
