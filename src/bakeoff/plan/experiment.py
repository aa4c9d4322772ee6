"""The experiment: the whole plan of a run in plain values, one to one with `bakeoff.toml`."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bakeoff.catalog import CATALOG, FRAMEWORKS, Argument, Model, Row, arguments, find, fitting
from bakeoff.errors import RequestError, did_you_mean
from bakeoff.evaluate.metrics import METRICS
from bakeoff.train.recipe import SETTINGS, Recipe

DEVICES = ("auto", "cpu", "cuda", "mps")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PORTS = (f"{port}{number}" for port in ("COM", "LPT") for number in range(10))
RESERVED = {"CON", "PRN", "AUX", "NUL", *PORTS}  # no file or folder of Windows may be called so


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """What is trained on what, and how it is judged.

    Args:
        data: File, folder or data-set name, as the user gave it.
        target: Columns to predict; none for data that name their own (arrays, bundled sets).
        inputs: Columns to learn from; none means all that can be.
        test: A separate file of test rows.
        validation: A separate file of validation rows.
        positive: The positive class of a binary target.
        columns: Column name -> kind, where the user knows better.
        split: "random:70/15/15", "time[:COLUMN]", "group:COLUMN", "column:COLUMN"; "" decides.
        frameworks: Where each network is trained.
        seeds: Fits of each model.
        seed: The first of them; also draws the split.
        metric: Decides the ranking; "auto" goes by the task.
        device: Where training runs.
        jobs: Worker processes; 0 means one per core.
        recipe: How networks are trained.
        models: Name -> architecture, arguments and recipe settings.
        all_that_fit: Every row of the catalogue that can read the data runs, too.

    Raises:
        RequestError: Something is unknown or out of range.
    """

    data: str
    target: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    test: str = ""
    validation: str = ""
    positive: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    frameworks: tuple[str, ...] = ("torch",)
    seeds: int = 5
    seed: int = 0
    metric: str = "auto"
    device: str = "auto"
    jobs: int = 0
    recipe: Recipe = field(default_factory=Recipe)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    all_that_fit: bool = True

    def __post_init__(self) -> None:
        for framework in self.frameworks:
            check_known("framework", framework, FRAMEWORKS)
        if not self.frameworks or len(set(self.frameworks)) < len(self.frameworks):
            raise RequestError("framework must name each framework once, such as torch,tensorflow.")
        check_known("device", self.device, DEVICES)
        check_whole("seeds", self.seeds, least=1, most=1000)
        check_whole("seed", self.seed, least=0, most=2**31 - 1)
        check_whole("jobs", self.jobs, least=0, most=1024)
        check_known("metric", self.metric, ("auto", *METRICS))
        for name, settings in self.models.items():
            check_model(name, settings)
        check_apart(self.models)


def check_known(word: str, value: str, known: Sequence[str]) -> None:
    """Refuse a value that is not in a closed list."""
    if value not in known:
        raise RequestError(
            f"{word}={value!r} is not known.{did_you_mean(str(value), known)} "
            f"Known: {', '.join(known)}."
        )


def check_whole(word: str, value: Any, *, least: int, most: int) -> None:
    """Refuse what is not a whole number in a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RequestError(f"{word}={value!r} must be a whole number from {least} to {most:,}.")


