"""Promises of what is said of columns that know the future of a time series."""

import numpy as np
import pytest

from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import find_leaks
from bakeoff.data.splitting.split import make_split

VALUES = np.random.default_rng(0).normal(size=200)


def said(other, **given):
    data = {"t": np.arange(200), "other": other, "v": VALUES}
    dataset = read(data, target="v", time="t", lookback=4, horizon=3, **given)
    return [finding.message for finding in find_leaks(dataset, make_split(dataset))]


@pytest.mark.parametrize("unit", [1.0, -3.5])
def test_a_column_that_holds_the_next_value_is_named(unit):
    later = np.r_[VALUES[1:], 0.0]
    assert said(unit * later + 7) == [
        "other tells the v of the next step: would it be known by then?"
    ]


def test_a_column_known_beforehand_that_is_the_target_is_named():
    [message] = said(VALUES * 2, future=["other"])
    assert message.startswith("other tells the v of the same step, and is taken as known")


@pytest.mark.parametrize("other", [VALUES, np.r_[0.0, VALUES[:-1]], np.ones(200)])
def test_what_is_known_in_time_goes_without_a_word(other):
    assert said(other) == []
