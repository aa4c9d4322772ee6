"""From what a person asks, on the command line or from Python, to an experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

from bakeoff.catalog import CATALOG
from bakeoff.errors import RequestError, UnknownOption, option, unknown
from bakeoff.options import options
from bakeoff.plan.branches import STARTED, known_settings
from bakeoff.plan.experiment import Experiment
from bakeoff.plan.experiment_file import read_experiment
from bakeoff.plan.models import select_models
from bakeoff.plan.sweep import with_sweeps
from bakeoff.train.recipe import Recipe

DEMO = ("constant", "linear", "boosting", "mlp", "cnn", "rnn", "lstm", "gru", "transformer")


def request(data: str, given: Mapping[str, Any]) -> Experiment:
    """Make an experiment of a bakeoff.toml or a data source; what is given goes over the file.

    Args:
        data: A file, a data-set name, a bakeoff.toml, or "" for data passed from Python.
        given: Option -> value, as `bakeoff.run` takes them; None and "" mean that nothing is said.
            `models` are names, or name -> settings; `settings` are name -> single settings; `vary`
            as `sweep.with_sweeps` takes it.

    Raises:
        DataError: The file cannot be read.
        RequestError: A name or setting is wrong.

    Example:
        >>> request("iris", {"epochs": 3, "split": 0.2}).split
        'random:60/20/20'
    """
    base = read_experiment(data) if data.endswith(".toml") else Experiment(data=data)
    asked = {name: value for name, value in given.items() if said(value)}
    models, settings = asked.pop("models", ()), asked.pop("settings", {})
    own = models if isinstance(models, Mapping) else {}
    wanted = tuple(models) if isinstance(models, Mapping) else listed(models)
    if asked.get("start_from"):
        own = {**own, **started_by_name([*wanted, *settings], own)}
    vary = asked.pop("vary", ())
    all_settings = {name: {**own.get(name, {}), **settings.get(name, {})}
                    for name in (*own, *settings)}  # fmt: skip
    chosen, everything = select_models(base.models, wanted, all_settings)
    chosen = with_sweeps(chosen, vary)
    asked = with_shares(asked)
    check_known(asked)
    recipe = {name: asked.pop(name) for name in options(Recipe) if name in asked}
    if "kinds" in asked:
        asked["kinds"] = {**base.kinds, **kinds_of(asked["kinds"])}
    if isinstance(asked.get("target"), str):
        asked["target"] = (asked["target"],)  # a name may hold commas and spaces
    for name in ("target", "auxiliary", "inputs", "framework", "future"):
        if name in asked:
            asked[name] = listed(asked[name])
    for name in ("sequence", "time", "series"):
        if name in asked:
            asked[name] = str(asked[name])  # frames without names number their columns
    if isinstance(asked.get("positive"), int | float):
        asked["positive"] = as_word(asked["positive"])
    for name in ("test", "validation", "images", "vectors", "start_from"):
        if isinstance(asked.get(name), Path):
            asked[name] = str(asked[name])
    if isinstance(asked.get("image_size"), int | tuple | list):
        asked["image_size"] = sides(asked["image_size"])
    if "positive" in asked:
        asked["positive"] = str(asked["positive"])  # 1 and True are labels, too
    return replace(
        base,
        **asked,
        recipe=replace(base.recipe, **recipe),
        models=chosen,
        all_that_fit=everything,
    )


def started_by_name(
    names: Sequence[str], own: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the settings of models that are named as those that begin with features.

    Example:
        >>> started_by_name(["cnn_started", "mlp"], {})
        {'cnn_started': {'architecture': 'cnn'}}
    """
    found = {}
    for name in names:
        base = name.removesuffix(STARTED)
        told = known_settings(base, own.get(name, {}))
        if base != name and (base in CATALOG or "architecture" in told):
            found[name] = {"architecture": base, **told}
    return found


def said(value: Any) -> bool:
    """Tell whether something was said; 0 and False were, None, "" and empty lists were not."""
    return value is not None and not (isinstance(value, str | Sequence | Mapping) and not value)


