"""Season, spread and the models that a forecast is offered."""

import numpy as np
import pytest

import bakeoff
from bakeoff import RequestError
from bakeoff.data.forms import Channel, DateForm, NumberForm, SeriesForm
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.sources import Rows
from bakeoff.data.taking.views import View
from bakeoff.plan.models import Facts, choose_models
from bakeoff.plan.season import season_of, target_spreads

DAY = 86_400.0
X = Rows(base=np.zeros((4, 2), np.float32), rows=np.arange(4))
WINDOWS, TABLE, IMAGE = (
    {name: View(inputs={"x": X}, sizes={}) for name in names}
    for names in (
        ("window", "sequence", "vector"),
        ("table", "plain"),
        ("image", "sequence", "vector", "plain", "histograms"),
    )
)
HOURLY = Facts(task="forecast", lookback=96, season=24)


def form(time_form=DateForm(), **changes):  # noqa: B008  frozen
    channel = Channel("load", "number", NumberForm())
    return SeriesForm(("time",), time_form, "", (channel,), 48, 6, **changes)


@pytest.mark.parametrize(
    ("changes", "season"),
    [
        ({"step": 3600.0}, 24),
        ({"step": 900.0}, 96),
        ({"step": 7 * 3600.0}, 0),
        ({"step": DAY}, 7),
        ({"step": 7 * DAY}, 52),
        ({"step": 3 * DAY}, 0),
        ({"months": 1}, 12),
        ({"months": 3}, 4),
        ({"months": 12}, 0),
        ({}, 0),
        ({"time_form": NumberForm(), "step": 3600.0}, 0),
    ],
)
def test_the_season_follows_from_the_step(changes, season):
    assert season_of(form(**changes)) == season


def test_spreads_are_of_what_training_windows_look_ahead_to_alone(hours):
    dataset = bakeoff.read(
        hours, target="load", time="when", series="place", lookback=24, horizon=6
    )
    split = make_split(dataset)
    ((target, spreads),) = target_spreads(dataset, split).items()
    assert target == dataset.target
    ahead, windows = (dataset.arrays[name][split.train] for name in ("load", "window"))
    known = {
        name: np.unique(
            np.concatenate([s + np.arange(6) for s in ahead.starts[windows.members() == i]])
        )
        for i, name in enumerate(windows.names)
    }
    for name, steps in known.items():
        assert spreads[name] == pytest.approx(ahead.steps[steps].std())
    both = ahead.steps[np.concatenate(list(known.values()))]
    assert spreads[""] == pytest.approx(both.std())


def test_all_that_forecast_run_by_default():
    models, left_out = choose_models({}, all_that_fit=True, views=WINDOWS, facts=HOURLY)
    names = {model.name for model in models}
    assert {"last_value", "seasonal_naive", "ridge_windows", "constant"} <= names
    assert {"dlinear", "patchtst", "rnn_seq2seq", "lstm", "mlp", "tcn", "transformer"} <= names
    assert not {"linear", "boosting", "random_kernels", "cnn"} & names
    assert left_out == ("Run only where named: transformer_seq2seq.",)


def test_the_season_reaches_the_models_that_repeat_it_but_over_what_is_asked():
    named = {"seasonal_mean": {"season": 48}}
    models, _ = choose_models(named, all_that_fit=True, views=WINDOWS, facts=HOURLY)
    seasons = {m.name: m.arguments["season"] for m in models if "season" in m.arguments}
    assert seasons == {"seasonal_naive": 24, "seasonal_mean": 48}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (Facts(task="forecast", lookback=96), "the step of the time tells no season.*'season': 24"),
        (
            Facts(task="forecast", lookback=12, season=24),
            "a season of 24 steps needs a look-back of 24 steps at least, and it is 12",
        ),
    ],
)
def test_without_a_season_that_fits_seasonal_models_are_left_out_or_refused(facts, why):
    models, left_out = choose_models({}, all_that_fit=True, views=WINDOWS, facts=facts)
    assert not {"seasonal_naive", "seasonal_mean"} & {model.name for model in models}
    names = [said.split(":")[1].strip(" .") for said in left_out]
    assert names == ["seasonal_naive", "seasonal_mean", "transformer_seq2seq"]
    assert all(said.endswith(".") and said.isprintable() for said in left_out)  # no option in it
    with pytest.raises(RequestError, match=why):
        choose_models({"seasonal_naive": {}}, all_that_fit=False, views=WINDOWS, facts=facts)


def test_what_cannot_forecast_is_refused_by_name():
    with pytest.raises(RequestError, match="random_kernels is not made for a forecast"):
        choose_models({"random_kernels": {}}, all_that_fit=False, views=WINDOWS, facts=HOURLY)
    with pytest.raises(RequestError, match="vector_to_sequence is not made for a binary"):
        choose_models(
            {"vector_to_sequence": {}},
            all_that_fit=False,
            views=TABLE,
            facts=Facts(task="binary", num_classes=2),
        )


def test_trees_run_up_to_a_hundred_classes_or_where_they_are_named():
    many = Facts(task="multiclass", num_classes=101)
    models, left_out = choose_models({}, all_that_fit=True, views=TABLE, facts=many)
    assert "boosting" not in {model.name for model in models}
    assert left_out == (
        "Left out: boosting: its time grows with the classes, which are 101. Above 100 it runs "
        "where it is named.",
    )
    models, left_out = choose_models({"boosting": {}}, all_that_fit=True, views=TABLE, facts=many)
    assert "boosting" in {model.name for model in models}
    assert left_out == ()


@pytest.mark.parametrize("name", ["random_kernels", "transformer", "tcn", "transformer_seq2seq"])
def test_slow_readers_of_rows_of_pixels_run_on_pictures_only_where_named(name):
    facts = Facts(task="binary", num_classes=2)
    for named in ({}, {name: {}}):
        models, left_out = choose_models(named, all_that_fit=True, views=IMAGE, facts=facts)
        names = {model.name for model in models}
        assert (name in names) == bool(named)
        unasked = left_out[-1].partition(": ")[2].strip(".").split(", ")
        assert (name in unasked) != bool(named)
        assert {"colour_histograms", "cnn", "resnet", "vit", "mlp", "lstm"} <= names


def test_the_season_of_weekdays_is_a_week_of_them():
    assert season_of(form(step=DAY, weekdays="1111100")) == 5
