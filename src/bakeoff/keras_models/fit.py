"""The training loop: mini-batches, early stopping that keeps the best weights.

It is the loop of torch_models/fit.py, and a seed sees the same batches. What differs is that the
steps of a block of batches are one compiled call, on TensorFlow or on JAX: Keras' own `fit` spends
most of a small network's time between steps (docs/benchmarks.md).
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np

from bakeoff.keras_models.averaged import Averaged
from bakeoff.keras_models.feed import (
    Augment,
    Feed,
    Inputs,
    Targets,
    narrow,
    num_rows,
)
from bakeoff.keras_models.joint_loss import JointLoss
from bakeoff.keras_models.losses import MEANS, count_of, loss_of, metric_of
from bakeoff.keras_models.mixing import Mixing
from bakeoff.keras_models.not_finite import explained
from bakeoff.keras_models.nt_xent import versions_for
from bakeoff.keras_models.optimizers import Optimizer
from bakeoff.keras_models.progress import Progress
from bakeoff.keras_models.repeatable import repeatable
from bakeoff.keras_models.sampling import chances
from bakeoff.keras_models.schedules import Best, Plateau, Schedule, named
from bakeoff.keras_models.state import KeptWeights, Saved, State
from bakeoff.keras_models.step import Step
from bakeoff.keras_models.step_scores import step_scores, text_scores
from bakeoff.keras_models.tally import Tally
from bakeoff.keras_models.training import Training, compiled_steps
from bakeoff.keras_models.unrolled import unrolling_pays
from bakeoff.keras_models.validation import Validation, forward, scorer_of

MANY_STEPS = 500  # for which a second graph, of the last batch, is built
OPTIONAL = ("x", "x.lengths", "x.categories")  # what a page takes of one of several inputs


def fit(
    model: keras.Model,
    inputs: Inputs,
    targets: Targets,
    *,
    validation_inputs: Inputs,
    validation_targets: Targets,
    loss: str | Mapping[str, Mapping[str, Any]] = "cross_entropy",
    class_weights: Sequence[float] = (),
    label_smoothing: float = 0.0,
    quantile: float = 0.5,
    members: bool = False,
    per_step: bool = False,
    teacher_forcing: bool = False,
    optimizer: str | Mapping[str, Any] = "adamw",
    lr: float = 1e-3,
    schedule: str | Mapping[str, Any] = "constant",
    batch_size: int = 64,
    epochs: int = 100,
    patience: int = 10,
    weight_decay: float = 0.01,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float = 0.0,
    clip_value: float = 0.0,
    min_delta: float = 0.0,
    watch: str = "loss",
    accumulate: int = 1,
    mixup: float = 0.0,
    average: float = 0.0,
    sampling: str = "shuffled",
    precision: str = "float32",
    frozen_epochs: int = 0,
    deterministic: bool = False,
    augment: Augment | None = None,
    seed: int = 0,
    device: str = "cpu",
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    begin: Saved | None = None,
    on_state: Callable[[Saved], None] | None = None,
    state_seconds: float = 10.0,
) -> list[dict[str, float]]:
    """Train a model in place until the validation loss stops falling; keep its best weights.

    Args:
        model: Any built model whose `call` takes the names in `inputs`.
        inputs: Argument name -> array of all training rows (x, and lengths or categories), or plain
            values that say where to take them: see `feed`.
        targets: Class numbers, or floats; an array, or plain values that say where to take them.
        validation_inputs: The same of the validation rows, which decide when to stop.
        validation_targets: The same.
        loss: See `losses.LOSSES`, or nt_xent, of pictures that are each changed twice; of several
            targets, which are (N, K) beside each other, target -> what `joint_loss.JointLoss`
            takes.
        class_weights: How much a row counts, by its class; () where all count alike.
        label_smoothing: Share of the target that cross entropy spreads over all classes.
        quantile: Share of the targets below what is foretold, for the loss of that name.
        members: The model returns the scores of several members in training, and each has a loss.
        per_step: There is a target of each step, -1 or NaN where nobody knows.
        teacher_forcing: The model is given the true steps as `previous`, and foretells each from
            those before it.
        optimizer: See `optimizers.OPTIMIZERS`; or its `name` and settings.
        lr: Step size at its highest.
        schedule: See `schedules.SCHEDULES`; or its `name` and settings.
        batch_size: Rows per step.
        epochs: Passes over the training rows at most.
        patience: Epochs without an improvement before it stops; 0 never stops.
        weight_decay: See `optimizers.Optimizer`.
        l1: Times the sum of the sizes of all matrices, added to the loss that is lowered.
        l2: Times the sum of their squares.
        clip_norm: Longest gradient, as a norm over all weights; 0 does not clip.
        clip_value: Largest part of a gradient; 0 does not clip.
        min_delta: What an improvement must exceed to count as one.
        watch: What is watched of the validation rows: "loss", or "metric".
        accumulate: Batches whose gradients are added up before the weights move, as if they were
            one.
        mixup: Each row is mixed with another, in a share drawn from Beta(mixup, mixup); 0: none is.
        average: Share of a moving average of the weights that stays from step to step, such as
            0.99; less in the first steps. That average is judged and kept. 0: there is none.
        sampling: "shuffled": an epoch has each row once; "balanced": each class as often.
        precision: "float32"; Keras fixes the precision of a page when it is built.
        frozen_epochs: Epochs in which only the head learns; then all weights do, and the optimizer
            and the average begin anew.
        deterministic: Only operations that give the same numbers every time, on a GPU, too.
        augment: Change -> (strength, probability), of training pictures; see `augment.augment`.
        seed: Decides the order of the rows, the changes of pictures and the dropout.
        device: "cpu", "cuda" (any GPU that the backend sees).
        on_epoch: Called with each history row.
        begin: What `on_state` was given: training goes on from there, to the same end.
        on_state: Called between steps with all that training needs to go on: arrays by name, which
            change when it returns, and plain values.
        state_seconds: So often at most.

    Returns:
        One row per epoch: epoch, loss and metric (accuracy or R2) of the training rows as they were
        when they were learned from, and of the validation rows afterwards, lr and gradient_norm of
        the last step, seconds since the start, rows_per_second of training.

    Raises:
        FloatingPointError: The loss was not a finite number in the very first epoch; the layer
            that was first not finite is named.
        ValueError: A length, token or category that the model does not know; `begin` is the state
            of another training; the model has no head of that name.
    """
    check_precision(precision)
    check_values(model, inputs)
    check_values(model, validation_inputs)
    drawing = {"random": np.random.default_rng(seed), "chances": chances(sampling, targets)}
    several = versions_for(loss, augment, seed)
    feed = Feed(inputs, compiled=each_shape(), **several | {"augment": augment, **drawing})
    known = narrow(targets) if isinstance(targets, np.ndarray) else targets
    own = class_weights, label_smoothing, quantile
    criterion, watched = criteria(loss, *own, per_step=per_step, pairs=batch_size)
    steps = {"per_step": per_step, "teacher_forcing": teacher_forcing}
    built_in: dict[str, Any] = {"members": members, "teacher_forcing": teacher_forcing}
    built_in |= {"clip": (clip_norm, clip_value), "penalty": (l1, l2)}
    num_steps = -(-len(feed.sizes(batch_size)) // accumulate)
    built_in["unroll"] = unrolling_pays(model, feed, num_steps * epochs)
    ragged = [*feed.ragged, *steps_that_differ(targets)]
    tally = partial(Tally, watched, mean=loss in MEANS, **steps)
    planned = Schedule(**named(schedule), lr=lr, epochs=epochs)
    fallen, kept = Plateau(planned), KeptWeights(model)
    stopping = {"lr": lr, "patience": patience, "keep": kept.take, "on_epoch": on_epoch}
    progress = Progress(Best(watch, min_delta), fallen, **stopping)
    with quiet(), keras.device(place(device)):
        seed_dropout(model, seed)
        moving = partial(Optimizer, **named(optimizer), weight_decay=weight_decay)
        make = partial(new_step, model, criterion, moving, average, **built_in)
        key = repr((loss, own, steps, optimizer, weight_decay, average, built_in, ragged))
        fixed = repays(model, num_steps * epochs)
        compiled = partial(compiled_steps, model, make, ragged, key=key, fixed=fixed)
        done = len(begin[1]["history"]) + ("within" in begin[1]) if begin else 0
        training = Training(
            compiled(frozen=0 < frozen_epochs >= done),
            counted=partial(count_of, class_weights=class_weights, per_step=per_step),
            mixing=Mixing(mixup, inputs, seed=seed, per_step=per_step),
            accumulate=accumulate,
            **steps,
        )
        judged = Feed(validation_inputs, compiled=each_shape(), **several), validation_targets
        validate = Validation(*judged, training.step.criterion, watched, **steps)
        state = State(training, feed, kept, progress, on_state=on_state, every=state_seconds)
        state.begin_with(begin)
        start = time.perf_counter() - progress.seconds
        rates = planned.rates(1, num_steps, 0)
        again = partial(state.repeat, known, batch_size, rates, tally())
        with explained(model, again), repeatable(deterministic, place(device)):
            for epoch in range(len(progress.history) + 1, epochs + 1):
                if 0 < frozen_epochs == epoch - 1 and state.begun is None:
                    training.use(compiled(frozen=False))
                epoch_start = time.perf_counter()
                rates = planned.rates(epoch, num_steps, fallen.falls)
                blocks = feed.shuffled(known, batch_size, accumulate)
                here = {"begun": state.begin_epoch(), "after": state.offer}
                found = training.epoch(blocks, rates, tally(), **here)
                speed = {"rows_per_second": len(feed) / (time.perf_counter() - epoch_start)}
                with training.averaged:
                    row = {"epoch": epoch, **found, **validate(model), "lr": rates[-1]}
                    row |= {"seconds": time.perf_counter() - start, **speed}
                    if not progress.goes_on(row):
                        break
                state.offer()
        kept.give_back()
    return progress.history


def check_precision(precision: str) -> None:
    """Refuse all but single precision.

    Raises:
        ValueError: It is another.
    """
    if precision != "float32":
        raise ValueError(f"precision={precision!r}: Keras models train in float32. Leave it out.")


def new_step(
    model: keras.Model,
    criterion: Callable[..., Any],
    new_optimizer: Callable[[], Optimizer],
    average: float,
    *,
    members: bool,
    teacher_forcing: bool,
    clip: tuple[float, float],
    penalty: tuple[float, float],
    unroll: bool,
    frozen: bool,
) -> Step:
    """Return what a step of training does, with an optimizer and an average of its own."""
    return Step(
        model,
        criterion,
        new_optimizer(),
        averaged=Averaged(model, average),
        members=members,
        teacher_forcing=teacher_forcing,
        clip=clip,
        penalty=penalty,
        unroll=unroll,
        frozen=frozen,
    )


def repays(model: keras.Model, num_steps: int) -> bool:
    """Say whether a graph for each number of rows pays, as for recurrent layers in long trainings.

    Args:
        model: What is trained.
        num_steps: Of the training, at most.
    """
    parts = model._flatten_layers()
    return num_steps >= MANY_STEPS and any(isinstance(part, keras.layers.RNN) for part in parts)


def each_shape() -> bool:
    """Say whether each shape of a batch is compiled anew, so that there should be few."""
    return keras.backend.backend() == "jax"


def steps_that_differ(targets: Targets) -> tuple[str, ...]:
    """Name the arguments that follow targets whose steps differ from block to block."""
    ragged = isinstance(targets, Mapping) and targets["kind"] == "ragged"
    return ("targets", "previous") if ragged else ()


def predict(
    model: keras.Model,
    inputs: Inputs,
    *,
    batch_size: int = 0,
    device: str = "cpu",
    per_step: bool = False,
    texts: Targets | None = None,
) -> np.ndarray:
    """Return the raw scores of all rows, in float32 and evaluation mode.

    Args:
        per_step: The model scores each step: those of all rows are returned one behind the other.
        texts: True tokens, whose probability is asked for: see `step_scores.text_scores`.
        batch_size: Rows at a time; 0 chooses what the cache likes: 4,096 vectors, 256 of the rest,
            fewer of large ones.
    """
    check_values(model, inputs)
    feed = Feed(inputs, compiled=each_shape())
    with quiet(), keras.device(place(device)):
        score = scorer_of(model, feed.ragged)
        if texts is not None:
            return text_scores(feed, texts, score)
        if per_step:
            return step_scores(feed, score, batch_size)
        return forward(feed, score, batch_size)


def criteria(
    loss: str | Mapping[str, Mapping[str, Any]],
    class_weights: Sequence[float],
    label_smoothing: float,
    quantile: float,
    *,
    per_step: bool,
    pairs: int,
) -> tuple[Callable[..., Any], Callable[[np.ndarray, np.ndarray], float]]:
    """Return what training lowers, and the metric that is watched beside it."""
    if not isinstance(loss, str):
        joint = JointLoss(loss)
        return joint, joint.metric
    own: dict[str, Any] = {"label_smoothing": label_smoothing, "quantile": quantile}
    own |= {"per_step": per_step, "pairs": pairs}
    lowered = partial(loss_of, loss, class_weights=class_weights, **own)
    return lowered, partial(metric_of, loss, per_step=per_step, pairs=pairs)


def check_values(model: keras.Model, inputs: Inputs) -> None:
    """Refuse lengths, tokens and categories that the model does not know: a graph cannot."""
    if "x" in inputs:
        check_page(model, inputs)
        return
    for name, i in getattr(model, "sources", {}).items():  # of a network of several inputs
        stem = f"x.{name}"
        own = {"x" + key[len(stem) :]: v for key, v in inputs.items() if key.startswith(stem)}
        own = {key.removeprefix("x."): v for key, v in own.items() if key in OPTIONAL}
        check_page(model.encoders[i], own)


def check_page(model: keras.Model, inputs: Inputs) -> None:
    """Refuse what a page that reads one input does not know."""
    x = inputs["x"]
    if num_rows(x) == 0:
        return
    base = x if isinstance(x, np.ndarray) else x["base"]
    lengths = inputs.get("lengths")
    if isinstance(x, np.ndarray) and isinstance(lengths, np.ndarray):
        check_range("lengths are", lengths, 1, x.shape[1], f" to the {x.shape[1]} steps of x")
    embedding = getattr(model, "embedding", None)
    if embedding is not None and base.size:
        check_range("x holds tokens", base, 0, embedding.input_dim - 1)
    if "categories" in inputs:
        codes = inputs["categories"]
        table = codes if isinstance(codes, np.ndarray) else codes["base"]
        for k, size in enumerate(model.category_sizes):
            check_range(f"Category column {k} holds", table[:, k], 0, size - 1)


def check_range(words: str, values: np.ndarray, least: int, most: int, known: str = "") -> None:
    """Refuse whole numbers out of a range.

    Raises:
        ValueError: The message names the range, and what there is.
    """
    low, high = int(np.min(values)), int(np.max(values))
    if low < least or high > most:
        raise ValueError(f"{words} {low} to {high}, not {least}{known or f' to {most}'}.")


def seed_dropout(model: keras.Model, seed: int) -> None:
    """Start the random state of every dropout layer anew."""
    states = [v for v in model.variables if v.name == "seed_generator_state"]
    for i, state in enumerate(states):
        state.assign(np.array([seed, i], "uint32"))


def place(device: str) -> str:
    """Return Keras' word for a device, if the backend has it."""
    if device == "cpu":
        return "cpu:0"
    try:
        found = keras.distribution.list_devices("gpu")
    except RuntimeError:  # JAX's way to say none
        found = []
    if not found:
        backend = keras.backend.backend()
        raise ValueError(f"device={device!r}, but {backend} sees no GPU here. Say device='cpu'.")
    return "gpu:0"


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back TensorFlow's warning that each new model is traced anew."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
