"""Unfinished runs: what a run that was stopped or killed still lacks, and if it can go on."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.splitting.split_file import load_split
from bakeoff.documents import read_json
from bakeoff.errors import DataError, RequestError
from bakeoff.runs.environment import installed
from bakeoff.runs.folder import STATUS, RunFolder
from bakeoff.runs.read_schema import read_environment, read_fingerprint
from bakeoff.train.checkpoint import written_out

if TYPE_CHECKING:
    from bakeoff.plan.plan import Plan
    from bakeoff.train.job import Job

LOCK = "running.lock"  # held by the process that trains, and by nobody once it is gone


def open_unfinished(path: Path, given: str = "") -> RunFolder:
    """Return the folder of a run that can go on.

    Args:
        path: Of the folder.
        given: As the user wrote it.

    Raises:
        DataError: It is none.
        RequestError: The run is finished, or was stopped before it had written its plan.
    """
    folder = RunFolder(path, given=given or str(path))
    status = read_json(folder.status, STATUS)["status"]
    if status in ("finished", "unjudged"):
        more = f" See {folder.report.name} in it." if status == "finished" else ""
        raise RequestError(f"{folder.shown} is finished: there is nothing to resume.{more}")
    missing = next((file for file in folder.recorded if not file.is_file()), None)
    if missing is not None:
        raise RequestError(
            f"{folder.shown} was stopped before its plan was written ({missing.name} is missing): "
            "remove it, and start the run anew."
        )
    return folder


@contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """Hold a run folder, so that no second process trains into it.

    The lock goes with the process that holds it, however that ends.

    Raises:
        RequestError: Another process holds it.
    """
    if sys.platform == "win32":
        yield  # no such locks there
        return
    import fcntl

    path = folder.path / LOCK
    try:
        file = path.open("w")
    except OSError:
        yield  # a folder that cannot be written says so where it must be
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RequestError(
                f"{folder.shown} is being trained by another process. Wait until it ends, or stop "
                "it."
            ) from error
        yield
        with suppress(OSError):
            path.unlink()


def missing_jobs(folder: RunFolder, plan: Plan) -> list[Job]:
    """Return the fits that have not ended, in the order of the plan.

    Args:
        folder: Of the run.
        plan: Made again, of the same data.

    Raises:
        RequestError: Data, split or plan are others than those of the run.
    """
    if plan.dataset.fingerprint != read_fingerprint(folder):
        raise RequestError(
            f"{folder.shown}: the data are not what they were when the run began, so that its fits "
            "cannot go on. Start a new run."
        )
    stored = load_split(folder.split, plan.dataset)
    if not all((a == b).all() for a, b in zip(stored.parts, plan.split.parts, strict=True)):
        raise RequestError(f"{folder.shown}: the rows are split otherwise. Start a new run.")
    missing = []
    for job in plan.jobs:
        place = folder.fit_of(job)
        if not place.is_whole():
            missing.append(job)
        elif written_out(place.read()[0].job) != written_out(job):
            raise RequestError(
                f"{folder.shown}: the fit of {job.model}, seed {job.seed}, was made with other "
                "settings than the plan has. Start a new run."
            )
    return missing


def say_versions(folder: RunFolder) -> Iterator[str]:
    """Say which libraries are of another version than when the run began.

    Raises:
        DataError: environment.json is damaged.
    """
    for name, before in read_environment(folder)["versions"].items():
        now = installed(name)
        if now and now != before and not now.startswith(before) and not before.startswith(now):
            yield (
                f"{cut(name)} is {now}, and was {cut(before)} when the run began: fits that are "
                "made now may differ from those they stand beside in their last digits."
            )


def check_readable(folder: RunFolder) -> None:
    """Refuse a folder whose plan cannot be read from the file alone.

    Raises:
        RequestError: Its data came from Python.
    """
    try:
        document = tomllib.loads(folder.experiment.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder.experiment} cannot be read: {error}.") from error
    data = document.get("data")
    if isinstance(data, dict) and not data.get("path"):
        raise RequestError(
            f"The data of {folder.shown} came from Python: resume it there, with "
            f"bakeoff.resume({str(folder.shown)!r}, data)."
        )
