"""Frames: the fits of a run, and their predictions, as polars tables."""

from typing import TYPE_CHECKING

from bakeoff.documents import ADVICE
from bakeoff.errors import DataError, RequestError, unknown
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.read_schema import read_schema

if TYPE_CHECKING:
    import polars as pl


def fits_frame(folder: RunFolder) -> "pl.DataFrame":
    """Return one row per fit, by model, framework and seed.

    Columns: model, framework, seed, architecture, status ("finished" or "failed"), epochs,
    best_epoch, stopped (why training ended), validation (score of the metric judged), parameters,
    train_seconds, predict_microseconds (per test row), device, error.
    """
    import polars as pl

    rows = []
    for place in folder.fits():
        fit, validation = place.read()
        job = fit.job
        rows.append(
            {
                "model": job.model,
                "framework": job.framework,
                "seed": job.seed,
                "architecture": job.architecture,
                "status": fit.status,
                "epochs": fit.epochs,
                "best_epoch": fit.best_epoch,
                "stopped": fit.stopped,
                "validation": validation,
                "parameters": fit.parameters,
                "train_seconds": fit.train_seconds,
                "predict_microseconds": fit.predict_microseconds,
                "device": job.device,
                "error": fit.error,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def predictions_frame(folder: RunFolder, target: str = "") -> "pl.DataFrame":
    """Return what every finished fit predicted for every test row.

    Args:
        folder: Of the run.
        target: Of several: which; "" for the leading one.

    Columns: model, framework, seed, row (of the user's file, from 1), the id of a sequence or
    g:<column> of a group where there is one, truth, prediction, and p:<class> for every class. Of a
    forecast, one line per window and step: row, series (of several), time, step, truth, prediction.
    Where each step has a target there is a line for each, and its number in `step`.

    Raises:
        DataError: A file of predictions is damaged, or there is none.
        RequestError: The run has no such target.
    """
    import polars as pl

    known = read_schema(folder).targets if target else ()
    if target and target not in known:
        raise RequestError(unknown("target", target, known))
    tables: list[pl.DataFrame] = []
    for place in folder.fits():
        fit, _ = place.read()
        predictions = place.predictions(target)
        if predictions is not None:
            job, table = fit.job, predictions.frame()
            if tables and table.schema != tables[0].drop("model", "framework", "seed").schema:
                raise DataError(
                    f"{place.path} has predictions of other columns than other fits. {ADVICE}"
                )
            line = {"model": job.model, "framework": job.framework, "seed": job.seed}
            tables.append(table.select(*(pl.lit(v).alias(k) for k, v in line.items()), pl.all()))
    if not tables:
        raise DataError(f"{folder.path} holds no predictions: no fit finished.")
    return pl.concat(tables)
