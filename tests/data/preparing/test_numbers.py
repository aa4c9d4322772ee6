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
    assert Numbers.fit(values).apply(np.array([[2.0], [3.0]]))[:, 0] == pytest.approx([0, 1.224745])


@pytest.mark.parametrize("sentinel", [999.0, 1e39, 1e300, 1.7e308, -1.7e308])
def test_far_from_few_different_numbers_counts_as_one_standard_deviation_away(sentinel):
    values = np.array([[1.0], [2.0], [3.0]] * 20)
    [[known, far]] = Numbers.fit(values).apply(np.array([[3.0], [sentinel]])).T
    assert abs(far) == pytest.approx(known + 1)


@pytest.mark.parametrize("new", [0.0, 5.0, -50.0, 1e300, np.nan])
def test_a_column_that_is_constant_in_training_says_nothing_later(new):
    values = np.full((50, 1), 7.0)
    values[:47] = np.nan
    assert Numbers.fit(values).apply(np.array([[new]]))[0, 0] == 0


@pytest.mark.parametrize("rows", [1, 2])
def test_a_column_that_one_or_two_training_rows_vary_says_nothing(rows):
    values = np.zeros((300, 1))
    values[:rows] = 1
    assert not Numbers.fit(values).apply(np.array([[0.0], [1.0], [999.0]])).any()


def test_a_column_without_a_training_value_says_nothing_later():
    transform = Numbers.fit(np.full((50, 1), np.nan))
    assert transform.apply(np.array([[np.nan], [5.0]])).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("offset", [1.7e9, 1.7e12])
def test_numbers_far_from_zero_keep_their_digits(offset):
    values = RANDOM.integers(0, 600, 500)[:, None].astype(float)
    near, far = (Numbers.fit(v).apply(v) for v in (values, values + offset))
    np.testing.assert_allclose(near, far, atol=1e-5)
    assert len(np.unique(Numbers.fit(values + offset).plain(values + offset))) > 300


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e39, 1e160, 1e290])
def test_the_unit_of_numbers_does_not_matter(unit):
    values = RANDOM.normal(size=(500, 2))
    values[:, 1] = np.round(values[:, 1])  # few different ones
    np.testing.assert_allclose(
        Numbers.fit(values * unit).apply(values * unit),
        Numbers.fit(values).apply(values),
        atol=1e-5,
    )


@pytest.mark.filterwarnings("error")
def test_numbers_that_cannot_be_subtracted_are_bounded():
    values = np.where(np.arange(400) % 2, 1.7e308, -1.7e308)[:, None]
    transform = Numbers.fit(values)
    assert transform.apply(values)[:2, 0].tolist() == [-1, 1]
    assert np.abs(transform.plain(values)).max() == 1e300


@pytest.mark.parametrize("gaps", [1, 2, 298, 299])
def test_a_gap_that_one_or_two_training_rows_tell_of_has_no_column(gaps):
    values = RANDOM.normal(size=(300, 1))
    values[:gaps] = np.nan
    assert Numbers.fit(values).apply(values).shape == (300, 1)


def test_bending_keeps_the_order():
    values = np.sort(RANDOM.exponential(size=400))[:, None]
    assert (np.diff(Numbers.fit(values).apply(values)[:, 0]) >= 0).all()


def test_missing_numbers_are_the_middle_and_told():
    transform = Numbers.fit(np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 4.0]] * 3))
    result = transform.apply(np.array([[np.nan, np.nan]]))
    assert result.tolist() == [[0.0, 0.0, 1.0]]


def test_a_constant_column_of_large_numbers_stays_zero():
    transform = Numbers.fit(np.full((50, 1), 0.1 + 1e9))
    assert transform.apply(np.full((3, 1), 0.1 + 1e9)).tolist() == [[0.0]] * 3


def test_bent_numbers_go_on_rising_past_the_training_rows_and_then_stop():
    transform = Numbers.fit(np.arange(1000.0)[:, None])
    far = transform.apply(np.array([[999.0], [1200.0], [1400.0], [1e9], [1e12]]))[:, 0]
    assert far[0] < far[1] < far[2] < far[3] == far[4]
