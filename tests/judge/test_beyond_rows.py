"""Verdicts where test rows are not independent, or a class has few: what is said, and when."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks import honesty

from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.about_rows import level_shift, say_span
from bakeoff.judge.judge_run import defined
from bakeoff.judge.leaderboard import make_leaderboard, read_leaderboard, write_leaderboard
from bakeoff.judge.samples import sample_of
from bakeoff.judge.verdict import reach_verdict, read_verdict, write_verdict
from bakeoff.runs.folder import RunFolder

from .test_verdict import bakeoff, fit

DAY = np.timedelta64(86_400, "s")
HOUR = np.timedelta64(3600, "s")


def forecasts(noises, *, num=2000, steps=24, step=HOUR, truth=None, seeds=2, **period):
    """Fits that miss each hour by their noise; the series itself is noise, unless it is given."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=num + steps) if truth is None else truth
    ahead = np.arange(num)[:, None] + np.arange(steps)
    times = np.datetime64("2020-03-01", "us") + np.arange(num) * step
    fields = {"times": times, "horizon": steps, "std": 1.0}
    fields |= {"seconds": float(step / np.timedelta64(1, "s")), **period}
    return [
        fit(
            name,
            seed,
            Predictions(
                target="load",
                rows=np.arange(num) + 1,
                truth=values[ahead],
                scores=values[ahead] + noise * generator.normal(size=(num, steps)),
                period=Period(**fields),
            ),
        )
        for name, noise in noises.items()
        for seed in range(seeds)
    ]


def verdict_of(entries, metric="scaled_mse", **options):
    return reach_verdict(entries, METRICS[metric], **options)


# --- forecasts ---


def test_a_forecast_is_judged_on_its_days_and_says_so():
    verdict = verdict_of(forecasts({"lstm": 0.1, "linear": 0.5, "constant": 1.0}))
    assert verdict.tiers == (("lstm",), ("linear",), ("constant",))
    assert verdict.sentence.endswith(" in MSE (scaled), 95 %) and constant.")
    assert verdict.warnings[0] == (
        "judged on 84 days (2020-03-01 – 2020-05-24). This holds for times like these; nothing "
        "here speaks for other seasons. The intervals of the scores are of this test period."
    )
    assert len(verdict.warnings) == 1
    assert "with 2,000 test windows" in verdict.would_change_it
    assert verdict.test_rows == 2000


@pytest.mark.parametrize(
    ("options", "needed"),
    [({"num": 191}, 192), ({"num": 700, "steps": 96}, 768), ({"num": 5, "steps": 1}, 192)],
)
def test_a_period_of_fewer_than_eight_stretches_has_no_verdict(options, needed, tmp_path):
    entries = forecasts({"lstm": 0.1, "linear": 0.5}, **options)
    verdict = verdict_of(entries)
    assert verdict.sentence.startswith(
        "no verdict: the test period holds fewer than 8 stretches as long as a day or the horizon; "
        f"{needed} windows are needed. On these test rows lstm has the best score (MSE (scaled) "
    )
    assert (verdict.tiers, verdict.pairs) == ((("lstm", "linear"),), ())
    assert verdict.would_change_it == f"a test period of {needed} windows or more."
    assert all(s.low < s.score < s.high for s in verdict.standings)
    write_verdict(verdict, RunFolder(tmp_path))
    assert read_verdict(RunFolder(tmp_path)) == verdict
    board = make_leaderboard(entries, verdict)
    assert board["tier"].to_list() == [1, 1]


def test_less_than_eight_weeks_are_a_warning():
    (_, warning) = verdict_of(forecasts({"lstm": 0.1, "linear": 0.5}, num=1000)).warnings
    assert warning.startswith("the test period is shorter than 8 weeks")


def test_times_that_are_numbers_have_no_days():
    times = np.arange(2000.0) * 0.5
    verdict = verdict_of(forecasts({"lstm": 0.1, "gru": 0.5}, times=times, seconds=0.0))
    assert verdict.warnings[0].startswith("judged on 2,000 windows (from 0 to 999.5). This holds")
    assert len(verdict.tiers) == 2


@pytest.mark.parametrize(
    ("minutes", "num", "said"),
    [
        (1, 300, "5 hours (2020-03-01 00:00 – 2020-03-01 05:22)"),
        (0.1, 10, "1 hour (2020-03-01 00:00 – 2020-03-01 00:03)"),
        (60, 40, "3 days (2020-03-01 – 2020-03-03)"),
        (7 * 24 * 60, 52, "525 days (2020-03-01 – 2021-08-01)"),
    ],
)
def test_a_period_is_said_in_days_or_hours(minutes, num, said):
    step = np.timedelta64(round(60 * minutes), "s")
    (entry,) = forecasts({"a": 1.0}, num=num, step=step, seeds=1)
    assert say_span(entry.predictions.period) == said


