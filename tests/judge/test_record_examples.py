"""Promises of examples: every class is seen, and the worst errors come first."""

import json
import re

import numpy as np

from bakeoff.data.blocks import Pictures, block_of
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.record_examples import drawable, most_wrong, spread
from bakeoff.runs.examples import read_examples
from bakeoff.runs.folder import RunFolder


def test_each_class_has_its_turn_before_a_second_row_of_one():
    truth = np.array(["a"] * 50 + ["b"] * 20 + ["c"])
    shown = truth[spread(np.arange(71), truth)].tolist()
    assert shown == ["a"] * 6 + ["b"] * 5 + ["c"]


def test_numbers_are_shown_from_the_least_to_the_greatest():
    truth = np.random.default_rng(0).normal(size=200)
    shown = truth[spread(np.arange(200), truth)]
    assert (shown[0], shown[-1]) == (truth.min(), truth.max())
    assert (np.diff(shown) >= 0).all()


def test_the_surest_mistake_is_the_worst():
    predictions = Predictions(
        target="y",
        rows=np.arange(1, 5),
        truth=np.array(["a", "b", "a", "z"]),
        scores=np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.6, 0.4]]),
        classes=("a", "b"),
    )
    assert list(most_wrong(predictions)) == [(3, "a"), (1, "a"), (2, "b")]


def test_the_largest_error_of_numbers_is_the_worst():
    predictions = Predictions(
        target="y",
        rows=np.arange(1, 4),
        truth=np.array([1.0, 2.0, 3.0]),
        scores=np.array([1.5, -8.0, 3.1]),
    )
    assert [place for place, _ in most_wrong(predictions)] == [1, 0, 2]


def test_what_is_drawn_is_small():
    large = Pictures(np.zeros((2, 500, 300, 3), np.uint8), np.arange(2))
    assert drawable(large, 1).shape == (84, 50, 3)
    long = block_of(np.zeros((2, 3_000, 7)), np.array([3_000, 5]))
    assert drawable(long, 0).shape == (375, 3)
    assert drawable(long, 1).shape == (5, 3)


def test_a_run_of_pictures_shows_rows_and_worst_errors(array_run):
    examples = read_examples(RunFolder(array_run.folder))
    assert {example.truth for example, _ in examples.train} == {"a", "b", "c"}
    assert all(example.truth != example.predicted for example, _ in examples.worst)
    page = (array_run.folder / "report.html").read_text("utf-8")
    assert "Some training rows" in page
    assert re.search(r"Worst errors: row \d+ is [abc], predicted [abc]", page)
    assert "batches of 32, and rows of each class" in page
    assert '<td class="num">42</td><td class="num">2</td>' in page  # training rows, and batches
    about = json.loads((array_run.folder / "data/examples.json").read_text("utf-8"))
    assert len(about["train"]) == 12
