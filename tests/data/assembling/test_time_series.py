"""Promises of time series: which windows there are, and what is said of odd stamps."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from bakeoff.data.columns import infer, read_column, target
from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.targets import make_targets
from bakeoff.data.taking.views import make_views
from bakeoff.errors import DataError, RequestError

HOURS = np.arange("2023-01-01", "2023-01-11", dtype="datetime64[h]")
RANDOM = np.random.default_rng(0)
N_LARGE = 100_000  # steps


def counted(n=10, **columns):
    return {"t": np.arange(n), "v": np.arange(n) * 1.0, **columns}


def windows(data, **given):
    return read(data, **{"target": "v", "time": "t", "lookback": 3, "horizon": 2, **given})


def pairs(dataset):
    """Return each window's look-back and steps ahead of its first channel."""
    back = np.asarray(dataset.arrays["window"])[..., 0].tolist()
    return list(zip(back, np.asarray(dataset.arrays["v"])[..., 0].tolist(), strict=True))


def test_every_step_is_looked_back_at_and_forecast_in_turn():
    found = pairs(windows(counted()))
    assert len(found) == 6
    assert found[0] == ([0, 1, 2], [3, 4])
    assert found[-1] == ([5, 6, 7], [8, 9])
    assert [ahead for _, ahead in found].count([8, 9]) == 1


def test_a_row_is_that_of_the_first_step_ahead_and_strides_skip():
    dataset = windows(counted(), stride=2)
    assert dataset.rows.tolist() == [4, 6, 8]
    assert dataset.origin.times.tolist() == [3, 5, 7]


def test_a_shuffled_file_gives_the_same_windows():
    order = RANDOM.permutation(60)
    whole = counted(60)
    shuffled = {name: values[order] for name, values in whole.items()}
    assert pairs(windows(shuffled)) == pairs(windows(whole))
    assert "Rows do not stand in the order of t, and are sorted by it." in windows(shuffled).notes


def test_windows_never_mix_series_whose_rows_are_interleaved():
    data = {
        "t": np.repeat(np.arange(50), 3),
        "id": ["T1", "T2", "T11"] * 50,
        "v": np.tile([0.0, 5.0, 10.0], 50),
    }
    dataset = windows(data, series="id")
    assert len(dataset) == 3 * 46
    assert all(set(back) == set(ahead) for back, ahead in pairs(dataset))
    assert sorted(set(dataset.origin.ids)) == ["T1", "T11", "T2"]


def test_series_that_were_not_named_are_asked_for():
    data = {"t": np.repeat(np.arange(50), 3), "id": ["a", "b", "c"] * 50, "v": np.arange(150) % 7}
    with pytest.raises(DataError, match=r"100 of 150 rows have a t that stands in a row before"):
        windows(data)


def test_month_ends_are_regular_and_months_follow():
    stamps = ["2019-11-30", "2019-12-31", "2020-01-31"]
    months = pl.date_range(pl.date(2017, 1, 1), pl.date(2020, 1, 1), "1mo", eager=True)
    ends = months.dt.month_end()
    assert [str(day) for day in ends[-3:]] == stamps
    dataset = windows({"t": ends, "v": np.arange(len(ends)) % 12 + 0.5}, horizon=3)
    assert dataset.schema.series.months == 1
    assert dataset.notes == ()
    new = read_inputs({"t": ends, "v": np.arange(len(ends)) + 0.5}, dataset.schema, last=True)
    assert str(new.origin.times[0].astype("datetime64[D]")) == "2020-02-29"


def local_hours(first, last):
    utc = pl.datetime_range(
        pl.lit(first).str.to_datetime(),
        pl.lit(last).str.to_datetime(),
        "1h",
        time_zone="UTC",
        eager=True,
    )
    return utc.dt.convert_time_zone("Europe/Berlin")


@pytest.mark.parametrize("zoned", [False, True])
def test_changes_of_the_clock_lose_no_step(zoned):
    stamps = local_hours("2023-10-01", "2024-04-10")
    pattern = "%Y-%m-%d %H:%M" + ("%z" if zoned else "")
    data = {"t": stamps.dt.strftime(pattern), "v": np.arange(len(stamps)) % 24 + 0.5}
    dataset = windows(data)
    assert len(dataset) == len(stamps) - 4
    said = [note for note in dataset.notes if "changes of the clock" in note]
    assert [("twice in 1 place and is left out in 1 place" in note) for note in said] == [True] * (
        not zoned
    )
    assert dataset.schema.series.step == 3600


