"""Pictures four times as large as the memory that is left are read, learned and predicted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux' own")
nightly = pytest.mark.nightly  # one to two minutes each


def limited(folder, how, framework, megabytes) -> str:
    """Return the last line of `tests.limited`, or what went wrong."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "BAKEOFF_CACHE": str(folder / "cache")}
    backend = {} if framework == "torch" else {"KERAS_BACKEND": framework}
    done = subprocess.run(
        [sys.executable, "-m", "tests.limited", how, framework, str(megabytes)],
        cwd=folder,
        env={**os.environ, **own, **backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.splitlines()[-1]


def test_an_archive_larger_than_memory_is_read_and_learned(tmp_path):
    # from run to run the allocator takes 18 to 63 MiB of its own: a quarter of 100 MB is too near
    assert "6510 pictures, score 1.0" in limited(tmp_path, "room", "torch", 320)


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("how", ["npz", "memmap", "folder"])
@nightly
def test_a_run_on_pictures_larger_than_memory_ends_with_a_verdict(how, framework, tmp_path):
    assert "10416 pictures, score 1.0" in limited(tmp_path, how, framework, 512)
