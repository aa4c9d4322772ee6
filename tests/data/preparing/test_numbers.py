"""Promises of the transform of numbers."""

import numpy as np
import pytest

from bakeoff.data.preparing.numbers import Numbers

RANDOM = np.random.default_rng(0)


def test_numbers_are_bent_to_a_bell_curve_and_outliers_do_no_harm():
    values = RANDOM.lognormal(size=(5000, 1)) ** 3
    transform = Numbers.fit(values)
    bent = transform.apply(values)
    assert abs(bent.mean()) < 0.02 and abs(bent.std() - 1) < 0.03
    assert transform.apply(np.array([[1e12]])) == pytest.approx(bent.max() + 3)
    assert len(transform.knots) <= 255


def test_few_different_numbers_are_standardised():
    values = np.array([[1.0], [2.0], [3.0]] * 20)
    assert Numbers.fit(values).apply(np.array([[2.0], [4.0]]))[:, 0] == pytest.approx([0, 2.449490])


def test_bending_keeps_the_order():
    values = np.sort(RANDOM.exponential(size=400))[:, None]
    assert (np.diff(Numbers.fit(values).apply(values)[:, 0]) >= 0).all()


def test_missing_numbers_are_the_middle_and_told():
    transform = Numbers.fit(np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 4.0]]))
    result = transform.apply(np.array([[np.nan, np.nan]]))
    assert result.tolist() == [[0.0, 0.0, 1.0]]


def test_a_constant_column_of_large_numbers_stays_zero():
    transform = Numbers.fit(np.full((50, 1), 0.1 + 1e9))
    assert transform.apply(np.full((3, 1), 0.1 + 1e9)).tolist() == [[0.0]] * 3


def test_bent_numbers_go_on_rising_past_the_training_rows_and_then_stop():
    transform = Numbers.fit(np.arange(1000.0)[:, None])
    far = transform.apply(np.array([[999.0], [1200.0], [1400.0], [1e9], [1e12]]))[:, 0]
    assert far[0] < far[1] < far[2] < far[3] == far[4]
