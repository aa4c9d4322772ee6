import math

import numpy as np
import pytest
import sklearn.metrics as oracle

from bakeoff.errors import RequestError
from bakeoff.evaluate.classification import confusion, per_class
from bakeoff.evaluate.metrics import (
    METRICS,
    all_scores,
    default_metric,
    find_metric,
    metrics_of,
    row_groups,
    row_values,
    score,
    task_of,
    unit_values,
    watched_metric,
)
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.evaluate.regression import summarise_residuals
from bakeoff.numeric import probabilities

LETTERS = ("a", "b", "c")


def classes(truth, scores, names=LETTERS):
    return Predictions(
        target="y",
        rows=np.arange(len(truth)),
        truth=np.array(truth, dtype=object),
        scores=np.asarray(scores, np.float64),
        classes=names,
    )


def drawn_classes(num_rows=300, names=LETTERS, seed=0):
    """Rows whose scores lean towards the truth, with ties among them."""
    generator = np.random.default_rng(seed)
    index = generator.choice(
        len(names), num_rows, p=np.r_[0.1, np.full(len(names) - 1, 0.9 / (len(names) - 1))]
    )
    logits = generator.normal(size=(num_rows, len(names))) + 1.2 * np.eye(len(names))[index]
    scores = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 2) + 0.01
    return classes(np.array(names)[index], scores / scores.sum(1, keepdims=True), names)


def numbers(truth, scores):
    return Predictions(
        target="y",
        rows=np.arange(len(truth)) + 10,
        truth=np.asarray(truth, np.float64),
        scores=np.asarray(scores, np.float64),
    )


def drawn_numbers(num_rows=400, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=num_rows) * 300 + 1e6
    return numbers(truth, truth + generator.standard_t(4, num_rows) * 200)


def forecast(truth, scores, **period):
    """Windows an hour apart, one after the other."""
    truth = np.asarray(truth, np.float64)
    hours = np.datetime64("2020-01-01", "us") + np.arange(len(truth)) * np.timedelta64(3600, "s")
    fields = {"times": hours, "horizon": truth.shape[1], "std": 1.0, "seconds": 3600.0, **period}
    return Predictions(
        target="y",
        rows=np.arange(len(truth)) + 1,
        truth=truth,
        scores=np.asarray(scores, np.float64),
        period=Period(**fields),
    )


def drawn_forecast(num_windows=300, steps=3, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=(num_windows, steps)) * 300 + 1e6
    return forecast(truth, truth + generator.standard_t(4, truth.shape) * 200, std=250.0)


def drawn_labels(num_rows=300, labels=4, seed=0):
    generator = np.random.default_rng(seed)
    truth = (generator.random((num_rows, labels)) < 0.4).astype(float)
    scores = 0.3 * truth + 0.7 * generator.random(truth.shape)
    names = tuple(f"l{k}" for k in range(labels))
    return Predictions(
        target="y", rows=np.arange(num_rows), truth=truth, scores=scores, classes=names
    )


def drawn_for(name):
    tasks = METRICS[name].tasks
    if "multilabel" in tasks:
        return drawn_labels()
    if "binary" in tasks:
        return drawn_classes()
    return drawn_numbers() if "regression" in tasks else drawn_forecast()


def one_hot(labels, names=LETTERS):
    return np.array([[float(name == label) for name in names] for label in labels])


def test_class_metrics_equal_scikit_learn():
    p = drawn_classes()
    given = all_scores(p)
    assert given["accuracy"] == oracle.accuracy_score(p.truth, p.prediction)
    assert given["balanced_accuracy"] == pytest.approx(
        oracle.balanced_accuracy_score(p.truth, p.prediction), abs=1e-12
    )
    assert given["macro_f1"] == pytest.approx(
        oracle.f1_score(p.truth, p.prediction, average="macro"), abs=1e-12
    )
    assert given["log_loss"] == pytest.approx(oracle.log_loss(p.truth, p.scores), abs=1e-12)
    assert given["auc"] == pytest.approx(
        oracle.roc_auc_score(p.truth, p.scores, multi_class="ovr"), abs=1e-12
    )


