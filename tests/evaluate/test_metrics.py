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
    watched_metric,
)
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


@pytest.mark.parametrize("name", METRICS)
def test_row_values_have_the_metric_as_mean_and_its_error_as_spread(name):
    """The spread must agree with the bootstrap over rows, whatever the metric."""
    p = drawn_classes() if "binary" in METRICS[name].tasks else drawn_numbers()
    values = row_values(METRICS[name], p)
    generator = np.random.default_rng(0)
    again = []
    for _ in range(300):
        rows = generator.integers(0, len(p), len(p))
        drawn = Predictions(
            target="y", rows=rows, truth=p.truth[rows], scores=p.scores[rows], classes=p.classes
        )
        again.append(score(METRICS[name], drawn))
    error = np.std(again)
    assert abs(values.mean() - score(METRICS[name], p)) < 0.1 * error
    assert values.std(ddof=1) / np.sqrt(len(values)) == pytest.approx(error, rel=0.25)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1", "r2", "rmse"])
def test_pseudo_values_equal_a_jackknife_done_by_hand(name):
    metric = METRICS[name]
    p = drawn_classes(60) if "binary" in metric.tasks else drawn_numbers(60)
    whole = score(metric, p)
    expected = []
    for row in range(60):
        kept = np.arange(60) != row
        without = Predictions(
            target="y",
            rows=p.rows[kept],
            truth=p.truth[kept],
            scores=p.scores[kept],
            classes=p.classes,
        )
        expected.append(whole + 59 * (whole - score(metric, without)))
    np.testing.assert_allclose(row_values(metric, p), expected, rtol=1e-6)


def test_auc_values_have_the_variance_of_delong():
    p = drawn_classes(80, ("no", "yes"))
    yes, no = p.scores[p.truth == "yes", 1], p.scores[p.truth == "no", 1]
    wins = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    expected = wins.mean(1).var() / len(yes) + wins.mean(0).var() / len(no)
    values = row_values(METRICS["auc"], p)
    assert values.mean() == pytest.approx(wins.mean(), abs=1e-12)
    assert values.var() / len(values) == pytest.approx(expected, abs=1e-12)


def test_a_class_with_one_row_keeps_pseudo_values_finite():
    p = classes(["a"] * 30 + ["b"] * 30 + ["c"], one_hot(["a"] * 30 + ["b"] * 31))
    for name in ("balanced_accuracy", "macro_f1"):
        values = row_values(METRICS[name], p)
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


def test_each_task_has_metrics_and_its_default_among_them():
    for task in ("binary", "multiclass", "regression"):
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
