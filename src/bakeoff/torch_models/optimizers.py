"""How weights move.

The updates are torch's own fused ones (1.06-1.4 times faster on a CPU), called as functions:
the bookkeeping of the classes in torch.optim costs another 17 % of a small network's step, and
the first of them to be built imports torch._dynamo, which takes 1.1 seconds.
"""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.adagrad import adagrad
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from bakeoff.torch_models.frozen import HEADS
from bakeoff.torch_models.sharded import gathered, is_share, mine, share_of


class Optimizer:
    """Move all trained weights of a model against their gradients.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing. The defaults are those of torch.optim, and so are the numbers, bit by bit.

    Args:
        model: Its weights must stay where they are in memory from here on.
        name: One of `OPTIMIZERS`.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others).
        momentum: Of "momentum" and "nesterov": share of the step before that goes on.
        betas: Of "adam" and "adamw": how long the means of gradients and of squares remember.
        eps: What is added below the fraction; 0: as torch has it.
        alpha: Of "rmsprop": how long the mean of squares remembers.
        stacked: The model is a stack of several: see `stacked`.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> model.weight.grad = torch.ones(1, 1)
        >>> before = model.weight.item()
        >>> Optimizer(model, "adam").step(lr=0.25)
        >>> round(before - model.weight.item(), 4)
        0.25
    """

    def __init__(
        self,
        model: nn.Module,
        name: str,
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 0.0,
        alpha: float = 0.99,
        stacked: bool = False,
    ) -> None:
        if name not in OPTIMIZERS:
            raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
        self.weight_decay = weight_decay
        rule = OPTIMIZERS[name]
        matrices = matrices_within(model) if rule.matrices else []
        given = {"momentum": momentum, "betas": betas, "eps": eps or rule.eps, "alpha": alpha}
        self.move = partial(rule.move, **{key: given[key] for key in rule.takes})
        num_means = rule.num_means
        self.beta, self.eased = betas[0], rule.eased
        if rule.eased and not self.beta:
            raise ValueError("schedule_free needs a first beta above 0.")
        states = [
            (
                p,
                *(torch.zeros((), device=p.device) for _ in range(rule.num_counts)),
                *(torch.zeros_like(p) for _ in range(num_means)),
            )
            for p in model.parameters()
            if p.requires_grad and not any(p is matrix for matrix in matrices)
        ]  # each weight, how many steps it took, and its running means
        self.matrices = [(p, torch.zeros_like(p)) for p in matrices]
        self.decayed = [state for state in states if state[0].ndim > 1 + stacked]
        self.others = [state for state in states if state[0].ndim <= 1 + stacked]
        self.states = [*states, *self.matrices]
        self.parted = any(is_share(weight) for weight, *_ in self.states)
        if not weight_decay:  # one call instead of two: 13 of 257 microseconds of a small step
            self.decayed, self.others = [], states

    @torch.no_grad()
    def begin(self) -> None:
        """Forget how the weights have moved so far."""
        for _, *memory in self.states:
            for mean in memory:
                mean.zero_()

    @torch.no_grad()
    def narrow(self, places: list[int]) -> None:
        """Leave the memory of some networks of a stack."""
        for _, *memory in self.states:
            for mean in memory:
                if mean.ndim:  # but not the number of steps, which they share
                    mean.data = mean.data[places]

    def __enter__(self) -> None:
        """Put the weights where they are judged: those of schedule_free at their mean."""
        self.turn(-1)

    def __exit__(self, *_: object) -> None:
        """Put them back where gradients are taken."""
        self.turn(1)

    @torch.no_grad()
    def turn(self, sign: int) -> None:
        """Move the weights of schedule_free between the two places."""
        if self.eased:
            share = sign * (1 - self.beta) / self.beta
            weights, aheads = [s[0] for s in self.states], [s[3] for s in self.states]
            torch._foreach_add_(weights, aheads, alpha=share)

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Move each weight that has a gradient, then forget the gradients."""
        for states, decay in ((self.decayed, self.weight_decay), (self.others, 0.0)):
            moving = [(state[0].grad, *state) for state in states if state[0].grad is not None]
            if self.parted:
                moving = [tuple(map(mine, tensors)) for tensors in moving]
            if moving:
                self.move(*map(list, zip(*moving, strict=True)), lr=lr, weight_decay=decay)
        moving = [(s[0], s[0].grad, s[1]) for s in self.matrices if s[0].grad is not None]
        if self.parted:
            for weight, *others in moving:
                move_in_one_piece(weight, *others, lr=lr, decay=self.weight_decay)
        elif moving:
            move_by_muon(*map(list, zip(*moving, strict=True)), lr=lr, decay=self.weight_decay)
        for weight, *_ in chain(self.decayed, self.others, self.matrices):
            weight.grad = None


class Rule(NamedTuple):
    """One way to move weights.

    Args:
        move: Takes lists of equal length (gradients, weights, steps, then each running mean) and
            lr and weight_decay by name.
        num_means: How many running means it keeps of each weight.
        takes: Which settings it has: momentum, betas, eps, alpha.
        eps: What torch adds below the fraction.
        matrices: Matrices between features move by Muon, and `move` has the others.
        num_counts: How many single numbers it keeps of each weight, the count of steps first.
        eased: Weights are judged at their mean, and not where gradients are taken.
    """

    move: Callable[..., None]
    num_means: int
    takes: tuple[str, ...] = ()
    eps: float = 1e-8
    matrices: bool = False
    num_counts: int = 1
    eased: bool = False


def matrices_within(model: nn.Module) -> list[Tensor]:
    """Return the matrices between features: no embeddings, and not those of the last layer."""
    tables = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    return [
        weight
        for name, weight in model.named_parameters()
        if weight.requires_grad
        and weight.ndim == 2
        and id(weight) not in tables
        and name.split(".")[0] not in HEADS
    ]


def move_by_muon(
    weights: list[Tensor], grads: list[Tensor], means: list[Tensor], *, lr: float, decay: float
) -> None:
    """Move matrices by their momentum, all of whose directions are made equally long.

    Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; the
    step is as long as one of Adam, by Liu et al., "Muon is Scalable for LLM Training", 2025.
    """
    from torch.optim._muon import muon  # here: it takes a second to import

    muon(
        weights,
        grads,
        means,
        lr=lr,
        weight_decay=decay,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.7750, 2.0315),
        ns_steps=5,
        eps=1e-7,
        adjust_lr_fn="match_rms_adamw",
        has_complex=False,
    )


def move_in_one_piece(
    weight: Tensor, gradient: Tensor, mean: Tensor, *, lr: float, decay: float
) -> None:
    """Move a matrix of which each process has a share: Muon needs all of it."""
    whole, moved = gathered(weight), gathered(mean)
    move_by_muon([whole], [gathered(gradient)], [moved], lr=lr, decay=decay)
    weight.copy_(share_of(whole, weight))
    mean.copy_(share_of(moved, mean))


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
    betas: tuple[float, float],
    eps: float,
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
        beta1=betas[0],
        beta2=betas[1],
        eps=eps,
        amsgrad=False,
        maximize=False,
        fused=True,
    )


def move_by_schedule_free(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    sums: list[Tensor],
    aheads: list[Tensor],
    squares: list[Tensor],
    *,
    lr: float,
    weight_decay: float,
    betas: tuple[float, float],
    eps: float,
) -> None:
    """Move weights by Adam without a schedule: a mean of all steps takes its place.

    z moves, x is its mean, weighed by the squares of the rates, and gradients are taken between:

        z = z - lr (g / (sqrt(v) + eps) + decay y)      x = x + c (z - x)      y = z + beta (x - z)

    What is kept is z - y, which begins at zero.

    Source: Defazio et al., "The Road Less Scheduled", 2024.
    """
    beta, memory = betas
    torch._foreach_add_(steps, 1)
    torch._foreach_add_(sums, lr**2)
    torch._foreach_mul_(squares, memory)
    torch._foreach_addcmul_(squares, grads, grads, 1 - memory)
    sizes = torch._foreach_div(squares, 1 - memory ** steps[0].item())
    torch._foreach_sqrt_(sizes)
    torch._foreach_add_(sizes, eps)
    moves = torch._foreach_div(grads, sizes)
    torch._foreach_add_(moves, weights, alpha=weight_decay)
    z = torch._foreach_add(weights, aheads)
    x = torch._foreach_sub(weights, aheads, alpha=(1 - beta) / beta)
    torch._foreach_add_(z, moves, alpha=-lr)
    torch._foreach_lerp_(x, z, lr**2 / sums[0].item())
    y = torch._foreach_lerp(z, x, beta)
    torch._foreach_copy_(aheads, torch._foreach_sub(z, y))
    torch._foreach_copy_(weights, y)


def move_by_sgd(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    means: list[Tensor] | None = None,
    *,
    lr: float,
    weight_decay: float,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> None:
    """Move weights by gradient descent, with or without momentum."""
    sgd(
        weights,
        grads,
        [None] * len(weights) if means is None else list(means),
        lr=lr,
        weight_decay=weight_decay,
        momentum=momentum,
        dampening=0.0,
        nesterov=nesterov,
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
    eps: float,
    alpha: float,
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
        alpha=alpha,
        eps=eps,
        momentum=0.0,
        centered=False,
        maximize=False,
    )


def move_by_adagrad(
    grads: list[Tensor],
    weights: list[Tensor],
    steps: list[Tensor],
    squares: list[Tensor],
    *,
    lr: float,
    weight_decay: float,
    eps: float,
) -> None:
    """Move weights by Adagrad: what has moved much moves less."""
    adagrad(
        weights,
        grads,
        squares,
        steps,
        lr=lr,
        weight_decay=weight_decay,
        lr_decay=0.0,
        eps=eps,
        maximize=False,
    )


ADAM = ("betas", "eps")
OPTIMIZERS = {
    "adamw": Rule(partial(move_by_adam, decoupled=True), num_means=2, takes=ADAM),
    "adam": Rule(partial(move_by_adam, decoupled=False), num_means=2, takes=ADAM),
    "sgd": Rule(move_by_sgd, num_means=0),
    "momentum": Rule(move_by_sgd, num_means=1, takes=("momentum",)),
    "nesterov": Rule(partial(move_by_sgd, nesterov=True), num_means=1, takes=("momentum",)),
    "rmsprop": Rule(move_by_rmsprop, num_means=1, takes=("eps", "alpha")),
    "adagrad": Rule(move_by_adagrad, num_means=1, takes=("eps",), eps=1e-10),
    "muon": Rule(partial(move_by_adam, decoupled=True), num_means=2, takes=ADAM, matrices=True),
    "schedule_free": Rule(move_by_schedule_free, num_means=2, takes=ADAM, num_counts=2, eased=True),
}