def test_the_auc_of_two_classes_counts_ties_half():
    p = drawn_classes(names=("no", "yes"))
    assert all_scores(p)["auc"] == pytest.approx(
        oracle.roc_auc_score(p.truth == "yes", p.scores[:, 1]), abs=1e-12
    )
    tied = classes(["no", "yes"], [[0.5, 0.5], [0.5, 0.5]], ("no", "yes"))
    assert all_scores(tied)["auc"] == 0.5


def test_number_metrics_equal_scikit_learn():
    p = drawn_numbers()
    given = all_scores(p)
    assert given["r2"] == pytest.approx(oracle.r2_score(p.truth, p.scores), abs=1e-12)
    assert given["rmse"] == pytest.approx(oracle.root_mean_squared_error(p.truth, p.scores))
    assert given["mae"] == pytest.approx(oracle.mean_absolute_error(p.truth, p.scores))


def test_a_class_unseen_in_training_is_wrong_in_every_metric():
    p = classes(["a", "b", "newt"], one_hot(["a", "b", "a"]))
    given = all_scores(p)
    assert given["accuracy"] == pytest.approx(2 / 3)
    assert given["balanced_accuracy"] == pytest.approx(2 / 3)  # recalls 1, 1, 0
    assert given["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)  # a: 1 hit of 1, predicted twice
    assert given["log_loss"] == pytest.approx(-math.log(1e-7) / 3)


def test_a_class_absent_from_the_part_is_left_out_of_means_over_classes():
    p = classes(["a", "a", "b", "b"], one_hot(["a", "c", "b", "b"]))
    given = all_scores(p)
    assert given["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert given["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)


def test_undefined_metrics_are_nan_not_a_guess():
    assert math.isnan(all_scores(classes(["a", "a"], one_hot(["a", "b"])))["auc"])
    assert math.isnan(all_scores(numbers([2.0, 2.0], [1.0, 2.0]))["r2"])


def test_a_certain_mistake_costs_a_bounded_log_loss():
    assert all_scores(classes(["a"], one_hot(["b"])))["log_loss"] == pytest.approx(-math.log(1e-7))


def test_default_metric_is_balanced_accuracy_when_a_class_is_rare():
    assert default_metric("binary", {"yes": 25, "no": 75}).name == "accuracy"  # 1/(2K) exactly
    assert default_metric("binary", {"yes": 24, "no": 76}).name == "balanced_accuracy"
    assert default_metric("multiclass", {"a": 1000, "b": 900, "c": 300}).name == "balanced_accuracy"
    assert default_metric("regression").name == "r2"


def test_an_unknown_or_unfit_metric_is_refused_by_name():
    with pytest.raises(RequestError, match=r"'acuracy'.*Did you mean 'accuracy'"):
        find_metric("acuracy", "binary")
    with pytest.raises(RequestError, match=r"'r2' does not fit a binary target.*accuracy"):
        find_metric("r2", "binary")


def spread_of_the_mean(metric, p):
    """The standard error that the verdict takes from the rows."""
    values = row_values(metric, p)
    if not metric.by_class:
        return values.std(ddof=1) / np.sqrt(len(values))
    parts = [values[p.truth == name] for name in set(p.truth)]
    return np.sqrt(sum(len(part) * part.var(ddof=1) for part in parts))


@pytest.mark.parametrize("name", METRICS)
def test_row_values_have_the_metric_as_mean_and_its_error_as_spread(name):
    """The spread must agree with the bootstrap over rows, of each class its own."""
    metric, p = METRICS[name], drawn_for(name)
    generator = np.random.default_rng(0)
    parts = [np.arange(len(p))]
    if metric.by_class:
        parts = [np.flatnonzero(p.truth == label) for label in p.classes]
    again = [
        score(metric, p.take(np.concatenate([generator.choice(part, len(part)) for part in parts])))
        for _ in range(300)
    ]
    error = np.std(again)
    if not metric.by_class:
        assert abs(row_values(metric, p).mean() - score(metric, p)) < 0.1 * error
    assert spread_of_the_mean(metric, p) == pytest.approx(error, rel=0.25)


def test_what_rows_add_to_balanced_accuracy_is_all_of_it():
    p = classes(["a", "a", "b", "newt"], one_hot(["a", "b", "b", "a"]))
    added = row_values(METRICS["balanced_accuracy"], p)
    np.testing.assert_allclose(added, [1 / 6, 0, 1 / 3, 0])  # three classes occur


def jackknife(metric, p, units):
    """Pseudo-values of leaving each unit out, done by hand."""
    num, whole = units.max() + 1, score(metric, p)
    return [whole + (num - 1) * (whole - score(metric, p.take(units != u))) for u in range(num)]


@pytest.mark.parametrize("name", ["r2", "rmse"])
def test_pseudo_values_of_rows_equal_a_jackknife_done_by_hand(name):
    p = drawn_numbers(60)
    expected = jackknife(METRICS[name], p, np.arange(60))
    np.testing.assert_allclose(row_values(METRICS[name], p), expected, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "auc"])
