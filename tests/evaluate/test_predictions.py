import numpy as np
import polars as pl
import pytest

from bakeoff.errors import DataError, RunError
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
