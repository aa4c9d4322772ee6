"""Train: every fit of a plan, as it comes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bakeoff.train.events import Done, Event, Failed
from bakeoff.train.job import Fit, Job
from bakeoff.train.workers import Workers


def train(
    jobs: Sequence[Job],
    workers: Workers,
    scratch: Path,
    checkpoints: Sequence[Path],
    threads: Mapping[str, int],
) -> Iterator[tuple[Job, Event, Path]]:
    """Make every fit.

    Args:
        jobs: Of a plan that was probed: the workers have seen the data.
        workers: They make the fits.
        scratch: For what the workers leave.
        checkpoints: Of each job: the file by which it can go on.
        threads: Model -> threads of its fits; one where it is not named.

    Yields:
        (job, event, where the worker leaves its files): Started, Epoch, Lost (then Started again),
        and at the end Done; its fit has an error when it failed.
    """
    folders = [scratch / "fits" / str(number) for number in range(len(jobs))]
    for folder in folders:
        folder.mkdir(parents=True)
    for number, event in workers.work("fit", jobs, folders, checkpoints, threads=threads):
        job = jobs[number]
        if isinstance(event, Failed):
            event = Done(Fit(job=job, error=event.message))
        yield job, event, folders[number]
