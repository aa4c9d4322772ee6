import dataclasses
import json

import numpy as np
import pytest

from bakeoff.errors import DataError, RequestError, RunError
from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.about_rows import named
from bakeoff.judge.advice import Unit, round_down, say_needed
from bakeoff.judge.entry import Entry
from bakeoff.judge.statistics import Pair
from bakeoff.judge.verdict import reach_verdict, read_verdict, write_verdict
from bakeoff.runs.folder import RunFolder

BASELINES = ("constant", "linear", "boosting")


def yes_or_no(right, truth):
    chance = np.where(right == truth, 0.8, 0.2)
    return Predictions(
        target="y",
        rows=np.arange(len(truth)),
        truth=np.where(truth, "yes", "no").astype(object),
        scores=np.stack([1 - chance, chance], 1),
        classes=("no", "yes"),
        positive="yes",
    )


def fit(name, seed, predictions, **fields):
    baseline = name in BASELINES
    defaults = {
        "framework": "sklearn" if baseline else "torch",
        "architecture": name,
        "baseline": baseline,
        "seedless": baseline,
        "validation": 0.5 + 0.01 * seed,
        "epochs": None if baseline else 30,
    }
    return Entry(model=name, seed=seed, predictions=predictions, **{**defaults, **fields})


def bakeoff(accuracies, *, seeds=5, rows=500, spread=0.5):
    """Fits whose rows are right as often as told; truth is half yes, half no."""
    generator = np.random.default_rng(0)
    truth = np.arange(rows) % 2 == 0
    entries = []
    for name, accuracy in accuracies.items():
        for seed in range(1 if name in BASELINES else seeds):
            share = accuracy + (0 if name in BASELINES else generator.normal() * spread / 100)
            right = generator.permutation(rows) < share * rows
            if name == "constant":
                right = truth
            entries.append(fit(name, seed, yes_or_no(right, truth)))
    return entries


def drawn_numbers(noises, *, seeds=3, rows=400):
    generator = np.random.default_rng(0)
    truth = generator.normal(size=rows) * 300 + 5000
    return [
        fit(
            name,
            seed,
            Predictions(
                target="price",
                rows=np.arange(rows),
                truth=truth,
                scores=np.full(rows, 5000.0)
                if name == "constant"
                else truth + noise * generator.normal(size=rows),
            ),
        )
        for name, noise in noises.items()
        for seed in range(1 if name in BASELINES else seeds)
    ]


def sentence(accuracies, metric="accuracy", **options):
    return reach_verdict(bakeoff(accuracies, **options), METRICS[metric]).sentence


def test_a_tie_for_first_says_whom_each_beats():
    said = sentence({"mlp": 0.80, "ft_transformer": 0.80, "boosting": 0.80, "constant": 0.5})
    first, second = said.split(" are tied for first; each beats constant (by ")
    assert sorted(first.replace(" and ", ", ").split(", ")) == ["boosting", "ft_transformer", "mlp"]
    assert second.endswith(" points, 95 %).")


def test_a_lone_network_beats_the_next_best_and_the_others():
    said = sentence({"lstm": 0.9, "gru": 0.7, "linear": 0.6, "constant": 0.5})
    assert said.startswith("lstm comes first alone: it beats gru (by ")
    assert said.endswith(" points, 95 %) and the 2 others.")
    assert sentence({"lstm": 0.9, "gru": 0.6, "constant": 0.5}).endswith("and constant.")


def test_a_winning_baseline_is_said_plainly():
    said = sentence({"linear": 0.9, "lstm": 0.7, "constant": 0.5})
    assert "no network beats the linear baseline" in said
    said = sentence({"linear": 0.9, "boosting": 0.9, "lstm": 0.7, "constant": 0.5})
    assert said.endswith("No network beats either of these baselines.")


def test_nothing_above_constant_has_learned_nothing():
    said = sentence({"lstm": 0.5, "gru": 0.49, "constant": 0.5})
    assert said.startswith("no model here has detectably learned anything")
    assert "none beats constant (accuracy 0.500)" in said
    assert "others, differs from it by" in said


def test_worse_than_constant_is_not_called_a_win():
    said = sentence({"lstm": 0.3, "constant": 0.5})
    assert said.startswith("no model here has detectably learned anything")


