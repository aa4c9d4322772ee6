"""Training of several seeds of one network at once, each of which is what it would be alone.

Every seed has its own order of rows, its own dropout and its own stopping; what they share is the
call of each operation. On two cores ten seeds of a small MLP so take as long as two, one after the
other (docs/benchmarks.md); where a network is large, nothing is gained.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.feed import BLOCK_VALUES, Batch, Feed, Inputs, Targets, target_taker
from bakeoff.torch_models.losses import MEANS, OF_LABELS, loss_called, loss_of, metric_of
from bakeoff.torch_models.memory import keep_memory
from bakeoff.torch_models.optimizers import Optimizer
from bakeoff.torch_models.progress import Progress
from bakeoff.torch_models.repeatable import repeatable
from bakeoff.torch_models.sampling import chances, drawn
from bakeoff.torch_models.schedules import Best, Plateau, Schedule, named
from bakeoff.torch_models.stacked import narrow, stacked, weights_at
from bakeoff.torch_models.state import Saved, fill
from bakeoff.torch_models.tally import Tally
from bakeoff.torch_models.training import call, widened
from bakeoff.torch_models.validation import forward

CPU = torch.device("cpu")


def fit_stacked(
    models: Sequence[nn.Module],
    inputs: Inputs,
    targets: Targets,
    *,
    validation_inputs: Inputs,
    validation_targets: Targets,
    seeds: Sequence[int],
    loss: str = "cross_entropy",
    class_weights: Sequence[float] = (),
    label_smoothing: float = 0.0,
    quantile: float = 0.5,
    optimizer: str | Mapping[str, Any] = "adamw",
    lr: float = 1e-3,
    schedule: str | Mapping[str, Any] = "constant",
    batch_size: int = 64,
    epochs: int = 100,
    patience: int = 10,
    weight_decay: float = 0.01,
    min_delta: float = 0.0,
    watch: str = "loss",
    sampling: str = "shuffled",
    deterministic: bool = False,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    begin: Saved | None = None,
    on_state: Callable[[Saved], None] | None = None,
    state_seconds: float = 10.0,
) -> list[list[dict[str, float]]]:
    """Train several models in place, each as `fit.fit` does alone: see there.

    Args:
        models: Of one page, each built with a seed of its own.
        inputs: Rows of one length, without changes of pictures.
        targets: As of `fit`.
        validation_inputs: As of `fit`.
        validation_targets: As of `fit`.
        seeds: One of each model.
        loss: As of `fit`, as all that follows: what is not named here cannot be stacked.
        class_weights: As of `fit`.
        label_smoothing: As of `fit`.
        quantile: As of `fit`.
        optimizer: As of `fit`, but neither muon nor schedule_free.
        lr: As of `fit`.
        schedule: As of `fit`, but not plateau.
        batch_size: As of `fit`.
        epochs: As of `fit`.
        patience: As of `fit`.
        weight_decay: As of `fit`.
        min_delta: As of `fit`.
        watch: As of `fit`.
        sampling: As of `fit`.
        deterministic: As of `fit`.
        on_epoch: Called with the place of a model and a row of its history.
        begin: What `on_state` was given.
        on_state: Called between epochs.
        state_seconds: So much is lost at most where an epoch takes less.

    Returns:
        The history of each. Seconds are shared by those that train.

    Raises:
        FloatingPointError: The loss of one was not a finite number in its first epoch.
        ValueError: A page cannot be stacked, or `begin` is the state of other models.
    """
    keep_memory()
    weighing = {"class_weights": class_weights, "label_smoothing": label_smoothing}
    criterion = partial(loss_of, loss, quantile=quantile, **weighing)
    each = partial(losses_of_each, loss, criterion, quantile, plain=not any(weighing.values()))
    watched = partial(metric_of, loss)
    planned = Schedule(**named(schedule), lr=lr, epochs=epochs)
    stack = Stack(models, seeds, named(optimizer) | {"weight_decay": weight_decay})
    stopping: dict[str, Any] = {"lr": lr, "patience": patience}
    for k in range(len(models)):
        told_of = None if on_epoch is None else partial(on_epoch, k)
        deciding = Best(watch, min_delta), Plateau(planned)
        own = {"keep": partial(stack.keep, k), "on_epoch": told_of}
        stack.progress.append(Progress(*deciding, **stopping, **own))
    feed, known = Feed(inputs, CPU, {}), target_taker(targets, CPU)
    judged = Feed(validation_inputs, CPU, {})
    truth = target_taker(validation_targets, CPU)(torch.arange(len(judged)))
    likely = chances(sampling, targets)
    rates = partial(planned.rates, num_steps=len(feed.sizes(batch_size)), falls=0)
    stack.begin_with(begin)
    last = time.perf_counter()
    with repeatable(deterministic):
        while stack.active and stack.epoch < epochs:
            start = time.perf_counter()
            stack.epoch += 1
            orders = np.stack([drawn(rng, len(feed), likely) for rng in stack.drawing()])
            batches, now = shuffled(feed, known, orders, batch_size), rates(stack.epoch)
            tally = Tally(partial(metrics_of_each, watched), mean=loss in MEANS)
            found = stack.learn(batches, now, each, tally)
            speed = len(feed) * len(stack.active) / (time.perf_counter() - start)
            scores = forward(stack, judged)  # (N, K, ...)
            found["validation_loss"] = [criterion(own, truth).item() for own in scores.unbind(1)]
            found["validation_metric"] = [watched(own, truth) for own in scores.unbind(1)]
            lasted = time.perf_counter() - start
            stack.note(found, {"lr": now[-1], "rows_per_second": speed}, lasted)
            end = time.perf_counter()
            if on_state is not None and end + lasted - last >= state_seconds:
                on_state(stack.saved())  # before the next epoch ends it would have been due
                last = end
    for model in models:
        model.eval()
    return [progress.history for progress in stack.progress]


class Stack(nn.Module):
    """Several models that are trained at once, until each has had enough.

    Args:
        models: Of one page.
        seeds: One of each.
        optimizer: What an `Optimizer` takes.

    Attributes:
        active: Places of the models that still train, in the order in which they are stacked.
        epoch: The last that was begun.
        progress: What each has come to.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        seeds: Sequence[int],
        optimizer: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.models = tuple(models)  # a tuple, so that they are no part of this one
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.orders = [np.random.default_rng(seed) for seed in seeds]
        self.twin = stacked(models, self.generators)
        self.optimizer = Optimizer(self.twin, **optimizer, stacked=True)
        self.active, self.epoch = [*range(len(models))], 0
        self.progress: list[Progress] = []

    def forward(self, x: Tensor, categories: Tensor | None = None) -> Tensor:
        """Score the same rows by each model: (B, ...) -> (B, K, ...)."""
        count = len(self.active)
        batch = {"x": x.repeat(count, *[1] * (x.ndim - 1))}
        if categories is not None:
            batch["categories"] = categories.repeat(count, 1)
        return call(self.twin, batch).unflatten(0, (count, -1)).transpose(0, 1)

    def learn(
        self,
        batches: Iterator[tuple[Batch, Tensor]],
        rates: Sequence[float],
        losses_of: Callable[[Tensor, Tensor], Tensor],
        tally: Tally,
    ) -> dict[str, Sequence[float]]:
        """Take the steps of an epoch.

        Args:
            batches: Rows of the first model, then those of the second, and so on.
            rates: Of each step.
            losses_of: Scores (K, B, ...), targets (K, B, ...) -> losses (K,).
            tally: Sees the scores.

        Returns:
            train_loss, train_metric and gradient_norm of the last step, of each model that trains.
        """
        self.twin.train()
        count, losses, sizes = len(self.active), [], []
        lengths = torch.zeros(count)
        for step, (rate, (batch, targets)) in enumerate(zip(rates, batches, strict=True), 1):
            own = targets.unflatten(0, (count, -1))
            scores = widened(call(self.twin, batch)).unflatten(0, (count, -1))
            value = losses_of(scores, own)
            value.sum().backward()
            losses.append(value.detach())
            sizes.append(own.shape[1])
            tally.see(scores.transpose(0, 1), own.transpose(0, 1))
            if step == len(rates):
                lengths = lengths_of(self.twin)
            self.optimizer.step(rate)
        tally.count()
        metrics, rows = zip(*tally.counted, strict=True)
        return {
            "train_loss": np.average(torch.stack(losses).numpy(), 0, weights=sizes).tolist(),
            "train_metric": np.average(np.stack(metrics), 0, weights=rows).tolist(),
            "gradient_norm": lengths.tolist(),
        }

    def note(
        self, found: Mapping[str, Sequence[float]], same: Mapping[str, float], seconds: float
    ) -> None:
        """Take note of an epoch, and go on with the models that have not had enough.

        Args:
            found: What is of each model that trains.
            same: What is of all.
            seconds: That the epoch took, which they share.
        """
        staying = []
        for place, k in enumerate(self.active):
            progress = self.progress[k]
            own = {name: values[place] for name, values in found.items()}
            lasted = progress.seconds + seconds / len(self.active)
            if progress.goes_on({"epoch": self.epoch, **own, **same, "seconds": lasted}):
                staying.append(place)
        if len(staying) < len(self.active):
            self.narrow(staying)

    def narrow(self, places: list[int]) -> None:
        """Go on with some of the models, by their places among those that train."""
        narrow(self.twin, self.generators, places)
        self.optimizer.narrow(places)
        self.active = [self.active[place] for place in places]

    def keep(self, k: int) -> None:
        """Give a model the weights that it has in the stack: the best so far."""
        place = self.active.index(k)
        self.models[k].load_state_dict(dict(weights_at(self.twin, place)))

    def drawing(self) -> list[np.random.Generator]:
        """Return what draws the rows of the models that train."""
        return [self.orders[k] for k in self.active]

    def tensors(self) -> dict[str, Tensor]:
        """Return all that a training changes, by name: the tensors themselves."""
        tensors = {f"weights.{name}": own for name, own in self.twin.state_dict().items()}
        for i, state in enumerate(self.optimizer.states):
            tensors |= {f"optimizer.{i}.{j}": mean for j, mean in enumerate(state[1:])}
        for k, model in enumerate(self.models):
            tensors |= {f"kept.{k}.{name}": own for name, own in model.state_dict().items()}
        return tensors

    def saved(self) -> Saved:
        """Return all that the training needs to go on."""
        arrays = {name: tensor.detach().numpy() for name, tensor in self.tensors().items()}
        for k, generator in zip(self.active, self.generators, strict=True):
            arrays[f"random.{k}"] = generator.get_state().numpy()
        facts = {
            "history": [progress.history for progress in self.progress],
            "active": self.active,
            "epoch": self.epoch,
            "orders": [rng.bit_generator.state for rng in self.orders],
        }
        return arrays, facts

    @torch.no_grad()
    def begin_with(self, saved: Saved | None) -> None:
        """Go on from a state that was handed over.

        Raises:
            ValueError: It is that of other models.
        """
        if saved is None:
            return
        arrays, facts = saved
        self.narrow(list(facts["active"]))
        fill(self.tensors(), arrays)
        for k, generator in zip(self.active, self.generators, strict=True):
            generator.set_state(torch.from_numpy(np.array(arrays[f"random.{k}"])))
        for rng, state in zip(self.orders, facts["orders"], strict=True):
            rng.bit_generator.state = state
        for progress, history in zip(self.progress, facts["history"], strict=True):
            progress.begin_with(history)
        self.epoch = int(facts["epoch"])


