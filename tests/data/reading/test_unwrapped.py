"""What other libraries wrap a table in is taken as it is; what cannot be read is named."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.datasets import load_iris, load_linnerud
from torch.utils.data import TensorDataset

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import BakeoffError


def test_a_bunch_has_its_features_and_the_names_of_its_classes():
    dataset = read(load_iris())
    assert dataset.schema.targets == ("target",)
    assert "petal length (cm)" in dataset.schema.inputs
    assert set(dataset.arrays["target"]) == {"setosa", "versicolor", "virginica"}
    assert len(read(load_iris(as_frame=True))) == 150
    assert len(read_inputs(load_iris(), dataset.schema)) == 150


def test_a_bunch_of_several_targets_has_them_all():
    assert read(load_linnerud()).schema.targets == ("y_0", "y_1", "y_2")


def test_a_tensor_dataset_is_x_and_y():
    x, y = torch.randn(40, 3), torch.arange(40) % 2
    dataset = read(TensorDataset(x, y))
    assert np.allclose(dataset.arrays["x"], x)


def test_the_fields_of_a_structured_array_are_columns():
    rows = np.array([(1, "a"), (2, "b"), (3, "a")] * 9, dtype=[("size", int), ("kind", "U1")])
    assert read(rows, target="kind").schema.inputs == ("size",)


@pytest.mark.parametrize(
    ("name", "begin", "said"),
    [
        ("a.h5", b"\x89HDF\r\n\x1a\n", "a.h5 cannot be read"),
        ("a.csv", b"\x89HDF\r\n\x1a\n", "a.csv cannot be read"),
        ("a.pkl", b"\x80\x04", "could run code and is never opened"),
        ("a.ods", b"PK\x03\x04", "spreadsheet"),
        ("a.db", b"SQLite format 3\0", "data base"),
    ],
)
def test_files_that_hold_no_table_for_us_are_named_with_the_way_on(name, begin, said, tmp_path):
    (tmp_path / name).write_bytes(begin)
    with pytest.raises(BakeoffError, match=said):
        read(tmp_path / name, target="y")


def test_an_address_is_not_opened():
    with pytest.raises(BakeoffError, match="is an address"):
        read("https://example.org/table.csv", target="y")


class OfArrow:
    """A table that hands out its columns as pyarrow and DuckDB do."""

    def __init__(self, frame):
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self.frame.__arrow_c_stream__(requested_schema)


def test_any_table_of_arrow_is_read():
    frame = pl.DataFrame({"a": [0.5, 1.5, 2.0] * 10, "y": ["u", "v", "v"] * 10})
    assert read(OfArrow(frame), target="y").fingerprint == read(frame, target="y").fingerprint


class ClassLabel:
    """What the library datasets knows of a column of class numbers."""

    names = ("cat", "dog")


class OfHuggingFace:
    """A data set of the library datasets."""

    def __init__(self, frame):
        self.frame, self.features = frame, {"a": None, "y": ClassLabel()}

    def to_polars(self):
        return self.frame


def test_a_data_set_of_hugging_face_has_its_classes_and_its_parts():
    frame = pl.DataFrame({"a": [0.5, 1.5, 2.0] * 10, "y": [0, 1, 1] * 10})
    dataset = read(OfHuggingFace(frame), target="y")
    assert dataset.arrays["y"][:3].tolist() == ["cat", "dog", "dog"]
    parts = {"train": frame, "test": frame[:9].with_columns(a=pl.lit(3.0)), "unsupervised": frame}
    apart = read({name: OfHuggingFace(own) for name, own in parts.items()}, target="y")
    assert np.unique(apart.origin.parts.astype(str), return_counts=True)[1].tolist() == [9, 30]


def test_a_dict_of_frames_is_a_table_in_parts():
    frame = pl.DataFrame({"a": [0.5, 1.5, 2.0] * 10, "y": ["u", "v", "v"] * 10})
    test = frame[:6].with_columns(a=pl.lit(0.25))
    parts = {"train": pd.DataFrame(frame.to_dict()), "test": pd.DataFrame(test.to_dict())}
    assert len(read(parts, target="y")) == 36
    assert len(read({"train": frame["a"], "test": frame["y"]}, target="test")) == 30


def test_a_part_without_answers_is_left_out_and_told():
    frame = pl.DataFrame({"a": [0.5, 1.5, 2.0] * 10, "y": ["u", "v", "v"] * 10})
    other = frame[:9].with_columns(a=pl.lit(7.0))
    parts = {"train": frame, "validation": other, "test": frame.with_columns(y=pl.lit(None))}
    dataset = read(parts, target="y")
    assert sorted(set(dataset.origin.parts.tolist())) == ["test", "train"]
    twice = read({"train": frame, "val": other, "dev": other[:3]}, target="y")
    assert twice.notes[0] == "dev is left out: no further part with answers."
    assert dataset.notes[0] == "test is left out: no further part with answers."


def test_sound_and_films_are_told_by_their_names_alone(tmp_path):
    for name, said in (("a.wav", "is sound"), ("a.mp4", "is a film")):
        (tmp_path / name).write_bytes(b"RIFF\0\0WAVE")
        with pytest.raises(BakeoffError, match=said):
            read(tmp_path / name, target="y")
    path = tmp_path / "losses.csv"
    path.write_text("RIFF,y\n" + "1.5,a\n2.25,b\n" * 9)
    assert read(path, target="y").schema.inputs == ("RIFF",)
