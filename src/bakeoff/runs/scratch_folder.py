"""The scratch folder: what passes between a run and its workers, and goes with the run.

It holds a copy of the data. So what a run leaves behind that was killed (`kill -9`, no power) is
swept away when the next run starts: the folder is locked while its run lives, and the system frees
the lock of the dead. Where a system has no such locks (Windows), nothing is swept.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bakeoff.documents import cause
from bakeoff.errors import RunError

PREFIX = "bakeoff-run-"
LOCK = "lock"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder that is there as long as the context.

    Raises:
        RunError: There is no place for temporary files.
    """
    sweep()
    try:
        folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise RunError(
            f"No temporary folder can be made: {cause(error)}. Let TMPDIR name a folder with room."
        ) from error
    with folder as path, locked(Path(path)):
        yield Path(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; it gets its name when it is held, so that nobody sees it free."""
    draft = folder / f"{LOCK}.part"
    with draft.open("w") as file:
        lock(file)
        draft.rename(folder / LOCK)
        yield


def lock(file: IO[str]) -> bool:
    """Lock a file as long as it is open; tell whether it was free."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def sweep() -> None:
    """Remove the folders of runs that were killed: ours by name and owner, and no longer locked."""
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            if is_ours(folder) and is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def is_ours(folder: Path) -> bool:
    """Tell whether this user made a folder; a link is nobody's."""
    with suppress(OSError, AttributeError):
        return folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
    return False


def is_left(folder: Path) -> bool:
    """Tell whether the run that made a folder is dead; one without a lock may be just beginning."""
    with suppress(OSError), (folder / LOCK).open("r+") as file:
        return lock(file)
    return False
