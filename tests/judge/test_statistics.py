import time

import numpy as np
import pytest
from benchmarks import honesty

from bakeoff.errors import RequestError
from bakeoff.judge import posterior
from bakeoff.judge.statistics import judge
from bakeoff.judge.table import interaction, measure


def mean_scores(values):
    return {name: np.asarray(table).mean(1) for name, table in values.items()}


def judge_rows(values, **options):
    return judge(values, mean_scores(values), **options)


def world(cell="all 2", *, k=4, seeds=5, rows=400, lead=0.0, seed=0):
    generator = np.random.default_rng(seed)
    return honesty.simulate(
        cell, generator, num_models=k, num_seeds=seeds, num_rows=rows, lead=lead
    )


# --- what enters the draws ---


def test_measures_equal_hand_computations():
    generator = np.random.default_rng(0)
    values = {"a": generator.normal(size=(3, 20)), "b": generator.normal(size=(4, 20))}
    table = measure(values, mean_scores(values), ())
    means = np.stack([values["a"].mean(0), values["b"].mean(0)])
    np.testing.assert_allclose(table.covariance, np.cov(means) / 20)
    assert table.rows_freedom == 19
    np.testing.assert_allclose(table.score, [values["a"].mean(), values["b"].mean()])
    np.testing.assert_allclose(table.variance, [values[c].mean(1).var(ddof=1) for c in "ab"])
    assert table.freedom.tolist() == [2, 3]


def test_the_residual_is_what_an_analysis_of_variance_leaves():
    row, seed = np.array([[1.0, 5.0, 2.0]]), np.array([[0.0], [3.0]])
    assert interaction(row + seed) == pytest.approx(0)
    table = np.array(
        [[1.0, 0.0], [0.0, 1.0]]
    )  # pure interaction: 4 * 0.5^2 with 1 degree of freedom
    assert interaction(table) == pytest.approx(1)


def test_each_world_of_the_prior_is_a_distribution_with_a_far_tail():
    chances = posterior.prior(0.3)
    assert chances.shape == (88, 49)
    np.testing.assert_allclose(chances.sum(1), 1)
    narrow = posterior.prior(0.3)[11]  # a centre near -0.67, width 0.05
    far = posterior.CENTRES[11] + 0.6 < posterior.SPREADS
    assert narrow[far].sum() == pytest.approx(0.3 * 12 / 17, rel=0.1)


def test_a_small_spread_seen_is_not_believed_when_others_vary():
    values = world("all 2", k=6, seeds=3)
    values["model 0"] = np.roll(values["model 0"], [0, 7, 11], axis=1)
    scores = mean_scores(values)
    scores["model 0"] = np.full(3, 0.8)  # by chance, three equal scores
    table = measure(values, scores, ())
    thetas = posterior.draw_spreads(table, 0.1, np.random.default_rng(0))
    assert np.median(thetas[:, 0]) > 0.3 * np.median(thetas[:, 1:])


def test_one_models_interval_equals_the_usual_one_without_luck_in_seeds():
    values = np.random.default_rng(0).normal(size=(1, 200))
    only = judge_rows({"a": values}).standings[0]
    half = 1.972 * values.std(ddof=1) / np.sqrt(200)  # Student's t with 199 degrees of freedom
    assert only.high - only.score == pytest.approx(half, rel=0.05)
    assert only.score - only.low == pytest.approx(only.high - only.score)


def test_a_pairs_interval_equals_the_paired_one_without_luck_in_seeds():
    generator = np.random.default_rng(1)
    shared = generator.normal(size=300)
    values = {c: (shared + 0.2 * generator.normal(size=300))[None] for c in "ab"}
    pair = judge_rows(values).pairs[0]
    paired = (values["a"] - values["b"])[0].std(ddof=1) / np.sqrt(300)
    assert (pair.high - pair.low) / 2 == pytest.approx(1.968 * paired, rel=0.05)
    assert pair.rows_variance == pytest.approx(paired**2)
    assert pair.seeds_variance == 0


# --- the verdict ---


def test_a_clear_leader_stands_alone_and_equals_are_tied():
    judgement = judge_rows(world("all 0.3", k=5, rows=1000, lead=0.10))
    assert judgement.tiers[0] == ("model 0",)
    assert len(judgement.tiers) == 2
    assert all(pair.beats == (pair.better == "model 0") for pair in judgement.pairs)


