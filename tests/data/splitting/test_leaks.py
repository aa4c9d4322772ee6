"""Promises of the leak checks."""

import numpy as np
import pytest

from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import find_leaks, sentence
from bakeoff.data.splitting.split import make_split

RANDOM = np.random.default_rng(0)
ROWS = 200
CLASSES = RANDOM.integers(0, 3, ROWS)
AMOUNT = RANDOM.normal(size=ROWS)


def leaks_of(y, **columns):
    dataset = read({"a": RANDOM.normal(size=ROWS), **columns, "y": y}, target="y")
    return find_leaks(dataset, make_split(dataset))


def test_clean_data_say_so():
    findings = leaks_of(CLASSES)
    assert sentence(findings) == (
        "no duplicates across the split, no column that gives the target away"
    )


def test_rows_that_stand_in_training_too_are_counted():
    x = RANDOM.normal(size=(ROWS, 3))
    dataset = read((x, AMOUNT))
    split = make_split(dataset)
    x[split.test[:5]] = x[split.train[:5]]
    found = find_leaks(read((x, AMOUNT)), split)
    assert [(finding.kind, finding.count) for finding in found] == [("duplicates", 5)]
    assert "5 of 30 test rows repeat the inputs of a training row" in sentence(found)
    assert (found[0].part, found[0].rows) == ("test", tuple(split.test[:5] + 1))


def test_twins_are_found_whatever_their_padding_and_the_sign_of_a_zero():
    x = RANDOM.normal(size=(ROWS, 6, 2))
    lengths = np.full(ROWS, 4)
    split = make_split(read({"x": x, "y": AMOUNT, "x_lengths": lengths}))
    x[split.train[0], 0, 0] = 0.0
    x[split.test[:3], :4] = x[split.train[0], :4]  # the padding differs
    x[split.test[:3], 0, 0] = -0.0
    x[split.test[3]] = x[split.train[1]]
    lengths[split.test[3]] = 5  # one step more: another sequence
    found = find_leaks(read({"x": x, "y": AMOUNT, "x_lengths": lengths}), split)
    assert [(finding.kind, finding.count) for finding in found] == [("duplicates", 3)]


@pytest.mark.parametrize(
    ("y", "leak"),
    [
        (CLASSES, CLASSES * 10 + 5),
        (CLASSES, np.array(["u", "v", "w"])[CLASSES]),
        (CLASSES, CLASSES + RANDOM.random(ROWS) / 2),
        (AMOUNT, 3 * AMOUNT + 1),
        (AMOUNT.round(1), np.array([f"v{v:.1f}" for v in AMOUNT])),
    ],
)
def test_a_column_that_gives_the_target_away_is_named(y, leak):
    found = [finding for finding in leaks_of(y, leak=leak) if finding.kind == "gives_away"]
    assert [finding.column for finding in found] == ["leak"]


def test_a_good_column_is_no_leak():
    noisy = CLASSES + RANDOM.normal(size=ROWS) * 0.4
    assert not leaks_of(CLASSES, good=noisy, groups=[f"g{i % 90}" for i in range(ROWS)])
    assert not leaks_of(AMOUNT, good=AMOUNT + RANDOM.normal(size=ROWS) * 0.1)


def test_test_targets_are_not_read():
    leak = CLASSES * 10 + 5
    dataset = read({"leak": leak, "b": AMOUNT, "y": CLASSES}, target="y")
    split = make_split(dataset)
    changed = CLASSES.copy()
    changed[split.test] = 0
    other = read({"leak": leak, "b": AMOUNT, "y": changed}, target="y")
    assert find_leaks(dataset, split) == find_leaks(other, split)


def test_a_random_split_of_ordered_times_is_named():
    when = np.datetime64("2020-01-01") + np.arange(ROWS).astype("timedelta64[h]")
    dataset = read({"when": when, "a": AMOUNT, "y": CLASSES}, target="y")
    found = find_leaks(dataset, make_split(dataset))
    assert [finding.kind for finding in found] == ["mixed_times"]
    assert not find_leaks(dataset, make_split(dataset, "time:when"))


def test_duplicates_are_named_by_the_rows_of_their_own_file():
    train = {"a": AMOUNT, "y": CLASSES}
    test = {"a": [9.5, AMOUNT[7], 8.5], "y": [0, 1, 2]}
    dataset = read(train, target="y", test=test, validation={"a": [0.1, 0.2], "y": [0, 1]})
    found = find_leaks(dataset, make_split(dataset))
    assert [(finding.part, finding.rows) for finding in found] == [("test", (2,))]


def test_test_rows_that_stand_in_validation_are_counted_apart_from_those_in_training():
    train = {"a": AMOUNT, "y": CLASSES}
    validation = {"a": [9.5, 8.5, 7.5], "y": [0, 1, 2]}
    test = {"a": [8.5, AMOUNT[7], 7.5, 6.5], "y": [0, 1, 2, 0]}
    dataset = read(train, target="y", test=test, validation=validation)
    found = find_leaks(dataset, make_split(dataset))
    assert [(finding.part, finding.repeats, finding.rows) for finding in found] == [
        ("test", "train", (2,)),
        ("test", "validation", (1, 3)),
    ]
    assert "2 of 4 test rows repeat the inputs of a validation row" in sentence(found)


