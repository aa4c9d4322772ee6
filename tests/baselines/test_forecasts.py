"""Promises of the forecasters: values by hand, seasons that fit, windows that are only sliced."""

import numpy as np
import pytest

from bakeoff.baselines.constant import Constant
from bakeoff.baselines.last_value import LastValue
from bakeoff.baselines.ridge_windows import RidgeWindows
from bakeoff.baselines.seasonal_mean import SeasonalMean
from bakeoff.baselines.seasonal_naive import SeasonalNaive
from bakeoff.baselines.window_shape import WindowShape, shape_of
from tests.baselines.made import SEASON, STEPS, windows


class Sliced:
    """Windows that are made when they are asked for, in slices without a step."""

    def __init__(self, values, lookback, rows):
        self.values, self.asked = values, []
        self.shape = (rows, lookback, values.shape[1])

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        assert rows.step is None
        self.asked.append(rows.stop - rows.start)
        starts = np.arange(rows.start, rows.stop)[:, None]
        return self.values[starts + np.arange(self.shape[1])]


def fit(model, x, targets, validation=None):
    held, wanted = validation or (x, targets)
    model.fit({"x": x}, targets, validation_inputs={"x": held}, validation_targets=wanted, seed=0)
    return model


X = np.arange(24.0).reshape(1, 12, 2)  # steps 0 ... 11; of the first target 0, 2, ... 22


def test_outputs_stand_step_by_step_and_within_a_step_target_by_target():
    assert fit(LastValue("forecast", 0, steps=2), X, np.zeros((1, 4))).scores(
        {"x": X}
    ).tolist() == [[22, 23, 22, 23]]


def test_seasonal_naive_repeats_the_last_season_over_the_steps_ahead():
    model = fit(SeasonalNaive("forecast", 0, steps=5, season=3), X, np.zeros((1, 5)))
    assert model.scores({"x": X}).tolist() == [[18, 20, 22, 18, 20]]
    two = fit(SeasonalNaive("forecast", 0, steps=2, season=12), X, np.zeros((1, 4)))
    assert two.scores({"x": X}).tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(("seasons", "first"), [(0, 6.0), (1, 14.0), (2, 9.0), (9, 6.0)])
def test_seasonal_mean_takes_as_many_seasons_as_asked_for_and_as_the_look_back_holds(
    seasons, first
):
    x = X[:, 1:]  # 11 steps hold two seasons of five, and one step more
    model = SeasonalMean("forecast", 0, steps=1, season=5, seasons=seasons)
    model = fit(model, x, np.zeros((1, 1)))
    wanted = {1: 14.0, 2: 9.0}[min(seasons or 2, 2)]
    assert model.scores({"x": x}).tolist() == [[wanted]]


@pytest.mark.parametrize("kind", [SeasonalNaive, SeasonalMean])
def test_a_season_longer_than_the_look_back_says_the_look_back_it_needs(kind):
    with pytest.raises(ValueError, match="a season of 24 steps needs a look-back of 24 steps at"):
        fit(kind("forecast", 0, steps=1, season=24), X, np.zeros((1, 2)))
    with pytest.raises(ValueError, match="season=0 is no season: give its steps, such as 24"):
        fit(kind("forecast", 0, steps=1), X, np.zeros((1, 2)))


def test_constant_forecasts_the_mean_of_each_step_and_target():
    targets = np.arange(12.0).reshape(3, 4)
    model = fit(Constant("forecast", 0), np.zeros((3, 5, 2)), targets)
    assert model.scores({"x": np.zeros((2, 5, 2))}).tolist() == [[4, 5, 6, 7]] * 2


def test_ridge_finds_the_weights_that_made_a_series():
    draw, values = np.random.default_rng(0), [0.1, 0.2]
    for _ in range(600):
        values.append(1.6 * values[-1] - 0.8 * values[-2] + 0.01 * draw.normal())
    cut = np.lib.stride_tricks.sliding_window_view(np.array(values), 6)
    x, ahead = cut[:, :5, None], cut[:, 5:]
    model = fit(RidgeWindows("forecast", 0, steps=1), x, ahead)
    impulse = np.eye(5)[:, :, None]
    weights = model.scores({"x": impulse}) - model.scores({"x": np.zeros((1, 5, 1))})
    assert weights[-1, 0] == pytest.approx(1.6, abs=0.1)
    assert weights[-2, 0] == pytest.approx(-0.8, abs=0.1)


@pytest.mark.parametrize("strength", [10.0, 1e-2, 1e-6])
def test_ridge_equals_scikit_learn_at_every_strength(strength, monkeypatch):
    from sklearn.linear_model import Ridge

    monkeypatch.setattr("bakeoff.baselines.ridge_windows.STRENGTHS", (strength,))
    train, new = windows(200, 0), windows(20, 1)
    found = fit(RidgeWindows("forecast", 0, steps=STEPS), train["x"], train["ahead"]).scores(new)
    last = [np.tile(part["x"][:, -1, :2], STEPS) for part in (train, new)]
    z = [part["x"].astype(np.float64) for part in (train, new)]
    for part in z:
        part[:, :-1, :2] -= part[:, -1:, :2]
    theirs = Ridge(alpha=200 * strength).fit(z[0].reshape(200, -1), train["ahead"] - last[0])
    assert found == pytest.approx(theirs.predict(z[1].reshape(20, -1)) + last[1], abs=1e-6)


