"""Unpack: the bytes of a file that the user named, taken out of .gz .bz2 .xz .zst or .zip.

A file may be damaged, or made to do harm: a kilobyte can unpack to terabytes, a device never ends.
So only regular files are opened, and nothing is unpacked beyond a size that is told.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO

from bakeoff.data.reading.bundled import EVERY_NAME
from bakeoff.errors import DataError, did_you_mean

MOST_BYTES = 10**10  # of a file: it is held in memory
LEAST = 10**8  # bytes that any packed file may unpack to ...
MOST_TIMES = 100  # ... and a large one so many times its size: tables pack to a fifth or a tenth
MOST_CELLS = 10**7  # of a table from any file that can say "the same again" ...
CELLS_PER_BYTE = 20  # ... and of a large one so many per byte
MOST_COLUMNS = 25_000  # of a table: each is looked at for itself, in about 0.7 ms
SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".data", ".parquet", ".jsonl", ".ndjson", ".json",
            ".arff", ".ts")  # fmt: skip
BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, lzma.LZMAError,
          zlib.error, zipfile.BadZipFile)  # fmt: skip
Packed = IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
OTHERS = (  # what may stand under a name besides a file -> what to call it
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def unpack(path: Path) -> tuple[bytes, str]:
    """Return the unpacked bytes of a file and the name of what was inside.

    Raises:
        DataError: There is no such file, it is no regular file, damaged, encrypted or too large.
    """
    check_file(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path.name, error) from error
    return unpacked(raw, path.name)


def unpacked(raw: bytes, name: str) -> tuple[bytes, str]:
    """Return the unpacked bytes of a file of this name, and the name of what was inside.

    Raises:
        DataError: It is damaged, encrypted or too large.
    """
    path = Path(name)
    try:
        if raw[:4] == b"PK\x03\x04" and path.suffix.lower() not in (".xlsx", ".xlsm", ".ods"):
            return from_zip(raw, path)
        if raw.startswith(b"\x28\xb5\x2f\xfd"):
            return unpack_zstd(raw, path.name), path.stem
        for magic, open_packed in (
            (b"\x1f\x8b", gzip.open),
            (b"BZh", bz2.open),
            (b"\xfd7zXZ", lzma.open),
        ):
            if raw.startswith(magic):
                with open_packed(io.BytesIO(raw)) as packed:
                    return read_some(packed, len(raw), path.name), path.stem
    except DataError:
        raise
    except BROKEN as error:
        raise unreadable(path.name, error) from error
    return raw, path.name


def check_file(path: Path, most: int = MOST_BYTES, holding: str = "a table") -> None:
    """Refuse what is not there, what is no regular file, and what is too large.

    Args:
        path: The file, or a link to it.
        most: Bytes that it may have.
        holding: What is wanted of it, for the message.

    Raises:
        DataError: The message says which.
    """
    try:
        about = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise DataError(f"There is no file {str(path)!r}.{neighbour(path)}") from error
    what = next((what for is_one, what in OTHERS if is_one(about.st_mode)), "")
    if what:
        raise DataError(f"{str(path)!r} is {what}, not a file. Give a file that holds {holding}.")
    if about.st_size > most:
        raise DataError(
            f"{path.name} has {about.st_size:,} bytes; a file that holds {holding} may have "
            f"{most:,}. Give a smaller one."
        )


def neighbour(path: Path) -> str:
    """Suggest the file of the folder that is called nearly so."""
    try:
        others = [other.name for other in path.parent.iterdir() if other.name != path.name]
    except (OSError, ValueError):
        others = []
    return did_you_mean(path.name, [*others, *EVERY_NAME])


def unreadable(source: str, error: BaseException) -> DataError:
    """The error for a file that breaks off or is damaged, the cause in one line."""
    if isinstance(error, MemoryError):
        return DataError(f"{source} does not fit into memory: {cause(error)}. Give fewer rows.")
    return DataError(f"{source} cannot be read: {cause(error)}. Is it complete?")


def cause(error: BaseException) -> str:
    """Return the first line of what a library says, without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:120].rstrip(" .:")


def read_some(packed: Packed, size: int, source: str) -> bytes:
    """Unpack all of a stream, but never more than a file of `size` bytes may hold."""
    raw = packed.read(most_unpacked(size) + 1)
    check_unpacked(len(raw), size, source)
    return raw


