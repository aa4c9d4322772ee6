"""Mapped arrays: large ones are never held in memory, but mapped from a file.

    <cache>/<key>.npy    x, all parts behind each other
    <cache>/<key>.json   its sha256

A .npy file is mapped where it stands. The members of an .npz are packed, so x is unpacked into the
folder of the picture cache, a megabyte at a time, and mapped from there; so are parts that lie in
several mapped files. The key is a sha256 of all that the bytes follow from, and nothing that stands
in the cache is trusted: what does not agree with its .json to the last byte is made again.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.picture_cache import (
    CHUNK,
    cache_folder,
    free_bytes,
    hold,
    megabytes,
    sha256_of,
    sweep,
)
from bakeoff.documents import read_json, write_json, writing
from bakeoff.errors import DataError, RunError

VERSION = 1  # of what is made of an archive
LARGE = 2**26  # bytes: what is smaller is held in memory
LEAST_AXES = 3  # tables of numbers are read into columns, and so into memory
ABOUT = {"sha256": str}


def mapped_file(path: Path) -> Array | None:
    """Map a large .npy file; None where it is small, or holds a table.

    Raises:
        ValueError: It is no array, or one of Python objects.
    """
    if path.stat().st_size < LARGE:
        return None
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(array) if array.ndim >= LEAST_AXES and array.flags.c_contiguous else None


def unpacked(path: Path, members: Mapping[str, zipfile.ZipInfo]) -> tuple[dict[str, Array], str]:
    """Unpack the inputs of an .npz into the cache, if they are large.

    Args:
        path: Of the archive.
        members: Name of an array -> where it is, of the inputs, in the order of their parts.

    Returns:
        Name -> array, mapped from the cache, and where they are kept, in a sentence. Nothing where
        they are small, of unlike rows or kinds, or cannot be kept: then they are read into memory.

    Raises:
        DataError: A member breaks off or is damaged.
    """
    folder = cache_folder()
    if folder is None or sum(info.file_size for info in members.values()) < LARGE:
        return {}, ""
    with zipfile.ZipFile(path) as archive:
        heads = {name: head_of_member(archive, info) for name, info in members.items()}
        known = [head for head in heads.values() if head is not None]
        if len(known) < len(heads) or len({(h.dtype, h.shape[1:]) for h in known}) > 1:
            return {}, ""
        digest = hashlib.sha256(f"{VERSION}\0members\0".encode())
        digest.update("\0".join(members).encode("utf-8", "surrogateescape"))
        digest.update(sha256_of(path))

        def chunks() -> Iterator[bytes]:
            for info, head in zip(members.values(), known, strict=True):
                yield from values_of(archive, info, head, path.name)

        rows = [head.shape[0] for head in known]
        whole = known[0]._replace(shape=(sum(rows), *known[0].shape[1:]))
        base, note = kept(folder, digest.hexdigest(), whole, chunks)
    if base is None:
        return {}, f"The arrays of {path.name} are read into memory: {note}."
    ends = np.cumsum(rows).tolist()
    starts = [0, *ends[:-1]]
    named = {n: base[a:b] for n, a, b in zip(members, starts, ends, strict=True)}
    return named, f"The arrays of {path.name} are kept unpacked in {note}."


def stacked(pieces: Sequence[Array]) -> Array:
    """Put arrays behind each other: mapped ones without holding them in memory.

    Args:
        pieces: (n, ...) each, rows of one shape.
    """
    first, size = pieces[0], sum(piece.nbytes for piece in pieces)
    if len(pieces) == 1:
        return first
    whole = around(pieces)
    if whole is not None:
        return whole
    folder = cache_folder()
    alike = len({(piece.dtype, piece.shape[1:]) for piece in pieces}) == 1
    mapped = all(mapped_from(piece) is not None for piece in pieces)
    if folder is None or size < LARGE or first.ndim < LEAST_AXES or not alike or not mapped:
        return np.concatenate(list(pieces))

    def chunks() -> Iterator[bytes]:
        for piece in pieces:
            step = max(1, CHUNK // max(1, piece[:1].nbytes))
            for start in range(0, len(piece), step):
                yield np.ascontiguousarray(piece[start : start + step]).tobytes()

    head = Head((sum(map(len, pieces)), *first.shape[1:]), first.dtype)
    digest = hashlib.sha256(f"{VERSION}\0pieces\0{head}\0".encode())
    for chunk in chunks():
        digest.update(chunk)
    base, _ = kept(folder, digest.hexdigest(), head, chunks)
    return np.concatenate(list(pieces)) if base is None else base


class Head(NamedTuple):
    """What an array in the format of NumPy says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def mapped_from(array: Any) -> np.memmap[Any, Any] | None:
    """Return the whole mapping that an array is a view of; None where it is in memory."""
    found = None
    while isinstance(array, np.ndarray):
        found = array if isinstance(array, np.memmap) else found
        array = array.base
    return found


