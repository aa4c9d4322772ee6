"""Recipe: how a network is trained, as flat settings, each with a default and its reason."""

from collections.abc import Collection, Mapping
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
    "pairs": ("nt_xent",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The settings of a training.

    Raises:
        RequestError: A setting is unknown or out of its range; the message names it.
    """

    optimizer: str = setting(
        "adamw",
        "how weights change; adamw adapts the step of each, decay kept apart from the gradient; "
        "schedule_free judges a mean of all steps, and has no schedule (PyTorch alone)",
        table="recipe",
        choices=(
            "adamw",
            "adam",
            "sgd",
            "momentum",
            "nesterov",
            "rmsprop",
            "adagrad",
            "muon",
            "schedule_free",
        ),
    )
    momentum: float = setting(
        0.9,
        "of momentum and nesterov: share of the step before that goes on",
        table="recipe",
        least=0,
        most=0.999,
    )
    betas: str = setting(
        "0.9,0.999",
        "of adam, adamw, schedule_free and the vectors of muon: how long the means of gradients "
        "and of their squares remember",
        table="recipe",
    )
    alpha: float = setting(
        0.99,
        "of rmsprop: how long the mean of squares remembers",
        table="recipe",
        least=0,
        most=0.9999,
    )
    eps: float = setting(
        0.0,
        "what is added below the fraction of adam, adamw, muon, schedule_free, rmsprop and "
        "adagrad; 0: 1e-8, of adagrad 1e-10",
        table="recipe",
        least=0,
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
        choices=(
            "constant",
            "step",
            "exponential",
            "cosine",
            "cosine_restarts",
            "one_cycle",
            "stable_decay",
            "plateau",
        ),
    )
    warmup_epochs: float = setting(
        0.0,
        "epochs in which the rate climbs to lr before the schedule begins",
        table="recipe",
        least=0,
    )
    step_epochs: int = setting(10, "of step: epochs between two falls", table="recipe", least=1)
    gamma: float = setting(
        0.0,
        "of step and exponential: what a fall of the rate multiplies with; 0: 0.1 and 0.95",
        table="recipe",
        least=0,
        most=1,
    )
    min_lr: float = setting(
        0.0, "of cosine, cosine_restarts and stable_decay: the lowest rate", table="recipe", least=0
    )
    first_cycle: int = setting(
        10, "of cosine_restarts: epochs of the first cycle", table="recipe", least=1
    )
    growth: float = setting(
        2.0,
        "of cosine_restarts: how many times as long each cycle is as the one before",
        table="recipe",
        least=1,
    )
    warm_share: float = setting(
        0.3, "of one_cycle: share of the training that climbs", table="recipe", above=0, most=0.99
    )
    decay_share: float = setting(
        0.2, "of stable_decay: share of the training that falls", table="recipe", above=0, most=1
    )
    plateau_patience: int = setting(
        5,
        "of plateau: epochs without a lower validation loss before the rate falls",
        table="recipe",
        least=1,
    )
    factor: float = setting(
        0.1,
        "of plateau: what a fall of the rate multiplies with",
        table="recipe",
        above=0,
        most=0.999,
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
        "epochs without an improvement before a fit stops; 0 never stops",
        table="recipe",
        least=0,
    )
    watch: str = setting(
        "loss",
        "what must improve on the validation rows: the loss, or the metric that is watched",
        table="recipe",
        choices=("loss", "metric"),
    )
    min_delta: float = setting(
        0.0, "what an improvement must exceed to count as one", table="recipe", least=0
    )
    accumulate: int = setting(
        1,
        "batches whose gradients are added up before the weights move, as if they were one",
        table="recipe",
        least=1,
    )
    average: float = setting(
        0.0,
        "share of a moving average of the weights that stays from step to step, such as 0.99; that "
        "average is judged and kept; 0: the weights themselves are",
        table="recipe",
        least=0,
        most=0.99999,
    )
    mixup: float = setting(
        0.0,
        "rows of numbers or pictures are mixed two by two, in shares drawn from "
        "Beta(mixup, mixup); 0.2 is usual",
        table="recipe",
        least=0,
    )
    sampling: str = setting(
        "shuffled",
        "which rows an epoch has: shuffled, each once; balanced: as many, each class as often",
        table="recipe",
        choices=("shuffled", "balanced"),
    )
    weight_decay: float = setting(
        0.01,
        "pull of the weights to zero, decoupled under adamw and muon, else as L2; biases and norms "
        "are free",
        table="recipe",
        least=0,
    )
    l1: float = setting(
        0.0,
        "times the sum of the sizes of all matrices, added to the loss",
        table="recipe",
        least=0,
    )
    l2: float = setting(
        0.0,
        "times the sum of their squares, added to the loss; weight_decay is the usual way",
        table="recipe",
        least=0,
    )
    clip_norm: float = setting(
        0.0,
        "maximum gradient norm; 0 does not clip; 1 helps recurrent networks that diverge",
        table="recipe",
        least=0,
    )
    clip_value: float = setting(
        0.0, "largest part of a gradient; 0 does not clip", table="recipe", least=0
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
            "nt_xent",
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
        "of the arithmetic; bfloat16 is faster where the processor has it, and less exact; auto: "
        "measured for each model before training, where the processor has it and its scores are "
        "known to be the same",
        table="recipe",
        choices=("float32", "bfloat16", "auto"),
    )

    frozen_epochs: int = setting(
        0,
        "of what start_from begins: epochs in which only the new head learns; then all learn, and "
        "the optimizer begins anew",
        table="recipe",
        least=0,
    )
    keras_fit: bool = setting(
        False,
        "train by Keras' own fit, slower than ours, as of TensorFlow and JAX; from Python it takes "
        "callbacks: bakeoff.fit(..., callbacks=[...])",
        table="recipe",
    )
    deterministic: bool = setting(
        False,
        "only operations that give the same numbers every time; trainings on a CPU do so anyway, "
        "on a GPU it costs some speed",
        table="recipe",
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
        betas_of(self.betas)


SETTINGS = tuple(options(Recipe))
OWNERS: dict[str, tuple[str, tuple[str, ...]]] = {  # setting -> what has it
    "momentum": ("optimizer", ("momentum", "nesterov")),
    "betas": ("optimizer", ("adam", "adamw", "muon", "schedule_free")),
    "alpha": ("optimizer", ("rmsprop",)),
    "eps": ("optimizer", ("adam", "adamw", "muon", "schedule_free", "rmsprop", "adagrad")),
    "step_epochs": ("schedule", ("step",)),
    "gamma": ("schedule", ("step", "exponential")),
    "min_lr": ("schedule", ("cosine", "cosine_restarts", "stable_decay")),
    "first_cycle": ("schedule", ("cosine_restarts",)),
    "growth": ("schedule", ("cosine_restarts",)),
    "warm_share": ("schedule", ("one_cycle",)),
    "decay_share": ("schedule", ("stable_decay",)),
    "plateau_patience": ("schedule", ("plateau",)),
    "factor": ("schedule", ("plateau",)),
}
LATER: dict[str, tuple[object, ...]] = {  # came after format 2 of a run: written where it acts
    "augment": ("auto", "none"),
    "class_weights": ("",),
    "label_smoothing": (0.0,),
    "quantile": (0.5,),
    **{name: (known.default,) for name, known in options(Recipe).items() if name in OWNERS},
    **dict.fromkeys(("warmup_epochs", "l1", "l2", "clip_value", "min_delta"), (0.0,)),
    **dict.fromkeys(("mixup", "average"), (0.0,)),
    "watch": ("loss",),
    "accumulate": (1,),
    "sampling": ("shuffled",),
    "frozen_epochs": (0,),
    "deterministic": (False,),
    "keras_fit": (False,),
}


def betas_of(text: str) -> tuple[float, float]:
    """Read the two betas of Adam.

    Raises:
        RequestError: They are no two numbers from 0 to below 1.

    Example:
        >>> betas_of("0.9, 0.98")
        (0.9, 0.98)
    """
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        first = second = -1.0
    if not (0 <= first < 1 and 0 <= second < 1):
        raise RequestError(
            f"{option('betas', text)} must be two numbers from 0 to below 1, as in "
            f"{option('betas', '0.9,0.999')}."
        )
    return first, second


def refuse_foreign(recipe: Recipe) -> None:
    """Refuse settings that the optimizer or the schedule does not have, or that never act.

    Raises:
        RequestError: The message says what has it.
    """
    for name, (kind, owners) in OWNERS.items():
        value, chosen = getattr(recipe, name), getattr(recipe, kind)
        if value not in LATER[name] and chosen not in owners:
            raise RequestError(
                f"{option(name, value)} goes with {option(kind, owners[0])}"
                f"{' or ' if len(owners) > 1 else ''}{', '.join(owners[1:])}, and the {kind} is "
                f"{chosen}. Say both, or leave it out."
            )
    if recipe.optimizer == "schedule_free" and recipe.schedule != "constant":
        raise RequestError(
            f"{option('optimizer', 'schedule_free')} has no schedule, and "
            f"{option('schedule', recipe.schedule)} is one. Leave one of them out."
        )
    if recipe.optimizer == "schedule_free" and recipe.average:
        raise RequestError(
            f"{option('average', recipe.average)}: {option('optimizer', 'schedule_free')} judges a "
            "mean of all steps already. Leave one of them out."
        )
    longest = {"step": recipe.step_epochs, "cosine_restarts": recipe.first_cycle,
               "plateau": recipe.plateau_patience}.get(recipe.schedule, 0)  # fmt: skip
    setting = {"step": "step_epochs", "cosine_restarts": "first_cycle",
               "plateau": "plateau_patience"}.get(recipe.schedule, "")  # fmt: skip
    if longest >= recipe.epochs and setting:
        raise RequestError(
            f"{option('schedule', recipe.schedule)} never acts in {recipe.epochs} epochs: "
            f"{option(setting, longest)} is as long. Make it shorter, or train for longer."
        )
    if recipe.warmup_epochs >= recipe.epochs:
        raise RequestError(
            f"{option('warmup_epochs', recipe.warmup_epochs)} leaves nothing of {recipe.epochs} "
            "epochs. Make it shorter."
        )


def grouped(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as the loops take it: settings of optimizer and schedule beside their names.

    Example:
        >>> grouped({"optimizer": "momentum", "momentum": 0.8, "lr": 0.1})
        {'optimizer': {'name': 'momentum', 'momentum': 0.8}, 'lr': 0.1}
    """
    recipe = dict(settings)
    for kind in ("optimizer", "schedule"):
        own = {name: recipe.pop(name) for name, (of, _) in OWNERS.items() if of == kind
               and name in recipe}  # fmt: skip
        if kind == "schedule" and "warmup_epochs" in recipe:
            own["warmup_epochs"] = recipe.pop("warmup_epochs")
        if "betas" in own:
            own["betas"] = betas_of(own["betas"])
        if own and kind in recipe:
            recipe[kind] = {"name": recipe[kind], **own}
    return recipe


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
    refuse_foreign(replace(recipe, epochs=recipe.epochs or epochs))
    if recipe.quantile not in LATER["quantile"] and loss != "quantile":
        raise RequestError(
            f"{option('quantile', recipe.quantile)} goes with {option('loss', 'quantile')}. Say "
            "both, or leave it out."
        )
    size = min(recipe.batch_size or size, rows)
    if recipe.accumulate > -(-rows // size):
        raise RequestError(
            f"{option('accumulate', recipe.accumulate)} adds up more batches of {size} rows than "
            f"the {rows:,} training rows make. {-(-rows // size)} are all."
        )
    return replace(
        recipe,
        batch_size=size,
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
    one_class = {"binary", "multiclass"} & set(tasks)
    if recipe.sampling != "shuffled" and not one_class:
        raise RequestError(
            f"{option('sampling', recipe.sampling)} goes with one class for each row. Leave it out."
        )
    if one_class or "step_classes" in tasks:
        return
    task = next(iter(tasks))
    for name in ("class_weights", "label_smoothing")[: 1 if task == "text" else 2]:
        value = getattr(recipe, name)
        if value not in LATER[name]:
            what = {
                "multilabel": "the target is any number of labels",
                "text": "the target is a text",
                "pairs": "pairs of pictures have none",
            }.get(task, "the target is a number")
            raise RequestError(
                f"{option(name, value)} goes with one class for each row, and {what}. Leave it out."
            )