def test_a_tie_of_all_is_never_called_equal():
    said = sentence({"lstm": 0.8, "gru": 0.8})
    assert "are tied: no difference between them can be detected." in said


def test_one_model_is_not_compared():
    verdict = reach_verdict(bakeoff({"lstm": 0.8}), METRICS["accuracy"])
    assert verdict.sentence.startswith("lstm is the only model, so nothing is compared: accuracy")
    assert "the score is known to within" in verdict.would_change_it


def test_single_seeds_speak_of_these_trained_models():
    verdict = reach_verdict(bakeoff({"lstm": 0.9, "gru": 0.6}, seeds=1), METRICS["accuracy"])
    assert "for these trained models only" in verdict.sentence
    assert "5 seeds would tell seed variation from a real difference" in verdict.would_change_it


@pytest.mark.parametrize(
    ("metric", "unit"), [("r2", " in R2, 95 %)"), ("rmse", " in RMSE, 95 %)"), ("mae", " in MAE")]
)
def test_losses_rank_the_lowest_first_and_speak_in_their_own_unit(metric, unit):
    entries = drawn_numbers({"mlp": 50, "linear": 200, "constant": 0})
    verdict = reach_verdict(entries, METRICS[metric])
    assert verdict.tiers[0] == ("mlp",)
    assert unit in verdict.sentence and "points" not in verdict.sentence
    standing = verdict.standings[0]
    assert standing.low < standing.score < standing.high
    assert all(pair.difference >= 0 for pair in verdict.pairs)
    if metric == "rmse":
        assert standing.score == pytest.approx(50, rel=0.1)


def test_what_would_change_it_names_the_rows_that_would_show_a_round_difference():
    fewer = reach_verdict(bakeoff({"lstm": 0.8, "gru": 0.8}, spread=0), METRICS["accuracy"])
    assert " points cannot be detected with 500 test rows" in fewer.would_change_it
    assert " would show 1 point." in fewer.would_change_it


def test_the_rows_asked_for_do_show_the_difference_promised():
    """A bake-off of baselines with that many rows sees about the difference foretold."""
    small = bakeoff({"linear": 0.8, "boosting": 0.8}, rows=500)
    said = reach_verdict(small, METRICS["accuracy"]).would_change_it
    asked = int(said.split("about ")[1].split(" would")[0].replace(",", ""))
    goal = float(said.split("would show ")[1].split(" point")[0])
    large = bakeoff({"linear": 0.8, "boosting": 0.8}, rows=asked)
    visible = 100 * reach_verdict(large, METRICS["accuracy"]).pairs[0].visible
    assert visible == pytest.approx(goal, rel=0.1)


@pytest.mark.parametrize("rows", [200, 300, 600])
def test_what_was_detected_is_never_said_to_be_too_small(rows):
    """A lone leader is ahead of all by more than the smallest difference named."""
    leaders = 0
    for lead in (0.80, 0.84, 0.86, 0.88, 0.90):
        entries = bakeoff({"lstm": lead, "gru": 0.76, "rnn": 0.75, "constant": 0.5}, rows=rows)
        verdict = reach_verdict(entries, METRICS["accuracy"])
        if len(verdict.tiers[0]) == 1:
            leaders += 1
            limit = float(verdict.would_change_it.split("under ")[1].split(" points")[0])
            ahead = [pair for pair in verdict.pairs if pair.better == verdict.tiers[0][0]]
            assert all(100 * pair.difference > limit - 0.05 for pair in ahead)
    assert leaders


def test_the_difference_from_constant_is_the_joint_interval():
    verdict = reach_verdict(
        bakeoff({"lstm": 0.5, "gru": 0.49, "constant": 0.5}), METRICS["accuracy"]
    )
    pair = next(p for p in verdict.pairs if {p.better, p.worse} == {"lstm", "constant"})
    sign = 1 if pair.better == "lstm" else -1
    ends = sorted((sign * pair.joint_low, sign * pair.joint_high))
    assert METRICS["accuracy"].say_difference(*ends) in verdict.sentence


