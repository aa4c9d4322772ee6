"""Record fits as they end: the one place where test targets are read."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.preparing.preparation import answered
from bakeoff.documents import writing
from bakeoff.errors import RunError, option
from bakeoff.evaluate.metrics import score
from bakeoff.evaluate.period_ahead import period_ahead, spreads_of, truth_ahead
from bakeoff.evaluate.predictions import Predictions
from bakeoff.evaluate.step_predictions import step_predictions
from bakeoff.plan.plan import Plan
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Done, Event
from bakeoff.train.head import scores_by_target
from bakeoff.train.job import Fit, Job
from bakeoff.train.recipe import rate_to_try

WEIGHTS = "weights.safetensors"  # what a worker leaves beside scores


def record(folder: RunFolder, plan: Plan, event: Event, left: Path) -> Event:
    """Move what a worker left into the run folder: weights, predictions, history, fit.json last.

    Then status.json tells how far the run came, whatever ends it.

    Args:
        folder: Of the run.
        plan: What is carried out.
        event: Only Done has something to record; all others pass as they are.
        left: Where the worker left weights and scores.

    Returns:
        The event; its fit is marked as failed when its scores are not finite numbers.

    Raises:
        RunError: The run folder cannot be written.
    """
    if not isinstance(event, Done):
        return event
    fit = record_fit(folder, plan, event.fit, left)
    folder.mark("unfinished", fits=len(plan.jobs), ended=folder.count_ended(plan.jobs))
    return Done(fit)


def record_fit(folder: RunFolder, plan: Plan, fit: Fit, left: Path) -> Fit:
    """Record one fit."""
    place = folder.fit_of(fit.job)
    validation = None
    if fit.job.task == "pairs" and not fit.error:
        if gone := what_was_removed(left, WEIGHTS):
            fit = replace(fit, error=gone)
        else:
            validation = float(fit.history[fit.best_epoch - 1]["validation_metric"])
            move_weights(place, left)
    elif not fit.error:
        try:
            validation_scores, test_scores = scores_left(left)
            found = score(plan.metric, judged(plan, fit.job, validation_scores, "validation")[0])
            predictions = judged(plan, fit.job, test_scores, "test", written_texts(plan, left))
        except RunError as error:
            fit = replace(fit, error=str(error))
        else:
            validation = found if np.isfinite(found) else None
            for own in predictions:
                place.write_predictions(own)
            move_weights(place, left)
    place.write(fit, validation)
    place.checkpoint(fit.job).remove()
    return fit


def move_weights(place: FitFolder, left: Path) -> None:
    """Move the weights that a worker left to where they belong."""
    with writing(place.weights) as draft:
        shutil.move(left / WEIGHTS, draft)


def scores_left(left: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return what a worker left: scores of validation and of test rows.

    Raises:
        RunError: It is gone, as when somebody clears the temporary folder.
    """
    files = ("validation.npy", "test.npy")
    if gone := what_was_removed(left, *files, WEIGHTS):
        raise RunError(gone)
    validation, test = (np.load(left / name) for name in files)
    return validation, test


def what_was_removed(left: Path, *names: str) -> str:
    """Say which of the files that a worker left is gone; "" where none is."""
    gone = next((left / name for name in names if not (left / name).is_file()), None)
    if gone is None:
        return ""
    return f"{gone}, which the worker wrote, was removed before it could be recorded."


def written_texts(plan: Plan, left: Path) -> list[str]:
    """Return what a fit wrote for the first test rows; nothing where it writes no texts."""
    text, file = plan.preparation.goal.text, left / "written.npy"
    if text is None or not file.is_file():
        return []
    return [text.say(tokens) for tokens in np.load(file, allow_pickle=False)]


def judged(
    plan: Plan, job: Job, scores: np.ndarray, part: str, written: Sequence[str] = ()
) -> list[Predictions]:
    """Put the scores of a part beside its truth, in the user's units, target by target.

    Args:
        plan: What was carried out.
        job: What was fitted.
        scores: As the worker left them.
        part: "validation" or "test".
        written: Texts that were written for its first rows.

    Raises:
        RunError: A score is not a finite number; of a network with a rate to try.
    """
    by_target = scores_by_target(job, plan.dataset.target, scores)
    if job.in_steps:
        positions = getattr(plan.split, part)
        groups, column = groups_of(plan, positions)
        own: dict[str, Any] = {"groups": groups, "group_column": column, "written": written}
        rows, preparation = plan.dataset[positions], plan.preparation
        with advised(job):
            return [
                step_predictions(rows.only(name), preparation.only(name), values, **own)
                for name, values in by_target.items()
            ]
    return [judged_alone(plan, job, name, own, part) for name, own in by_target.items()]


@contextmanager
def advised(job: Job) -> Iterator[None]:
    """Say with which rate to try again where scores are no numbers."""
    try:
        yield
    except RunError as error:
        if not job.recipe:
            raise
        rate = option("lr", rate_to_try(job.recipe["lr"]))
        raise RunError(f"{error} Try {rate}.") from error


def judged_alone(plan: Plan, job: Job, target: str, scores: np.ndarray, part: str) -> Predictions:
    """Put the scores of one target beside its truth, over the rows of a part that have one."""
    dataset, preparation = plan.dataset.only(target), plan.preparation.only(target)
    positions = getattr(plan.split, part)
    if len(plan.dataset.schema.targets) > 1:
        known = np.isin(positions, answered(dataset, positions))
        positions, scores = positions[known], scores[known]
    classes = tuple(preparation.classes)
    groups, group_column = groups_of(plan, positions)
    with advised(job):
        if preparation.task == "forecast":
            windows = dataset[positions]
            spreads = spreads_of(preparation, windows, plan.spreads[target])
            return Predictions(
                target=dataset.target,
                rows=windows.rows,
                truth=truth_ahead(windows),
                scores=preparation.invert_steps(scores, windows),
                period=period_ahead(windows, spreads),
            )
        return Predictions(
            target=dataset.target,
            rows=dataset.rows[positions],
            truth=dataset.arrays[dataset.target][positions],
            scores=scores if classes else preparation.invert(scores),
            classes=classes,
            positive=dataset.schema.positive.get(dataset.target),
            labels=dataset.schema.labels,
            ids=None if dataset.origin.ids is None else dataset.origin.ids[positions],
            id_column=dataset.origin.id_column,
            groups=groups,
            group_column=group_column,
        )


def groups_of(plan: Plan, positions: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Return the group of each row and its column, where whole groups were dealt out: (n,) int."""
    if plan.split.method != "group" or plan.preparation.task == "forecast":
        return None, ""
    if not plan.split.by:  # whole time series
        schema = plan.dataset.schema
        windows = plan.dataset.arrays[schema.inputs[0]][positions]
        return windows.members(), schema.series.series if schema.series else ""
    (column,) = plan.split.by
    values = plan.dataset.arrays[column][positions]
    names = values.astype(str) if values.dtype == object else values  # as the split tells them
    return np.unique(names, return_inverse=True)[1].astype(np.int64), column
