"""Promises of the made sets: what can be learned from each is known."""

import numpy as np
import pytest

from bakeoff.data.reading.bundled import (
    MADE,
    noise_pictures,
    noise_sequences,
    noise_table,
    sum_sign,
)


@pytest.mark.parametrize("name", MADE)
def test_a_made_set_is_the_same_every_time_and_another_by_its_seed(name):
    one, again, other = MADE[name](), MADE[name](), MADE[name](seed=1)
    assert all(np.array_equal(one[key], again[key]) for key in one)
    assert not any(np.array_equal(one[key], other[key]) for key in one)


def test_the_class_of_sum_sign_is_the_sign_of_the_sum():
    made = sum_sign(50, 7)
    assert made["x"].shape == (50, 7, 1)
    assert (made["y"] == np.where(made["x"].sum((1, 2)) > 0, "positive", "negative")).all()


@pytest.mark.parametrize("make", [noise_table, noise_sequences, noise_pictures])
def test_the_classes_of_noise_are_as_frequent_as_each_other(make):
    assert np.unique(make(40)["y"], return_counts=True)[1].tolist() == [20, 20]
