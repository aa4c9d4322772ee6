"""A run that was stopped goes on: what has ended stays, and the rest is as it would have been."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.errors import RequestError
from bakeoff.runs.unfinished import held, open_unfinished

MODELS = {"mlp": {"hidden_sizes": [4]}, "linear": {}}
ASKED = {"target": "y", "models": MODELS, "seeds": 3, "epochs": 3, "show": "none"}


def rows() -> dict[str, np.ndarray]:
    """Make two numbers and a class that one of them tells."""
    x = np.random.default_rng(0).normal(size=(90, 2))
    return {"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] > 0, "up", "down")}


def contents(folder: Path) -> dict[str, bytes]:
    """Return what must be the same, byte by byte: weights and predictions."""
    found = [*folder.glob("fits/*/*/*.safetensors"), *folder.glob("fits/*/*/predictions/*")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def board(run: bakeoff.Run) -> list[dict[str, object]]:
    """Return the leaderboard without its times."""
    timed = [name for name in run.leaderboard.columns if "seconds" in name or "micro" in name]
    return run.leaderboard.drop(timed).to_dicts()


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Stop a run after two fits, as Ctrl-C does, and return its folder and the data."""
    from bakeoff.judge import record as room

    ended = []
    record = room.record

    def interrupted(folder, plan, event, left):
        done = record(folder, plan, event, left)
        ended.append(type(event).__name__ == "Done")
        if sum(ended) == 2:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(room, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bakeoff.run(rows(), out=tmp_path / "r", jobs=1, **ASKED)
    monkeypatch.setattr(room, "record", record)
    return tmp_path / "r"


def test_a_stopped_run_goes_on_and_ends_as_if_nothing_had_happened(stopped, tmp_path):
    stood = {file: file.stat().st_mtime_ns for file in stopped.glob("fits/*/*/fit.json")}
    assert len(stood) == 2
    run = bakeoff.resume(stopped, rows(), show="none")
    assert all(file.stat().st_mtime_ns == when for file, when in stood.items())
    whole = bakeoff.run(rows(), out=tmp_path / "whole", jobs=2, **ASKED)
    assert contents(stopped) == contents(tmp_path / "whole")
    assert board(run) == board(whole)
    assert not (stopped / "running.lock").exists()
    with pytest.raises(RequestError, match="is finished: there is nothing to resume"):
        bakeoff.resume(stopped, rows(), show="none")


def test_other_data_or_another_plan_are_refused(stopped):
    other = {**rows(), "a": rows()["a"] + 1}
    with pytest.raises(RequestError, match="the data are not what they were"):
        bakeoff.resume(stopped, other, show="none")
    plan = stopped / "bakeoff.toml"
    changed = plan.read_text("utf-8").replace("epochs = 3", "epochs = 4")
    plan.write_text(changed, "utf-8")
    with pytest.raises(RequestError, match="was made with other settings"):
        bakeoff.resume(stopped, rows(), show="none")


def test_data_from_python_are_asked_for(stopped):
    with pytest.raises(RequestError, match=r"came from Python: resume it there"):
        bakeoff.resume(stopped, show="none")


def test_a_run_that_another_process_trains_is_left_alone(stopped):
    pytest.importorskip("fcntl")
    with (
        held(open_unfinished(stopped)),
        pytest.raises(RequestError, match="is being trained by another process"),
    ):
        bakeoff.resume(stopped, rows(), show="none")


def test_a_run_without_its_plan_is_refused(stopped):
    (stopped / "data" / "split.parquet").unlink()
    with pytest.raises(RequestError, match=r"split\.parquet is missing"):
        bakeoff.resume(stopped, rows(), show="none")


@pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes to kill")
def test_a_killed_run_goes_on(tmp_path):
    """SIGKILL of the whole group as soon as one fit has ended; nothing of it is torn."""
    asked = "wine --models mlp,linear --seeds 3 --epochs 40 --jobs 1 --quiet --out r"
    words = ["run", *asked.split()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(
        [sys.executable, "-m", "bakeoff", *words],
        cwd=tmp_path, start_new_session=True, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not [*tmp_path.glob("r/fits/*/*/fit.json")] and time.monotonic() < until:
        time.sleep(0.005)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    status = json.loads((tmp_path / "r/status.json").read_text("utf-8"))["status"]
    assert status == "unfinished"
    run = bakeoff.resume(tmp_path / "r", show="none")
    models = {"mlp": {}, "linear": {}}
    whole = bakeoff.run(
        "wine", models=models, seeds=3, epochs=40, out=tmp_path / "whole", show="none"
    )
    assert contents(tmp_path / "r") == contents(tmp_path / "whole")
    assert board(run) == board(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes to kill")
@pytest.mark.parametrize(("torn", "later"), [(False, 0.0), (False, 0.4), (True, 0.4)])
def test_a_fit_that_was_killed_goes_on_from_its_checkpoint(tmp_path, torn, later):
    """Dropout, a moving average and a best epoch behind it: the same end, byte by byte.

    A latest checkpoint that is torn costs the time since the one before it.
    """
    asked = "wine --models mlp --seeds 2 --epochs 150 --average 0.9 --patience 0 --jobs 1"
    words = ["run", *asked.split(), "--quiet", "--out", "r"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "BAKEOFF_CHECKPOINT_SECONDS": "0"}
    started = subprocess.Popen(
        [sys.executable, "-m", "bakeoff", *words],
        cwd=tmp_path, start_new_session=True, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    latest = tmp_path / "r/fits/mlp/torch-0-0/checkpoint.safetensors"
    while not latest.with_stem("checkpoint-before").exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(later)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    if torn and latest.exists():
        latest.write_bytes(latest.read_bytes()[:-8])
    run = bakeoff.resume(tmp_path / "r", show="none")
    left = [file.name for file in tmp_path.glob("r/fits/*/*/*")]
    assert not [name for name in left if name.startswith(("checkpoint", "."))]
    assert run.fits["error"].to_list() == ["", ""]
    epochs = pl.read_parquet(tmp_path / "r/fits/mlp/torch-0-0/history.parquet")["epoch"]
    assert epochs.to_list() == [*range(1, 151)]
    whole = bakeoff.run(
        "wine", models={"mlp": {}}, seeds=2, epochs=150, average=0.9, patience=0,
        out=tmp_path / "w", show="none",
    )  # fmt: skip
    assert contents(tmp_path / "r") == contents(tmp_path / "w")
    assert board(run) == board(whole)