def test_small_gaps_are_filled_and_never_forecast_and_large_ones_part_the_series():
    keep = np.r_[0:40, 43:100, 400:500]
    dataset = windows({"t": keep, "v": keep * 1.0})
    assert any("leaves out 3 steps in 1 place" in note for note in dataset.notes)
    assert any(
        "leaves out 300 steps in 1 place that are too long" in note for note in dataset.notes
    )
    found = pairs(dataset)
    assert not any(np.isnan(ahead).any() for _, ahead in found)
    assert ([39, 39, 39], [43, 44]) in found  # the last known value stands in the gap
    assert all(ahead[1] - ahead[0] == 1 for _, ahead in found)
    assert not any(back[0] < 100 < ahead[1] for back, ahead in found)


def test_repeated_and_missing_stamps_are_left_out_and_counted():
    data = counted(40)
    data["t"] = np.r_[np.arange(39.0), 20]
    data["t"][5] = np.nan
    dataset = windows(data)
    assert any("1 row is left out: no value of t (first: row 6)" in note for note in dataset.notes)
    assert any("its t stands in a row before (first: row 40)" in note for note in dataset.notes)


def test_a_column_is_no_input_at_the_steps_ahead_unless_it_is_known_beforehand():
    x = RANDOM.normal(size=60)
    data = {"t": np.arange(60), "x": x, "v": x}
    plain = windows(data, horizon=1)
    known = windows(data, horizon=1, future=["x"])
    assert plain.arrays["window"][0][:, 1].tolist() == pytest.approx(x[:3].tolist())
    assert known.arrays["window"][0][:, 1].tolist() == pytest.approx(x[1:4].tolist())


def test_the_calendar_of_the_steps_ahead_is_known():
    dataset = windows({"t": HOURS, "v": np.arange(240.0)}, horizon=2, future=["calendar"])
    hour = np.arctan2(*dataset.arrays["window"][0][:, 1:3].T) * 24 / (2 * np.pi)
    assert hour.round(6).tolist() == [2, 3, 4]
    with pytest.raises(RequestError, match="calendar"):
        windows(counted(), future=["calendar"])


def test_the_time_may_stand_in_several_columns():
    data = {
        "year": HOURS.astype("datetime64[Y]").astype(int) + 1970,
        "month": np.ones(240, int),
        "day": (HOURS.astype("datetime64[D]") - np.datetime64("2023-01-01")).astype(int) + 1,
        "hour": np.arange(240) % 24,
        "v": np.arange(240.0),
    }
    dataset = windows(data, time="year,month,day,hour")
    assert dataset.schema.series.step == 3600
    assert dataset.schema.learned_from == ("v",)
    assert len(read_inputs(data, dataset.schema)) == len(dataset)


def test_too_short_a_series_is_refused_with_the_steps_it_needs():
    with pytest.raises(DataError, match=r"needs 5 steps on end .* the longest stretch of t has 4"):
        windows(counted(4))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time": None}, "needs the column that orders the steps"),
        ({"time": "when"}, "No column called 'when'"),
        ({"series": "v"}, "names the target"),
        ({"future": ["y"]}, "No column called 'y'"),
        ({"sequence": "t"}, "Give one of them"),
        ({"horizon": 0, "lookback": 0, "time": None, "series": "t"}, "goes with time series"),
    ],
)
def test_what_does_not_go_together_is_refused(given, said):
    with pytest.raises(RequestError, match=said):
        windows(counted(), **given)


def test_a_file_that_follows_is_looked_back_from():
    train = {"t": np.arange(50), "v": np.arange(50.0)}
    test = {"t": np.arange(50, 70), "v": np.arange(50.0, 70)}
    dataset = windows(train, test=test)
    found = pairs(dataset[dataset.parts == "test"])
    assert found[0] == ([47, 48, 49], [50, 51])
    assert len(found) == 19
    assert any("1 window is left out: the steps ahead lie in two files" in n for n in dataset.notes)
    split = make_split(dataset)
    assert len(split.test) == 19
    assert split.validation.max() < split.test.min()


def test_labels_of_windows_are_those_of_the_last_step_and_parts_share_no_step():
    data = {"t": np.arange(300), "x": RANDOM.normal(size=300), "v": ["a", "b", "c"] * 100}
    dataset = windows(data, horizon=0)
    assert dataset.arrays["v"][:3].tolist() == ["c", "a", "b"]
    split = make_split(dataset)
    ends = [dataset.origin.times[part] for part in split.parts]
    assert min(ends[1]) - max(ends[0]) >= 3  # a gap of the look-back less one
    with pytest.raises(RequestError, match="cannot be drawn by chance"):
        make_split(dataset, "random:70/15/15")


