"""Threads of a fit: one, but for large pictures where there are fewer fits than cores."""

from __future__ import annotations

import math

from bakeoff.catalog import find
from bakeoff.data.taking.views import View
from bakeoff.plan.plan import Plan
from bakeoff.train.build_model import view_of
from bakeoff.train.followers import num_ranks
from bakeoff.train.job import Job

LARGE = 100_000  # numbers in a batch of pictures; with fewer, a second thread only costs


def threads_of(plan: Plan, cores: int) -> dict[str, int]:
    """Return model -> threads of its fits, of those that have more than one.

    It follows from the plan and the machine alone, since sums depend on it: a run that goes on
    must go on as it began.

    Args:
        plan: All fits.
        cores: Of this machine.

    Returns:
        Nothing where there are as many fits of networks as cores, or processes of torchrun.
    """
    networks = [job for job in plan.jobs if find(job.architecture).role != "baseline"]
    each = cores // max(1, len(networks)) // num_ranks()
    if each < 2:
        return {}
    return {
        job.model: each
        for job in networks
        if job.framework == "torch" and is_large(job, view_of(job, plan.views))
    }


def is_large(job: Job, view: View) -> bool:
    """Tell whether a batch holds so many pixels that two threads share them with profit."""
    shape = view.sizes.get("image_size") or view.sizes.get("size")
    if job.branches or not isinstance(shape, int | tuple | list):
        return False
    pixels = shape**2 if isinstance(shape, int) else math.prod(shape)
    values = pixels * view.sizes.get("in_channels", 1)
    return bool(job.recipe["batch_size"] * values >= LARGE)