@pytest.mark.parametrize("y", [AMOUNT, CLASSES])
def test_rows_that_repeat_accuse_no_single_column(y):
    a, y = (np.tile(values, 4) for values in (AMOUNT + RANDOM.normal(size=ROWS), y))
    dataset = read({"a": a, "c": a**2, "y": y}, target="y")
    found = find_leaks(dataset, make_split(dataset))
    assert {finding.kind for finding in found} == {"duplicates"}
    dataset = read({"a": a, "leak": y, "y": y}, target="y")
    assert "leak" in {finding.column for finding in find_leaks(dataset, make_split(dataset))}


def positions(order, gaps):
    """Return row numbers that stand in an order, every so many left out."""
    numbers = np.sort(RANDOM.choice(gaps * ROWS, ROWS, replace=False))
    found = np.empty(ROWS)
    found[order] = numbers
    return found


NOISY = AMOUNT + RANDOM.normal(size=ROWS) * 0.4
POSITIONS = [
    (AMOUNT, np.argsort(NOISY), "R2 0."),
    (AMOUNT, np.argsort(-NOISY), "R2 0."),
    (CLASSES, np.argsort(CLASSES + RANDOM.normal(size=ROWS) * 0.3), "accuracy 0."),
    (CLASSES, np.argsort((CLASSES + 1) % 3 + RANDOM.random(ROWS) * 1.2), "accuracy 0."),
]


@pytest.mark.parametrize("gaps", [2, 3])
@pytest.mark.parametrize(("y", "order", "score"), POSITIONS)
def test_a_count_of_the_rows_that_foretells_the_target_is_named(y, order, score, gaps):
    [found] = leaks_of(y, count=positions(order, gaps))
    assert (found.kind, found.column) == ("position", "count")
    assert f"alone it predicts y ({score}" in found.message
    assert found.message.endswith("give it the kind ignored to leave it out")


def test_a_count_of_the_rows_that_foretells_nothing_is_no_finding():
    assert not leaks_of(AMOUNT, count=positions(RANDOM.permutation(ROWS), 2))
    assert not leaks_of(CLASSES, count=positions(RANDOM.permutation(ROWS), 2))


def test_a_good_column_of_whole_numbers_is_no_count_of_the_rows():
    grams = np.round((NOISY - NOISY.min() + 1) ** 2 * 10_000)
    assert not leaks_of(AMOUNT, grams=grams)


def test_in_a_split_by_time_the_count_of_the_rows_is_no_leak():
    step = positions(np.argsort(NOISY), 2)
    dataset = read({"step": step, "a": RANDOM.normal(size=ROWS), "y": AMOUNT}, target="y")
    assert not find_leaks(dataset, make_split(dataset, "time:step"))


def visits(spread, names):
    """Return a table of forty patients with five visits each, in random order."""
    order = RANDOM.permutation(ROWS)
    patient = np.arange(ROWS) // 5
    own = RANDOM.normal(size=(40, 3))[patient] + spread * RANDOM.normal(size=(ROWS, 3))
    data = {"patient": names(patient), "a": own[:, 0], "b": own[:, 1], "y": own[:, 2]}
    return {name: values[order] for name, values in data.items()}


@pytest.mark.parametrize(
    "names",
    [
        lambda number: number * 7 + 1,
        lambda number: np.array([f"p{n}" for n in number]),
    ],
    ids=["numbers", "words"],
)
def test_groups_of_nearly_equal_rows_are_named_with_the_split_that_keeps_them(names):
    dataset = read(visits(0.05, names), target="y")
    found = find_leaks(dataset, make_split(dataset))
    assert [(finding.kind, finding.column) for finding in found] == [("mixed_groups", "patient")]
    assert "keep each in one part with --split group:patient" in sentence(found)
    assert found[0].count > 20
    assert not find_leaks(dataset, make_split(dataset, "group:patient"))


def test_groups_of_different_rows_are_no_finding():
    dataset = read(visits(1.0, lambda number: number * 7 + 1), target="y")
    assert not find_leaks(dataset, make_split(dataset))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-200, 1e200, 1e299])
def test_the_unit_of_a_column_does_not_matter_to_the_checks(unit):
    found = leaks_of(AMOUNT, leak=AMOUNT * unit, huge=RANDOM.normal(size=ROWS) * unit)
    assert [finding.column for finding in found] == ["leak"]


def test_many_columns_that_give_the_target_away_are_told_in_one_sentence():
    y = ["a", "b"] * 60
    columns = {f"c{k}": [row % 2 + k / 7 + row / 1000 for row in range(120)] for k in range(9)}
    dataset = read({"y": y, **columns}, target="y")
    found = [f for f in find_leaks(dataset, make_split(dataset)) if f.kind == "gives_away"]
    assert [finding.message for finding in found] == [
        "each of c0, c1, c2 and 6 more alone gives y away: would it be known beforehand?"
    ]
