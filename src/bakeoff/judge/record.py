"""Record fits as they end: the one place where test targets are read."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from bakeoff.errors import RunError
from bakeoff.evaluate.metrics import score
from bakeoff.evaluate.predictions import Predictions
from bakeoff.plan.plan import Plan
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Done, Event
from bakeoff.train.job import Fit


def record(folder: RunFolder, plan: Plan, event: Event, left: Path) -> Event:
    """Move what a worker left into the run folder: weights, predictions, history, fit.json last.

    Args:
        folder: Of the run.
        plan: What is carried out.
        event: Only Done has something to record; all others pass as they are.
        left: Where the worker left weights and scores.

    Returns:
        The event; its fit is marked as failed when its scores are not finite numbers.
    """
    if not isinstance(event, Done):
        return event
    return Done(record_fit(folder, plan, event.fit, left))


def record_fit(folder: RunFolder, plan: Plan, fit: Fit, left: Path) -> Fit:
    """Record one fit."""
    place = folder.fit_of(fit.job)
    place.path.mkdir(parents=True, exist_ok=True)
    validation = None
    if not fit.error:
        try:
            found = score(plan.metric, judged(plan, np.load(left / "validation.npy"), "validation"))
            validation = found if np.isfinite(found) else None
            place.write_predictions(judged(plan, np.load(left / "test.npy"), "test"))
            shutil.move(left / "weights.safetensors", place.weights)
        except RunError as error:
            fit = replace(fit, error=str(error))
    place.write(fit, validation)
    return fit


def judged(plan: Plan, scores: np.ndarray, part: str) -> Predictions:
    """Put the scores of a part beside its truth, in the user's units."""
    dataset, preparation = plan.dataset, plan.preparation
    positions = getattr(plan.split, part)
    classes = () if preparation.task == "regression" else tuple(preparation.classes)
    return Predictions(
        target=dataset.target,
        rows=dataset.rows[positions],
        truth=dataset.arrays[dataset.target][positions],
        scores=scores if classes else preparation.invert(scores),
        classes=classes,
        positive=dataset.schema.positive.get(dataset.target),
        labels=dataset.schema.labels,
    )
