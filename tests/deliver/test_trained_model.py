"""A trained model read back from its run predicts what it predicted when it was judged."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bakeoff
from bakeoff import DataError, MissingPackageError, RequestError
from bakeoff.runs.folder import RunFolder
from bakeoff.train.keras_backend import need_keras
from tests.small import INPUTS, MODELS, pictures

Make = Callable[[pl.DataFrame, Path], Any]
FORMS: dict[str, Make] = {
    "csv": lambda frame, folder: written(frame, folder / "new.csv"),
    "parquet": lambda frame, folder: written(frame, folder / "new.parquet"),
    "polars": lambda frame, folder: frame,
    "pandas": lambda frame, folder: pd.DataFrame(frame.to_dict(as_series=False)),
    "dict": lambda frame, folder: frame.to_dict(as_series=False),
}


def written(frame: pl.DataFrame, path: Path) -> Path:
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
    return path


def stored(run: bakeoff.Run, model: Any, target: str) -> pl.DataFrame:
    """Return what was predicted for the test rows when the run was judged."""
    return pl.read_parquet(model.place.path / "predictions" / f"{target}.parquet")


def assert_same(found: pl.DataFrame, judged: pl.DataFrame) -> None:
    columns = [name for name in judged.columns if name not in ("row", "truth")]
    assert found.columns == ["row", *columns]
    assert found["row"].to_list() == list(range(1, len(judged) + 1))
    for name in columns:
        if judged[name].dtype == pl.String:
            assert found[name].to_list() == judged[name].to_list()
        else:
            assert np.allclose(found[name], judged[name], rtol=1e-5, atol=1e-6), name


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("model", MODELS)
def test_test_rows_are_predicted_as_they_were_judged(model, form, small_run, people, tmp_path):
    model = small_run.model(model)
    judged = stored(small_run, model, "answer")
    rows = pl.read_csv(people)[(judged["row"] - 1).to_list()]
    assert_same(model.predict(FORMS[form](rows, tmp_path)), judged)


@pytest.mark.parametrize("model", ["constant", "mlp", "cnn", "gru"])
def test_arrays_are_predicted_as_they_were_judged(model, array_run, tmp_path):
    model = array_run.model(model)
    judged = stored(array_run, model, "y")
    x = pictures()[0][(judged["row"] - 1).to_list()]
    np.savez(tmp_path / "new.npz", x=x)
    assert_same(model.predict(x), judged)
    assert_same(model.predict(tmp_path / "new.npz"), judged)


def test_a_number_is_predicted_in_its_own_unit(broken_run, people):
    model = broken_run.model("mlp")
    judged = stored(broken_run, model, "price")
    rows = pl.read_csv(people)[(judged["row"] - 1).to_list()]
    assert_same(model.predict(rows), judged)


def test_the_winner_is_the_best_models_best_fit_in_validation(small_run):
    best = small_run.best
    assert best.fit.job.model == small_run.leaderboard["model"][0]
    assert best.place == small_run.model(best.fit.job.model).place


def test_the_target_is_not_needed_and_not_looked_at(small_run, people):
    rows = pl.read_csv(people)[:5]
    model = small_run.model("mlp")
    without = model.predict(rows.select(INPUTS))
    odd = model.predict(rows.with_columns(answer=pl.lit("no such class")))
    assert without.equals(odd)


def test_the_order_of_columns_and_further_columns_change_nothing(small_run, people):
    rows = pl.read_csv(people)[:5]
    model = small_run.model("mlp")
    turned = rows.select(*reversed(rows.columns), pl.lit(1).alias("more"))
    assert model.predict(turned).equals(model.predict(rows))


def test_a_row_is_predicted_alike_alone_and_among_others(small_run, people):
    rows = pl.read_csv(people)[:4]
    model = small_run.model("mlp")
    alone = pl.concat([model.predict(rows[i : i + 1]) for i in range(4)])
    assert np.allclose(alone["p:yes"], model.predict(rows)["p:yes"], atol=1e-6)


def test_missing_and_unseen_values_are_predicted(small_run):
    rows = pl.DataFrame(
        {"age": [None, 1e9], "colour": [None, "mauve"], "day": [None, "2031-01-01"]}
    )
    for model in MODELS:
        with pytest.warns(UserWarning, match=r"age: 1 value lies beyond .* \(row 2: 1000000000,"):
            assert small_run.model(model).predict(rows)["p:yes"].is_finite().all()


def test_a_cell_that_is_no_number_is_told_and_taken_as_missing(small_run):
    rows = pl.DataFrame({"age": ["old", "20"], "colour": ["red"] * 2, "day": ["2024-01-01"] * 2})
    with pytest.warns(UserWarning, match=r"age: 1 cell is no number.*'old' at row 1"):
        small_run.best.predict(rows)


def test_a_missing_column_is_named(small_run, people):
    with pytest.raises(DataError, match=r"lacks 1 of the columns.*'colour'.*Needed: age, colour"):
        small_run.best.predict(pl.read_csv(people).drop("colour"))


def test_an_array_of_another_shape_is_refused(array_run):
    with pytest.raises(DataError, match="6"):
        array_run.best.predict(np.zeros((3, 5, 6), np.uint8))


def test_an_unknown_model_suggests_the_nearest_of_the_run(small_run):
    with pytest.raises(RequestError, match=r"No model called 'wid' \(.*\)\. Did you mean 'wide'"):
        small_run.model("wid")


def test_a_model_of_which_no_fit_finished_is_refused(broken_run):
    with pytest.raises(RequestError, match="No fit of diverging finished"):
        broken_run.model("diverging")


@pytest.mark.parametrize("status", ["unfinished", "failed"])
def test_a_run_that_did_not_finish_is_refused(status, small_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    RunFolder(folder).mark(status)
    with pytest.raises(DataError, match=f"a run that is {status}"):
        bakeoff.open_run(folder)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(DataError, match="not the folder of a finished run"):
        bakeoff.open_run(tmp_path)


def test_a_fit_of_a_framework_that_is_not_installed_names_the_way_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'bakeoff\[jax\]'"):
        need_keras("jax")


def test_probabilities_stand_in_the_order_of_the_classes(small_run, people):
    model, rows = small_run.model("mlp"), pl.read_csv(people)[:7]
    table, probabilities = model.predict(rows), model.predict_proba(rows)
    assert model.classes == ("no", "yes")
    assert probabilities.shape == (7, 2)
    assert np.allclose(probabilities.sum(1), 1)
    for i, name in enumerate(model.classes):
        assert np.array_equal(table[f"p:{name}"], probabilities[:, i])


def test_a_regression_has_no_probabilities(broken_run, people):
    with pytest.raises(RequestError, match="price has no classes: use predict"):
        broken_run.model("mlp").predict_proba(pl.read_csv(people)[:3])


def test_the_score_of_the_test_rows_is_that_of_the_leaderboard(broken_run, people):
    board = broken_run.leaderboard.filter(pl.col("model") == "mlp")
    model = broken_run.model("mlp")
    rows = pl.read_csv(people)[(stored(broken_run, model, "price")["row"] - 1).to_list()]
    assert model.score(rows) == pytest.approx(board["score"][0], abs=1e-6)


def test_rows_without_a_target_do_not_count_in_a_score(small_run, people):
    rows, model = pl.read_csv(people)[:20], small_run.model("mlp")
    gap = pl.when(pl.int_range(pl.len()) < 10).then(None).otherwise(pl.col("answer"))
    assert model.score(rows.with_columns(answer=gap)) == model.score(rows[10:])
    with pytest.raises(DataError, match=r"No row of .* has a value of 'answer'"):
        model.score(rows.with_columns(answer=pl.lit(None, dtype=pl.String)))
    with pytest.raises(DataError, match="has no column 'answer' to score by"):
        model.score(rows.select(INPUTS))


@pytest.mark.parametrize("name", ["mlp", "boosting"])
def test_a_second_prediction_reads_no_file_of_the_run(name, small_run, people, tmp_path):
    shutil.copytree(small_run.folder, tmp_path / "run")
    model, rows = bakeoff.open_run(tmp_path / "run").model(name), pl.read_csv(people)[:9]
    first = model.predict(rows)
    shutil.rmtree(tmp_path / "run")
    assert model.predict(rows).equals(first)


def test_hundreds_of_predictions_of_one_row_need_no_more_memory(small_run, people):
    import tracemalloc

    model, row = small_run.model("mlp"), pl.read_csv(people)[:1]
    for _ in range(50):
        model.predict(row)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(300):
        model.predict(row)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 200_000  # bytes: less than the weights once


def test_a_model_says_which_it_is(small_run):
    said = repr(small_run.model("mlp"))
    assert said.startswith("<TrainedModel mlp (torch), seed ")
    assert said.endswith(f"of {small_run.folder}>")
