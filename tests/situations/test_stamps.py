"""Odd times of series that a stranger's file may hold: read, or refused in one sentence."""

import re

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.deliver.forecast_ahead import forecast_ahead
from bakeoff.errors import DataError

COUNT = 200
VALUES = np.random.default_rng(0).normal(size=COUNT)
HOURS = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[h]")[:COUNT]
DAYS = np.arange("2020-01-01", "2022-01-01", dtype="datetime64[D]")
FIRST = 1_700_000_000


def series(times, values=None, **given):
    data = {"t": times, "v": VALUES[: len(times)] if values is None else values}
    data |= given.pop("columns", {})
    return read(data, **{"target": "v", "time": "t", "lookback": 3, "horizon": 2, **given})


def written(stamps, pattern):
    return pl.Series(stamps).cast(pl.Datetime).dt.strftime(pattern)


def ahead(dataset, times):
    """Return the stamps of the steps behind the end, as `predict` writes them."""
    last = read_inputs({"t": times, "v": VALUES[: len(times)]}, dataset.schema, last=True)
    table = forecast_ahead(last, dataset.schema.series, {"v": np.zeros((1, 2))})
    return table["time"].dt.strftime("%Y-%m-%d %H:%M").to_list()


@pytest.mark.parametrize("unit", [1, 1000, 10**6, 10**9])
def test_times_counted_since_1970_are_dates(unit):
    dataset = series((FIRST + 3600 * np.arange(COUNT)) * unit)
    assert dataset.schema.series.step == 3600
    assert any("t holds numbers, which are read as dates" in note for note in dataset.notes)
    assert str(dataset.origin.times[0]) == "2023-11-15T01:13:20.000000"
    kept = series((FIRST + 3600 * np.arange(COUNT)) * unit, kinds={"t": "number"})
    assert not kept.schema.series.dated


def test_seconds_with_fractions_are_dates():
    dataset = series(FIRST + 0.5 + 3600 * np.arange(COUNT))
    assert str(dataset.origin.times[0]) == "2023-11-15T01:13:20.500000"


def test_steps_that_miss_a_value_of_an_input_are_counted():
    x = np.where(np.arange(COUNT) > 190, np.nan, VALUES)
    notes = series(np.arange(COUNT), columns={"x": x}).notes
    assert notes == ("x: 9 steps without a value count as the last known one before them.",)


def test_counters_of_steps_stay_numbers():
    for times in (np.arange(COUNT), 1800 + np.arange(COUNT), 10**6 + np.arange(COUNT)):
        assert not series(times).schema.series.dated


@pytest.mark.parametrize(
    ("pattern", "step", "months"),
    [
        ("%Y%m%d", 86400, 0),
        ("%d/%m/%Y", 86400, 0),
        ("%m/%d/%Y %I:%M %p", 86400, 0),
        ("%Y-%m", 0, 1),
        ("%b %Y", 0, 1),
    ],
)
def test_dates_are_read_as_they_are_written(pattern, step, months):
    stamps = DAYS[:COUNT]
    if months:
        stamps = np.arange("2000-01", "2016-09", dtype="datetime64[M]").astype("datetime64[D]")
    dataset = series(written(stamps[:COUNT], pattern))
    assert dataset.schema.series.months == months
    assert months or dataset.schema.series.step == step
    assert len(dataset) == COUNT - 4


def test_quarters_are_three_months_apart():
    dataset = series([f"{2000 + i // 4}-Q{i % 4 + 1}" for i in range(COUNT)])
    assert dataset.schema.series.months == 3
    assert str(dataset.origin.times[1] - dataset.origin.times[0]).startswith("79")  # 92 days


@pytest.mark.parametrize("pattern", ["%G-W%V", "%GW%V"])
def test_weeks_of_iso_8601_begin_on_monday(pattern):
    mondays = np.arange("2019-12-30", "2021-01-20", 7, dtype="datetime64[D]")  # 2020 has 53 weeks
    weeks = written(mondays, pattern).to_list()
    assert weeks[0].startswith("2020") and weeks[52].endswith("W53")
    dataset = series(weeks)
    assert dataset.schema.series.step == 7 * 86_400
    assert len(dataset) == len(mondays) - 4
    assert ahead(dataset, weeks)[0] == f"{mondays[-1] + 7} 00:00"


def test_days_without_a_step_in_any_week_are_no_gaps():
    """Stock exchanges have no weekends, and shops no Sundays."""
    weekdays = DAYS[(DAYS.astype(int) + 3) % 7 < 5][:COUNT]
    dataset = series(weekdays)
    assert len(dataset) == COUNT - 4
    assert dataset.notes == ()
    assert dataset.schema.series.weekdays == "1111100"
    friday = np.flatnonzero((weekdays.astype(int) + 3) % 7 == 4)[20]
    assert ahead(dataset, weekdays[: friday + 1]) == [
        f"{weekdays[friday] + 3} 00:00",
        f"{weekdays[friday] + 4} 00:00",
    ]


def test_a_holiday_among_weekdays_is_a_gap_of_one_day():
    weekdays = np.delete(DAYS[(DAYS.astype(int) + 3) % 7 < 5][:COUNT], 50)
    dataset = series(weekdays)
    assert any("t leaves out 1 step in 1 place" in note for note in dataset.notes)
    assert dataset.schema.series.weekdays == "1111100"