def most_unpacked(size: int) -> int:
    """Return how many bytes a packed file of `size` bytes may hold."""
    return min(MOST_BYTES, LEAST + MOST_TIMES * size)


def check_unpacked(unpacked: int, size: int, source: str) -> None:
    """Refuse a packed file that holds more than any table of its size.

    Args:
        unpacked: Bytes that it holds, or some more than it may.
        size: Bytes of the packed file.
        source: What to call it.
    """
    if unpacked > most_unpacked(size):
        raise DataError(
            f"{source} unpacks to more than {most_unpacked(size):,} bytes, too many for a file of "
            f"{size:,}. If it is to be trusted, unpack it and give the unpacked file."
        )


def check_cells(rows: int, columns: int, size: int, source: str) -> None:
    """Refuse a file that says in a few bytes that it is a huge table.

    Args:
        rows: Of the table.
        columns: Of the table.
        size: Bytes of the file.
        source: What to call it.
    """
    most = MOST_CELLS + CELLS_PER_BYTE * size
    if rows * columns > most:
        raise DataError(
            f"{source} says that it has {rows:,} rows and {columns:,} columns; of {size:,} bytes "
            f"{most:,} cells can be read. Give fewer rows, or the same table as CSV."
        )


def check_width(columns: int, source: str) -> None:
    """Refuse a table of more columns than can be looked at one by one."""
    if columns > MOST_COLUMNS:
        raise DataError(
            f"{source} has {columns:,} columns; tables of up to {MOST_COLUMNS:,} can be read. "
            "Leave some out, or give the numbers as arrays (x, y)."
        )


def from_zip(raw: bytes, path: Path) -> tuple[bytes, str]:
    """Return the one table inside a .zip."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [
            name
            for name in archive.namelist()
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("__MACOSX")
        ]
        if len(names) != 1:
            found = f"{len(names)} tables ({', '.join(names[:5])})" if names else "no table"
            raise DataError(f"{path.name} holds {found}. Unpack it and give one table file.")
        if archive.getinfo(names[0]).flag_bits & 1:
            raise DataError(f"{path.name} is encrypted. Unpack it and give the table inside.")
        with archive.open(names[0]) as packed:
            return read_some(packed, len(raw), path.name), names[0]


def unpack_zstd(raw: bytes, source: str) -> bytes:
    """Unpack .zst: polars can, the standard library of Python 3.11 cannot."""
    import polars as pl

    check_unpacked(zstd_size(raw), len(raw), source)
    try:
        lines = pl.read_csv(
            raw, has_header=False, separator="\x01", quote_char=None, schema={"line": pl.String}
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise unreadable(source, error) from error
    return "\n".join(line or "" for line in lines["line"]).encode()


def zstd_size(raw: bytes) -> int:
    """Return how many bytes a .zst file unpacks to at most, from the sizes of its blocks.

    Raises:
        EOFError: It breaks off.

    Source: RFC 8878, "Zstandard Compression and the application/zstd Media Type", 2021, 3.1.
    """
    at, size = 0, 0
    while at < len(raw):
        magic, at = number(raw, at, 4)
        if magic & 0xFFFFFFF0 == 0x184D2A50:  # a frame to be skipped
            length, at = number(raw, at, 4)
            at += length
            continue
        about, at = number(raw, at, 1)
        single = about >> 5 & 1
        at += 1 - single  # size of the window
        at += (0, 1, 2, 4)[about & 3]  # dictionary
        at += (single, 2, 4, 8)[about >> 6]  # size of the content
        last = 0
        while not last:
            block, at = number(raw, at, 3)
            last, kind, length = block & 1, block >> 1 & 3, block >> 3
            size += 2**17 if kind == 2 else length  # a compressed block holds 128 kB at most
            at += 1 if kind == 1 else length  # kind 1: one byte, `length` times
        at += 4 * (about >> 2 & 1)  # checksum
    if at > len(raw):
        raise EOFError("it breaks off")
    return size


def number(raw: bytes, at: int, width: int) -> tuple[int, int]:
    """Read a little-endian integer; return it and the place behind it."""
    if at + width > len(raw):
        raise EOFError("it breaks off")
    return int.from_bytes(raw[at : at + width], "little"), at + width
