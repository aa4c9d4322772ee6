"""Promises of the baselines: equal after reloading, equal to scikit-learn, honest on gaps."""

import warnings

import numpy as np
import pytest

from bakeoff.baselines.boosting import Boosting, affordable, columns, fold
from bakeoff.baselines.constant import Constant
from bakeoff.baselines.linear import Linear

TASKS = [("binary", 2), ("multiclass", 4), ("regression", 0)]
SIZES = (9, 40)


def table(rows, seed, missing=True):
    """Make inputs with missing numbers, missing categories and one column of 40 categories."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 5)).astype(np.float32)
    if missing:
        x[draw.random(x.shape) < 0.1] = np.nan
    return {"x": x, "categories": np.stack([draw.integers(0, s, rows) for s in SIZES], 1)}


def answers(inputs, task, classes):
    signal = np.nan_to_num(inputs["x"][:, 0]) + 0.5 * (inputs["categories"][:, 1] % 3)
    if task == "regression":
        return signal.astype(np.float32)
    return np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes))


def fitted(kind, task, classes, missing=True, **options):
    train, validation = table(600, 0, missing), table(200, 1, missing)
    model = kind(task, classes, **options)
    model.fit(
        train,
        answers(train, task, classes),
        validation_inputs=validation,
        validation_targets=answers(validation, task, classes),
        seed=0,
    )
    return model


@pytest.mark.parametrize(("task", "classes"), TASKS)
@pytest.mark.parametrize("kind", [Constant, Linear, Boosting])
def test_reloaded_baseline_predicts_the_same_to_the_last_bit(kind, task, classes, tmp_path):
    from safetensors.numpy import load_file, save_file

    options = {} if kind is Constant else {"category_sizes": SIZES}
    model = fitted(kind, task, classes, missing=kind is Boosting, **options)
    save_file(model.state(), tmp_path / "weights.safetensors")
    again = kind.from_state(load_file(tmp_path / "weights.safetensors"), task, classes)
    new = table(300, 2, missing=kind is Boosting)
    assert np.array_equal(model.scores(new), again.scores(new))


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


def test_boosting_keeps_the_rounds_up_to_the_best_validation_loss(monkeypatch):
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
    truth, scores = answers(new, task, classes), model.scores(new)
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
    targets = answers(validation, "binary", 2)
    targets[:unknown] = -1
    model.fit(
        train,
        answers(train, "binary", 2),
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
        answers(train, "binary", 2),
        validation_inputs=train,
        validation_targets=np.full(600, -1),
        seed=0,
    )
    return model


def test_linear_stays_with_the_strongest_penalty_where_validation_rows_cannot_tell():
    assert np.array_equal(blind(Linear).weights, blind(Linear, strengths=(1e4,)).weights)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_linear_says_how_many_rounds_it_took_and_might_take(monkeypatch):
    model = fitted(Linear, "multiclass", 4, missing=False)
    assert 0 < model.rounds < model.most_rounds == 2_000
    assert fitted(Linear, "regression", 0, missing=False).most_rounds == 0
    monkeypatch.setattr("bakeoff.baselines.linear.MOST_ROUNDS", 2)
    stopped = fitted(Linear, "multiclass", 4, missing=False)
    assert stopped.rounds == stopped.most_rounds == 2


def test_boosting_says_how_many_rounds_it_kept_and_might_have():
    assert Boosting("binary", 2).rounds == 0
    model = fitted(Boosting, "multiclass", 4, category_sizes=SIZES)
    assert (model.rounds, model.most_rounds) == (len(model.arrays["roots"]) // 4, 500)
    assert 0 < model.rounds < 500
    short = fitted(Boosting, "multiclass", 4, category_sizes=SIZES, max_iterations=3)
    assert (short.rounds, short.most_rounds) == (3, 3)
    assert (blind(Boosting).rounds, blind(Boosting).most_rounds) == (100, 100)


def test_boosting_grows_fewer_rounds_where_a_round_is_slow():
    table = np.empty((0, 9))
    assert affordable(table, 2) == 500
    assert affordable(np.broadcast_to(table[:0].sum(), (60_000, 784)), 10) == 63
    assert affordable(np.broadcast_to(table[:0].sum(), (10**7, 784)), 10) == 50


def test_constant_predicts_shares_and_mean():
    assert fitted(Constant, "multiclass", 4).scores(table(3, 0)).shape == (3, 4)
    value = fitted(Constant, "regression", 0)
    assert value.scores(table(3, 0)) == pytest.approx(
        answers(table(600, 0), "regression", 0).mean()
    )


def test_a_straight_line_is_followed_past_the_rows_it_was_learned_from():
    x = np.linspace(0, 100, 200, dtype=np.float32)[:, None]
    model = Linear("regression", 0)
    parts = {"validation_inputs": {"x": x[150:]}, "validation_targets": 3 * x[150:, 0]}
    model.fit({"x": x[:150]}, 3 * x[:150, 0], **parts, seed=0)
    assert model.scores({"x": np.array([[1000.0]])}) == pytest.approx([3000], rel=0.01)
