"""From scores to the record of a fit: the one place where test targets are read."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.compare.entries import Entry
from bakeoff.compare.folder import read_fit, write_fit
from bakeoff.compare.leaderboard import make_leaderboard, write_leaderboard
from bakeoff.compare.verdict import reach_verdict, write_verdict
from bakeoff.data.dataset import Dataset
from bakeoff.data.splits import Split
from bakeoff.data.views import Preparation
from bakeoff.errors import RunError
from bakeoff.evaluate.metrics import Metric, score
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions
from bakeoff.train.plan import Fit


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """What is needed to judge a fit: the data, the split, the way back to the user's units."""

    dataset: Dataset
    split: Split
    preparation: Preparation
    metric: Metric

    def predictions(self, scores: np.ndarray, part: str) -> Predictions:
        """Put the scores of a part beside its truth, in the user's units."""
        rows = getattr(self.split, part)
        target = self.dataset.target
        classes = () if self.preparation.task == "regression" else tuple(self.preparation.classes)
        return Predictions(
            target=target,
            rows=rows,
            truth=self.dataset.arrays[target][rows],
            scores=scores if classes else self.preparation.invert(scores),
            classes=classes,
            positive=self.dataset.schema.positive.get(target),
        )


def record(run: Path, scratch: Path, fit: Fit, judge: Judge) -> Fit:
    """Move what a worker left into the run folder: weights, predictions, history, fit.json last.

    Returns:
        The fit, marked as failed when its scores are not finite numbers.
    """
    folder = run / "fits" / fit.job.folder
    folder.mkdir(parents=True, exist_ok=True)
    validation = None
    if not fit.error:
        try:
            held_out = judge.predictions(np.load(scratch / "validation.npy"), "validation")
            validation = score(judge.metric, held_out)
            test = judge.predictions(np.load(scratch / "test.npy"), "test")
            write_predictions(test, folder / "predictions" / f"{file_name(test.target)}.parquet")
            shutil.move(scratch / "weights.safetensors", folder / "weights.safetensors")
        except RunError as error:
            fit = failed(fit, str(error))
    write_fit(folder, fit, validation)
    return fit


def failed(fit: Fit, why: str) -> Fit:
    """Return the fit as one that failed."""
    return replace(fit, error=why)


def file_name(target: str) -> str:
    """Return a target's name as the name of a file: what no system allows becomes _."""
    return "".join("_" if letter in '<>:"/\\|?*' or letter < " " else letter for letter in target)


def entries_of(run: Path) -> list[Entry]:
    """Read all recorded fits of a run, as the comparison takes them."""
    found = [read_entry(path.parent) for path in (run / "fits").glob("*/*/fit.json")]
    return sorted(found, key=lambda entry: (entry.candidate, entry.framework, entry.seed))


def read_entry(folder: Path) -> Entry:
    """Read one recorded fit and its predictions."""
    fit, validation = read_fit(folder)
    job, row = fit.job, find(fit.job.row)
    baseline = row.role == "baseline"
    files = sorted((folder / "predictions").glob("*.parquet"))
    return Entry(
        candidate=job.candidate,
        framework=job.framework,
        split=job.split,
        seed=job.seed,
        page=row.page,
        baseline=baseline,
        seedless=baseline and bool(load(row, "torch").seedless),
        parameters=fit.parameters,
        epochs=None if baseline else fit.epochs,
        validation=validation,
        train_seconds=fit.train_seconds,
        predict_microseconds=fit.predict_microseconds,
        error=fit.error,
        predictions=read_predictions(files[0]) if files and not fit.error else None,
    )


def settle(run: Path, metric: Metric) -> None:
    """Reach the verdict over all recorded fits; write it and the leaderboard.

    Raises:
        RunError: Every fit failed.
    """
    entries = entries_of(run)
    if all(entry.error for entry in entries):
        first = entries[0]
        raise RunError(f"Every fit failed. {first.candidate}, seed {first.seed}: {first.error}")
    verdict = reach_verdict(entries, metric)
    write_verdict(verdict, run / "verdict.json")
    write_leaderboard(make_leaderboard(entries, verdict), run)
