"""Promises of the transform of dates."""

import numpy as np
import pytest

from bakeoff.data.preparing.time import Time


def test_calendar_parts_run_in_circles():
    when = np.datetime64("2019-01-01T00:00") + np.arange(120 * 24).astype("timedelta64[h]")
    x = Time.fit(when).apply(when)
    assert np.abs(x).max() <= 1.0 + 1e-6
    np.testing.assert_allclose(x[0, -2:], x[24, -2:], atol=1e-6)  # the same hour, a day later
    assert np.abs(x[0, -2:] - x[12, -2:]).max() > 1


def test_years_after_the_training_rows_count_as_the_last_one():
    when = np.array(["2019-05-01", "2020-05-01"] * 9, dtype="datetime64[us]")
    years = Time.fit(when).apply(np.array(["2020-05-01", "2031-05-01"], dtype="datetime64[us]"))
    assert years[0, 0] == years[1, 0] == 1


def test_parts_that_a_date_does_not_have_are_refused():
    fitted = Time.fit(np.array(["2020-01-01", "2021-02-02"], "datetime64[us]"))
    for parts in (("year", "\x1b[2J"), ("hour", "year")):
        with pytest.raises(ValueError, match="are not year, month, day, weekday, hour"):
            Time(**{**fitted.state(), "parts": parts})
