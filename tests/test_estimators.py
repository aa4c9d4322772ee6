"""The estimators keep scikit-learn's grammar, and are the run behind them and nothing else."""

import copy
import gc
import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import bakeoff
from bakeoff import BakeoffClassifier, BakeoffRegressor, DataError, RequestError

HOME = Path(__file__).parents[1]
PAGE = (HOME / "docs" / "estimators.md").read_text("utf-8")
EXPECTED_FAILURES = dict(re.findall(r"^\| `(check_\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
ONE_MLP = {"models": "mlp", "seeds": 1, "epochs": 2, "jobs": 1, "lr": 0.01, "batch_size": 4}
CHECKED = [BakeoffClassifier(**ONE_MLP), BakeoffRegressor(**ONE_MLP)]
QUICK = {  # all but the last two fit nothing
    *("check_no_attributes_set_in_init", "check_do_not_raise_errors_in_init_or_set_params"),
    *("check_estimators_unfitted", "check_estimators_empty_data_messages", "check_fit2d_1sample"),
    *("check_estimator_sparse_array", "check_complex_data", "check_classifiers_one_label"),
    *("check_classifiers_regression_target", "check_supervised_y_no_nan", "check_set_params"),
    "check_n_features_in_after_fitting",
    "check_dict_unchanged",
}
DATA = {"data", "target", "test", "validation"}
LONG = {"sequence", "time", "image_size", "images"}  # of more rows than predictions, and of files
SERIES = {"lookback", "horizon", "stride", "series", "future"}  # of rows that follow each other
NOT_OPTIONS = DATA | LONG | SERIES | {"weight", "auxiliary"} | {"vary", "pairs", "selftest"}
RANDOM = np.random.default_rng(0)
AGE, COLOUR = RANDOM.normal(40, 10, 60).round(1), RANDOM.choice(["red", "blue"], 60)
AGE[3] = np.nan
BOUGHT = np.where(np.nan_to_num(AGE) + 8 * (COLOUR == "red") > 43, 7, 3)
PANDAS = pd.DataFrame({"age": AGE, "colour": pd.Categorical(COLOUR)})
POLARS = pl.DataFrame({"age": AGE, "colour": COLOUR})
FAST = {"models": "linear", "jobs": 1}


@pytest.fixture(scope="module")
def bought():
    """A classifier of a frame with a category and a missing number; its labels are integers."""
    return BakeoffClassifier(**FAST).fit(PANDAS, pd.Series(BOUGHT, name="bought"))


@pytest.fixture(scope="module")
def moons():
    """A classifier of an array; its labels are truth values."""
    x, y = make_moons(60, noise=0.1, random_state=0)
    return BakeoffClassifier(**FAST).fit(x, y == 1), x


def checks(names):
    """Return (estimator, check) for some of scikit-learn's checks."""
    return [
        pytest.param(instance, check, id=f"{type(instance).__name__}-{check.func.__name__}")
        for estimator in CHECKED
        for instance, check in estimator_checks_generator(estimator)
        if check.func.__name__ in names
    ]


@pytest.mark.parametrize(("estimator", "check"), checks(QUICK))
def test_scikit_learns_quick_checks_hold(estimator, check):
    check(estimator)


@pytest.mark.nightly
@parametrize_with_checks(CHECKED, expected_failed_checks=lambda estimator: EXPECTED_FAILURES)
def test_scikit_learns_checks_hold_but_for_those_on_the_page(estimator, check):
    check(estimator)


def test_the_page_names_checks_that_there_are():
    there = {check.values[1].func.__name__ for check in checks(set(EXPECTED_FAILURES))}
    assert EXPECTED_FAILURES
    assert set(EXPECTED_FAILURES) == there


@pytest.mark.parametrize("kind", [BakeoffClassifier, BakeoffRegressor])
def test_the_parameters_are_the_options_of_a_run(kind):
    taken = inspect.signature(bakeoff.run).parameters
    own = inspect.signature(kind).parameters
    assert list(own) == [name for name in taken if name not in NOT_OPTIONS]
    assert set(kind().get_params()) == set(own)
    assert {name for name in own if own[name].default != taken[name].default} == {"show"}
    differ = {name for name in own if own[name].annotation != taken[name].annotation}
    assert differ <= {"positive"}  # any label


def test_a_mixed_frame_is_learned_from_as_it_stands(bought):
    kinds = {column.name: column.kind for column in bought.run_.best.preparation.schema.columns}
    assert kinds == {"age": "number", "colour": "binary", "bought": "category"}
    assert bought.feature_names_in_.tolist() == ["age", "colour"]
    assert bought.run_.verdict.target == "bought"


@pytest.mark.parametrize(
    "new", [PANDAS, POLARS, POLARS.lazy(), PANDAS.set_index(np.arange(60)[::-1])]
)
def test_frames_of_any_make_give_the_same_predictions(new, bought):
    assert np.array_equal(bought.predict_proba(new), bought.predict_proba(PANDAS))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_array_is_read_by_the_order_of_the_columns(bought):
    assert np.array_equal(bought.predict_proba(PANDAS.to_numpy()), bought.predict_proba(PANDAS))


def test_labels_come_back_in_the_type_they_came_in(bought, moons):
    model, x = moons
    assert bought.predict(PANDAS).dtype == BOUGHT.dtype
    assert set(bought.predict(PANDAS)) == {3, 7}
    assert model.predict(x).dtype == bool
    assert model.classes_.tolist() == [False, True]


def test_probabilities_are_those_of_the_winner_in_the_order_of_the_classes(bought):
    told = bought.run_.best.predict(PANDAS)
    wanted = told.select("p:3", "p:7").to_numpy()
    assert np.array_equal(bought.predict_proba(PANDAS), wanted)
    assert bought.score(PANDAS, BOUGHT) == np.mean(bought.predict(PANDAS) == BOUGHT)


def test_labels_that_look_missing_are_classes_all_the_same_be_they_the_positive_one():
    labels = np.where(BOUGHT == 7, "NA", "None")
    model = BakeoffClassifier(positive="NA", **FAST).fit(POLARS, labels)
    assert set(model.predict(POLARS)) == {"NA", "None"}
    assert model.run_.verdict.test_rows == 9
    assert model.run_.best.preparation.schema.positive == {"target": "NA"}


def test_a_positive_class_that_y_does_not_hold_is_refused():
    with pytest.raises(RequestError, match=r"No class called 5 \(positive=\). Known: 3, 7"):
        BakeoffClassifier(positive=5, **FAST).fit(POLARS, BOUGHT)


def test_integers_are_an_amount_to_the_regressor():
    model = BakeoffRegressor(**FAST).fit(POLARS, BOUGHT)
    assert model.run_.verdict.metric == "r2"
    assert len(set(model.predict(POLARS))) > 2


def test_the_folder_lives_as_long_as_the_run():
    x, y = make_moons(60, noise=0.1, random_state=0)
    run = BakeoffClassifier(**FAST).fit(x, y).run_
    gc.collect()
    folder = run.folder
    assert "linear" in run.leaderboard["model"]
    del run
    gc.collect()
    assert not folder.parent.exists()


def test_a_failed_fit_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(RequestError, match="out of range"):
        BakeoffClassifier(epochs=-1, **FAST).fit(POLARS, BOUGHT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_a_folder_of_its_own_and_predicts_the_same(how, moons):
    model, x = moons
    other = how(model)
    assert other.run_.folder != model.run_.folder
    assert np.array_equal(other.predict_proba(x), model.predict_proba(x))


def test_a_run_in_out_is_pickled_as_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = BakeoffClassifier(out="run", **FAST).fit(POLARS, BOUGHT)
    kept = pickle.dumps(model)
    assert len(kept) < 10_000
    monkeypatch.chdir(tmp_path.parent)
    other = pickle.loads(kept)
    assert other.run_.folder == tmp_path / "run"
    assert set(other.predict(POLARS)) == {3, 7}


def test_a_clone_is_not_fitted(bought):
    with pytest.raises(NotFittedError):
        clone(bought).predict(PANDAS)


@pytest.mark.nightly  # four fits: 10 to 17 s
def test_a_search_in_a_pipeline_tells_a_bad_setting_from_a_good_one():
    x, y = make_moons(60, noise=0.05, random_state=0)
    own = {"constant": {}, "linear": {}}
    pipeline = make_pipeline(StandardScaler(), BakeoffClassifier(jobs=1))
    grid = {"bakeoffclassifier__models": [{name: own[name]} for name in own]}
    search = GridSearchCV(pipeline, grid, cv=2, refit=False).fit(x, y)
    constant, linear = search.cv_results_["mean_test_score"]
    assert linear > constant + 0.2


def test_pictures_are_pictures():
    x = RANDOM.integers(0, 255, (60, 6, 6), dtype=np.uint8)
    model = BakeoffClassifier(models="constant", jobs=1).fit(x, np.arange(60) % 3)
    assert model.run_.best.preparation.schema.column("x").kind == "image"
    assert model.predict_proba(x).shape == (60, 3)


@pytest.mark.parametrize(
    ("model", "x", "y", "said"),
    [
        (BakeoffClassifier(), PANDAS[:3], [0, 1, 1], r"n_samples=3, and a bake-off needs 4 rows"),
        (BakeoffClassifier(), PANDAS, np.zeros(60), r"y holds one class only, 0\.0"),
        (BakeoffRegressor(), PANDAS, COLOUR, r"BakeoffClassifier predicts classes"),
        (BakeoffClassifier(), PANDAS, BOUGHT[:-1], r"X has 60 rows and y has 59"),
    ],
)
def test_data_that_cannot_be_used_are_refused_with_the_reason(model, x, y, said):
    with pytest.raises(DataError, match=said):
        model.fit(x, y)


def test_the_sample_of_the_readme_is_the_tested_one():
    readme = (HOME / "README.md").read_text("utf-8")
    sample = (BakeoffClassifier.__doc__ or "").partition("Example:")[2].strip()
    assert all(line.strip() in readme for line in sample.splitlines())
