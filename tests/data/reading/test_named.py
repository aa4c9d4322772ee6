"""Promises of sets known by name: their files are the user's, and the message says which."""

import gzip
import hashlib
import io
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from bakeoff import DataError, RequestError, read
from bakeoff.data.read import read_inputs
from bakeoff.data.reading import named

from ...pictures import GREEN, RED, archive, classes, folder, packed, picture


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
    with pytest.raises(
        DataError, match=r"not here\. Put train-images-.* into .* export BAKEOFF_DATA="
    ):
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


# The web


def binary(path, parts) -> None:
    """Write cifar10 in its binary form; parts are name -> (pixels (N, 32, 32, 3), classes (N,))."""
    with tarfile.open(path, "w:gz") as archive:
        for name, (pixels, codes) in parts.items():
            flat = pixels.transpose(0, 3, 1, 2).reshape(len(codes), -1)
            raw = np.concatenate([codes[:, None].astype(np.uint8), flat], axis=1).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))


@pytest.fixture
def cifar(tmp_path):
    """The same small cifar10 as picture files and in its binary form."""
    rng = np.random.default_rng(0)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    parts = {
        name: (rng.integers(0, 256, (8, 32, 32, 3)).astype(np.uint8), rng.permutation(8) % 3)
        for name in names
    }
    folder(tmp_path / "zips" / "cifar10", {})
    for i, (name, (pixels, codes)) in enumerate(parts.items()):
        first = 0 if name == "test_batch" else 8 * i
        files = {
            f"{named.CIFAR10[code]}/{first + k:05d}.png": packed(Image.fromarray(picture))
            for k, (picture, code) in enumerate(zip(pixels, codes, strict=True))
        }
        file = "test.zip" if name == "test_batch" else f"train_{i + 1}.zip"
        archive(tmp_path / "zips" / "cifar10" / file, files)
    folder(tmp_path / "binary" / "cifar10", {})
    binary(tmp_path / "binary" / "cifar10" / named.BINARY, parts)
    return tmp_path


def test_cifar10_is_equal_as_picture_files_and_in_its_binary_form(cifar, monkeypatch):
    found = []
    for form in ("zips", "binary"):
        monkeypatch.setenv("BAKEOFF_DATA", str(cifar / form))
        found.append(read("cifar10"))
    zips, arrays = found
    for name in ("image", "class"):
        np.testing.assert_array_equal(zips.arrays[name], arrays.arrays[name])
    assert zips.parts.tolist() == arrays.parts.tolist()
    assert zips.rows.tolist() == arrays.rows.tolist()
    assert len(read_inputs("cifar10", arrays.schema)) == len(arrays)
    with pytest.raises(RequestError, match="cifar10 is arrays of 32 × 32"):
        read("cifar10", image_size="16")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"no archive"), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-500]), "cannot be read"),
        (lambda path: binary(path, {"test_batch": CASE}), "cannot be read"),
        (lambda path: binary(path, dict.fromkeys(ALL, (CASE[0], CASE[1] + 9))), "a class 10 of 10"),
        (lambda path: binary(path, dict.fromkeys(ALL, (CASE[0][:, :9], CASE[1]))), "bytes for tra"),
    ],
)
def test_damaged_binary_files_are_refused(damage, message, cifar, monkeypatch):
    monkeypatch.setenv("BAKEOFF_DATA", str(cifar / "binary"))
    damage(cifar / "binary" / "cifar10" / named.BINARY)
    with pytest.raises(DataError, match=message):
        read("cifar10")


ALL = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
CASE = (np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1]))


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, counts what is asked for, and says nothing."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def web(home, tmp_path, monkeypatch):
    """The small mnist of the user's own on the web, and an empty cache."""
    published = {
        file: hashlib.sha256((home / "mnist" / file).read_bytes()).hexdigest()
        for file in named.IDX.values()
    }
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BAKEOFF_OFFLINE")
    monkeypatch.setenv("no_proxy", "*")
    handler = partial(Quiet, directory=home)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        start = f"http://127.0.0.1:{server.server_address[1]}"
        mirrors = (f"{start}/nothing/", f"{start}/mnist/")
        monkeypatch.setitem(named.WEB, "mnist", named.Web("idx", mirrors, published))
        Quiet.asked.clear()
        yield tmp_path / "cache" / "mnist"
        server.shutdown()


def test_a_set_that_is_downloaded_is_that_of_the_user(web, monkeypatch):
    own = read("mnist")
    assert Quiet.asked == []
    monkeypatch.delenv("BAKEOFF_DATA")
    first = read("mnist")
    assert "mnist was downloaded from http://127.0.0.1" in first.notes[0]
    asked = len(Quiet.asked)
    again = read("mnist")
    assert len(Quiet.asked) == asked
    assert f"mnist is taken from {web}, where it was downloaded before." in again.notes
    assert own.fingerprint == first.fingerprint == again.fingerprint


def test_a_downloaded_file_that_was_damaged_is_fetched_again(web, monkeypatch):
    monkeypatch.delenv("BAKEOFF_DATA")
    whole = read("mnist")
    path = web / named.IDX["y_test"]
    path.write_bytes(path.read_bytes()[:-1])
    Quiet.asked.clear()
    assert read("mnist").fingerprint == whole.fingerprint
    assert [name for name in Quiet.asked if "nothing" not in name] == [f"/mnist/{path.name}"]


def test_a_set_that_is_not_the_published_one_is_refused(web, monkeypatch, home):
    monkeypatch.delenv("BAKEOFF_DATA")
    path = home / "mnist" / named.IDX["x_train"]
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"not be downloaded: train-images.*not the file.* Put"):
        read("mnist")
    assert not (web / path.name).exists()


def test_offline_nothing_is_asked_for_and_the_files_are_named(web, monkeypatch):
    monkeypatch.delenv("BAKEOFF_DATA")
    monkeypatch.setenv("BAKEOFF_OFFLINE", "1")
    with pytest.raises(DataError, match=r"mnist are not here\. Put train-images"):
        read("mnist")
    assert Quiet.asked == []


def test_a_folder_of_the_users_own_that_lacks_files_is_not_filled_up(web, home):
    (home / "mnist" / named.IDX["y_test"]).unlink()
    with pytest.raises(DataError, match=r"mnist needs t10k-labels-idx1-ubyte.gz in"):
        read("mnist")
    assert Quiet.asked == []


def test_every_set_has_a_published_sum_for_each_file():
    assert set(named.WEB) == set(named.LAYOUTS)
    for web in named.WEB.values():
        assert tuple(web.files) == named.FILES[web.layout]
        assert all(len(sha256) == 64 for sha256 in web.files.values())
