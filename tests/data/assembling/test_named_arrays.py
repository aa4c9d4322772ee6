"""Promises of arrays with names of their own: any of them is a column."""

import numpy as np
import pytest

from bakeoff import DataError, RequestError, read
from bakeoff.data.read import read_inputs

RANDOM = np.random.default_rng(0)
SERIES = RANDOM.normal(size=(60, 9, 2)).astype(np.float32)
PICTURE = RANDOM.integers(0, 255, (60, 8, 8), dtype=np.uint8)
LABEL = np.array(["cat", "dog"])[np.arange(60) % 2]
AGE = RANDOM.normal(size=60)


@pytest.fixture
def saved(tmp_path):
    """Return a function that writes arrays into a file."""

    def save(**arrays):
        path = tmp_path / "set.npz"
        np.savez(path, **arrays)
        return path

    return save


def test_one_array_goes_in_under_its_own_name(saved):
    dataset = read(saved(picture=PICTURE, label=LABEL), target="label")
    assert (dataset.schema.inputs, dataset.target) == (("picture",), "label")
    assert np.array_equal(np.asarray(dataset.arrays["picture"])[..., 0], PICTURE)


def test_a_dict_of_arrays_is_read_as_a_file_of_them(saved):
    arrays = {"picture": PICTURE, "label": LABEL}
    of_file = read(saved(**arrays), target="label")
    assert read(arrays, target="label").fingerprint == of_file.fingerprint


def test_inputs_choose_among_several_arrays(saved):
    path = saved(series=SERIES, picture=PICTURE, label=LABEL)
    dataset = read(path, target="label", inputs=["series"])
    assert dataset.schema.inputs == ("series",)
    assert "Not among the inputs: picture." in dataset.notes


def test_several_arrays_go_in_together_and_new_ones_are_read_alike(saved):
    path = saved(series=SERIES, picture=PICTURE, label=LABEL, weight=AGE)
    dataset = read(path, target="label", inputs=["series", "picture", "weight"])
    assert dataset.schema.groups == {
        "series": ("series",),
        "picture": ("picture",),
        "weight": ("weight",),
    }
    assert dataset.arrays["label"].tolist() == LABEL.tolist()
    new = read_inputs(path, dataset.schema)
    for name in ("series", "picture"):
        np.testing.assert_array_equal(new.arrays[name], dataset.arrays[name])
    np.testing.assert_array_equal(new.arrays["weight"], AGE)
    with pytest.raises(DataError, match=r"No array called 'picture'. Known: series, weight"):
        read_inputs({"series": SERIES, "weight": AGE}, dataset.schema)


def test_an_array_that_only_counts_the_rows_is_no_input_beside_others(saved):
    path = saved(picture=PICTURE, number=np.arange(60), label=LABEL)
    dataset = read(path, target="label")
    assert dataset.schema.inputs == ("picture",)
    assert "Not among the inputs: number." in dataset.notes


def test_parts_and_lengths_belong_to_their_array(saved):
    dataset = read(
        saved(
            wave_train=SERIES[:40],
            wave_train_lengths=np.arange(40) % 9 + 1,
            label_train=LABEL[:40],
            wave_test=SERIES[40:],
            wave_test_lengths=np.full(20, 5),
            label_test=LABEL[40:],
        ),
        target="label",
    )
    assert dataset.schema.inputs == ("wave",)
    assert dataset.parts.tolist() == ["train"] * 40 + ["test"] * 20
    assert dataset.arrays["wave"].lengths.tolist()[-1] == 5


def test_arrays_of_one_value_a_row_are_a_table(saved):
    dataset = read(saved(age=AGE, label=LABEL, shoe=AGE + 1), target="label")
    assert dataset.schema.inputs == ("age", "shoe")


def test_parts_of_a_table_are_parts(saved):
    halves = {"age_train": AGE[:40], "age_test": AGE[40:]}
    halves |= {"label_train": LABEL[:40], "label_test": LABEL[40:]}
    dataset = read(saved(**halves), target="label")
    assert dataset.schema.inputs == ("age",)
    assert dataset.parts.tolist().count("test") == 20


def test_new_arrays_are_taken_by_name_without_the_target(saved):
    schema = read(saved(picture=PICTURE, label=LABEL, age=AGE), target="label", inputs=["picture"])
    new = read_inputs(saved(picture=PICTURE[:7], other=AGE[:7]), schema.schema)
    assert len(new) == 7
    table = read(saved(age=AGE, label=LABEL), target="label")
    assert len(read_inputs(saved(age=AGE[:5]), table.schema)) == 5


def test_new_arrays_without_the_one_that_goes_in_are_refused_by_its_name(saved):
    schema = read(saved(picture=PICTURE, label=LABEL), target="label").schema
    with pytest.raises(DataError, match=r"No array called 'picture'.*'pictures'"):
        read_inputs(saved(pictures=PICTURE[:7]), schema)


@pytest.mark.parametrize(
    ("arrays", "asked", "said"),
    [
        ({"picture": PICTURE, "kind": LABEL}, {}, "holds picture, kind. Say with target="),
        ({"picture": PICTURE, "label": LABEL}, {"target": "lable"}, "Did you mean 'label'"),
        ({"picture": PICTURE, "label": LABEL[:9]}, {"target": "label"}, "picture has 60 rows but"),
        ({"age": AGE, "label": LABEL[:9]}, {"target": "label"}, "60 rows but label has 9"),
        ({"label": LABEL}, {"target": "label"}, "no array beside"),
        (
            {"wave": SERIES, "wave_lengths": np.full(60, 99), "label": LABEL},
            {"target": "label"},
            "wave_lengths",
        ),
        ({"picture": PICTURE, "label": LABEL}, {"target": "label", "inputs": ["pic"]}, "picture"),
    ],
)
def test_what_does_not_fit_is_said_with_the_names_of_the_file(arrays, asked, said, saved):
    with pytest.raises((DataError, RequestError)) as refused:
        read(saved(**arrays), **asked)
    assert said in str(refused.value)


def test_noise_both_has_two_inputs():
    assert read("noise_both", inputs=["picture"]).schema.inputs == ("picture",)
    assert read("noise_both").schema.inputs == ("series", "picture")
