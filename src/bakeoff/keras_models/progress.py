"""What a training has come to: its history, and whether it goes on."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Watcher(Protocol):
    """Tells which epoch was the best so far: see `schedules.Best`."""

    epoch: int

    def is_better(self, row: Mapping[str, float]) -> bool:
        """Take note of a row of the history."""


class Falls(Protocol):
    """Counts the falls of a plateau: see `schedules.Plateau`."""

    falls: int

    def see(self, validation_loss: float) -> None:
        """Take note of an epoch."""


class Progress:
    """Takes note of epochs, and says when to stop.

    Args:
        best: Tells which epoch was the best.
        fallen: Counts the falls of a plateau.
        lr: Step size at its highest, which is named where it was too high.
        patience: Epochs without an improvement before it stops; 0 never stops.
        keep: Called when the weights are the best so far.
        on_epoch: Called with each row of the history.

    Attributes:
        history: One row for each epoch.
    """

    def __init__(
        self,
        best: Watcher,
        fallen: Falls,
        *,
        lr: float,
        patience: int,
        keep: Callable[[], None],
        on_epoch: Callable[[dict[str, float]], None] | None,
    ) -> None:
        self.best, self.fallen, self.lr, self.patience = best, fallen, lr, patience
        self.keep, self.on_epoch = keep, on_epoch
        self.history: list[dict[str, float]] = []

    @property
    def seconds(self) -> float:
        """Return how long it has trained up to the last epoch."""
        return self.history[-1]["seconds"] if self.history else 0.0

    def goes_on(self, row: dict[str, float]) -> bool:
        """Take note of an epoch; say whether another follows.

        Raises:
            FloatingPointError: The loss was not a finite number in the very first epoch.
        """
        if not math.isfinite(row["train_loss"] + row["validation_loss"]):
            if self.best.epoch:
                return False  # it diverged later: the best weights so far stand
            raise diverged_at_once(row, self.lr)
        if self.on_epoch is not None:
            self.on_epoch(row)
        if self.note(row):
            self.keep()
            return True
        return not self.patience or row["epoch"] - self.best.epoch < self.patience

    def note(self, row: dict[str, float]) -> bool:
        """Take note of an epoch; say whether it is the best so far."""
        self.history.append(row)
        self.fallen.see(row["validation_loss"])
        return self.best.is_better(row)

    def begin_with(self, history: list[dict[str, Any]]) -> None:
        """Take note of the epochs of a training that goes on."""
        for row in history:
            self.note({**row, "epoch": int(row["epoch"])})


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
