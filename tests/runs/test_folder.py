"""The run folder: exactly the promised files, none that can run code, and never half of one."""

import csv
import json
import tomllib

import numpy as np
import polars as pl
import pytest

from bakeoff import DataError, RequestError, RunError
from bakeoff.catalog import CATALOG, arguments
from bakeoff.documents import FORMAT, read_json, write_json
from bakeoff.runs.folder import RunFolder, check_free, new_folder, open_folder
from bakeoff.train.recipe import SETTINGS
from tests.small import MODELS, ROWS

RUN = {
    "bakeoff.toml",
    "environment.json",
    "leaderboard.csv",
    "leaderboard.parquet",
    "report.html",
    "status.json",
    "verdict.json",
}
DATA = {
    "fingerprint.json",
    "findings.json",
    "schema.json",
    "split.parquet",
    "transforms.json",
    "transforms.safetensors",
}
FIT = ("fit.json", "weights.safetensors", "predictions/answer.parquet")
COLUMNS = (  # of leaderboard.csv, in the order that scripts rest on
    *("rank", "tier", "model", "framework", "kind", "metric", "score", "low", "high"),
    *("seeds", "test_rows", "parameters", "train_seconds", "predict_microseconds", "status"),
)
TIMINGS = ("train_seconds", "predict_microseconds")


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_exactly_the_promised_files(small_run):
    expected = RUN | {f"data/{name}" for name in DATA}
    for name in ("constant", "linear", "boosting"):  # they draw nothing at random: fitted once
        expected |= {f"fits/{name}/sklearn-0-0/{it}" for it in FIT}
    for name in ("mlp", "wide"):
        for seed in (0, 1):
            expected |= {f"fits/{name}/torch-0-{seed}/{it}" for it in (*FIT, "history.parquet")}
    assert files_of(small_run.folder) == expected


def test_no_file_of_a_run_can_run_code(small_run, array_run, broken_run):
    for run in (small_run, array_run, broken_run):
        endings = {name.rpartition(".")[2] for name in files_of(run.folder)}
        assert endings == {"toml", "json", "parquet", "safetensors", "csv", "html"}


def test_every_json_file_names_its_format(small_run):
    for path in small_run.folder.rglob("*.json"):
        assert json.loads(path.read_text("utf-8"))["format"] == FORMAT, path
    assert tomllib.loads((small_run.folder / "bakeoff.toml").read_text("utf-8"))["format"] == 2


def test_the_leaderboard_begins_with_the_promised_columns(small_run):
    with (small_run.folder / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0])[: len(COLUMNS)] == COLUMNS
    assert {"balanced_accuracy", "macro_f1", "log_loss", "auc"} <= set(rows[0])
    assert {row["model"] for row in rows} == set(MODELS)
    assert [int(row["rank"]) for row in rows] == sorted(int(row["rank"]) for row in rows)


def test_the_leaderboard_says_the_same_in_both_formats(small_run):
    table = pl.read_parquet(small_run.folder / "leaderboard.parquet")
    again = pl.read_csv(small_run.folder / "leaderboard.csv")
    assert table.columns == again.columns
    assert table["model"].to_list() == again["model"].to_list()
    assert np.allclose(table["score"], again["score"])


def test_predictions_hold_the_test_rows_their_truth_and_a_probability_for_each_class(small_run):
    split = pl.read_parquet(small_run.folder / "data" / "split.parquet")
    rows = split.filter(pl.col("part") == "test")["row"].to_list()
    for path in small_run.folder.glob("fits/*/*/predictions/answer.parquet"):
        table = pl.read_parquet(path)
        assert table.columns == ["row", "truth", "prediction", "p:no", "p:yes"]
        assert table["row"].to_list() == rows
        assert np.allclose(table["p:no"] + table["p:yes"], 1)


def test_a_regression_is_predicted_in_the_unit_of_its_target(broken_run):
    path = broken_run.folder / "fits" / "mlp" / "torch-0-0" / "predictions" / "price.parquet"
    table = pl.read_parquet(path)
    assert table.columns == ["row", "truth", "prediction"]
    assert 20 < table["prediction"].mean() < 140


def test_every_row_stands_in_one_part(small_run):
    split = pl.read_parquet(small_run.folder / "data" / "split.parquet")
    assert sorted(split["row"]) == list(range(1, ROWS + 1))
    assert set(split["part"]) == {"train", "validation", "test"}


def test_every_default_is_written_out_in_the_runs_bakeoff_toml(small_run):
    document = tomllib.loads((small_run.folder / "bakeoff.toml").read_text("utf-8"))
    assert set(document) == {"format", "data", "kinds", "run", "recipe", "models"}
    assert document["data"]["positive"] == "yes"
    assert document["data"]["split"] == "random:70/15/15"
    assert document["run"]["metric"] == "accuracy"
    assert set(document["recipe"]) == set(SETTINGS)
    for name in MODELS:
        row = CATALOG[document["models"][name]["architecture"]]
        assert set(arguments(row)) <= set(document["models"][name])


