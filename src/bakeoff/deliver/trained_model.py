"""A trained model, read back from its run: the same predictions on new data."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.data.preparing.preparation import Preparation, load_preparation
from bakeoff.data.read import read_inputs
from bakeoff.errors import RequestError, did_you_mean
from bakeoff.evaluate.metrics import METRICS, Metric
from bakeoff.numeric import probabilities
from bakeoff.runs.folder import check_finished, read_fit, read_json
from bakeoff.train.job import Fit, page_arguments
from bakeoff.train.keras_backend import need_keras
from bakeoff.train.memory_order import in_memory_order
from bakeoff.train.weights import load_weights

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One fit of a run.

    Args:
        run: The folder of the run.
        fit: What is known of it.

    Example:
        `bakeoff.open_run("runs/water").best.predict("new.csv")`
    """

    run: Path
    fit: Fit

    @property
    def folder(self) -> Path:
        """Where its files stand."""
        return self.run / "fits" / self.fit.job.folder

    def predict(self, data: Any) -> "pl.DataFrame":
        """Predict every row of new data; the target column may be there and is not looked at.

        Args:
            data: A file, a frame or arrays, with the columns that the run learned from.

        Returns:
            One row per row of data, in its order: row (from 0), prediction, and p:<class> for every
            class; numbers in the unit of the target.

        Raises:
            DataError: A column is missing, or does not hold what it held in training.

        Warns:
            What was decided while reading: a cell that is no number is taken as missing.
        """
        import polars as pl

        preparation = load_preparation(self.run / "data")
        dataset = read_inputs(data, preparation.schema)
        for note in dataset.notes:
            warnings.warn(note, stacklevel=2)
        scores = self.scores(preparation, dataset)
        columns: dict[str, Any] = {"row": np.arange(len(scores))}
        if preparation.task == "regression":
            columns["prediction"] = preparation.invert(scores)
        else:
            names = np.array(preparation.classes, dtype=object)
            columns["prediction"] = pl.Series(values=list(names[scores.argmax(1)]), dtype=pl.String)
            columns |= {f"p:{name}": scores[:, i] for i, name in enumerate(names)}
        return pl.DataFrame(columns)

    def scores(self, preparation: Preparation, dataset: Any) -> np.ndarray:
        """Return probabilities (n, C), or standardised values (n,) for a regression."""
        job = self.fit.job
        view = preparation.views(dataset)[job.view]
        row = find(job.architecture)
        weights = self.folder / "weights.safetensors"
        if row.role == "baseline":
            from safetensors.numpy import load_file

            model = load(row, "torch").from_state(load_file(weights), job.task, job.num_classes)
            return np.asarray(model.scores(view.inputs))
        if job.framework != "torch":
            need_keras(job.framework)
        model = load(row, job.framework)(**page_arguments(job, view.sizes))
        load_weights(model, weights)
        if job.framework == "torch":
            from bakeoff.torch_models.fit import predict
        else:
            from bakeoff.keras_models.fit import predict
        inputs = in_memory_order(job.view, job.framework, view.inputs)
        return probabilities(predict(model, inputs), job.task)


def open_model(run: Path, model: str | None = None) -> TrainedModel:
    """Return the best fit of a run, or the best of one model.

    Raises:
        DataError: The run is not finished.
        RequestError: It has no such model, or none of its fits finished.
    """
    check_finished(run)
    if model is None:
        folder = read_json(run / "verdict.json")["best"]["folder"]
        return TrainedModel(run, read_fit(run / folder)[0])
    names = [path.name for path in sorted((run / "fits").iterdir())]
    model, _, framework = model.rstrip(")").partition(" (")  # as the leaderboard writes it
    if model not in names:
        raise RequestError(
            f"{run} has no model {model!r}.{did_you_mean(model, names)} It has: {', '.join(names)}."
        )
    metric = METRICS[read_json(run / "verdict.json")["metric"]]
    return TrainedModel(run, best_fit(run / "fits" / model, metric, framework))


def best_fit(folder: Path, metric: Metric, framework: str = "") -> Fit:
    """Return the fit of a model (on one framework) with the best validation score."""
    files = sorted(folder.glob(f"{framework}-*/fit.json" if framework else "*/fit.json"))
    fits = [read_fit(path.parent) for path in files]
    finished = [(score, fit) for fit, score in fits if fit.status == "finished"]
    if not finished:
        raise RequestError(f"No fit of {folder.name} finished; see {folder}.")
    finished.sort(key=lambda pair: pair[1].job.seed)  # of equal ones the first seed, as in verdicts

    def merit(pair: tuple[float | None, Fit]) -> float:
        return -np.inf if pair[0] is None else metric.sign * pair[0]

    return max(finished, key=merit)[1]
