"""Train: every fit of a plan, as it comes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bakeoff.plan.plan import Plan
from bakeoff.plan.stacks import key_of
from bakeoff.train.events import Done, Event, Failed
from bakeoff.train.job import Fit, Job
from bakeoff.train.workers import Workers


def train(
    plan: Plan,
    workers: Workers,
    scratch: Path,
    checkpoint_of: Callable[[Job], Path],
    threads: Mapping[str, int],
) -> Iterator[tuple[Job, Event, Path]]:
    """Make every fit.

    Args:
        plan: That was probed: the workers have seen the data.
        workers: They make the fits.
        scratch: For what the workers leave.
        checkpoint_of: Returns the file by which a fit can go on; of a stack that of its first.
        threads: Model -> threads of its fits; one where it is not named.

    Yields:
        (job, event, where the worker leaves its files): Started, Epoch, Lost (then Started again),
        and at the end Done; its fit has an error when it failed.
    """
    jobs = plan.jobs
    folders = [scratch / "fits" / str(number) for number in range(len(jobs))]
    for folder in folders:
        folder.mkdir(parents=True)
    stacks = [plan.stacks.get(key_of(job), (job,)) for job in jobs]
    checkpoints = [checkpoint_of(stack[0]) for stack in stacks]
    events = workers.work("fit", jobs, folders, checkpoints, threads=threads, stacks=stacks)
    for number, event in events:
        job = jobs[number]
        if isinstance(event, Failed):
            event = Done(Fit(job=job, error=event.message))
        yield job, event, folders[number]
