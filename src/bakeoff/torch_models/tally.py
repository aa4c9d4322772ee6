"""The metric of the training rows over an epoch, as a course plots it beside that of validation.

Scores are those that training made on its way: with dropout, and by weights that changed from step
to step.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

MOST = 2**22  # numbers that are held before they are counted


class Tally:
    """Hold scores and targets of an epoch until its end.

    Args:
        watched: Scores, targets -> the metric.
        mean: Whether the metric is a mean over rows, so that parts of an epoch can be counted.
        members: The scores are those of several members, (B, N, C): their mean is judged.
        per_step: There is a target of each step.
        teacher_forcing: Targets are tokens: too many scores to be held, each batch is judged alone.

    Example:
        >>> tally = Tally(lambda scores, targets: (scores.argmax(1) == targets).float().mean())
        >>> tally.see(torch.eye(2), torch.tensor([0, 1]))
        >>> tally.see(torch.eye(2), torch.tensor([0, 0]))
        >>> tally.metric()
        0.75
    """

    def __init__(
        self,
        watched: Callable[[Tensor, Tensor], float],
        *,
        mean: bool = False,
        members: bool = False,
        per_step: bool = False,
        teacher_forcing: bool = False,
    ) -> None:
        self.watched, self.mean, self.members = watched, mean, members
        self.per_step, self.texts = per_step, teacher_forcing
        self.scores, self.targets = torch.empty(0), torch.empty(0)
        self.held = 0  # rows
        self.counted: list[tuple[float, int]] = []

    def see(self, scores: Tensor, targets: Tensor) -> None:
        """Hold those of some rows."""
        scores = scores.detach()
        if self.texts:
            real = targets >= 0
            hits = ((scores.argmax(-1) == targets) & real).sum().item()
            number = int(real.sum())
            self.counted.append((hits / max(1, number), number))
            return
        if self.members:
            scores = scores.mean(1)
        if self.per_step:
            scores = scores[:, : targets.shape[1]]  # a batch may be padded further
            known = ~targets.isnan() if targets.is_floating_point() else targets >= 0
            scores, targets = scores[known], targets[known]
        self.hold(scores, targets)
        if self.mean and self.held * scores[:1].numel() > MOST:
            self.count()

    def hold(self, scores: Tensor, targets: Tensor) -> None:
        """Hold rows as they are judged."""
        stop = self.held + len(targets)
        self.scores = with_room(self.scores, scores, self.held, stop)
        self.targets = with_room(self.targets, targets, self.held, stop)
        self.scores[self.held : stop] = scores
        self.targets[self.held : stop] = targets
        self.held = stop

    def count(self) -> None:
        """Judge what is held, and hold no more of it."""
        if not self.held:
            return
        seen = self.scores[: self.held], self.targets[: self.held]
        value = self.watched(*((part[None] for part in seen) if self.per_step else seen))
        self.counted.append((value, self.held))
        self.held = 0

    def metric(self) -> float:
        """Return the metric of all that was seen."""
        self.count()
        if not self.counted:
            return float("nan")
        values, weights = zip(*self.counted, strict=True)
        return float(np.average(values, weights=weights))


def with_room(held: Tensor, new: Tensor, filled: int, wanted: int) -> Tensor:
    """Return a tensor with room for so many rows: twice as large whenever it is full.

    One tensor, since small ones that stay between large ones that go scatter the memory.
    """
    if len(held) >= wanted and held.shape[1:] == new.shape[1:]:
        return held
    larger = new.new_empty((max(wanted, 2 * len(held), 1024), *new.shape[1:]))
    if filled:
        larger[:filled] = held[:filled]
    return larger
