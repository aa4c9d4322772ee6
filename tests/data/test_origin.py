"""Promises of where rows come from."""

import numpy as np
import pytest

from bakeoff.data.read import read
from bakeoff.errors import DataError

Y = [0, 1] * 20


def test_files_of_one_name_are_told_apart_by_their_part(tmp_path):
    for folder in ("train", "test"):
        (tmp_path / folder).mkdir()
        lines = [f"{i}.{len(folder)},{i % 2}" for i in range(40)]
        (tmp_path / folder / "data.csv").write_text("\n".join(["a,y", *lines]))
    dataset = read(tmp_path / "train/data.csv", target="y", test=tmp_path / "test/data.csv")
    assert dataset.place(41) == "row 2 of the test data"


def test_a_bad_cell_of_a_test_file_is_named_by_its_row_there(tmp_path):
    lines = ["a,y", *(f"{i}.5,{i % 2}" for i in range(40))]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    (tmp_path / "test.csv").write_text("\n".join([*lines[:31], "oops,1"]))
    dataset = read(tmp_path / "train.csv", target="y", test=tmp_path / "test.csv")
    assert any("'oops' at row 31 of test.csv" in note for note in dataset.notes)


def test_arrays_that_name_parts_count_the_rows_of_each():
    x, lengths = np.ones((40, 5, 2)), np.full(40, 5)
    given = {"x_train": x, "y_train": Y, "x_test": x[:20], "y_test": Y[:20]}
    lengths = {"x_train_lengths": lengths, "x_test_lengths": np.arange(20)}
    assert read(given).place(40) == "row 1 of x_test"
    with pytest.raises(DataError, match="row 7 of x_test has 6"):
        read({**given, **lengths})


def test_one_part_under_two_names_is_refused():
    x = np.ones((40, 3))
    parts = {f"x_{part}": x for part in ("train", "val", "validation", "test")}
    with pytest.raises(DataError, match="x_validation and x_val"):
        read({**parts, **{f"y{name[1:]}": Y for name in parts}})
