"""The run folder: what a run leaves behind, in formats that cannot run code.

    bakeoff.toml  environment.json  data/  fits/<model>/<framework>-<split>-<seed>/
    leaderboard.csv  leaderboard.parquet  verdict.json  report.html  status.json

`status.json` is written first as "unfinished" and last, atomically, as "finished": a half-written
folder is never mistaken for a finished one.
"""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bakeoff.errors import DataError, RequestError
from bakeoff.train.job import Fit, Job

FORMAT = 2
PACKAGES = (
    "bakeoff",
    "torch",
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "polars",
    "scikit-learn",
    "scipy",
)


def new_folder(out: str | Path | None, name: str) -> Path:
    """Make the folder of a run, and mark it unfinished.

    Args:
        out: The folder itself; None takes `runs/<name>`, or `runs/<name>-2` when that exists.
        name: Of the data.

    Raises:
        RequestError: `out` exists and is not empty, or cannot be made.
    """
    folder = Path(out) if out is not None else free_folder(Path("runs") / name)
    check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_status(folder, "unfinished")
    except OSError as error:
        raise RequestError(f"{folder} cannot be made: {error.strerror}. Choose --out.") from error
    return folder


def check_free(folder: Path) -> None:
    """Refuse a folder that holds something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RequestError(
            f"{folder} exists already, and a run never overwrites another. Choose another --out, "
            "or remove it first."
        )


def free_folder(folder: Path) -> Path:
    """Return the folder, or the first of folder-2, folder-3, ... that does not exist."""
    number, free = 2, folder
    while free.exists():
        free = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return free


def write_status(
    folder: Path, status: str, *, fits: int = 0, ended: int = 0, error: str = ""
) -> None:
    """Write status.json in one step.

    Args:
        status: "unfinished", "finished" or "failed".
        fits: How many the run has.
        ended: How many of them have ended.
        error: Why the run failed.
    """
    facts = {"status": status, "fits": fits, "ended": ended, "error": error}
    write_json(folder / "status.json", {"format": FORMAT, **facts})


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file of a run.

    Raises:
        DataError: It is missing or damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: this is not the folder of a finished run.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error


def environment(place: Mapping[str, Any], jobs: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Describe where a run takes place: versions, machine, device, threads, seeds, command."""
    return {
        "format": FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "workers": jobs,
        "threads_per_worker": 1,
        "device": place["device"],
        "device_name": place["name"],
        "device_memory_bytes": place["memory"],
        "seeds": list(seeds),
        "versions": {name: installed(name) for name in PACKAGES if installed(name)},
    }


def installed(package: str) -> str:
    """Return the version of a package, "" when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def check_finished(folder: Path) -> None:
    """Refuse the folder of a run that did not finish, and a folder that is none.

    Raises:
        DataError: It is so.
    """
    facts = read_json(folder / "status.json")
    status = facts.get("status") if isinstance(facts, dict) else None
    if status != "finished":
        known = status in ("unfinished", "failed")
        raise DataError(
            f"{folder} is {f'the folder of a run that is {status}' if known else 'no run'}: "
            "only a finished run can be used."
        )


def write_fit(folder: Path, fit: Fit, validation: float | None) -> None:
    """Write history.parquet, then fit.json: with it, the fit counts as finished."""
    job = fit.job
    if fit.history:
        import polars as pl

        pl.DataFrame(list(fit.history)).with_columns(pl.col("epoch").cast(pl.Int32)).write_parquet(
            folder / "history.parquet"
        )
    facts = {field.name: getattr(job, field.name) for field in fields(job)}
    write_json(
        folder / "fit.json",
        {
            "format": FORMAT,
            **facts,
            "recipe": dict(job.recipe),
            "parameters": fit.parameters,
            "trained_parameters": fit.trained_parameters,
            "epochs": fit.epochs,
            "best_epoch": fit.best_epoch,
            "stopped": fit.stopped,
            "validation": validation,
            "train_seconds": round(fit.train_seconds, 4),
            "predict_microseconds": round(fit.predict_microseconds, 4),
            "threads": fit.threads,
            "status": fit.status,
            "error": fit.error,
        },
    )


def read_fit(folder: Path) -> tuple[Fit, float | None]:
    """Read fit.json (without its history) and the validation score."""
    facts = read_json(folder / "fit.json")
    try:
        own = {f.name: facts[f.name] for f in fields(Job)}
        numbers = ("parameters", "trained_parameters", "epochs", "best_epoch", "train_seconds")
        more = ("predict_microseconds", "threads", "error")
        fit = Fit(job=Job(**own), **{name: facts[name] for name in (*numbers, *more)})
        return fit, facts["validation"]
    except KeyError as error:
        raise DataError(
            f"{folder / 'fit.json'} has no {error}: it is not a fit of ours."
        ) from error