@pytest.mark.parametrize(
    ("rows_variance", "seeds_variance", "advice"),
    [  # 4 points are visible; 2 points take a quarter of the variance of 4e-4
        (4.0e-4, 0.0, "about 2,000 would show 2 points"),
        (3.5e-4, 0.5e-4, "about 3,500 test rows would show 2 points"),
        (3.0e-4, 1.0e-4, "about 3,000 test rows with 10 seeds would show 2 points"),
        (0.5e-4, 3.5e-4, "about 35 seeds would show 2 points"),
    ],
)
def test_rows_and_seeds_each_lower_their_own_part(rows_variance, seeds_variance, advice):
    pair = Pair(
        better="lstm",
        worse="gru",
        difference=0.0,
        low=-0.04,
        high=0.04,
        joint_low=-0.04,
        joint_high=0.04,
        adjusted_p=1.0,
        beats=False,
        visible=0.04,
        rows_variance=rows_variance,
        seeds_variance=seeds_variance,
    )
    assert say_needed(pair, METRICS["accuracy"], Unit("test row", 500), num_seeds=5) == advice


def test_wild_seeds_ask_for_seeds_not_only_rows():
    entries = bakeoff({"lstm": 0.8, "gru": 0.8, "rnn": 0.8}, spread=6, rows=4000)
    said = reach_verdict(entries, METRICS["accuracy"]).would_change_it
    assert "with 4,000 test rows and 5 seeds" in said
    assert " seeds would show " in said


def test_the_best_fit_is_chosen_by_validation_never_by_test():
    entries = bakeoff({"lstm": 0.9, "gru": 0.6}, seeds=3)
    best = reach_verdict(entries, METRICS["accuracy"]).best
    assert (best.model, best.framework, best.seed) == ("lstm", "torch", 2)
    entries = drawn_numbers({"mlp": 50, "rnn": 200})
    assert reach_verdict(entries, METRICS["rmse"]).best.seed == 0  # a loss: the lowest
    unknown = [dataclasses.replace(entry, validation=None) for entry in entries]
    assert reach_verdict(unknown, METRICS["rmse"]).best.seed == 0


def test_frameworks_of_one_model_are_two_lines():
    torch = bakeoff({"lstm": 0.9, "linear": 0.6})
    keras = [
        dataclasses.replace(entry, framework="tensorflow") for entry in torch if not entry.baseline
    ]
    verdict = reach_verdict([*torch, *keras], METRICS["accuracy"])
    assert verdict.tiers == (("lstm (tensorflow)", "lstm (torch)"), ("linear",))
    assert verdict.best.framework == "tensorflow"  # equal scores: by name


@pytest.mark.parametrize(
    ("failed", "begins"),
    [
        (["boosting"], "boosting failed, so the ranking is without its yardstick: No bins. lstm "),
        (
            ["boosting", "linear"],
            "boosting and linear failed, so the ranking is without these yardsticks "
            "(boosting: No bins; linear: No bins). lstm ",
        ),
        ([], "lstm "),
    ],
)
def test_a_verdict_begins_with_the_baselines_that_failed(failed, begins):
    entries = bakeoff({"lstm": 0.9, "gru": 0.6})
    entries += [fit(name, 0, None, error="No bins.") for name in failed]
    verdict = reach_verdict(entries, METRICS["accuracy"])
    assert verdict.sentence.startswith(begins)
    assert not any("No bins" in warning for warning in verdict.warnings)


def test_failed_fits_are_told_and_the_rest_is_judged():
    entries = bakeoff({"lstm": 0.9, "gru": 0.6})
    entries[1] = dataclasses.replace(entries[1], predictions=None, error="Out of memory.")
    entries.append(
        Entry(model="rnn", framework="torch", seed=0, architecture="rnn", error="Diverged.")
    )
    warnings = reach_verdict(entries, METRICS["accuracy"]).warnings
    assert "1 of 5 fits of lstm failed (seed 1: Out of memory)" in warnings[0]
    assert warnings[1] == "rnn failed and is not ranked (seed 0: Diverged)."


def test_a_failing_seed_is_named_by_its_own_number():
    entries = bakeoff({"lstm": 0.9, "gru": 0.9, "rnn": 0.9})
    low = bakeoff({"lstm": 0.5})[0].predictions
    entries[2] = dataclasses.replace(entries[2], predictions=low)
    del entries[0]  # positions and seeds now differ
    (warning,) = reach_verdict(entries, METRICS["accuracy"]).warnings
    assert warning.startswith("seed 2 of lstm is far below the other seeds (accuracy 0.")


