"""How weights move, and how the step size changes over a training.

The updates are torch's own fused ones (1.06-1.4 times faster on a CPU), called as functions:
the bookkeeping of the classes in torch.optim costs another 17 % of a small network's step, and
the first of them to be built imports torch._dynamo, which takes 1.1 seconds.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd


class Optimizer:
    """Move all trained weights of a model against their gradients.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing. The defaults are those of torch.optim, and so are the numbers, bit by bit.

    Args:
        model: Its weights must stay where they are in memory from here on.
        name: One of `OPTIMIZERS`.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others).

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> model.weight.grad = torch.ones(1, 1)
        >>> before = model.weight.item()
        >>> Optimizer(model, "adam").step(lr=0.25)
        >>> round(before - model.weight.item(), 4)
        0.25
    """

    def __init__(self, model: nn.Module, name: str, *, weight_decay: float = 0.0) -> None:
        if name not in OPTIMIZERS:
            raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
        self.weight_decay = weight_decay
        self.move, num_means = OPTIMIZERS[name]
        states = [
            (p, torch.zeros((), device=p.device), *(torch.zeros_like(p) for _ in range(num_means)))
            for p in model.parameters()
            if p.requires_grad
        ]  # each weight, how many steps it took, and its running means
        self.decayed = [state for state in states if state[0].ndim > 1]
        self.others = [state for state in states if state[0].ndim <= 1]
        if not weight_decay:  # one call instead of two: 13 of 257 microseconds of a small step
            self.decayed, self.others = [], states

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Move each weight that has a gradient, then forget the gradients."""
        for states, decay in ((self.decayed, self.weight_decay), (self.others, 0.0)):
            moving = [(state[0].grad, *state) for state in states if state[0].grad is not None]
            if moving:
                self.move(*map(list, zip(*moving, strict=True)), lr=lr, weight_decay=decay)
        for weight, *_ in chain(self.decayed, self.others):
            weight.grad = None


class Rule(NamedTuple):
    """One way to move weights.

    Args:
        move: Takes lists of equal length (gradients, weights, steps, then each running mean) and
            lr and weight_decay by name.
        num_means: How many running means it keeps of each weight.
    """

    move: Callable[..., None]
    num_means: int


def move_by_adam(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    *,
    lr: float,
    weight_decay: float,
    decoupled: bool,
) -> None:
    """Move weights by Adam; decoupled: the decay is no part of the gradient."""
    adam(
        weights,
        grads,
        means,
        squares,
        [],
        steps,
        lr=lr,
        weight_decay=weight_decay,
        decoupled_weight_decay=decoupled,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        amsgrad=False,
        maximize=False,
        fused=True,
    )


def move_by_sgd(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    means: list[Tensor],
    *,
    lr: float,
    weight_decay: float,
) -> None:
    """Move weights by gradient descent with a momentum of 0.9."""
    sgd(
        weights,
        grads,
        means,
        lr=lr,
        weight_decay=weight_decay,
        momentum=0.9,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        fused=True,
    )


def move_by_rmsprop(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    squares: list[Tensor],
    *,
    lr: float,
    weight_decay: float,
) -> None:
    """Move weights by RMSprop; torch has no fused one."""
    rmsprop(
        weights,
        grads,
        squares,
        [],
        [],
        steps,
        lr=lr,
        weight_decay=weight_decay,
        alpha=0.99,
        eps=1e-8,
        momentum=0.0,
        centered=False,
        maximize=False,
    )


OPTIMIZERS = {
    "adamw": Rule(partial(move_by_adam, decoupled=True), num_means=2),
    "adam": Rule(partial(move_by_adam, decoupled=False), num_means=2),
    "sgd": Rule(move_by_sgd, num_means=1),
    "rmsprop": Rule(move_by_rmsprop, num_means=1),
}


def schedule_factor(name: str, progress: float) -> float:
    """Return what the learning rate is multiplied with.

    Args:
        name: One of `SCHEDULES`.
        progress: Share of all planned steps that are done, 0 to 1.

    Example:
        >>> schedule_factor("cosine", 0.5)
        0.5
    """
    if name not in SCHEDULES:
        raise ValueError(f"No schedule called {name!r}. Known: {', '.join(SCHEDULES)}.")
    return SCHEDULES[name](progress)


def constant(progress: float) -> float:
    """Stay at 1."""
    return 1.0


def cosine(progress: float) -> float:
    """Fall from 1 to 0."""
    return round(0.5 * (1 + math.cos(math.pi * progress)), 12)


def one_cycle(progress: float) -> float:
    """Climb from 0.04 to 1 over the first 30 %, then fall to 0.

    Source: Smith & Topin, "Super-Convergence", 2018.
    """
    if progress < 0.3:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / 0.3))
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.3) / 0.7))


SCHEDULES = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
