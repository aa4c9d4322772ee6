"""The training loop: Keras' own compile and fit, with the rules of torch_models/fit.py.

Rows are shuffled by the seed, training stops early, and the best weights are restored. The page
stands behind one adaptor, because Keras' fit calls a model with one argument and a page takes
several. It runs on TensorFlow and on JAX.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np

from bakeoff.keras_models.feed import (
    Augment,
    Batch,
    Feed,
    Inputs,
    Targets,
    narrow,
    num_rows,
)
from bakeoff.keras_models.joint_loss import JointLoss
from bakeoff.keras_models.losses import loss_of, metric_of
from bakeoff.keras_models.optimizers import Rates, make_optimizer
from bakeoff.keras_models.schedules import Best, Plateau, Schedule, named
from bakeoff.keras_models.step_scores import previous_of, step_scores, text_scores

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
    precision: str = "float32",
    augment: Augment | None = None,
    seed: int = 0,
    device: str = "cpu",
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> list[dict[str, float]]:
    """Train a model in place until the validation loss stops falling; keep its best weights.

    Args:
        model: Any built model whose `call` takes the names in `inputs`.
        inputs: Argument name -> array of all training rows (x, and lengths or categories), or plain
            values that say where to take them: see `feed`.
        targets: Class numbers, or floats; an array, or plain values that say where to take them.
        validation_inputs: The same of the validation rows, which decide when to stop.
        validation_targets: The same.
        loss: See `losses.LOSSES`; of several targets, which are (N, K) beside each other, target ->
            what `joint_loss.JointLoss` takes.
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
        weight_decay: See `optimizers.make_optimizer`.
        l1: Times the sum of the sizes of all matrices, added to the loss that is lowered.
        l2: Times the sum of their squares.
        clip_norm: Longest gradient, as a norm over all weights; 0 does not clip.
        clip_value: Largest part of a gradient; 0 does not clip.
        min_delta: What an improvement must exceed to count as one.
        watch: What is watched of the validation rows: "loss", or "metric".
        precision: "float32"; Keras fixes the precision of a page when it is built.
        augment: Change -> (strength, probability), of training pictures; see `augment.augment`.
        seed: Decides the order of the rows, the changes of pictures and the dropout.
        device: "cpu", "cuda" (any GPU that the backend sees).
        on_epoch: Called with each history row.

    Returns:
        One row per epoch: epoch, train_loss, validation_loss, validation_metric (accuracy, R2), lr,
        seconds since the start, rows_per_second of training.

    Raises:
        FloatingPointError: The loss was not a finite number in the very first epoch.
        ValueError: A length, token or category that the model does not know.
    """
    if precision != "float32":
        raise ValueError(f"precision={precision!r}: Keras models train in float32. Leave it out.")
    check_values(model, inputs)
    check_values(model, validation_inputs)
    compiled = keras.backend.backend() == "jax"
    random = np.random.default_rng(seed)
    feed = Feed(inputs, compiled=compiled, augment=augment, random=random)
    validation_feed = Feed(validation_inputs, compiled=compiled)
    batches = Batches(feed, targets, batch_size, teacher_forcing=teacher_forcing)
    rates = Schedule(**named(schedule), lr=lr, epochs=epochs)
    own = class_weights, label_smoothing, quantile
    criterion, watched = criteria(loss, *own, per_step=per_step)
    adaptor = Adaptor(model)
    if isinstance(criterion, JointLoss) and criterion.learned:
        criterion.log_variances = adaptor.learned(len(criterion.goals))
    weight_optimizer = make_optimizer(
        adaptor,
        **named(optimizer),
        lr=rates_inside(rates, len(batches)),
        weight_decay=weight_decay,
        clip_norm=clip_norm,
        clip_value=clip_value,
        l1=l1,
        l2=l2,
    )

    def data_loss(targets: Any, scores: Any) -> Any:
        """Return the loss in Keras' order of arguments, without penalties when a metric."""
        return criterion(scores, targets, members=members)

    steps = {"per_step": per_step, "teacher_forcing": teacher_forcing}
    validate = Validation(validation_feed, validation_targets, criterion, watched, **steps)
    watching = Watch(
        validate, rates, Best(watch, min_delta), (len(feed), len(batches)), patience, on_epoch
    )
    with quiet(), keras.device(place(device)):
        seed_dropout(model, seed)
        adaptor(batches[0][0])
        adaptor.compile(
            weight_optimizer,
            data_loss,
            metrics=[data_loss],
            jit_compile=compiled,  # XLA on a CPU slows TensorFlow down
        )
        adaptor.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[watching])
        model.set_weights(watching.best_weights)
    return watching.history


