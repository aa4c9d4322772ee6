"""Promises of part tables: a folder with train.csv and test.csv is a table in parts."""

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import BakeoffError, DataError

from ...pictures import folder, picture

RANDOM = np.random.default_rng(0)


def write(path, rows, *, target=True):
    path.parent.mkdir(exist_ok=True)
    columns = {"a": RANDOM.normal(size=rows), "b": RANDOM.normal(size=rows)}
    y = {"y": ["u", "v"] * (rows // 2)} if target else {}
    frame = pl.DataFrame(columns | y)
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)


def parts_of(dataset):
    names, counts = np.unique(dataset.origin.parts.astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def test_a_table_of_each_part_and_several_files_of_one(tmp_path):
    for i, rows in enumerate((40, 20)):
        write(tmp_path / f"train-0000{i}-of-00002.parquet", rows)
    write(tmp_path / "test-00000-of-00001.parquet", 10)
    dataset = read(tmp_path, target="y")
    assert parts_of(dataset) == {"test": 10, "train": 60}
    assert "are the train data." in dataset.notes[0]


@pytest.mark.parametrize("name", ["{}.csv", "titanic_{}.csv", "{}-1.csv"])
def test_parts_may_be_called_after_the_data(tmp_path, name):
    for part, rows in (("train", 40), ("val", 10), ("test", 12)):
        write(tmp_path / name.format(part), rows)
    assert parts_of(read(tmp_path, target="y")) == {"train": 40, "validation": 10, "test": 12}


def test_a_part_without_the_target_and_a_sample_are_left_out_and_told(tmp_path):
    write(tmp_path / "train.csv", 40)
    write(tmp_path / "test.csv", 10, target=False)
    write(tmp_path / "sample_submission.csv", 10)
    dataset = read(tmp_path, target="y")
    assert len(dataset) == 40
    assert "test.csv has no values of y: it is left out for prediction." in dataset.notes
    assert any("sample_submission.csv" in note for note in dataset.notes)


def test_files_of_a_part_are_read_as_one_file_would_be(tmp_path):
    rows = "".join(f"{i},5;{i}.234;{i % 2}\n" for i in range(1, 21))
    for name in ("train_0.csv", "train_1.csv", "test.csv"):
        (tmp_path / name).write_text(f"a;b;y\n{rows}{len(name)},7;9.876;1\n")
    dataset = read(tmp_path, target="y")
    assert dataset.arrays["b"][0] == 1234, "a comma is the decimal mark"
    assert dataset.schema.column("y").form.labels == "integer"
    assert dataset.origin.place(30) == "row 31 of train_0.csv and train_1.csv"


@pytest.mark.parametrize("name", ["iris", "imdb"])
def test_a_known_name_wins_over_a_folder_of_that_name(tmp_path, monkeypatch, name):
    write(tmp_path / name / "train.csv", 40)
    write(tmp_path / name / "test.csv", 10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BAKEOFF_DATA", raising=False)
    assert parts_of(read(f"./{name}", target="y")) == {"test": 10, "train": 40}
    if name == "iris":
        assert len(read(name)) == 150
    else:
        with pytest.raises(BakeoffError, match="imdb"):  # it is looked for, or to be downloaded
            read(name)


def test_recordings_stay_a_sequence_each(tmp_path):
    for name in ("walk_train", "walk_test", "run_train", "run_test"):
        write(tmp_path / f"{name}.csv", 12)
    assert read(tmp_path, target="y").schema.inputs == ("steps",)


def test_files_of_a_part_with_other_columns_are_refused(tmp_path):
    write(tmp_path / "train_0.csv", 20)
    write(tmp_path / "train_1.csv", 20, target=False)
    with pytest.raises(DataError, match=r"train_1\.csv has other columns than train_0\.csv: y"):
        read(tmp_path, target="y")


def pictures(names, seed=0):
    return {name: picture((i, seed, 99)) for i, name in enumerate(names)}


def labels(names, column="id"):
    return f"{column},label\n" + "".join(f"{name},{'ab'[i % 2]}\n" for i, name in enumerate(names))


def test_a_table_beside_pictures_tells_of_each(tmp_path):
    ids = [f"{i:04d}" for i in range(20)]
    files = pictures(f"train/{i}.jpg" for i in ids) | pictures(f"test/{i}.jpg" for i in ids)
    root = folder(tmp_path / "set", files)
    (root / "train.csv").write_text(labels(ids))
    (root / "sample_submission.csv").write_text(labels(ids))
    (root / "unread.csv").write_text("label")
    for data in (root, root / "train.csv"):
        dataset = read(data, target="label")
        assert dataset.schema.inputs == ("id",)
        assert "train, such as 0000.jpg" in dataset.schema.column("id").reason
    with pytest.raises(DataError, match=r"or name the column of train\.csv that does with"):
        read(root)
    with pytest.raises(DataError, match="say with images="):  # in train, or in test?
        read_inputs(root / "sample_submission.csv", dataset.schema)


def test_metadata_in_the_folder_of_each_part(tmp_path):
    names = [f"{i}.png" for i in range(12)]
    files = pictures(f"train/{n}" for n in names) | pictures((f"test/{n}" for n in names), 9)
    root = folder(tmp_path / "set", files)
    for part in ("train", "test"):
        (root / part / "metadata.csv").write_text(labels(names, "file_name"))
    assert parts_of(read(root, target="label")) == {"train": 12, "test": 12}
