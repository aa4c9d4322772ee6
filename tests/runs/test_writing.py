"""Writing: a file is there whole or not at all, and what the system refuses is one sentence."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bakeoff import RunError
from bakeoff.documents import cause, write_json, write_text, writing
from bakeoff.train.shared_data import save_array
from bakeoff.train.weights import save_arrays

MUCH = np.random.default_rng(0).normal(size=50_000)


def write_parquet(path: Path) -> None:
    with writing(path) as draft:
        pl.DataFrame({"a": MUCH}).write_parquet(draft)


def write_csv(path: Path) -> None:
    with writing(path) as draft:
        pl.DataFrame({"a": MUCH}).write_csv(draft)


WAYS = {
    "a.json": lambda path: write_json(path, {"a": MUCH.tolist()}),
    "a.html": lambda path: write_text(path, "x" * 400_000),
    "a.npy": lambda path: save_array(path, MUCH),
    "a.safetensors": lambda path: save_arrays({"a": MUCH}, path),
    "a.parquet": write_parquet,
    "a.csv": write_csv,
}
every_way = pytest.mark.parametrize("name", WAYS)


@pytest.fixture
def small_disk():
    """No file may grow beyond 100 kB, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, before)


@every_way
def test_a_full_disk_is_one_sentence_and_leaves_no_half_of_a_file(name, tmp_path, small_disk):
    with pytest.raises(RunError) as caught:
        WAYS[name](tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name} cannot be written: ")
    assert "File too large" in str(caught.value) or "is the disk full?" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@every_way
def test_a_full_disk_keeps_the_file_that_was_there(name, tmp_path, small_disk):
    (tmp_path / name).write_text("old")
    with pytest.raises(RunError):
        WAYS[name](tmp_path / name)
    assert (tmp_path / name).read_text() == "old"


@every_way
@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC], ids=os.strerror)
def test_what_the_system_refuses_is_told_in_its_words(name, number, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    words = f"{name} cannot be written: {os.strerror(number)}."
    with pytest.raises(RunError, match=words):
        WAYS[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@every_way
def test_a_name_that_is_too_long_is_one_sentence(name, tmp_path):
    with pytest.raises(RunError, match="cannot be written: File name too long"):
        WAYS[name](tmp_path / ("a" * 300 + name))


@every_way
def test_a_name_that_is_just_short_enough_is_written(name, tmp_path):
    path = tmp_path / ("a" * (255 - len(name)) + name)
    WAYS[name](path)
    assert path.stat().st_size


@every_way
def test_a_folder_that_is_a_file_is_one_sentence(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written: "):
        WAYS[name](tmp_path / "file" / name)


@every_way
@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_rights_that_the_umask_gives(name, mask, tmp_path):
    before = os.umask(mask)
    try:
        WAYS[name](tmp_path / name)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask


@pytest.mark.skipif(os.name != "posix", reason="rights of another kind")
def test_a_file_that_is_replaced_keeps_its_rights(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "a.csv").chmod(0o600)
    write_text(tmp_path / "a.csv", "new")
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "true.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "true.csv")
    write_text(tmp_path / "link.csv", "new")
    assert not (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "link.csv").read_text() == "new"
    assert (tmp_path / "true.csv").read_text() == "old"


def test_a_mistake_of_ours_is_no_fault_of_the_disk(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert cause(KeyError("a")) == ""


RACE = """
import multiprocessing, sys
from bakeoff.errors import RequestError
from bakeoff.runs.folder import new_folder

def race(start, won):
    start.wait()
    got = []
    for number in range(25):
        out = None if sys.argv[1] == "numbered" else f"mine-{number}"
        try:
            got.append(new_folder(out, "water").path.name)
        except RequestError as error:
            assert "never overwrites another" in str(error)
    won.put(got)

fork = multiprocessing.get_context("fork")
start, won = fork.Barrier(20), fork.Queue()
processes = [fork.Process(target=race, args=(start, won)) for _ in range(20)]
for process in processes:
    process.start()
print(*[name for _ in processes for name in won.get()])
"""


def race(folder: Path, way: str) -> list[str]:
    """Let 20 processes make 25 folders each at the same time; return all that they got."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    words = [sys.executable, "-c", RACE, way]
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=100, check=True
    ).stdout.split()


def test_runs_started_together_get_a_folder_each(tmp_path):
    numbers = ["water", *(f"water-{number}" for number in range(2, 501))]
    assert sorted(race(tmp_path, "numbered")) == sorted(numbers)


def test_of_runs_that_want_one_folder_one_gets_it(tmp_path):
    for number in range(0, 25, 2):
        (tmp_path / f"mine-{number}").mkdir()  # there, and empty
    assert sorted(race(tmp_path, "named")) == sorted(f"mine-{number}" for number in range(25))