def test_scales_are_those_of_the_training_span():
    one = counted(200, v=RANDOM.random(200))
    one["v"][140:] += 100
    two = {**one, "v": np.r_[one["v"][:140], one["v"][140:] * 10]}
    fitted = []
    for data in (one, two):
        dataset = windows(data)
        split = make_split(dataset, "time:60/10/30")
        preparation = fit_preparation(dataset, split)
        view = make_views(preparation, dataset)["window"]
        targets = make_targets(preparation, dataset)
        fitted.append((view.take(split.train)["x"], targets.take(split.train)))
        assert preparation.series_steps.means[0] == pytest.approx(0.5, abs=0.1)
    for one_, two_ in zip(*fitted, strict=True):
        np.testing.assert_array_equal(one_, two_)


def test_each_series_has_a_scale_of_its_own_and_forecasts_come_back_in_its_unit():
    wave = np.sin(np.arange(100))
    data = {
        "t": np.tile(np.arange(100), 2),
        "id": ["a"] * 100 + ["b"] * 100,
        "v": np.r_[wave, 1000 * wave + 7],
    }
    dataset = windows(data, series="id")
    preparation = fit_preparation(dataset, make_split(dataset))
    targets = make_targets(preparation, dataset).take()
    truth = np.asarray(dataset.arrays["v"])[..., 0]
    np.testing.assert_allclose(
        preparation.series_steps.invert(targets, dataset.arrays["window"]),
        truth,
        rtol=1e-4,
        atol=1e-3,
    )
    assert np.abs(targets[:96] - targets[96:]).max() < 1e-5


def test_the_schema_comes_back_from_plain_data_and_reads_new_steps():
    data = {"t": HOURS, "id": ["a"] * 240, "x": np.arange(240) % 5, "v": np.arange(240.0)}
    schema = windows(data, series="id").schema
    again = schema_from_dict(schema_to_dict(schema))
    assert again == schema
    new = read_inputs({**data, "id": ["z"] * 240}, again, last=True)
    assert (len(new), new.rows.tolist(), new.origin.ids.tolist()) == (1, [240], ["z"])
    assert str(new.origin.times[0]) == "2023-01-11T00:00:00.000000"


def test_a_million_steps_are_cut_without_a_copy_of_each_window():
    data = {"t": np.arange(1_000_000), "v": RANDOM.normal(size=1_000_000)}
    dataset = windows(data, lookback=96)
    assert len(dataset) == 1_000_000 - 97
    assert dataset.arrays["window"].steps.nbytes <= 8_000_000


def test_of_dates_that_cannot_be_read_the_odd_one_is_named():
    days = ["2020-01-01", "2020-01-02", "banana", "2020-01-04"]
    with pytest.raises(DataError, match="Column 't' cannot be read as dates: 'banana', for one"):
        windows({"t": days, "v": [1.0, 2.0, 3.0, 4.0]})


def test_a_forecast_needs_little_memory_beyond_the_data():
    frame = pl.DataFrame(
        {"t": np.arange(N_LARGE), **{f"v{i}": RANDOM.normal(size=N_LARGE) for i in range(10)}}
    )
    tracemalloc.start()
    dataset = read(frame, target="v0", time="t", lookback=96, horizon=24)
    split = make_split(dataset, "time:70/15/15")
    preparation = fit_preparation(dataset, split)
    view = make_views(preparation, dataset)["sequence"]
    targets = make_targets(preparation, dataset)
    view.take(split.train[:64])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    base = view.inputs["x"].base.nbytes
    assert base == N_LARGE * 10 * 4
    assert kept < 1.6 * base, "what is laid out, the times, and numbers of steps held once"
    assert peak < 1.8 * base, "it was nine times that, and grew with it"
    scaled = view.inputs["x"].base[:, :1]
    assert np.array_equal(targets.base, scaled)


def test_channels_of_a_frame_are_not_copied():
    frame = pl.DataFrame({"t": range(50), "v": RANDOM.normal(size=50)}).with_columns(
        w=pl.col("v").cast(pl.Float32)
    )
    steps = read(frame, target="v", time="t", lookback=5, horizon=1).arrays["window"].steps
    for name, column in zip(("v", "w"), steps.columns, strict=True):
        assert np.shares_memory(frame[name].to_numpy(), column)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numbers_of_a_frame_are_never_written_as_texts(monkeypatch, kind):
    def refuse(_):
        raise AssertionError("written as texts")

    for room in (infer, read_column, target):
        monkeypatch.setattr(room, "as_texts", refuse)
    frame = pl.DataFrame({"t": range(50), "v": (RANDOM.normal(size=50) * 9).astype(kind)})
    assert len(read(frame, target="v", time="t", lookback=5, horizon=1)) == 45