def test_ridge_beats_the_naive_forecasts_where_season_and_level_move():
    train, new = windows(600, 0), windows(300, 1)
    errors = {}
    for model in (
        RidgeWindows("forecast", 0, steps=STEPS),
        LastValue("forecast", 0, steps=STEPS),
        SeasonalNaive("forecast", 0, steps=STEPS, season=SEASON),
        Constant("forecast", 0),
    ):
        found = fit(model, train["x"], train["ahead"]).scores(new)
        errors[type(model)] = np.mean((found - new["ahead"]) ** 2)
    assert errors.pop(RidgeWindows) < 0.8 * min(errors.values())


def test_a_strong_ridge_is_the_last_value():
    draw = np.random.default_rng(0)
    x, ahead = draw.normal(size=(50, 40, 1)), draw.normal(size=(50, 1))
    last = x[:, -1]  # the validation windows: the last value is right, whatever was learned
    model = fit(RidgeWindows("forecast", 0, steps=1), x, ahead + last, (x, last))
    assert np.mean((model.scores({"x": x}) - last) ** 2) < 0.05


@pytest.mark.parametrize(
    "model",
    [
        Constant("forecast", 0),
        LastValue("forecast", 0, steps=2),
        SeasonalNaive("forecast", 0, steps=2, season=6),
        SeasonalMean("forecast", 0, steps=2, season=6),
        RidgeWindows("forecast", 0, steps=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_windows_are_only_sliced_and_never_all_in_memory(model, monkeypatch):
    monkeypatch.setattr("bakeoff.baselines.window_shape.NUMBERS", 2000)
    values = np.random.default_rng(0).normal(size=(520, 3)).astype(np.float32)
    source, ahead = Sliced(values, 20, 500), np.random.default_rng(1).normal(size=(500, 4))
    found = fit(model, source, ahead).scores({"x": source})
    assert max(source.asked, default=0) <= 2000 // 60
    monkeypatch.undo()
    array = source[0:500]
    assert found == pytest.approx(fit(model, array, ahead).scores({"x": array}), abs=1e-9)


def test_of_very_wide_windows_the_latest_steps_are_read(monkeypatch):
    monkeypatch.setattr("bakeoff.baselines.ridge_windows.MOST_READ", 10)
    train = windows(200, 0)
    model = fit(RidgeWindows("forecast", 0, steps=STEPS), train["x"], train["ahead"])
    assert model.state()["weights"].shape == (9, 2 * STEPS)  # three steps of three channels
    other = train["x"].copy()
    other[:, :-3] = 7
    assert np.array_equal(model.scores(train), model.scores({"x": other}))
    again = RidgeWindows.from_state(model.state(), "forecast", 0)
    assert np.array_equal(model.scores(train), again.scores(train))
    monkeypatch.setattr("bakeoff.baselines.ridge_windows.MOST_WEIGHTS", 4 * 2 * STEPS)
    model = fit(RidgeWindows("forecast", 0, steps=STEPS), train["x"], train["ahead"])
    assert model.state()["weights"].shape == (3, 2 * STEPS)


def test_steps_that_do_not_divide_the_targets_are_refused():
    with pytest.raises(ValueError, match="4 targets of a window do not make steps=3"):
        fit(LastValue("forecast", 0, steps=3), X, np.zeros((1, 4)))
    with pytest.raises(ValueError, match="cannot hold the past of 4 targets"):
        fit(LastValue("forecast", 0, steps=1), X, np.zeros((1, 4)))


def test_windows_of_another_size_are_refused():
    model = fit(LastValue("forecast", 0, steps=2), X, np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"12 steps and 2 channels were .* shape \(1, 11, 2\)"):
        model.scores({"x": X[:, 1:]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": np.array([12, 2, 2])}, "four whole numbers"),
        ({"shape": np.array([12.0, 2, 2, 2])}, "four whole numbers"),
        ({"shape": np.array([12, 2, 0, 2])}, "a step ahead at least"),
        ({"shape": np.array([12, 2, 10**9, 2])}, "more than 1,000,000 outputs"),
        ({"season": np.array(13)}, "season is no whole number from 1 to 12"),
        ({"season": np.array([3])}, "season is no whole number"),
        ({"seasons": np.array(5)}, "seasons is no whole number from 1 to 4"),
    ],
)
def test_stored_sizes_that_are_none_are_refused(change, message):
    model = fit(SeasonalMean("forecast", 0, steps=2, season=3), X, np.zeros((1, 4)))
    with pytest.raises(ValueError, match=message):
        SeasonalMean.from_state({**model.state(), **change}, "forecast", 0)


def test_stored_weights_of_another_size_are_refused():
    model = fit(RidgeWindows("forecast", 0, steps=2), X, np.zeros((1, 4)))
    arrays = model.state()
    with pytest.raises(ValueError, match="do not turn 24 numbers into 4 values"):
        RidgeWindows.from_state({**arrays, "weights": arrays["weights"][1:]}, "forecast", 0)
    with pytest.raises(ValueError, match="something that is no number"):
        RidgeWindows.from_state({**arrays, "bias": arrays["bias"] * np.nan}, "forecast", 0)


def test_a_batch_holds_few_windows():
    shape = shape_of(np.zeros((10, 1000, 8)), np.zeros((10, 1)), 1)
    assert shape == WindowShape(lookback=1000, channels=8, steps=1, num_targets=1)
    (rows, found), *_ = shape.batches(np.zeros((10, 1000, 8)))
    assert found.dtype == np.float64
    assert rows == slice(0, 10)