def test_a_file_that_stands_newest_first_gives_the_same_windows():
    one, other = series(HOURS), series(HOURS[::-1], VALUES[::-1])
    assert np.array_equal(np.asarray(one.arrays["window"]), np.asarray(other.arrays["window"]))
    assert other.notes == ("Rows do not stand in the order of t, and are sorted by it.",)


def test_values_with_a_comma_are_numbers(tmp_path):
    lines = [
        f"{h};{str(round(v, 3)).replace('.', ',')}" for h, v in zip(HOURS, VALUES, strict=True)
    ]
    (tmp_path / "a.csv").write_text("t;v\n" + "\n".join(lines) + "\n", "utf-8")
    dataset = read(tmp_path / "a.csv", target="v", time="t", lookback=3, horizon=2)
    assert np.asarray(dataset.arrays["v"])[0, 0, 0] == pytest.approx(VALUES[3], abs=1e-3)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (written(DAYS[:12], "%d/%m/%Y"), "day and month may change places"),
        (
            [f"{h}:00{'+02:00' if i % 2 else ''}" for i, h in enumerate(HOURS)],
            "some are written with their offset from UTC",
        ),
        (["2023-02-30", "2023-02-28"] * 100, "cannot be read as dates: '2023-02-3"),
        (["monday", "tuesday"] * 100, "cannot be read as dates: 'monday', for one"),
        ([None] * COUNT, "is empty"),
    ],
)
def test_times_that_are_none_are_refused_with_the_cause(times, said):
    with pytest.raises(DataError, match=re.escape(said)):
        series(times)


def test_clocks_of_several_zones_are_told_and_summer_time_is_not():
    offsets = ["+00:00", "+05:30"]
    mixed = [f"{h}:00{offsets[i % 2]}" for i, h in enumerate(HOURS)]
    assert any("several zones (+00:00 and +05:30)" in note for note in series(mixed).notes)
    summer = [f"{h}:00{'+02:00' if i > 100 else '+01:00'}" for i, h in enumerate(HOURS)]
    assert not any("several zones" in note for note in series(summer).notes)


def test_a_test_file_of_dates_in_another_form_is_refused():
    test = {"t": written(DAYS[100:COUNT], "%d/%m/%Y"), "v": VALUES[100:]}
    with pytest.raises(
        DataError, match=r"written otherwise than in the training data \(%Y-%m-%d\)"
    ):
        series(written(DAYS[:100], "%Y-%m-%d"), test=test)


def test_a_series_too_short_for_a_window_is_named_and_the_others_go_on():
    names = np.r_[np.tile([f"s{i}" for i in range(9)], 20), ["short"] * 4]
    times = np.r_[np.repeat(np.arange(20), 9), np.arange(4)]
    dataset = series(times, np.random.default_rng(1).normal(size=184), columns={"id": names},
                     series="id")  # fmt: skip
    assert dataset.notes[-1] == (
        "1 series is left out of 10: fewer than 5 steps on end with a target (short)."
    )
    assert len(dataset) == 9 * 16


def test_stretches_too_short_for_a_window_are_counted():
    keep = np.r_[0:100, 200:203, 300:360]
    notes = series(keep, VALUES[: len(keep)]).notes
    assert notes[-1] == (
        "1 stretch between gaps with 3 steps in all cannot hold a window of 5 steps."
    )


@pytest.mark.parametrize("horizon", [29, 35, 60])
def test_a_horizon_longer_than_a_part_says_the_steps_it_needs(horizon):
    with pytest.raises(DataError, match="No window fits into the validation part") as error:
        make_split(series(np.arange(COUNT), horizon=horizon))
    needed = int(re.search(r"about (\d+) steps", str(error.value))[1])
    make_split(series(np.arange(needed), np.arange(needed) % 7, horizon=horizon))


def test_a_constant_series_is_refused_in_one_sentence():
    with pytest.raises(DataError, match="Target 'v' is the same in all rows, so there is nothing"):
        series(np.arange(COUNT), np.zeros(COUNT, int))


def test_a_series_that_is_judged_and_never_trained_on_is_named():
    names = ["old"] * COUNT + ["new"] * 20
    times = np.r_[np.arange(COUNT), np.arange(COUNT - 20, COUNT)]
    dataset = series(times, np.r_[VALUES, VALUES[:20]], columns={"id": names}, series="id")
    assert "1 series has test windows and none in training (new)" in make_split(dataset).how


def test_new_data_too_short_to_look_back_at_say_the_steps_that_are_needed():
    schema = series(np.arange(COUNT)).schema
    with pytest.raises(DataError, match=r"looks back at 3 steps on end, .* stretch of t has 2"):
        read_inputs({"t": [1, 2], "v": [1.0, 2.0]}, schema, last=True)
    with pytest.raises(DataError, match="and there are none with such values"):
        read_inputs({"t": np.arange(9), "v": ["a"] * 9}, schema, last=True)


def test_a_series_whose_rows_stand_twice_is_refused_with_its_column():
    names, times = ["a"] * 100 + ["b"] * 100, np.tile(np.arange(50), 4)
    with pytest.raises(DataError, match=r"100 of 200 rows have a t .* within one id .* repeated"):
        series(times, columns={"id": names}, series="id")