def test_a_level_that_shifts_is_told_and_one_that_wanders_or_rises_is_not():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=2024)
    broken = np.where(np.arange(2024) < 1250, 0.0, 3.0)
    said = verdict_of(forecasts({"lstm": 0.1, "gru": 0.5}, truth=noise + broken)).warnings
    assert said[1] == (
        "the level of load seems to shift within the test period (about 2020-04-22): over such a "
        "break luck is called a difference in more than 5 % of runs."
    )
    for steady in (noise, noise + np.linspace(0, 9, 2024), noise + np.sin(np.arange(2024) / 80)):
        (test, *_) = (e.predictions for e in forecasts({"a": 0.1}, truth=steady))
        assert level_shift(test, test.period, sample_of(METRICS["mae"], test)) is None


def several(entries, **period):
    """The same windows twice: as series a, and, a thousand times as large, as series b."""
    found = []
    for entry in entries:
        p = entry.predictions
        fields = {"stds": {"a": 1.0, "b": 1000.0}, **period}
        fields["times"] = np.tile(p.period.times, 2)
        fields["series"] = np.repeat(np.array(["a", "b"], object), len(p))
        both = Predictions(
            target=p.target,
            rows=np.arange(2 * len(p)) + 1,
            truth=np.concatenate([p.truth, 1000 * p.truth]),
            scores=np.concatenate([p.scores, 1000 * p.scores]),
            period=replace(p.period, **fields),
        )
        found.append(replace(entry, predictions=both))
    return found


def test_the_series_that_decides_and_the_one_without_a_score_are_named():
    entries = several(forecasts({"lstm": 0.1, "gru": 0.5}))
    assert len(verdict_of(entries).warnings) == 1  # scaled, both count alike
    (_, warning) = verdict_of(entries, "mae").warnings
    assert warning.startswith("100 % of the error that MAE rests on is of the series b, which")
    flat = several(forecasts({"lstm": 0.1, "gru": 0.5}), stds={"a": 0.0, "b": 1000.0})
    verdict = verdict_of(flat)
    assert verdict.warnings[1] == (
        "the MSE (scaled) of the series a is not defined, as it did not vary in training: it is "
        "left out of the mean."
    )
    alone = verdict_of(forecasts({"lstm": 0.1, "gru": 0.5}))
    assert verdict.standings[0].score == pytest.approx(alone.standings[0].score)


def test_a_scaled_error_that_no_series_has_gives_way_to_the_next_metric():
    entries = forecasts({"lstm": 0.1, "gru": 0.5}, std=0.0)
    assert defined(METRICS["scaled_mse"], entries).name == "r2"
    assert defined(METRICS["mae"], entries).name == "mae"


@pytest.mark.parametrize("judged", ["scaled_mse", "mae"])
def test_the_leaderboard_of_a_forecast_has_its_own_metrics(judged, tmp_path):
    entries = forecasts({"lstm": 0.1, "gru": 0.5})
    board = make_leaderboard(entries, verdict_of(entries, judged))
    further = {"scaled_mse", "mae", "rmse", "r2"} - {judged}
    assert further <= set(board.columns)
    write_leaderboard(board, RunFolder(tmp_path))
    assert read_leaderboard(RunFolder(tmp_path)).equals(board)


def test_nobody_wins_over_the_last_value_of_a_random_walk():
    """Windows taken as rows would call luck a winner in many bake-offs."""
    size = {"repeats": 24, "num_models": 6, "num_seeds": 3, "num_windows": 500, "horizon": 24}
    shares = honesty.measure_walks(**size, seed=1)
    over, among = shares["stretches"]
    assert over <= 2 / 24 and among <= 3 / 24
    assert sum(shares["windows as rows"]) >= 6 / 24


# --- groups ---


