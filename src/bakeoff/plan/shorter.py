"""A shorter run than a plan of hours: fewer seeds and epochs, then without the slowest models."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bakeoff.plan.plan import Plan
from bakeoff.plan.probe import TYPICAL_EPOCHS, fit_seconds, run_seconds

LONG = 30 * 60  # seconds: above, a plan is shown with a shorter one
GOAL = 25 * 60  # seconds that the shorter one may take
FEWEST_SEEDS = 2  # a verdict looks at the spread over seeds
FEWEST_EPOCHS = 3  # with fewer, hardly anything has been learned: leave out a model instead


@dataclass(frozen=True, kw_only=True, slots=True)
class Shorter:
    """The options that make a run shorter.

    Args:
        options: seeds, epochs and models, where they differ from those of the plan.
        seconds: Guessed time of the training.
    """

    options: Mapping[str, Any]
    seconds: float

    def call(self) -> str:
        """Write the options as they are typed in Python.

        Example:
            >>> Shorter(options={"seeds": 2, "models": ["mlp", "cnn"]}, seconds=60).call()
            'seeds=2, models=["mlp", "cnn"]'
        """
        return ", ".join(f"{name}={json.dumps(value)}" for name, value in self.options.items())

    def command(self, words: Sequence[str]) -> str:
        """Write the command that was typed, with these options for those it has.

        Args:
            words: Those after `bakeoff`.

        Example:
            >>> shorter = Shorter(options={"seeds": 2, "epochs": 5}, seconds=60)
            >>> shorter.command(["run", "my data.csv", "--seeds=9"])
            "bakeoff run 'my data.csv' --seeds 2 --epochs 5"
        """
        flags = {f"--{name}": value for name, value in self.options.items()}
        kept = []
        before = ""
        for word in words:
            if before not in flags and word.partition("=")[0] not in flags:
                kept.append(word)
            before = word
        for flag, value in flags.items():
            kept += [flag, ",".join(value) if isinstance(value, list) else str(value)]
        return shlex.join(["bakeoff", *kept])


def shorter(plan: Plan, num_workers: int) -> Shorter | None:
    """Return a run of at most 25 minutes, as far as options can make it so.

    Args:
        plan: A plan that was probed.
        num_workers: How many fits are made at once.

    Returns:
        The options, or None where the plan takes less than half an hour or cannot be shortened.
    """
    now = run_seconds(plan, num_workers)
    if not now > LONG:  # also where a loss diverged, and nobody knows
        return None
    seeds = sorted({job.seed for job in plan.jobs})[:FEWEST_SEEDS]
    small = replace(plan, jobs=[job for job in plan.jobs if job.seed in seeds])
    epochs = most_epochs(small, num_workers)
    dropped: list[str] = []
    while epochs < FEWEST_EPOCHS and (slowest := slowest_of(small)):
        dropped.append(slowest)
        small = replace(small, jobs=[job for job in small.jobs if job.model != slowest])
        epochs = most_epochs(small, num_workers)
    small = with_epochs(small, max(1, epochs))
    options: dict[str, Any] = {}
    if len(seeds) < plan.experiment.seeds:
        options["seeds"] = len(seeds)
    if epochs < TYPICAL_EPOCHS:
        options["epochs"] = max(1, epochs)
    if dropped:
        options["models"] = [m.name for m in plan.models if m.name not in dropped]
    seconds = run_seconds(small, num_workers)
    return Shorter(options=options, seconds=seconds) if options and seconds < now else None


def most_epochs(plan: Plan, num_workers: int) -> int:
    """Return how many epochs fit into the goal: 40, or fewer, or none."""
    one = run_seconds(with_epochs(plan, 1), num_workers)
    return min(TYPICAL_EPOCHS, int(GOAL / one)) if one else TYPICAL_EPOCHS


def with_epochs(plan: Plan, epochs: int) -> Plan:
    """Return the plan with so many epochs at most."""
    jobs = [
        replace(job, recipe={**job.recipe, "epochs": min(job.recipe["epochs"], epochs)})
        if job.recipe
        else job
        for job in plan.jobs
    ]
    return replace(plan, jobs=jobs)


def slowest_of(plan: Plan) -> str:
    """Return the network whose fits take longest, or "" where there is one alone."""
    seconds = fit_seconds(plan)
    if len({model for model, _ in seconds}) < 2:
        return ""
    return max(seconds, key=lambda line: seconds[line])[0]
