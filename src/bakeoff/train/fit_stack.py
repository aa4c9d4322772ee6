"""Train the seeds of a small network at once, as one stack."""

import time
from collections.abc import Sequence
from typing import Any

from bakeoff.train.build_model import view_of
from bakeoff.train.build_network import (
    Send,
    build_network,
    of_known_class,
    plain_values,
    recipe_values,
    reporter,
    taken_targets,
)
from bakeoff.train.checkpoint import Checkpoint, seconds_between
from bakeoff.train.events import Event, Of, Ready
from bakeoff.train.job import Job
from bakeoff.train.shared_data import PARTS, SharedData

AS_USUAL = (  # what a stack is not told, since a fit that has it otherwise is trained alone
    *("clip_norm", "clip_value", "l1", "l2", "accumulate", "mixup", "average", "precision"),
    "frozen_epochs",
)


def train_stack(
    jobs: Sequence[Job], shared: SharedData, checkpoint: Checkpoint, send: Send
) -> tuple[list[Any], list[list[dict[str, float]]], float]:
    """Build and train the network of each job: models, histories, seconds of each beside training.

    Args:
        jobs: Of one network, each with a seed of its own.
        shared: The data.
        checkpoint: Of all of them, from which they go on where there is one.
        send: Reports epochs.
    """
    from bakeoff.torch_models.fit_stacked import fit_stacked

    start = time.perf_counter()
    job = jobs[0]
    view = view_of(job, shared.views)
    inputs = {part: shared.part_of(view, part) for part in PARTS}
    validation_targets = shared.targets("validation")
    known = of_known_class(validation_targets, job)
    values = {n: v for n, v in recipe_values(job).items() if n not in AS_USUAL}
    told = [reporter(at_place(send, place)) for place in range(len(jobs))]
    models = [build_network(own, shared)[0] for own in jobs]
    begun = time.perf_counter()
    histories = fit_stacked(
        models,
        plain_values(inputs["train"]),
        taken_targets(shared.targets("train"), job),
        validation_inputs=plain_values({n: v[known] for n, v in inputs["validation"].items()}),
        validation_targets=taken_targets(validation_targets[known], job),
        seeds=[own.seed for own in jobs],
        **values,
        on_epoch=lambda place, row: told[place](row),
        begin=checkpoint.load(),
        on_state=checkpoint.save,
        state_seconds=seconds_between(),
    )
    return models, histories, (begun - start) / len(jobs)


def at_place(send: Send, place: int) -> Send:
    """Return what sends events of one of several jobs.

    Args:
        send: Sends anything.
        place: Of the job among them.
    """

    def send_of(event: Event | Ready | Of) -> None:
        send(event if isinstance(event, Ready | Of) else Of(place, event))

    return send_of
