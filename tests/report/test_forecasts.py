"""The page of a forecast: windows, error by step, scores by series."""

import numpy as np
import pytest

from bakeoff.report.contents import read_contents
from bakeoff.report.forecast_pictures import chosen_windows, known_before, series_part
from bakeoff.report.report import render
from bakeoff.report.sentences import new_data
from bakeoff.runs.folder import RunFolder


@pytest.fixture(scope="module")
def contents(forecast_run):
    return read_contents(RunFolder(forecast_run.folder))


def test_what_was_known_before_a_window_is_the_truth_of_the_file(contents, hours):
    table = [line.split(",") for line in hours.read_text("utf-8").splitlines()[1:]]
    load = np.array([float(row[2]) for row in table])
    place = chosen_windows(contents.best, contents.best.period)[-1]
    steps, values = known_before(contents, contents.best.period, place)
    assert steps[-1] == 0
    assert len(steps) == 24
    last = contents.best.rows[place] - 2  # the row before the first that is forecast, from 0
    assert np.allclose(values, load[last + steps])


def test_windows_are_drawn_of_several_series(contents):
    period = contents.best.period
    assert {str(period.series[i]) for i in chosen_windows(contents.best, period)} == {
        "east",
        "west",
    }


def test_the_best_is_drawn_beside_the_last_value(contents):
    assert contents.naive_label == "last_value"
    assert contents.naive.period is not None


def test_each_series_has_a_line(contents):
    part = series_part(contents)
    assert {line["name"] for line in part["lines"]} == {"east", "west"}
    assert part["ahead"] == 2


def test_the_page_speaks_of_windows_and_steps(contents):
    page = render(contents)
    assert "test windows" in page
    assert "No step ahead stands in two parts" in page
    assert "by step ahead" in page
    assert "MSE (scaled) of each series, the worst first" in page


def test_new_data_are_a_table(forecast_run):
    assert new_data(RunFolder(forecast_run.folder)) == "NEW_DATA.csv"
