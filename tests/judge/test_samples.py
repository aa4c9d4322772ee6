"""What the test rows are a sample of decides what is known: V, f and r of the table."""

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.evaluate.classification import balanced_accuracy_added, macro_f1_added
from bakeoff.evaluate.metrics import METRICS, mean_without
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.samples import (
    DRIFT,
    STRETCHES,
    Sample,
    enlargement,
    sample_of,
    stretches,
    tabulate,
    windows_needed,
    with_neighbours,
)
from bakeoff.judge.table import cautious, measure, wild

HOUR = np.timedelta64(3600, "s")
GROUPS = np.repeat(np.arange(5), [10, 2, 5, 4, 3])
CLASSES = np.repeat(np.arange(3), [12, 8, 4])


def drawn(num=24):
    """Values of three models and two seeds that wander together, and each a little of its own."""
    generator = np.random.default_rng(0)
    shared = np.cumsum(generator.normal(size=num))
    return {
        c: shared
        + np.cumsum(0.3 * generator.normal(size=num))
        + 0.5 * generator.normal(size=(2, num))
        for c in "abc"
    }


def means(values):
    return {name: table.mean(1) for name, table in values.items()}


def left_out(values, units):
    """Pseudo-values of the mean: (S, n) each -> (S, G)."""
    num = units.max() + 1
    return {
        name: np.stack(
            [row.mean() + (num - 1) * (row.mean() - mean_without(row, units)) for row in table]
        )
        for name, table in values.items()
    }


def says(table, covariance, freedom, residual):
    """Compare the upper triangle of V, f and r with numbers worked out apart."""
    upper = table.covariance[np.triu_indices(len(table.names))]
    np.testing.assert_allclose(upper, covariance, rtol=1e-6)
    assert table.rows_freedom == pytest.approx(freedom)
    np.testing.assert_allclose(table.residual, residual, rtol=1e-6)


# --- numbers of a recipe that was simulated, worked out apart from this code ---


def test_independent_rows_are_as_the_recipe_has_them():
    says(
        measure(drawn(), means(drawn()), ()),
        [0.19888923, 0.23998677, 0.23343134, 0.31766034, 0.31373609, 0.34271338],
        23,
        [0.00779429, 0.009634124, 0.011082722],
    )


def test_the_cautious_table_is_as_the_recipe_has_it():
    says(
        cautious(measure(drawn(), means(drawn()), ())),
        [0.19758420, 0.23899783, 0.23572531, 0.31995432, 0.31243106, 0.34172444],
        23,
        [0.00779429, 0.009634124, 0.011082722],
    )


def test_eight_stretches_are_as_the_recipe_has_them():
    units = np.repeat(np.arange(8), 3)
    sample = Sample(kind="stretches", units=units)
    says(
        tabulate(sample, left_out(drawn(), units), means(drawn())),
        [8.969092537, 11.1141873, 10.8889202, 14.22735954, 14.27571107, 15.02618756],
        7,
        [0.08806926559, 0.1842696874, 0.2809919134],
    )


def test_groups_are_as_the_recipe_has_them():
    sample = Sample(kind="groups", units=GROUPS)
    says(
        tabulate(sample, left_out(drawn(), GROUPS), means(drawn())),
        [2.23822726, 2.8437705, 2.86944009, 3.65457535, 3.69980709, 3.77326988],
        2.74025974,  # 24 ** 2 / (100 + 4 + 25 + 16 + 9) - 1
        [0.00163781836, 0.016955501, 0.0250713379],
    )


def class_predictions():
    generator = np.random.default_rng(1)
    return {
        c: [
            Predictions(
                target="y",
                rows=np.arange(24),
                truth=np.array(list("abc"), object)[CLASSES],
                scores=np.eye(3)[row],
                classes=("a", "b", "c"),
            )
            for row in np.where(
                generator.random((2, 24)) < 0.6, CLASSES, generator.integers(0, 3, (2, 24))
            )
        ]
        for c in "abc"
    }


