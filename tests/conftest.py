"""Decided before a framework is imported: one thread, a quiet Keras, no network, a cache apart."""

import os
import shutil
import tempfile

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["BAKEOFF_CACHE"] = tempfile.mkdtemp(prefix="bakeoff-tests-")  # not the working folder
os.environ["BAKEOFF_OFFLINE"] = "1"
if hasattr(os, "sched_setaffinity") and (name := os.environ.get("PYTEST_XDIST_WORKER", "")):
    # one core for each process of pytest: a run then starts one worker, which imports torch for 2 s
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(name.removeprefix("gw")) % len(cores)]})

from tests.small import (  # noqa: F401  fixtures; the environment stands first
    array_run,
    broken_run,
    command,
    forecast_run,
    hours,
    people,
    run_again,
    small_run,
)


def pytest_unconfigure() -> None:
    """Remove the cache of these tests."""
    shutil.rmtree(os.environ["BAKEOFF_CACHE"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before xdist, which reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share what was made for their module in one process: it is made once."""
    for item in items:
        made = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
        shared = any(own[-1].scope == "module" for own in made)
        if shared and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
