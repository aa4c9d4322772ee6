"""Task: what a worker is given at once, one job or the seeds of a stack."""

from collections.abc import Sequence
from typing import NamedTuple

from bakeoff.train.job import Job


class Task(NamedTuple):
    """What a worker does at once: one job, or several.

    Args:
        jobs: All of them.
        numbers: Place of a job among these -> its number, of those that are asked for and have not
            ended.
        first: The number of the first that was asked for.
    """

    jobs: Sequence[Job]
    numbers: dict[int, int]
    first: int


def tasks_of(jobs: Sequence[Job], stacks: Sequence[Sequence[Job]]) -> list[Task]:
    """Return what is to be done, in the order of the jobs.

    Args:
        jobs: What is asked for.
        stacks: Of each of them: those that are done with it.
    """
    tasks: list[Task] = []
    for number, (job, together) in enumerate(zip(jobs, stacks, strict=True)):
        place = [own.seed for own in together].index(job.seed)
        known = (task for task in tasks if len(task.jobs) > 1 and task.jobs[0] == together[0])
        task = next(known, None)
        if task is None:
            tasks.append(task := Task(together, {}, number))
        task.numbers[place] = number
    return tasks
