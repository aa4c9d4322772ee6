"""Windows as they are judged: their truth, their stamps, and what their errors are scaled by."""

import numpy as np
import pytest

import bakeoff
from bakeoff.errors import DataError
from bakeoff.evaluate.period_ahead import ALL, period_ahead, truth_ahead

SPREADS = {ALL: 3.0, "east": 1.0, "west": 2.0}


@pytest.fixture
def windows(hours):
    return bakeoff.read(hours, target="load", time="when", series="place", lookback=24, horizon=6)


def test_the_truth_is_what_stands_in_the_file_from_the_row_of_a_window_on(windows, hours):
    load = np.loadtxt(hours, delimiter=",", skiprows=1, usecols=2)
    truth = truth_ahead(windows)
    assert truth.shape == (len(windows), 6)
    for i in (0, 100, len(windows) - 1):
        row = windows.rows[i] - 1  # rows count from 1
        assert np.allclose(truth[i], load[row : row + 6])


def test_each_window_has_its_series_stamp_and_spread(windows):
    period = period_ahead(windows, SPREADS)
    assert period.horizon == 6
    assert period.seconds == 3600.0
    assert period.series_column == "place"
    assert period.names == ("east", "west")
    first = np.flatnonzero(period.series == "west")[0]
    assert period.times[first] == np.datetime64("2024-01-02T00:00")  # behind a day
    assert set(period.scales(truth_ahead(windows))) == {1.0, 2.0}


def test_a_single_series_is_scaled_by_the_spread_of_all(hours, tmp_path):
    lines = hours.read_text("utf-8").splitlines()
    (tmp_path / "east.csv").write_text("\n".join(lines[:301]), "utf-8")
    windows = bakeoff.read(
        tmp_path / "east.csv",
        target="load",
        time="when",
        inputs=["heat"],
        lookback=24,
        horizon=6,
    )
    period = period_ahead(windows, {ALL: 3.0})
    assert period.series is None
    assert period.stds == {}
    assert set(period.scales(truth_ahead(windows))) == {3.0}


def test_a_series_that_training_lacked_is_refused(windows):
    with pytest.raises(DataError, match="'west' has no standard deviation"):
        period_ahead(windows, {ALL: 3.0, "east": 1.0})
