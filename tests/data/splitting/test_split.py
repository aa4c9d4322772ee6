"""Promises of splitting."""

import numpy as np
import pytest

from bakeoff.data.read import read
from bakeoff.data.splitting.split import Split, counts, make_split
from bakeoff.errors import DataError, RequestError


def data(rows=200, **columns):
    columns.setdefault("y", [i % 2 for i in range(rows)])
    return read({"a": np.linspace(0.5, 9.7, rows), **columns}, target="y")


def assert_every_row_once(split, rows):
    np.testing.assert_array_equal(np.sort(np.concatenate(split.parts)), np.arange(rows))


@pytest.mark.parametrize("rows", [20, 33, 200, 1001])
def test_a_random_split_uses_every_row_once_in_the_shares_asked_for(rows):
    split = make_split(data(rows), "random:60/20/20")
    assert_every_row_once(split, rows)
    for part, share in zip(split.parts, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(part) - share * rows) <= 1


def test_classes_keep_their_shares():
    dataset = data(300, y=["rare" if i % 10 == 0 else "often" for i in range(300)])
    tally = counts(dataset, make_split(dataset))
    assert tally["train"]["classes"] == {"often": 189, "rare": 21}
    assert {tally[part]["classes"]["rare"] for part in ("validation", "test")} <= {4, 5}


