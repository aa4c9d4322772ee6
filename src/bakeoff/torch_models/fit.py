"""The training loop: mini-batches, early stopping that keeps the best weights.

What makes it fast, measured against the usual DataLoader loop on one thread (docs/benchmarks.md):
shuffled rows gathered in blocks and split into views (a DataLoader's collate costs 0.2 ms a
batch); fused updates without bookkeeping; channels-last memory for convolutions (1.3-1.4 times);
freed memory kept for the next step (1.1-1.6 times); losses read once an epoch, not once a batch.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.dropout import faster_dropout
from bakeoff.torch_models.feed import (
    Augment,
    Batch,
    Feed,
    Inputs,
    Layouts,
    Targets,
    batch_sizes,
    num_rows,
    target_taker,
)
from bakeoff.torch_models.joint_loss import JointLoss
from bakeoff.torch_models.losses import loss_of, metric_of
from bakeoff.torch_models.memory import keep_memory
from bakeoff.torch_models.optimizers import Optimizer
from bakeoff.torch_models.schedules import Best, Plateau, Schedule, named
from bakeoff.torch_models.step_scores import num_known, previous_of, step_scores, text_scores


def fit(
    model: nn.Module,
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
        model: Any module whose `forward` takes the names in `inputs`.
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
        weight_decay: See `optimizers.Optimizer`.
        l1: Times the sum of the sizes of all matrices, added to the loss that is lowered.
        l2: Times the sum of their squares.
        clip_norm: Longest gradient, as a norm over all weights; 0 does not clip.
        clip_value: Largest part of a gradient; 0 does not clip.
        min_delta: What an improvement must exceed to count as one.
        watch: What is watched of the validation rows: "loss", or "metric".
        precision: "float32", or "bfloat16" for the forward and backward pass.
        augment: Change -> (strength, probability), of training pictures; see `augment.augment`.
        seed: Decides the order of the rows, the changes of pictures and the dropout.
        device: "cpu", "cuda", "mps".
        on_epoch: Called with each history row.

    Returns:
        One row per epoch: epoch, train_loss, validation_loss, validation_metric (accuracy or R2),
        lr, seconds since the start, rows_per_second of training.

    Raises:
        FloatingPointError: The loss was not a finite number in the very first epoch.
    """
    keep_memory()
    torch.manual_seed(seed)
    own = class_weights, label_smoothing, quantile
    criterion, watched = criteria(loss, *own, per_step=per_step)
    place, layouts = torch.device(device), layouts_of(model)
    lay_out(model.to(place), layouts)
    feed = Feed(inputs, place, layouts, augment=augment, random=np.random.default_rng(seed))
    known = target_taker(targets, place)
    judged = Feed(validation_inputs, place, layouts), validation_targets
    steps = {"per_step": per_step, "teacher_forcing": teacher_forcing}
    validate = Validation(*judged, criterion, watched, **steps)
    moved = with_its_loss(model, criterion).to(place)
    weight_optimizer = Optimizer(moved, **named(optimizer), weight_decay=weight_decay)
    planned = Schedule(**named(schedule), lr=lr, epochs=epochs)
    fallen, best = Plateau(planned), Best(watch, min_delta)
    kept = KeptWeights(model)
    history: list[dict[str, float]] = []
    start = time.perf_counter()
    with faster_dropout(model):
        for epoch in range(1, epochs + 1):
            epoch_start = time.perf_counter()
            rates = planned.rates(epoch, len(batch_sizes(len(feed), batch_size)), fallen.falls)
            train_loss = train_epoch(
                model,
                feed.shuffled(known, batch_size),
                weight_optimizer,
                criterion,
                rates,
                members=members,
                clip=(clip_norm, clip_value),
                penalty=(l1, l2),
                precision=precision,
                **steps,
            )
            seconds = time.perf_counter() - epoch_start
            validation_loss, validation_metric = validate(model)
            row = {
                "epoch": epoch,
                "train_loss": train_loss,
                "validation_loss": validation_loss,
                "validation_metric": validation_metric,
                "lr": rates[-1],
                "seconds": time.perf_counter() - start,
                "rows_per_second": len(feed) / seconds,
            }
            if not math.isfinite(row["train_loss"] + row["validation_loss"]):
                if best.epoch:
                    break  # it diverged later: the best weights so far stand
                raise diverged_at_once(row, lr)
            history.append(row)
            if on_epoch is not None:
                on_epoch(row)
            fallen.see(row["validation_loss"])
            if best.is_better(row):
                kept.take()
            elif patience and epoch - best.epoch >= patience:
                break
    kept.give_back()
    lay_out(model.eval(), {})
    return history