def rates_inside(schedule: Schedule, num_steps: int) -> Any:
    """Return the rates of all steps, read inside the graph; of a plateau that of the first epoch.

    Those of later epochs are set between epochs, when the validation loss is known.
    """
    if schedule.name == "plateau":
        return schedule.rates(1, 1)[0]
    epochs = range(1, schedule.epochs + 1)
    return Rates([rate for epoch in epochs for rate in schedule.rates(epoch, num_steps)])


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
    feed = Feed(inputs, compiled=keras.backend.backend() == "jax")
    with quiet(), keras.device(place(device)):
        adaptor = Adaptor(model)
        if texts is not None:
            return text_scores(feed, texts, adaptor.predict_on_batch)
        if per_step:
            return step_scores(feed, adaptor.predict_on_batch, batch_size)
        return forward(adaptor, feed, batch_size)


def criteria(
    loss: str | Mapping[str, Mapping[str, Any]],
    class_weights: Sequence[float],
    label_smoothing: float,
    quantile: float,
    *,
    per_step: bool,
) -> tuple[Callable[..., Any], Callable[[np.ndarray, np.ndarray], float]]:
    """Return what training lowers, and the metric that is watched beside it."""
    if not isinstance(loss, str):
        joint = JointLoss(loss)
        return joint, joint.metric
    own: dict[str, Any] = {"label_smoothing": label_smoothing, "quantile": quantile}
    lowered = partial(loss_of, loss, class_weights=class_weights, per_step=per_step, **own)
    return lowered, partial(metric_of, loss, per_step=per_step)


class Adaptor(keras.Model):
    """A page that takes its named arguments as one dictionary, as Keras' fit gives them."""

    def __init__(self, page: keras.Model) -> None:
        super().__init__()
        self.page = page

    def call(self, inputs: Batch, training: bool = False) -> Any:
        """Score {"x": ..., "lengths": ...}, or several inputs {"x.NAME": ...}: (B, C) or (B, S).

        A network returns target -> scores: they are put beside each other.
        """
        several = {name[2:]: values for name, values in inputs.items() if name.startswith("x.")}
        if several:
            scores = self.page(several, training=training)
        else:
            scores = self.page(**inputs, training=training)
        if not isinstance(scores, dict):
            return scores
        parts = list(scores.values())
        return keras.ops.concatenate(parts, -1) if len(parts) > 1 else parts[0]

    def learned(self, number: int) -> Any:
        """Return weights of the losses, zeros, which are trained beside the page."""
        return self.add_weight(shape=(number,), initializer="zeros", name="log_variances")


class Batches(keras.utils.PyDataset):
    """Shuffled batches, taken when they are needed; each row comes once in an epoch."""

    def __init__(
        self, feed: Feed, targets: Targets, batch_size: int, *, teacher_forcing: bool
    ) -> None:
        super().__init__()
        self.feed, self.batch_size, self.teacher_forcing = feed, batch_size, teacher_forcing
        self.targets = narrow(targets) if isinstance(targets, np.ndarray) else targets
        self.rows = feed.first_rows(batch_size, targets)

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self.rows)

    def __getitem__(self, i: int) -> tuple[Batch, np.ndarray]:
        """Take batch number i."""
        batch = self.feed.take(self.rows[i], changed=True)
        targets = self.feed.take_targets(self.targets, self.rows[i])
        if self.teacher_forcing:
            batch["previous"] = previous_of(targets)
        return batch, targets

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.rows = self.feed.shuffled_rows(self.batch_size)


