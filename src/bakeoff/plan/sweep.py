"""A sweep: one model with several values of a setting, each a model of its own.

Of a setting of the data, each value makes a run of its own: scores of different data cannot be
ranked.
"""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from bakeoff.errors import RequestError, unknown
from bakeoff.options import options
from bakeoff.plan.branches import VARIED, known_settings
from bakeoff.plan.experiment import Experiment

MOST = 100  # models of one sweep
DATA = "data"  # stands for a model where a setting of the data is varied
EXAMPLE = "--vary mlp.dropout=[0,0.2,0.5]"


def with_sweeps(
    models: Mapping[str, Mapping[str, Any]], vary: str | Sequence[str] | Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Put NAME_1, NAME_2 ... in the place of each model that is varied.

    Args:
        models: Name -> settings, of those that are named.
        vary: "NAME.SETTING=[values]", one or several; or NAME.SETTING -> values. Several settings
            of one model give every combination.

    Raises:
        RequestError: It cannot be understood, or makes a model that there is already.

    Example:
        >>> list(with_sweeps({"mlp": {}, "linear": {}}, "mlp.dropout=[0,0.5]"))
        ['mlp_1', 'mlp_2', 'linear']
        >>> with_sweeps({}, {"mlp.dropout": [0, 0.5]})["mlp_2"]
        {'architecture': 'mlp', 'dropout': 0.5, 'varied': 'dropout=0.5'}
    """
    by_model: dict[str, dict[str, list[Any]]] = {}
    for place, values in read(vary).items():
        name, _, setting = place.rpartition(".")
        if name == DATA:
            continue
        by_model.setdefault(name, {})[setting] = values
    found: dict[str, dict[str, Any]] = {}
    for name, own in {**models, **{name: models.get(name, {}) for name in by_model}}.items():
        made = variants(name, own, by_model[name]) if name in by_model else {name: dict(own)}
        if taken := found.keys() & made.keys():
            raise RequestError(
                f"--vary makes a model called {min(taken)}, and there is one already. Rename that."
            )
        found |= made
    return found


def of_data(vary: str | Sequence[str] | Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    """Return the setting of the data that is varied, and its values; None where none is.

    Raises:
        RequestError: The data have no such setting, or several are varied.

    Example:
        >>> of_data(["data.length=[50,100]", "mlp.dropout=[0,0.5]"])
        ('length', [50, 100])
    """
    found = {place.partition(".")[2]: own for place, own in read(vary).items()
             if place.startswith(f"{DATA}.")}  # fmt: skip
    if not found:
        return None
    [(setting, values), *others] = found.items()
    if others:
        raise RequestError(
            f"--vary: {setting} and {others[0][0]} are both of the data. Vary one after the other."
        )
    known = [name for name, own in options(Experiment).items() if own.table == DATA]
    if setting not in known:
        raise RequestError(unknown("setting of the data", setting, known, where="--vary"))
    return setting, values


def read(vary: str | Sequence[str] | Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return NAME.SETTING -> values.

    Raises:
        RequestError: It cannot be understood.
    """
    if isinstance(vary, Mapping):
        given = dict(vary)
    else:
        given = {}
        for text in [vary] if isinstance(vary, str) else vary:
            place, _, values = str(text).partition("=")
            try:
                given[place] = tomllib.loads(f"values = {values}")["values"]
            except tomllib.TOMLDecodeError as error:
                raise RequestError(
                    f"--vary {text}: {values or 'nothing'} is no list of TOML ({error}). Write "
                    f"{EXAMPLE}."
                ) from error
    for place, values in given.items():
        name, dot, setting = place.rpartition(".")
        if not dot or not name or not setting:
            raise RequestError(f"--vary {place}: name a model and its setting, as in {EXAMPLE}.")
        if not isinstance(values, list | tuple) or len(values) < 2:
            raise RequestError(f"--vary {place}: give a list of two or more values: {EXAMPLE}.")
    return {place: list(values) for place, values in given.items()}


def variants(
    name: str, own: Mapping[str, Any], settings: Mapping[str, Sequence[Any]]
) -> dict[str, dict[str, Any]]:
    """Return the models of one sweep.

    Raises:
        RequestError: They are too many.
    """
    values = list(product(*settings.values()))
    if len(values) > MOST:
        raise RequestError(
            f"--vary makes {len(values):,} models of {name}; {MOST} are the most. Give fewer "
            "values, or vary one setting after the other."
        )
    base = {"architecture": name, **known_settings(name, own)}
    found = {}
    for i, chosen in enumerate(values, 1):
        mine = dict(zip(settings, chosen, strict=True))
        said = ", ".join(f"{key}={value}" for key, value in mine.items())
        found[f"{name}_{i}"] = {**base, **mine, VARIED: said}
    return found
