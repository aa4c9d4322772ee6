"""Train the standard neural networks on your data, side by side, and see honestly which wins.

    run = bakeoff.run("water.csv", target="Potability")
    run.leaderboard
    run.best.predict("new.csv")

Names are loaded when they are first used, so that `import bakeoff` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bakeoff.alone.find_lr import find_lr
    from bakeoff.alone.fit import fit
    from bakeoff.alone.save import load, save
    from bakeoff.api import open_run, resume, run
    from bakeoff.catalog import CATALOG
    from bakeoff.data.dataset import Dataset
    from bakeoff.data.read import read
    from bakeoff.data.splitting.split import Split
    from bakeoff.errors import (
        BakeoffError,
        DataError,
        MissingPackageError,
        RequestError,
        RunError,
    )
    from bakeoff.estimators import BakeoffClassifier, BakeoffRegressor
    from bakeoff.finished_run import Run
    from bakeoff.plan.experiment import Experiment
    from bakeoff.train.recipe import Recipe
    from bakeoff.train.weights import convert

__version__ = "0.2.0"

PLACES = {  # in the order data flows
    "CATALOG": "bakeoff.catalog",
    "read": "bakeoff.data.read",
    "Dataset": "bakeoff.data.dataset",
    "Split": "bakeoff.data.splitting.split",
    "Recipe": "bakeoff.train.recipe",
    "convert": "bakeoff.train.weights",
    "fit": "bakeoff.alone.fit",
    "find_lr": "bakeoff.alone.find_lr",
    "save": "bakeoff.alone.save",
    "load": "bakeoff.alone.save",
    "Experiment": "bakeoff.plan.experiment",
    "run": "bakeoff.api",
    "resume": "bakeoff.api",
    "open_run": "bakeoff.api",
    "Run": "bakeoff.finished_run",
    "BakeoffClassifier": "bakeoff.estimators",
    "BakeoffRegressor": "bakeoff.estimators",
    "BakeoffError": "bakeoff.errors",
    "DataError": "bakeoff.errors",
    "MissingPackageError": "bakeoff.errors",
    "RequestError": "bakeoff.errors",
    "RunError": "bakeoff.errors",
}

__all__ = [
    "CATALOG",
    "BakeoffClassifier",
    "BakeoffError",
    "BakeoffRegressor",
    "DataError",
    "Dataset",
    "Experiment",
    "MissingPackageError",
    "Recipe",
    "RequestError",
    "Run",
    "RunError",
    "Split",
    "convert",
    "find_lr",
    "fit",
    "load",
    "open_run",
    "read",
    "resume",
    "run",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
