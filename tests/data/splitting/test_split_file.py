"""Promises of split.parquet."""

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.data.splitting.split_file import load_split, save_split, summarise_split
from bakeoff.errors import DataError


def data(rows=200, **columns):
    columns.setdefault("y", [i % 2 for i in range(rows)])
    return read({"a": np.linspace(0.5, 9.7, rows), **columns}, target="y")


def test_a_split_comes_back_from_its_file(tmp_path):
    dataset = data(patient=[f"p{i % 23}" for i in range(200)])
    split = make_split(dataset, "group:patient", seed=3)
    save_split(split, tmp_path / "split.parquet", dataset)
    loaded = load_split(tmp_path / "split.parquet", dataset)
    for part, again in zip(split.parts, loaded.parts, strict=True):
        np.testing.assert_array_equal(part, again)
    assert (loaded.method, loaded.how, loaded.seed) == ("group", split.how, 3)
    assert loaded.by == ("patient",)


def test_the_file_of_a_split_names_rows_of_the_users_file(tmp_path):
    dataset = data(y=[None, *[0, 1] * 100, None][:200])
    split = make_split(dataset)
    save_split(split, tmp_path / "split.parquet", dataset)
    frame = pl.read_parquet(tmp_path / "split.parquet")
    assert frame.columns == ["row", "part"]
    test = frame.filter(pl.col("part") == "test")["row"].to_list()
    assert test == dataset.rows[split.test].tolist() == (split.test + 2).tolist()


def test_a_split_of_separate_files_names_the_file_and_comes_back(tmp_path):
    train, test = ({"a": np.linspace(0, n, 40), "y": [0, 1] * 20} for n in (1, 2))
    dataset = read(train, target="y", test=test)
    split = make_split(dataset)
    save_split(split, tmp_path / "split.parquet", dataset)
    frame = pl.read_parquet(tmp_path / "split.parquet")
    assert frame.filter(pl.col("part") == "test")["row"].to_list() == list(range(1, 41))
    assert set(frame["file"]) == {"the train data", "the test data"}
    again = load_split(tmp_path / "split.parquet", dataset)
    assert again.method == "files"
    for part, same in zip(split.parts, again.parts, strict=True):
        np.testing.assert_array_equal(part, same)


def test_the_file_of_a_split_tells_its_sizes_without_the_data(tmp_path):
    dataset = data()
    save_split(make_split(dataset), tmp_path / "split.parquet", dataset)
    summary = summarise_split(tmp_path / "split.parquet")
    assert summary.sizes == {"train": 140, "validation": 30, "test": 30}
    assert summary.how == "random, stratified, seed 0"
    assert {part: sum(tally.values()) for part, tally in summary.classes.items()} == summary.sizes


def test_a_split_of_other_data_is_refused(tmp_path):
    dataset = data()
    save_split(make_split(dataset), tmp_path / "split.parquet", dataset)
    with pytest.raises(DataError, match="names row 151, which the table does not have"):
        load_split(tmp_path / "split.parquet", data(150))
