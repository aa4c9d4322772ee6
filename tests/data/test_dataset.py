"""Promises of a dataset."""

import numpy as np
import pytest
from torch.utils.data import DataLoader

from bakeoff.data.read import read, read_inputs

NUMBERS = np.linspace(0.1, 7.3, 60)


def dataset_of(y, **options):
    return read({"a": NUMBERS[: len(y)], "y": y}, target="y", **options)


def test_one_fingerprint_for_one_content():
    first, second = dataset_of([0, 1] * 30), dataset_of([0, 1] * 30)
    assert first.fingerprint == second.fingerprint
    assert dataset_of([1, 0] * 30).fingerprint != first.fingerprint
    assert dataset_of([0, 1] * 30, kinds={"a": "category"}).fingerprint != first.fingerprint


def test_a_dataset_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        dataset_of([0, 1] * 30).arrays["a"][0] = 5.0


@pytest.mark.parametrize(
    ("y", "about"),
    [
        (["u", "v", "w"] * 20, "target y (3 classes)"),
        ([0, 1] * 30, "target y (binary)"),
        (NUMBERS**2, "target y (a number)"),
    ],
)
def test_a_dataset_prints_in_one_line(y, about):
    assert repr(dataset_of(y)) == f"<Dataset 60 rows, 1 input, {about}>"


def test_new_data_print_without_a_target():
    schema = dataset_of([0, 1] * 30).schema
    assert repr(read_inputs({"a": [1.5, 2.5]}, schema)) == "<Dataset 2 rows, 1 input>"


def test_rows_of_a_part_keep_their_place():
    dataset = read(
        {"a": NUMBERS, "y": [0, 1] * 30}, target="y", test={"a": [0.1, 0.2], "y": [0, 1]}
    )
    last = dataset[[60, 61]]
    assert (last.rows.tolist(), last.parts.tolist()) == ([1, 2], ["test", "test"])
    assert (dataset.place(59), last.place(1)) == (
        "row 60 of the train data",
        "row 2 of the test data",
    )


def test_one_row_is_a_dict_that_a_data_loader_can_take():
    days = np.datetime64("2020-01-01", "us") + np.arange(60).astype("timedelta64[D]")
    words = [None, "u", "v"] * 20
    dataset = read({"a": NUMBERS, "w": words, "d": days, "y": [0, 1] * 30}, target="y")
    row = dataset[0]
    assert (row["w"], row["d"][:10], row["y"]) == ("", "2020-01-01", "0")
    assert dataset[-1]["w"] == "v"
    batch = next(iter(DataLoader(dataset, batch_size=4)))
    assert batch["a"].tolist() == NUMBERS[:4].tolist()
    assert batch["w"] == ["", "u", "v", ""]


def test_a_data_loader_takes_pictures_and_sequences():
    x = np.zeros((30, 6, 5, 3), np.uint8)
    steps = np.zeros((30, 7, 2))
    for values in (x, steps):
        dataset = read((values, np.arange(30) % 2))
        [name] = dataset.schema.inputs
        assert next(iter(DataLoader(dataset, batch_size=8)))[name].shape == (8, *values.shape[1:])
        assert len(dataset[[3, 4]]) == 2
