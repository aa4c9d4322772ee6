"""The models of a run: which architectures, under which names, with which settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bakeoff.catalog import CATALOG, Argument, Model, Row, arguments, find, fitting
from bakeoff.errors import RequestError, option, unknown
from bakeoff.options import complaints, options, say_value
from bakeoff.plan.branches import (
    INNER,
    OWN,
    VARIED,
    branches_of,
    inputs_of,
    known_settings,
    usual_models,
    view_among,
)
from bakeoff.train.recipe import SETTINGS, Recipe

if TYPE_CHECKING:
    from bakeoff.data.taking.views import View

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PORTS = (f"{port}{number}" for port in ("COM", "LPT") for number in range(10))
UNSAID = ("plain", "histograms", "words")  # views of baselines alone
WRITTEN = {"text": "writes a text", "step_classes": "tells a class of each step",
           "step_numbers": "tells a number of each step", "series": "tells a series"}  # fmt: skip
RESERVED = {"CON", "PRN", "AUX", "NUL", *PORTS}  # no file or folder of Windows may be called so


def check_models(models: Mapping[str, Mapping[str, Any]]) -> None:
    """Check names and settings of models.

    Args:
        models: Name -> architecture, arguments and recipe settings.

    Raises:
        RequestError: A name cannot be a folder, or a setting is unknown or of another type.
    """
    for name, settings in models.items():
        check_name(name)
        if not isinstance(settings, Mapping):
            raise RequestError(
                f"{option('models', {name: settings})} must be a table of settings, such as "
                f"{option(f'{name}.lr', 0.01)}."
            )
        check_settings(name, settings)
    lower: dict[str, str] = {}
    for name in models:
        other = lower.setdefault(name.lower(), name)
        if other != name:
            raise RequestError(f"{other!r} and {name!r} differ in capitals only. Rename one.")


def check_name(name: str) -> None:
    """Refuse a name that cannot be a folder on every system."""
    if not NAME.fullmatch(name) or name.endswith(".") or name.split(".")[0].upper() in RESERVED:
        raise RequestError(
            f"A model cannot be called {name!r}: its name is a folder. Use letters, digits, "
            "_ and -, such as 'wide'."
        )


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that the architecture does not have, or of another type."""
    settings = known_settings(name, settings)
    row = find(str(settings.get("architecture", name)), trainable=True)
    known = arguments(row)
    shared = {} if row.role == "baseline" else options(Recipe)
    for key, value in settings.items():
        if key in known:
            check_argument(name, known[key], value)
            if key == INNER and row.name == "network":
                check_inner(name, value)
        elif key in shared:
            for said in complaints(shared[key], value, model=name):
                raise RequestError(said)
        elif key in OWN:
            check_own(name, row, key, value)
        elif key == INNER and row.role == "encoder":
            check_inner(name, value)
        elif key == VARIED:
            if not isinstance(value, str):
                raise RequestError(f"{option(f'{name}.{key}', value)} must be a text.")
        elif key != "architecture":
            allowed = [*known, *shared, "architecture"]
            own = "" if name == row.name else name
            raise RequestError(unknown(f"setting of {row.name}", key, allowed, where=own))


def check_own(name: str, row: Row, key: str, value: Any) -> None:
    """Refuse a setting of what a model reads that is of another type, or of another architecture.

    Args:
        name: Of the model.
        row: Its architecture.
        key: "input", "branches" or "share".
        value: Of the setting.
    """
    network = row.name == "network"
    if network == (key == "input"):
        which = "a single input" if network else "a network of several inputs (all)"
        raise RequestError(f"{option(f'{name}.{key}', value)} goes with {which} alone.")
    kinds = {"input": (str,), "branches": (Mapping,), "share": (list, tuple)}[key]
    if not isinstance(value, kinds):
        such = {"input": "picture", "branches": {"picture": "cnn"}, "share": ["left", "right"]}
        said = option(f"{name}.{key}", such[key])
        raise RequestError(f"{option(f'{name}.{key}', value)} must be such as {said}.")


def check_inner(name: str, value: Any) -> None:
    """Refuse what does not say, of some targets, which part of a network their heads read."""
    if isinstance(value, Mapping) and all(isinstance(own, str) for own in value.values()):
        return
    said = option(f"{name}.{INNER}", {"TARGET": "blocks.0"})
    raise RequestError(f"{option(f'{name}.{INNER}', value)} must be such as {said}.")