def test_beating_and_the_adjusted_p_tell_the_same():
    for seed in range(6):
        for pair in judge_rows(world("all 0.3", k=5, lead=0.04, seed=seed)).pairs:
            assert pair.beats == (pair.adjusted_p < 0.05)
            assert not pair.beats or pair.low > 0


@pytest.mark.parametrize("lead", [0.0, 0.05, 0.15])
def test_the_joint_interval_lies_above_zero_exactly_where_one_beats_the_other(lead):
    for seed in range(12):
        values = world("all 0.3", k=2 + seed % 6, rows=300, lead=lead, seed=seed)
        for pair in judge_rows(values).pairs:
            assert pair.beats == (pair.joint_low > 0)
            assert pair.joint_low <= pair.difference <= pair.joint_high


def test_a_lead_over_every_other_needs_no_joint_threshold():
    """Ahead of each by more than its own interval, but less than the joint threshold."""
    for seed in range(40):
        judgement = judge_rows(world("all 0.3", k=9, rows=300, lead=0.05, seed=seed))
        top = judgement.standings[0].model
        own = [pair for pair in judgement.pairs if pair.better == top]
        if all(pair.low > 0 for pair in own) and any(p.difference < p.visible for p in own):
            assert judgement.tiers[0] == (top,)
            assert all(pair.beats and pair.adjusted_p < 0.05 for pair in own)
            return
    pytest.fail("no bake-off of this kind among 40")


def test_tiers_are_the_best_left_and_all_that_it_does_not_beat():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=400)
    values = {
        name: (score + 0.1 * generator.normal(size=400) + rows)[None]
        for name, score in {"low": 0.0, "high": 1.0, "higher": 1.001, "lower": -1.0}.items()
    }
    first, *rest = judge_rows(values).tiers
    assert set(first) == {"high", "higher"}
    assert rest == [("low",), ("lower",)]


def test_neither_order_nor_repetition_changes_anything():
    values = world(k=5, seeds=3)
    turned = dict(reversed(values.items()))
    assert judge_rows(values) == judge_rows(turned) == judge_rows(values)


def test_more_rows_and_seeds_show_smaller_differences_by_their_own_part():
    """The parts of a pair's variance foretell what a larger bake-off sees."""
    small, large = world(k=3, seeds=5, rows=500), world(k=3, seeds=20, rows=5000)
    seen = np.median([pair.visible for pair in judge_rows(small).pairs])
    pair = judge_rows(small).pairs[0]
    ahead = (pair.rows_variance / 10 + pair.seeds_variance / 4) / (
        pair.rows_variance + pair.seeds_variance
    )
    then = np.median([pair.visible for pair in judge_rows(large).pairs])
    assert 0.5 < then / (seen * np.sqrt(ahead)) < 1.5


def test_equals_are_seldom_told_apart_where_plain_pairs_would_be():
    """36 pairs at once: a pairwise quantile would declare a difference in most bake-offs."""
    false, plain, repeats = 0, 0, 30
    generator = np.random.default_rng(3)
    for _ in range(repeats):
        judgement = judge_rows(
            honesty.simulate("all 0.3", generator, num_models=9, num_seeds=3, num_rows=300)
        )
        false += any(pair.beats for pair in judgement.pairs)
        plain += any(pair.low > 0 for pair in judgement.pairs)
    assert false <= 5  # about one is expected
    assert plain >= 8  # so the bound would be broken without the joint threshold


# --- cases at the edge ---


def test_identical_predictions_are_tied_and_never_divide_by_zero():
    rows = np.random.default_rng(0).integers(0, 2, (3, 100)).astype(float)
    judgement = judge_rows({"a": rows, "b": rows.copy()})
    assert judgement.tiers == (("a", "b"),)
    steady = rows[:1]
    pair = judge_rows({"a": steady, "b": steady.copy()}).pairs[0]
    assert (pair.difference, pair.adjusted_p, pair.beats, pair.visible) == (0, 1, False, 0)


def test_everything_right_everywhere_is_no_error():
    judgement = judge_rows({"a": np.ones((3, 50)), "b": np.ones((3, 50))})
    assert judgement.tiers == (("a", "b"),)
    assert judgement.standings[0].low == judgement.standings[0].high == 1


