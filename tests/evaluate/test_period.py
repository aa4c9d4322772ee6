"""A period refuses what no time is, and knows its days and its scales."""

import numpy as np
import pytest

from bakeoff.errors import DataError
from bakeoff.evaluate.period import Period

HOURS = np.datetime64("2020-01-01", "us") + np.arange(3) * np.timedelta64(3600, "s")


def period(**changes):
    return Period(**{"times": HOURS, "horizon": 2, "std": 1.5, "seconds": 3600.0, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": np.arange(3)}, "Received: int64"),
        ({"times": HOURS.astype("datetime64[s]")}, "Received: datetime64"),
        ({"times": np.array([1.0, np.nan, 3.0])}, "1 of 3 windows have no stamp"),
        ({"times": np.array(["2020", "NaT"], "datetime64[us]")}, "1 of 2 windows have no stamp"),
        ({"series": np.array(["a", "b"], object)}, r"series each. Received: shape \(2,\)"),
        ({"horizon": 0}, "horizon=0"),
        ({"std": -1.0}, "'std' is -1.0"),
        ({"seconds": np.inf}, "'seconds' is inf"),
        ({"stds": {"a": np.nan}}, "'a' is nan"),
        ({"series": np.array(list("aab"), object), "stds": {"a": 1.0}}, "'b' has no standard"),
    ],
)
def test_what_is_no_period_is_refused(changes, message):
    with pytest.raises(DataError, match=message):
        period(**changes)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({}, 24),
        ({"seconds": 900.0}, 96),
        ({"seconds": 7 * 86400.0}, 1),
        ({"times": np.arange(3.0), "seconds": 0.0}, 1),
    ],
)
def test_a_day_has_as_many_steps_as_fit(changes, steps):
    assert period(**changes).steps_a_day == steps


def test_errors_are_scaled_by_the_spread_of_their_own_series():
    series = np.array(["a", "b", "c"], object)
    p = period(series=series, stds={"a": 1.0, "b": 1000.0, "c": 0.0})
    np.testing.assert_array_equal(p.scales(np.ones((3, 2))), [1.0, 1000.0, np.nan])
    np.testing.assert_array_equal(period(series=series).scales(np.ones((3, 2))), [1.5] * 3)
