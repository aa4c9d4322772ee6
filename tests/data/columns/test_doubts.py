"""Promises of telling what is doubtful."""

import numpy as np
import pytest

from bakeoff.data.columns.doubts import alike, sentinels
from bakeoff.data.read import read

from ..conftest import table

RANDOM = np.random.default_rng(0)
WORDS = ("Yes", "No", "YES", "no", "Y", "N", "yes", "n", "true", "FALSE")


def test_ten_spellings_of_two_classes_are_told_and_not_changed(write):
    dataset = read(write(table(100, y=lambda i: WORDS[i % 10])), target="y")
    [note] = [note for note in dataset.notes if "spellings" in note]
    assert note.startswith("y: 10 labels look like spellings of 2: 'FALSE' (10) = 'N' (10) = ")
    assert set(dataset.arrays["y"]) == set(WORDS)


@pytest.mark.parametrize(
    ("rare", "often"),
    [("sofia", "Sofia"), ("New York", "new-york"), ("setoza", "setosa"), ("Januray", "January"),
     ("Österreich", "O\u0308sterreich"), ("virgnica", "virginica")],
)  # fmt: skip
def test_near_equal_labels_are_found(rare, often):
    assert alike({often: 50, rare: 2, "other": 9}) == [[often, rare], ["other"]]


@pytest.mark.parametrize(
    "labels",
    [("Iran", "Iraq"), ("type 1", "type 2"), ("cluster 1", "cluster 10"), ("A+", "A-"),
     ("A", "AB"), ("A", "B", "Absent"), ("Austria", "Australia"), ("0", "1"), ("+", "-")],
)  # fmt: skip
def test_labels_that_differ_are_left_alone(labels):
    counts = {label: 50 // (i + 1) ** 3 + 1 for i, label in enumerate(labels)}
    assert all(len(group) == 1 for group in alike(counts))


def test_two_frequent_labels_one_letter_apart_are_two():
    assert len(alike({"Nordost": 50, "Nordwest": 40, "Nordos": 30})) == 3


def test_a_number_that_stands_for_no_value_is_told_with_its_count(write):
    text = table(60, b=lambda i: -999 if i % 10 == 0 else i * 0.7)
    dataset = read(write(text), target="y")
    [note] = [note for note in dataset.notes if "no value" in note]
    assert note.startswith("b: -999 (6 rows) lies far from all other numbers (0.7 to 41.3)")
    assert (dataset.arrays["b"] == -999).sum() == 6


@pytest.mark.parametrize("found", [(-999,), (9999, -9999), (-9999, -999), (99999,), (250,)])
def test_sentinels_at_both_ends_are_found(found):
    values = np.concatenate([RANDOM.uniform(0, 50, 200), np.repeat(found, 3)])
    assert sorted(sentinels(values)) == sorted(found)


@pytest.mark.parametrize(
    "values",
    [RANDOM.normal(size=500), np.round(np.exp(2 * RANDOM.normal(size=500))), np.arange(40) % 2,
     np.r_[RANDOM.uniform(0, 50, 99), -999], np.repeat([1.0, 2.0, 5.0], 9), np.full(9, 999.0)],
)  # fmt: skip
def test_ordinary_numbers_raise_no_doubt(values):
    assert sentinels(values.astype(float)) == []
