"""Partners: how often networks without a target find the other version of a picture."""

from __future__ import annotations

from typing import NamedTuple

from bakeoff.errors import RunError
from bakeoff.judge.judge_run import what_is_gone
from bakeoff.plan.plan import Plan
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.train.job import Fit


class Partners(NamedTuple):
    """A fit of a run of pairs.

    Args:
        place: Where it stands.
        fit: What is known of it.
        found: Share of the validation pictures whose other version is found in a batch of them.
    """

    place: FitFolder
    fit: Fit
    found: float


def partners_of(folder: RunFolder) -> list[Partners]:
    """Return the fits of a run of pairs that did not fail, best first.

    Raises:
        DataError: One of them is damaged.
    """
    read = [(place, *place.read()) for place in folder.fits()]
    fits = [
        Partners(place, fit, found)
        for place, fit, found in read
        if not fit.error and fit.job.task == "pairs" and found is not None
    ]
    return sorted(fits, key=lambda own: -own.found)


def check_trained(folder: RunFolder, plan: Plan) -> None:
    """Refuse to end a run of pairs of which nothing was trained, or something was removed.

    Raises:
        RunError: The message says what is missing, or why the first fit failed.
    """
    if gone := what_is_gone(folder, plan):
        raise RunError(gone)
    if not partners_of(folder):
        first = folder.fit_of(plan.jobs[0]).read()[0]
        model, seed = first.job.model, first.job.seed
        raise RunError(f"Every fit failed. {model}, seed {seed}: {first.error}")