class KeptWeights:
    """The weights of the best epoch so far, beside those that go on."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.weights = model.state_dict()  # not a copy: each step changes these tensors
        self.kept = {name: weight.clone() for name, weight in self.weights.items()}

    def take(self) -> None:
        """Keep the weights as they are."""
        for name, weight in self.weights.items():
            self.kept[name].copy_(weight)  # in place: never two copies in memory

    def give_back(self) -> None:
        """Give the model those that were kept."""
        self.model.load_state_dict(self.kept)


def with_its_loss(model: nn.Module, criterion: Callable[..., Tensor]) -> nn.Module:
    """Return what is trained: the model, and the loss where it learns how to weigh targets."""
    return nn.ModuleList([model, criterion]) if isinstance(criterion, nn.Module) else model


def criteria(
    loss: str | Mapping[str, Mapping[str, Any]],
    class_weights: Sequence[float],
    label_smoothing: float,
    quantile: float,
    *,
    per_step: bool,
) -> tuple[Callable[..., Tensor], Callable[[Tensor, Tensor], float]]:
    """Return what training lowers, and the metric that is watched beside it."""
    if not isinstance(loss, str):
        joint = JointLoss(loss)
        return joint, joint.metric
    own: dict[str, Any] = {"label_smoothing": label_smoothing, "quantile": quantile}
    lowered = partial(loss_of, loss, class_weights=class_weights, per_step=per_step, **own)
    return lowered, partial(metric_of, loss, per_step=per_step)


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
        criterion: Callable[..., Tensor],
        watched: Callable[[Tensor, Tensor], float],
        *,
        per_step: bool,
        teacher_forcing: bool,
    ) -> None:
        self.feed, self.watched = feed, watched
        self.criterion = criterion.selected if isinstance(criterion, JointLoss) else criterion
        self.per_step, self.teacher_forcing = per_step, teacher_forcing
        self.known = target_taker(targets, feed.device)
        self.truth = torch.empty(0)
        if not teacher_forcing:
            self.truth = self.known(torch.arange(num_rows(targets)))
        if per_step and not teacher_forcing:
            steps = torch.from_numpy(feed.steps)[:, None].to(feed.device)
            real = torch.arange(self.truth.shape[1], device=feed.device) < steps
            self.truth = self.truth[real][None]  # (1, S): of all rows, one behind the other

    def __call__(self, model: nn.Module) -> tuple[float, float]:
        """Return the loss and the metric."""
        if self.teacher_forcing:
            found = text_scores(model, self.feed, self.known, call).sum(0)  # (3,)
            return (found[0] / found[1]).item(), (found[2] / found[1]).item()
        if self.per_step:
            scores = step_scores(model, self.feed, call)[None]  # (1, S, C)
        else:
            scores = forward(model, self.feed)
        return self.criterion(scores, self.truth).item(), self.watched(scores, self.truth)


def diverged_at_once(row: Mapping[str, float], lr: float) -> FloatingPointError:
    """Say what to try where the first epoch has no finite loss."""
    return FloatingPointError(
        f"The loss is {row['train_loss']:g} in training and {row['validation_loss']:g} in "
        f"validation after the first epoch, with lr {lr:g}. Try lr {rate_to_try(lr):g}, or "
        "clip_norm 1."
    )


def rate_to_try(lr: float) -> float:
    """Return a rate for a training that diverged: a hundredth of the default at most."""
    return min(lr / 10, 1e-5)


def train_epoch(
    model: nn.Module,
    shuffled: Iterator[tuple[Batch, Tensor]],
    optimizer: Optimizer,
    criterion: Callable[..., Tensor],
    rates: list[float],
    *,
    members: bool,
    per_step: bool,
    teacher_forcing: bool,
    clip: tuple[float, float],
    penalty: tuple[float, float],
    precision: str,
) -> float:
    """Take one step per batch, with its rate; return the mean training loss of a row, or step."""
    model.train()
    model.zero_grad()
    losses, sizes = [], []
    for (batch, targets), rate in zip(shuffled, rates, strict=True):
        if teacher_forcing:
            batch["previous"] = previous_of(targets)
        with reduced(precision, targets.device):
            scores = call(model, batch)
        value = criterion(scores.float(), targets, members=members)
        total = value + sized(model, *penalty) if any(penalty) else value
        total.backward()
        if clip[0]:
            nn.utils.clip_grad_norm_(model.parameters(), clip[0])
        if clip[1]:
            nn.utils.clip_grad_value_(model.parameters(), clip[1])
        optimizer.step(rate)
        losses.append(value.detach())  # not .item(): that would wait for a GPU
        sizes.append(num_known(targets) if per_step else len(targets))
    return float(np.average(torch.stack(losses).cpu().numpy(), weights=sizes))


def sized(model: nn.Module, l1: float, l2: float) -> Tensor:
    """Return what the size of the matrices adds to a loss."""
    matrices = [w for w in model.parameters() if w.requires_grad and w.ndim > 1]
    return sum((l1 * w.abs().sum() + l2 * w.square().sum() for w in matrices), torch.zeros(()))


def predict(
    model: nn.Module,
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
    place = torch.device(device)
    model.to(place)
    feed = Feed(inputs, place, layouts_of(model))
    if texts is not None:
        return text_scores(model, feed, target_taker(texts, place), call).cpu().numpy()
    if per_step:
        return step_scores(model, feed, call, batch_size).cpu().numpy()
    return forward(model, feed, batch_size).cpu().numpy()


def forward(model: nn.Module, feed: Feed, batch_size: int = 0) -> Tensor:
    """Score all rows in evaluation mode, a chunk at a time.

    Scores are written into one tensor: small ones that are kept between large ones that are freed
    scatter the memory, by 200 MB over 10,000 pictures.
    """
    model.eval()
    scores = torch.empty(0)
    with torch.inference_mode():
        for rows, batch in feed.in_turn(batch_size or feed.rows_at_once()):
            some = call(model, batch).float()
            if not len(scores):
                scores = some.new_empty((len(feed), *some.shape[1:]))
            scores[rows] = some
    return scores


def call(model: nn.Module, batch: Batch) -> Tensor:
    """Score a batch: arguments of the model by name, or several inputs of one argument as x.NAME.

    A network returns target -> scores: they are put beside each other.
    """
    several = {name[2:]: values for name, values in batch.items() if name.startswith("x.")}
    scores = model(several) if several else model(**batch)
    if not isinstance(scores, dict):
        return scores
    return torch.cat(list(scores.values()), -1) if len(scores) > 1 else next(iter(scores.values()))


def layouts_of(model: nn.Module) -> Layouts:
    """Say in which order convolutions like their tensors: number of dimensions -> memory format.

    Channels last is 1.3-1.5 times faster on a CPU, with one and the same result.
    """
    parts = list(model.modules())
    layouts = {4: (nn.Conv2d, torch.channels_last), 5: (nn.Conv3d, torch.channels_last_3d)}
    return {
        ndim: layout
        for ndim, (kind, layout) in layouts.items()
        if any(isinstance(part, kind) for part in parts)
    }


def lay_out(model: nn.Module, layouts: Layouts) -> None:
    """Put the weights in that order; without one, in torch's usual order."""
    for weight in model.parameters():
        layout = layouts.get(weight.ndim, torch.contiguous_format)
        # clone, as contiguous() passes by the weights of a single channel, which fit either
        # order; the convolution then took the usual one, and the step 1.5 times as long
        weight.data = weight.data.clone(memory_format=layout)


def reduced(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which the forward pass runs."""
    if precision == "float32":
        return nullcontext()
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    raise ValueError(f"No precision called {precision!r}. Known: float32, bfloat16.")
