"""Ranks: several processes that train one network, each with its share of every batch.

All of them draw the same rows in the same order, and take every N-th row of a batch. Gradients are
added up before the weights move, so a step is that of one process with the whole batch, but for
what batch norm sees at once and for the dropout that each draws.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.memory import keep_memory
from bakeoff.torch_models.sharded import bytes_of, is_share, sharded, whole_again

COPIES = 5  # of each weight: itself, its gradient, the best so far, and the two means of Adam
APART = 1_000_003  # between the seeds of two processes, of which each draws its own dropout


class Ranks:
    """This process among those that train a network together; alone it changes nothing.

    Args:
        rank: Its number, from 0.
        size: How many there are.
        room: Bytes for weights and what is kept beside them; of a network that needs more each
            process holds a share: see `sharded`.

    Attributes:
        sharded: Whether that was so of the network trained last.

    Example:
        >>> alone = Ranks()
        >>> alone.rows(torch.arange(3)).tolist(), alone.mean({"loss": 2.0}, 3)
        ([0, 1, 2], {'loss': 2.0})
    """

    def __init__(self, rank: int = 0, size: int = 1, *, room: float = math.inf) -> None:
        self.rank, self.size, self.room = rank, size, room
        self.sharded = False

    def placed(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return what this process trains: the model on its device, or a copy with its shares."""
        self.sharded = self.size > 1 and COPIES * bytes_of(model) > self.room
        keep_memory(not self.sharded)
        return sharded(model, device) if self.sharded else model.to(device)

    def ended(self, model: nn.Module, trained: nn.Module) -> nn.Module:
        """Give a model the weights of what was trained in its place, and return it."""
        if self.sharded:
            whole_again(model, trained)
        return model

    def rows(self, values: Tensor) -> Tensor:
        """Return the rows of this process; of a batch smaller than there are processes its first.

        That one does not count: see `share`.
        """
        if self.size == 1:
            return values
        mine = values[self.rank :: self.size]
        return mine if len(mine) else values[:1]

    def share(self, mine: float, whole: float, count: int) -> float:
        """Return how much of the mean over a batch the mean over the rows of this process is.

        Args:
            mine: What the mean over these rows is a mean of, such as their number.
            whole: What that over the batch is one of.
            count: Rows of the batch.
        """
        if self.size == 1:
            return 1.0
        times = self.size if self.sharded else 1  # there gradients become their mean, not their sum
        return times * mine / whole if self.rank < count else 0.0

    def seed(self, seed: int) -> None:
        """Let each process draw a dropout of its own."""
        if self.size > 1:
            torch.manual_seed(seed + APART * self.rank)

    def add_up(self, weights: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes, in place."""
        if self.size == 1:
            return
        found = [weight.grad for weight in weights if weight.grad is not None]
        gradients = [gradient for gradient in found if not is_share(gradient)]  # these are already
        if not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        torch.distributed.all_reduce(flat)
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.reshape(gradient.shape))

    def agree(self, wanted: bool) -> bool:
        """Return what the first process wants, where all must do the same; else each its own."""
        if not self.sharded:
            return wanted
        answer = torch.tensor([wanted])
        torch.distributed.broadcast(answer, 0)
        return bool(answer)

    def mean(self, values: Mapping[str, float], weight: float) -> dict[str, float]:
        """Return the mean over all processes of numbers that each has of its own rows.

        Args:
            values: Name -> number.
            weight: How many rows they are of.
        """
        if self.size == 1:
            return dict(values)
        numbers = torch.tensor([*values.values(), 1.0], dtype=torch.float64) * weight
        torch.distributed.all_reduce(numbers)
        means = (numbers[:-1] / numbers[-1]).tolist()
        return dict(zip(values, means, strict=True))

    def judged(
        self, validate: Callable[[nn.Module], Mapping[str, float]], model: nn.Module
    ) -> dict[str, float]:
        """Return what the first process finds, by its buffers, such as the moments of batch norm.

        Args:
            validate: Judges a model.
            model: Whose weights are the same in all of them.
        """
        if self.size == 1:
            return dict(validate(model))
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, 0)
        values = validate(model)
        numbers = torch.tensor([*values.values()], dtype=torch.float64)
        torch.distributed.broadcast(numbers, 0)
        return dict(zip(values, numbers.tolist(), strict=True))


CURRENT = [Ranks()]


def ranks() -> Ranks:
    """Return this process among those that train together now."""
    return CURRENT[-1]


@contextmanager
def together(*, room: float = math.inf) -> Iterator[None]:
    """Train what is trained within together with the other processes of the group.

    Every one of them must call `fit` within, with the same arguments.

    Args:
        room: Bytes that each has for weights and what is kept beside them; of a network that needs
            more each holds a share.
    """
    group = torch.distributed
    CURRENT.append(Ranks(group.get_rank(), group.get_world_size(), room=room))
    try:
        yield
    finally:
        CURRENT.pop()


def send(text: str) -> None:
    """Send a text to all other processes of the group, which `receive` it."""
    letters = np.frombuffer(text.encode(), np.uint8).copy()
    torch.distributed.broadcast(torch.tensor([len(letters)]), 0)
    torch.distributed.broadcast(torch.from_numpy(letters), 0)


def receive() -> str:
    """Wait for the text that the first process sends."""
    length = torch.zeros(1, dtype=torch.int64)
    torch.distributed.broadcast(length, 0)
    letters = torch.zeros(int(length), dtype=torch.uint8)
    torch.distributed.broadcast(letters, 0)
    return letters.numpy().tobytes().decode()
