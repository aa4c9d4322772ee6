"""Judge a run: from the recorded fits to the verdict and the leaderboard."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.errors import DataError, RunError
from bakeoff.evaluate.metrics import Metric, metrics_of, score, task_of
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.entry import Entry
from bakeoff.judge.leaderboard import (
    joined_leaderboards,
    make_leaderboard,
    with_settings,
    write_leaderboard,
)
from bakeoff.judge.samples import sample_of, sampled
from bakeoff.judge.verdict import Verdict, reach_verdict, write_verdict
from bakeoff.listed import listed
from bakeoff.plan.branches import VARIED
from bakeoff.plan.plan import Plan
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.read_schema import read_fingerprint
from bakeoff.train.job import Job, line_names


def judge_run(folder: RunFolder, plan: Plan) -> None:
    """Reach the verdict over all recorded fits; write it and the leaderboard.

    Where something was removed in the meantime, the verdict over the rest says so, and the run has
    failed.

    Args:
        folder: Of the run, all fits recorded.
        plan: What was carried out: it names the fits, the metric, and what to beware of.

    Raises:
        RunError: Every fit failed, or something is missing.
    """
    gone = what_is_gone(folder, plan)
    verdicts, tables = [], []
    settings = {k: v[VARIED] for k, v in plan.experiment.models.items() if VARIED in v}
    for target, metric in plan.metrics.items():
        entries = entries_of(folder, plan.jobs, target if len(plan.metrics) > 1 else "")
        verdict, entries = judge_target(folder, plan, metric, entries, gone)
        verdicts.append(verdict)
        tables.append(with_settings(make_leaderboard(entries, verdict), settings))
    leading, *others = verdicts
    write_verdict(replace(leading, further=tuple(own.target for own in others)), folder)
    for own in others:
        write_verdict(own, folder, own.target)
    write_leaderboard(joined_leaderboards(verdicts, tables), folder)
    if gone:
        raise RunError(gone)


def judge_target(
    folder: RunFolder, plan: Plan, metric: Metric, entries: list[Entry], gone: str
) -> tuple[Verdict, list[Entry]]:
    """Reach the verdict over one target.

    Args:
        folder: Of the run.
        plan: What was carried out.
        metric: What is judged of this target.
        entries: All fits, with what each predicted of it.
        gone: What is missing, in a sentence; "" where nothing is.

    Returns:
        The verdict, and the entries that it rests on.

    Raises:
        RunError: Every fit failed.
    """
    if gone and all(entry.error for entry in entries):
        raise RunError(gone)
    if all(entry.error for entry in entries):
        first = entries[0]
        raise RunError(f"Every fit failed. {first.model}, seed {first.seed}: {first.error}")
    notes = tuple(plan.cautions)
    judged = defined(metric, entries)
    if judged is not metric:  # validation scores are of the other metric: the first seed is taken
        entries = [replace(entry, validation=None) for entry in entries]
    readings = count_readings(folder, plan.dataset.fingerprint)
    verdict = reach_verdict(entries, judged, test_readings=readings)
    if judged is not metric:
        why = f"{metric.label} is not defined on these test rows, so {judged.label} decides."
        notes = (why, *notes)
    notes = (gone, *notes) if gone else notes
    return replace(verdict, warnings=(*notes, *verdict.warnings)), entries


def what_is_gone(folder: RunFolder, plan: Plan) -> str:
    """Say how many of the fits that the plan promised are missing, and which; "" when none is.

    What was recorded before training counts as well: without it a run cannot be used.
    """
    names = line_names(job.line for job in plan.jobs)
    lost = [
        f"{names[job.line]} seed {job.seed}"
        for job in plan.jobs
        if not folder.fit_of(job).is_whole()
    ]
    files = [
        file.relative_to(folder.path).as_posix() for file in folder.recorded if not file.is_file()
    ]
    fits = f"{len(lost)} of {len(plan.jobs)} fits ({listed(lost, most=4)})" if lost else ""
    missing = [fits, *files] if fits else files
    if not missing:
        return ""
    return (
        f"Missing in {folder.shown}: {listed(missing, most=4)}. Something removed them while the "
        "run was going on. Run it again; what is left stays there, marked as failed."
    )


def count_readings(folder: RunFolder, fingerprint: str) -> int:
    """Count the runs in this place that have judged the same data, this one included.

    A neighbour that is damaged, unfinished or of another format says nothing and is passed over.
    """
    readings = 1
    for other in folder.beside():
        with suppress(DataError, OSError):
            if other.verdict.is_file():
                readings += read_fingerprint(other) == fingerprint
    return readings


def entries_of(folder: RunFolder, jobs: Sequence[Job], target: str = "") -> list[Entry]:
    """Read the recorded fits of a run, as the comparison takes them; of several targets one."""
    promised = {folder.fit_of(job) for job in jobs}
    return [
        read_entry(place, target)
        for place in folder.fits()
        if place in promised and place.is_whole()
    ]


def read_entry(place: FitFolder, target: str = "") -> Entry:
    """Read one recorded fit and its predictions; validation scores are of the leading target."""
    fit, validation = place.read()
    if target and target != next(iter(fit.job.heads), target):
        validation = None
    job, row = fit.job, find(fit.job.architecture)
    baseline = row.role == "baseline"
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
        predictions=None if fit.error else place.predictions(target),
    )


def defined(metric: Metric, entries: Sequence[Entry]) -> Metric:
    """Return the metric, or the first other one of its task that the test rows define.

    R2 of 1, 1, 1, 2 is a number, but has no interval: without the last row it is none.
    """
    test = next(entry.predictions for entry in entries if entry.predictions is not None)
    others = metrics_of(task_of(test))
    good = [m for m in (metric, *others) if is_defined(m, test)]
    return good[0] if good else metric


def is_defined(metric: Metric, test: Predictions) -> bool:
    """Whether the test rows define a metric, and its spread."""
    values = sampled(metric, test, sample_of(metric, test))
    return bool(np.isfinite(score(metric, test)) and np.isfinite(values).all())