def test_pseudo_values_of_units_equal_a_jackknife_done_by_hand(name):
    p = drawn_for(name)
    units = np.repeat(np.arange(6), [100, 20, 5, 45, 60, 300])[: len(p)]
    expected = jackknife(METRICS[name], p, units)
    np.testing.assert_allclose(unit_values(METRICS[name], p, units), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["scaled_mse", "mae", "rmse", "r2"])
def test_a_forecast_is_judged_over_all_its_windows_and_steps(name):
    p = drawn_forecast()
    flat = numbers(p.truth.ravel(), p.scores.ravel())
    expected = {**all_scores(flat), "scaled_mse": all_scores(flat)["rmse"] ** 2 / 250**2}
    assert all_scores(p)[name] == pytest.approx(expected[name])
    assert set(all_scores(p)) == {"scaled_mse", "mae", "rmse", "r2"}
    assert "scaled_mse" not in all_scores(flat)


def test_scaled_errors_of_a_target_without_spread_are_not_defined():
    assert math.isnan(score(METRICS["scaled_mse"], forecast([[5.0]] * 3, [[5.0]] * 3, std=0.0)))
    assert math.isnan(score(METRICS["scaled_mse"], forecast([[5.0]] * 3, [[5.0]] * 3, std=2e-15)))


def test_the_default_metric_of_a_forecast_is_the_scaled_error():
    assert default_metric("forecast").name == "scaled_mse"
    assert (task_of(drawn_forecast()), task_of(drawn_numbers(5))) == ("forecast", "regression")
    with pytest.raises(RequestError, match="does not fit a regression target"):
        find_metric("scaled_mse", "regression")


def test_auc_values_have_the_variance_of_delong():
    p = drawn_classes(80, ("no", "yes"))
    yes, no = p.scores[p.truth == "yes", 1], p.scores[p.truth == "no", 1]
    wins = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    expected = wins.mean(1).var() / len(yes) + wins.mean(0).var() / len(no)
    values = row_values(METRICS["auc"], p)
    assert values.mean() == pytest.approx(wins.mean(), abs=1e-12)
    assert values.var() / len(values) == pytest.approx(expected, abs=1e-12)


def test_a_class_with_one_row_keeps_values_finite():
    p = classes(["a"] * 30 + ["b"] * 30 + ["c"], one_hot(["a"] * 30 + ["b"] * 31))
    for name in ("balanced_accuracy", "macro_f1"):
        assert np.isfinite(row_values(METRICS[name], p)).all()
        values = unit_values(METRICS[name], p, np.arange(61))  # c keeps its score without its row
        assert np.isfinite(values).all()
        assert abs(values - score(METRICS[name], p)).max() < 1


@pytest.mark.parametrize("num_rows", [2, 100, 101, 492, 1009, 50_000])
def test_row_groups_are_shared_and_nearly_equal(num_rows):
    groups = row_groups(num_rows)
    np.testing.assert_array_equal(groups, row_groups(num_rows))
    sizes = np.bincount(groups)
    assert sizes.max() - sizes.min() <= 1
    assert min(num_rows, 50) <= len(sizes) <= 100


