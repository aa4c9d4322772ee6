import numpy as np
import polars as pl
import pytest

from bakeoff.errors import DataError, RunError
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions


def animals(**changes):
    fields = {
        "target": "animal",
        "rows": np.array([3, 5, 8]),
        "truth": np.array(["cat", "newt", "dog"], dtype=object),
        "scores": np.array([[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]], np.float32),
        "classes": ("cat", "dog"),
        "positive": "dog",
    }
    return Predictions(**{**fields, **changes})


def test_the_file_has_the_documented_columns_in_order(tmp_path):
    write_predictions(animals(), tmp_path / "animal.parquet")
    frame = pl.read_parquet(tmp_path / "animal.parquet")
    assert frame.columns == ["row", "truth", "prediction", "p:cat", "p:dog"]
    assert frame["prediction"].to_list() == ["cat", "dog", "cat"]  # a tie goes to the first class


def test_class_predictions_come_back_bit_for_bit(tmp_path):
    written = animals()
    write_predictions(written, tmp_path / "deep" / "animal.parquet")
    read = read_predictions(tmp_path / "deep" / "animal.parquet")
    assert (read.target, read.classes, read.positive) == ("animal", ("cat", "dog"), "dog")
    for name in ("rows", "truth", "scores"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).dtype == getattr(written, name).dtype


def test_predicted_numbers_come_back_bit_for_bit(tmp_path):
    price = animals(
        truth=np.array([1.5, 2.5, 1e9]),
        scores=np.array([1.25, 2.0, 3.0], np.float32),
        classes=(),
        positive=None,
    )
    write_predictions(price, tmp_path / "price.parquet")
    read = read_predictions(tmp_path / "price.parquet")
    np.testing.assert_array_equal(read.truth, price.truth)
    np.testing.assert_array_equal(read.scores, price.scores)
    assert read.classes == () and read.positive is None


def test_ids_of_sequences_stand_behind_the_row_and_come_back_as_they_were(tmp_path):
    ids = np.array([7, 5, 9], dtype=object)
    write_predictions(animals(ids=ids, id_column="who"), tmp_path / "animal.parquet")
    frame = pl.read_parquet(tmp_path / "animal.parquet")
    assert frame.columns[:3] == ["row", "who", "truth"]
    assert frame["who"].dtype == pl.Int64
    read = read_predictions(tmp_path / "animal.parquet")
    assert (read.ids.tolist(), read.id_column) == ([7, 5, 9], "who")


@pytest.mark.parametrize("column", ["lost", "truth", "p:cat"])
def test_ids_that_are_in_no_column_of_their_own_are_refused(column, tmp_path):
    path = tmp_path / "animal.parquet"
    animals().frame().write_parquet(path, metadata={"bakeoff.id": column})
    with pytest.raises(DataError, match=f"column '{column}' does not hold the id of every row"):
        read_predictions(path)


def test_a_class_unseen_in_training_has_no_index_and_is_counted():
    assert animals().truth_index.tolist() == [0, -1, 1]
    assert animals().num_unseen == 1


def test_scores_that_are_not_finite_name_the_row_and_the_remedy():
    scores = np.array([[0.7, 0.3], [np.nan, 0.6], [0.5, 0.5]])
    with pytest.raises(RunError, match=r"1 of 3 rows are not finite.*row 5.*diverged"):
        animals(scores=scores)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.zeros((3, 3))}, r"scores of shape \(3, 2\)"),
        ({"truth": np.array(["cat"], dtype=object)}, r"truth of shape \(3,\)"),
        ({"positive": "newt"}, "'newt' is not one of"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        animals(**changes)


def test_a_file_of_something_else_is_refused_by_name(tmp_path):
    pl.DataFrame({"row": [1]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="has no column 'truth'"):
        read_predictions(tmp_path / "other.parquet")
    for name in ("broken.parquet", "missing.parquet"):
        with pytest.raises(DataError, match=name):
            read_predictions(tmp_path / name)


def forecast(**changes):
    """Two series, three windows of two steps."""
    period = {
        "times": np.array(["2020-01-01T00", "2020-01-01T01", "2020-01-01T00"], "datetime64[us]"),
        "horizon": 2,
        "std": 1.5,
        "stds": {"north": 0.1, "south": 2.0},
        "seconds": 3600.0,
        "series": np.array(["north", "north", "south"], object),
        "series_column": "place",
        **changes.pop("period", {}),
    }
    fields = {
        "target": "load",
        "rows": np.array([4, 5, 30]),
        "truth": np.array([[1.0, 2.0], [2.0, 3.0], [0.1, 0.2]]),
        "scores": np.array([[1.5, 2.5], [2.5, 3.5], [1 / 3, 1e9]]),
        "period": Period(**period),
        **changes,
    }
    return Predictions(**fields)


def test_a_forecast_has_a_line_for_each_window_and_step(tmp_path):
    write_predictions(forecast(), tmp_path / "load.parquet")
    frame = pl.read_parquet(tmp_path / "load.parquet")
    assert frame.columns == ["row", "series", "time", "step", "truth", "prediction"]
    assert frame["row"].to_list() == [4, 4, 5, 5, 30, 30]
    assert frame["step"].to_list() == [1, 2, 1, 2, 1, 2]
    assert frame["truth"].to_list() == [1.0, 2.0, 2.0, 3.0, 0.1, 0.2]
    assert frame["time"].dtype == pl.Datetime("us")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"series": None, "stds": {}, "series_column": "", "seconds": 0.0},
        {"times": np.array([0.1, 2.0, 3.5])},
    ],
    ids=["several series", "one series", "times that are numbers"],
)
def test_a_forecast_comes_back_bit_for_bit(changes, tmp_path):
    written = forecast(period=changes)
    write_predictions(written, tmp_path / "load.parquet")
    read = read_predictions(tmp_path / "load.parquet")
    for name in ("rows", "truth", "scores"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).dtype == getattr(written, name).dtype
    old, new = written.period, read.period
    np.testing.assert_array_equal(new.times, old.times)
    assert new.times.dtype == old.times.dtype
    assert new.names == old.names
    for name in ("horizon", "std", "stds", "seconds", "series_column"):
        assert getattr(new, name) == getattr(old, name)