def check_known(asked: Mapping[str, Any]) -> None:
    """Refuse options that there are not, as from a caller of a wrapper."""
    known = [*options(Experiment), *options(Recipe), "models"]
    for name in asked:
        if name not in known:
            raise UnknownOption(unknown("option", name, known))


def kinds_of(kinds: object) -> Mapping[str, str]:
    """Return kinds as a mapping; a list of names was meant as a choice of columns."""
    if isinstance(kinds, Mapping):
        return {str(name): kind for name, kind in kinds.items()}  # a number may be a name
    names = list(kinds) if isinstance(kinds, Sequence) and not isinstance(kinds, str) else ["a"]
    raise RequestError(
        f"{option('inputs', names)} chooses columns; {option('kinds', {str(names[0]): 'category'})}"
        f" says what they hold. {option('kinds')} was given {kinds!r}."
    )


def with_shares(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Turn shares of rows into a random split: split=0.2 or test=0.2 is random:60/20/20."""
    result = dict(asked)
    shares = {
        name: share
        for name in ("split", "test", "validation")
        if (share := share_of(asked.get(name))) is not None
    }
    if isinstance(asked.get("split"), Sequence) and not isinstance(asked["split"], str):
        result["split"] = "/".join(percent(part) for part in asked["split"])
    if not shares:
        return result
    for name in shares:
        del result[name]
    others = [name for name in ("split", "test", "validation") if name in result]
    if others or len(shares) == 3 or ("split" in shares and len(shares) > 1):
        names = " and ".join(option(name) for name in (*shares, *others))
        raise RequestError(f"{names} say twice how the rows are split. Give one of them.")
    test = shares.get("split", shares.get("test", shares.get("validation", 0.0)))
    validation = shares.get("validation", test)
    if not (0 < test < 1 and 0 < validation < 1 and test + validation < 1):
        name, share = next(iter(shares.items()))
        raise RequestError(
            f"{option(name, share)} must be the share of the test rows, above 0 and below 0.5 (the "
            f"validation rows are as many): {option(name, 0.2)} trains on 60 %."
        )
    parts = (1 - test - validation, validation, test)
    result["split"] = "random:" + "/".join(percent(part) for part in parts)
    return result


def share_of(value: object) -> float | None:
    """Return a share given as a number, or as text on the command line; else None."""
    if isinstance(value, str) and not Path(value).exists():
        try:
            return float(value)
        except ValueError:
            return None
    number = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if number else None  # type: ignore[arg-type]


def percent(share: float) -> str:
    """Write a share in percent: 0.2 is 20, and 20 stays 20.

    Example:
        >>> percent(0.2), percent(1 - 0.2 - 0.2), percent(15)
        ('20', '60', '15')
    """
    return f"{round(100 * share if share <= 1 else share, 9):g}"


def listed(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; a string is split at its commas."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return tuple(str(name) for name in names)


def as_word(value: bool | int | float) -> str:
    """Write a class as it is called once it is read: true, 1, 1.5."""
    return str(value).lower() if isinstance(value, bool) else f"{value:.15g}"


def sides(size: int | Sequence[int]) -> str:
    """Write height and width as the option has them.

    Example:
        >>> sides(64), sides((64, 48))
        ('64', '64x48')
    """
    return str(size) if isinstance(size, int) else "x".join(map(str, size))


def name_of(experiment: Experiment) -> str:
    """Return a name for the run: that of the data, without its endings."""
    name = Path(experiment.data).name.split(".")[0]
    safe = (letter if letter.isalnum() or letter in "_-" else "_" for letter in name)
    return "".join(safe) or "run"


def demo_experiment() -> Experiment:
    """Return the demo: handwritten digits as an image, as a sequence of rows, as a vector."""
    return Experiment(
        data="digits",
        recipe=Recipe(epochs=30, batch_size=64),
        models={name: {} for name in DEMO},
        all_that_fit=False,
    )
