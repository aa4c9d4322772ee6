"""Train any network of PyTorch or Keras with the loop of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bakeoff.alone.rows import Rows, gather, held_out
from bakeoff.errors import RequestError, option, unknown
from bakeoff.train.loop_values import best_epoch, loop_values
from bakeoff.train.recipe import LOSSES_OF_TASK, SETTINGS, Recipe, resolve, settings_of
from bakeoff.train.settled_weights import settled_weights

if TYPE_CHECKING:
    import polars as pl

EVENTS = ("start", "epoch", "end")
Event = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fit:
    """A network that was trained.

    Attributes:
        model: The network itself, with the weights of its best epoch.
        history: One row per epoch: loss and metric of training and validation rows, lr,
            gradient_norm, seconds.
        best_epoch: The one whose weights it has, counted from 1.
        recipe: The settings that were used, by name.
        preparation: Of a `Dataset`: what was fitted on its training rows.
    """

    model: Any
    history: pl.DataFrame
    best_epoch: int
    recipe: dict[str, Any]
    preparation: Any = None

    def __repr__(self) -> str:
        """Say in one line what came of it."""
        return (
            f"<Fit of {type(self.model).__name__}, best of {len(self.history)} epochs: "
            f"{self.best_epoch}>"
        )


def fit(
    model: Any,
    data: Any,
    targets: Any = None,
    *,
    validation: Any = None,
    recipe: Recipe | Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
    on: Mapping[str, Event] | None = None,
    callbacks: Sequence[Any] = (),
) -> Fit:
    """Train a network in place: early stopping, the best weights, every setting of a recipe.

    Args:
        model: Any `torch.nn.Module`, or built `keras.Model`, that returns raw scores (B, C): no
            softmax and no sigmoid.
        data: An array (N, ...), or a dict of arrays that are the arguments of the model by name; a
            `bakeoff.Dataset`, which is split and prepared as in a run; a torch `Dataset` or
            `DataLoader`, or a `tf.data.Dataset`, of pairs (x, y).
        targets: (N,) class numbers or floats; None where the data hold them.
        validation: The rows that decide when to stop, as (x, y) or as `data` is; None: 15 % of the
            rows, drawn by the seed.
        recipe: A `bakeoff.Recipe`, or settings of one by name: {"epochs": 30, "lr": 0.01}; what is
            not named is as usual.
        seed: Decides the order of the rows, the dropout and what is held out.
        device: "cpu", "cuda", "mps".
        on: "start", "epoch" or "end" -> a function that is given a dict: the settings, the row of
            the history, the result.
        callbacks: Of a Keras model: Keras' own, which its own `fit` calls; it trains then in place
            of our loop, as with the setting keras_fit.

    Raises:
        RequestError: A setting is unknown or out of range, or the data cannot be understood.

    Example:
        >>> from torch import nn
        >>> x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
        >>> found = fit(nn.Linear(3, 2), x, (x[:, 0] > 0).astype(int), recipe={"lr": 0.1})
        >>> found.history["train_metric"][-1] > 0.8
        True
    """
    asked = recipe_of(recipe)
    train = loop_of(model, asked.keras_fit, callbacks)
    tell = on or {}
    if odd := [name for name in tell if name not in EVENTS]:
        raise RequestError(unknown("event", odd[0], EVENTS))
    rows, judged, preparation = parts(model, data, targets, validation, seed)
    task = task_of(model, rows, asked.loss)
    if asked.precision == "auto":
        asked = replace(asked, precision="float32")  # there is no probe
    used = resolve(asked, rows=len(rows), task=task)
    plain = {**settings_of(used), "seed": seed, "device": device}
    if "start" in tell:
        tell["start"]({**plain, "rows": len(rows), "validation_rows": len(judged)})
    history = train(
        model,
        rows.inputs,
        rows.targets,
        validation_inputs=judged.inputs,
        validation_targets=judged.targets,
        **values_of(used, rows),
        seed=seed,
        device=device,
        on_epoch=lambda row: tell["epoch"](dict(row)) if "epoch" in tell else None,
    )
    import polars as pl

    best = best_epoch(history, plain)
    if "end" in tell:
        tell["end"]({"epochs": len(history), "best_epoch": best})
    return Fit(
        model=model,
        history=pl.DataFrame(history),
        best_epoch=best,
        recipe=plain,
        preparation=preparation,
    )


def loop_of(model: Any, keras_fit: bool, callbacks: Sequence[Any]) -> Callable[..., Any]:
    """Return our loop, or Keras' own.

    Raises:
        RequestError: Keras' own is to train a model of torch.
    """
    loop = room(model)
    if not keras_fit and not callbacks:
        return cast("Callable[..., Any]", loop.fit)
    if "keras" not in loop.__name__:
        what = "callbacks go" if callbacks else f"{option('keras_fit', True)} goes"
        raise RequestError(
            f"{what} with Keras' own loop, and {type(model).__name__} is of torch. Leave it out; "
            "`on` tells of every epoch."
        )
    from bakeoff.keras_models.keras_fit import keras_fit as own_loop

    return partial(own_loop, callbacks=callbacks)


def recipe_of(given: Recipe | Mapping[str, Any] | None) -> Recipe:
    """Return a recipe.

    Raises:
        RequestError: A setting is unknown, or out of its range.
    """
    if isinstance(given, Recipe):
        return given
    for name in given or {}:
        if name not in SETTINGS:
            raise RequestError(unknown("setting", name, SETTINGS))
    return Recipe(**(given or {}))


def parts(
    model: Any, data: Any, targets: Any, validation: Any, seed: int
) -> tuple[Rows, Rows, Any]:
    """Return training and validation rows, and what a `Dataset` was prepared by."""
    from bakeoff.data.dataset import Dataset

    if isinstance(data, Dataset):
        return of_dataset(model, data, seed)
    rows = gather(model, data, targets)
    if validation is None:
        train, held = held_out(rows, seed)
        return train, held, None
    pair = validation if isinstance(validation, tuple) else (validation, None)
    return rows, gather(model, *pair), None


def of_dataset(model: Any, dataset: Any, seed: int) -> tuple[Rows, Rows, Any]:
    """Split and prepare a dataset as a run does, and take the first view that the model can read.

    Raises:
        RequestError: It can read none.
    """
    from inspect import signature

    from bakeoff.data.preparing.preparation import fit_preparation
    from bakeoff.data.splitting.split import make_split
    from bakeoff.data.taking.sources import plain
    from bakeoff.data.taking.views import make_views

    split = make_split(dataset, None, seed)
    preparation = fit_preparation(dataset, split)
    views = make_views(preparation, dataset)
    function = model.forward if hasattr(model, "forward") else model.call
    names = set(signature(function).parameters)
    offered = [name for name in views if name not in ("plain", "words")]
    name = next((name for name in offered if set(views[name].inputs) <= names), None)
    if name is None:
        wanted = ", ".join(views[offered[0]].inputs) if offered else "nothing"
        raise RequestError(
            f"{type(model).__name__} takes {', '.join(sorted(names))}, and the data offer "
            f"{wanted}. Name its arguments alike, or pass arrays."
        )
    truth = preparation.targets(dataset)
    if not isinstance(truth, np.ndarray) or preparation.task == "forecast":
        raise RequestError(
            f"A {preparation.task} target is not one value a row: train it with bakeoff.run, or "
            "pass arrays."
        )
    found = []
    for part in (split.train, split.validation):
        inputs = {key: plain(source[part]) for key, source in views[name].inputs.items()}
        found.append(Rows(inputs=inputs, targets=truth[part]))
    return found[0], found[1], preparation


def task_of(model: Any, rows: Rows, loss: str) -> str:
    """Return what is to be predicted, from the loss that is named, or from targets and scores.

    Raises:
        RequestError: The number of scores does not go with the targets.
    """
    if loss != "auto":
        return next((task for task, own in LOSSES_OF_TASK.items() if loss in own), "regression")
    first = rows[np.arange(min(2, len(rows)))]
    width = room(model).predict(model, first.inputs).shape[-1]
    whole = rows.targets.dtype.kind == "i"
    if rows.targets.ndim > 1 and whole:
        return "multilabel"
    if not whole:
        return "regression"
    most = int(rows.targets.max()) + 1
    if width == 1 and most <= 2:
        return "binary"
    if width < most:
        raise RequestError(
            f"The targets are classes 0 to {most - 1}, and the model returns {width} "
            f"score{'s' * (width != 1)} a row. Let it return {most}, or pass floats."
        )
    return "multiclass"


def values_of(recipe: Recipe, rows: Rows) -> dict[str, Any]:
    """Return a recipe as the loops take it; classes are called by their numbers."""
    settings = settings_of(recipe)
    classes: list[str] = []
    if text := settings.get("class_weights", ""):
        counts = dict(enumerate(np.bincount(rows.targets)))
        classes = [str(number) for number in counts]
        named = {str(number): int(count) for number, count in counts.items()}
        settings["class_weights"] = settled_weights(text, classes, named, "the targets")
    return loop_values(settings, len(classes))


def room(model: Any) -> Any:
    """Return the loop of the framework that a model is of.

    Raises:
        RequestError: It is of neither.
    """
    origins = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if "torch" in origins:
        from bakeoff.torch_models import fit as torch_room

        return torch_room
    if "keras" in origins and not model.built:
        raise RequestError(
            f"{type(model).__name__} has no weights yet: begin it with keras.Input, or call it "
            "on a few rows first."
        )
    if "keras" in origins:
        from bakeoff.keras_models import fit as keras_room

        return keras_room
    raise RequestError(
        f"{type(model).__name__} is no torch.nn.Module and no keras.Model: nothing to train."
    )
