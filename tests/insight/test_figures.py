"""Promises of the figures: small, readable on any background, one look per model."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest

from bakeoff.insight import curves, examples, forecasts, mistakes, ranking, style

NAMES = ["lstm", "gru", "rnn", "mlp", "cnn", "tcn", "vit", "resnet", "dlinear", "boosting"]
LOOKS = style.looks(NAMES, baselines=["boosting"])
LIMIT = 60_000  # bytes of an SVG


def made_curves(epochs=300, seeds=5):
    draw = np.random.default_rng(0)
    lines = [1 / np.arange(1, epochs + 1) + draw.normal(1, 0.01, epochs) for _ in range(seeds)]
    return curves.Curves(train_loss=lines, validation_loss=lines, validation_metric=lines)


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", style.COLOURS + style.BASELINE_COLOURS)
def test_colours_can_be_seen_on_white_and_on_near_black(colour):
    assert 1.05 / (luminance(colour) + 0.05) > 2.9
    assert (luminance(colour) + 0.05) / (luminance("#14171c") + 0.05) > 3


def test_a_model_looks_the_same_whatever_its_rank():
    assert style.looks(reversed(NAMES), baselines=["boosting"]) == LOOKS


def test_networks_and_baselines_look_different():
    assert LOOKS["boosting"].fill == "none"
    assert LOOKS["boosting"].colour not in style.COLOURS
    assert all(look.fill == look.colour for name, look in LOOKS.items() if name != "boosting")


def test_twenty_four_networks_can_be_told_apart():
    looks = style.looks([f"n{i:02}" for i in range(24)], baselines=[])
    assert len({(look.colour, look.dashes) for look in looks.values()}) == 24
    assert len({(look.colour, look.marker) for look in looks.values()}) == 24


def test_labels_never_overlap_and_keep_their_order():
    heights = {f"n{i}": height for i, height in enumerate([0, 0.01, 0.02, 0.5, 0.98, 0.99])}
    spread = list(style.spread_labels(heights, gap=0.1).values())
    assert (np.diff(spread) > 0.1 - 1e-9).all()
    assert min(spread) == pytest.approx(0)
    assert max(spread) == pytest.approx(1)


def test_one_far_model_does_not_squeeze_the_others():
    scores = [0.1, *np.linspace(0.93, 0.98, 9)]
    low, high = style.focus(scores, [s - 0.02 for s in scores], [s + 0.02 for s in scores])
    assert 0.5 < low < 0.91
    assert 1.0 < high < 1.02


def test_a_band_ends_when_fewer_than_half_of_the_seeds_still_train():
    shown = curves.band([np.ones(10), np.ones(4), np.ones(4)])
    assert shown.epochs.tolist() == [1, 2, 3, 4]


def test_a_band_runs_from_the_lowest_to_the_highest_seed():
    shown = curves.band([np.array([1.0, 5.0]), np.array([3.0, 4.0])])
    assert (shown.low.tolist(), shown.high.tolist()) == ([1, 4], [3, 5])


def test_panels_of_ten_models_and_300_epochs_stay_small():
    networks = {name: made_curves() for name in NAMES if name != "boosting"}
    points = {
        name: curves.Point(parameters=10 ** (i % 7), score=0.8, low=0.7, high=0.9)
        for i, name in enumerate(NAMES)
    }
    lines = {name: own.validation_loss for name, own in networks.items()}
    loss = style.to_svg(curves.compare_curves(lines, LOOKS, title="Validation loss"), "loss")
    parameters = style.to_svg(curves.compare_parameters(points, LOOKS, metric="R2"), "parameters")
    assert max(len(loss), len(parameters)) < LIMIT
    assert all(name in parameters for name in NAMES)
    assert all(name in loss for name in networks)


@pytest.mark.parametrize("last", [1, 2, 3])
def test_epochs_are_whole_and_a_single_one_is_seen(last):
    lines = {"mlp": [np.linspace(1, 0.5, last), np.linspace(1.2, 0.7, last)]}
    axes = curves.compare_curves(lines, LOOKS, title="Training loss").axes[0]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks == list(range(1, last + 1))
    assert (axes.lines[0].get_marker() == "o") == (last == 1)


@pytest.mark.parametrize(("low", "high"), [(1250, 5000), (0.1, 2), (1, 8_000_000), (1e-9, 1e6)])
def test_the_marks_of_a_logarithmic_axis_never_crowd(low, high):
    axes = style.new_figure(345, 260).add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    curves.mark_decades(axes.xaxis)
    assert 1 <= len(axes.get_xticks()) <= 7
    assert all(low <= mark <= high for mark in axes.get_xticks())


@pytest.mark.parametrize("name", ["$a_$", "$0-$10", "$x^2$"])
def test_a_dollar_in_a_name_is_a_dollar(name):
    look, own, numbers = LOOKS["mlp"], made_curves(20), np.arange(30.0)
    line = ranking.Line(name=name, tier=1, score=0.9, low=0.8, high=1, text="0.9", look=look)
    point = curves.Point(parameters=100, score=0.8, low=0.7, high=0.9)
    figures = [
        curves.compare_curves({name: own.train_loss}, {name: look}, title="Training loss"),
        curves.compare_parameters({name: point}, {name: look}, metric="AUC"),
        curves.learning_curve(name, own, look),
        mistakes.confusion_matrix(np.eye(2, dtype=int), [name, "b"], [name, "b"]),
        mistakes.predicted_against_true(numbers, numbers, name=name),
        mistakes.residuals(numbers, numbers + 1, name=name),
        ranking.leaderboard([line], metric="R2"),
    ]
    assert all(name in style.to_svg(figure, "f") for figure in figures)


@pytest.mark.filterwarnings("error")
def test_a_class_that_the_font_of_matplotlib_lacks_is_left_to_the_page():
    names = ["dog 🐶", "犬"]
    svg = style.to_svg(mistakes.confusion_matrix(np.eye(2, dtype=int), names, names), "c")
    assert all(svg.count(f">{name}<") == 2 for name in names)


def test_a_diverged_loss_does_not_break_the_learning_curve():
    lines = [np.array([1.0, np.nan, np.inf]), np.array([1.0, 0.5, 0.4])]
    own = curves.Curves(train_loss=lines, validation_loss=lines, validation_metric=lines)
    assert "<svg" in style.to_svg(curves.learning_curve("mlp", own, LOOKS["mlp"]), "c")


@pytest.mark.parametrize("size", [2, 40])
def test_confusion_matrix_names_all_classes_and_stays_small(size):
    draw = np.random.default_rng(0)
    counts = draw.integers(0, 9, (size, size)) + 50 * np.eye(size, dtype=int)
    names = [f"kind {i}" for i in range(size)]
    svg = style.to_svg(mistakes.confusion_matrix(counts, names, names), "c")
    assert len(svg) < LIMIT
    assert all(svg.count(f">{name}<") == 2 for name in names)


def test_confusion_matrix_shows_counts_and_shares_of_the_true_class():
    svg = style.to_svg(mistakes.confusion_matrix(np.array([[30, 10], [0, 7]]), "ab", "ab"), "c")
    assert all(text in svg for text in (">30<", ">75 %<", ">10<", ">25 %<", ">100 %<"))


def test_confusion_matrix_takes_true_classes_that_cannot_be_predicted():
    svg = style.to_svg(
        mistakes.confusion_matrix(np.ones((3, 2), int), ["a", "b", "new"], "ab"), "c"
    )
    assert ">new<" in svg


@pytest.mark.parametrize("draw", [mistakes.predicted_against_true, mistakes.residuals])
def test_a_hundred_thousand_points_make_a_small_figure(draw):
    truth = np.random.default_rng(0).normal(size=100_000)
    assert len(style.to_svg(draw(truth, truth**2, name="price"), "s")) < LIMIT


def test_leaderboard_shows_each_score_as_it_is_written():
    lines = [
        ranking.Line(name=name, tier=1 + i, score=0.9123 - i, low=0, high=1, text=text, look=look)
        for i, (name, text, look) in enumerate(
            [("lstm", "0.912", LOOKS["lstm"]), ("boosting", "-0.088", LOOKS["boosting"])]
        )
    ]
    svg = style.to_svg(ranking.leaderboard(lines, metric="R2"), "ranking")
    assert ">lstm  0.912<" in svg
    assert ">boosting  -0.088<" in svg


def test_svg_takes_its_text_colour_from_the_page_and_clashes_with_no_other():
    figure = mistakes.confusion_matrix(np.eye(2, dtype=int), ["<b>", "b"], ["<b>", "b"])
    first, second = style.to_svg(figure, "one"), style.to_svg(figure, "two")
    assert "currentColor" in first
    assert style.INK not in first
    assert "&lt;b&gt;" in first
    ids = [set(re.findall(r' id="([^"]*)"', svg)) for svg in (first, second)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    used = re.findall(r'(?:href="|url\()#([^")]*)', first)
    assert set(used) <= ids[0]
    assert "<metadata" not in first


def test_two_threads_draw_in_turn_for_the_settings_are_of_the_whole_process():
    both_draw = Barrier(2)

    class Slow:
        def findobj(self, _: object) -> list:
            return []

        def savefig(self, buffer, **_: object) -> None:
            buffer.write("<svg>")
            with suppress(BrokenBarrierError):
                both_draw.wait(timeout=0.3)  # passed only where another draws as well
                buffer.write("disturbed")

    with ThreadPoolExecutor(2) as threads:
        drawn = list(threads.map(lambda name: style.to_svg(Slow(), name), ("a", "b")))
    assert drawn == ["<svg>", "<svg>"]


@pytest.mark.parametrize("steps", [1, 24])
def test_a_forecast_stands_beside_the_truth(steps):
    draw = np.random.default_rng(0)
    shown = forecasts.Forecast(
        title="2020-01-01",
        before=(np.arange(-71, 1), draw.normal(size=72)),
        truth=draw.normal(size=steps),
        forecasts={name: draw.normal(size=steps) for name in ("dlinear", "boosting")},
    )
    svg = style.to_svg(forecasts.forecast_window(shown, LOOKS, unit="load"), "window")
    assert len(svg) < LIMIT
    for word in ("truth", "dlinear", "boosting", "load", "2020-01-01"):
        assert word in svg
    assert "↑" not in svg and "↓" not in svg  # names stand beside the ends of their lines


def test_steps_without_a_score_are_passed_over():
    lines = {"dlinear": np.array([1.0, np.nan, 3.0]), "boosting": np.full(3, np.nan)}
    svg = style.to_svg(forecasts.error_by_step(lines, LOOKS, metric="MAE"), "steps")
    assert "dlinear" in svg and "boosting" not in svg


@pytest.mark.parametrize(
    "values",
    [
        [np.zeros((8, 8), np.uint8), np.full((4, 4, 3), 16, np.uint8)],
        [np.ones((1, 2), np.float32), np.array([[1.0], [np.nan], [np.inf]], np.float32)],
    ],
)
def test_examples_of_any_kind_are_drawn_under_their_titles(values):
    titles = ["cat\nnot dog", "a very long name of a class"]
    svg = style.to_svg(examples.draw_examples(values, titles), "rows")
    assert "not dog" in svg
    assert "a very long na…" in svg
