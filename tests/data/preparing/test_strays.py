"""Promises of what is said of values beyond the bounds."""

import numpy as np
import pytest

from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.strays import say_strays
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split

RANDOM = np.random.default_rng(0)
N = 400


def prepared(data, split=None):
    dataset = read(data, target="y")
    return fit_preparation(dataset, make_split(dataset, split))


def test_values_after_the_training_rows_are_counted_with_the_first():
    errors = np.where(np.arange(N) < 300, 0, 50)
    data = {"step": np.arange(N) * 2, "errors": errors, "y": RANDOM.normal(size=N)}
    assert (
        "errors: 100 values lie beyond the bounds of the training rows (first row 301: 50, bounds "
        "0 to 0) and count as the nearest bound."
    ) in prepared(data, "time:step").notes


def test_numbers_that_cannot_be_calculated_with_are_counted_in_training_rows_too():
    huge = RANDOM.normal(size=N)
    huge[3] = 1.7e308
    [said] = prepared({"huge": huge, "y": RANDOM.normal(size=N)}).notes
    assert said.startswith("huge: 1 value lies beyond") and "row 4: 1.7e+308" in said


def test_new_data_are_counted_by_their_own_rows():
    preparation = prepared({"a": RANDOM.integers(1, 6, N), "y": RANDOM.normal(size=N)})
    assert preparation.notes == ()
    new = read_inputs({"a": [1, 5, 999]}, preparation.schema)
    [said] = say_strays(preparation.transforms, new)
    assert said.startswith("a: 1 value lies beyond the bounds of the training rows (row 3: 999,")


def test_padding_is_not_counted():
    x, lengths = RANDOM.normal(size=(N, 5, 2)), np.full(N, 3)
    x[:, 3:] = 1e9
    dataset = read({"x": x, "y": x[:, 0, 0], "x_lengths": lengths})
    assert fit_preparation(dataset, make_split(dataset)).notes == ()


@pytest.mark.parametrize(("shape", "part"), [((N, 3), "feature"), ((N, 6, 3), "channel")])
def test_a_part_of_an_array_without_a_training_value_is_named(shape, part):
    x = RANDOM.normal(size=shape)
    x[..., 1] = np.nan
    dataset = read((x, RANDOM.normal(size=N)))
    [said] = fit_preparation(dataset, make_split(dataset)).notes
    assert f"x: no training row has a value of {part} 1 (counted from 0)" in said
