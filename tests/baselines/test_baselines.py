"""Promises of the baselines: equal after reloading, equal to scikit-learn, honest on gaps."""

import inspect
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from bakeoff.baselines.baseline import Baseline
from bakeoff.baselines.boosting import Boosting, affordable, columns, fold
from bakeoff.baselines.constant import Constant
from bakeoff.baselines.linear import Linear
from bakeoff.catalog import fitting, load
from bakeoff.train.weights import read_weights, save_arrays
from tests.baselines.made import BASELINES, CASES, SIZES, TASKS, table, targets_of

every_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.row.name}-{case.view}-{case.task}"
)


def fitted(kind, task, classes, missing=True, seed=0, **options):
    train, validation = table(600, 0, missing), table(200, 1, missing)
    model = kind(task, classes, **options)
    model.fit(
        train,
        targets_of(train, task, classes),
        validation_inputs=validation,
        validation_targets=targets_of(validation, task, classes),
        seed=seed,
    )
    return model


@every_case
def test_reloaded_baseline_predicts_the_same_to_the_last_bit(case, tmp_path):
    model = case.fitted()
    save_arrays(model.state(), tmp_path / "weights.safetensors")
    stored = read_weights(tmp_path / "weights.safetensors")
    again = type(model).from_state(stored, case.task, case.classes)
    new = case.make(150, 2)
    assert np.array_equal(model.scores(new), again.scores(new))
    assert model.num_parameters == again.num_parameters


@every_case
def test_every_baseline_of_the_catalogue_keeps_the_protocol(case):
    model = case.fitted()
    assert isinstance(model, Baseline)
    for method in ("prepare", "fit", "scores", "state", "from_state"):
        theirs, ours = getattr(type(model), method), getattr(Baseline, method)
        assert [*inspect.signature(theirs).parameters] == [*inspect.signature(ours).parameters]
    new = case.make(7, 3)
    scores = model.scores(new)
    assert scores.dtype == np.float64
    assert scores.shape == ((7, case.classes) if case.classes else case.targets(new).shape)
    assert np.isfinite(scores).all()
    assert 0 <= model.iterations <= (model.max_iterations or model.iterations)
    assert all(isinstance(array, np.ndarray) for array in model.state().values())


@every_case
def test_a_baseline_learns_the_same_from_every_seed_or_says_that_it_does_not(case):
    first, second = (case.fitted(seed).state() for seed in (0, 7))
    same = all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)
    assert same == case.build().seedless


@every_case
def test_a_row_alone_has_the_scores_that_it_has_among_others(case):
    model, new = case.fitted(), case.make(40, 2)
    together = model.scores(new)
    for i in (0, 13, 39):
        alone = model.scores({name: array[[i]] for name, array in new.items()})
        assert alone[0] == pytest.approx(together[i], abs=1e-9)


