"""Tokens: every number is a word, lengths say where a sequence ends."""

import numpy as np
import pytest

from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.tokens import Tokens
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.views import make_views
from bakeoff.errors import DataError

N = 60
LENGTHS = np.where(np.arange(N) % 2, 2, 4)
GIVEN = {"x": np.tile([1, 2, 0, 0], (N, 1)), "y": LENGTHS, "x_lengths": LENGTHS}


def test_token_0_is_a_word_and_the_length_comes_from_the_data():
    dataset = read(GIVEN, kinds={"x": "tokens"})
    views = make_views(fit_preparation(dataset, make_split(dataset, seed=0)), dataset)
    text = views["text"].take([0, 1])
    assert text["lengths"].tolist() == [4, 2]
    assert (text["x"][0] >= 4).all() and text["x"][1, 2:].tolist() == [0, 0]
    assert views["text"].sizes["vocabulary_size"] == 7
    assert sorted(views["plain"].take([0])["x"][0].tolist()) == [1, 1, 2]


def test_tokens_that_training_lacks_are_unknown_and_counted():
    fitted = Tokens.fit(np.array([5, 5, 9]))
    assert fitted.apply(np.array([5, 9, 7, 10**6])).tolist() == [4, 5, 1, 1]
    assert fitted.unknown(np.array([7, 5, 7])) == {7: 2}


def test_new_rows_of_no_step_are_answered_alike_and_named():
    schema = read(GIVEN, kinds={"x": "tokens"}).schema
    new = read_inputs({"x": np.array([[1, 2], [3, 4], [5, 6]]), "x_lengths": [0, 1, 0]}, schema)
    assert new.arrays["x"].lengths.tolist() == [1, 1, 1]
    assert any("row 1 and row 3" in note for note in new.notes)


def test_training_rows_of_no_step_are_left_out_and_counted():
    lengths = LENGTHS.copy()
    lengths[:2] = 0
    dataset = read({**GIVEN, "x_lengths": lengths}, kinds={"x": "tokens"})
    assert len(dataset) == N - 2 and any("2 rows are left out" in n for n in dataset.notes)


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan])
def test_what_is_no_token_is_refused_with_its_row(value):
    x = GIVEN["x"].astype(float)
    x[7, 1] = value
    with pytest.raises(DataError, match=r"whole numbers from 0 on; row 8 has"):
        read({**GIVEN, "x": x}, kinds={"x": "tokens"})


def test_one_hot_targets_are_classes():
    classes = np.arange(N) % 3
    dataset = read((np.random.default_rng(0).normal(size=(N, 2)), np.eye(3)[classes]))
    assert dataset.arrays["y"].tolist() == [str(c) for c in classes]


def test_one_value_a_step_makes_a_sequence():
    dataset = read({**GIVEN, "x": GIVEN["x"] + 0.5}, kinds={"x": "sequence"})
    assert dataset.arrays["x"][1].tolist() == [[1.5], [2.5]]
