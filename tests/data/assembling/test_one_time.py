"""Promises of a time in several columns: date and clock, however they are written, are one time."""

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError, RequestError

RANDOM = np.random.default_rng(0)
MINUTES = np.datetime64("2006-12-16T17:24", "m") + np.arange(400)
HOURS = np.datetime64("2017-12-01T00", "h") + np.arange(400)


def written(stamps, date, clock):
    frame = pl.DataFrame({"at": stamps.astype("datetime64[us]")})["at"]
    return {"d": frame.dt.strftime(date), "c": frame.dt.strftime(clock)}


@pytest.mark.parametrize(
    ("columns", "stamps"),
    [
        (written(MINUTES, "%d/%m/%Y", "%H:%M:%S"), MINUTES),
        (written(MINUTES, "%d/%m/%Y", "%H.%M.%S"), MINUTES),
        (written(MINUTES, "%Y-%m-%d", "%H:%M"), MINUTES),
        (written(MINUTES, "%Y-%m-%d", "%I:%M %p"), MINUTES),
        ({**written(HOURS, "%d.%m.%Y", "%H"), "c": [int(h) % 24 for h in range(400)]}, HOURS),
        (
            {k: s.str.to_date() if k == "d" else s.str.to_time()
             for k, s in written(MINUTES, "%Y-%m-%d", "%H:%M:%S").items()},
            MINUTES,
        ),
    ],
    ids=["colons", "dots", "short", "of twelve hours", "hours", "typed"],
)  # fmt: skip
def test_date_and_clock_are_one_time(columns, stamps):
    data = {**columns, "v": np.sin(np.arange(400) / 9)}
    dataset = read(data, target="v", time="d,c", lookback=12, horizon=3)
    assert (dataset.origin.times == stamps[12:-2]).all()
    assert (read_inputs(data, dataset.schema).origin.times == dataset.origin.times).all()


def test_columns_that_are_no_time_are_refused():
    data = {"a": ["x"] * 90, "b": ["y"] * 90, "v": np.arange(90.0)}
    with pytest.raises(DataError, match="'x y', for one"):
        read(data, target="v", time="a,b", lookback=12, horizon=3)


def test_the_only_column_of_dates_orders_the_steps():
    values = np.sin(np.arange(400) / 9)
    days = written(HOURS, "%Y-%m-%d %H:%M", "%H")["d"]
    dataset = read({"when": days, "v": values}, target="v", lookback=12, horizon=3)
    assert dataset.schema.series.time == ("when",)
    assert any(note.startswith("when orders the steps") for note in dataset.notes)
    said = read(
        {"when": days, "then": days, "v": values},
        target="v",
        kinds={"when": "time:%Y-%m-%d %H:%M", "then": "ignored"},
        horizon=3,
    )
    assert said.schema.series.time == ("when",)
    apart = written(MINUTES, "%d/%m/%Y", "%H.%M.%S")
    assert read({**apart, "v": values}, target="v", horizon=3).schema.series.time == ("d", "c")
    with pytest.raises(RequestError, match="name it with time=, a and b for one"):
        read({"a": days, "b": days, "v": values}, target="v", horizon=3)
    with pytest.raises(RequestError, match="add one that counts them"):
        read({"a": range(400), "v": values}, target="v", horizon=3)


def test_several_columns_tell_series_apart():
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 3, 1), eager=True)
    data = pl.DataFrame({"day": days}).join(
        pl.DataFrame({"store": [1, 1, 2], "item": ["a", "b", "a"]}), how="cross"
    )
    data = data.with_columns(v=pl.Series(RANDOM.normal(size=len(data))))
    dataset = read(data, target="v", series="store,item", lookback=12, horizon=3)
    assert set(dataset.origin.ids.tolist()) == {"1, a", "1, b", "2, a"}
    assert dataset.schema.series.names == ("v",)
    again = read_inputs(data, dataset.schema)
    assert again.origin.ids.tolist() == dataset.origin.ids.tolist()
    with pytest.raises(RequestError, match="No column called 'shop'"):
        read(data, target="v", series="shop,item", lookback=12, horizon=3)
