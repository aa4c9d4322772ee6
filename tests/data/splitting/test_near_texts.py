"""Promises of the leak checks of texts: copies are found, ordinary texts are not."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read
from bakeoff.data.splitting.labels_in_texts import labels_in_texts
from bakeoff.data.splitting.leaks import find_leaks
from bakeoff.data.splitting.near_texts import near_texts, text_prints
from bakeoff.data.splitting.split import make_split

WORDS = np.array([f"{a}{b}{c}" for a in "bdfgl" for b in "aeiou" for c in ("m", "nt", "rst")])


def sentences(count, words=60, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, words)) for _ in range(count)]


def twins_of(texts, rows, others):
    prints = text_prints(np.array(texts, dtype=object))
    return near_texts(prints, np.array(rows), np.array(others)).tolist()


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace(" ", ", ") + "!",
        lambda text: text.replace(text.split()[20], "other", 1),
        lambda text: "Edit: " + text,
        lambda text: text[:-20],
    ],
)
def test_a_copy_with_little_changed_is_found(change):
    texts = sentences(40)
    assert twins_of([*texts, change(texts[7]), *sentences(1, seed=9)], [40, 41], range(40)) == [
        7,
        -1,
    ]


def test_ordinary_texts_are_not_taken_for_copies():
    texts = sentences(400)
    assert set(twins_of(texts, range(200, 400), range(200))) == {-1}


def test_missing_texts_are_no_copies_of_each_other():
    assert twins_of([None, "", *sentences(3)], [0, 1], [1, 2, 3, 4]) == [-1, -1]


def test_short_texts_are_equal_or_not():
    texts = ["Grade A", "grade b", "grade a."]
    assert twins_of(texts, [2], [0, 1]) == [0]
    assert twins_of(texts, [1], [0]) == [-1]


def test_a_run_names_nearly_equal_texts_in_two_parts(tmp_path):
    texts = sentences(80)
    train = pl.DataFrame({"x": texts, "y": ["u", "v"] * 40})
    test = pl.DataFrame({"x": [texts[3].title(), *sentences(9, seed=5)], "y": ["u", "v"] * 5})
    dataset = read(train, target="y", test=test)
    split = make_split(dataset)
    (finding,) = find_leaks(dataset, split)
    assert (finding.kind, finding.part, finding.count) == ("near_copies", "test", 1)
    assert "1 of 10 test texts is nearly a " in finding.message


def test_a_class_that_its_texts_name_is_found():
    texts = [
        f"{text} all about {label}" for text, label in zip(sentences(60), "ab" * 30, strict=True)
    ]
    labels = np.array(["a", "b"] * 30, dtype=object)
    found = labels_in_texts(np.array(texts, dtype=object), labels)
    assert [named.label for named in found] == ["a", "b"]
    dataset = read({"x": texts, "y": labels.tolist()}, target="y")
    messages = [finding.message for finding in find_leaks(dataset, make_split(dataset))]
    assert any("does the label stand in its text?" in message for message in messages)


def test_texts_that_name_all_classes_alike_are_silent():
    texts = np.array([f"{text} a or b" for text in sentences(60)], dtype=object)
    assert not labels_in_texts(texts, np.array(["a", "b"] * 30, dtype=object))


def test_a_giant_text_costs_the_checks_no_more_memory_than_itself():
    texts = [*sentences(98), "ba de " * 200_000, "x" * 1_000_000]
    dataset = read({"x": texts, "y": ["u", "v"] * 50}, target="y")
    split = make_split(dataset)
    tracemalloc.start()
    find_leaks(dataset, split)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**8  # as one array of letters they would take 480 MB
