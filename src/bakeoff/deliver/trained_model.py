"""A trained model, read back from its run: the same predictions on new data."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.baselines.per_step import PerStep
from bakeoff.catalog import find
from bakeoff.data.array import is_missing
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import PER_STEP, Schema
from bakeoff.data.columns.read_labels import label_texts
from bakeoff.data.columns.step_target import known_rows
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import SeriesForm, ShapeForm, typed_labels
from bakeoff.data.origin import Origin
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.preparing.preparation_file import load_preparation
from bakeoff.data.preparing.strays import say_strays
from bakeoff.data.read import read_inputs
from bakeoff.data.taking.sources import plain
from bakeoff.data.taking.targets import make_targets
from bakeoff.data.taking.views import View, make_views
from bakeoff.deliver.baseline_scores import baseline_scores
from bakeoff.deliver.forecast_ahead import forecast_ahead
from bakeoff.documents import array_shapes, reading
from bakeoff.errors import DataError, RequestError, option, unknown
from bakeoff.evaluate.metrics import METRICS, score
from bakeoff.evaluate.period_ahead import ALL, period_ahead, spreads_of, truth_ahead
from bakeoff.evaluate.predictions import Predictions, id_series, label_series
from bakeoff.evaluate.step_predictions import step_predictions
from bakeoff.judge.best import best_of
from bakeoff.judge.verdict import read_verdict
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.train.build_model import build_model, stored_baseline, view_of
from bakeoff.train.head import heads_of, judged_scores, scores_by_target, target_by_target
from bakeoff.train.job import Fit, Job
from bakeoff.train.keras_backend import need_keras
from bakeoff.train.weight_rules import transfers
from bakeoff.train.weights import check_shapes, read_weights, set_weights, shapes_of
from bakeoff.train.write_tokens import write_tokens

if TYPE_CHECKING:
    import polars as pl

MOST_CELLS = 5 * 10**7  # of one row: a volume of 368 × 368 × 368


@dataclass(frozen=True)
class TrainedModel:
    """One fit of a run. What it reads from the run folder it keeps, from the first call on.

    Args:
        place: Where its files stand.
        run: The folder of the run.
        fit: What is known of it.

    Example:
        `bakeoff.open_run("runs/water").best.predict("new.csv")`
    """

    place: FitFolder
    run: RunFolder
    fit: Fit

    def __repr__(self) -> str:
        job = self.fit.job
        return f"<TrainedModel {job.model} ({job.framework}), seed {job.seed}, of {self.run.shown}>"

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes, as they came in, in the order of `predict_proba`; none for a regression."""
        return tuple(typed_labels(self.preparation.classes, self.preparation.schema.labels))

    @cached_property
    def preparation(self) -> Preparation:
        """What was fitted on the training rows.

        Raises:
            DataError: It is damaged, or not of the task of this fit.
        """
        preparation, job = load_preparation(self.run.data), self.fit.job
        if job.task == "pairs":
            return preparation
        if (preparation.task, preparation.goal.num_classes) != (job.task, job.num_classes):
            raise DataError(f"{self.place.facts} is of another task than {self.run.data} says.")
        series = preparation.schema.series
        ahead = series.horizon if series else 0
        heads = [(h.target, h.task, h.num_classes, h.steps) for h in heads_of(job)]
        goals = [
            (name, g.task, len(g.classes), ahead or g.length)
            for name, g in preparation.goals.items()
        ]
        if heads != goals[: len(goals) * (len(goals) > 1)]:
            raise DataError(f"{self.place.facts} is of other targets than {self.run.data} says.")
        if job.horizon != (ahead if series else preparation.goal.steps):
            raise DataError(f"{self.place.facts} is of another horizon than {self.run.data} says.")
        return preparation

    @cached_property
    def blank(self) -> View:
        """A row without values, as the model sees it.

        Raises:
            DataError: What was fitted does not go with the schema, or with this model.
        """
        with reading(self.run.data / "transforms.json"):
            return view_of(
                self.fit.job, make_views(self.preparation, blank_row(self.preparation.schema))
            )

    @cached_property
    def model(self) -> Any:
        """The architecture or baseline, built, with the weights from disk.

        Raises:
            DataError: The weights are damaged, or not those of this fit.
        """
        with reading(self.place.weights):
            return load_model(self.place, self.fit.job, self.blank)

    def predict(
        self, data: Any, *, images: str | Path | None = None, beam: int = 1
    ) -> "pl.DataFrame":
        """Predict every row of new data; the target column may be there and is not looked at.

        Args:
            data: Whatever `run` takes, with the columns that the run learned from: a file, a frame,
                arrays or tensors, (X, y), a list of rows, or one row as a dict; a folder or .zip
                of pictures, or of one table for each sequence, in class folders or not.
            images: Of a table with paths of pictures: the folder or .zip that they start at; the
                folder of the table by default.
            beam: Of a text that is written: how many beginnings of it are kept; 1 goes on from the
                likeliest token.

        Returns:
            One row per row of data, in its order: row (from 1), the file of a picture, prediction,
            and p:<class> for every class (of several targets prediction:<target> and
            p:<target>:<class>); numbers in the unit of the target, classes in the
            type that they came in, the labels of a row joined by |. Of a long table one row per
            sequence: its first row, its id, and the same; where each step has a target, a line for
            each step. Of time series what follows the last
            known step of each: one row per step, with its time.

        Raises:
            DataError: A column is missing, or does not hold what it held in training.
            RequestError: The model writes no texts, and a beam was asked for.

        Warns:
            What was decided while reading: a cell that is no number is taken as missing; a category
            that no training row has is counted, with an example.
        """
        import polars as pl

        series = self.preparation.schema.series
        if self.preparation.task == "forecast" and series is not None:
            dataset = self.read(data, images, last=True)
            by_target = scores_by_target(self.fit.job, dataset.target, self.scores(dataset))
            forecasts = {
                target: self.preparation.only(target).invert_steps(scores, dataset)
                for target, scores in by_target.items()
            }
            return forecast_ahead(dataset, series, forecasts)
        text = self.preparation.goal.text
        if beam < 1 or (beam > 1 and text is None):
            what = "must be 1 or more" if text is not None else "goes with texts that are written"
            raise RequestError(f"{option('beam', beam)} {what}. Leave it out.")
        dataset = self.read(data, images)
        columns: dict[str, Any] = {"row": dataset.rows}
        if dataset.origin.ids is not None:
            columns[dataset.origin.id_column] = id_series(dataset.origin.ids)
        if dataset.origin.pictures is not None:
            columns["file"] = dataset.origin.pictures.tolist()
        if text is not None:
            written = self.written(dataset, beam)
            return pl.DataFrame({**columns, "prediction": [text.say(own) for own in written]})
        scores = self.scores(dataset)
        if self.fit.job.in_steps:
            member, steps = steps_of(dataset, self.fit.job.horizon)
            columns = {n: take_each(values, member) for n, values in columns.items()}
            columns["step"] = steps
        for target, own in scores_by_target(self.fit.job, dataset.target, scores).items():
            mark, known = f":{target}" if self.fit.job.heads else "", self.preparation.only(target)
            columns |= predicted(known, own if known.classes else own.ravel(), mark)
        return pl.DataFrame(columns)

    def predict_proba(
        self, data: Any, *, images: str | Path | None = None, target: str = ""
    ) -> np.ndarray:
        """Return the probability of each class.

        Args:
            data: As for `predict`, of n rows.
            images: As for `predict`.
            target: Of several: which; "" for the leading one.

        Returns:
            (n, C) float64 between 0 and 1, columns in the order of `classes`, or of the classes of
            that target by name.

        Raises:
            RequestError: There is no such target, or it has numbers, not classes.
            DataError: As for `predict`.
        """
        targets = self.preparation.schema.targets
        target = target or targets[0]
        if target not in targets:
            raise RequestError(unknown("target", target, targets))
        if not self.preparation.goals[target].classes or self.fit.job.in_steps:
            raise RequestError(f"{target} has no classes: use predict.")
        scores = self.scores(self.read(data, images))
        return scores_by_target(self.fit.job, targets[0], scores)[target]

    def score(self, data: Any, *, images: str | Path | None = None) -> float:
        """Return the metric of the run on other data, over the rows whose target is known.

        Args:
            data: As for `predict`, with the target column.
            images: As for `predict`.

        Raises:
            DataError: The target is not among the columns or has no value, or as for `predict`.
        """
        dataset = self.read(data, images)
        if dataset.target not in dataset.arrays:
            raise DataError(f"{dataset.source} has no column {dataset.target!r} to score by.")
        dataset = dataset[~unknown_truth(dataset)]
        if not len(dataset):
            raise DataError(f"No row of {dataset.source} has a value of {dataset.target!r}.")
        return score(METRICS[read_verdict(self.run).metric], self.judged(dataset))

    def judged(self, dataset: Dataset) -> Predictions:
        """Predict rows whose (leading) target is known, and put the truth beside it."""
        scores = self.scores(dataset)
        scores = scores_by_target(self.fit.job, dataset.target, scores)[dataset.target]
        if self.fit.job.in_steps:
            return step_predictions(dataset, self.preparation.only(dataset.target), scores)
        if self.preparation.task == "forecast":
            return Predictions(
                target=dataset.target,
                rows=dataset.rows,
                truth=truth_ahead(dataset),
                scores=self.preparation.invert_steps(scores, dataset),
                period=period_ahead(dataset, spreads_of(self.preparation, dataset, self.spreads)),
            )
        return Predictions(
            target=dataset.target,
            rows=dataset.rows,
            truth=dataset.arrays[dataset.target],
            scores=scores if self.classes else self.preparation.invert(scores),
            classes=self.preparation.classes,
            positive=dataset.schema.positive.get(dataset.target),
        )

    @property
    def spreads(self) -> dict[str, float]:
        """Series -> standard deviation of its training targets, and "" -> that of all.

        Raises:
            DataError: The predictions of the fit are gone, or are of no forecast.
        """
        predictions = self.place.predictions()
        if predictions is None or predictions.period is None:
            raise DataError(f"{self.place.path} holds no forecasts.")
        return {ALL: predictions.period.std, **predictions.period.stds}

    def read(self, data: Any, images: str | Path | None = None, *, last: bool = False) -> Dataset:
        """Read new data as the run read its own; say what was decided, as warnings."""
        dataset = read_inputs(data, self.preparation.schema, images=images, last=last)
        transforms = self.preparation.transforms
        strays = say_strays(transforms, dataset)
        for note in (*dataset.notes, *self.preparation.unknown(dataset), *strays):
            warnings.warn(note, stacklevel=3)
        return dataset

    def scores(self, dataset: Dataset) -> np.ndarray:
        """Return probabilities (n, C), standardised values (n,) of a regression, (n, S) ahead.

        Where each step has a target, those of all steps, one behind the other.
        """
        job, model = self.fit.job, self.model  # damage shows first
        view = view_of(job, make_views(self.preparation, dataset))
        texts = None
        if job.task == "text":
            texts = make_targets(self.preparation, dataset)
        if find(job.architecture).role == "baseline":
            return target_by_target(job, baseline_scores(model, job.view, view.inputs, texts))
        values = {name: plain(source) for name, source in view.inputs.items()}
        known = None if texts is None else plain(texts)
        raw = predict_of(job.framework)(model, values, per_step=job.per_step, texts=known)
        return judged_scores(job, raw)

    def written(self, dataset: Dataset, beam: int) -> np.ndarray:
        """Write a text for each row, as tokens: (n, S).

        Raises:
            RequestError: The model writes nothing.
        """
        job, model = self.fit.job, self.model
        if find(job.architecture).role == "baseline":
            raise RequestError(f"{job.model} only counts tokens, and writes nothing. Name another.")
        view = view_of(job, make_views(self.preparation, dataset))
        predict = predict_of(job.framework)
        return write_tokens(predict, model, view.inputs, steps=job.horizon, beam=beam)