def damage(path, change):
    """Write the file of a forecast anew, its table changed."""
    frame = pl.read_parquet(path)
    notes = {k: v for k, v in pl.read_parquet_metadata(path).items() if k != "ARROW:schema"}
    change(frame, notes).write_parquet(path, metadata=notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, n: f.drop("step"), "no column 'step'"),
        (lambda f, n: f.slice(0, 5), "last window has 1 of 2 steps"),
        (lambda f, n: f.reverse(), "line 1 has step 2, where 1 follows"),
        (lambda f, n: f.with_columns(row=pl.Series(range(6))), "'row' is not the same in all"),
        (lambda f, n: f.with_columns(truth=pl.lit("x")), "'truth' does not hold numbers"),
        (lambda f, n: f.with_columns(time=pl.lit(None)), "'time' has empty cells"),
        (lambda f, n: f.with_columns(time=pl.lit("x")), "Stamps are one per window"),
        (lambda f, n: f.with_columns(series=pl.lit("x")), "'x' has no standard deviation"),
        (lambda f, n: f.with_columns(truth=pl.lit(np.inf)), "without a true value"),
        (lambda f, n: f.with_columns(q=pl.lit(1)), "has the column 'q'"),
        (lambda f, n: n.update({"bakeoff.forecast": "{}"}) or f, "horizon is missing"),
        (lambda f, n: n.update({"bakeoff.forecast": "7"}) or f, "not a table of values"),
    ],
)
def test_a_damaged_forecast_is_refused_by_what_is_wrong(change, message, tmp_path):
    path = tmp_path / "load.parquet"
    write_predictions(forecast(), path)
    damage(path, change)
    with pytest.raises(DataError, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.zeros((3, 3))}, r"3 windows and 2 steps ahead need .* \(3, 2\)"),
        ({"truth": np.full((3, 2), np.nan)}, r"3 of 3 windows .* without a true value .*row 4"),
        ({"groups": np.arange(3)}, "has no classes, groups or ids"),
    ],
)
def test_parts_of_a_forecast_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        forecast(**changes)


def test_a_forecast_that_diverged_names_the_row():
    scores = np.array([[1.0, 2.0], [np.inf, 3.0], [1.0, 1.0]])
    with pytest.raises(RunError, match=r"1 of 3 rows are not finite.*row 5"):
        forecast(scores=scores)


def test_one_step_and_some_windows_of_a_forecast_stand_for_themselves():
    second = forecast().at_step(2)
    assert second.truth.tolist() == [[2.0], [3.0], [0.2]] and second.period.horizon == 1
    south = forecast().take(forecast().period.series == "south")
    assert (len(south), south.period.names, south.rows.tolist()) == (1, ("south",), [30])
    with pytest.raises(DataError, match="no forecast step 3"):
        forecast().at_step(3)


def test_groups_stand_in_a_column_of_their_own_and_come_back(tmp_path):
    written = animals(groups=np.array([7, 0, 7]), group_column="patient")
    write_predictions(written, tmp_path / "animal.parquet")
    frame = pl.read_parquet(tmp_path / "animal.parquet")
    assert frame.columns[:3] == ["row", "g:patient", "truth"]
    read = read_predictions(tmp_path / "animal.parquet")
    assert (read.groups.tolist(), read.group_column) == ([7, 0, 7], "patient")
    assert read_predictions(tmp_path / "animal.parquet").classes == ("cat", "dog")


def test_an_id_may_be_called_as_groups_are_marked(tmp_path):
    ids = np.array([7, 5, 9], dtype=object)
    write_predictions(animals(ids=ids, id_column="g:who"), tmp_path / "animal.parquet")
    read = read_predictions(tmp_path / "animal.parquet")
    assert (read.ids.tolist(), read.groups) == ([7, 5, 9], None)


@pytest.mark.parametrize("groups", [np.arange(2), np.array([0.0, 1.0, 1.0])])
def test_groups_that_do_not_fit_are_refused(groups):
    with pytest.raises(DataError, match="3 rows need an integer each for their group"):
        animals(groups=groups)
