"""A moving average of the weights: what a training settles at, without its last steps' noise.

    average = k average + (1 - k) weights,        k = min(share, (1 + t) / (10 + t)) in step t

Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; the
share that grows from 2/11 on lets short trainings forget where they began.
"""

from types import TracebackType

import torch
from torch import nn


class Averaged:
    """The average of a model's weights; as a context, the model has it in their place.

    The running moments of batch norm are averaged as well, whole numbers are not.

    Args:
        model: Its weights must stay where they are in memory from here on.
        share: Of the average that stays from step to step; 0: there is none.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> averaged = Averaged(model, 0.5)
        >>> before = model.weight.item()
        >>> _ = nn.init.constant_(model.weight, before + 1)
        >>> averaged.see()
        >>> with averaged:
        ...     round(model.weight.item() - before, 3)
        0.818
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        self.share, self.num_steps = share, 0
        weights = model.state_dict().values() if share else []
        self.weights = [weight for weight in weights if weight.is_floating_point()]
        self.averages = [weight.clone() for weight in self.weights]
        self.raw: list[torch.Tensor] = []

    @torch.no_grad()
    def begin(self) -> None:
        """Begin with the weights as they are."""
        self.num_steps = 0
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.copy_(weight)

    @torch.no_grad()
    def see(self) -> None:
        """Move the average towards the weights of now."""
        if not self.share:
            return
        self.num_steps += 1
        kept = kept_share(self.share, self.num_steps)
        torch._foreach_lerp_(self.averages, self.weights, 1 - kept)

    @torch.no_grad()
    def __enter__(self) -> None:
        self.raw = [weight.clone() for weight in self.weights]
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.copy_(average)

    @torch.no_grad()
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for weight, raw in zip(self.weights, self.raw, strict=True):
            weight.copy_(raw)
        self.raw = []


def kept_share(share: float, step: int) -> float:
    """Return the share of the average that stays in a step, counted from 1."""
    return min(share, (1 + step) / (10 + step))