def test_a_run_can_be_made_again_from_its_own_bakeoff_toml(small_run, run_again):
    first, second = (
        pl.read_parquet(folder / "leaderboard.parquet").drop(TIMINGS)
        for folder in (small_run.folder, run_again.folder)
    )
    assert first.equals(second)


def test_results_do_not_depend_on_the_number_of_workers(small_run, run_again):
    compared = 0
    for path in small_run.folder.glob("fits/**/*"):
        other = run_again.folder / path.relative_to(small_run.folder)
        if path.name == "weights.safetensors":
            assert path.read_bytes() == other.read_bytes(), path
            compared += 1
        elif path.parent.name == "predictions":
            assert pl.read_parquet(path).equals(pl.read_parquet(other)), path
            compared += 1
    assert compared >= 2 * 7


def test_a_fit_is_read_as_it_was_written(small_run):
    fit, validation = RunFolder(small_run.folder).fit("wide", "torch", 1).read()
    assert (fit.job.model, fit.job.architecture, fit.job.seed) == ("wide", "mlp", 1)
    assert fit.job.recipe["lr"] == 0.01
    assert fit.job.arguments["hidden_sizes"] == [96]
    assert (fit.status, fit.epochs) == ("finished", 2)
    assert 0 <= validation <= 1


def test_a_failed_fit_leaves_its_reason_and_no_weights(broken_run):
    place = RunFolder(broken_run.folder).fit("diverging", "torch", 0)
    assert "loss is" in place.read()[0].error
    assert files_of(place.path) == {"fit.json"}


def test_a_folder_that_holds_something_is_refused(tmp_path):
    check_free(RunFolder(tmp_path / "new"))
    check_free(RunFolder(tmp_path))
    (tmp_path / "old").write_text("")
    for taken in (tmp_path, tmp_path / "old"):
        with pytest.raises(RequestError, match=r"never overwrites another\. Choose another out="):
            check_free(RunFolder(taken))


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be made"):
        new_folder(tmp_path / "file" / "run", "run")


def test_a_folder_that_is_refused_is_named_as_it_was_given(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_text("")
    with pytest.raises(RequestError, match=r"^old exists already"):
        new_folder("old", "run", here=tmp_path)


@pytest.mark.parametrize("name", ["a" * 300, "file/run"])
def test_a_folder_that_cannot_be_looked_into_is_told_in_a_sentence(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"(used|made): .*\. Choose another out="):
        new_folder(tmp_path / name, "run")


def test_a_working_folder_that_is_gone_is_told_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(RequestError, match="The folder that you work in is gone"):
        new_folder("run", "run")


def test_a_folder_that_nothing_can_be_written_into_is_not_left_behind(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(RunError, match=r"status\.json cannot be written: No space left on device"):
        new_folder(tmp_path / "run", "run")
    assert not (tmp_path / "run").exists()


def test_a_second_run_of_the_same_data_gets_a_number(tmp_path):
    made = [new_folder(None, "water", here=tmp_path) for _ in range(3)]
    assert [folder.given for folder in made] == ["runs/water", "runs/water-2", "runs/water-3"]
    assert all(folder.path == tmp_path / folder.given for folder in made)


def test_a_new_folder_is_unfinished_until_it_is_said_otherwise(tmp_path):
    folder = new_folder(tmp_path / "run", "run")
    with pytest.raises(DataError, match="a run that is unfinished"):
        open_folder(folder.path)
    folder.mark("failed", error="why")
    with pytest.raises(DataError, match="a run that is failed"):
        open_folder(folder.path)
    folder.mark("finished")
    assert open_folder(folder.path) == folder


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"status": "finished"}', '{"format": 2, "status": 3}', "\x00", "[" * 10**5],
)
def test_what_is_not_the_folder_of_a_run_is_refused(text, tmp_path):
    (tmp_path / "status.json").write_text(text, "utf-8")
    with pytest.raises(DataError):
        open_folder(tmp_path)


def test_a_json_file_is_replaced_in_one_step(tmp_path):
    write_json(tmp_path / "a" / "x.json", {"größe": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a" / "x.json", {"größe": object()})
    assert read_json(tmp_path / "a" / "x.json", {"größe": int}) == {"größe": 1}
    assert files_of(tmp_path / "a") == {"x.json"}


def test_a_folder_of_another_format_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "status.json").write_text('{"format": 1, "status": "finished"}', "utf-8")
    with pytest.raises(DataError, match=r"is of format 1, and this bakeoff reads 2: run it again"):
        open_folder(tmp_path)
