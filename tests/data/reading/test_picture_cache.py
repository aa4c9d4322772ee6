"""Promises of the cache of pictures: decoded once, shared, and never trusted."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bakeoff import read
from bakeoff.data.reading import decode_files, picture_cache
from bakeoff.data.reading.picture_cache import hold

from ...pictures import RED, archive, classes, folder, picture


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the test's own."""
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def undecoded(monkeypatch):
    """Call it, and nothing can be decoded any more."""

    def refuse(*_):
        raise SystemExit("a picture was decoded")

    return lambda: monkeypatch.setattr(decode_files, "decode", refuse)


def kept(cache) -> list[str]:
    return sorted(path.suffix for path in cache.iterdir())


def pixels_of(cache):
    return next(cache.glob("*.npy"))


def test_pictures_are_decoded_once_and_mapped_by_every_later_reading(tmp_path, cache, undecoded):
    path = folder(tmp_path / "set", classes("cat", "dog") | {"cat/x.png": b"none"})
    first = read(path)
    undecoded()
    again = read(path)
    assert kept(cache) == [".json", ".npy"]
    assert (again.fingerprint, again.notes) == (first.fingerprint, first.notes)
    for dataset in (first, again):
        base = dataset.arrays["image"].base
        assert isinstance(base, np.memmap)
        assert not base.flags.writeable


def test_the_cache_is_said_with_its_size(tmp_path, cache):
    dataset = read(folder(tmp_path / "set", classes("cat", "dog", size=(60, 60))))
    name = pixels_of(cache).stem[:12]
    assert f"The decoded pictures are kept in {cache / name}….npy, 0.1 MB." in dataset.notes


def test_what_the_pixels_follow_from_makes_the_name(tmp_path, cache):
    files = classes("cat", "dog")
    read(folder(tmp_path / "set", files))
    read(folder(tmp_path / "elsewhere", files))
    assert len(kept(cache)) == 2
    read(tmp_path / "set", image_size="4")
    read(folder(tmp_path / "other", files | {"cat/0.png": picture((1, 2, 3))}))
    read(folder(tmp_path / "renamed", classes("cat", "fox")))
    assert len(kept(cache)) == 8


def test_another_archive_of_the_same_size_is_another_set(tmp_path, cache):
    files = classes("cat", "dog", kind="BMP")
    path = archive(tmp_path / "set.zip", files)
    before = np.array(read(path).arrays["image"])
    archive(path, files | {"cat/0.png": picture((1, 2, 3), kind="BMP")})
    after = read(path).arrays["image"]
    assert not np.array_equal(before, after)


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "one byte": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x07"),
    "header": lambda path: path.write_bytes(path.read_bytes().replace(b"|u1", b"|i1")),
    "objects": lambda path: np.save(path, np.array([print], dtype=object)),
    "empty": lambda path: path.write_bytes(b""),
    "link": lambda path: path.rename(path.with_name("moved")) and path.symlink_to("moved"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_pixels_are_made_again(damage, tmp_path, cache):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    whole = read(path).fingerprint
    damage(pixels_of(cache))
    again = read(path)
    assert again.fingerprint == whole
    assert "It was damaged and is made anew." in " ".join(again.notes)
    assert "made anew" not in " ".join(read(path).notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[\n  6,", "[\n  60,"),
        ('"format": 2', '"format": 3'),
        ('"broken": []', '"broken": [{"position": 9, "cause": ""}]'),
        ('"sha256": "', '"sha256": "0'),
        ('"least"', '"lowest"'),
        ("{", "["),
    ],
)
def test_a_description_that_does_not_fit_is_made_again(old, new, tmp_path, cache):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    whole = read(path).fingerprint
    about = next(cache.glob("*.json"))
    assert old in about.read_text()
    about.write_text(about.read_text().replace(old, new, 1))
    assert read(path).fingerprint == whole
    about.unlink()
    assert read(path).fingerprint == whole


def test_where_nothing_can_be_written_pictures_are_decoded_in_memory(tmp_path, monkeypatch):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    monkeypatch.setenv("BAKEOFF_CACHE", "off")
    whole = read(path)
    assert "decoded" not in " ".join(whole.notes)
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "file" / "cache"))
    dataset = read(path)
    assert dataset.fingerprint == whole.fingerprint
    [line] = [note for note in dataset.notes if "not kept" in note]
    assert line.endswith("for the next run: Not a directory.")


def test_a_working_folder_that_has_gone_is_no_obstacle(tmp_path, monkeypatch):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    monkeypatch.setenv("BAKEOFF_CACHE", "cache")
    (tmp_path / "gone").rmdir()
    assert "not kept in cache for the next run: No such file" in " ".join(read(path).notes)


def test_a_disk_without_room_is_left_alone(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(picture_cache, "MOST_BYTES", 1_000)
    dataset = read(folder(tmp_path / "set", classes("cat", "dog")))
    assert "0.0 MB are more than the disk has room for" in " ".join(dataset.notes)
    assert kept(cache) == []


def test_what_is_stopped_half_way_leaves_nothing(tmp_path, cache, monkeypatch):
    path = folder(tmp_path / "set", classes("cat", "dog"))
    left = [1, 2, 3]

    def stop(raw, size, decode=decode_files.decode):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return decode(raw, size)

    monkeypatch.setattr(decode_files, "decode", stop)
    with pytest.raises(KeyboardInterrupt):
        read(path)
    assert kept(cache) == []


def test_drafts_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path, cache):
    cache.mkdir()
    dead, living, young = (cache / f".{name}.part.npy" for name in ("dead", "living", "young"))
    for draft in (dead, living, young):
        draft.write_bytes(b"half")
    for draft in (dead, living):
        os.utime(draft, (time.time() - 10_000,) * 2)
    with living.open("rb") as file:
        assert hold(file)
        read(folder(tmp_path / "set", classes("cat", "dog")))
    assert [draft.exists() for draft in (dead, living, young)] == [False, True, True]


def test_two_at_once_do_each_other_no_harm(tmp_path, cache):
    path = folder(tmp_path / "set", classes("cat", "dog", count=40))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: read(path).fingerprint, range(4)))
    assert len(set(found)) == 1
    assert kept(cache) == [".json", ".npy"]
    assert read(path).fingerprint == found[0]


def test_names_in_two_parts_are_told_apart_where_one_is_broken(tmp_path, cache):
    train = folder(tmp_path / "a", classes("cat", "dog", count=8))
    test = {"cat/1.png": b"", "cat/2.png": picture((9, 9, 9)), "dog/1.png": picture(RED)}
    for _ in range(2):
        dataset = read(train, test=folder(tmp_path / "b", test))
        assert dataset.arrays["file"][-2:].tolist() == ["cat/2.png", "dog/1.png"]
        assert dataset.rows[-2:].tolist() == [2, 3]
