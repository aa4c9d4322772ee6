"""From scores to the record of a fit: the one place where test targets are read."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.splitting.split import Split
from bakeoff.errors import RunError
from bakeoff.evaluate.metrics import METRICS, Metric, score
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions
from bakeoff.judge.entry import Entry
from bakeoff.judge.leaderboard import make_leaderboard, write_leaderboard
from bakeoff.judge.verdict import reach_verdict, write_verdict
from bakeoff.runs.folder import read_fit, write_fit
from bakeoff.train.job import Fit


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
            validation = validation if np.isfinite(validation) else None
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
    """Return a target's name as the name of a file: what no system allows becomes _.

    Long names are cut, with a mark of the whole; the true name stands in the file's metadata.
    """
    safe = "".join("_" if letter in '<>:"/\\|?*' or letter < " " else letter for letter in target)
    if len(safe.encode()) > 80 or safe != safe.rstrip(". "):
        mark = hashlib.sha256(target.encode()).hexdigest()[:8]
        safe = f"{safe.encode()[:60].decode(errors='ignore').rstrip('. ')}-{mark}"
    return safe


def entries_of(run: Path) -> list[Entry]:
    """Read all recorded fits of a run, as the comparison takes them."""
    found = [read_entry(path.parent) for path in (run / "fits").glob("*/*/fit.json")]
    return sorted(found, key=lambda entry: (entry.model, entry.framework, entry.seed))


def read_entry(folder: Path) -> Entry:
    """Read one recorded fit and its predictions."""
    fit, validation = read_fit(folder)
    job, row = fit.job, find(fit.job.architecture)
    baseline = row.role == "baseline"
    files = sorted((folder / "predictions").glob("*.parquet"))
    return Entry(
        model=job.model,
        framework=job.framework,
        seed=job.seed,
        architecture=row.name,
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


def settle(run: Path, metric: Metric, notes: Sequence[str] = ()) -> None:
    """Reach the verdict over all recorded fits; write it and the leaderboard.

    Args:
        notes: What else a reader should know before trusting the verdict.

    Raises:
        RunError: Every fit failed.
    """
    entries = entries_of(run)
    if all(entry.error for entry in entries):
        first = entries[0]
        raise RunError(f"Every fit failed. {first.model}, seed {first.seed}: {first.error}")
    judged = defined(metric, entries)
    if judged is not metric:  # validation scores are of the other metric: the first seed is taken
        entries = [replace(entry, validation=None) for entry in entries]
    verdict = reach_verdict(entries, judged)
    if judged is not metric:
        why = f"{metric.label} is not defined on these test rows, so {judged.label} decides."
        notes = (why, *notes)
    verdict = replace(verdict, warnings=(*notes, *verdict.warnings))
    write_verdict(verdict, run / "verdict.json")
    write_leaderboard(make_leaderboard(entries, verdict), run)


def defined(metric: Metric, entries: Sequence[Entry]) -> Metric:
    """Return the metric, or the first other one of its task that the test rows define."""
    test = next(entry.predictions for entry in entries if entry.predictions is not None)
    others = [other for other in METRICS.values() if set(other.tasks) & set(metric.tasks)]
    good = [m for m in (metric, *others) if np.isfinite(score(m, test))]
    return good[0] if good else metric