@pytest.mark.parametrize(
    ("added", "covariance", "freedom", "residual"),
    [
        (
            balanced_accuracy_added,
            [
                0.00885654662,
                -0.00170730119,
                0.00407159392,
                0.00565676607,
                -0.00264926046,
                0.0076039412,
            ],
            8.800312397,
            [0.00523714326, 0.00798160173, 0.00704089506],
        ),
        (
            macro_f1_added,
            [
                0.00631983883,
                -0.000904609722,
                0.00255862531,
                0.00501749798,
                -0.00184099581,
                0.00677405366,
            ],
            13.55116169,
            [0.00712777746, 0.00776539953, 0.00708815265],
        ),
    ],
)
def test_classes_are_as_the_recipe_has_them(added, covariance, freedom, residual):
    values = {c: np.stack([added(p) for p in done]) for c, done in class_predictions().items()}
    scores = {c: table.sum(1) for c, table in values.items()}
    sample = Sample(kind="classes", units=CLASSES)
    says(tabulate(sample, values, scores), covariance, freedom, residual)


# --- what the samples are ---


def test_caution_changes_nothing_in_two_models_and_hardly_many_rows():
    generator = np.random.default_rng(0)
    values = {c: generator.normal(size=(2, 4000)) for c in "abcd"}
    two = measure({c: values[c] for c in "ab"}, means(values), ())
    assert cautious(two) is two
    table = measure(values, means(values), ())
    np.testing.assert_allclose(cautious(table).covariance, table.covariance, atol=1e-6)


def test_caution_keeps_the_mean_variance_of_a_difference_and_moves_each_towards_it():
    table = measure(drawn(12), means(drawn(12)), ())

    def differences(v):
        return np.array([v[i, i] + v[j, j] - 2 * v[i, j] for i, j in ((0, 1), (0, 2), (1, 2))])

    before, after = (differences(t.covariance) for t in (table, cautious(table)))
    assert after.mean() == pytest.approx(before.mean())
    assert after.std() == pytest.approx(before.std() * 11 / 19)  # f / (f + 8)


def equals(*, num=8, **spreads):
    """Models that share the luck of their rows, each with a spread of its own."""
    generator = np.random.default_rng(0)
    shared = generator.normal(size=num)
    drawn = {c: (shared + s * generator.normal(size=num))[None] for c, s in spreads.items()}
    return measure(drawn, means(drawn), tuple(drawn))


def test_a_wild_model_hides_no_difference_between_the_others():
    """With 8 units it would take all others' variances to the half of its own."""
    calm = cautious(equals(a=0.5, b=0.5, c=0.5, d=0.5)).covariance
    beside = equals(a=0.5, b=0.5, c=0.5, d=0.5, z=10.0)
    np.testing.assert_allclose(cautious(beside).covariance[:4, :4], calm)
    np.testing.assert_array_equal(cautious(beside).covariance[4], beside.covariance[4])
    assert wild(beside.covariance).tolist() == [False] * 4 + [True]


def test_equals_and_models_that_predict_the_same_are_not_wild():
    assert not wild(equals(num=5, **dict.fromkeys("abcdefghi", 0.5)).covariance).any()
    same = np.kron(np.eye(3), np.ones((3, 3)))  # three times three models
    assert not wild(same).any() and not wild(np.zeros((3, 3))).any()


def hours(num, **changes):
    times = np.datetime64("2020-01-01", "us") + np.arange(num) * HOUR
    return Period(**{"times": times, "horizon": 3, "std": 1.0, "seconds": 3600.0, **changes})


def test_stretches_are_near_equal_and_in_order_of_time_whatever_the_order_of_rows():
    sizes = np.bincount(stretches(hours(1003)))
    assert len(sizes) == STRETCHES and sizes.max() - sizes.min() <= 1
    order = np.random.default_rng(0).permutation(1003)
    mixed = stretches(hours(1003, times=hours(1003).times[order]))
    np.testing.assert_array_equal(mixed, stretches(hours(1003))[order])
    assert (np.diff(stretches(hours(1003))) >= 0).all()