@pytest.mark.parametrize("size", [1, 2])
def test_a_class_of_too_few_rows_for_three_parts_is_learned_from_and_never_tested(size):
    dataset = data(60, y=["small"] * size + ["u", "v"] * ((60 - size) // 2) + ["u"] * (size % 2))
    tally = counts(dataset, make_split(dataset))
    small = {part: tally[part]["classes"].get("small", 0) for part in tally}
    assert small == {"train": size, "validation": 0, "test": 0}


@pytest.mark.parametrize("size", [3, 4, 5])
def test_small_classes_stand_in_train_first_then_in_test(size):
    dataset = data(60, y=["small"] * size + ["u", "v"] * ((60 - size) // 2) + ["u"] * (size % 2))
    tally = counts(dataset, make_split(dataset))
    assert tally["train"]["classes"]["small"] >= 1
    assert tally["test"]["classes"]["small"] >= 1


def test_many_small_classes_still_fill_all_parts():
    dataset = data(300, y=[f"c{i % 100}" for i in range(300)])
    split = make_split(dataset)
    assert_every_row_once(split, 300)
    assert len(counts(dataset, split)["train"]["classes"]) == 100


def test_the_seed_decides_and_nothing_else():
    dataset = data()
    first, same, other = (make_split(dataset, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.test, same.test)
    assert not np.array_equal(first.test, other.test)


def test_a_time_split_never_puts_later_rows_in_train():
    order = np.random.default_rng(0).permutation(200)
    dataset = data(when=np.datetime64("2020-01-01") + order.astype("timedelta64[D]"))
    split = make_split(dataset, "time")
    times = dataset.arrays["when"]
    assert_every_row_once(split, 200)
    assert times[split.train].max() < times[split.validation].min()
    assert times[split.validation].max() < times[split.test].min()
    assert split.how == "by time: when up to 2020-05-19 trains, after 2020-06-18 tests"


def test_rows_of_one_time_stay_together():
    dataset = data(t=np.arange(200) // 7 + 0.5)
    split = make_split(dataset, "time:t:60/20/20")
    values = [set(dataset.arrays["t"][rows]) for rows in split.parts]
    assert not values[0] & values[1] and not values[1] & values[2]


def test_rows_of_one_group_stay_together():
    dataset = data(patient=[f"p{i % 23}" for i in range(200)])
    split = make_split(dataset, "group:patient")
    groups = [set(dataset.arrays["patient"][rows]) for rows in split.parts]
    assert_every_row_once(split, 200)
    assert not groups[0] & groups[1] and not groups[1] & groups[2] and not groups[0] & groups[2]
    assert abs(len(split.train) - 140) <= 10
    assert split.by == ("patient",)


def test_a_column_can_say_the_parts():
    part = ["train"] * 120 + ["val"] * 40 + ["Test"] * 40
    split = make_split(data(part=part), "column:part")
    assert [len(rows) for rows in split.parts] == [120, 40, 40]


def test_a_missing_validation_part_is_carved_from_training_rows():
    split = make_split(data(part=["train"] * 100 + ["test"] * 100), "column:part")
    assert [len(rows) for rows in split.parts] == [85, 15, 100]
    assert split.test.min() == 100
    assert "15 % of the training rows" in split.how


def test_separate_files_are_the_split():
    train, validation, test = ({"a": np.linspace(0, n, 40), "y": [0, 1] * 20} for n in (1, 2, 3))
    dataset = read(train, target="y", test=test, validation=validation)
    assert make_split(dataset).test.tolist() == list(range(80, 120))
    with pytest.raises(RequestError, match="already come in parts"):
        make_split(dataset, "random:70/15/15")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("radom", r"No split called 'radom'\. Did you mean 'random'"),
        ("random:70/30", "three numbers above 0"),
        ("random:70/20/20", "add up to 100"),
        ("random:100/0/0", "three numbers above 0"),
        ("random:a/b/c", "three numbers above 0"),
        ("time", "no column was read as dates"),
        ("time:b", "No column called 'b'"),
        ("group", "say which column"),
        ("group:y", "No column called 'y'"),
    ],
)
def test_a_split_that_cannot_be_understood_is_refused(how, message):
    with pytest.raises(RequestError, match=message):
        make_split(data(), how)


def test_unplaceable_rows_are_refused_with_their_row():
    with pytest.raises(DataError, match=r"1 rows have no g \(first: row 3\)"):
        make_split(data(g=["u", "v", None] + ["w"] * 197), "group:g")
    with pytest.raises(DataError, match="says 'u' at row 1"):
        make_split(data(g=["u", "v"] * 100), "column:g")
    with pytest.raises(DataError, match="has 2 groups"):
        make_split(data(g=["u", "v"] * 100), "group:g")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([0, 1], [2], [1, 3]), r"Position 1 \(from 0\) stands in more than one part"),
        (([0, 0], [2], [3]), r"Position 0 \(from 0\) stands in more than one part, or twice"),
        (([0, 1], [], [3]), "validation part is empty"),
    ],
)
def test_overlap_and_empty_parts_are_refused(parts, message):
    with pytest.raises(DataError, match=message):
        Split(train=parts[0], validation=parts[1], test=parts[2], method="random", how="by hand")


def test_a_column_of_kind_group_is_followed_unless_asked_otherwise():
    groups = {"a": np.linspace(0, 1, 90), "g": [f"g{i % 9}" for i in range(90)], "y": [0, 1] * 45}
    dataset = read(groups, target="y", kinds={"g": "group"})
    assert make_split(dataset).by == ("g",)
    assert make_split(dataset, "random").by == ()


def test_percentages_alone_mean_a_random_split():
    split, same = make_split(data(), "80/10/10"), make_split(data(), "random:80/10/10")
    assert [len(part) for part in split.parts] == [160, 20, 20]
    np.testing.assert_array_equal(split.test, same.test)


@pytest.mark.parametrize(
    "shares",
    ["nan/50/50", "50/50/nan", "inf/50/50", "-inf/50/inf", "-10/60/50", "1e400/0/0", "100/0/0",
     "//", "70//30", "70/30", "a/b/c", "0/0/0", "33/33/33"],
)  # fmt: skip
def test_shares_that_are_none_are_refused_and_end(shares):
    with pytest.raises(RequestError, match="Give three numbers above 0 that add up to 100"):
        make_split(data(), f"random:{shares}")


@pytest.mark.parametrize(
    ("how", "method"),
    [("random", "random"), ("time:t", "time"), ("group:g", "group"), ("column:p", "column")],
)
def test_a_split_says_its_method_as_a_fact(how, method):
    dataset = data(
        t=np.arange(200) + 0.5,
        g=[f"g{i % 9}" for i in range(200)],
        p=["train", "validation", "test", "train"] * 50,
    )
    assert make_split(dataset, how).method == method


def test_a_split_prints_in_one_line():
    assert repr(make_split(data(), seed=4)) == (
        "<Split 140 train, 30 validation, 30 test: random, stratified, seed 4>"
    )


WORDS = ["Training", "PublicTest", "PrivateTest", "train", "val", "test_set"] * 10


@pytest.mark.parametrize("name", ["Usage", "data split", "subset"])
def test_a_column_that_says_the_part_of_each_row_makes_the_split(name):
    rows = {"a": list(range(60)), name: WORDS, "y": ["a", "b", "b"] * 20}
    split = make_split(read(rows, target="y"))
    assert (split.method, split.by, len(split.train)) == ("column", (name,), 20)
    other = {"a": list(range(60)), "who": WORDS, "y": ["a", "b", "b"] * 20}
    assert make_split(read(other, target="y")).method == "random"
    assert make_split(read(other, target="y"), "who").by == ("who",)


def test_a_column_of_other_words_makes_no_split_by_itself():
    words = [*WORDS[:59], "red"]
    whole = {"a": list(range(60)), "split": WORDS, "y": ["a", "b", "b"] * 20}
    assert make_split(read(whole, target="y")).method == "column"
    rows = {"a": list(range(60)), "split": words, "y": ["a", "b", "b"] * 20}
    assert make_split(read(rows, target="y")).method == "random"
    with pytest.raises(DataError, match="says 'red' at row 60"):
        make_split(read(rows, target="y"), "column:split")
