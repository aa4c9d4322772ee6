"""Several labels as one target: how they are named, read, refused and told."""

import numpy as np
import polars as pl
import pytest

from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.preparation_file import load_preparation
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import counts, make_split
from bakeoff.errors import DataError, RequestError


def table(n: int = 120, **columns: object) -> dict[str, object]:
    """Make a table of one number and three labels."""
    random = np.random.default_rng(0)
    made = {f"is_{name}": (random.random(n) < 0.4).astype(int) for name in "abc"}
    return {"x": random.normal(size=n), **made, **columns}


def test_columns_of_a_glob_are_one_target_named_by_its_beginning():
    dataset = read(table(), target="is_*")
    assert dataset.target == "is"
    assert dataset.schema.tasks == {"is": "multilabel"}
    assert dataset.schema.inputs == ("x",)
    assert dataset.arrays["is"].shape == (120, 3)
    assert dataset.schema.predicted == ("is_*",)
    assert repr(dataset) == "<Dataset 120 rows, 1 input, target is (3 labels)>"


def test_a_name_that_is_taken_gets_a_stroke_and_a_glob_without_beginning_is_called_labels():
    assert read(table(**{"is": list(range(120))}), target="is_*").target == "is_"
    assert read(table(), target="*_[abc]").target == "labels"


def test_a_glob_of_one_column_is_that_column():
    dataset = read(table(), target="*_a")
    assert (dataset.target, dataset.schema.tasks["is_a"]) == ("is_a", "binary")


def test_a_column_called_like_a_glob_is_a_column():
    assert read(table(**{"is_*": ["u", "v"] * 60}), target="is_*").target == "is_*"


def test_words_for_yes_and_no_are_labels_and_empty_cells_are_not_known():
    words = [["yes", "no", ""][i % 3] for i in range(120)]
    dataset = read(table(is_a=words), target="is_*")
    column = dataset.arrays["is"][:3, 0]
    assert column[:2].tolist() == [1.0, 0.0]
    assert np.isnan(column[2])
    assert any("is_a in 40" in note for note in dataset.notes)


def test_a_row_without_any_label_known_is_left_out_and_counted():
    made = {f"is_{n}": [None, *[0, 1] * 59, 1] for n in "abc"}
    dataset = read(table(**made), target="is_*")
    assert len(dataset) == 119
    assert "1 row is left out: no value of is." in dataset.notes


def test_a_cell_that_is_no_label_is_named():
    with pytest.raises(DataError, match=r"is_b holds '2' at row 3, .* are 0 or 1"):
        read(table(is_b=[0, 1, 2] * 40), target="is_*")


def test_a_column_of_the_target_is_no_input():
    with pytest.raises(RequestError, match="'is_a' is a column of the target 'is_\\*'"):
        read(table(), target="is_*", inputs=["x", "is_a"])


def test_a_copied_label_is_told_and_rare_ones_are_not():
    made = table()
    note = "is_a and is_d agree in 100.0 % of the rows"
    assert any(note in n for n in read({**made, "is_d": made["is_a"]}, target="is_*").notes)
    rare = {f"is_{k}": (np.arange(1000) == k).astype(int) for k in range(5)}
    assert not any(
        "agree" in n for n in read({"x": np.arange(1000) % 7, **rare}, target="is_*").notes
    )


def test_parts_have_each_label_in_proportion():
    rare = (np.arange(120) % 20 == 0).astype(int)
    dataset = read(table(is_a=rare), target="is_*")
    split = make_split(dataset, None, seed=0)
    assert split.how == "random, stratified by the rarest label of a row, seed 0"
    assert [part["classes"]["is_a"] for part in counts(dataset, split).values()] == [4, 1, 1]


def test_what_was_fitted_is_read_back_with_its_labels(tmp_path):
    dataset = read(table(), target="is_*")
    fitted = fit_preparation(dataset, make_split(dataset, None, seed=0))
    fitted.save(tmp_path)
    back = load_preparation(tmp_path)
    assert (back.task, back.classes) == ("multilabel", ("is_a", "is_b", "is_c"))
    assert back.schema == fitted.schema


def test_new_data_need_no_labels_and_may_have_them():
    made = table()
    schema = read(made, target="is_*").schema
    assert "is" not in read_inputs(pl.DataFrame({"x": made["x"]}), schema).arrays
    assert read_inputs(pl.DataFrame(made), schema).arrays["is"].shape == (120, 3)


def test_an_array_of_0_and_1_is_labels_unless_each_row_has_one():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(90, 4)), (random.random((90, 3)) < 0.5).astype(int)
    dataset = read((x, y))
    assert (dataset.schema.tasks, dataset.arrays["y"].shape) == ({"y": "multilabel"}, (90, 3))
    hot = np.eye(3, dtype=int)[np.arange(90) % 3]
    assert read((x, hot)).schema.tasks == {"y": "multiclass"}
    assert read((x, hot), kinds={"y": "labels"}).schema.tasks == {"y": "multilabel"}


def test_labels_have_no_positive_class():
    with pytest.raises(RequestError, match="needs two classes, but 'is' is 3 labels"):
        read(table(), target="is_*", positive="is_a")