def check_model(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse a model whose name cannot be a folder, or with an unknown or ill-typed setting."""
    if not NAME.fullmatch(name) or name.endswith(".") or name.split(".")[0].upper() in RESERVED:
        raise RequestError(
            f"A model cannot be called {name!r}: its name is a folder. Use letters, digits, "
            "_ and -, such as 'wide'."
        )
    if not isinstance(settings, Mapping):
        raise RequestError(
            f"{name}={settings!r} must be a table of settings, such as {name}.lr=0.01."
        )
    row = find(str(settings.get("architecture", name)), trainable=True)
    known = arguments(row)
    allowed = ["architecture", *known, *([] if row.role == "baseline" else SETTINGS)]
    for key, value in settings.items():
        if key not in allowed:
            raise RequestError(
                f"{name}.{key} cannot be set: {row.name} has no such argument."
                f"{did_you_mean(key, allowed)} Known: {', '.join(allowed[1:]) or 'none'}."
            )
        if key in known and not matches(value, known[key].annotation):
            argument = known[key]
            raise RequestError(
                f"{name}.{key}={value!r} must be {say_type(argument)}, such as "
                f"{say_value(argument.default)}."
            )
    recipe_of(Recipe(), settings)


def check_apart(names: Iterable[str]) -> None:
    """Refuse names that differ in capitals only: on many systems they are one folder."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise RequestError(f"{other!r} and {name!r} differ in capitals only. Rename one.")


def matches(value: Any, annotation: str) -> bool:
    """Say whether a value goes with a type as written; unusual types are left to the page."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation == "int":
        return number and isinstance(value, int)
    if annotation == "float":
        return number
    if annotation in ("bool", "str"):
        return isinstance(value, bool if annotation == "bool" else str)
    if annotation == "tuple[int, ...]":
        numbers = isinstance(value, list | tuple) and all(matches(item, "int") for item in value)
        return numbers and all(item > 0 for item in value)  # sizes of layers, all of them
    return True


def say_type(argument: Argument) -> str:
    """Put a type in words."""
    words = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "a text",
        "tuple[int, ...]": "a list of whole numbers from 1",
    }
    return words.get(argument.annotation, argument.annotation)


def say_value(value: Any) -> str:
    """Write a default as it would be typed: lists in brackets, true and false in small letters."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(say_value(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def recipe_of(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Return a model's recipe: the run's, but for what the model sets itself."""
    return replace(recipe, **{key: settings[key] for key in SETTINGS if key in settings})


def choose_models(
    experiment: Experiment,
    views: Iterable[str],
    extras: Mapping[str, Collection[str]] | None = None,
) -> list[Model]:
    """Return the models of a run: those named, and all that can read the data if wanted.

    Args:
        views: Names of the views on offer.
        extras: View -> the arrays that it has beside x; a model must take them all.

    Raises:
        RequestError: One that is named cannot read the data.
    """
    offered = list(views)
    fit = [row for row in fitting(offered) if not left_unread(row, offered, extras or {})]
    chosen = []
    unnamed: dict[str, Mapping[str, Any]] = (
        {row.name: {} for row in fit} if experiment.all_that_fit else {}
    )
    for name, settings in {**unnamed, **experiment.models}.items():
        row = find(str(settings.get("architecture", name)))
        fits = f"Models that fit: {', '.join(row.name for row in fit)}."
        if not set(row.reads) & set(offered):
            raise RequestError(
                f"{name} reads {' or '.join(row.reads)} data, and this data can be seen as "
                f"{', '.join(offered)}. {fits}"
            )
        if unread := left_unread(row, offered, extras or {}):
            raise RequestError(
                f"{name} does not take {' and '.join(unread)}, which this data has. {fits}"
            )
        own = {k: v for k, v in settings.items() if k != "architecture" and k not in SETTINGS}
        chosen.append(Model(name=name, row=row, arguments=own))
    return chosen


def left_unread(
    row: Row, offered: Collection[str], extras: Mapping[str, Collection[str]]
) -> list[str]:
    """Return the arrays of a row's view that its page does not take."""
    if row.role == "baseline":
        return []  # constant looks at nothing, and the others take all there is
    view = next((view for view in row.reads if view in offered), "")
    return sorted(set(extras.get(view, ())) - set(row.takes))


def view_of(model: Model, views: Iterable[str]) -> str:
    """Return the view that a model sees: the first of its preferences on offer."""
    offered = set(views)
    return next(view for view in model.row.reads if view in offered)


def select(
    own: Mapping[str, Mapping[str, Any]],
    wanted: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, dict[str, Any]], bool]:
    """Combine what a file says, which models are wanted, and single settings, in this order.

    Args:
        own: Name -> settings, of the file; none means all that fit the data.
        wanted: Names of models; none means all of the file, or all that fit.
        settings: Name -> settings that go over the others; one with an `architecture` is new.

    Returns:
        The models, and whether all others that fit the data run, too.

    Raises:
        RequestError: A name is not in the run.
    """
    everything = not own and not wanted
    chosen: dict[str, dict[str, Any]] = {name: dict(table) for name, table in own.items()}
    if wanted:
        for name in wanted:
            if name not in chosen and name not in settings:
                find(name, trainable=True)
        chosen = {name: chosen.get(name, {}) for name in wanted}
    for name, table in settings.items():
        known = [*chosen, *(CATALOG if everything else ())]
        if name not in known and "architecture" not in table:
            raise RequestError(
                f"{name!r} is not in this run.{did_you_mean(name, known)} A new model needs "
                f"its architecture: --set {name}.architecture=mlp."
            )
        chosen[name] = {**chosen.get(name, {}), **table}
    return chosen, everything