def test_rows_that_weaken_the_verdict_are_told():
    entries = bakeoff({"lstm": 0.9, "linear": 0.6}, rows=40)
    odd = entries[0].predictions.truth.copy()
    odd[:2] = "maybe"
    entries = [
        dataclasses.replace(e, predictions=dataclasses.replace(e.predictions, truth=odd))
        for e in entries
    ]
    warnings = reach_verdict(entries, METRICS["accuracy"], test_readings=3).warnings
    assert warnings[0].startswith("2 test rows are of a class that no training row has (maybe)")
    assert warnings[1].startswith("40 test rows are few")
    assert warnings[2].startswith("the same data have been judged by 3 runs")


def test_intervals_stay_within_what_the_metric_can_be():
    verdict = reach_verdict(bakeoff({"lstm": 0.997, "linear": 1.0}), METRICS["accuracy"])
    assert all(s.high <= 1 for s in verdict.standings)
    perfect = next(s for s in verdict.standings if s.model == "linear")
    assert perfect.low == pytest.approx(0.025 ** (1 / 500))  # Clopper & Pearson


@pytest.mark.parametrize(
    ("metric", "low"),
    [  # 0.025 ** (1 / 995) = 0.9963 and 0.025 ** (1 / 5) = 0.4782, each class half of macro F1;
        # of recalls the ends are 0.9975 and 0.6206 (Jeffreys)
        ("accuracy", 0.9963),
        ("balanced_accuracy", 0.8103),
        ("macro_f1", 0.7372),
    ],
)
def test_a_perfect_mean_over_classes_is_known_as_well_as_the_rare_class(metric, low):
    truth = np.arange(1000) < 5
    entries = [fit("linear", 0, yes_or_no(np.full(1000, True), truth))]
    (standing,) = reach_verdict(entries, METRICS[metric]).standings
    assert (standing.score, standing.high) == (1, 1)
    assert standing.low == pytest.approx(low, abs=1e-4)


def test_nothing_finished_or_other_rows_are_refused():
    entries = bakeoff({"lstm": 0.9, "gru": 0.6})
    with pytest.raises(RunError, match="No model finished"):
        reach_verdict(
            [dataclasses.replace(e, predictions=None) for e in entries], METRICS["accuracy"]
        )
    other = bakeoff({"gru": 0.6}, rows=400)
    with pytest.raises(RunError, match="'gru' and 'lstm' were judged on different test rows"):
        reach_verdict([entries[0], other[0]], METRICS["accuracy"])


def test_an_undefined_metric_is_refused():
    entries = bakeoff({"lstm": 0.9, "gru": 0.6})
    truth = np.full(500, "yes", dtype=object)
    entries = [
        dataclasses.replace(e, predictions=dataclasses.replace(e.predictions, truth=truth))
        for e in entries
    ]
    with pytest.raises(RequestError, match="choose a metric that these rows define"):
        reach_verdict(entries, METRICS["auc"])


def test_verdict_json_comes_back_and_holds_the_documented_keys(tmp_path):
    verdict = reach_verdict(bakeoff({"lstm": 0.9, "linear": 0.6}), METRICS["accuracy"])
    write_verdict(verdict, RunFolder(tmp_path))
    assert read_verdict(RunFolder(tmp_path)) == verdict
    content = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert content["format"] == 2
    assert {"sentence", "tiers", "pairs", "would_change_it", "test_readings", "best"} <= set(
        content
    )
    assert {"difference", "low", "high", "adjusted_p"} <= set(content["pairs"][0])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 3}'])
def test_a_file_that_is_no_verdict_is_refused(tmp_path, text):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(DataError, match=r"verdict\.json"):
        read_verdict(RunFolder(tmp_path))
    with pytest.raises(DataError, match=r"verdict\.json is missing"):
        read_verdict(RunFolder(tmp_path / "nowhere"))


def test_long_lists_of_names_are_cut():
    assert named(["a"]) == "a"
    assert named(["a", "b", "c"]) == "a, b and c"
    assert named(list("abcdef")) == "a, b, c, d, e and f"
    assert named(list("abcdefgh")) == "a, b, c, d, e and 3 others"


@pytest.mark.parametrize("exponent", range(-6, 7))
def test_round_differences_never_exceed_what_is_asked(exponent):
    for value in (1.0, 1.99, 3.0, 7.9, 9.99):
        rounded = round_down(value * 10.0**exponent)
        assert 0.5 * value * 10.0**exponent < rounded <= value * 10.0**exponent * (1 + 1e-9)