def around(pieces: Sequence[Array]) -> Array | None:
    """Return the mapping whose rows the pieces are, all of them and in order; else None."""
    whole = mapped_from(pieces[0])
    if whole is None or whole.nbytes != sum(piece.nbytes for piece in pieces):
        return None
    expected = whole.__array_interface__["data"][0]
    for piece in pieces:
        same = piece.dtype == whole.dtype and piece.shape[1:] == whole.shape[1:]
        here = piece.__array_interface__["data"][0] == expected
        if not (same and here and piece.flags.c_contiguous):
            return None
        expected += piece.nbytes
    return np.asarray(whole)


def head_of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Head | None:
    """Return the head of a member that can be mapped: numbers, row by row, of three axes or more.

    None of all others: they are read, and refused where they must be, in memory.
    """
    if info.flag_bits & 1:
        return None
    try:
        with archive.open(info) as file:
            head = head_of(file)
        return head if head is not None and head.size <= info.file_size else None
    except Exception:  # a header is read as Python: anything at all may come of it
        return None


def head_of(file: IO[bytes]) -> Head | None:
    """Read the head of an array that can be mapped, and leave the file at its values."""
    said = said_by(file)
    if said is None:
        return None
    shape, fortran, dtype = said
    if fortran or len(shape) < LEAST_AXES or dtype.kind not in "biuf" or not dtype.isnative:
        return None
    return Head(shape, dtype)


def said_by(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Read shape, order and type from the head of any array; None of a version of another day."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(np.lib.format.read_magic(file))
    return read(file) if read else None


def values_of(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, head: Head, source: str
) -> Iterator[bytes]:
    """Yield the values of a member, some at a time; at its end the archive checks its sum."""
    with archive.open(info) as file:
        head_of(file)
        left = head.size
        while left:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise DataError(f"{source} cannot be read: {info.filename} breaks off.")
            left -= len(chunk)
            yield chunk
        file.read(1)


def kept(
    folder: Path, key: str, head: Head, chunks: Callable[[], Iterable[bytes]]
) -> tuple[Array | None, str]:
    """Return an array mapped from the cache, put there if it is not.

    Args:
        folder: The cache.
        key: Of the array.
        head: Of it.
        chunks: Returns its values from the first on, some at a time.

    Returns:
        The array and where it is kept; or None and why it is not.
    """
    path = folder.absolute() / f"{key}.npy"
    try:
        if not is_whole(path, head):
            make(path, head, chunks())
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except RunError as error:
        return None, str(error.args[0]).rpartition(": ")[2].rstrip(".")
    except OSError as error:
        return None, str(error.strerror or error)
    return array, f"{folder / key[:12]}….npy, {megabytes(array.nbytes)}"


def is_whole(path: Path, head: Head) -> bool:
    """Tell whether the cache holds an array undamaged."""
    try:
        about = read_json(path.with_suffix(".json"), ABOUT)
        right = path.lstat().st_size == len(header(head)) + head.size and not path.is_symlink()
        with path.open("rb") as file:
            right = right and file.read(len(header(head))) == header(head)
        return right and sha256_of(path).hex() == about["sha256"]
    except (DataError, OSError):
        return False


def make(path: Path, head: Head, chunks: Iterable[bytes]) -> None:
    """Write an array into the cache.

    Raises:
        RunError: It cannot be written, or takes more than the disk should give.
    """
    with writing(path) as draft, draft.open("r+b") as file:
        sweep(path.parent)
        hold(file)
        if head.size > free_bytes(path.parent):
            raise RunError(f"{megabytes(head.size)} are more than the disk has room for.")
        digest = hashlib.sha256(header(head))
        file.write(header(head))
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
    write_json(path.with_suffix(".json"), {"sha256": digest.hexdigest()})


def header(head: Head) -> bytes:
    """Return what NumPy writes before the values of an array."""
    buffer = io.BytesIO()
    about = {
        "descr": np.lib.format.dtype_to_descr(head.dtype),
        "fortran_order": False,
        "shape": head.shape,
    }
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()