def test_one_seed_each_judges_the_trained_models_by_rows_alone():
    values = {name: table[:1] for name, table in world(k=3).items()}
    judgement = judge_rows(values)
    assert judgement.trained_once
    assert all(pair.seeds_variance == 0 for pair in judgement.pairs)
    assert not any(standing.borrowed for standing in judgement.standings)


def test_a_single_seed_borrows_the_spread_of_the_others():
    values = world("all 6", k=4, rows=1000)
    values["model 1"] = values["model 1"][:1]
    judgement = judge_rows(values)
    borrowed = {s.model: s for s in judgement.standings if s.borrowed}
    assert list(borrowed) == ["model 1"] and not judgement.trained_once
    alone = judge_rows({"model 1": values["model 1"]}).standings[0]
    lonely = borrowed["model 1"]
    assert lonely.high - lonely.low > 2 * (alone.high - alone.low)


def test_a_single_seed_borrows_the_residual_too():
    """Or what rows and seeds share would be counted twice: by its rows and its spread."""
    values = world(k=3)
    values["model 0"] = values["model 0"][:1]
    table = measure(values, mean_scores(values), ())
    others = [interaction(values[f"model {i}"]) for i in (1, 2)]
    np.testing.assert_allclose(400 * table.residual, [np.mean(others), *others])


def test_a_baseline_without_luck_is_found_or_named_and_has_no_seed_term():
    values = world("2, two without luck", k=4)
    repeated = judge_rows(values)
    assert {s.model for s in repeated.standings if s.seedless} == {"model 2", "model 3"}
    once = {c: v if c < "model 2" else v[:1] for c, v in values.items()}
    named = judge_rows(once, seedless=("model 2", "model 3"))
    assert not any(s.borrowed for s in named.standings)
    assert [s.low for s in named.standings] == [s.low for s in repeated.standings]


def test_only_baselines_without_luck_are_not_called_trained_once():
    values = {name: table[:1] for name, table in world(k=2).items()}
    assert not judge_rows(values, seedless=tuple(values)).trained_once


def test_unequal_numbers_of_seeds_are_compared():
    values = world(k=3)
    values["model 1"] = values["model 1"][:2]
    judgement = judge_rows(values)
    assert {s.model: s.seeds for s in judgement.standings}["model 1"] == 2


def test_a_seed_far_below_the_others_is_named_and_counted():
    values = world("all 0.3", k=4)
    values["model 2"][3] = np.random.default_rng(0).random(400) < 0.5  # guesses
    judgement = judge_rows(values)
    (bad,) = judgement.failing
    assert (bad.model, bad.position) == ("model 2", 3)
    assert bad.others - bad.score > 0.2
    standing = next(s for s in judgement.standings if s.model == "model 2")
    assert standing.score == pytest.approx(values["model 2"].mean())
    assert judgement.erratic == ()  # the failing seed explains it


def test_a_model_that_varies_much_more_than_the_rest_is_called_erratic():
    judgement = judge_rows(world("2, one 8", k=9, seeds=10, rows=1000))
    assert judgement.erratic == ("model 8",)
    assert judge_rows(world("all 2", k=9, seeds=10, rows=1000)).erratic == ()


@pytest.mark.parametrize(
    ("values", "scores", "message"),
    [
        ({}, {}, "no model"),
        (
            {"a": np.ones((2, 5)), "b": np.ones((2, 4))},
            {"a": np.ones(2)},
            r"'b' has values of shape \(2, 4\)",
        ),
        ({"a": np.ones((2, 5))}, {"a": np.ones(3)}, "expected one score per seed"),
        ({"a": np.ones((2, 5))}, {}, "scores of shape none"),
        ({"a": np.full((2, 5), np.nan)}, {"a": np.ones(2)}, "not a number"),
        ({"a": np.ones((2, 1))}, {"a": np.ones(2)}, "1 test row"),
    ],
)
def test_what_cannot_be_compared_is_refused(values, scores, message):
    with pytest.raises(RequestError, match=message):
        judge(values, scores)


def test_nine_models_are_judged_in_a_tenth_of_a_second():
    values = world(k=9, rows=1000)
    judge_rows(values)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        judge_rows(values)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1