def grouped(sizes, accuracies, **options):
    """Fits on rows that come in groups, which differ in how hard they are."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    entries = bakeoff(accuracies, rows=len(groups), **options)
    return [
        replace(e, predictions=replace(e.predictions, groups=groups, group_column="patient"))
        for e in entries
    ]


def test_too_few_groups_have_no_verdict():
    verdict = verdict_of(grouped([100, 50, 50, 200], {"lstm": 0.9, "linear": 0.5}), "accuracy")
    assert verdict.sentence.startswith(
        "no verdict: the test rows come from 4 groups (patient), worth 2.9 of equal size: too few "
        "to speak of new ones. On these test rows lstm has the best score (accuracy 0.9"
    )
    assert verdict.would_change_it.startswith("test rows of at least 5 groups of equal size")
    assert verdict.pairs == () and verdict.refused
    assert repr(verdict) == (
        "<Verdict on y: too few test rows to compare by accuracy, 400 test rows>"
    )


def test_one_group_has_no_verdict_and_an_interval_of_its_own_rows():
    verdict = verdict_of(grouped([400], {"lstm": 0.9, "linear": 0.5}), "accuracy")
    assert "come from 1 group (patient), worth 1 of equal size: too few" in verdict.sentence
    assert verdict.standings[0].low > 0.85


def test_few_groups_are_told_and_many_are_not():
    few = verdict_of(grouped([40] * 10, {"lstm": 0.9, "linear": 0.5}), "accuracy")
    assert few.warnings == (
        "few groups: the test rows come from 10 groups (patient), worth 10 of equal size; read "
        "intervals and tiers as rough.",
    )
    assert "with 10 test groups" in few.would_change_it
    many = verdict_of(grouped([40] * 12, {"lstm": 0.9, "linear": 0.5}), "accuracy")
    assert many.warnings == () and many.tiers == (("lstm",), ("linear",))


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "auc", "log_loss"])
def test_what_one_group_alone_makes_better_is_no_difference(metric):
    """One of 20 groups is all right to one model and all wrong to the other: to rows a win."""
    entries = grouped([100] * 20, {"lstm": 0.8, "gru": 0.8}, seeds=1)
    for i, right in enumerate((0.8, 0.2)):
        p = entries[i].predictions
        told = np.where(np.eye(2)[p.truth_index] == 1, right, 1 - right)
        scores = np.where(p.groups[:, None] == 0, told, p.scores)
        entries[i] = replace(entries[i], predictions=replace(p, scores=scores))
    alone = [replace(e, predictions=replace(e.predictions, groups=None)) for e in entries]
    assert verdict_of(alone, metric).tiers == (("lstm",), ("gru",))
    assert len(verdict_of(entries, metric).tiers) == 1


# --- rare classes ---


def with_classes(sizes, right):
    """One fit whose classes have so many rows, of which so many are right."""
    names = tuple("abcdefgh"[: len(sizes)])
    index = np.repeat(np.arange(len(sizes)), sizes)
    hits = np.concatenate([np.arange(n) < r for n, r in zip(sizes, right, strict=True)])
    chosen = np.where(hits, index, (index + 1) % len(sizes))
    return fit(
        "linear",
        0,
        Predictions(
            target="y",
            rows=np.arange(len(index)) + 1,
            truth=np.array(names, object)[index],
            scores=np.eye(len(sizes))[chosen],
            classes=names,
        ),
    )


def test_a_class_of_few_rows_says_how_little_is_known_of_it():
    verdict = verdict_of([with_classes([400, 5, 1], [300, 4, 1])], "balanced_accuracy")
    assert verdict.warnings == (
        "class c has 1 test row: its recall cannot be measured, and weighs as much as the others'.",
        "class b has 5 test rows: its recall is known to ± 30 points and weighs as much as the "
        "others'.",
    )
    assert verdict_of([with_classes([400, 5, 1], [300, 4, 1])], "accuracy").warnings == ()
    assert verdict_of([with_classes([90, 10], [80, 5])], "balanced_accuracy").warnings == ()


def test_many_classes_of_few_rows_share_a_sentence():
    sizes = [400, 9, 8, 7, 6, 1, 1]
    verdict = verdict_of([with_classes(sizes, [300, 5, 5, 5, 5, 1, 0])], "macro_f1")
    assert verdict.warnings[0].startswith("classes f and g have 1 test row each: their recalls")
    assert verdict.warnings[1].startswith(
        "4 classes have under 10 test rows (e: 6, d: 7, c: 8 and b: 9): their recalls are known to "
    )


def test_the_interval_of_a_balanced_accuracy_is_as_wide_as_its_rare_class_asks():
    common = verdict_of([with_classes([400, 400], [300, 320])], "balanced_accuracy").standings[0]
    rare = verdict_of([with_classes([400, 5], [300, 4])], "balanced_accuracy").standings[0]
    assert common.score == rare.score == pytest.approx(0.775)
    assert common.high - common.low == pytest.approx(0.057, abs=0.005)
    assert 0.775 - rare.low == pytest.approx(0.215, abs=0.005)  # (0.8 - 0.371) / 2 and a little
    assert rare.high - 0.775 == pytest.approx(0.091, abs=0.005)


# --- a difference that rounds to nothing ---


def test_a_difference_that_rounds_to_nothing_is_not_told_as_one():
    truth = np.random.default_rng(0).normal(size=400)
    entries = [
        fit(name, seed, Predictions(target="y", rows=np.arange(400), truth=truth, scores=scores))
        for name in ("constant", "mlp")
        for seed in range(1 if name == "constant" else 3)
        for scores in [np.full(400, truth.mean()) + (name == "mlp") * 1e-6 * truth * (seed - 1)]
    ]
    verdict = verdict_of(entries, "r2")
    assert "mlp, the best of the others, predicts nearly what constant predicts" in verdict.sentence
    assert "differences of 0.0001 in R2 and more would be detected" in verdict.would_change_it
