"""Arrays by name are read from the files that courses and archives keep them in."""

import pickle
import struct
import sys

import h5py
import numpy as np
import polars as pl
import pytest
from scipy.io import savemat

from bakeoff import DataError, RequestError
from bakeoff.data.read import read, read_inputs

ROWS = 60


@pytest.fixture(scope="module")
def pictures():
    """Pictures (N, 6, 6, 3) whose class is told by a bright row, and the classes."""
    rng = np.random.default_rng(0)
    y = np.arange(ROWS) % 3
    x = rng.integers(0, 90, (ROWS, 6, 6, 3)).astype("u1")
    x[np.arange(ROWS), 2 * y] += 120
    return x, y


def parts(x, y, train_x, train_y, test_x, test_y, **others):
    """Return arrays of two parts by these names."""
    half = len(x) // 2
    named = {train_x: x[:half], train_y: y[:half], test_x: x[half:], test_y: y[half:]}
    return {**named, **others}


def write_hdf5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


def idx(path, values):
    """Write an array as MNIST has it."""
    head = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    path.write_bytes(head + values.astype("u1").tobytes())


def in_parts(dataset):
    """Count the rows of each part."""
    names, counts = np.unique(dataset.origin.parts, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def classes(dataset):
    """Return the classes of the target."""
    return set(dataset.arrays[dataset.target].tolist())


def test_hdf5_of_a_course_is_read_with_its_parts(pictures, tmp_path):
    names = ("train_set_x", "train_set_y", "test_set_x", "test_set_y")
    arrays = parts(*pictures, *names, list_classes=np.array([b"a", b"b", b"c"]))
    dataset = read(write_hdf5(tmp_path / "cats.h5", arrays))
    assert dataset.target == "y" and in_parts(dataset) == {"train": 30, "test": 30}
    assert any("list_classes" in note for note in dataset.notes)
    assert dataset.source == "cats.h5"


def test_groups_of_hdf5_may_be_the_parts(pictures, tmp_path):
    arrays = parts(*pictures, "train/images", "train/labels", "test/images", "test/labels")
    dataset = read(write_hdf5(tmp_path / "grouped.hdf5", arrays))
    assert dataset.target == "labels" and in_parts(dataset) == {"train": 30, "test": 30}


def test_rows_of_matlab_may_be_the_last_axis(pictures, tmp_path):
    x, y = pictures
    savemat(tmp_path / "svhn.mat", {"X": np.moveaxis(x, 0, 3), "y": y[:, None] + 1})
    dataset = read(tmp_path / "svhn.mat")
    assert np.array_equal(np.asarray(dataset.arrays["x"][:]), x)
    savemat(tmp_path / "new.mat", {"X": np.moveaxis(x, 0, 3)})  # where no vector tells the rows
    new = read_inputs(tmp_path / "new.mat", dataset.schema)
    assert np.array_equal(np.asarray(new.arrays["x"][:]), x)


def test_matlab_since_7_3_turns_every_array(pictures, tmp_path):
    x, y = pictures
    path = tmp_path / "new.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in {"X": np.moveaxis(x, 0, 3), "y": y[:, None]}.items():
            file[name] = values.T  # as MATLAB writes them, column by column
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    dataset = read(path)
    assert np.array_equal(np.asarray(dataset.arrays["x"][:]), x)
    assert dataset.arrays["y"].tolist() == [str(own) for own in y]


def test_cells_of_matlab_may_be_the_classes(tmp_path):
    y = np.array([["good"], ["bad"]] * 20, dtype=object)
    values = np.random.default_rng(0).normal(size=(40, 3))
    savemat(tmp_path / "cells.mat", {"X": values, "y": y, "about": {"year": 1998}})
    assert classes(read(tmp_path / "cells.mat")) == {"bad", "good"}


def test_a_folder_of_idx_is_read_as_mnist_has_it(pictures, tmp_path):
    x, y = pictures[0][..., 0], pictures[1]
    for word, rows in (("train", slice(30)), ("t10k", slice(30, None))):
        idx(tmp_path / f"{word}-images-idx3-ubyte", x[rows])
        idx(tmp_path / f"{word}-labels-idx1-ubyte", y[rows])
    dataset = read(tmp_path)
    assert dataset.target == "labels" and in_parts(dataset) == {"train": 30, "test": 30}
    new = read_inputs(tmp_path / "t10k-images-idx3-ubyte", dataset.schema)
    assert np.array_equal(np.asarray(new.arrays["images"][:])[..., 0], x[30:])


@pytest.mark.parametrize(
    "names", ["X_train y_train X_test y_test", "kuz-train-x kuz-train-y kuz-test-x kuz-test-y"]
)
def test_a_folder_of_npy_is_one_set(names, pictures, tmp_path):
    for name, values in parts(*pictures, *names.split()).items():
        np.save(tmp_path / f"{name}.npy", values)
    assert in_parts(read(tmp_path)) == {"train": 30, "test": 30}


@pytest.mark.parametrize(
    "names",
    [
        "train_images train_labels test_images test_labels",
        "trainX trainY testX testY",
        "X_tr y_tr X_te y_te",
        "xTrain yTrain xTest yTest",
    ],
)
@pytest.mark.parametrize("kept", ["dict", "npz"])
def test_parts_may_be_told_anywhere_in_a_name(names, kept, pictures, tmp_path):
    arrays = parts(*pictures, *names.split())
    np.savez(tmp_path / "set.npz", **arrays)
    dataset = read(arrays if kept == "dict" else tmp_path / "set.npz")
    assert in_parts(dataset) == {"train": 30, "test": 30} and len(classes(dataset)) == 3
    tests = {name: v for name, v in arrays.items() if "te" in name.lower().replace("train", "")}
    assert len(read_inputs(tests, dataset.schema)) == 30  # the test part alone, as new data


def test_columns_of_a_table_are_no_parts(tmp_path):
    names = ("train_hours", "train_cost", "test_hours", "test_cost")
    rng = np.random.default_rng(0)
    table = {name: rng.normal(size=50) for name in names}
    np.savez(tmp_path / "table.npz", **table, passed=np.array(["yes", "no"] * 25))
    assert read(tmp_path / "table.npz", target="passed").schema.inputs == names


def test_the_array_called_like_an_answer_is_predicted(pictures):
    x, y = pictures
    names = np.array(["a", "b", "c"])
    dataset = read({"images": x, "labels": y, "label_names": names, "version": np.array(2)})
    assert dataset.target == "labels" and dataset.schema.inputs == ("images",)
    with pytest.raises(RequestError, match="target"):
        read({"images": x, "labels": y, "classes": y})  # two of them: it asks
    assert read({"images": x, "labels": y, "classes": names}).target == "labels"
    with pytest.raises(DataError, match=f"images has {ROWS} rows but labels has 9"):
        read({"images": x, "labels": y[:9]})


def test_arrow_is_read_as_file_and_as_stream(tmp_path):
    frame = pl.DataFrame({"a": np.arange(30.0) ** 1.5, "kind": ["u", "v", "w"] * 10})
    frame.write_ipc(tmp_path / "t.feather")
    frame.write_ipc_stream(tmp_path / "t.arrow")
    for name in ("t.feather", "t.arrow"):
        dataset = read(tmp_path / name, target="kind")
        assert dataset.arrays["a"].tolist() == frame["a"].to_list()


def test_lines_of_fasttext_are_texts_and_labels(tmp_path):
    lines = "__label__pos what a fine film it was , all in all\n__label__neg a poor film it was\n"
    path = tmp_path / "train.txt"
    path.write_text(lines * 20)
    dataset = read(path, target="label")
    assert classes(dataset) == {"neg", "pos"} and dataset.schema.inputs == ("text",)
    path.write_text(lines * 20 + "no label here\n")
    with pytest.raises(DataError, match="line 41 begins without __label__"):
        read(path, target="label")


def refused(path):
    """Return the sentence that a file is refused with."""
    with pytest.raises(DataError) as error:
        read(path)
    return str(error.value)


def test_a_link_to_another_file_is_never_followed(pictures, tmp_path):
    x, y = pictures
    other = write_hdf5(tmp_path / "other.h5", {"x": x})
    linked = write_hdf5(tmp_path / "linked.h5", {"y": y})
    with h5py.File(linked, "a") as file:
        file["x"] = h5py.ExternalLink(str(other), "/x")
    assert "one column only" in refused(linked)
    layout = h5py.VirtualLayout(x.shape, x.dtype)
    layout[:] = h5py.VirtualSource(str(other), "x", shape=x.shape)
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
        file["y"] = y
    assert "x stands in another file" in refused(tmp_path / "virtual.h5")


def test_without_h5py_the_way_on_is_told(tmp_path, monkeypatch):
    path = write_hdf5(tmp_path / "set.h5", {"x": np.ones((9, 2)), "y": np.arange(9)})
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "bakeoff[hdf5]" in refused(path)


def test_pictures_without_their_labels_are_told_where_these_belong(tmp_path):
    idx(tmp_path / "train-images-idx3-ubyte", np.ones((9, 4, 4)))
    said = refused(tmp_path / "train-images-idx3-ubyte")
    assert "no y" in said and "files of a folder" in said


def test_what_is_no_data_is_told_apart(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_group("model_weights")
    assert "weights of a network" in refused(tmp_path / "weights.h5")
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": [1, 2]}))
    assert "pickle" in refused(tmp_path / "data_batch_1")


def test_a_few_bytes_that_say_they_are_many_are_refused(tmp_path):
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("x", (10**7, 10**4), chunks=(1000, 1000), compression="gzip")
    assert "unpacks to more than" in refused(tmp_path / "bomb.h5")
    folder = tmp_path / "idx"
    folder.mkdir()
    for name in ("images", "labels"):
        head = struct.pack(">BBBB", 0, 0, 8, 200) + b"\xff" * 800
        (folder / f"{name}-idx3-ubyte").write_bytes(head)
    assert "Is it complete?" in refused(folder)


@pytest.mark.parametrize("kind", ["h5", "mat", "feather"])
@pytest.mark.parametrize("harm", ["cut", "overwritten"])
def test_a_broken_file_ends_in_one_sentence(kind, harm, pictures, tmp_path):
    x, y = pictures
    path = tmp_path / f"set.{kind}"
    if kind == "h5":
        write_hdf5(path, {"x": x, "y": y})
    elif kind == "mat":
        savemat(path, {"x": x, "y": y})
    else:
        pl.DataFrame({"a": y, "b": y}).write_ipc(path)
    raw = path.read_bytes()
    noise = np.random.default_rng(0).bytes(500)
    path.write_bytes(raw[: len(raw) // 2] if harm == "cut" else raw[:200] + noise)
    assert "set." in refused(path)
