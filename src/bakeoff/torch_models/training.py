"""The steps of an epoch: forward, backward, and the weights move."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.averaged import Averaged
from bakeoff.torch_models.feed import Batch
from bakeoff.torch_models.mixing import Mixing
from bakeoff.torch_models.optimizers import Optimizer
from bakeoff.torch_models.ranks import ranks
from bakeoff.torch_models.sharded import gathered, mine
from bakeoff.torch_models.step_scores import num_known, previous_of
from bakeoff.torch_models.tally import Tally
from bakeoff.torch_models.within import Within

Group = list[tuple[Batch, Tensor]]


class Training:
    """Takes the steps of an epoch.

    Args:
        model: What is trained.
        criterion: Scores, targets -> loss.
        optimizer: Moves its weights.
        counted: Targets -> how many the loss of a batch is a mean of.
        averaged: The moving average of its weights.
        mixing: Draws how rows are mixed.
        members: The model returns the scores of several members, and each has a loss.
        per_step: There is a target of each step.
        teacher_forcing: The model is given the true steps.
        clip: Longest gradient as a norm over all weights, and largest part; 0 does not clip.
        penalty: Of the sizes of matrices, and of their squares.
        precision: Of the forward and backward pass.
        accumulate: Batches whose gradients are added up before the weights move.
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: Callable[..., Tensor],
        optimizer: Optimizer,
        *,
        counted: Callable[[Tensor], float],
        averaged: Averaged,
        mixing: Mixing,
        members: bool,
        per_step: bool,
        teacher_forcing: bool,
        clip: tuple[float, float],
        penalty: tuple[float, float],
        precision: str,
        accumulate: int,
    ) -> None:
        self.model, self.criterion, self.optimizer = model, criterion, optimizer
        self.counted, self.averaged, self.mixing = counted, averaged, mixing
        self.members, self.per_step, self.teacher_forcing = members, per_step, teacher_forcing
        self.clip, self.penalty = clip, penalty
        self.precision, self.accumulate = precision, accumulate
        self.ranks = ranks()

    def begin(self) -> None:
        """Forget how the weights have moved so far."""
        self.optimizer.begin()
        self.averaged.begin()

    def epoch(
        self,
        shuffled: Iterator[tuple[Batch, Tensor]],
        rates: Sequence[float],
        tally: Tally,
        *,
        begun: Within | None = None,
        after: Callable[[Callable[[], Within]], None] = lambda _: None,
    ) -> dict[str, float]:
        """Take one step for each group of batches, with its rate.

        Args:
            shuffled: The batches of the epoch.
            rates: Of each step.
            tally: Sees the scores.
            begun: How far this epoch has come already.
            after: Called after each step but the last with what tells how far it has come.

        Returns:
            train_loss, the mean of a row, or step; train_metric; gradient_norm of the last step.
        """
        self.model.train()
        self.model.zero_grad()
        losses, sizes = taken_up(begun, tally)
        batches, done = 0, len(sizes)
        mixed = iter(self.mixing.shares(len(rates) * self.accumulate))
        clips, length = any(self.clip), torch.zeros(())
        for step, rate in enumerate(rates, 1):
            group = list(islice(shuffled, self.accumulate))
            batches += len(group)
            if batches <= done:
                _ = [next(mixed, None) for _ in group]
                continue
            for (batch, targets), share in zip(group, self.shares(group), strict=True):
                value, scores, targets = self.backward(batch, targets, share, next(mixed, None))
                losses.append(value.detach())  # not .item(): that would wait for a GPU
                sizes.append(num_known(targets) if self.per_step else len(targets))
                tally.see(scores, targets)
            self.ranks.add_up(weight for weight, *_ in self.optimizer.states)
            if clips or step == len(rates):
                length = self.clipped()
            self.optimizer.step(rate)
            self.averaged.see()
            if step < len(rates):  # after the last one an epoch has not to be taken up again
                after(partial(so_far, batches, sizes, losses, tally))
        mean = float(np.average(torch.stack(losses).cpu().numpy(), weights=sizes))
        found = self.ranks.mean({"train_loss": mean, "train_metric": tally.metric()}, sum(sizes))
        return {**found, "gradient_norm": length.item()}

    def shares(self, group: Group) -> list[float]:
        """Return how much of the mean over a group each batch is."""
        if len(group) == 1:
            return [1.0]
        counts = [self.counted(targets) for _, targets in group]
        return [count / sum(counts) for count in counts]

    def backward(
        self, batch: Batch, targets: Tensor, share: float, mix: float | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Add the gradients of a batch; return its loss, scores and targets.

        Of several processes each has rows of its own, and returns what is of them.

        Args:
            share: Of its group.
            mix: Of a row in a mixture of two; None: rows are not mixed.
        """
        if self.teacher_forcing:
            batch["previous"] = previous_of(targets)
        if mix is not None:
            batch = {name: mix * x + (1 - mix) * x.flip(0) for name, x in batch.items()}
        other = targets.flip(0) if mix is not None else targets
        of_group = share
        if self.ranks.size > 1:
            count, whole = len(targets), self.counted(targets)
            batch = {name: self.ranks.rows(values) for name, values in batch.items()}
            targets, other = self.ranks.rows(targets), self.ranks.rows(other)
            share = share * self.ranks.share(self.counted(targets), whole, count)
        with reduced(self.precision, targets.device):
            scores = call(self.model, batch)
        scores = widened(scores)
        value = self.criterion(scores, targets, members=self.members)
        if mix is not None:
            value = mix * value + (1 - mix) * self.criterion(scores, other, members=self.members)
        total = value
        if any(self.penalty) and self.ranks.sharded:
            (sized(self.model, *self.penalty) * of_group).backward()  # each of its own share
        elif any(self.penalty):
            total = value + sized(self.model, *self.penalty)
        (total * share if share != 1.0 else total).backward()
        return value, scores, targets

    def clipped(self) -> Tensor:
        """Clip the gradients, and return their length before that."""
        weights = list(self.model.parameters())
        if self.clip[0]:
            length = nn.utils.clip_grad_norm_(weights, self.clip[0])
        else:
            length = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
        if self.clip[1]:
            nn.utils.clip_grad_value_(weights, self.clip[1])
        return gathered(length)


def taken_up(begun: Within | None, tally: Tally) -> tuple[list[Tensor], list[int]]:
    """Return losses and sizes of the batches that an epoch has had already; the tally sees them."""
    if begun is None:
        return [], []
    tally.counted = [*begun.counted]
    if len(begun.targets):
        tally.hold(torch.from_numpy(begun.scores), torch.from_numpy(begun.targets))
    return [*torch.from_numpy(begun.losses)], [*begun.sizes]


def so_far(batches: int, sizes: list[int], losses: list[Tensor], tally: Tally) -> Within:
    """Return how far an epoch has come."""
    return Within(
        batches=batches,
        sizes=[*sizes],
        counted=[*tally.counted],
        losses=torch.stack(losses).cpu().numpy(),
        scores=tally.scores[: tally.held].cpu().numpy(),
        targets=tally.targets[: tally.held].cpu().numpy(),
    )


def call(model: nn.Module, batch: Batch) -> Tensor:
    """Score a batch: arguments of the model by name, or several inputs of one argument as x.NAME.

    A network returns target -> scores: they are put beside each other.
    """
    several = {name[2:]: values for name, values in batch.items() if name.startswith("x.")}
    scores = model(several) if several else model(**batch)
    if not isinstance(scores, dict):
        return scores
    return torch.cat(list(scores.values()), -1) if len(scores) > 1 else next(iter(scores.values()))


def widened(scores: Tensor) -> Tensor:
    """Return scores in float32 at least, where losses are taken."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


def sized(model: nn.Module, l1: float, l2: float) -> Tensor:
    """Return what the size of the matrices adds to a loss."""
    matrices = [mine(w) for w in model.parameters() if w.requires_grad and w.ndim > 1]
    return sum((l1 * w.abs().sum() + l2 * w.square().sum() for w in matrices), torch.zeros(()))


def reduced(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which the forward pass runs."""
    if precision == "float32":
        return nullcontext()
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    raise ValueError(f"No precision called {precision!r}. Known: float32, bfloat16.")
