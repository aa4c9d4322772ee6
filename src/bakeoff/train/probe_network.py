"""Probe a model before it is trained: build it, time a few of its steps, test it on a few rows."""

from functools import partial

import numpy as np

from bakeoff.data.taking.sources import Ragged
from bakeoff.train.build_model import build_baseline, view_of
from bakeoff.train.build_network import (
    Inputs,
    build_network,
    count_parameters,
    how_targets_stand,
    of_known_class,
    plain_values,
    recipe_values,
    taken_targets,
)
from bakeoff.train.events import Probed
from bakeoff.train.faster_precision import AUTO, FLOAT32, can_be_tried, faster
from bakeoff.train.head import losses_of
from bakeoff.train.job import Job
from bakeoff.train.selftest import Part, Room, selftest
from bakeoff.train.shared_data import SharedData
from bakeoff.train.weights import get_weights

PROBE_STEPS = 4  # timed training steps of a probe, the first not counted


def probe_network(job: Job, shared: SharedData) -> Probed:
    """Build the model, count its weights, time a few training steps on a throw-away copy."""
    model, fit, _ = build_network(job, shared)
    rows = min(job.recipe["batch_size"], len(shared.rows["train"]))
    sources = shared.part_of(view_of(job, shared.views), "train")
    usual = usual_rows(sources, rows)
    inputs = plain_values({name: source[usual] for name, source in sources.items()})
    few = plain_values({name: source[:2] for name, source in sources.items()})
    targets = taken_targets(shared.targets("train")[usual], job)
    few_targets = taken_targets(shared.targets("train")[:2], job)
    recipe = {**recipe_values(job), "epochs": PROBE_STEPS, "patience": 0}

    def step_seconds(precision: str) -> float:
        history = fit(
            model,
            inputs,
            targets,
            validation_inputs=few,
            validation_targets=few_targets,
            **{**recipe, "precision": precision},
            **how_targets_stand(job),
            seed=job.seed,
            device=job.device,
        )
        return float(np.median([rows / row["rows_per_second"] for row in history[1:]]))

    asked = job.recipe["precision"]
    if asked == AUTO and can_be_tried(job):
        precision, seconds = faster(step_seconds)
    else:
        precision = FLOAT32 if asked == AUTO else asked
        seconds = step_seconds(precision)
    return Probed(count_parameters(model), seconds, precision if asked == AUTO else "")


def probe_baseline(job: Job, shared: SharedData) -> Probed:
    """Build the baseline: its arguments are in order."""
    build_baseline(job, view_of(job, shared.views).sizes)
    return Probed()


def selftest_network(job: Job, shared: SharedData) -> dict[str, str]:
    """Test a network on a few rows: what is tested -> what is wrong, or ""."""
    _, fit, predict = build_network(job, shared)
    view, how = view_of(job, shared.views), how_targets_stand(job)

    def part(name: str, rows: np.ndarray) -> Part:
        sources, targets = shared.part_of(view, name), shared.targets(name)
        return Part(
            len(rows),
            lambda some: plain_values({n: source[rows[some]] for n, source in sources.items()}),
            lambda some: taken_targets(targets[rows[some]], job),
        )

    heads = {"loss": losses_of(job)} if job.heads else {}
    room = Room(
        build=lambda: build_network(job, shared)[0],
        fit=partial(fit, device=job.device, **how, **heads),
        predict=partial(predict, device=job.device, per_step=job.per_step and job.task != "text"),
        weights=get_weights,
    )
    known = np.flatnonzero(of_known_class(shared.targets("validation"), job))
    train = part("train", np.arange(len(shared.rows["train"])))
    return selftest(job, room, train, part("validation", known))


def usual_rows(sources: Inputs, count: int) -> np.ndarray:
    """Return rows that take as long as all do in the mean: batches are of like length.

    Args:
        sources: Of the training rows.
        count: How many rows.
    """
    for source in sources.values():
        if isinstance(source, Ragged):
            lengths = np.asarray(source.lengths, np.float64)
            usual = np.sqrt((lengths**2).mean())  # attention takes the square
            return np.sort(np.argsort(np.abs(lengths - usual), kind="stable")[:count])
    return np.arange(count)
