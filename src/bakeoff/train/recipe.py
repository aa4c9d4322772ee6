"""How a network is trained: flat settings, each with a default and its reason."""

from dataclasses import dataclass, fields, replace
from typing import Any

from bakeoff.errors import RequestError, did_you_mean

CHOICES = {
    "optimizer": ("adamw", "adam", "sgd", "rmsprop"),
    "schedule": ("constant", "cosine", "one_cycle"),
    "loss": ("auto", "cross_entropy", "binary_cross_entropy", "mse", "mae", "huber"),
    "precision": ("float32", "bfloat16"),
}
LOSS_OF_TASK = {
    "binary": "binary_cross_entropy",
    "multiclass": "cross_entropy",
    "regression": "mse",
}
REASONS = {
    "optimizer": "adapts the step of each weight; decay is kept apart from the gradient",
    "lr": "right for most small networks under adamw; try a third or three times as much",
    "schedule": "constant goes with early stopping: nobody knows the last step beforehand",
    "batch_size": "0: by rows, 32 up to 2,000, 64 up to 10,000, 128 up to 50,000, else 256",
    "epochs": "0: 100 up to 20,000 rows, then fewer: two million rows seen in all, at least 10",
    "patience": "epochs without a lower validation loss before a fit stops",
    "weight_decay": "a light pull towards zero; biases and norms are left alone",
    "clip_norm": "0: gradients are not clipped; 1 helps recurrent networks that diverge",
    "loss": "auto: cross entropy for classes, mean squared error for numbers",
    "precision": "bfloat16 is faster where the processor has it, and a little less exact",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The settings of a training; see `REASONS` for the meaning and the default of each.

    Raises:
        RequestError: A setting is out of its range; the message names it.
    """

    optimizer: str = "adamw"
    lr: float = 1e-3
    schedule: str = "constant"
    batch_size: int = 0
    epochs: int = 0
    patience: int = 10
    weight_decay: float = 0.01
    clip_norm: float = 0.0
    loss: str = "auto"
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise RequestError(
                    f"{name}={value!r} is not known.{did_you_mean(str(value), known)} "
                    f"Known: {', '.join(known)}."
                )
        for name in ("lr", "batch_size", "epochs", "patience", "weight_decay", "clip_norm"):
            value = getattr(self, name)
            whole = name in ("batch_size", "epochs", "patience")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise RequestError(f"{name}={value!r} must be {kind}, such as {default(name)}.")
            if not 0 <= value < float("inf") or (name == "lr" and value == 0):
                raise RequestError(
                    f"{name}={value!r} is out of range. The default is {default(name)}."
                )


SETTINGS = tuple(field.name for field in fields(Recipe))


def default(name: str) -> Any:
    """Return the default of one setting."""
    return next(field.default for field in fields(Recipe) if field.name == name)


def resolve(recipe: Recipe, *, rows: int, task: str) -> Recipe:
    """Fill in what depends on the data: batch size, epochs, loss.

    Args:
        rows: Training rows.
        task: "binary", "multiclass" or "regression".

    Raises:
        RequestError: The loss does not go with the task.

    Example:
        >>> resolve(Recipe(), rows=2_293, task="binary").batch_size
        64
    """
    size = next(
        (s for limit, s in ((2_000, 32), (10_000, 64), (50_000, 128)) if rows <= limit), 256
    )
    epochs = 100 if rows <= 20_000 else max(10, 2_000_000 // rows)
    loss = LOSS_OF_TASK[task] if recipe.loss == "auto" else recipe.loss
    if (task == "regression") != (loss in ("mse", "mae", "huber")) or (
        task != "regression" and loss != LOSS_OF_TASK[task]
    ):
        raise RequestError(
            f"loss={recipe.loss!r} does not go with a {task} target. Say loss = 'auto'."
        )
    return replace(
        recipe,
        batch_size=min(recipe.batch_size or size, rows),
        epochs=recipe.epochs or epochs,
        loss=loss,
    )
