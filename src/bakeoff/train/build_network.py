"""Build and train the network of a job, in the room of its framework."""

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bakeoff.catalog import find
from bakeoff.data.taking.sources import Rows, Source, plain
from bakeoff.train.begin_vectors import begin_vectors
from bakeoff.train.begin_weights import begin_weights
from bakeoff.train.build_model import build_model, view_of
from bakeoff.train.checkpoint import Checkpoint, seconds_between
from bakeoff.train.events import Epoch, Event, Of, Ready
from bakeoff.train.head import losses_of
from bakeoff.train.job import Job
from bakeoff.train.loop_values import loop_values
from bakeoff.train.machine import memory_used
from bakeoff.train.shared_data import PARTS, SharedData

Send = Callable[[Event | Ready | Of], None]
Inputs = Mapping[str, Source]
Trained = tuple[Any, Callable[..., Any], list[dict[str, float]]]  # model, predict, history
PROGRESS_SECONDS = 0.1  # a line of progress at most this often
ALL_KNOWN = (  # no class that training rows lack, or one that counts for nothing
    *("multilabel", "regression", "forecast"),
    *("step_classes", "step_numbers", "series", "text", "pairs"),
)
MOST_BUILT = 5_000_000  # weights of all models that are kept for another seed
BUILT: dict[str, Any] = {}


def build_network(
    job: Job, shared: SharedData
) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """Seed the framework, build the page, and return it with its room's fit and predict."""
    if job.framework == "torch":
        import torch

        from bakeoff.torch_models.fit import fit, predict

        torch.manual_seed(job.seed)
    else:
        import keras

        from bakeoff.keras_models.fit import fit, predict

        if job.recipe.get("keras_fit"):
            from bakeoff.keras_models.keras_fit import keras_fit as fit

        keras.utils.set_random_seed(job.seed)
    model = build_model(job, view_of(job, shared.views).sizes)
    begin_vectors(model, job, shared.views)
    if job.start:
        begin_weights(model, shared.begun(job.framework))
    if job.framework != "torch":
        model = built_before(model, job)
    return model, fit, predict


def built_before(model: Any, job: Job) -> Any:
    """Return the model of another seed, with the weights of this one: its graph stands already.

    A few are kept, those that were used last.
    """
    key = json.dumps([job.architecture, job.arguments, job.branches, job.heads], default=repr)
    known = BUILT.pop(key, None)
    if known is not None:
        known.set_weights(model.get_weights())
        model = known
    BUILT[key] = model
    while len(BUILT) > 1 and sum(map(count_parameters, BUILT.values())) > MOST_BUILT:
        del BUILT[next(iter(BUILT))]
    return model


def train_network(
    job: Job, shared: SharedData, checkpoint: Checkpoint, send: Send | None
) -> Trained:
    """Build and train one network: the model, its room's predict, and the history.

    Args:
        send: Reports epochs; None: this process helps another one, which does all else.
    """
    model, fit, predict = build_network(job, shared)
    view = view_of(job, shared.views)
    inputs = {part: shared.part_of(view, part) for part in PARTS}
    validation_targets = shared.targets("validation")
    known = of_known_class(validation_targets, job)
    history = fit(
        model,
        plain_values(inputs["train"]),
        taken_targets(shared.targets("train"), job),
        validation_inputs=plain_values({n: v[known] for n, v in inputs["validation"].items()}),
        validation_targets=taken_targets(validation_targets[known], job),
        **recipe_values(job),
        **how_targets_stand(job),
        seed=job.seed,
        device=job.device,
        on_epoch=reporter(send) if send else None,
        begin=checkpoint.load(),
        on_state=checkpoint.save if send else None,
        state_seconds=seconds_between(),
    )
    return model, predict, history


def how_targets_stand(job: Job) -> dict[str, bool]:
    """Return what the model rooms must know of the targets of a job."""
    return {
        "members": find(job.architecture).members,
        "per_step": job.per_step,
        "teacher_forcing": job.task == "text",
    }


def recipe_values(job: Job) -> dict[str, Any]:
    """Return the recipe as the model rooms take it: changes of pictures and weights as numbers."""
    if not job.heads:
        return loop_values(job.recipe, job.num_classes)
    # losses of several targets have the weights and shares of their own
    own = ("class_weights", "label_smoothing", "quantile")
    shared = {name: value for name, value in job.recipe.items() if name not in own}
    return {**loop_values(shared, job.num_classes), "loss": losses_of(job)}


def plain_values(inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Return sources as the model rooms take them."""
    return {name: plain(source) for name, source in inputs.items()}


def taken_targets(targets: Source, job: Job) -> np.ndarray | dict[str, Any]:
    """Return targets as the model rooms take them: an array, or where windows of them are."""
    if not isinstance(targets, Rows):
        return plain(targets)
    codes = job.task == "multiclass" and not job.heads
    return np.asarray(targets.take(), np.int64 if codes else np.float32)


def of_known_class(targets: Source, job: Job) -> np.ndarray:
    """Mark validation rows of a class that training rows have; the others cannot stop a training.

    They count as wrong where they are judged.

    Raises:
        ValueError: There is none.
    """
    if job.heads:
        return np.ones(len(targets), bool)  # what is not known counts for nothing in the loss
    if job.task in ALL_KNOWN:
        return np.ones(len(targets), bool)
    known = targets.take() >= 0
    if not known.any():
        raise ValueError("no validation row is of a class that training rows have.")
    return np.asarray(known)


def reporter(send: Callable[[Epoch], None]) -> Callable[[Mapping[str, float]], None]:
    """Return a function that sends history rows, but those that follow the last too closely."""
    last = [0.0]

    def on_epoch(row: Mapping[str, float]) -> None:
        if time.monotonic() - last[0] > PROGRESS_SECONDS:
            last[0] = time.monotonic()
            send(Epoch(dict(row), memory_used()))

    return on_epoch


def count_parameters(model: Any) -> int:
    """Count the weights that training changes: running moments and frozen biases are none."""
    if hasattr(model, "parameters"):
        return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)
