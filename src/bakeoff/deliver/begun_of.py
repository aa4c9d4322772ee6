"""Begun of: the best network of an earlier run, for a new one to begin with."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.catalog import FRAMEWORKS, Framework
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.split import Split
from bakeoff.data.splitting.split_file import load_split
from bakeoff.deliver.trained_model import TrainedModel, check_model, open_model
from bakeoff.documents import reading
from bakeoff.errors import RequestError, option
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.judge.partners import partners_of
from bakeoff.plan.begun import Begun
from bakeoff.plan.branches import STARTED
from bakeoff.plan.heads import INPUT
from bakeoff.runs.folder import RunFolder, open_folder
from bakeoff.runs.read_schema import read_fingerprint
from bakeoff.train.begin_weights import ONE_ENCODER
from bakeoff.train.build_model import build_model
from bakeoff.train.job import Job
from bakeoff.train.weights import convert, read_weights


def begun_of(run: str, frameworks: Sequence[Framework]) -> Begun:
    """Read the best network of a run.

    Args:
        run: Its folder, as the user wrote it.
        frameworks: Those of the new run.

    Raises:
        DataError: It is no finished run, or damaged.
        RequestError: It has trained no network.
    """
    folder = open_folder(Path(run), judged=False)
    trained = best_network(folder, run)
    with reading(trained.place.weights):
        check_model(trained.place, trained.fit.job, trained.blank)
        weights = read_weights(trained.place.weights)
    job = trained.fit.job
    alone = set(job.branches) == {INPUT}  # of several targets: an encoder and their heads
    words = bare if alone else dict
    return Begun(
        run=run,
        name=f"{job.model} ({job.framework}, seed {job.seed})",
        model=f"{job.model.removesuffix(STARTED)[: 64 - len(STARTED)]}{STARTED}",
        settings=settings_of(job),
        inputs=tuple(n for n, own in job.branches.items() if "shared" not in own and not alone),
        preparation=trained.preparation,
        mark=mark_of(trained.place.weights),
        weights={name: words(worded_for(name, trained, weights)) for name in frameworks},
    )


def refuse_learned(run: str, dataset: Dataset, split: Split) -> None:
    """Refuse test rows that the network of an earlier run has learned from, of the same data.

    Args:
        run: Its folder.
        dataset: Of the new run.
        split: Of the new run.

    Raises:
        RequestError: There are such rows.
    """
    folder = open_folder(Path(run), judged=False)
    if read_fingerprint(folder) != dataset.fingerprint:
        return
    before = load_split(folder.split, dataset)
    learned = np.concatenate([before.train, before.validation])
    count = np.isin(split.test, learned).sum()
    if count:
        raise RequestError(
            f"{option('start_from', run)}: the network there has learned from {count:,} of the "
            "test rows here. Split the rows as they were split there, with the same split and seed."
        )


def best_network(folder: RunFolder, run: str) -> TrainedModel:
    """Return the best fit of the network that stands first; of one that is not judged, of all.

    Raises:
        RequestError: There is none.
    """
    if folder.is_unjudged() and (best := partners_of(folder)[:1]):
        return TrainedModel(best[0].place, folder, best[0].fit)
    lines = [] if folder.is_unjudged() else read_leaderboard(folder).iter_rows(named=True)
    for line in lines:
        if line["score"] is not None and line["framework"] in FRAMEWORKS:
            return open_model(folder, f"{line['model']} ({line['framework']})")
    raise RequestError(
        f"{option('start_from', run)}: no network was trained there, whose features could be taken."
    )


def settings_of(job: Job) -> dict[str, Any]:
    """Return what a model of `bakeoff.toml` must say to be the same network."""
    if not job.branches:
        return {"architecture": job.architecture, **job.arguments}
    if set(job.branches) == {INPUT}:
        branch = job.branches[INPUT]
        return {"architecture": branch["architecture"], **branch["arguments"]}
    own = {n: b for n, b in job.branches.items() if "shared" not in b}
    shared = {n: b["shared"] for n, b in job.branches.items() if "shared" in b}
    branches = {
        name: {"architecture": branch["architecture"], **branch["arguments"]}
        for name, branch in {**own, **{n: own[first] for n, first in shared.items()}}.items()
    }
    share = {"share": [*set(shared.values()), *shared]} if shared else {}
    return {"architecture": job.architecture, **job.arguments, "branches": branches, **share}


def bare(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the weights of an encoder of several heads as those of the page that it is."""
    return {name.removeprefix(ONE_ENCODER): array for name, array in weights.items()}


def worded_for(
    framework: Framework, trained: TrainedModel, weights: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return weights in the words of a framework."""
    job = trained.fit.job
    if (framework == "torch") == (job.framework == "torch"):
        return weights
    return convert(weights, build_model(job, trained.blank.sizes, "torch"), to=framework)


def mark_of(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
