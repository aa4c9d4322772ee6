"""Promises of pictures in class folders: rows, sizes, and what cannot be read."""

import warnings
import zlib

import numpy as np
import pytest

from bakeoff import DataError, RequestError, read
from bakeoff.data.reading import decode_files

from ...pictures import archive, classes, folder, grey, picture


def notes_of(dataset) -> str:
    return " ".join(dataset.notes)


def files_of(dataset) -> list[str]:
    return dataset.arrays["file"].tolist()


def test_class_folders_become_file_image_and_class(tmp_path):
    dataset = read(folder(tmp_path / "set", classes("cat", "dog")))
    assert [(c.name, c.kind) for c in dataset.schema.columns] == [
        ("file", "identifier"),
        ("image", "image"),
        ("class", "binary"),
    ]
    assert dataset.arrays["image"].shape == (6, 8, 8, 3)
    assert dataset.arrays["image"].dtype == np.uint8
    assert dataset.arrays["class"].tolist() == ["cat"] * 3 + ["dog"] * 3
    assert dataset.arrays["image"][4, 0, 0].tolist() == [21, 201, 61]
    assert (dataset.source, dataset.place(4)) == ("set", "dog/1.png")
    assert dataset.rows.tolist() == [1, 2, 3, 4, 5, 6]


def test_an_archive_is_read_as_its_folder_is_and_nothing_is_written(tmp_path):
    files = classes("cat", "dog", above="train/") | classes("cat", "dog", above="test/", count=2)
    files["train/cat/9.png"] = picture()
    loose = read(folder(tmp_path / "set", files))
    before = sorted(tmp_path.rglob("*"))
    packed = read(archive(tmp_path / "set.zip", files))
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "set.zip"])
    assert loose.fingerprint == packed.fingerprint


def test_rows_follow_the_names_and_not_the_file_system(tmp_path):
    files = classes("cat", "dog", count=4)
    turned = dict(reversed(files.items()))
    ordered = read(archive(tmp_path / "a.zip", files))
    assert ordered.fingerprint == read(archive(tmp_path / "b.zip", turned)).fingerprint
    assert files_of(ordered) == sorted(files)


@pytest.mark.parametrize("target", ["file", "image", "kind"])
def test_a_target_that_is_named_must_be_class(target, tmp_path):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    assert read(path, target="class").target == "class"
    with pytest.raises(RequestError, match="Of pictures the folder that each stands in is predict"):
        read(path, target=target)


def test_kinds_and_inputs_are_those_of_pictures(tmp_path):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    dataset = read(path)
    again = read(path, kinds=dataset.schema.kinds, inputs=["image"], positive="cat")
    assert (again.fingerprint, again.schema.positive) == (dataset.fingerprint, {"class": "cat"})
    with pytest.raises(RequestError, match="image of picture files is of the kind image"):
        read(path, kinds={"image": "sequence"})
    with pytest.raises(RequestError, match="No column called 'pixels'"):
        read(path, inputs=["pixels"])


def test_pictures_that_cannot_be_read_are_counted_with_a_cause(tmp_path):
    noisy = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    whole = grey(noisy)
    bad = {
        "cat/a_cut.png": whole[: len(whole) // 2],
        "cat/b_empty.png": b"",
        "cat/c_text.jpg": b"hello",
        "cat/d_damaged.png": whole[:60] + b"\xff" * 40 + whole[100:],
    }
    for path in (
        folder(tmp_path / "set", classes("cat", "dog") | bad),
        archive(tmp_path / "set.zip", classes("cat", "dog") | bad),
    ):
        dataset = read(path)
        assert len(dataset) == 6
        assert dataset.rows.tolist() == [1, 2, 3, 8, 9, 10]
        [line] = [note for note in dataset.notes if "cannot be read" in note]
        assert line.startswith("4 of 10 pictures cannot be read and are left out (first: cat/a_cut")
    only = folder(tmp_path / "b", classes("cat", "dog") | {"dog/x.png": b""})
    assert "(first: dog/x.png: it is empty)" in notes_of(read(only))
    only = folder(tmp_path / "c", classes("cat", "dog") | {"dog/x.png": b"hi"})
    assert "(first: dog/x.png: it is no picture)" in notes_of(read(only))


def test_a_class_of_which_no_picture_can_be_read_is_refused(tmp_path):
    files = classes("cat", "dog") | {"fish/1.png": b"", "fish/2.png": b"x"}
    with pytest.raises(DataError, match="Of the class 'fish' none of 2 pictures to train on can"):
        read(folder(tmp_path / "set", files))


@pytest.mark.parametrize(
    ("side", "said"),
    [(9_200, "it has 84,640,000 pixels, more than 80,000,000"), (30_000, "pixels")],
)
def test_a_picture_of_too_many_pixels_is_never_decoded(side, said, tmp_path):
    header = picture(size=(1, 1))
    chunk = b"IHDR" + side.to_bytes(4, "big") * 2 + header[24:29]
    bomb = header[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + header[33:]
    path = folder(tmp_path / "set", classes("cat", "dog") | {"cat/bomb.png": bomb})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = read(path)
    assert len(dataset) == 6
    [line] = [note for note in dataset.notes if "cat/bomb.png: " in note]
    assert said in line


def test_more_pixels_than_memory_should_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_files, "MOST_BYTES", 500)
    monkeypatch.setenv("BAKEOFF_CACHE", "off")
    with pytest.raises(DataError, match="6 pictures of 8 × 8 take 1,152 bytes; 500 can be held"):
        read(folder(tmp_path / "set", classes("cat", "dog")))


def test_pictures_of_one_small_size_keep_it(tmp_path):
    dataset = read(folder(tmp_path / "set", classes("cat", "dog", size=(20, 30))))
    assert dataset.arrays["image"].shape == (6, 20, 30, 3)
    assert "squashed" not in notes_of(dataset)


@pytest.mark.parametrize(
    ("size", "asked", "shape", "said"),
    [
        ((100, 80), "", (64, 64), "Pictures of 100 × 80 become 64 × 64 "),
        ((20, 30), "10", (10, 10), "become 10 × 10 "),
        ((20, 30), "12x7", (12, 7), "become 12 × 7 "),
        ((20, 30), "20x30", (20, 30), ""),
    ],
)
def test_pictures_are_brought_to_a_size(size, asked, shape, said, tmp_path):
    dataset = read(folder(tmp_path / "set", classes("cat", "dog", size=size)), image_size=asked)
    assert dataset.arrays["image"].shape == (6, *shape, 3)
    assert said in notes_of(dataset)


def test_pictures_of_many_sizes_are_told_apart_and_squashed(tmp_path):
    files = classes("cat", "dog") | {"cat/x.png": picture(size=(20, 9)), "dog/y.png": picture()}
    dataset = read(folder(tmp_path / "set", files))
    assert dataset.arrays["image"].shape == (8, 64, 64, 3)
    assert "Pictures of 2 sizes, between 8 × 8 and 20 × 9, become 64 × 64" in notes_of(dataset)


@pytest.mark.parametrize("asked", ["0", "-3", "64x", "a", "5000", "3x4x5", "1.5"])
def test_a_size_that_is_none_is_refused(asked, tmp_path):
    with pytest.raises(RequestError, match="must be a side or height x width in pixels"):
        read(folder(tmp_path / "set", classes("cat", "dog")), image_size=asked)


def test_a_size_for_data_that_are_no_pictures_is_refused():
    with pytest.raises(RequestError, match="goes with picture files, and these data are none"):
        read("iris", image_size="64")
