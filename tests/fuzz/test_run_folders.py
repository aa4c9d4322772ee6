"""Damaged run folders: what is wrong is said in a sentence, soon, and nothing outside changes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import bakeoff
from bakeoff.plan.experiment_file import read_experiment
from tests.fuzz.mutate import mutate, mutate_text
from tests.small import table

STORED = Path(__file__).parents[1] / "runs" / "format_2"
INPUTS = ("age", "colour", "day")
WAIT = 120  # seconds without a line: a process that takes no processor time, as before a pipe


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a healthy run in it, and new rows."""
    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(STORED / "run", folder / "good" / "classes")
    shutil.copy(STORED / "new.csv", folder)
    return folder


def faults(place: Path, first: int, last: int) -> list[str]:
    """Damage and use runs in a process of its own, which starts again where it died."""
    found = []
    while first < last:
        words = [sys.executable, "-m", "tests.fuzz.run_folders", place, first, last]
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            timeout=WAIT + 5 * (last - first),
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += [f"{line['end']}: {said}" for line in lines for said in line.get("wrong", ())]
        first = lines[-1].get("begin", last) + 1 if lines else last
        if done.returncode:
            found.append(f"{first - 1}: the process died ({done.returncode}): {done.stderr[-500:]}")
    return found


def test_a_damaged_run_is_refused_in_a_sentence_or_does_no_harm(place):
    assert faults(place, 0, 40) == []


def test_a_damaged_plan_is_refused_in_a_sentence(tmp_path):
    whole, path = (STORED / "run" / "bakeoff.toml").read_text("utf-8"), tmp_path / "bakeoff.toml"
    for seed in range(500):
        random = Random(seed)
        text = mutate_text(whole, random).encode(errors="replace")
        path.write_bytes(text if seed % 2 else mutate(whole.encode(), random))
        try:
            read_experiment(path)
        except bakeoff.BakeoffError as error:
            assert len(str(error)) < 3_000, seed


@pytest.mark.nightly
def test_two_thousand_damaged_runs_do_no_harm(place, people):
    (place / "people.csv").write_text(table(), "utf-8")
    bakeoff.run(
        place / "people.csv",
        "price",
        inputs=INPUTS,
        models={"constant": {}, "linear": {}, "boosting": {"max_iterations": 5}, "mlp": {}},
        seeds=1,
        epochs=2,
        jobs=1,
        out=place / "good" / "numbers",
        show="none",
    )
    assert faults(place, 1_000, 3_000) == []
