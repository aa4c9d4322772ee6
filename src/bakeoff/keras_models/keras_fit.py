"""Training by Keras' own `fit`, for its callbacks: slower than `fit.py`, and with less to set.

Rows come in the same order, the rate follows the same schedule, and the same epoch is kept as
there; what Keras' loop has no place for is refused.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from bakeoff.keras_models.feed import Augment, Feed, Inputs, Targets
from bakeoff.keras_models.fit import check_values, criteria, place, quiet, seed_dropout
from bakeoff.keras_models.optimizers import Optimizer
from bakeoff.keras_models.progress import Progress
from bakeoff.keras_models.sampling import chances
from bakeoff.keras_models.schedules import Best, Plateau, Schedule, named
from bakeoff.keras_models.state import KeptWeights, Saved
from bakeoff.keras_models.step import call, last_of
from bakeoff.keras_models.validation import Validation

OURS_ALONE: dict[str, Any] = {  # what the loop of fit.py has, and its value where it does nothing
    "members": False,
    "per_step": False,
    "teacher_forcing": False,
    "l1": 0.0,
    "l2": 0.0,
    "accumulate": 1,
    "mixup": 0.0,
    "average": 0.0,
    "frozen_epochs": 0,
    "deterministic": False,
    "precision": "float32",
}


def keras_fit(
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
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict[str, float]]:
    """Train a model in place by `model.fit`; keep the weights of the lowest validation loss.

    Args:
        model: Any built model.
        inputs: As of `fit.fit`, as are all arguments that are not named here.
        targets: Class numbers, or floats.
        loss: One of `losses.LOSSES`.
        members, per_step, teacher_forcing, l1, l2, accumulate, mixup, average, precision,
            frozen_epochs, deterministic: Keras' loop has none of them: each must do nothing.
        begin: Is not looked at: such a training begins anew.
        on_state: Is never called.
        callbacks: Keras' own, called before ours. They see the model itself, or, where it takes
            more than one argument, a model around it, which has it as `page`.

    Returns:
        As `fit.fit`; there is no gradient_norm. The metric of training rows is Keras' own.

    Raises:
        ValueError: A setting that this loop has not.
        FloatingPointError: The loss was not a finite number in the very first epoch.
    """
    asked = {"members": members, "per_step": per_step, "teacher_forcing": teacher_forcing}
    asked |= {"l1": l1, "l2": l2, "accumulate": accumulate, "mixup": mixup, "average": average}
    asked |= {"frozen_epochs": frozen_epochs, "precision": precision}
    check_others(loss, {**asked, "deterministic": deterministic})
    if clip_norm and clip_value:
        raise ValueError("Keras' own loop (keras_fit) clips by one of clip_norm and clip_value.")
    check_values(model, inputs)
    check_values(model, validation_inputs)
    random = np.random.default_rng(seed)
    feed = Feed(inputs, augment=augment, random=random, chances=chances(sampling, targets))
    own = class_weights, label_smoothing, quantile
    criterion, watched = criteria(loss, *own, per_step=False, pairs=0)
    planned = Schedule(**named(schedule), lr=lr, epochs=epochs)
    fallen, kept = Plateau(planned), KeptWeights(model)
    stopping = {"lr": lr, "patience": patience, "keep": kept.take, "on_epoch": on_epoch}
    progress = Progress(Best(watch, min_delta), fallen, **stopping)
    rows = Batches(feed, targets, batch_size)
    steps = {"per_step": False, "teacher_forcing": False}
    with quiet(), keras.device(place(device)):
        seed_dropout(model, seed)
        judged = Feed(validation_inputs), validation_targets
        validate = Validation(*judged, criterion, watched, **steps)
        trained = model if rows.are_arrays else Around(model)
        moving = Optimizer(**named(optimizer), weight_decay=weight_decay)
        moving.build(list(model.trainable_variables), last_of(model))
        moving.keras.global_clipnorm = clip_norm or None
        moving.keras.clipvalue = clip_value or None
        trained.compile(
            optimizer=moving.for_keras(),
            loss=partial(loss_for_keras, criterion),
            metrics=[metric_of_keras(loss)],
            auto_scale_loss=False,
        )
        rates = partial(planned.rates, num_steps=len(rows))
        ours = Watching(model, validate, progress, rates=rates, fallen=fallen, rows=rows)
        every = [*callbacks, ours]
        trained.fit(rows, epochs=epochs, verbose=0, callbacks=every, shuffle=False)
        kept.give_back()
    return progress.history


def check_others(loss: Any, others: Mapping[str, Any]) -> None:
    """Refuse what Keras' loop has no place for.

    Raises:
        ValueError: The message names it.
    """
    if not isinstance(loss, str) or loss == "nt_xent":
        raise ValueError("Keras' own loop (keras_fit) trains for one target. Leave it out.")
    for name, value in others.items():
        if value != OURS_ALONE[name]:
            what = "a target of each step" if name == "per_step" else f"{name}={value!r}"
            raise ValueError(f"Keras' own loop (keras_fit) has no {what}. Leave one of them out.")


def loss_for_keras(criterion: Callable[..., Any], targets: Any, scores: Any) -> Any:
    """Return our loss as Keras calls it: targets first, which it may have made (B, 1)."""
    alone = targets.ndim == 2 and targets.shape[-1] == 1
    return criterion(scores, keras.ops.squeeze(targets, -1) if alone else targets)


def metric_of_keras(loss: str) -> keras.metrics.Metric:
    """Return Keras' metric that is nearest to ours of training rows."""
    if loss == "cross_entropy":
        return keras.metrics.SparseCategoricalAccuracy(name="metric")
    if loss in ("binary_cross_entropy", "bce_probabilities", "contrastive"):
        return keras.metrics.BinaryAccuracy(name="metric", threshold=0.0)
    return keras.metrics.R2Score(name="metric")


