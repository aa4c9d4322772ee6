"""Promises of the transform of sequences."""

import numpy as np
import pytest

from bakeoff.data.blocks import Sequences
from bakeoff.data.preparing.steps import Steps, summarise

RANDOM = np.random.default_rng(0)
SERIES = RANDOM.normal(size=(480, 2))  # steps


@pytest.mark.parametrize("offset", [1e9, 1e10])
def test_series_far_from_zero_keep_their_digits(offset):
    near, far = (Steps.fit(x).apply(x) for x in (SERIES, SERIES + offset))
    np.testing.assert_allclose(near, far, atol=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-300, 1e160, 1e299])
def test_the_unit_of_a_series_does_not_matter(unit):
    np.testing.assert_allclose(
        Steps.fit(SERIES * unit).apply(SERIES * unit), Steps.fit(SERIES).apply(SERIES), atol=1e-5
    )
    starts, lengths = np.arange(80) * 6, np.full(80, 6)
    scaled = summarise(Sequences(SERIES * unit, starts, lengths))[:, :-1] / unit
    summaries = summarise(Sequences(SERIES, starts, lengths))
    np.testing.assert_allclose(scaled, summaries[:, :-1], rtol=1e-9)


def test_a_step_far_from_those_of_training_is_bounded():
    new = np.array([[999.0, -1e300]])
    largest = np.abs(Steps.fit(SERIES).apply(SERIES)).max()
    assert np.abs(Steps.fit(SERIES).apply(new)).max() <= largest + 3 + 1e-5


def test_a_channel_that_training_rows_say_nothing_of_is_zero():
    series = SERIES.copy()
    series[..., 0] = np.nan
    series[..., 1] = 4.0
    transform = Steps.fit(series)
    assert transform.apply(np.array([[5.0, 5.0], [np.nan, np.nan]])).tolist() == [[0, 0]] * 2