def test_several_series_are_cut_at_the_same_dates():
    long, short = hours(80).times, hours(80).times[40:]
    series = np.array(["a"] * 80 + ["b"] * 40, object)
    units = stretches(hours(120, times=np.concatenate([long, short]), series=series))
    np.testing.assert_array_equal(units[:80], np.repeat(np.arange(8), 10))
    np.testing.assert_array_equal(units[80:], units[40:80])


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, 192),  # 8 days of 24 hours
        ({"horizon": 96}, 768),
        ({"seconds": 86400.0, "times": np.arange(3).astype("datetime64[D]")}, 24),  # 8 horizons
        ({"times": np.arange(3.0), "seconds": 0.0, "horizon": 1}, 8),
        ({"times": hours(3).times[0] + np.arange(3) * 24 * HOUR}, 8),  # a window a day
    ],
)
def test_a_verdict_needs_eight_stretches_as_long_as_a_day_or_the_horizon(changes, needed):
    changes = {**changes, "times": changes.get("times", hours(3).times)}
    if changes["times"].dtype.kind == "M":
        changes["times"] = changes["times"].astype("datetime64[us]")
    assert windows_needed(hours(3, **changes)) == needed


def forecast(num):
    zeros = np.zeros((num, 3))
    rows = np.arange(num) + 1
    return Predictions(target="y", rows=rows, truth=zeros, scores=zeros, period=hours(num))


def test_a_sample_knows_what_it_is_and_whether_it_is_enough():
    test = class_predictions()["a"][0]
    assert sample_of(METRICS["accuracy"], test).kind == "rows"
    assert sample_of(METRICS["macro_f1"], test).kind == "classes"
    grouped = sample_of(METRICS["macro_f1"], replace(test, groups=7 * GROUPS))
    assert (grouped.kind, grouped.enough) == ("groups", False)
    assert grouped.effective == pytest.approx(3.74, abs=0.01)
    even = replace(test, groups=np.arange(24) % 5)
    assert sample_of(METRICS["accuracy"], replace(test, groups=np.arange(24) // 4)).enough
    assert not sample_of(METRICS["accuracy"], even).enough  # 5, 5, 5, 5, 4: worth 4.97
    assert sample_of(METRICS["mae"], forecast(192)).enough
    assert not sample_of(METRICS["mae"], forecast(191)).enough


def test_what_neighbours_share_widens_and_what_alternates_does_not():
    assert enlargement(np.array([[1.0, -1.0] * 4])) == 1
    rising = np.linspace(-1, 1, 8)[None]
    assert enlargement(rising) == pytest.approx(3)  # the most
    only = with_neighbours({"a": np.random.default_rng(0).normal(size=(2, 8))})
    assert list(only) == ["a"]


def test_drift_enlarges_what_stretches_say():
    units = np.repeat(np.arange(8), 3)
    pseudo = left_out(drawn(), units)
    table = tabulate(Sample(kind="stretches", units=units), pseudo, means(drawn()))
    plain = measure(with_neighbours(pseudo), means(drawn()), ())
    np.testing.assert_allclose(table.covariance, DRIFT * plain.covariance)
    np.testing.assert_allclose(table.residual, DRIFT * plain.residual)


@pytest.mark.parametrize("size", [1, 2])
def test_a_class_of_one_or_two_rows_never_decides_alone(size):
    """All right against all wrong there looks like a difference without any spread."""
    classes = np.repeat([0, 1], [40, size])
    hits = np.tile([1.0, 0.0], 20)
    values = {"a": np.r_[hits, np.ones(size)], "b": np.r_[hits, np.zeros(size)]}
    values = {c: (x / (2 * np.bincount(classes)[classes]))[None] for c, x in values.items()}
    scores = {c: x.sum(1) for c, x in values.items()}
    table = tabulate(Sample(kind="classes", units=classes), values, scores)
    variance = table.covariance[0, 0] + table.covariance[1, 1] - 2 * table.covariance[0, 1]
    assert np.sqrt(variance) == pytest.approx(0.5 / np.sqrt(size))  # of a difference of 0.5
    assert table.rows_freedom == pytest.approx(1)
