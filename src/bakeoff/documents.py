"""Documents of a run: files that are written whole or not at all, and believed only when checked.

A run folder may come from a stranger. So a file is opened only if it is a regular one of a size
that a run has, what it would unpack to is added up before it is unpacked, and every value is
checked against the type of the field that it goes to.
"""

import json
import math
import os
import re
import secrets
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.build import NewerError, build_fields
from bakeoff.cut import cut
from bakeoff.errors import BakeoffError, DataError, MissingPackageError, RunError
from bakeoff.parquet_size import parquet_size

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

FORMAT = 2  # of every file of a run, and of bakeoff.toml; raised when an old reader would err
MOST_BYTES = {".json": 10**8, ".toml": 10**8, ".parquet": 10**10, ".safetensors": 10**11}
MOST_VALUES = 2 * 10**6  # of a document: each takes some 70 bytes and 5 microseconds
MOST_UNPACKED = 10**9  # bytes of a table in memory; beyond them so many times its own size:
MOST_FOLD = 20  # numbers that differ hardly shrink when packed
MOST_HEADER = 10**7  # bytes of the header of arrays: some 100 for each of them
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as libraries written in Rust name it
ADVICE = "Take the run folder anew from where it was made, or repeat the run."


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document, so that a reader sees the old file or the new one, never half of it.

    Raises:
        RunError: It cannot be written.
    """
    text = json.dumps({"format": FORMAT, **document}, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        RunError: It cannot be written.
    """
    with writing(path) as draft:
        draft.write_text(text, "utf-8")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a draft to write; it becomes the file in one step, or goes where anything goes wrong.

    The folder is made where there is none. A new file gets the rights that the user's umask gives,
    whatever the library that writes it thinks; a file that is replaced keeps its own. A link that
    stands there is replaced; what it leads to stays as it is.

    Args:
        path: The file to write.

    Yields:
        A path beside it, with the same ending.

    Raises:
        RunError: The system refuses: disk full, no permission, name too long, folder gone ...
    """
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.lstat().st_mode if os.path.lexists(path) else 0
        rights = stat.S_IMODE(old) if stat.S_ISREG(old) else None
        draft = path.with_name(f".{secrets.token_hex(4)}.part{path.suffix}")
        draft.open("xb").close()
        rights = stat.S_IMODE(draft.stat().st_mode) if rights is None else rights
        yield draft
        draft.chmod(rights)
        draft.replace(path)
    except Exception as error:
        if why := cause(error):
            raise RunError(f"{path} cannot be written: {why}.") from error
        raise
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def cause(error: BaseException) -> str:
    """Say in the words of the system why a file cannot be written or read; "" of other errors.

    Example:
        >>> cause(OSError(28, "No space left on device")), cause(ValueError("7"))
        ('No space left on device', '')
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if found := SYSTEM_ERROR.search(str(error)):
        return os.strerror(int(found[1]))
    if isinstance(error, OSError):  # NumPy counts what it could not write, and keeps the reason
        return f"{error} (is the disk full?)"
    return ""


def read_json(path: Path, hints: Mapping[str, Any]) -> dict[str, Any]:
    """Read a document, without its `format`.

    Args:
        path: The file.
        hints: Field -> type, of all fields that it has: see `bakeoff.build`.

    Raises:
        DataError: It is missing or damaged, or of another format; a field is missing or unknown, or
            has another type.
    """
    with reading(path):
        document = parsed(path.read_text("utf-8"))
        if not isinstance(document, dict) or "format" not in document:
            raise DataError("it is not a document of bakeoff.")
        check_format(document.pop("format"), str(path))
        return build_fields(document, hints)


def parsed(text: str) -> Any:
    """Return what a JSON text says: numbers of 64 bits, no NaN, and no half letters.

    Raises:
        ValueError: It is no such text.
    """
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise DataError(f"it holds more than {MOST_VALUES:,} values.")
    document = json.loads(
        text, parse_int=whole_number, parse_float=finite_number, parse_constant=finite_number
    )
    if "\\u" in text:  # a surrogate without its pair can be written into no file
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    return document


