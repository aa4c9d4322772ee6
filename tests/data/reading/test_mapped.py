"""Promises of large arrays: mapped, equal to those in memory, the cache never trusted."""

import numpy as np
import pytest

from bakeoff.data.array import is_mapped
from bakeoff.data.read import read, read_inputs
from bakeoff.data.reading import mapped
from bakeoff.errors import DataError
from bakeoff.train.shared_data import whole_file

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (60, 8, 6, 3), dtype=np.uint8)
Y = np.arange(60) % 3


@pytest.fixture(autouse=True)
def large(tmp_path, monkeypatch):
    """Take every array for a large one."""
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped, "LARGE", 0)


def notes_of(dataset):
    return " ".join(dataset.notes)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("x", [X, X[..., 0], X / np.float32(255), X / 255])
def test_the_arrays_of_an_archive_are_mapped_and_the_same(x, save, tmp_path):
    save(tmp_path / "set.npz", x=x, y=Y)
    dataset = read(tmp_path / "set.npz", kinds={"x": "image"})
    assert is_mapped(dataset.arrays["x"].base)
    assert "set.npz are kept unpacked in" in notes_of(dataset)
    inside = read((x, Y), kinds={"x": "image"})
    np.testing.assert_array_equal(dataset.arrays["x"], inside.arrays["x"])


def test_parts_of_an_archive_stand_in_one_file_that_workers_map(tmp_path):
    parts = {"x_test": X[40:], "x_train": X[:40], "y_train": Y[:40], "y_test": Y[40:]}
    np.savez(tmp_path / "set.npz", **parts)
    dataset = read(tmp_path / "set.npz")
    np.testing.assert_array_equal(dataset.arrays["x"], X)
    assert dataset.fingerprint == read({**parts}).fingerprint
    [file] = (tmp_path / "cache").glob("*.npy")
    assert whole_file(dataset.arrays["x"].base) == str(file.resolve())


def test_grey_pictures_of_two_axes_are_mapped_by_workers_as_they_stand(tmp_path):
    np.savez(tmp_path / "set.npz", x=X[..., 0], y=Y)
    assert whole_file(read(tmp_path / "set.npz").arrays["x"].base).endswith(".npy")


def test_separate_archives_are_put_together_in_a_file(tmp_path):
    np.savez(tmp_path / "train.npz", x=X[:40], y=Y[:40])
    np.savez(tmp_path / "test.npz", x=X[40:], y=Y[40:])
    dataset = read(tmp_path / "train.npz", test=tmp_path / "test.npz")
    assert is_mapped(dataset.arrays["x"].base)
    np.testing.assert_array_equal(dataset.arrays["x"], X)


@pytest.mark.parametrize("damage", [b"", b"other bytes of another length", b"x" * 8_768])
def test_what_was_damaged_in_the_cache_is_made_again(damage, tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    read(tmp_path / "set.npz")
    [file] = (tmp_path / "cache").glob("*.npy")
    file.write_bytes(damage)
    np.testing.assert_array_equal(read(tmp_path / "set.npz").arrays["x"], X)


def test_an_archive_that_breaks_off_is_refused_and_leaves_nothing(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=X, y=Y)
    raw = bytearray(path.read_bytes())
    raw[3_000] ^= 255  # of a pixel: the sum of the member no longer holds
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"set\.npz cannot be read"):
        read(path)
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_cache_arrays_are_read_into_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_CACHE", "off")
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    dataset = read(tmp_path / "set.npz")
    assert not is_mapped(dataset.arrays["x"].base)


def test_where_the_cache_cannot_be_written_that_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "file" / "cache"))
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    assert "set.npz are read into memory: Not a directory" in notes_of(read(tmp_path / "set.npz"))


def test_an_array_file_is_mapped_where_it_stands(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    np.save(tmp_path / "new.npy", X)
    new = read_inputs(tmp_path / "new.npy", read(tmp_path / "set.npz").schema)
    assert whole_file(new.arrays["x"].base) == str((tmp_path / "new.npy").resolve())


def test_python_objects_are_refused_however_large(tmp_path):
    np.save(tmp_path / "new.npy", np.array([[[{}]]], dtype=object))
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    with pytest.raises(DataError, match=r"new\.npy"):
        read_inputs(tmp_path / "new.npy", read(tmp_path / "set.npz").schema)
