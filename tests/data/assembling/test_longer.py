"""Promises of longer: a table with a column for each date is read as one row a step."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from bakeoff.data.assembling.longer import dates_of_names
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError, RequestError

DAYS = [date(2020, 1, 22) + timedelta(days=k) for k in range(60)]


def wide(days=DAYS, form="%m/%d/%y", **columns):
    """Three series, a column for each day."""
    names = [day.strftime(form).lstrip("0") for day in days]
    numbers = {name: [k + (k % 7) / 3, 2.0 * k, 100.0 - k] for k, name in enumerate(names)}
    ids = columns or {"Country": ["A", "B", "C"], "Lat": [1.5, 2.5, 3.5]}
    return pl.DataFrame({**ids, **numbers})


@pytest.mark.parametrize("form", ["%m/%d/%y", "%Y-%m-%d", "%d.%m.%Y"])
def test_dates_as_names_are_the_time_and_what_tells_rows_apart_the_series(form):
    dataset = read(wide(form=form), lookback=10, horizon=3)
    series = dataset.schema.series
    assert (dataset.schema.targets, series.time, series.series) == (
        ("value",), ("time",), "Country",
    )  # fmt: skip
    assert "60 columns are dates" in dataset.notes[0]
    assert "left out: Lat" in dataset.notes[0]
    assert series.step == 86_400
    schema = dataset.schema
    again = read(
        wide(form=form), target=schema.predicted, time="time", series="Country", lookback=10,
        horizon=3, inputs=schema.learned_from, kinds=schema.kinds,
    )  # fmt: skip
    assert again.fingerprint == dataset.fingerprint


def test_the_target_names_the_numbers_and_new_tables_are_read_alike():
    dataset = read(wide(), target="cases", lookback=10, horizon=3)
    new = read_inputs(wide(DAYS[:30]), dataset.schema, last=True)
    assert new.origin.rows.tolist() == [1, 2, 3]  # of the file, a series each
    assert new.arrays["window"][1][-1].tolist() == [58.0]


def test_a_table_of_one_row_is_one_series_and_rows_that_are_alike_are_refused():
    one = read(wide()[:1].drop("Country", "Lat"), lookback=10, horizon=3)
    assert one.schema.series.series == ""
    with pytest.raises(DataError, match="the rows are not told apart by Country"):
        read(wide(Country=["A", "A", "B"]), lookback=10, horizon=3)
    two = read(wide(Country=["A", "A", "B"], Item=["u", "v", "v"]), lookback=10, horizon=3)
    assert two.schema.series.series == "Country,Item"


def test_other_names_with_digits_and_other_parts_do_not_mislead():
    frame = wide(Country=["A", "B", "C"], Top10=[3, 2, 1], Code=["x", "y", "z"])
    days = [DAYS[-1] + timedelta(days=k) for k in range(1, 40)]
    later = wide(days, Country=["A", "B", "C"], Top10=[3, 2, 1], Code=["x", "y", "z"])[:1]
    dataset = read(frame, test=later, lookback=9, horizon=3)
    assert dataset.schema.series.series == "Country"
    assert set(dataset.origin.ids[dataset.parts == "test"]) == {"A"}


def test_a_table_with_its_target_or_without_dates_in_its_names_stays_as_it_is():
    assert read(wide(), lookback=10, horizon=3).schema.targets == ("value",)
    with pytest.raises(RequestError, match="needs the column that orders"):
        read(wide(), target="Country", horizon=3)
    assert dates_of_names(["400", "402", "404"]) == {}
    assert dates_of_names(["x1", "x2", "v_10"]) == {}
    assert dates_of_names(["2020-01-02", "2020-01-01"]) == {}


def counted(first, word="d_", steps=40):
    """Three series with a column for each step, which is counted from a first one."""
    rng = np.random.default_rng(0)
    numbers = {f"{word}{first + t}": rng.normal(size=3).round(3) for t in range(steps)}
    return pl.DataFrame({"id": ["a", "b", "c"], "shop": ["u", "u", "v"], **numbers})


def test_columns_that_count_steps_are_the_time():
    frame = counted(1)
    dataset = read(frame, target="sales", lookback=6, horizon=2)
    series = dataset.schema.series
    assert (series.series, series.step, series.dated) == ("id", 1, False)
    assert "40 columns are steps, from d_1 to d_40" in dataset.notes[0]
    new = read_inputs(counted(20), dataset.schema, last=True)
    assert new.arrays["window"][2][-1].tolist() == [counted(20)["d_59"][2]]


def test_a_new_table_of_steps_that_lacks_its_time_is_no_wide_one():
    rng = np.random.default_rng(0)
    steps = pl.DataFrame({"t": range(60), **{f"s{k}": rng.normal(size=60) for k in range(3)}})
    dataset = read(steps, target="s1", time="t", lookback=6, horizon=2)
    with pytest.raises(DataError, match="t"):
        read_inputs(steps.drop("t"), dataset.schema, last=True)


def test_the_first_of_counted_columns_may_name_the_series():
    frame = counted(2, "V").drop("shop").rename({"id": "V1"})
    dataset = read(frame, lookback=6, horizon=2)
    assert dataset.schema.series.series == "V1"
    assert "40 columns are steps, from V2 to V41" in dataset.notes[0]
    unknown = frame.with_columns(pl.lit("NA").alias("V2"), pl.Series("V1", ["D1", "D2", "D3"]))
    assert "40 columns are steps" in read(unknown, lookback=6, horizon=2).notes[0]
    again = read_inputs(frame, dataset.schema, last=True)
    assert again.arrays["window"][0][-1].tolist() == [frame["V41"][0]]


def test_a_target_with_a_typo_is_no_name_of_the_numbers():
    with pytest.raises(RequestError, match="Did you mean 'shop'"):
        read(counted(1), target="shp", horizon=2)


def test_counted_columns_beside_dates_are_channels_and_the_target_is_asked_for():
    frame = pl.DataFrame({"date": [str(day)[:10] for day in DAYS], **{
        f"s{k}": np.arange(len(DAYS)) % (k + 2) for k in range(9)
    }})  # fmt: skip
    with pytest.raises(RequestError, match="target"):
        read(frame, horizon=2)


@pytest.mark.parametrize(("names", "first"), [
    (["1960", "1961"], "1960-01-01"), (["1960 [YR1960]", "1961 [YR1961]"], "1960-01-01"),
    (["Jan-20", "Feb-20"], "2020-01-01"), (["2020Q1", "2020Q2"], "2020-01-01"),
    (["13/01/20", "14/01/20"], "2020-01-13"), (["2000-01", "2000-02"], "2000-01-01"),
])  # fmt: skip
def test_dates_are_known_in_the_forms_in_which_people_write_names(names, first):
    assert str(next(iter(dates_of_names(["id", *names]).values())))[:10] == first
