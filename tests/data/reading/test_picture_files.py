"""Promises of what stands in a folder or a .zip: what is ignored, not followed, and refused."""

import os
import zipfile

import pytest

from bakeoff import DataError, read
from bakeoff.data.reading import picture_files

from ...pictures import GREEN, RED, archive, classes, folder, picture


def notes_of(dataset) -> str:
    return " ".join(dataset.notes)


def files_of(dataset) -> list[str]:
    return dataset.arrays["file"].tolist()


def test_hidden_files_and_folders_are_ignored_and_counted_in_one_line(tmp_path):
    """A 3: a hidden copy of a picture would stand in two parts."""
    files = classes("cat", "dog")
    hidden = {
        ".ipynb_checkpoints/1.png": files["cat/1.png"],
        "cat/.DS_Store": b"x",
        "dog/Thumbs.db": b"x",
        "__MACOSX/cat/._1.png": b"x",
    }
    expected = {".ipynb_checkpoints", "cat/.DS_Store", "dog/Thumbs.db", "__MACOSX"}
    for path in (
        folder(tmp_path / "set", files | hidden),
        archive(tmp_path / "set.zip", files | hidden),
    ):
        dataset = read(path)
        assert len(dataset) == 6
        [line] = [note for note in dataset.notes if "hidden" in note]
        assert f"{len(expected)} hidden files and folders" in line


def test_files_that_are_no_pictures_by_their_ending_are_counted(tmp_path):
    files = classes("cat", "dog") | {"labels.csv": b"a,b", "cat/notes.txt": b"", "cat/x.txt": b""}
    dataset = read(folder(tmp_path / "set", files))
    assert "set: 3 files that are no pictures (2 .txt, 1 .csv) left out." in dataset.notes


def test_endings_in_any_case_are_pictures(tmp_path):
    """A 5: phone and camera mixed, each file once."""
    small = [f"cat/{i}.jpg" for i in range(5)]
    large = ["cat/5.JPG", "cat/6.JPEG", "cat/7.JPG", "cat/8.Jpeg", "cat/9.JPG"]
    files = {name: picture(kind="JPEG") for name in small + large}
    dataset = read(folder(tmp_path / "set", files | classes("dog")))
    assert dataset.arrays["class"].tolist().count("cat") == 10
    assert len(set(files_of(dataset))) == len(dataset) == 13


def test_equal_names_in_two_folders_are_two_rows(tmp_path):
    """A 7."""
    files = {f"{name}/{i}.png": picture(c) for i in range(1, 51)
             for name, c in (("red", RED), ("blue", (30, 60, 210)))}  # fmt: skip
    dataset = read(folder(tmp_path / "set", files))
    assert len(dataset) == 100
    places = dict(zip(files_of(dataset), dataset.arrays["image"][:, 0, 0].tolist(), strict=True))
    assert (places["red/1.png"], places["blue/1.png"]) == ([*RED], [30, 60, 210])


def test_links_that_loop_or_lead_outside_are_not_followed(tmp_path):
    root = folder(tmp_path / "set", classes("cat", "dog"))
    outside = folder(tmp_path / "secret", {"1.png": picture()})
    (root / "cat" / "loop").symlink_to(root)
    (root / "cat" / "out.png").symlink_to(outside / "1.png")
    (root / "fish").symlink_to(outside)
    (root / "cat" / "self.png").symlink_to(root / "cat" / "self.png")
    (root / "dog" / "again.png").symlink_to(root / "dog" / "0.png")
    dataset = read(root)
    assert len(dataset) == 7
    assert "4 links that lead to folders or outside" in notes_of(dataset)


def test_pipes_are_not_opened(tmp_path):
    root = folder(tmp_path / "set", classes("cat", "dog"))
    os.mkfifo(root / "cat" / "pipe.png")
    assert "1 pipe or device (cat/pipe.png)" in notes_of(read(root))


def test_members_that_climb_out_and_links_in_archives_are_not_followed(tmp_path):
    path = archive(tmp_path / "set.zip", classes("cat", "dog"))
    with zipfile.ZipFile(path, "a") as opened:
        for name in ("../cat/1.png", "/cat/2.png", "C:\\cat\\3.png", "cat/../../4.png"):
            opened.writestr(name, picture())
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "../../etc/passwd")
    dataset = read(path)
    assert len(dataset) == 6
    assert "4 members that climb out of the archive" in notes_of(dataset)
    assert "1 link that leads" in notes_of(dataset)


def test_a_folder_of_more_files_than_can_be_listed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "MOST_ENTRIES", 5)
    for path in (
        folder(tmp_path / "set", classes("cat", "dog")),
        archive(tmp_path / "set.zip", classes("cat", "dog", count=4)),
    ):
        with pytest.raises(DataError, match="more than 5 files and folders"):
            read(path)


def test_an_archive_that_unpacks_to_far_more_than_it_can_is_refused(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, raw in classes("cat", "dog").items():
            opened.writestr(name, raw)
        opened.writestr("cat/bomb.png", bytes(160_000_000))
    with pytest.raises(DataError, match="unpacks to more than"):
        read(path)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = archive(tmp_path / "set.zip", classes("cat", "dog"))
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(mark)
        while place >= 0:
            raw[place + at] |= 1
            place = raw.find(mark, place + 1)
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"set\.zip is encrypted"):
        read(path)


@pytest.mark.parametrize("pack", [folder, archive])
def test_what_holds_no_picture_says_what_it_holds(pack, tmp_path):
    def given(name, files):
        return pack(tmp_path / (name + (".zip" if pack is archive else "")), files)

    with pytest.raises(DataError, match=r"without a picture: no file. Give a folder or .zip with"):
        read(given("empty", {}))
    with pytest.raises(DataError, match=r"without a picture: 2 files \(2 \.md\)"):
        read(given("other", {"a.md": b"x", "b.MD": b"x"}))


def test_a_folder_with_tables_says_so(tmp_path):
    path = folder(tmp_path / "set", {"a/c.parquet": b"x"})
    with pytest.raises(DataError, match=r"It holds tables: give one, such as .*/set/a/c.parquet"):
        read(path)
    with pytest.raises(DataError, match="if each file is a table of its own, give one of them"):
        read(folder(tmp_path / "two", {"b.csv": b"a,b\n1,2", "a/c.parquet": b"x"}))


def test_an_archive_with_one_table_stays_a_table(tmp_path):
    rows = "\n".join(f"{i % 7 + 0.5},{i % 2}" for i in range(40))
    path = archive(tmp_path / "set.zip", {"a.csv": f"x,y\n{rows}".encode(), "logo.png": picture()})
    assert len(read(path, target="y")) == 40


def test_damaged_archives_are_refused_in_a_sentence(tmp_path):
    whole = archive(tmp_path / "set.zip", classes("cat", "dog")).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.zip cannot be read"):
        read(tmp_path / "cut.zip")


def test_names_in_any_bytes_are_read(tmp_path):
    root = folder(tmp_path / "set", classes("cat", "dog"))
    with open(os.fsencode(root) + b"/cat/\xff.png", "wb") as file:  # noqa: PTH123
        file.write(picture())
    dataset = read(root)
    assert "cat/\\xff.png" in files_of(dataset)
    assert dataset.fingerprint


def test_an_accent_written_in_two_ways_is_one_class(tmp_path):
    files = classes("caf\u00e9", "dog", above="train/", count=8)
    files |= {"test/cafe\u0301/t.png": picture(), "test/dog/t.png": picture(GREEN)}
    dataset = read(archive(tmp_path / "set.zip", files))
    assert len(set(dataset.arrays["class"])) == 2