def test_the_per_class_table_equals_scikit_learn():
    p = drawn_classes()
    expected = oracle.precision_recall_fscore_support(p.truth, p.prediction, labels=LETTERS)
    given = [(c.precision, c.recall, c.f1, c.support) for c in per_class(p)]
    np.testing.assert_allclose(np.array(given).T, expected)
    np.testing.assert_array_equal(
        confusion(p).counts, oracle.confusion_matrix(p.truth, p.prediction, labels=LETTERS)
    )


def test_the_per_class_table_says_what_is_not_defined():
    p = classes(["a", "b", "newt"], one_hot(["a", "a", "b"]))
    table = {c.name: c for c in per_class(p)}
    assert list(table) == ["a", "b", "c", "newt"]
    assert math.isnan(table["c"].recall) and math.isnan(table["c"].f1)  # it does not occur
    assert math.isnan(table["newt"].precision) and table["newt"].recall == 0  # nobody can say it
    assert confusion(p).counts.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_residuals_are_prediction_minus_truth_in_the_targets_unit():
    summary = summarise_residuals(numbers([10, 20, 30], [11, 20, 25]))
    assert summary.mean == pytest.approx(-4 / 3)
    assert summary.quantiles[2] == 0
    assert summary.largest == -5


def test_people_read_points_for_shares_and_units_for_the_rest():
    assert METRICS["accuracy"].say_difference(0.021, 0.089) == "2.1 to 8.9 points"
    assert METRICS["accuracy"].say_difference(0.0003) == "0.03 points"
    assert METRICS["r2"].say_difference(0.0213) == "0.021 in R2"
    assert METRICS["rmse"].say_difference(1234.4, 56789.0) == "1,234 to 56,789 in RMSE"
    assert METRICS["rmse"].say(0.0123456) == "0.01235"
    assert METRICS["accuracy"].say(0.66789) == "0.668"
    assert METRICS["scaled_mse"].say_difference(0.021) == "0.021 in MSE (scaled)"


def test_a_difference_that_rounds_to_nothing_is_not_told_as_one():
    assert METRICS["accuracy"].say_difference(2e-5, 4e-5) == "less than 0.01 points"
    assert METRICS["r2"].say_difference(-3e-5, 1e-5) == "less than 0.0001 in R2"
    assert METRICS["accuracy"].say_difference(0.0) == "0.00 points"
    assert METRICS["rmse"].say_difference(2e-9) == "0.00000000200 in RMSE"


def test_each_task_has_metrics_and_its_default_among_them():
    for task in ("binary", "multiclass", "regression", "forecast"):
        assert default_metric(task, {"a": 5, "b": 5}) in metrics_of(task)


def test_an_unknown_metric_is_answered_with_those_that_fit_the_target():
    with pytest.raises(RequestError, match="Did you mean 'macro_f1'") as caught:
        find_metric("f1", "binary")
    assert "rmse" not in str(caught.value)


@pytest.mark.parametrize(
    "loss", ["cross_entropy", "binary_cross_entropy", "bce_probabilities", "mse"]
)
def test_the_metric_watched_in_training_is_what_the_loop_computes(loss):
    torch = pytest.importorskip("torch")
    from bakeoff.torch_models.losses import metric_of

    draw = np.random.default_rng(0)
    tasks = {"cross_entropy": "multiclass", "mse": "regression"}
    task = tasks.get(loss, "binary")
    raw = draw.normal(size=(50, 3 if task == "multiclass" else 1))
    truth = draw.integers(0, 3 if task == "multiclass" else 2, 50)
    if task == "regression":
        predicted = Predictions(
            target="y", rows=np.arange(1, 51), truth=truth.astype(float), scores=raw[:, 0]
        )
    else:
        shares = probabilities(raw, task)
        names = ("a", "b", "c")[: shares.shape[1]]
        predicted = Predictions(
            target="y",
            rows=np.arange(1, 51),
            truth=np.array(names, object)[truth],
            scores=shares,
            classes=names,
        )
    theirs = metric_of(loss, torch.from_numpy(raw), torch.from_numpy(truth))
    assert score(watched_metric(task), predicted) == pytest.approx(theirs)
