"""Picture cache: what was decoded once stands in a file of its own, and is read from there.

    <cache>/<key>.npy    (N, Y, X, C) uint8, opened memory-mapped: its pages are shared by all
    <cache>/<key>.json   its shape, its sha256, and what was met while it was decoded

The key is a sha256 of all that the pixels follow from: names, sizes and bytes of the files, the
size they are brought to, and who decodes. The folder is runs/.cache where the program was started,
or the one that BAKEOFF_CACHE names; "off" turns it off. Nothing that stands in it is trusted:
whatever does not agree with its .json to the last byte is made again, and nothing is unpickled.

Several processes may make the same file at once: each writes a draft of its own, which becomes the
file in one step, and all of them hold the same bytes. A draft of a process that was killed is swept
away by the next that writes here.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from bakeoff.build import Count
from bakeoff.data.array import Array
from bakeoff.data.reading.decode import Size
from bakeoff.data.reading.decode_files import Met, decode_files, decode_into_memory
from bakeoff.data.reading.picture_files import MOST_PICTURE, PictureFile
from bakeoff.data.reading.pixel_rows import NoRoomError, PixelRows
from bakeoff.documents import read_json, write_json, writing
from bakeoff.errors import DataError, RunError

VARIABLE = "BAKEOFF_CACHE"
FOLDER = Path("runs", ".cache")
VERSION = 1  # of what decoding makes of a file; raised when it makes something else
HEADER = 128  # bytes: what NumPy writes before an array of any length
MOST_BYTES = 10**11  # of one set, however large the disk is
FILLED = 0.9  # share of the free disk that one set may take
ABOUT = {"shape": tuple[Count, ...], "sha256": str, "met": Met}
DRAFT_AGE = 600  # seconds without a change after which a draft that nobody holds is swept
CHUNK = 2**20  # bytes that are hashed at a time


def cached_pictures(
    files: Sequence[PictureFile], size: Size | None
) -> tuple[Array, Met, tuple[str, ...]]:
    """Return the pixels of files, from the cache or decoded into it.

    Args:
        files: To be read.
        size: To bring them to; None keeps their own where all have one of up to 64 × 64.

    Returns:
        (N, Y, X, C) uint8, memory-mapped and read-only; what was met; and where the pixels
        stand, in a sentence.

    Raises:
        DataError: They cannot be cached and are more than memory should hold.
    """
    folder = cache_folder()
    if folder is None:
        return *decode_into_memory(files, size), ()
    key = key_of(files, size)
    shown = folder / f"{key[:12]}….npy"
    try:
        path = folder.absolute() / f"{key}.npy"
        found = stored(path, len(files))
        anew = " It was damaged and is made anew." if found is None and path.exists() else ""
        pixels, met = found or made(path, files, size)
    except (RunError, NoRoomError, OSError) as error:  # OSError: the working folder has gone
        note = f"The decoded pictures are not kept in {folder} for the next run: {reason(error)}."
        return *decode_into_memory(files, size), (note,)
    note = f"The decoded pictures are kept in {shown}, {megabytes(pixels.nbytes)}.{anew}"
    return pixels, met, (note,)


def cache_folder() -> Path | None:
    """Return the folder of the cache, None where it is off: the one place where it is named."""
    named = os.environ.get(VARIABLE, "")
    return None if named == "off" else Path(named) if named else FOLDER


def megabytes(size: int) -> str:
    """Write a number of bytes for people.

    Example:
        >>> megabytes(54_880_000), megabytes(1_200)
        ('55 MB', '0.0 MB')
    """
    return f"{size / 1e6:,.0f} MB" if size > 2e6 else f"{size / 1e6:,.1f} MB"


def reason(error: RunError | NoRoomError | OSError) -> str:
    """Say in a few words, those of the system where it has some, what stood in the way."""
    if isinstance(error, NoRoomError):
        return f"{megabytes(error.needed)} are more than the disk has room for"
    if isinstance(error, OSError):
        return str(error.strerror or error)
    return str(error.args[0]).rpartition(": ")[2].rstrip(".")


def key_of(files: Sequence[PictureFile], size: Size | None) -> str:
    """Return a sha256 of everything that the pixels follow from.

    Files in an archive are told apart by their names; the archive is hashed once and as a whole,
    which is many times faster than its members one by one.
    """
    from PIL import __version__ as pillow

    digest = hashlib.sha256(f"{VERSION}\0{pillow}\0{size}\0{len(files)}\0".encode())
    archives = {file.path: b"" for file in files if file.member}
    for path in archives:
        archives[path] = sha256_of(path)
    for file in files:
        content = archives[file.path] if file.member else contents(file)
        about = f"{len(file.name)}\0{file.name}\0{file.member}\0{file.size}\0"
        digest.update(about.encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def contents(file: PictureFile) -> bytes:
    """Return a digest of a file that is no member of an archive; nothing where it is too large."""
    if file.raw:
        return hashlib.sha256(file.raw).digest()
    return b"" if file.size > MOST_PICTURE else sha256_of(file.path)


def sha256_of(path: Path) -> bytes:
    """Return the sha256 of a file; nothing where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return b""
    return digest.digest()


