"""Probe a plan before it is carried out: build every model once, and time a few of its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bakeoff.data.taking.targets import make_targets
from bakeoff.errors import RequestError
from bakeoff.plan.plan import Plan
from bakeoff.plan.precision import with_precision
from bakeoff.plan.stacks import key_of, stacks_of
from bakeoff.plan.threads import threads_of
from bakeoff.train.events import Failed, Probed
from bakeoff.train.followers import num_ranks
from bakeoff.train.job import Job
from bakeoff.train.machine import gpus
from bakeoff.train.shared_data import write_shared_data
from bakeoff.train.workers import Workers, num_cores

MORE_BY_A_THREAD = 0.6  # work done, of large pictures: an epoch of cifar10 took 38 s in place of 63
IN_A_STACK = 0.5  # of its time alone is what a fit takes in a stack, about: 0.3 to 0.6
TYPICAL_EPOCHS = 40  # early stopping ends most fits near here; used for estimates of time only


def probe(
    plan: Plan, workers: Workers, scratch: Path, *, jobs: Sequence[Job] | None = None
) -> Plan:
    """Show the workers the data, build every model once, and time a few steps of each.

    Args:
        plan: As made from the data.
        workers: As many are started as there is work for.
        scratch: An empty folder, for what passes between the processes.
        jobs: Those that are made; None: all of the plan.

    Returns:
        The plan with what was probed, and without the unnamed models that this data cannot be
        given to (such as an image too small for the pooling).

    Raises:
        RequestError: A named model cannot be built with its arguments, or none can.
    """
    wanted = plan.jobs if jobs is None else jobs
    workers.grow(num_workers(plan, workers))
    write_shared_data(
        scratch,
        views=plan.views,
        targets=make_targets(plan.preparation, plan.dataset),
        rows={part: getattr(plan.split, part) for part in ("train", "validation", "test")},
        written=plan.preparation.task == "text",
        begun=plan.begun,
    )
    workers.share(scratch)
    first: dict[tuple[str, str], Job] = {}
    for job in wanted:
        first.setdefault(job.line, job)
    firsts = list(first.values())
    probed = {job.line: Probed() for job in plan.jobs}  # those that stand are not timed
    dropped: dict[str, str] = {}
    for number, event in workers.work("probe", firsts, [scratch] * len(firsts)):
        job = firsts[number]
        if isinstance(event, Probed):
            probed[job.line] = event
        elif isinstance(event, Failed) and not event.mistake:
            probed[job.line] = Probed()  # as of a loss that diverges: its fits will say so
        elif isinstance(event, Failed):
            dropped[job.model] = f"{job.model}: {event.message}"
            if job.model not in plan.unnamed or len(dropped) == len(plan.models):
                raise RequestError(dropped[job.model])
    plan = with_precision(replace(without(plan, dropped), probed=probed))
    return longest_first(replace(plan, stacks=stacks_of(plan, workers.place()["device"])))


def num_workers(plan: Plan, workers: Workers) -> int:
    """Return how many processes train: one per core, two on each GPU, never more than fits."""
    if num_ranks() > 1:
        return 1  # the others follow it
    wanted = plan.experiment.jobs or num_cores()
    if workers.place()["device"] != "cpu" and not plan.experiment.jobs:
        wanted = min(wanted, 2 * max(1, len(gpus())))  # each needs memory of its own there
    return min(wanted, len(plan.jobs))


def without(plan: Plan, dropped: Mapping[str, str]) -> Plan:
    """Return the plan without some models: name -> why."""
    kept = {n: own for n, own in plan.experiment.models.items() if n not in dropped}
    return replace(
        plan,
        experiment=replace(plan.experiment, models=kept),
        models=[model for model in plan.models if model.name not in dropped],
        jobs=[job for job in plan.jobs if job.model not in dropped],
        left_out=(*plan.left_out, *(f"Left out: {why}" for why in dropped.values())),
    )


def longest_first(plan: Plan) -> Plan:
    """Return a plan whose networks of one seed begin with the longest, so that no worker idles.

    All networks still have their first seed before any has its second.
    """
    each = fit_seconds(plan)
    seconds = {  # until the worker that takes a fit is free again
        key_of(job): each.get(job.line, 0.0) * len(plan.stacks.get(key_of(job), [job]))
        for job in plan.jobs
    }
    rounds = {(job.framework, job.seed): place for place, job in reversed([*enumerate(plan.jobs)])}
    jobs = sorted(
        plan.jobs,
        key=lambda job: (rounds[job.framework, job.seed], -seconds[key_of(job)]),
    )
    return replace(plan, jobs=jobs)


def fit_seconds(plan: Plan) -> dict[tuple[str, str], float]:
    """Guess how many seconds one fit of each line takes, from the steps that were timed."""
    seconds = {}
    threads = threads_of(plan, num_cores())
    for job in plan.jobs:
        if job.recipe:
            steps = -(-len(plan.split.train) // job.recipe["batch_size"])
            epochs = min(job.recipe["epochs"], TYPICAL_EPOCHS)
            share = 1 / (1 + MORE_BY_A_THREAD * (threads.get(job.model, 1) - 1))
            share *= IN_A_STACK if key_of(job) in plan.stacks else 1
            seconds[job.line] = steps * epochs * plan.probed[job.line].step_seconds * share
    return seconds


def run_seconds(plan: Plan, num_workers: int) -> float:
    """Guess how many seconds all training takes."""
    each = fit_seconds(plan)
    total = sum(each.get(job.line, 0.0) for job in plan.jobs)
    return total / max(1, min(num_workers, len(plan.jobs)))
