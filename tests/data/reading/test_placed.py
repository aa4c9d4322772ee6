"""Promises of parts and classes: they follow from the folders that pictures stand in."""

import pytest

from bakeoff import DataError, read
from bakeoff.data.splitting.split import make_split

from ...pictures import GREEN, archive, classes, folder, picture


def notes_of(dataset) -> str:
    return " ".join(dataset.notes)


def files_of(dataset) -> list[str]:
    return dataset.arrays["file"].tolist()


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


def test_without_test_pictures_those_of_validation_judge_and_that_is_said(tmp_path):
    files = classes("cat", "dog", above="train/", count=10)
    files |= classes("cat", "dog", above="val/", count=2)
    dataset = read(folder(tmp_path / "set", files))
    assert [len(part) for part in make_split(dataset).parts] == [17, 3, 4]
    assert "There are no test pictures: models are judged on those of val" in dataset.notes[0]


def test_a_part_may_stand_in_a_folder_of_its_name_beside_pictures_to_predict(tmp_path):
    files = classes("sea", "street", above="seg_train/seg_train/", count=10)
    files |= classes("sea", "street", above="seg_test/seg_test/", count=2)
    files |= {"seg_pred/seg_pred/1.png": picture((9, 9, 9))}
    dataset = read(folder(tmp_path / "set", files))
    assert sorted(set(dataset.arrays["class"])) == ["sea", "street"]
    assert (len(dataset), (dataset.parts == "test").sum()) == (24, 4)
    assert any("1 picture beside the parts" in note for note in dataset.notes)


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


def test_a_class_of_one_picture_is_never_tested_or_refused_by_its_file(tmp_path):
    files = classes("cat", "dog") | {"fish/1.png": picture()}
    notes = " ".join(read(folder(tmp_path / "set", files)).notes)
    assert "class: 1 class has fewer than 3 rows ('fish' 1)" in notes
    files = classes("cat") | {"fish/1.png": picture()}
    with pytest.raises(DataError, match=r"one row only: 'fish' \(fish/1.png\)"):
        read(folder(tmp_path / "two", files))


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


def test_names_tell_the_class_where_no_folder_does(tmp_path):
    files = {f"{name}.{i}.png": picture((i, 9, 9)) for name in ("cat", "dog") for i in range(8)}
    dataset = read(folder(tmp_path / "set", files))
    assert sorted(set(dataset.arrays["class"])) == ["cat", "dog"]
    assert "cat.0.png is of cat" in notes_of(dataset)
    with pytest.raises(DataError, match="in no class folder"):
        read(folder(tmp_path / "more", {**files, "17.png": picture()}))


def test_a_folder_may_be_called_training_set(tmp_path):
    files = classes("cat", "dog", above="training_set/", count=10)
    files |= {"test_set/cat/t.png": picture((1, 2, 99)), "test_set/dog/t.png": picture((99, 2, 1))}
    split = make_split(read(folder(tmp_path / "set", files)))
    assert [len(part) for part in split.parts] == [17, 3, 2]
