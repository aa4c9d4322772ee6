"""Where a run takes place: versions, machine, device, threads, seeds, command."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    *("bakeoff", "torch", "keras", "tensorflow", "jax"),
    *("numpy", "polars", "scikit-learn", "scipy"),
)


def environment(place: Mapping[str, Any], jobs: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Describe where a run takes place.

    Args:
        place: What the first worker says of its device: device, name, memory in bytes.
        jobs: Worker processes.
        seeds: Of the fits.
    """
    return {
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
