"""A trained model, read back from its run: the same predictions on new data."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.data.preparing.preparation import Preparation, load_preparation
from bakeoff.data.read import read_inputs
from bakeoff.data.taking.views import make_views
from bakeoff.errors import DataError, RequestError
from bakeoff.evaluate.metrics import METRICS
from bakeoff.judge.best import best_of
from bakeoff.judge.verdict import read_verdict
from bakeoff.numeric import probabilities
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
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
        place: Where its files stand.
        run: The folder of the run.
        fit: What is known of it.

    Example:
        `bakeoff.open_run("runs/water").best.predict("new.csv")`
    """

    place: FitFolder
    run: RunFolder
    fit: Fit

    def predict(self, data: Any) -> "pl.DataFrame":
        """Predict every row of new data; the target column may be there and is not looked at.

        Args:
            data: A file, a frame or arrays, with the columns that the run learned from.

        Returns:
            One row per row of data, in its order: row (from 1), prediction, and p:<class> for every
            class; numbers in the unit of the target.

        Raises:
            DataError: A column is missing, or does not hold what it held in training.

        Warns:
            What was decided while reading: a cell that is no number is taken as missing.
        """
        import polars as pl

        preparation = load_preparation(self.run.data)
        dataset = read_inputs(data, preparation.schema)
        for note in dataset.notes:
            warnings.warn(note, stacklevel=2)
        scores = self.scores(preparation, dataset)
        columns: dict[str, Any] = {"row": dataset.rows}
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
        view = make_views(preparation, dataset)[job.view]
        row = find(job.architecture)
        weights = self.place.weights
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
    done = [(place, fit, score) for place, fit, score in read if fit.status == "finished"]
    if not done:
        raise RequestError(f"No fit of {model} finished in {folder.path}.")
    place, fit, _ = done[best_of([score for *_, score in done], METRICS[verdict.metric])]
    return TrainedModel(place, folder, fit)
