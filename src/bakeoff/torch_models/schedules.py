"""How the learning rate changes over a training: the rate of every step, from plain numbers.

    constant             lr
    step                 lr * gamma^k, k one more every `step_epochs`
    exponential          lr * gamma^epoch
    cosine               from lr down to min_lr along half a wave
    cosine_restarts      the same, again and again: cycles of `first_cycle` epochs, then `growth`
                         times as long each (Loshchilov & Hutter, "SGDR", 2017)
    one_cycle            up from 4 % of lr over `warm_share`, then down to 0 (Smith & Topin,
                         "Super-Convergence", 2018)
    stable_decay         lr, and over the last `decay_share` down to min_lr along a line
    plateau              lr * factor^k, k one more whenever `plateau_patience` epochs bring no lower
                         validation loss; it changes between epochs

Before any of them `warmup_epochs` climb to lr along a line; what follows has the epochs left.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TINY = 1e-12  # rounding of shares of an epoch


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What the rate of each step follows from.

    Args:
        name: One of `SCHEDULES`.
        lr: Rate at its highest.
        epochs: Of the training at most.
        warmup_epochs: Epochs of a climb from 0 before the schedule begins.
        step_epochs: Of step: epochs between two falls.
        gamma: Of step and exponential: what a fall multiplies with; 0: 0.1 and 0.95.
        min_lr: Of cosine, cosine_restarts and stable_decay: the lowest rate.
        first_cycle: Of cosine_restarts: epochs of the first cycle.
        growth: Of cosine_restarts: how many times as long each cycle is as the one before.
        warm_share: Of one_cycle: share of the training that climbs.
        decay_share: Of stable_decay: share that falls.
        plateau_patience: Of plateau: epochs without a lower validation loss before a fall.
        factor: Of plateau: what a fall multiplies with.

    Example:
        >>> Schedule(name="step", lr=1.0, epochs=4, step_epochs=2, gamma=0.5).rates(3, 2)
        [0.5, 0.5]
    """

    name: str = "constant"
    lr: float
    epochs: int
    warmup_epochs: float = 0.0
    step_epochs: int = 10
    gamma: float = 0.0
    min_lr: float = 0.0
    first_cycle: int = 10
    growth: float = 2.0
    warm_share: float = 0.3
    decay_share: float = 0.2
    plateau_patience: int = 5
    factor: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a name that is none."""
        if self.name not in SCHEDULES:
            raise ValueError(f"No schedule called {self.name!r}. Known: {', '.join(SCHEDULES)}.")

    def rates(self, epoch: int, num_steps: int, falls: int = 0) -> list[float]:
        """Return the rate of each step of an epoch, counted from 1.

        Args:
            epoch: Which.
            num_steps: Steps in it.
            falls: How often a plateau was met.
        """
        if self.name == "plateau":
            climbed = min(1.0, epoch / self.warmup_epochs) if self.warmup_epochs else 1.0
            return [self.lr * climbed * self.factor**falls] * num_steps
        return [self.rate(epoch - 1 + step / num_steps, num_steps) for step in range(num_steps)]

    def rate(self, done: float, num_steps: int) -> float:
        """Return the rate after so many epochs; the first step of a climb is a step up already."""
        if done < self.warmup_epochs - TINY:
            return self.lr * min(1.0, (done + 1 / num_steps) / self.warmup_epochs)
        left = max(self.epochs - self.warmup_epochs, TINY)
        return SCHEDULES[self.name](self, done - self.warmup_epochs, left)


def constant(schedule: Schedule, done: float, epochs: float) -> float:
    """Stay."""
    return schedule.lr


def step(schedule: Schedule, done: float, epochs: float) -> float:
    """Fall every few epochs."""
    return schedule.lr * (schedule.gamma or 0.1) ** math.floor(done / schedule.step_epochs + TINY)


def exponential(schedule: Schedule, done: float, epochs: float) -> float:
    """Fall with every epoch."""
    return schedule.lr * (schedule.gamma or 0.95) ** math.floor(done + TINY)


def cosine(schedule: Schedule, done: float, epochs: float) -> float:
    """Fall along half a wave."""
    return wave(schedule, done / epochs)


def cosine_restarts(schedule: Schedule, done: float, epochs: float) -> float:
    """Fall along half a wave, again and again."""
    length = float(schedule.first_cycle)
    while done >= length - TINY:
        done, length = done - length, length * schedule.growth
    return wave(schedule, max(done, 0.0) / length)


def wave(schedule: Schedule, share: float) -> float:
    """Return the rate where a share of half a wave is done."""
    height = schedule.lr - schedule.min_lr
    return schedule.min_lr + height * round(0.5 * (1 + math.cos(math.pi * share)), 12)


def one_cycle(schedule: Schedule, done: float, epochs: float) -> float:
    """Climb, then fall to 0."""
    share, warm = done / epochs, schedule.warm_share
    if share < warm:
        return schedule.lr * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * share / warm)))
    return schedule.lr * 0.5 * (1 + math.cos(math.pi * (share - warm) / (1 - warm)))


def stable_decay(schedule: Schedule, done: float, epochs: float) -> float:
    """Stay, then fall along a line."""
    left = min(1.0, (1 - done / epochs) / schedule.decay_share)
    return schedule.min_lr + (schedule.lr - schedule.min_lr) * left


def plateau(schedule: Schedule, done: float, epochs: float) -> float:
    """Stay: falls are counted by whoever sees the validation loss."""
    return schedule.lr


SCHEDULES: dict[str, Callable[[Schedule, float, float], float]] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
    "cosine_restarts": cosine_restarts,
    "one_cycle": one_cycle,
    "stable_decay": stable_decay,
    "plateau": plateau,
}


class Plateau:
    """Counts the falls of a plateau.

    Args:
        schedule: Says after how many epochs.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule, self.falls = schedule, 0
        self.lowest, self.waited = math.inf, 0

    def see(self, validation_loss: float) -> None:
        """Take note of an epoch."""
        self.waited += 1
        if validation_loss < self.lowest:
            self.lowest, self.waited = validation_loss, 0
        if self.waited >= self.schedule.plateau_patience:
            self.falls, self.waited = self.falls + 1, 0


class Best:
    """Tells which epoch was the best so far.

    Args:
        watch: "loss" or "metric".
        least: What an improvement must exceed.

    Attributes:
        epoch: The best one; 0 before there is any.
    """

    def __init__(self, watch: str, least: float) -> None:
        if watch not in ("loss", "metric"):
            raise ValueError(f"watch={watch!r} is neither loss nor metric.")
        self.sign, self.key = (1 if watch == "loss" else -1), f"validation_{watch}"
        self.least, self.lowest, self.epoch = least, math.inf, 0

    def is_better(self, row: Mapping[str, float]) -> bool:
        """Take note of a row of the history."""
        value = self.sign * row[self.key]
        if not value < self.lowest - self.least:
            return False
        self.lowest, self.epoch = value, int(row["epoch"])
        return True


def named(choice: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return a name and settings; of a name alone all settings are as usual."""
    return {"name": choice} if isinstance(choice, str) else dict(choice)
