"""What a fit predicted for rows whose truth is known, in the user's own units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from bakeoff.build import NewerError
from bakeoff.cut import cut
from bakeoff.data.columns.read_labels import label_texts
from bakeoff.data.forms import LabelType, typed_labels
from bakeoff.data.reading.cells import as_texts
from bakeoff.documents import read_notes, read_parquet, reading, writing
from bakeoff.errors import DataError, RunError
from bakeoff.evaluate.forecast_table import forecast_columns, forecast_fields, period_note
from bakeoff.evaluate.period import Period

if TYPE_CHECKING:
    import polars as pl


TRUE = "t:"  # before a label, where a row has it
OF_TEXT = ("log_loss", "tokens", "hits")  # columns of the scores of a text
GROUP = "g:"  # before the name of the column of groups, as p: before a class


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Predictions:
    """The predictions of one fit for one target.

    Args:
        target: Name of the target column.
        rows: Rows of the user's own file, counted from 1, its header not counted; of a forecast
            the row of each window's first forecast step.
        truth: Class names (str) or numbers in the target's unit. A class that no training row has
            is not in `classes`: it counts as wrong in every metric. Of labels 0, 1, or NaN where
            nobody knows.
        scores: Of classes the probability of each, 0 to 1, after softmax or sigmoid; of numbers
            the prediction itself. They are no values of a metric.
        classes: Class names, or labels, in the order of the columns of `scores`; empty for numbers.
        positive: The positive class of a binary target, else None.
        labels: What the classes are to the user: a string may stand for an integer.
        ids: The id of each row that is a sequence of a long table, else None.
        id_column: The column of the ids in the user's own file.
        period: Of a forecast, when its windows begin; else None.
        groups: Which rows belong together, as a number for each, so that only whole groups tell of
            new ones; None where rows stand alone.
        group_column: The column of the groups in the user's own file.
        steps: Of a target of each step: which step of its row each line is of, from 1. Then there
            is a line for each step, and its row stands in each.
        texts: Of a text: what was written, or None where nothing was; else None. `scores` are (n,
            3): minus the logarithm of the probability of all true tokens, their number, and how
            many were the likeliest.

    Shape:
        rows (n,) int, truth (n,), scores (n, K) for K classes or (n,) for numbers; of K labels,
        of which a row has any number, truth and scores (n, K); of a forecast of S steps, n windows:
        truth and scores (n, S). groups (n,) int.

    Raises:
        DataError: Shapes or classes do not fit each other, or a forecast has no truth somewhere.
        RunError: A score is not a finite number, as after a training that diverged.
    """

    target: str
    rows: NDArray[np.int64]
    truth: NDArray[Any]
    scores: NDArray[np.floating[Any]]
    classes: tuple[str, ...] = ()
    positive: str | None = None
    labels: LabelType = "string"
    ids: NDArray[Any] | None = None
    id_column: str = ""
    period: Period | None = None
    groups: NDArray[np.int64] | None = None
    group_column: str = ""
    steps: NDArray[np.int64] | None = None
    texts: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        n = len(self.rows)
        check_sizes(self)
        if self.positive is not None and self.positive not in self.classes:
            raise DataError(
                f"Predictions of {self.target!r}: the positive class {self.positive!r} is not one "
                f"of {list(self.classes)}."
            )
        wrong = ~np.isfinite(self.scores).reshape(n, -1).all(1) if n else np.zeros(0, bool)
        if wrong.any():
            raise RunError(
                f"Predictions of {self.target!r}: {int(wrong.sum()):,} of {n:,} rows are not "
                f"finite numbers (first: row {int(self.rows[wrong][0])}). The training diverged."
            )

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """Return the predictions of some rows or windows, by position, mask or slice."""
        parts: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[rows]
            for name in ("rows", "truth", "scores", "ids", "groups", "steps", "texts")
        }
        period = None if self.period is None else self.period.take(rows)
        return replace(self, period=period, **parts)

    def at_step(self, step: int) -> Self:
        """Return the predictions of one forecast step, counted from 1."""
        if self.period is None or not 1 <= step <= self.period.horizon:
            raise DataError(f"Predictions of {self.target!r} have no forecast step {step}.")
        column = slice(step - 1, step)
        return replace(
            self,
            truth=self.truth[:, column],
            scores=self.scores[:, column],
            period=replace(self.period, horizon=1),
        )

    @property
    def several(self) -> bool:
        """Whether a row has any number of the classes, which are then called labels."""
        return bool(self.classes) and self.truth.ndim == 2

    @property
    def prediction(self) -> NDArray[Any]:
        """The predicted class names (most probable; ties go to the first) or numbers.

        The labels of a row are joined by |.

        Shape:
            (n,), or (n, S) of a forecast.
        """
        if self.texts is not None:
            return self.texts
        if not self.classes:
            return self.scores
        if self.several:
            return label_texts(self.scores, self.classes)
        return np.asarray(np.array(self.classes, dtype=object)[self.scores.argmax(1)])

    @property
    def truth_index(self) -> NDArray[np.int64]:
        """The position of each true class in `classes`, -1 where training rows had none: (n,)."""
        position = {name: i for i, name in enumerate(self.classes)}
        return np.array([position.get(name, -1) for name in self.truth], dtype=np.int64)

    @property
    def num_unseen(self) -> int:
        """How many rows are of a class that no training row has."""
        return int((self.truth_index < 0).sum()) if self.classes and not self.several else 0

    def frame(self) -> "pl.DataFrame":
        """Return the columns row, truth, prediction, and p:<class> for every class.

        Of sequences of a long table the column of the ids stands behind `row`, of groups g:<column>
        with a number for each. A forecast has a line for each window and step: row, series (of
        several), time, step, truth, prediction; row and time are of the window's first step.
        Classes have the type that they came in; a truth that is none of it makes strings of all.
        Of labels, truth and prediction are texts, and t:<label> is 1, 0, or empty: unknown. Of
        steps there is a line for each, and its number in `step`. Of texts that are written there
        are log_loss, tokens and hits; prediction is empty where nothing was written.
        """
        import polars as pl

        if self.period is not None:
            return pl.DataFrame(forecast_columns(self.rows, self.truth, self.scores, self.period))
        columns: dict[str, Any] = {"row": self.rows}
        if self.ids is not None:
            columns[self.id_column] = id_series(self.ids)
        if self.groups is not None:
            columns[f"{GROUP}{self.group_column}"] = self.groups
        if self.steps is not None:
            columns["step"] = self.steps
        if self.texts is not None:
            columns["truth"] = pl.Series(values=self.truth.tolist(), dtype=pl.String)
            columns["prediction"] = pl.Series(values=self.texts.tolist(), dtype=pl.String)
            for i, name in enumerate(OF_TEXT):
                columns[name] = np.ascontiguousarray(self.scores[:, i])
        elif self.several:
            columns["truth"] = label_texts(self.truth, self.classes).tolist()
            columns["prediction"] = self.prediction.tolist()
            for i, name in enumerate(self.classes):
                known = [None if np.isnan(cell) else int(cell) for cell in self.truth[:, i]]
                columns[f"{TRUE}{name}"] = pl.Series(values=known, dtype=pl.Int8)
                columns[f"p:{name}"] = np.ascontiguousarray(self.scores[:, i])
        elif self.classes:
            n = len(self.truth)
            both = label_series([*self.truth, *self.prediction], self.labels)
            columns["truth"], columns["prediction"] = both[:n], both[n:]
            for i, name in enumerate(self.classes):
                columns[f"p:{name}"] = np.ascontiguousarray(self.scores[:, i])
        else:
            columns["truth"] = self.truth.astype(np.float64)
            columns["prediction"] = self.scores
        return pl.DataFrame(columns)


def check_sizes(predictions: Predictions) -> None:
    """Refuse parts that do not fit each other.

    Raises:
        DataError: The message names the target and the shapes.
    """
    p, n = predictions, len(predictions.rows)
    where = f"Predictions of {p.target!r}"
    if p.period is not None:
        check_forecast(p, p.period, where)
        return
    expected = (n, len(p.classes)) if p.classes else (n,)
    expected = (n, len(OF_TEXT)) if p.texts is not None else expected
    if p.scores.shape != expected or p.truth.shape not in ((n,), expected):
        raise DataError(
            f"{where}: {n} rows and {len(p.classes)} classes need "
            f"scores of shape {expected} and truth of shape {(n,)}. "
            f"Received: {p.scores.shape} and {p.truth.shape}."
        )
    if p.groups is not None and (p.groups.shape != (n,) or p.groups.dtype.kind not in "iu"):
        raise DataError(
            f"{where}: {n} rows need an integer each for their group. "
            f"Received: {p.groups.dtype} of shape {p.groups.shape}."
        )


def check_forecast(predictions: Predictions, period: Period, where: str) -> None:
    """Refuse parts of a forecast that do not fit each other.

    Raises:
        DataError: The message names the target and the shapes, or the row without a truth.
    """
    p, n = predictions, len(predictions.rows)
    expected = (n, period.horizon)
    if p.scores.shape != expected or p.truth.shape != expected or len(period.times) != n:
        raise DataError(
            f"{where}: {n} windows and {period.horizon} steps ahead need scores and truth of shape "
            f"{expected} and {n} stamps. "
            f"Received: {p.scores.shape}, {p.truth.shape} and {len(period.times)}."
        )
    if p.classes or p.groups is not None or p.ids is not None:
        raise DataError(f"{where}: a forecast is of numbers, and has no classes, groups or ids.")
    lost = ~np.isfinite(p.truth.astype(np.float64)).all(1)
    if lost.any():
        raise DataError(
            f"{where}: {int(lost.sum()):,} of {n:,} windows have steps without a true value "
            f"(first: row {int(p.rows[lost][0])}). Leave these windows out."
        )


def id_series(ids: NDArray[Any]) -> "pl.Series":
    """Return ids in the type that they came in, so that they can be joined back."""
    import polars as pl

    return pl.Series(values=ids.tolist())


def label_series(words: Sequence[str], labels: LabelType) -> "pl.Series":
    """Return classes in the type that they came in; as strings where one is of another type."""
    import polars as pl

    typed = typed_labels(words, labels)
    types = {"integer": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean}
    try:
        return pl.Series(values=typed, dtype=types.get(labels, pl.String))
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(values=list(words), dtype=pl.String)


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write one Parquet file: what `frame` returns; its metadata tell the rest."""
    notes = {"bakeoff.target": predictions.target, "bakeoff.labels": predictions.labels}
    if predictions.several:
        notes["bakeoff.task"] = "multilabel"
    if predictions.texts is not None:
        notes["bakeoff.task"] = "text"
    if predictions.steps is not None:
        notes["bakeoff.task"] = "steps"
    if predictions.positive is not None:
        notes["bakeoff.positive"] = predictions.positive
    if predictions.ids is not None:
        notes["bakeoff.id"] = predictions.id_column
    if predictions.period is not None:
        notes["bakeoff.forecast"] = period_note(predictions.period)
    with writing(path) as draft:
        predictions.frame().write_parquet(draft, metadata=notes)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises:
        DataError: The file is missing, is not Parquet, lacks a column, or holds what cannot be.
    """
    frame = read_parquet(path)
    with reading(path):
        return predictions_of(frame, read_notes(path), path)


def predictions_of(frame: "pl.DataFrame", notes: Mapping[str, str], path: Path) -> Predictions:
    """Make predictions of a table and what its metadata say."""
    if "bakeoff.forecast" in notes:
        refuse_newer(frame, ("row", "series", "time", "step", "truth", "prediction"))
        fields = forecast_fields(frame, notes["bakeoff.forecast"])
        return Predictions(target=notes.get("bakeoff.target", path.stem), **fields)
    several, text, by_step = (
        notes.get("bakeoff.task") == task for task in ("multilabel", "text", "steps")
    )
    classes = tuple(name[2:] for name in frame.columns if name.startswith("p:"))
    labels: Any = notes.get("bakeoff.labels", "string")
    if labels not in get_args(LabelType):
        raise DataError(f"bakeoff.labels is {cut(repr(labels))}.")
    id_column = notes.get("bakeoff.id", "")
    marked = [name for name in frame.columns if name.startswith(GROUP) and name != id_column]
    grouping = marked[:1]
    known = ["row", "truth", "prediction", *(f"p:{name}" for name in classes), *grouping]
    known += [*(OF_TEXT if text else ()), *(["step"] if by_step else ())]
    true = [f"{TRUE}{name}" for name in classes] if several else []
    ids = ids_of(frame, id_column, known) if id_column else None
    for name in known:
        if name not in frame.columns:
            raise DataError(f"{path} is not a file of predictions: it has no column {name!r}.")
        if frame[name].null_count() and not (text and name == "prediction"):
            raise DataError(f"column {cut(repr(name))} has empty cells.")
        words = (classes or text) and name in ("truth", "prediction")
        if not (words or frame[name].dtype.is_numeric()):
            raise DataError(f"column {cut(repr(name))} does not hold numbers.")
    refuse_newer(frame, (*known, *true, id_column))
    if several:
        scores, truth = (
            frame.select(columns).to_numpy().astype(np.float64)
            for columns in ([f"p:{name}" for name in classes], labels_in(frame, true))
        )
    elif text:
        scores = frame.select(OF_TEXT).to_numpy().astype(np.float64)
        truth = shared_texts(as_texts(frame["truth"]))
    elif classes:
        scores = frame.select(f"p:{name}" for name in classes).to_numpy()
        truth = shared_texts(as_texts(frame["truth"]))
    else:
        scores, truth = frame["prediction"].to_numpy(), frame["truth"].to_numpy()
    return Predictions(
        target=notes.get("bakeoff.target", path.stem),
        rows=frame["row"].to_numpy().astype(np.int64),
        truth=truth,
        scores=scores,
        classes=classes,
        positive=notes.get("bakeoff.positive"),
        labels=labels,
        ids=ids,
        id_column=id_column,
        groups=frame[grouping[0]].to_numpy() if grouping else None,
        group_column=grouping[0].removeprefix(GROUP) if grouping else "",
        steps=frame["step"].to_numpy().astype(np.int64) if by_step else None,
        texts=shared_texts(as_texts(frame["prediction"])) if text else None,
    )


def labels_in(frame: "pl.DataFrame", names: Sequence[str]) -> Sequence[str]:
    """Return the columns of true labels, if they are what they must be.

    Raises:
        DataError: One is not there, or holds something else than 1, 0 and nothing.
    """
    for name in names:
        if name not in frame.columns or not frame[name].dtype.is_integer():
            raise DataError(f"column {cut(repr(name))} does not hold labels.")
        if not frame[name].drop_nulls().is_in([0, 1]).all():
            raise DataError(f"column {cut(repr(name))} holds what is neither 0 nor 1.")
    if not names:
        raise DataError("it holds no label.")
    return names


def refuse_newer(frame: "pl.DataFrame", known: Sequence[str]) -> None:
    """Refuse a column that only a later version writes.

    Raises:
        NewerError: The message names it.
    """
    for name in frame.columns:
        if name not in known:
            raise NewerError(f"has the column {cut(repr(name))}, which this bakeoff lacks.")


def ids_of(frame: "pl.DataFrame", name: str, others: Sequence[str]) -> NDArray[Any]:
    """Return the ids of sequences, from their column of a table of predictions.

    Raises:
        DataError: There is no such column, it is another one, or a cell is empty.
    """
    if name not in frame.columns or name in others or frame[name].null_count():
        raise DataError(f"column {cut(repr(name))} does not hold the id of every row.")
    ids = np.empty(len(frame), dtype=object)
    ids[:] = frame[name].to_list()
    return ids


def shared_texts(column: "pl.Series") -> NDArray[Any]:
    """Return (n,) texts; equal ones are one object, however long they are."""
    known: dict[str, str] = {}
    return np.fromiter((known.setdefault(text, text) for text in column), object, len(column))