class Batches(keras.utils.PyDataset):
    """The batches of an epoch, which `begin` draws: Keras looks at some before the first.

    Args:
        feed: Of training rows.
        targets: Theirs.
        batch_size: Rows of a batch.
    """

    def __init__(self, feed: Feed, targets: Targets, batch_size: int) -> None:
        super().__init__()
        self.feed, self.targets, self.batch_size = feed, targets, batch_size
        self.first = feed.random.bit_generator.state
        self.batches = feed.batches(batch_size)
        self.are_arrays = set(feed.take(self.batches[0][:1])) == {"x"}

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, np.ndarray]:
        """Return a batch as Keras hands it on: an array, or arrays by name."""
        rows = self.batches[index]
        batch = self.feed.take(rows, changed=True)
        given = batch["x"] if self.are_arrays else batch
        return given, self.feed.take_targets(self.targets, rows)

    def begin(self, epoch: int) -> None:
        """Draw the batches of an epoch, counted from 0."""
        if not epoch:
            self.feed.random.bit_generator.state = self.first
        self.batches = self.feed.batches(self.batch_size)


class Around(keras.Model):
    """A model that takes all arguments of another one in a dict, as Keras' loop hands them on."""

    def __init__(self, page: keras.Model) -> None:
        super().__init__()
        self.page = page

    def call(self, batch: Mapping[str, Any], training: bool = False) -> Any:
        """Score a batch."""
        return call(self.page, batch, training=training)


class Watching(keras.callbacks.Callback):
    """Sets the rate of each step, judges each epoch, and says when to stop.

    Args:
        page: What is trained.
        validate: Judges it on the validation rows.
        progress: Takes note.
        rates: Epoch and falls -> the rate of each step.
        fallen: Counts the falls of a plateau.
        rows: The batches of training rows.
    """

    def __init__(
        self,
        page: keras.Model,
        validate: Validation,
        progress: Progress,
        *,
        rates: Callable[..., list[float]],
        fallen: Plateau,
        rows: Batches,
    ) -> None:
        super().__init__()
        self.page, self.validate, self.progress = page, validate, progress
        self.rates, self.fallen, self.rows = rates, fallen, rows
        self.start, self.began = time.perf_counter(), 0.0
        self.now: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Draw the batches of the epoch, and know its rates."""
        self.rows.begin(epoch)
        self.now = self.rates(epoch + 1, falls=self.fallen.falls)
        self.began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the rate of the step."""
        self.model.optimizer.learning_rate = self.now[batch]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Judge, and stop where nothing improves any more."""
        speed = len(self.rows.feed) / (time.perf_counter() - self.began)
        seconds = time.perf_counter() - self.start
        row = {"epoch": epoch + 1, "train_loss": float(logs["loss"])}
        row |= {"train_metric": float(logs["metric"]), **self.validate(self.page)}
        row |= {"lr": self.now[-1], "seconds": seconds, "rows_per_second": speed}
        if not self.progress.goes_on(row):
            self.model.stop_training = True