def check_argument(name: str, argument: Argument, value: Any) -> None:
    """Refuse an argument of another type."""
    if not fits(value, argument.annotation):
        raise RequestError(
            f"{option(f'{name}.{argument.name}', value)} must be {say_type(argument)}, such as "
            f"{say_value(argument.default)}."
        )


def fits(value: Any, annotation: str) -> bool:
    """Tell whether a value goes with a type as written; unusual types are left to the page."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation == "int":
        return number and isinstance(value, int)
    if annotation == "float":
        return number
    if annotation in ("bool", "str"):
        return isinstance(value, bool if annotation == "bool" else str)
    if annotation == "tuple[int, ...]":
        integers = isinstance(value, list | tuple) and all(fits(item, "int") for item in value)
        return integers and all(item > 0 for item in value)  # sizes of layers, all of them
    return True


def say_type(argument: Argument) -> str:
    """Put a type in words."""
    words = {
        "int": "an integer",
        "float": "a number",
        "bool": "true or false",
        "str": "a string",
        "tuple[int, ...]": "a list of integers from 1",
    }
    return words.get(argument.annotation, argument.annotation)


def recipe_of(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Return a model's recipe: the run's, but for what the model sets itself."""
    return replace(recipe, **{key: settings[key] for key in SETTINGS if key in settings})


