"""Stacks: the seeds of a small network that are trained at once, by one worker.

Which these are follows from the plan and what was probed alone, since sums depend on it: neither
`--jobs` nor a run that goes on changes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from bakeoff.data.taking.views import View
from bakeoff.plan.plan import Plan
from bakeoff.train.build_model import view_of
from bakeoff.train.followers import num_ranks
from bakeoff.train.job import Job
from bakeoff.train.recipe import Recipe

Key = tuple[str, str, int]  # model, framework, seed
MOST_WORK = {"mlp": 2.5e6, "rnn": 6e6, "gru": 6e6}  # multiplications of a step and seed, below
# which five seeds cost as much as three at most; mlp_periodic by default costs four and more
MOST_TOGETHER = 5  # ten seeds are two stacks, for two cores
MOST_STEPS = 1_000  # in an epoch; a checkpoint of a stack is written between two epochs
ANY = (  # settings that a stack has, whatever their value; all others are to be as usual
    *("lr", "warmup_epochs", "step_epochs", "gamma", "min_lr", "first_cycle", "growth"),
    *("warm_share", "decay_share", "plateau_patience", "factor", "batch_size", "epochs"),
    *("patience", "watch", "min_delta", "sampling", "weight_decay", "momentum", "betas"),
    *("alpha", "eps", "deterministic", "loss", "quantile", "class_weights", "label_smoothing"),
)
BUT = {  # and those that it has but for some values
    "optimizer": ("muon", "schedule_free"),
    "schedule": ("plateau",),
    "precision": ("bfloat16",),
}
TASKS = ("binary", "multiclass", "multilabel", "regression", "forecast")


def stacks_of(plan: Plan, device: str) -> dict[Key, tuple[Job, ...]]:
    """Return the stack of each fit that is in one.

    Args:
        plan: As it was probed.
        device: That the workers train on.
    """
    if device != "cpu" or num_ranks() > 1:
        return {}
    stacks: dict[Key, tuple[Job, ...]] = {}
    for group in groups_of(plan.jobs):
        job, parameters = group[0], plan.probed[group[0].line].parameters
        fits = parameters and can_be_stacked(job, view_of(job, plan.views))
        steps = -(-len(plan.split.train) // job.recipe["batch_size"]) if fits else 0
        most = MOST_WORK[job.architecture]
        if fits and work(job, view_of(job, plan.views), parameters) <= most:
            stacks |= {key_of(own): group for own in group if steps <= MOST_STEPS}
    return stacks


def groups_of(jobs: Iterable[Job]) -> list[tuple[Job, ...]]:
    """Return the seeds of each network of torch that would be trained at once, two or more."""
    lines: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        if job.framework == "torch" and job.architecture in MOST_WORK:
            lines.setdefault(job.line, []).append(job)
    groups = []
    for line in lines.values():
        line.sort(key=lambda job: job.seed)
        parts = -(-len(line) // MOST_TOGETHER)
        cuts = [len(line) * i // parts for i in range(parts + 1)]
        groups += [tuple(line[a:b]) for a, b in pairwise(cuts) if b - a > 1]
    return groups


def key_of(job: Job) -> Key:
    """Return what tells the fits of a plan from each other."""
    return *job.line, job.seed


def can_be_stacked(job: Job, view: View) -> bool:
    """Tell whether every part of a training can be that of several seeds.

    Args:
        job: One of them.
        view: That it sees.
    """
    usual = {name: own.default for name, own in Recipe.__dataclass_fields__.items()}
    for name, value in job.recipe.items():
        usual_one = name in ANY or value == usual[name]
        if value in BUT[name] if name in BUT else not usual_one:
            return False
    plain = not (job.heads or job.branches or job.start) and job.task in TASKS
    arguments = job.arguments
    page = arguments.get("norm") != "batch" and arguments.get("pooling") != "attention"
    return plain and page and all(source.kind != "ragged" for source in view.inputs.values())


def work(job: Job, view: View, parameters: int) -> float:
    """Return about how many multiplications a step of one seed takes, forwards.

    Args:
        job: It.
        view: That it sees.
        parameters: Of the network.
    """
    steps = 1 if job.architecture == "mlp" else view.inputs["x"].shape[1]
    return float(math.prod((job.recipe["batch_size"], steps, parameters)))
