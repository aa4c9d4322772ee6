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
