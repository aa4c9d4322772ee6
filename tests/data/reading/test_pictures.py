"""Promises of pictures in class folders: rows, parts, classes, and what is left out."""

import os
import warnings
import zipfile
import zlib

import numpy as np
import pytest

from bakeoff import DataError, RequestError, read
from bakeoff.data.reading import picture_files, pictures
from bakeoff.data.splitting.split import make_split

from ...pictures import GREEN, RED, archive, classes, folder, grey, picture


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


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Train", "VALID", "TEST"),
        ("clouds_train", "clouds-validation", "clouds_test"),
    ],
)
def test_folders_called_train_validation_and_test_are_the_parts(train, validation, test, tmp_path):
    files = classes("cat", "dog", above=f"{train}/", count=4)
    files |= {f"{validation}/cat/v.png": picture(), f"{validation}/dog/v.png": picture(GREEN)}
    files |= {f"{test}/cat/t.png": picture((9, 9, 99)), f"{test}/dog/t.png": picture((99, 9, 9))}
    dataset = read(folder(tmp_path / "set", files))
    split = make_split(dataset)
    assert [len(part) for part in split.parts] == [8, 2, 2]
    assert {dataset.arrays["file"][i] for i in split.test} == {
        f"{test}/cat/t.png",
        f"{test}/dog/t.png",
    }
    assert dataset.rows[split.test].tolist() == [1, 2]


def test_validation_pictures_are_drawn_where_there_are_none(tmp_path):
    files = classes("cat", "dog", above="train/", count=10)
    files |= {"test/cat/t.png": picture((1, 2, 99)), "test/dog/t.png": picture((99, 2, 1))}
    split = make_split(read(folder(tmp_path / "set", files)))
    assert [len(part) for part in split.parts] == [17, 3, 2]


def test_training_and_validation_without_test_pictures_are_refused(tmp_path):
    files = classes("cat", "dog", above="train/") | classes("cat", "dog", above="val/", count=2)
    with pytest.raises(DataError, match=r"none to test with\. Call the folder .* test"):
        read(folder(tmp_path / "set", files))


def test_a_class_may_be_called_train(tmp_path):
    dataset = read(folder(tmp_path / "set", classes("train", "car", "bus_test")))
    assert sorted(set(dataset.arrays["class"])) == ["bus_test", "car", "train"]
    assert dataset.parts is None


def test_two_folders_for_one_part_are_refused(tmp_path):
    files = classes("a", "b", above="train/") | classes("a", "b", above="val/")
    files |= classes("a", "b", above="valid/")
    with pytest.raises(DataError, match="'val' and 'valid' are both the validation part"):
        read(folder(tmp_path / "set", files))


def test_a_folder_around_all_is_skipped_and_said(tmp_path):
    dataset = read(archive(tmp_path / "set.zip", classes("cat", "dog", above="my_set/")))
    assert set(dataset.arrays["class"]) == {"cat", "dog"}
    assert "All pictures stand in my_set; the folders in it are the classes." in dataset.notes


def test_folders_in_a_class_belong_to_it(tmp_path):
    files = classes("cat", "dog") | {"cat/young/1.png": picture(), "cat/old/x/1.png": picture()}
    dataset = read(folder(tmp_path / "set", files))
    assert dataset.arrays["class"].tolist().count("cat") == 5


def test_parts_inside_of_the_classes_are_no_parts_and_that_is_said(tmp_path):
    files = classes("cat/train", "cat/test", "dog/train", "dog/test")
    dataset = read(folder(tmp_path / "set", files))
    assert (set(dataset.arrays["class"]), dataset.parts) == ({"cat", "dog"}, None)
    assert "Folders called test and train stand inside of the classes" in notes_of(dataset)
    inner = classes("cat/young", "cat/old", "dog")
    assert "stand inside" not in notes_of(read(folder(tmp_path / "other", inner)))


def test_one_picture_alone_is_nothing_to_learn_from(tmp_path):
    path = folder(tmp_path, {"a.png": picture()}) / "a.png"
    with pytest.raises(DataError, match=r"a\.png holds 1 picture in no class folder"):
        read(path)


