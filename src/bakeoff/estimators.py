"""Estimators: a bake-off behind scikit-learn's fit, predict and score.

    BakeoffClassifier(models="mlp,boosting", seeds=3).fit(X, y).predict(X_new)

Nothing is trained here: `fit` is one call of `bakeoff.run`, and `predict` asks its winner. What of
scikit-learn's own checks does not hold stands in docs/estimators.md, with the reason.
"""

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    assert_all_finite,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from bakeoff.api import run
from bakeoff.data.assembling.join_pair import free_name, join_pair, one_series
from bakeoff.data.columns.read_column import read_column
from bakeoff.data.reading.cells import NOTHING
from bakeoff.errors import DataError, RequestError, option, unknown
from bakeoff.finished_run import Run
from bakeoff.plan.request import kinds_of

LEAST_ROWS = 4  # one to train, one to validate, and two to test: one shows no spread
Values = np.ndarray[Any, Any]


class BakeoffEstimator(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor share: the options of a run, and its folder.

    Args:
        inputs: As every option that is not named here: the same as in `bakeoff.run`, with the same
            default when None.
        positive: The positive class, one of the labels in y; for a classifier only.
        out: Folder of the run, which must not exist; None takes a temporary one, which goes when
            nobody holds `run_` any more.
        show: "live" prints progress, "quiet" the verdict only, "none" nothing.
    """

    def __init__(
        self,
        *,
        inputs: str | Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        split: str | float | Sequence[float] | None = None,
        positive: Any = None,
        tokens: str | None = None,
        length: int | None = None,
        cut: str | None = None,
        vectors: str | Path | None = None,
        models: str | Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
        start_from: str | Path | None = None,
        framework: str | Sequence[str] | None = None,
        seeds: int | None = None,
        seed: int | None = None,
        metric: str | None = None,
        device: str | None = None,
        jobs: int | None = None,
        optimizer: str | None = None,
        momentum: float | None = None,
        betas: str | None = None,
        alpha: float | None = None,
        eps: float | None = None,
        lr: float | None = None,
        schedule: str | None = None,
        warmup_epochs: float | None = None,
        step_epochs: int | None = None,
        gamma: float | None = None,
        min_lr: float | None = None,
        first_cycle: int | None = None,
        growth: float | None = None,
        warm_share: float | None = None,
        decay_share: float | None = None,
        plateau_patience: int | None = None,
        factor: float | None = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        patience: int | None = None,
        watch: str | None = None,
        min_delta: float | None = None,
        accumulate: int | None = None,
        average: float | None = None,
        mixup: float | None = None,
        sampling: str | None = None,
        weight_decay: float | None = None,
        l1: float | None = None,
        l2: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        loss: str | None = None,
        quantile: float | None = None,
        class_weights: str | None = None,
        label_smoothing: float | None = None,
        precision: str | None = None,
        frozen_epochs: int | None = None,
        keras_fit: bool | None = None,
        deterministic: bool | None = None,
        augment: str | None = None,
        out: str | Path | None = None,
        show: str = "none",
    ) -> None:
        for name, value in dict(locals()).items():
            if name != "self":  # each argument is an attribute, as scikit-learn wants it
                setattr(self, name, value)
        self.out, self.show = out, show

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that missing values are welcome, and pictures (n, Y, X) as well."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: of a temporary run its files, of one in `out` where it stands."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "run_" in state:
            folder = self.run_.folder.resolve()
            state["run_"] = files_of(folder) if self._temporary else str(folder)
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take what `__getstate__` gave; a temporary run gets a folder of its own."""
        state = dict(state)
        kept = state.pop("run_", None)
        super().__setstate__(state)
        if kept is None:
            return
        if isinstance(kept, str):
            hold(self, Path(kept), temporary=False)
            return
        folder = temporary_folder(self)
        for name, content in kept.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        hold(self, folder, temporary=True)


class BakeoffClassifier(ClassifierMixin, BakeoffEstimator):  # type: ignore[misc]
    """Find the best model for classes in a bake-off, and predict with it.

    `fit` trains on 70 % of the rows, unless `split` says otherwise; the others stop the training
    and judge the models, and nothing is trained again on all of them. The options are those of
    `bakeoff.run`, with the same defaults: nothing said trains all that fit the data, five times.

    Attributes:
        run_: The run behind it: leaderboard, verdict, fits, best.
        classes_: (C,) the labels, sorted, in the type that they came in.
        n_features_in_: Columns of X.
        feature_names_in_: Their names, where X is a frame.

    Example:
        >>> from sklearn.datasets import make_moons
        >>> X, y = make_moons(200, noise=0.1, random_state=0)
        >>> model = BakeoffClassifier(models="mlp", seeds=1, epochs=30, lr=0.01, jobs=1).fit(X, y)
        >>> model.predict(X[:4]), model.score(X, y) > 0.9
        (array([0, 1, 1, 0]), True)
        >>> model.run_.leaderboard["model"].to_list()
        ['mlp']
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803  scikit-learn's word
        """Run the bake-off.

        Args:
            X: (n, F) numbers, or a pandas or polars frame of n rows with columns of any kind;
                missing values are welcome. Pictures (n, Y, X) and the like as in `bakeoff.run`.
            y: (n,) labels: strings, integers or truth values; each in two rows at least.

        Raises:
            ValueError: The data cannot be used, or an option is wrong; the message says how to go
                on. It is a DataError or a RequestError, where scikit-learn has none of its own.
            RunError: No model could be trained.
        """
        table, labels = checked_pair(self, X, y)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"y holds one class only, {self.classes_[0]}, so there is nothing to learn. Give "
                "rows of two classes at least."
            )
        names = names_of(self.classes_)
        positive = named_positive(self.positive, self.classes_, names)
        bake(self, table, names[codes], named_like=y, kind="category", positive=positive)
        return self

    def predict(self, X: Any) -> Values:  # noqa: N803
        """Return the likeliest class of each row, (n,), in the type of the labels in y."""
        likeliest = self.predict_proba(X).argmax(1)
        predicted: Values = self.classes_[likeliest]
        return predicted

    def predict_proba(self, X: Any) -> Values:  # noqa: N803
        """Return the probability of each class, (n, C), in the order of `classes_`."""
        data = checked_inputs(self, X)
        model = self.run_.best
        found = model.predict_proba(data)
        names = names_of(self.classes_).tolist()
        probabilities = np.zeros((len(found), len(names)))  # 0: no training row had this class
        probabilities[:, [names.index(name) for name in model.preparation.classes]] = found
        return probabilities


class BakeoffRegressor(RegressorMixin, BakeoffEstimator):  # type: ignore[misc]
    """Find the best model for an amount in a bake-off, and predict with it.

    `fit` trains on 70 % of the rows, unless `split` says otherwise; the others stop the training
    and judge the models, and nothing is trained again on all of them. The options are those of
    `bakeoff.run`, with the same defaults: nothing said trains all that fit the data, five times.

    Attributes:
        run_: The run behind it: leaderboard, verdict, fits, best.
        n_features_in_: Columns of X.
        feature_names_in_: Their names, where X is a frame.

    Example:
        >>> from sklearn.datasets import make_regression
        >>> X, y = make_regression(200, n_features=4, random_state=0)
        >>> model = BakeoffRegressor(models="linear,constant", jobs=1).fit(X, y)
        >>> model.run_.best.fit.job.model, round(model.score(X, y), 2)
        ('linear', 1.0)
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Run the bake-off.

        Args:
            X: (n, F) numbers, or a pandas or polars frame of n rows with columns of any kind;
                missing values are welcome. Pictures (n, Y, X) and the like as in `bakeoff.run`.
            y: (n,) numbers.

        Raises:
            ValueError: The data cannot be used, or an option is wrong; the message says how to go
                on. It is a DataError or a RequestError, where scikit-learn has none of its own.
            RunError: No model could be trained.
        """
        table, values = checked_pair(self, X, y)
        bake(self, table, amounts_of(values), named_like=y, kind="number", positive=self.positive)
        return self

    def predict(self, X: Any) -> Values:  # noqa: N803
        """Return the amount for each row, (n,) float64, in the unit of y."""
        data = checked_inputs(self, X)
        predicted: Values = self.run_.best.predict(data)["prediction"].to_numpy()
        return predicted


def checked_pair(estimator: BakeoffEstimator, x: Any, y: Any) -> tuple[Any, Values]:
    """Return X and y as scikit-learn would have them; the columns of a frame stay as they are."""
    x = x.collect() if hasattr(x, "collect") else x  # a lazy polars frame
    labels = column_or_1d(one_series(y)[0] if hasattr(y, "columns") else y, warn=True)
    assert_all_finite(labels, input_name="y")
    framed = hasattr(x, "columns")
    if framed:
        validate_data(estimator, x, skip_check_array=True)
    else:
        x = validate_data(estimator, x, allow_nd=True, ensure_all_finite=False)
    estimator._columns = [str(name) for name in x.columns] if framed else None
    if len(x) < LEAST_ROWS:
        raise DataError(
            f"X has n_samples={len(x)}, and a bake-off needs {LEAST_ROWS} rows at least: one "
            "to train, one to validate and two to test. Give more rows."
        )
    return x, labels


def checked_inputs(estimator: BakeoffEstimator, x: Any) -> Any:
    """Return new rows in the form in which the run learned: as a table by name, or as an array."""
    check_is_fitted(estimator, "run_")
    x = x.collect() if hasattr(x, "collect") else x
    columns = estimator._columns
    if columns is None:
        return validate_data(estimator, x, reset=False, allow_nd=True, ensure_all_finite=False)
    if hasattr(x, "columns"):
        validate_data(estimator, x, reset=False, skip_check_array=True)
        return x
    x = validate_data(estimator, x, reset=False, dtype=None, ensure_all_finite=False)
    return dict(zip(columns, x.T, strict=True))


def bake(
    estimator: BakeoffEstimator,
    x: Any,
    y: Values,
    *,
    named_like: Any,
    kind: str,
    positive: Any,
) -> None:
    """Run the bake-off of an estimator, and hold its folder.

    Args:
        estimator: Its parameters are the options of the run.
        x: A frame or an array.
        y: Names of classes, or numbers.
        named_like: What y was given as; its name is that of the target.
        kind: What y holds: "category" or "number".
        positive: The name of the positive class.
    """
    columns = estimator._columns
    name = "" if columns is None else free_name(one_series(named_like)[1], columns)
    data, target = join_pair(x, y, name)
    kinds = {} if estimator.kinds is None else kinds_of(estimator.kinds)
    options = {
        **estimator.get_params(deep=False),
        "kinds": {**kinds, target or "y": kind},
        "positive": positive,
    }
    temporary = estimator.out is None
    folder = temporary_folder(estimator) if temporary else Path(str(estimator.out))
    try:
        run(data, target, **{**options, "out": folder})
    except BaseException:
        if temporary:
            shutil.rmtree(folder.parent, ignore_errors=True)
        raise
    hold(estimator, folder, temporary=temporary)


def hold(estimator: BakeoffEstimator, folder: Path, *, temporary: bool) -> None:
    """Open a run for an estimator; a temporary folder goes when nobody holds the run any more."""
    estimator.run_ = Run(folder)
    estimator._temporary = temporary
    if temporary:
        weakref.finalize(estimator.run_, shutil.rmtree, folder.parent, ignore_errors=True)


def temporary_folder(estimator: BakeoffEstimator) -> Path:
    """Return a folder in one that nobody else has; its name is the title of the report."""
    return Path(tempfile.mkdtemp(prefix="bakeoff-")) / type(estimator).__name__


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a folder, by its path inside."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def amounts_of(values: Values) -> Values:
    """Return the target of a regression as numbers.

    Raises:
        DataError: It holds something else.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"y must hold numbers, and this is none: {error}. BakeoffClassifier predicts classes."
        ) from error