def stored(path: Path, number: int) -> tuple[Array, Met] | None:
    """Return what the cache holds, if it holds it undamaged.

    Args:
        path: Of the pixels.
        number: How many files they come from.
    """
    try:
        about = read_json(path.with_suffix(".json"), ABOUT)
        shape, met = tuple(about["shape"]), about["met"]
        check_about(shape, met, number)
        check_pixels(path, shape, about["sha256"])
        if not shape[0]:
            return np.empty(shape, np.uint8), met
        return np.load(path, mmap_mode="r", allow_pickle=False), met
    except (DataError, OSError, ValueError):
        return None


def check_about(shape: tuple[int, ...], met: Met, number: int) -> None:
    """Refuse a description that no set of so many files has."""
    positions = {one.position for one in met.broken}
    whole = len(positions) == len(met.broken) and max(positions, default=0) < number
    if len(shape) != 4 or not whole or shape[0] != number - len(positions):
        raise DataError("it describes other files.")
    if len(met.least) != len(met.most) or (shape[0] and len(met.least) != 2):
        raise DataError("it describes no pictures.")


def check_pixels(path: Path, shape: tuple[int, ...], sha256: str) -> None:
    """Refuse a file that is not, byte for byte, what was written."""
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode) or about.st_size != HEADER + math.prod(shape):
        raise DataError("it is no regular file of the size that it must have.")
    with path.open("rb") as file:
        if file.read(HEADER) != header_of(shape):
            raise DataError("it begins in another way.")
    if sha256_of(path).hex() != sha256:
        raise DataError("it holds other bytes.")


def header_of(shape: tuple[int, ...]) -> bytes:
    """Return what stands before an array of bytes in the format of NumPy.

    Source: numpy.lib.format, version 1.0.
    """
    text = repr({"descr": "|u1", "fortran_order": False, "shape": shape})
    length = HEADER - 10
    return (
        b"\x93NUMPY\x01\x00"
        + length.to_bytes(2, "little")
        + text.ljust(length - 1).encode()
        + b"\n"
    )


def made(path: Path, files: Sequence[PictureFile], size: Size | None) -> tuple[Array, Met]:
    """Decode into a draft, row by row; it becomes the file when all are there.

    Raises:
        RunError: It cannot be written.
        NoRoomError: It takes more than the disk should give.
    """
    with writing(path) as draft, draft.open("r+b") as file:
        sweep(path.parent)
        hold(file)
        rows = PixelRows(file, start=HEADER, total=len(files), room=free_bytes(path.parent))
        met = decode_files(files, size, rows)
        shape = rows.shape
        file.truncate(HEADER + math.prod(shape))
        file.seek(0)
        file.write(header_of(shape))
        file.flush()
        sha256 = sha256_of(draft).hex()
    about: dict[str, Any] = {"shape": list(shape), "sha256": sha256, "met": asdict(met)}
    write_json(path.with_suffix(".json"), about)
    if not shape[0]:
        return np.empty(shape, np.uint8), met
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False), met
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: it has just gone.") from error


def free_bytes(folder: Path) -> int:
    """Return how many bytes one set may take of the disk of a folder.

    Raises:
        OSError: There is no such folder.
    """
    return min(MOST_BYTES, int(FILLED * shutil.disk_usage(folder).free))


def hold(file: IO[bytes]) -> bool:
    """Lock a file as long as it is open; tell whether it was free."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that were killed: old, and held by nobody."""
    for draft in folder.glob(".*.part.npy"):
        with suppress(OSError):
            if time.time() - draft.lstat().st_mtime < DRAFT_AGE or draft.is_symlink():
                continue
            with draft.open("rb") as file:
                free = hold(file)
            if free:
                draft.unlink()