def whole_number(digits: str) -> int:
    """Read an integer of 64 bits."""
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise DataError(f"{cut(digits)} is too large a number.")
    return int(digits)


def finite_number(digits: str) -> float:
    """Read a number that is no NaN and not infinite."""
    number = float(digits)
    if not math.isfinite(number):
        raise DataError(f"{cut(digits)} is not a finite number.")
    return number


def read_parquet(path: Path, *, most_rows: int = 10**9) -> "pl.DataFrame":
    """Read a table.

    Args:
        path: The file.
        most_rows: Rows that such a table can have.

    Raises:
        DataError: It is missing or damaged, or would be larger in memory than any run.
    """
    import polars as pl

    with reading(path):
        with path.open("rb") as file:
            size = parquet_size(file)
        most = max(MOST_UNPACKED, MOST_FOLD * path.stat().st_size)
        if size.rows > most_rows or size.unpacked > most:
            raise DataError(
                f"its {size.rows:,} rows of {size.columns:,} columns are more than a run has."
            )
        return pl.read_parquet(path)


def read_notes(path: Path) -> dict[str, str]:
    """Read the metadata of a table: name -> text.

    Raises:
        DataError: It is missing or damaged.
    """
    import polars as pl

    with reading(path):
        return pl.read_parquet_metadata(path)


def array_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of the arrays in a safetensors file, without the arrays.

    Raises:
        DataError: It is missing or damaged.
    """
    from safetensors import safe_open

    with reading(path):
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(MOST_HEADER, path.stat().st_size - 8):
            raise DataError("it is no whole safetensors file.")
        with safe_open(path, framework="numpy") as arrays:
            return {name: tuple(arrays.get_slice(name).get_shape()) for name in arrays.keys()}  # noqa: SIM118


def read_arrays(path: Path) -> "dict[str, np.ndarray]":
    """Read a safetensors file: name -> array.

    Raises:
        DataError: It is missing or damaged.
    """
    from safetensors.numpy import load_file

    array_shapes(path)
    with reading(path):
        return load_file(path)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Check that a file may be opened, and name it in whatever goes wrong while it is read.

    Raises:
        DataError: Something went wrong; a missing package is still a MissingPackageError.
    """
    try:
        check_file(path)
        yield
    except MissingPackageError:
        raise
    except NewerError as error:
        raise DataError(f"{path} {error}") from error
    except BakeoffError as error:
        if str(path) in str(error):
            raise
        raise damaged(path, str(error)) from error
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: this is not the folder of a finished run.") from error
    except Exception as error:  # anything at all may stand in a stranger's file
        what = " ".join(str(error).split()) or type(error).__name__
        what = f"{what} is missing" if isinstance(error, KeyError) else what
        raise damaged(path, what) from error


def damaged(path: Path, what: str) -> DataError:
    """Say what is wrong with a file, and how to go on."""
    return DataError(f"{path} is damaged: {cut(what, 300).rstrip('.')}. {ADVICE}")


def check_file(path: Path) -> None:
    """Refuse what is no regular file, and what is larger than any file of a run.

    Raises:
        DataError: It is a link, a device or a pipe, or too large, or it may not be read.
        FileNotFoundError: There is none.
    """
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise DataError(f"{path} is not a regular file, and a run holds nothing else. {ADVICE}")
    if about.st_size > (most := MOST_BYTES.get(path.suffix, about.st_size)):
        raise DataError(f"{path} has {about.st_size:,} bytes; such a file has {most:,} at most.")


def check_format(found: object, place: str) -> None:
    """Refuse a format that this version does not read.

    Args:
        found: What stands in the file.
        place: The file, for the message.

    Raises:
        DataError: It is another one.
    """
    if found == FORMAT and isinstance(found, int) and not isinstance(found, bool):
        return
    said = cut(repr(found))
    advice = "run it again with this version" if found == 1 else "open it with a newer version"
    raise DataError(f"{place} is of format {said}, and this bakeoff reads {FORMAT}: {advice}.")
