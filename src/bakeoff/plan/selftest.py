"""Self-test of a plan: every network is tested on a few rows before it is trained."""

from collections.abc import Iterator
from pathlib import Path

from bakeoff.plan.plan import Plan
from bakeoff.train.events import Failed, Tested
from bakeoff.train.job import Job
from bakeoff.train.workers import Workers


def selftest(plan: Plan, workers: Workers, scratch: Path) -> Iterator[tuple[Job, Tested | Failed]]:
    """Test each network of a plan, with its first seed.

    Args:
        plan: Probed: the workers see the data.
        workers: That test.
        scratch: A folder for what passes between the processes.

    Yields:
        A job and what its tests say, as they end.
    """
    first: dict[tuple[str, str], Job] = {}
    for job in plan.jobs:
        if job.recipe:
            first.setdefault(job.line, job)
    jobs = list(first.values())
    for number, event in workers.work("selftest", jobs, [scratch] * len(jobs)):
        if isinstance(event, Tested | Failed):
            yield jobs[number], event


def what_fails(job: Job, event: Tested | Failed) -> str:
    """Say what is wrong with a network, in a sentence; "" where nothing is."""
    name = f"{job.model} ({job.framework})"
    if isinstance(event, Failed):
        return f"{name} could not be tested: {event.message}"
    wrong = [said for said in event.checks.values() if said]
    return f"{name} fails its self-test: {'; '.join(wrong)}." if wrong else ""
