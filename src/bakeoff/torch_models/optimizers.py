"""How weights move, and how the step size changes over a training.

The updates are torch's own fused ones (1.06-1.4 times faster on a CPU), called as functions:
the bookkeeping of the classes in torch.optim costs another 17 % of a small network's step, and
the first of them to be built imports torch._dynamo, which takes 1.1 seconds.
"""

import math
from itertools import chain

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop")
SCHEDULES = ("constant", "cosine", "one_cycle")


class Optimizer:
    """Move all trained weights of a model against their gradients.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing. The defaults are those of torch.optim, and so are the numbers, bit by bit.

    Args:
        model: Its weights must stay where they are in memory from here on.
        name: One of `OPTIMIZERS`.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others).
        momentum: Of "sgd".

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> model.weight.grad = torch.ones(1, 1)
        >>> before = model.weight.item()
        >>> Optimizer(model, "adam").step(lr=0.25)
        >>> round(before - model.weight.item(), 4)
        0.25
    """

    def __init__(
        self, model: nn.Module, name: str, *, weight_decay: float = 0.0, momentum: float = 0.9
    ) -> None:
        if name not in OPTIMIZERS:
            raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
        self.name, self.weight_decay, self.momentum = name, weight_decay, momentum
        weights = [p for p in model.parameters() if p.requires_grad]
        num_means = {"adamw": 2, "adam": 2, "sgd": 1, "rmsprop": 1}[name]
        states = [
            (p, *(torch.zeros_like(p) for _ in range(num_means)), torch.zeros((), device=p.device))
            for p in weights
        ]  # each weight, its running means, and how many steps it took
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

    def move(
        self,
        grads: list[Tensor],
        weights: list[Tensor],
        *means_and_steps: list[Tensor],
        lr: float,
        weight_decay: float,
    ) -> None:
        """Hand lists of equal length to torch's update."""
        *means, steps = means_and_steps
        rates = {"lr": lr, "weight_decay": weight_decay, "maximize": False}
        if self.name == "sgd":
            rates |= {"momentum": self.momentum, "dampening": 0.0, "nesterov": False}
            sgd(weights, grads, *means, fused=True, **rates)
        elif self.name == "rmsprop":  # torch has no fused one
            rates |= {"alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False}
            rmsprop(weights, grads, *means, [], [], steps, **rates)
        else:
            rates |= {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "amsgrad": False}
            decoupled = self.name == "adamw"
            adam(
                weights,
                grads,
                *means,
                [],
                steps,
                fused=True,
                decoupled_weight_decay=decoupled,
                **rates,
            )


def schedule_factor(name: str, progress: float) -> float:
    """Return what the learning rate is multiplied with.

    Args:
        name: One of `SCHEDULES`. "cosine" falls from 1 to 0; "one_cycle" climbs from 0.04 to 1 over
            the first 30 %, then falls to 0 (Smith & Topin, Super-Convergence, 2018).
        progress: Share of all planned steps that are done, 0 to 1.

    Example:
        >>> schedule_factor("cosine", 0.5)
        0.5
    """
    if name == "constant":
        return 1.0
    if name == "cosine":
        return round(0.5 * (1 + math.cos(math.pi * progress)), 12)
    if name == "one_cycle":
        if progress < 0.3:
            return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / 0.3))
        return 0.5 * (1 + math.cos(math.pi * (progress - 0.3) / 0.7))
    raise ValueError(f"No schedule called {name!r}. Known: {', '.join(SCHEDULES)}.")