@pytest.mark.parametrize("row", BASELINES, ids=lambda row: row.name)
def test_after_prepare_a_fit_imports_nothing_heavy(row):
    code = f"""
import sys
from tests.baselines.made import CASES
case = next(case for case in CASES if case.row.name == {row.name!r})
model, x = case.build(), case.make(60, 0)
y = case.targets(x)
model.prepare()
before = set(sys.modules)
model.fit(x, y, validation_inputs=x, validation_targets=y, seed=0)
model.scores(x)
late = [name for name in set(sys.modules) - before if name.count(".") < 2]
assert not late, late
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@every_case
def test_a_baseline_whose_arrays_were_changed_is_refused_or_still_gives_scores(case):
    """Arrays may come from a stranger: one sentence, or scores of the right shape, and soon."""
    model, new = case.fitted(), case.make(3, 2)
    whole, shape = model.state(), model.scores(new).shape
    for name, array in whole.items():
        if not array.size or name in ("threshold", "value"):
            continue
        flat = array.ravel()
        hostile = [
            np.repeat(flat[:1], 7),
            np.zeros((0, *array.shape[1:]), array.dtype),
            np.full_like(array, 10**12 if array.dtype == np.int64 else 1),
        ]
        for value in hostile:
            try:
                again = type(model).from_state({**whole, name: value}, case.task, case.classes)
                assert again.scores(new).shape == shape or name == "prediction", name
            except ValueError as error:
                assert "\n" not in str(error)
            except IndexError:
                assert case.row.page in ("linear", "boosting"), name


@pytest.mark.parametrize(("task", "classes"), TASKS)
def test_boosting_equals_scikit_learn_to_the_last_bit(task, classes, monkeypatch):
    kept = []
    grow = Boosting._grown
    monkeypatch.setattr(Boosting, "_grown", lambda *given: kept.append(grow(*given)) or kept[-1])
    model = fitted(Boosting, task, classes, category_sizes=SIZES, max_iterations=40)
    theirs, best = kept[0], int(np.argmax(kept[0].validation_score_))
    new = table(500, 3)
    x = columns(new, model.arrays)
    planned = theirs.staged_predict if task == "regression" else theirs.staged_predict_proba
    assert best > 0
    assert np.array_equal(model.scores(new), list(planned(x))[best - 1])


def test_boosting_keeps_the_iterations_up_to_the_best_validation_loss(monkeypatch):
    kept = []
    grow = Boosting._grown
    monkeypatch.setattr(Boosting, "_grown", lambda *given: kept.append(grow(*given)) or kept[-1])
    model = fitted(Boosting, "multiclass", 4, category_sizes=SIZES)
    assert len(model.arrays["roots"]) == 4 * np.argmax(kept[0].validation_score_)
    assert len(model.arrays["roots"]) < 4 * kept[0].n_iter_


def test_boosting_without_a_useful_column_predicts_the_class_shares():
    rows = {"x": np.zeros((100, 1), np.float32)}
    model = Boosting("binary", 2)
    targets = np.arange(100) % 4 // 3
    model.fit(rows, targets, validation_inputs=rows, validation_targets=targets, seed=0)
    assert model.scores(rows)[:, 1] == pytest.approx(0.25)
    assert len(model.arrays["roots"]) == 0


def test_boosting_keeps_frequent_categories_and_lets_the_rarer_ones_share():
    codes = np.repeat(np.arange(300), np.arange(300))  # code c stands in c rows
    folded = fold(codes, 310)
    assert np.isnan(folded[0])  # missing
    assert len(set(folded[299:45:-1])) == 254  # each of the most frequent has its own
    assert set(folded[1:46]) | set(folded[300:]) == {254}  # rarer and unseen ones share


def test_boosting_treats_an_unseen_category_like_a_missing_one():
    model = fitted(Boosting, "binary", 2, category_sizes=(9, 41))  # code 40 is in no training row
    rows = table(50, 4)
    rows["categories"][:, 1] = 40
    unseen = model.scores(rows)
    rows["categories"][:, 1] = 0
    assert np.array_equal(unseen, model.scores(rows))


@pytest.mark.parametrize("sizes", [SIZES, (9, 400)])
@pytest.mark.parametrize(("task", "classes"), TASKS)
def test_linear_converges_without_warnings_and_learns(task, classes, sizes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(Linear, task, classes, missing=False, category_sizes=sizes)
    new = table(400, 5, missing=False)
    truth, scores = targets_of(new, task, classes), model.scores(new)
    if task == "regression":
        assert np.mean((scores - truth) ** 2) < 0.2 * truth.var()
    else:
        assert np.mean(scores.argmax(1) == truth) > 1.5 / classes
        assert scores.sum(1) == pytest.approx(1)


@pytest.mark.parametrize(("task", "classes"), TASKS)
def test_linear_is_the_same_sparse_and_dense(task, classes, monkeypatch):
    sparse = fitted(Linear, task, classes, missing=False, category_sizes=(9, 80))
    monkeypatch.setattr("bakeoff.baselines.linear.SPARSE_FROM", 1_000)
    dense = fitted(Linear, task, classes, missing=False, category_sizes=(9, 80))
    assert np.abs(sparse.weights - dense.weights).max() < 0.01 * np.abs(dense.weights).max()


def test_linear_gives_a_category_without_training_rows_no_weight():
    model = fitted(Linear, "binary", 2, missing=False, category_sizes=(9, 45))
    assert np.abs(model.weights[-5:]).max() < 1e-12


def test_linear_counts_its_weights():
    assert fitted(Linear, "binary", 2, missing=False).num_parameters == 5 + 1
    assert fitted(Linear, "multiclass", 4, missing=False).num_parameters == 4 * (5 + 1)


@pytest.mark.parametrize("unknown", [20, 200])
@pytest.mark.parametrize("kind", [Constant, Linear, Boosting])
def test_validation_rows_of_an_unknown_class_are_left_out(kind, unknown):
    train, validation = table(600, 0, False), table(200, 1, False)
    model = kind("binary", 2)
    targets = targets_of(validation, "binary", 2)
    targets[:unknown] = -1
    model.fit(
        train,
        targets_of(train, "binary", 2),
        validation_inputs=validation,
        validation_targets=targets,
        seed=0,
    )
    assert np.isfinite(model.scores(validation)).all()


def blind(kind, **options):
    """Fit where no validation row is of a class that training rows have."""
    train = table(600, 0, False)
    model = kind("binary", 2, **options)
    model.fit(
        train,
        targets_of(train, "binary", 2),
        validation_inputs=train,
        validation_targets=np.full(600, -1),
        seed=0,
    )
    return model


def test_linear_stays_with_the_strongest_penalty_where_validation_rows_cannot_tell():
    assert np.array_equal(blind(Linear).weights, blind(Linear, strengths=(1e4,)).weights)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_linear_says_how_many_iterations_it_took_and_might_take(monkeypatch):
    model = fitted(Linear, "multiclass", 4, missing=False)
    assert 0 < model.iterations < model.max_iterations == 2_000
    assert fitted(Linear, "regression", 0, missing=False).max_iterations == 0
    monkeypatch.setattr("bakeoff.baselines.linear.MAX_ITERATIONS", 2)
    stopped = fitted(Linear, "multiclass", 4, missing=False)
    assert stopped.iterations == stopped.max_iterations == 2


def test_boosting_says_how_many_iterations_it_kept_and_might_have():
    assert Boosting("binary", 2).iterations == 0
    model = fitted(Boosting, "multiclass", 4, category_sizes=SIZES)
    assert (model.iterations, model.max_iterations) == (len(model.arrays["roots"]) // 4, 500)
    assert 0 < model.iterations < 500
    short = fitted(Boosting, "multiclass", 4, category_sizes=SIZES, max_iterations=3)
    assert (short.iterations, short.max_iterations) == (3, 3)
    assert (blind(Boosting).iterations, blind(Boosting).max_iterations) == (100, 100)


def test_boosting_makes_fewer_iterations_where_one_is_slow():
    table = np.empty((0, 9))
    assert affordable(table, 2) == 500
    assert affordable(np.broadcast_to(table[:0].sum(), (60_000, 784)), 10) == 63
    assert affordable(np.broadcast_to(table[:0].sum(), (10**7, 784)), 10) == 50


def test_constant_predicts_shares_and_mean():
    assert fitted(Constant, "multiclass", 4).scores(table(3, 0)).shape == (3, 4)
    value = fitted(Constant, "regression", 0)
    assert value.scores(table(3, 0)) == pytest.approx(
        targets_of(table(600, 0), "regression", 0).mean()
    )


def test_a_straight_line_is_followed_past_the_rows_it_was_learned_from_and_then_stops():
    x = np.linspace(0, 100, 200, dtype=np.float32)[:, None]
    model = Linear("regression", 0)
    parts = {"validation_inputs": {"x": x[150:]}, "validation_targets": 3 * x[150:, 0]}
    model.fit({"x": x[:150]}, 3 * x[:150, 0], **parts, seed=0)
    assert model.scores({"x": np.array([[130.0]])}) == pytest.approx([390], rel=0.01)
    assert model.scores({"x": np.array([[1000.0]])}) < 3 * 150  # 3 standard deviations are 65


@pytest.mark.parametrize("unseen", [0.0, 5.0, 1e300, np.nan])
def test_linear_learns_nothing_of_a_column_that_is_constant_in_training(unseen):
    x = np.stack([np.arange(200.0), np.full(200, 3.0)], axis=1)
    x[:199, 1] = np.nan
    model = Linear("regression", 0)
    model.fit({"x": x}, x[:, 0], validation_inputs={"x": x}, validation_targets=x[:, 0], seed=0)
    new = np.array([[50.0, unseen]])
    assert model.scores({"x": new}) == pytest.approx([50], abs=0.1)


def test_linear_learns_nothing_of_what_one_training_row_has():
    x = np.stack([np.arange(200.0), np.arange(200.0) == 7], axis=1)
    targets = x[:, 0] + 50 * x[:, 1]
    model = Linear("regression", 0)
    model.fit({"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets, seed=0)
    assert model.scores({"x": np.array([[50.0, 1.0]])}) == pytest.approx([50], abs=1)


@pytest.mark.parametrize("row", [row for row in BASELINES if "plain" in row.reads],
                         ids=lambda row: row.name)  # fmt: skip
def test_every_baseline_of_tables_trains_on_columns_without_a_value(row):
    train = {"x": np.full((100, 2), np.nan), "categories": np.zeros((100, 2), np.int64)}
    train["x"][:, 0] = np.arange(100)
    sizes = {"category_sizes": SIZES} if "categories" in row.takes else {}
    model = load(row, "torch")("binary", 2, **sizes)
    targets = np.arange(100) // 50
    model.fit(train, targets, validation_inputs=train, validation_targets=targets, seed=0)
    new = {"x": np.array([[1.0, 7.0]]), "categories": np.ones((1, 2), np.int64)}
    assert np.isfinite(model.scores(new)).all()


@pytest.mark.parametrize("case", [case for case in CASES if case.view != "plain"],
                         ids=lambda case: f"{case.row.name}-{case.task}")  # fmt: skip
def test_every_baseline_trains_on_inputs_that_are_all_the_same(case):
    model, train = case.build(), case.make(60, 0)
    targets = case.targets(train)
    train = {**train, "x": np.zeros_like(train["x"])}
    model.fit(train, targets, validation_inputs=train, validation_targets=targets, seed=0)
    assert np.isfinite(model.scores(case.make(5, 1))).all()


def test_the_catalogue_says_above_how_many_classes_trees_are_left_out():
    assert {row.name: row.most_classes for row in BASELINES if row.most_classes} == {
        "boosting": 100,
        "colour_histograms": 100,
    }


def test_a_forecast_is_offered_forecasters_and_no_others():
    views = ["window", "sequence", "vector"]
    offered = {row.name for row in fitting(views, "forecast") if row.role == "baseline"}
    forecasters = {row.name for row in BASELINES if row.predicts == "steps"}
    assert offered == {"constant", *forecasters}
    assert not forecasters & {row.name for row in fitting([*views, "plain"], "regression")}


@pytest.mark.parametrize("kind", [Linear, Boosting])
def test_baselines_tell_large_numbers_apart(kind):
    x = 1.7e9 + np.arange(600.0)[:, None]
    model = kind("regression", 0)
    targets = np.arange(600) / 100
    model.fit({"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets, seed=0)
    assert np.corrcoef(model.scores({"x": x}), targets)[0, 1] > 0.99


def test_linear_predicts_as_it_did_from_weights_that_have_no_bounds():
    model = fitted(Linear, "regression", 0, category_sizes=SIZES)
    old = {name: a for name, a in model.state().items() if name not in ("lows", "highs")}
    new = table(50, 4)
    again = Linear.from_state(old, "regression", 0)
    assert np.array_equal(model.scores(new), again.scores(new))
