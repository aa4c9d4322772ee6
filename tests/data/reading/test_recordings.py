"""Promises of recordings: names of pictures tell of them only where they do."""

import pytest

from bakeoff import RequestError, read
from bakeoff.data.reading.recordings import names_subject, recordings
from bakeoff.data.splitting.split import make_split

from ...pictures import folder, picture


def found(*names, labels=None):
    result = recordings(names, labels or ["a"] * len(names))
    return None if result is None else result.tolist()


def numbered(*prefixes, count=3):
    return [f"c/{prefix}{i:03d}.png" for prefix in prefixes for i in range(count)]


@pytest.mark.parametrize("between", ["_", "-", " ", ".", "_frame"])
def test_the_name_before_the_number_is_the_recording(between):
    names = numbered(*(f"vid{letter}{between}" for letter in "ABCD"))
    wanted = [f"vid{letter}{'_frame' if 'frame' in between else ''}" for letter in "ABCD"]
    assert found(*names) == [name for name in wanted for _ in range(3)]


@pytest.mark.parametrize(
    "names",
    [
        [f"c/{i:05d}.png" for i in range(20)],
        numbered("IMG_", count=20),
        numbered("a_", "b_", "c_"),
        [f"c/{letter}_1.png" for letter in "abcdefgh"],
        [f"c/photo of {letter}.png" for letter in "abcdefgh"],
        [*numbered("a", "b", "c", "d", count=2), *(f"c/{i}.png" for i in range(20))],
    ],
    ids=["numbers", "one", "too few", "one picture each", "no numbers", "most are none"],
)
def test_names_that_tell_of_none(names):
    assert found(*names) is None


def test_a_name_that_is_that_of_the_class_is_no_recording():
    names = numbered("cat_", "dog_", "owl_", "fox_")
    assert found(*names, labels=[name[2:5] for name in names]) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("patient12", True),
        ("hospital_Patient-7", True),
        ("vidA", True),
        ("sub-01", True),
        ("subway", False),
        ("0709", False),
        ("cumulus", False),
        ("IMG_2020", False),
    ],
)
def test_names_of_subjects_are_known(name, says):
    assert names_subject(name) is says


def test_recordings_are_a_column_to_split_by_and_no_input(tmp_path):
    files = {
        f"{'xy'[v % 2]}/vid{v}_{i}.png": picture((20 * v, i, 0)) for v in range(8) for i in range(5)
    }
    path = folder(tmp_path / "set", files)
    dataset = read(path)
    assert dataset.schema.inputs == ("image",)
    assert dataset.arrays["recording"][0] == "vid0"
    split = make_split(dataset, "group:recording:50/25/25")
    owners = [set(dataset.arrays["recording"][part]) for part in split.parts]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
    again = read(path, kinds=dataset.schema.kinds, inputs=["image"])
    assert again.fingerprint == dataset.fingerprint
    assert make_split(read(path, kinds={"recording": "group"})).method == "group"
    with pytest.raises(RequestError, match="recording of picture files is of the kind identifier"):
        read(path, kinds={"recording": "number"})
