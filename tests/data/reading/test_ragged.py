"""Sequences of different lengths may be lists, as Keras gives reviews."""

import numpy as np
import pytest

import bakeoff
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError

RNG = np.random.default_rng(0)
LISTS = [RNG.integers(1, 50, size).tolist() for size in RNG.integers(3, 9, 40)]
OBJECTS = np.empty(40, object)
OBJECTS[:] = LISTS
Y = np.arange(40) % 2


@pytest.mark.parametrize("x", [LISTS, OBJECTS, [np.array(one) for one in LISTS]])
def test_lists_of_different_lengths_are_sequences(x):
    dataset = read((x, Y), kinds={"x": "tokens"})
    assert dataset.schema.tasks == {"y": "binary"}
    assert dataset.arrays["x"].lengths.tolist() == [len(one) for one in LISTS]
    same = read_inputs(x[:3], dataset.schema)
    assert same.arrays["x"].lengths.tolist() == [len(one) for one in LISTS[:3]]


def test_steps_of_several_channels_may_be_of_different_lengths():
    x = [RNG.normal(size=(size, 3)) for size in RNG.integers(3, 9, 40)]
    assert read((x, Y)).arrays["x"].shape == (40, max(map(len, x)), 3)


def test_a_run_takes_them_as_x_and_y_with_a_test_part(tmp_path):
    run = bakeoff.run(
        (OBJECTS[:30], Y[:30]), test=(OBJECTS[30:], Y[30:]), kinds={"x": "tokens"},
        models=["embedding_bag"], seeds=1, epochs=1, out=tmp_path / "run", show="none",
    )  # fmt: skip
    assert len(run.best.predict(OBJECTS)) == 40
    assert run.best.score((OBJECTS, Y)) == run.best.score({"x": LISTS, "y": Y})
    with pytest.raises(DataError, match="X has 40 rows and y has 3"):
        bakeoff.run(LISTS, Y[:3], out=tmp_path / "other", show="none")