def named_positive(positive: Any, classes: Values, names: Values) -> str | None:
    """Return the name of the positive class, None where none was said.

    Raises:
        RequestError: y holds no such class.
    """
    if positive is None:
        return None
    named = dict(zip(classes.tolist(), names.tolist(), strict=True))
    if positive not in named:
        raise RequestError(unknown("class", positive, named, where=option("positive")))
    return str(named[positive])


def names_of(classes: Values) -> Values:
    """Return the labels as strings that a run tells apart and reads as they are.

    A label that it would take for a missing value, or for another label, is put in quotation marks,
    and so are then all the others.

    Example:
        >>> names_of(np.array([1, 2])).tolist(), names_of(np.array(["", "EU"])).tolist()
        (['1', '2'], ["''", "'EU'"])
    """
    labels = classes.tolist()
    names = as_read([str(label) for label in labels])
    if None in names or len(set(names)) < len(names):
        names = as_read([repr(label) for label in labels])
    return np.array(names, dtype=object)


def as_read(names: Sequence[str]) -> list[str | None]:
    """Return what a run reads where these names stand in a column of classes."""
    series = pl.Series("y", names, dtype=pl.String)
    reading = read_column(series, kind="category", nothing=NOTHING)
    read: list[str | None] = reading.values.tolist()
    return read
