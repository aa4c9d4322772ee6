"""Recipe: how a network is trained, as flat settings, each with a default and its reason."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from bakeoff.errors import RequestError, option
from bakeoff.options import check_options, options, setting
from bakeoff.train.augmentation import check_augment
from bakeoff.train.settled_weights import check_weights

NUMBER_LOSSES = ("mse", "mae", "huber", "quantile")
LOSSES_OF_TASK = {  # auto is the first
    "binary": ("binary_cross_entropy", "bce_probabilities", "contrastive"),
    "multiclass": ("cross_entropy",),
    "multilabel": ("binary_cross_entropy", "bce_probabilities"),
    "regression": NUMBER_LOSSES,
    "forecast": NUMBER_LOSSES,
    "step_classes": ("cross_entropy",),
    "step_numbers": NUMBER_LOSSES,
    "series": NUMBER_LOSSES,
    "text": ("cross_entropy",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The settings of a training.

    Raises:
        RequestError: A setting is unknown or out of its range; the message names it.
    """

    optimizer: str = setting(
        "adamw",
        "how weights change; adamw adapts the step of each, decay kept apart from the gradient",
        table="recipe",
        choices=("adamw", "adam", "sgd", "rmsprop"),
    )
    lr: float = setting(
        1e-3,
        "learning rate; right for most small networks under adamw; try a third or three times it",
        table="recipe",
        above=0,
    )
    schedule: str = setting(
        "constant",
        "how the learning rate changes; constant goes with early stopping",
        table="recipe",
        choices=("constant", "cosine", "one_cycle"),
    )
    batch_size: int = setting(
        0,
        "rows per step; 0: by rows, 32 up to 2,000, 64 up to 10,000, 128 up to 50,000, else 256",
        table="recipe",
        least=0,
    )
    epochs: int = setting(
        0,
        "passes over the training rows at most; 0: 100 up to 20,000 rows, then fewer: two million "
        "rows seen in all, at least 10",
        table="recipe",
        least=0,
    )
    patience: int = setting(
        10,
        "epochs without a lower validation loss before a fit stops; 0 never stops",
        table="recipe",
        least=0,
    )
    weight_decay: float = setting(
        0.01,
        "pull of the weights to zero, decoupled under adamw, else as L2; biases and norms are free",
        table="recipe",
        least=0,
    )
    clip_norm: float = setting(
        0.0,
        "maximum gradient norm; 0 does not clip; 1 helps recurrent networks that diverge",
        table="recipe",
        least=0,
    )
    loss: str = setting(
        "auto",
        "what training lowers; auto: cross entropy for classes, mean squared error for numbers; "
        "bce_probabilities: the binary one as many courses write it, less exact; contrastive: of a "
        "network of two inputs whose distance tells whether they belong together; quantile: of "
        "numbers, so that a share of them lies below what is foretold",
        table="recipe",
        choices=(
            "auto",
            "cross_entropy",
            "binary_cross_entropy",
            "bce_probabilities",
            "contrastive",
            "mse",
            "mae",
            "huber",
            "quantile",
        ),
    )
    quantile: float = setting(
        0.5,
        "share of the true numbers that lie below what is foretold, where the loss is quantile",
        table="recipe",
        above=0,
        most=0.999,
    )
    class_weights: str = setting(
        "",
        "how much a row counts in the loss, by its class: balanced, or NAME=weight,... (of several "
        "targets TARGET:NAME=weight,...); empty: every row alike",
        table="recipe",
    )
    label_smoothing: float = setting(
        0.0,
        "share of the target that cross entropy spreads over all classes; 0.1 is usual",
        table="recipe",
        least=0,
        most=0.99,
    )
    precision: str = setting(
        "float32",
        "of the arithmetic; bfloat16 is faster where the processor has it, and less exact",
        table="recipe",
        choices=("float32", "bfloat16"),
    )

    augment: str = setting(
        "auto",
        "changes of training pictures, drawn anew every time: flip=0.5,rotation=15 and so on; "
        "auto: what cannot change the class; none",
        table="recipe",
    )

    def __post_init__(self) -> None:
        check_options(self)
        check_augment(self.augment)
        check_weights(self.class_weights)


SETTINGS = tuple(options(Recipe))
LATER: dict[str, tuple[object, ...]] = {  # came after format 2 of a run: written where it acts
    "augment": ("auto", "none"),
    "class_weights": ("",),
    "label_smoothing": (0.0,),
    "quantile": (0.5,),
}


def rate_to_try(lr: float) -> float:
    """Return a learning rate for a training that diverged: a hundredth of the default at most.

    Args:
        lr: The one that diverged.

    Example:
        >>> rate_to_try(1e6), rate_to_try(1e-3), rate_to_try(1e-5)
        (1e-05, 1e-05, 1e-06)
    """
    return float(f"{min(lr / 10, Recipe().lr / 100):.3g}")


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe as a job carries them; what came later only where it is set.

    Example:
        >>> "augment" in settings_of(Recipe()), settings_of(Recipe(augment="flip=0.5"))["augment"]
        (False, 'flip=0.5')
    """
    return {k: v for k, v in asdict(recipe).items() if v not in LATER.get(k, ())}


def resolve(recipe: Recipe, *, rows: int, task: str, tasks: Collection[str] = ()) -> Recipe:
    """Fill in what depends on the data: batch size, epochs, loss.

    Args:
        rows: Training rows.
        task: "binary", "multiclass", "multilabel", "regression" or "forecast".
        tasks: Of all targets, where there are several: the loss goes with one of them.

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
    known = LOSSES_OF_TASK[task]
    loss = known[0] if recipe.loss == "auto" else recipe.loss
    if loss not in known and not any(loss in LOSSES_OF_TASK[other] for other in tasks):
        raise RequestError(
            f"{option('loss', recipe.loss)} does not go with a {task} target. "
            f"Say {option('loss', 'auto')}."
        )
    refuse_weights(recipe, {task, *tasks})
    if recipe.quantile not in LATER["quantile"] and loss != "quantile":
        raise RequestError(
            f"{option('quantile', recipe.quantile)} goes with {option('loss', 'quantile')}. Say "
            "both, or leave it out."
        )
    return replace(
        recipe,
        batch_size=min(recipe.batch_size or size, rows),
        epochs=recipe.epochs or epochs,
        loss=loss,
    )


def refuse_weights(recipe: Recipe, tasks: Collection[str]) -> None:
    """Refuse settings of classes where a row has no one class.

    Args:
        recipe: Of a network.
        tasks: Of all targets.

    Raises:
        RequestError: The message names the setting.
    """
    if {"binary", "multiclass", "step_classes"} & set(tasks):
        return
    task = next(iter(tasks))
    for name in ("class_weights", "label_smoothing")[: 1 if task == "text" else 2]:
        value = getattr(recipe, name)
        if value not in LATER[name]:
            what = {
                "multilabel": "the target is any number of labels",
                "text": "the target is a text",
            }.get(task, "the target is a number")
            raise RequestError(
                f"{option(name, value)} goes with one class for each row, and {what}. Leave it out."
            )
