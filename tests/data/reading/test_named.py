"""Promises of sets known by name: their files are the user's, and the message says which."""

import gzip

import numpy as np
import pytest

from bakeoff import DataError, RequestError, read
from bakeoff.data.read import read_inputs
from bakeoff.data.reading import named

from ...pictures import GREEN, RED, archive, classes, folder, picture


def idx(values: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(b"\0\0\x08" + bytes([values.ndim]) + sizes + values.tobytes(), mtime=0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A small mnist and a small cifar10, and another working folder."""
    rng = np.random.default_rng(0)
    for name, rows in (("train", 120), ("t10k", 20)):
        x = rng.integers(0, 255, (rows, 28, 28)).astype(np.uint8)
        y = (np.arange(rows) % 10).astype(np.uint8)
        files = {f"{name}-images-idx3-ubyte.gz": idx(x), f"{name}-labels-idx1-ubyte.gz": idx(y)}
        folder(tmp_path / "data" / "mnist", files)
    (tmp_path / "data" / "cifar10").mkdir()
    for i in range(1, 6):
        files = {f"cat/{i}.webp": picture(RED, kind="WEBP", lossless=True),
                 f"dog/{i}.webp": picture(GREEN, kind="WEBP", lossless=True)}  # fmt: skip
        archive(tmp_path / "data" / "cifar10" / f"train_{i}.zip", files)
    files = {"cat/1.webp": picture(GREEN, kind="WEBP"), "dog/1.webp": picture(RED, kind="WEBP")}
    archive(tmp_path / "data" / "cifar10" / "test.zip", files)
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data"


def test_mnist_is_read_from_its_files(home):
    dataset = read("mnist")
    assert dataset.arrays["image"].shape == (140, 28, 28, 1)
    assert dataset.parts.tolist().count("test") == 20
    assert set(dataset.arrays["class"]) == set("0123456789")
    assert dataset.schema.labels == "integer"
    assert (dataset.source, dataset.target) == ("mnist", "class")
    assert len(read_inputs("mnist", dataset.schema)) == 140


def test_cifar10_is_read_from_several_archives(home):
    dataset = read("cifar10")
    assert dataset.arrays["image"].shape == (12, 8, 8, 3)
    assert dataset.parts.tolist() == ["train"] * 10 + ["test"] * 2
    assert dataset.source == "cifar10"
    new = read_inputs("cifar10", dataset.schema)
    assert new.origin.pictures.tolist()[:2] == ["test/cat/1.webp", "test/dog/1.webp"]
    assert new.arrays["class"].tolist()[:2] == ["cat", "dog"]
    assert read("cifar10", image_size="4").arrays["image"].shape == (12, 4, 4, 3)


def test_a_known_name_wins_over_a_folder_of_that_name(home, tmp_path):
    folder(tmp_path / "work" / "cifar10", classes("red", "blue"))
    assert set(read("cifar10").arrays["class"]) == {"cat", "dog"}
    assert set(read("./cifar10").arrays["class"]) == {"red", "blue"}


def test_a_relative_path_is_looked_for_below_the_data_folder(home, tmp_path):
    folder(home / "own", classes("red", "blue"))
    dataset = read("own")
    assert dataset.notes[0] == f"own is taken from {home}, which BAKEOFF_DATA names."
    folder(tmp_path / "work" / "own", classes("a", "b"))
    assert set(read("own").arrays["class"]) == {"a", "b"}
    with pytest.raises(DataError, match="There is no file"):
        read("../data/nothing.csv", target="y")


def test_files_that_are_missing_are_named_with_their_place(home, monkeypatch):
    with pytest.raises(DataError, match=r"fashion_mnist needs train-images.* in .*/fashion_mnist"):
        read("fashion_mnist")
    (home / "cifar10" / "train_3.zip").unlink()
    with pytest.raises(DataError, match=r"cifar10 needs train_3.zip in .*Put the file there"):
        read("cifar10")
    monkeypatch.delenv("BAKEOFF_DATA")
    with pytest.raises(DataError, match=r"Put train-images-.* into .* export BAKEOFF_DATA="):
        read("mnist")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"no idx file at all", "is no idx file of bytes"),
        (b"", "is no idx file of bytes"),
        (
            gzip.compress(b"\0\0\x08\x01\0\0\0\x78" + bytes(9), mtime=0),
            "has 9 bytes for 120 values",
        ),
        (gzip.compress(bytes(100), mtime=0)[:20], "cannot be read"),
    ],
)
def test_damaged_files_are_refused(raw, message, home):
    (home / "mnist" / named.IDX["y_train"]).write_bytes(raw)
    with pytest.raises(DataError, match=message):
        read("mnist")


def test_a_named_set_brings_its_own_parts_and_sizes(home):
    with pytest.raises(RequestError, match="mnist brings its own test rows"):
        read("mnist", test="mnist")
    with pytest.raises(RequestError, match="mnist is arrays of 28 × 28"):
        read("mnist", image_size="14")
