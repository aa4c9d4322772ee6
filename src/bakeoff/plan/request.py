"""From what a person asks, on the command line or from Python, to an experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bakeoff.errors import RequestError, did_you_mean
from bakeoff.plan.experiment import Experiment, select
from bakeoff.plan.experiment_file import read_experiment
from bakeoff.train.recipe import SETTINGS, Recipe

DEMO = ("constant", "linear", "boosting", "mlp", "cnn", "rnn", "lstm", "gru", "transformer")


def plan(
    data: str,
    *,
    target: str = "",
    inputs: str | Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    test: str = "",
    validation: str = "",
    split: str = "",
    positive: str = "",
    models: str | Sequence[str] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    framework: str | Sequence[str] = (),
    seeds: int | None = None,
    seed: int | None = None,
    metric: str = "",
    device: str = "",
    jobs: int | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> Experiment:
    """Make an experiment of a bakeoff.toml or a data source; what is given here goes over the file.

    Raises:
        DataError: The file cannot be read.
        RequestError: A name or setting is wrong.
    """
    base = read_experiment(data) if data.endswith(".toml") else Experiment(data=data)
    chosen, everything = select(base.models, listed(models), settings or {})
    given: dict[str, Any] = {
        "target": (target,) if target else (),  # a name may hold commas and spaces
        "inputs": listed(inputs),
        "columns": {**base.columns, **(columns or {})},
        "test": test,
        "validation": validation,
        "split": split,
        "positive": positive,
        "frameworks": listed(framework),
        "seeds": seeds,
        "seed": seed,
        "metric": metric,
        "device": device,
        "jobs": jobs,
    }
    own = {name: value for name, value in (recipe or {}).items() if value not in (None, "")}
    unknown = [name for name in own if name not in SETTINGS]
    if unknown:
        raise RequestError(
            f"The recipe has no setting {unknown[0]!r}.{did_you_mean(unknown[0], SETTINGS)} "
            f"Known: {', '.join(SETTINGS)}."
        )
    return replace(
        base,
        **{name: value for name, value in given.items() if value not in (None, "", ())},
        recipe=replace(base.recipe, **own),
        models=chosen,
        all_that_fit=everything,
    )


def listed(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; a text is split at its commas."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return tuple(names)


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
