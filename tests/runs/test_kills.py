"""SIGKILLs of the whole group at random moments: every run ends as if it had not been killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import bakeoff
from tests.runs.test_unfinished import board, contents

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes to kill")

FAMILIES = {  # words of the command, and the seconds within which it is killed
    "tables": (
        "wine --models linear,mlp,tabm --seeds 2 --epochs 60 --set mlp.dropout=0.2",
        1.8,
        4.5,
    ),
    "pictures": ("digits --models cnn,gru --seeds 2 --epochs 4", 1.5, 9.0),
    "attention": ("digits --models transformer,rnn --seeds 1 --epochs 3 --average 0.9", 1.5, 9.0),
    "keras": ("wine --models mlp,tabm --seeds 2 --epochs 40 --framework tensorflow", 5.0, 15.0),
}


def command(family: str) -> list[str]:
    words = FAMILIES[family][0].split()
    return [sys.executable, "-m", "bakeoff", "run", *words, "--quiet"]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "BAKEOFF_CHECKPOINT_SECONDS": "0.05"}


def whole_run(family: str, folder: Path) -> bakeoff.Run:
    """Return the run that nobody kills."""
    words = [*command(family), "--out", str(folder)]
    subprocess.run(words, check=True, env=environment(), stdout=subprocess.DEVNULL)
    return bakeoff.open_run(folder)


def kill_and_resume(
    family: str, place: Path, whole: bakeoff.Run, *, seed: int, kills: int = 1
) -> None:
    """Kill a run at random moments, go on with it, and compare it with the whole."""
    random = np.random.default_rng(seed)
    folder = place / "r"
    place.mkdir()
    words = [*command(family), "--out", str(folder)]
    for _ in range(kills):
        started = subprocess.Popen(
            words, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.uniform(*FAMILIES[family][1:]))
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        if (folder / "data/split.parquet").exists():
            words = [sys.executable, "-m", "bakeoff", "resume", str(folder), "--quiet"]
        elif folder.exists():
            return  # killed before there was a plan: nothing was trained, and it is told so
    ended = subprocess.run(
        words, check=False, env=environment(), capture_output=True, encoding="utf-8"
    )
    told = "is finished: there is nothing to resume"
    assert ended.returncode == 0 or told in ended.stderr, ended.stderr
    assert contents(folder) == contents(whole.folder)
    assert board(bakeoff.open_run(folder)) == board(whole)


def test_six_kills_change_nothing(tmp_path):
    whole = whole_run("tables", tmp_path / "whole")
    for number in range(3):
        kill_and_resume("tables", tmp_path / f"{number}", whole, seed=number, kills=2)