def test_separate_folders_may_be_given_for_each_part(tmp_path):
    train = folder(tmp_path / "a", classes("cat", "dog", count=8))
    test = folder(tmp_path / "b", {"cat/1.png": picture((7, 7, 7)), "dog/1.png": picture(GREEN)})
    dataset = read(train, test=test)
    assert dataset.parts.tolist() == ["train"] * 16 + ["test"] * 2
    with pytest.raises(DataError, match="hold the same rows"):
        read(train, test=train)
    with pytest.raises(DataError, match=r"no folder and no \.zip of pictures"):
        read(train, test=tmp_path / "missing")


# Classes


def test_classes_are_matched_by_name_across_parts(tmp_path):
    """A 1: an index by order would take 270 for 180 where the test part lacks 180."""
    files = classes("0", "90", "180", "270", above="train/", count=4)
    test = {
        name.replace("train", "test"): raw
        for name, raw in files.items()
        if "/180/" not in name and name.endswith("/3.png")
    }
    for more in ({}, {"test/180/": b""}):
        dataset = read(folder(tmp_path / f"set{len(more)}", files | test | more))
        parts = dataset.parts == "test"
        assert dataset.arrays["class"][parts].tolist() == ["0", "270", "90"]
        assert "The class '180' has no test pictures." in dataset.notes


def test_classes_keep_the_names_of_their_folders(tmp_path):
    dataset = read(folder(tmp_path / "set", classes("007", "7", "NA", "true")))
    assert sorted(set(dataset.arrays["class"])) == ["007", "7", "NA", "true"]


def test_a_test_class_without_training_pictures_is_said(tmp_path):
    files = classes("cat", "dog", above="train/", count=8)
    files |= {"test/cat/t.png": picture(), "test/fish/t.png": picture(GREEN)}
    dataset = read(folder(tmp_path / "set", files))
    assert "The class 'fish' has no training pictures, but 1 to judge by." in dataset.notes
    assert "The class 'dog' has no test pictures." in dataset.notes


def test_an_empty_class_folder_is_said(tmp_path):
    files = classes("cat", "dog") | {"fish/": b"", "bird/readme.txt": b"soon"}
    dataset = read(folder(tmp_path / "set", files))
    assert "2 folders hold no picture: bird, fish." in dataset.notes


def test_a_class_of_one_picture_is_refused_by_its_file(tmp_path):
    files = classes("cat", "dog") | {"fish/1.png": picture()}
    with pytest.raises(DataError, match=r"one row only: 'fish' \(fish/1.png\)"):
        read(folder(tmp_path / "set", files))


def test_one_training_picture_of_a_class_is_said_where_parts_are_given(tmp_path):
    files = classes("cat", "dog", above="train/", count=8)
    files |= {"train/fish/1.png": picture()} | classes("cat", "dog", "fish", above="test/", count=1)
    dataset = read(folder(tmp_path / "set", files))
    assert "The class 'fish' has one training picture only." in dataset.notes


def test_one_class_alone_is_refused(tmp_path):
    with pytest.raises(DataError, match="one class only, 'cat', so there is nothing to learn"):
        read(folder(tmp_path / "set", classes("cat")))


def test_pictures_in_no_class_folder_are_counted_or_refused(tmp_path):
    flat = {f"{i}.png": picture() for i in range(3)}
    with pytest.raises(DataError, match="3 pictures in no class folder, so nothing says what"):
        read(folder(tmp_path / "flat", flat))
    dataset = read(folder(tmp_path / "both", flat | classes("cat", "dog")))
    assert len(dataset) == 6
    assert "both: 3 pictures in no class folder (0.png, 1.png, …) left out." in dataset.notes


def test_pictures_beside_the_parts_are_counted(tmp_path):
    files = classes("a", "b", above="train/", count=8) | classes("a", "b", above="test/", count=2)
    dataset = read(folder(tmp_path / "set", files | classes("a", above="more/")))
    assert len(dataset) == 20
    assert "3 pictures beside the parts" in notes_of(dataset)


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


# What is ignored, and what is not followed


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


# Bad input


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
    monkeypatch.setattr(pictures, "MOST_BYTES", 500)
    with pytest.raises(DataError, match="first 3 of 6 pictures take 576 bytes; 500 can be held"):
        read(folder(tmp_path / "set", classes("cat", "dog")))


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
    path = folder(tmp_path / "set", {"b.csv": b"a,b\n1,2", "a/c.parquet": b"x"})
    with pytest.raises(DataError, match=r"It holds tables: give one, such as .*/set/a/c.parquet"):
        read(path)


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


# The size


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
