"""The scratch folder: there while its run lives, swept away when it was killed, never another's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bakeoff import RunError
from bakeoff.runs import scratch_folder as room
from bakeoff.runs.scratch_folder import scratch_folder, sweep

pytest.importorskip("fcntl", reason="no locks that the system frees")
HOLD = """
from bakeoff.runs.scratch_folder import scratch_folder
with scratch_folder() as folder:
    (folder / "data.npy").write_text("the data")
    print(folder.name, flush=True)
    input()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(temporary: Path):
    """Another run, which holds its folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("bakeoff-run-")
    yield process
    process.kill()
    process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_scratch_folder_goes_with_its_run_whatever_ends_it(temporary):
    with scratch_folder() as folder:
        assert folder.parent == temporary
    with pytest.raises(SystemExit), scratch_folder():
        raise SystemExit(143)
    assert names(temporary) == []


def test_the_folder_of_a_run_that_lives_stays(temporary, other):
    before = names(temporary)
    with scratch_folder():
        pass
    assert names(temporary) == before != []


def test_the_folder_of_a_run_that_was_killed_is_swept_by_the_next(temporary, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert len(names(temporary)) == 1
    with scratch_folder() as folder:
        assert names(temporary) == [folder.name]


def test_what_is_not_ours_by_name_or_owner_is_never_swept(temporary, monkeypatch):
    for name in ("bakeoff-other", "bakeoff-run-theirs"):
        (temporary / name).mkdir()
        (temporary / name / "lock").write_text("")
    (temporary / "bakeoff-run-beginning").mkdir()  # has no lock yet
    (temporary / "bakeoff-run-link").symlink_to(temporary / "bakeoff-other")
    (temporary / "bakeoff-run-file").write_text("")
    before = names(temporary)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    sweep()
    assert names(temporary) == before
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    sweep()
    assert names(temporary) == [name for name in before if name != "bakeoff-run-theirs"]
    assert (temporary / "bakeoff-other" / "lock").exists()


def test_no_place_for_temporary_files_is_one_sentence(temporary):
    temporary.rmdir()
    words = "No temporary folder can be made: No such file or directory. Let TMPDIR name"
    with pytest.raises(RunError, match=words), scratch_folder():
        pass


def test_where_there_are_no_locks_nothing_is_swept(temporary, monkeypatch):
    (temporary / "bakeoff-run-old").mkdir()
    (temporary / "bakeoff-run-old" / "lock").write_text("")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with room.scratch_folder():
        pass
    assert names(temporary) == ["bakeoff-run-old"]
