"""Checkpoints within a fit: what a worker leaves every few seconds, so that a kill costs no more.

One safetensors file holds the arrays; its header holds plain values, what the fit was, and a
checksum of the arrays. The one before is kept until the next is whole.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.catalog import arguments, find
from bakeoff.documents import array_shapes, reading
from bakeoff.errors import DataError, RunError
from bakeoff.train.job import Job
from bakeoff.train.weights import save_arrays

Saved = tuple[dict[str, np.ndarray], dict[str, Any]]
VERSION = 1  # of what a state consists of
SECONDS = 10.0  # between two checkpoints
ENVIRONMENT = "BAKEOFF_CHECKPOINT_SECONDS"  # says otherwise, as tests do


class Checkpoint:
    """The checkpoints of one fit, or of several that are trained at once.

    Args:
        path: Of the latest; the one before stands beside it.
        jobs: What is made: one fit, or several that are trained at once.
    """

    def __init__(self, path: Path, *jobs: Job) -> None:
        self.path, self.identity = path, identity(*jobs)
        self.before = path.with_stem(f"{path.stem}-before")

    def save(self, saved: Saved) -> None:
        """Write a state; a disk that is full costs the checkpoint, not the fit."""
        arrays, facts = saved
        header = {
            "job": self.identity,
            "facts": json.dumps(facts),
            "sha256": checksum(arrays),
        }
        with suppress(RunError, OSError):
            if self.path.exists():
                self.path.replace(self.before)
            save_arrays(arrays, self.path, header=header)

    def load(self) -> Saved | None:
        """Return the latest state of this fit that is whole, if there is one."""
        for path in (self.path, self.before):
            with suppress(DataError):
                return self.read(path)
        return None

    def read(self, path: Path) -> Saved:
        """Read one file.

        Raises:
            DataError: It is missing, damaged, or of another fit.
        """
        from safetensors import safe_open

        array_shapes(path)
        with reading(path), safe_open(path, "np") as file:
            header = file.metadata() or {}
            if header["job"] != self.identity:
                raise DataError("it is the checkpoint of another fit.")
            names = file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
            if header["sha256"] != checksum(arrays):
                raise DataError("its checksum is another one.")
            facts = json.loads(header["facts"])
            return arrays, {"history": list(facts["history"]), **facts}

    def epochs(self) -> int:
        """Return how many epochs stand in it; 0 where there is none."""
        saved = self.load()
        return int(saved[1].get("epoch", len(saved[1]["history"]))) if saved else 0

    def remove(self) -> None:
        """Remove both, and what a process that was killed had begun to write: the fit has ended."""
        drafts = (".*.part.*", ".tmp*")  # ours, and those of safetensors
        begun = [path for draft in drafts for path in self.path.parent.glob(draft)]
        for path in (self.path, self.before, *begun):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def identity(*jobs: Job) -> str:
    """Return what tells fits from all others, whatever they are made on."""
    plain = json.dumps([VERSION, *map(written_out, jobs)], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def written_out(job: Job) -> dict[str, Any]:
    """Return a job as plain values, every argument with its default, but for the device."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(job)))
    del plain["device"]
    for own in (plain, *plain["branches"].values()):
        if "architecture" in own:
            row = find(own["architecture"])
            known = {key: argument.default for key, argument in arguments(row).items()}
            full = {**known, **row.defaults, **own.get("arguments", {})}
            own["arguments"] = json.loads(json.dumps(full))
    return plain


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the sha256 of named arrays."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(name.encode())
        total.update(np.ascontiguousarray(arrays[name]).view(np.uint8).reshape(-1).data)
    return total.hexdigest()


def seconds_between() -> float:
    """Return how long to wait between two checkpoints."""
    return float(os.environ.get(ENVIRONMENT, SECONDS))