def predict_of(framework: str) -> Callable[..., np.ndarray]:
    """Return the function of a model room that scores rows."""
    if framework == "torch":
        from bakeoff.torch_models.fit import predict
    else:
        from bakeoff.keras_models.fit import predict
    return predict


def steps_of(dataset: Dataset, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the position of the row of each step, and its number in it: (S,) each.

    Args:
        dataset: The rows.
        horizon: Steps of a series; 0 where there are as many as the input has.
    """
    values = dataset.arrays[dataset.schema.inputs[0]]
    lengths = np.full(len(dataset), horizon) if horizon else values.lengths
    member = np.repeat(np.arange(len(dataset)), lengths)
    firsts = np.cumsum(lengths) - lengths
    return member, np.arange(len(member)) - firsts[member] + 1


def take_each(values: Any, positions: np.ndarray) -> Any:
    """Return some values of a column, or of a list."""
    if isinstance(values, list):
        return [values[position] for position in positions.tolist()]
    return values[positions]


def predicted(preparation: Preparation, scores: np.ndarray, mark: str = "") -> dict[str, Any]:
    """Return what is predicted of one target as columns of a table.

    Args:
        preparation: Of that target alone.
        scores: (n, C) probabilities, or (n,) standardised values.
        mark: Behind the names of columns, where there are several targets: ":price".
    """
    names = preparation.classes
    if not names:
        return {f"prediction{mark}": preparation.invert(scores)}
    said: Any = label_texts(scores, names).tolist()
    if preparation.task != "multilabel":
        likeliest = [names[i] for i in scores.argmax(1)]
        said = label_series(likeliest, preparation.schema.labels)
    shares = {f"p{mark}:{name}": scores[:, i] for i, name in enumerate(names)}
    return {f"prediction{mark}": said, **shares}


def load_model(place: FitFolder, job: Job, view: View) -> Any:
    """Build the architecture of a fit, or its baseline, and give it the weights from disk.

    Args:
        place: Where the weights stand.
        job: What was fitted.
        view: A row as the model sees it.
    """
    row = find(job.architecture)
    if row.role == "baseline":
        return load_baseline(place, job, view)
    if job.framework != "torch":
        need_keras(job.framework)
    check_model(place, job, view)
    model = build_model(job, view.sizes)
    set_weights(model, read_weights(place.weights))
    return model


def load_baseline(place: FitFolder, job: Job, view: View) -> Any:
    """Give a baseline its arrays, and let it score the lowest and the highest codes there are.

    Arrays that do not fit each other, or the data, fail here and not in the middle of a prediction.

    Raises:
        DataError: They do not make a model of this task.
    """
    baseline = stored_baseline(job, read_weights(place.weights))
    if job.task == "text":
        return baseline  # its arrays are one share for each token
    if isinstance(baseline, PerStep):
        zeros = np.zeros((2, view.sizes["in_features"]), np.float32)
        check_scores(baseline.model.scores({"x": zeros}), job.num_classes)
        return baseline
    inputs = {name: np.repeat(array, 2, axis=0) for name, array in view.take().items()}
    if "categories" in inputs:
        inputs["categories"][1] = np.array(view.sizes["category_sizes"]) - 1
    width = sum(head.width for head in heads_of(job)) or job.num_classes or job.horizon
    check_scores(baseline.scores(inputs), width)
    return baseline


def check_scores(scores: Any, width: int) -> None:
    """Refuse scores of two rows that are not as many as there are classes; 0: a number each.

    Raises:
        DataError: The message says how many there are.
    """
    shape = np.asarray(scores).shape
    if shape != ((2, width) if width else (2,)):
        raise DataError(f"its arrays give scores of shape {shape} for two rows.")


def check_model(place: FitFolder, job: Job, view: View) -> None:
    """Refuse a fit whose model would have other weights than those in the file.

    It is built without memory, and the shapes are compared before anything is read.

    Raises:
        DataError: It would have other weights, or far more of them, than the file holds.
    """
    import torch

    arguments = [dict(job.arguments), dict(view.sizes), *job.branches.values()]
    found = array_shapes(place.weights)
    stored = sum(math.prod(shape) for shape in found.values())
    most = max(10_000, stored)
    if any(abs(size) > most for size in integers(arguments)):
        raise DataError(
            f"{job.architecture} has an argument above {most:,}, for {stored:,} weights."
        )
    with torch.device("meta"), at_most(2 * len(found) + 16):  # nothing is allocated
        page = build_model(job, view.sizes, "torch")
    if job.framework == "torch":
        check_shapes(found, shapes_of(page), "torch model")
        return
    size = sum(weight.numel() for weight in page.parameters())
    if size > 2 * stored + 1000 or found.keys() != {name for name, *_ in transfers(page)}:
        raise DataError(
            f"{job.architecture} would have {size:,} weights, and the file holds {stored:,}."
        )


@contextmanager
def at_most(arrays: int) -> Iterator[None]:
    """Stop a torch page, while it is built, as soon as it has more weights than so many arrays."""
    from torch.nn.modules.module import register_module_parameter_registration_hook

    numbers = count(1)

    def check(*_: Any) -> None:
        if next(numbers) > arrays:
            raise DataError("its model would have far more arrays than the file holds.")

    hook = register_module_parameter_registration_hook(check)
    try:
        yield
    finally:
        hook.remove()


def integers(value: Any) -> Iterator[int]:
    """Yield the integers in nested lists and tables."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from integers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from integers(item)


def unknown_truth(dataset: Dataset) -> np.ndarray:
    """Return (n,) where the target has no value; of windows, where a step ahead has none."""
    values = dataset.arrays[dataset.target]
    if dataset.schema.tasks[dataset.target] in PER_STEP:
        return ~known_rows(values)
    if isinstance(values, Sequences):
        return np.asarray(np.isnan(np.asarray(values, np.float64)).reshape(len(values), -1).any(1))
    return is_missing(values)


def blank_row(schema: Schema) -> Dataset:
    """Make one row of data by the schema of a run: zeros, or nothing in any column."""
    import polars as pl

    if schema.series is not None:
        return blank_window(schema, schema.series)
    shaped = {n: isinstance(schema.column(n).form, ShapeForm) for n in schema.inputs}
    if len(shaped) > 1 and any(shaped.values()):
        cells = tuple(name for name, array in shaped.items() if not array)
        apart = [*((name,) for name, array in shaped.items() if array), *([cells] if cells else [])]
        rows = [blank_row(replace(schema, inputs=own)) for own in apart]
        arrays = {name: values for row in rows for name, values in row.arrays.items()}
        return replace(rows[0], schema=schema, arrays=arrays)
    form = schema.column(schema.inputs[0]).form
    if isinstance(form, ShapeForm):
        sizes = [size or 1 for size in form.sizes]
        if math.prod(sizes) > MOST_CELLS:
            raise DataError(f"a row of {form} has more than {MOST_CELLS:,} numbers.")
        return read_inputs(np.zeros((1, *sizes)), schema)
    return read_inputs(pl.DataFrame({name: [None] for name in schema.inputs}), schema)


def blank_window(schema: Schema, form: SeriesForm) -> Dataset:
    """Make one window over a time series of zeros, without a table to read it from."""
    if form.lookback * form.width > MOST_CELLS:
        raise DataError(
            f"a window of {form.lookback:,} steps has more than {MOST_CELLS:,} numbers."
        )
    steps = np.zeros((form.lookback, form.width), np.float32)
    windows = Sequences(steps, np.zeros(1, np.int64), np.array([form.lookback]))
    return Dataset(
        schema=schema,
        arrays={schema.inputs[0]: windows},
        origin=Origin(rows=np.ones(1, np.int64)),
        source="a blank window",
    )


def open_model(folder: RunFolder, model: str | None = None) -> TrainedModel:
    """Return the best fit of a run, or the best of one model.

    Args:
        folder: Of a finished run.
        model: Its name, or "cnn (tensorflow)" as the leaderboard writes it; None: the winner.

    Raises:
        DataError: A file of the run is damaged.
        RequestError: It has no such model, or none of its fits finished.
    """
    verdict = read_verdict(folder)
    if model is None:
        best = verdict.best
        place = next(
            (p for p in folder.fits(best.model, best.framework) if p.seed == best.seed), None
        )
        if place is None:
            raise DataError(f"{folder.path} lacks the fit that its verdict names as the best.")
        return TrainedModel(place, folder, place.read()[0])
    name, _, framework = model.rstrip(")").partition(" (")
    read = [(place, *place.read()) for place in folder.fits(name, framework)]
    done = [(place, fit, value) for place, fit, value in read if fit.status == "finished"]
    if not done:
        raise RequestError(f"No fit of {model} finished in {folder.path}.")
    place, fit, _ = done[best_of([value for *_, value in done], METRICS[verdict.metric])]
    return TrainedModel(place, folder, fit)