class Validation:
    """Judges a model on the validation rows: loss and metric.

    Args:
        feed: Of these rows.
        targets: Theirs.
        criterion: The loss.
        watched: The metric.
        per_step: There is a target of each step.
        teacher_forcing: The model is given the true steps.
    """

    def __init__(
        self,
        feed: Feed,
        targets: Targets,
        criterion: Callable[..., Any],
        watched: Callable[[np.ndarray, np.ndarray], float],
        *,
        per_step: bool,
        teacher_forcing: bool,
    ) -> None:
        self.feed, self.targets = feed, targets
        self.watched = watched
        self.criterion = criterion.selected if isinstance(criterion, JointLoss) else criterion
        self.per_step, self.teacher_forcing = per_step, teacher_forcing
        self.truth = np.zeros(0)
        if not teacher_forcing:
            self.truth = feed.take_targets(targets, np.arange(num_rows(targets)))
        if per_step and not teacher_forcing:
            real = np.arange(self.truth.shape[1]) < feed.steps[:, None]
            self.truth = self.truth[real][None]  # (1, S): of all rows, one behind the other

    def __call__(self, adaptor: Adaptor) -> tuple[float, float]:
        """Return the loss and the metric."""
        score = adaptor.predict_on_batch
        if self.teacher_forcing:
            found = text_scores(self.feed, self.targets, score).sum(0, dtype="float64")  # (3,)
            return float(found[0] / found[1]), float(found[2] / found[1])
        if self.per_step:
            scores = step_scores(self.feed, score)[None]  # (1, S, C)
        else:
            scores = forward(adaptor, self.feed)
        return float(self.criterion(scores, self.truth)), self.watched(scores, self.truth)


class Watch(keras.callbacks.Callback):
    """Write a history row after each epoch, keep the best weights, and stop in time."""

    def __init__(
        self,
        validate: Validation,
        rates: Schedule,
        best: Best,
        sizes: tuple[int, int],
        patience: int,
        on_epoch: Callable[[dict[str, float]], None] | None,
    ) -> None:
        super().__init__()
        self.validate, self.rates = validate, rates
        self.best, self.fallen = best, Plateau(rates)
        self.num_rows, self.num_steps = sizes
        self.patience, self.on_epoch = patience, on_epoch
        self.history: list[dict[str, float]] = []
        self.best_weights: list[np.ndarray] | None = None
        self.start = self.epoch_start = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self.epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Judge the validation rows."""
        seconds = time.perf_counter() - self.epoch_start
        validation_loss, validation_metric = self.validate(self.model)
        row = {
            "epoch": epoch + 1,
            "train_loss": float(logs["data_loss"]),
            "validation_loss": validation_loss,
            "validation_metric": validation_metric,
            "lr": self.rates.rates(epoch + 1, self.num_steps, self.fallen.falls)[-1],
            "seconds": time.perf_counter() - self.start,
            "rows_per_second": self.num_rows / seconds,
        }
        if not np.isfinite(row["train_loss"] + row["validation_loss"]):
            self.diverged(row)
            return
        self.history.append(row)
        if self.on_epoch is not None:
            self.on_epoch(row)
        self.fallen.see(validation_loss)
        if self.rates.name == "plateau":
            ahead = self.rates.rates(epoch + 2, 1, self.fallen.falls)
            self.model.optimizer.learning_rate = ahead[0]
        if self.best.is_better(row):
            self.best_weights = self.model.page.get_weights()
        elif self.patience and row["epoch"] - self.best.epoch >= self.patience:
            self.model.stop_training = True

    def diverged(self, row: dict[str, float]) -> None:
        """Stop with the best weights so far, or say what to try where there are none."""
        if self.best_weights is None:
            raise FloatingPointError(
                f"The loss is {row['train_loss']:g} after the first epoch, with lr "
                f"{self.rates.lr:g}. Try lr {rate_to_try(self.rates.lr):g}, or clip_norm 1."
            )
        self.model.stop_training = True


def rate_to_try(lr: float) -> float:
    """Return a rate for a training that diverged: a hundredth of the default at most."""
    return min(lr / 10, 1e-5)


def forward(adaptor: Adaptor, feed: Feed, batch_size: int = 0) -> np.ndarray:
    """Score all rows in evaluation mode, a chunk at a time, into one array."""
    scores = np.empty(0, "float32")
    for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
        some = np.asarray(adaptor.predict_on_batch(batch))
        if not len(scores):
            scores = np.empty((len(feed), *some.shape[1:]), "float32")
        scores[rows] = some
    return scores


def check_values(model: keras.Model, inputs: Inputs) -> None:
    """Refuse lengths, tokens and categories that the model does not know: a graph cannot."""
    if "x" in inputs:
        check_page(model, inputs)
        return
    for name, i in model.sources.items():
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