def select_models(
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
            told = known_settings(name, {**chosen.get(name, {}), **settings.get(name, {})})
            if name not in chosen and "architecture" not in told:
                find(name, trainable=True)
        chosen = {name: chosen.get(name, {}) for name in wanted}
    for name, table in settings.items():
        known = [*chosen, *(row.name for row in CATALOG.values() if everything and row.trainable)]
        if name not in known and "architecture" not in known_settings(name, table):
            raise RequestError(
                f"{unknown('model', name, known)} A new model needs its architecture: "
                f"{option(f'{name}.architecture', 'mlp')}."
            )
        chosen[name] = {**chosen.get(name, {}), **table}
    return chosen, everything


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What decides, beside the views of the data, which models fit them.

    Args:
        task: What is predicted; "" for anything.
        num_classes: Classes of the target; 0 for numbers.
        lookback: Steps of a window of time series; 0 for other data.
        horizon: Steps that are forecast; else 0.
        season: Steps of the usual season of time series; 0 where none is known.
    """

    task: str = ""
    num_classes: int = 0
    lookback: int = 0
    horizon: int = 0
    season: int = 0


ANYTHING = Facts()


def choose_models(
    models: Mapping[str, Mapping[str, Any]],
    *,
    all_that_fit: bool,
    views: "Mapping[str, View]",
    facts: Facts = ANYTHING,
) -> tuple[list[Model], tuple[str, ...]]:
    """Return the models of a run: those named, and all that can read the data if wanted.

    Args:
        models: Name -> settings, of those named.
        all_that_fit: Every architecture that can read the data runs, too.
        views: Those on offer; a model must take all that its view hands to a page.
        facts: What else there is to know of the data.

    Returns:
        The models, and why others that can read the data are left out, a sentence each.

    Raises:
        RequestError: One that is named cannot read the data.
    """
    if inputs := inputs_of(views):
        usual = usual_models(inputs) if all_that_fit else {}
        named = {name: known_settings(name, own) for name, own in {**usual, **models}.items()}
        said = {
            name: why
            for name, own in named.items()
            if name not in models and (why := too_many(find(own["architecture"]), facts, name))
        }
        chosen = [mixed_model(n, own, views, facts) for n, own in named.items() if n not in said]
        return chosen, tuple(f"Left out: {why}" for why in said.values())
    fit = [row for row in fitting(views, facts.task) if not left_unread(row, views)]
    chosen = []
    unnamed: dict[str, Mapping[str, Any]] = {}
    left_out = []
    unasked = []
    if not any(row.role != "baseline" for row in fit) and facts.task in WRITTEN:
        raise RequestError(
            f"No network {WRITTEN[facts.task]} of these data. Name another target or input, or say "
            "what the target holds with kinds."
        )
    for row in fit if all_that_fit else ():
        if why := too_many(row, facts) or no_season(row.name, row, {}, facts)[0]:
            left_out += [f"Left out: {why}"] * (row.name not in models)
        elif facts.task != "text" and set(row.unasked) & set(views):
            unasked += [row.name] * (row.name not in models)
        else:
            unnamed[row.name] = {}
    if unasked:
        left_out.append(f"Run only where named: {', '.join(unasked)}.")
    for name, given in {**unnamed, **models}.items():
        settings = known_settings(name, given)
        row = find(str(settings.get("architecture", name)), trainable=True)
        advice = f"Models that fit: {', '.join(row.name for row in fit)}."
        if row.name == "network" or set(settings) & set(OWN):
            raise RequestError(f"{name} is of several inputs, and these data have one. {advice}")
        if not set(row.reads) & set(views):
            raise RequestError(
                f"{name} reads {' or '.join(row.reads)} data, and this data can be read as "
                f"{' or '.join(view for view in views if view not in UNSAID)}. {advice}"
            )
        if facts.task and facts.task not in row.tasks:
            raise RequestError(f"{name} is not made for {said_task(facts.task)}. {advice}")
        why, way_on = no_season(name, row, settings, facts)
        if why:
            raise RequestError(f"{why} {way_on}")
        if unread := left_unread(row, views):
            raise RequestError(
                f"{name} does not take {' and '.join(unread)}, which this data has. {advice}"
            )
        own = {k: v for k, v in settings.items() if k not in ("architecture", VARIED, *SETTINGS)}
        if "season" in arguments(row) and not own.get("season"):
            own["season"] = facts.season
        view = next(view for view in row.reads if view in views)
        chosen.append(Model(name=name, row=row, arguments=own, view=view))
    return chosen, tuple(left_out)


def said_task(task: str) -> str:
    """Put a task in words."""
    words = {"text": "a text that is written", "series": "a series", "step_classes": "a class of "
             "each step", "step_numbers": "a number of each step"}  # fmt: skip
    return words.get(task, f"a {task}")


def mixed_model(
    name: str, settings: Mapping[str, Any], views: "Mapping[str, View]", facts: Facts
) -> Model:
    """Return a model of a run of several inputs: one that reads one of them, or a network.

    Raises:
        RequestError: It cannot read these data.
    """
    row = find(str(settings.get("architecture", name)), trainable=True)
    if facts.task and facts.task not in row.tasks:
        raise RequestError(f"{name} is not made for a {facts.task}.")
    own = {k: v for k, v in settings.items() if k not in ("architecture", VARIED, *OWN, *SETTINGS)}
    if row.name == "network":
        branches = branches_of(name, settings, views)
        if settings.get("loss") == "contrastive":
            own.setdefault("fusion", "distance")
        return Model(name=name, row=row, arguments=own, view="mixed", branches=branches)
    view = view_among(name, row, settings, views)
    if row.role != "baseline" and (unread := views[view].arguments - {"x", *row.takes}):
        raise RequestError(f"{name} does not take {' and '.join(sorted(unread))} of {view}.")
    return Model(name=name, row=row, arguments=own, view=view)


def too_many(row: Row, facts: Facts, name: str = "") -> str:
    """Say that a target has more classes than an architecture is made for; "" where it has not."""
    if not row.most_classes or facts.num_classes <= row.most_classes:
        return ""
    return (
        f"{name or row.name}: its time grows with the classes, which are {facts.num_classes:,}. "
        f"Above {row.most_classes:,} it runs where it is named."
    )


def no_season(name: str, row: Row, settings: Mapping[str, Any], facts: Facts) -> tuple[str, str]:
    """Say why a model that repeats a season has none, and the way on; "" where nothing is wrong."""
    if facts.task != "forecast" or "season" not in arguments(row):
        return "", ""
    season = settings.get("season") or facts.season
    if not season:
        why = f"{name}: the step of the time tells no season."
        return why, f"Give its steps: {option(f'{name}.season', 24)}."
    if season > facts.lookback:
        why = (
            f"{name}: a season of {season:,} steps needs a look-back of {season:,} steps at least, "
            f"and it is {facts.lookback:,}."
        )
        return why, f"Say {option('lookback', season)}."
    return "", ""


def left_unread(row: Row, views: "Mapping[str, View]") -> list[str]:
    """Return the arguments of a row's view that its page does not take."""
    if row.role == "baseline":
        return []  # constant looks at nothing, and the others take all there is
    view = next((view for view in row.reads if view in views), "")
    return sorted(views[view].arguments - {"x", *row.takes}) if view else []