def shuffled(
    feed: Feed, targets: Callable[[Tensor], Tensor], orders: np.ndarray, batch_size: int
) -> Iterator[tuple[Batch, Tensor]]:
    """Yield batches of several models, each in an order of its own, as `Feed.shuffled` does.

    Args:
        feed: Takes the rows.
        targets: Returns those of some rows.
        orders: (K, N) rows of an epoch.
        batch_size: Rows of each model in a batch.
    """
    sizes = feed.sizes(batch_size)
    per_block = max(1, BLOCK_VALUES // (feed.row_values * batch_size * len(orders)))
    stops = np.cumsum([0, *sizes])
    for first in range(0, len(sizes), per_block):
        spans = [*zip(stops[first:], stops[first + 1 :], strict=False)][:per_block]
        rows = torch.from_numpy(np.concatenate([orders[:, a:b].ravel() for a, b in spans]))
        block, counts = feed.take(rows), [int(b - a) * len(orders) for a, b in spans]
        parts = [t.split(counts) for t in (*block.values(), targets(rows))]
        for *values, batch_targets in zip(*parts, strict=True):
            yield dict(zip(block, values, strict=True)), batch_targets


def losses_of_each(
    name: str,
    criterion: Callable[[Tensor, Tensor], Tensor],
    quantile: float,
    scores: Tensor,
    targets: Tensor,
    *,
    plain: bool,
) -> Tensor:
    """Return the mean loss of each model: scores and targets (K, B, ...) -> (K,).

    Args:
        name: One of `LOSSES`.
        criterion: That loss, of one model.
        quantile: See `loss_of`.
        scores: Of all models.
        targets: Likewise.
        plain: All rows count alike, so that the losses of all models are found in one call.
    """
    if not plain or name == "contrastive" or (name in OF_LABELS and scores.shape[-1] > 1):
        return torch.stack([criterion(*own) for own in zip(scores, targets, strict=True)])
    if name != "cross_entropy":
        targets = targets.reshape(scores.shape).to(scores.dtype)
    both = scores.flatten(0, 1), targets.flatten(0, 1)
    return loss_called(name, quantile)(*both, reduction="none").view(len(scores), -1).mean(1)


def metrics_of_each(
    watched: Callable[[Tensor, Tensor], float], scores: Tensor, targets: Tensor
) -> np.ndarray:
    """Return the metric of each model: scores and targets (N, K, ...) -> (K,)."""
    both = zip(scores.unbind(1), targets.unbind(1), strict=True)
    return np.array([watched(*own) for own in both])


def lengths_of(twin: nn.Module) -> Tensor:
    """Return how long the gradient of each model of a stack is: (K,)."""
    grads = [weight.grad for weight in twin.parameters() if weight.grad is not None]
    squares = [grad.flatten(1).square().sum(1) for grad in grads]
    return torch.stack(squares).sum(0).sqrt()
