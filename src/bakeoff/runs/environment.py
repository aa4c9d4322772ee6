"""Where a run takes place: versions, machine, device, threads, seeds, command."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bakeoff.train.machine import this_machine
from bakeoff.train.workers import Workers

PACKAGES = ("bakeoff", "numpy", "polars", "scikit-learn", "scipy")


def environment(workers: Workers, seeds: Sequence[int]) -> dict[str, Any]:
    """Describe where a run takes place.

    Args:
        workers: They say what they train on, and of which version their frameworks are.
        seeds: Of the fits.
    """
    place, machine = workers.place(), this_machine()
    on_processor = place["device"] == "cpu"
    installed_versions = {name: installed(name) for name in PACKAGES if installed(name)}
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": machine.processor,
        "memory_bytes": machine.memory,
        "cores": os.cpu_count(),
        "workers": len(workers),
        "threads_per_worker": 1,
        "device": place["device"],
        "device_name": machine.processor if on_processor else place["name"],
        "device_memory_bytes": machine.memory if on_processor else place["memory"],
        "seeds": list(seeds),
        "versions": {**installed_versions, **workers.versions},
    }


def installed(package: str) -> str:
    """Return the version of a package, "" when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
