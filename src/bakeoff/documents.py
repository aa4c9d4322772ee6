"""Documents of a run: files that are written whole or not at all, and believed only when checked.

A run folder may come from a stranger. So a file is opened only if it is a regular one of a size
that a run has, and every value is checked against the type of the field that it goes to.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from bakeoff.errors import BakeoffError, DataError, RunError

if TYPE_CHECKING:
    import polars as pl

FORMAT = 2  # of every file of a run, and of bakeoff.toml; raised when an old reader would err
MOST_BYTES = {".json": 10**8, ".toml": 10**7, ".parquet": 10**10, ".safetensors": 10**11}
MOST_CELLS = 2 * 10**9  # of a table: a few kilobytes of Parquet can say that there are more
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as libraries written in Rust name it
WORDS = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


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
    whatever the library that writes it thinks; a file that is replaced keeps its own.

    Args:
        path: The file to write; a link is followed.

    Yields:
        A path beside it, with the same ending.

    Raises:
        RunError: The system refuses: disk full, no permission, name too long, folder gone ...
    """
    draft = None
    try:
        file = Path(os.path.realpath(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        rights = stat.S_IMODE(file.stat().st_mode) if file.exists() else None
        draft = file.with_name(f".{secrets.token_hex(4)}.part{file.suffix}")
        draft.open("xb").close()
        rights = stat.S_IMODE(draft.stat().st_mode) if rights is None else rights
        yield draft
        draft.chmod(rights)
        draft.replace(file)
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


def read_json(path: Path, hints: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a document, without its `format`.

    Args:
        path: The file.
        hints: Field -> type, of the fields that must be there.

    Raises:
        DataError: It is missing or damaged, or of another format, or a field has another type.
    """
    with reading(path):
        document = json.loads(path.read_text("utf-8"))
        if not isinstance(document, dict) or "format" not in document:
            raise DataError("it is not a document of bakeoff.")
        check_format(document.pop("format"), str(path))
        for name, hint in (hints or {}).items():
            check_type(document[name], hint, name)
    return document


def read_parquet(path: Path) -> "pl.DataFrame":
    """Read a table.

    Raises:
        DataError: It is missing or damaged, or says that it is larger than any run.
    """
    import polars as pl

    with reading(path):
        table = pl.scan_parquet(path)
        rows = table.select(pl.len()).collect().item()
        if rows * len(table.collect_schema()) > MOST_CELLS:
            raise DataError(f"{rows:,} rows are more than a run has.")
        return table.collect()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Check that a file may be opened, and name it in whatever goes wrong while it is read.

    Raises:
        DataError: Something went wrong; a missing package is still a MissingPackageError.
    """
    try:
        check_file(path)
        yield
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path} is damaged: {error}") from error
    except BakeoffError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: this is not the folder of a finished run.") from error
    except Exception as error:  # anything at all may stand in a stranger's file
        what = " ".join(str(error).split())[:300]
        what = f"{what} is missing" if isinstance(error, KeyError) else what
        raise DataError(f"{path} is damaged: {what}.") from error


def check_file(path: Path) -> None:
    """Refuse what is no regular file, and what is larger than any file of a run.

    Raises:
        DataError: It is a link, a device or a pipe, or too large.
        FileNotFoundError: There is none.
    """
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise DataError(f"{path} is not a regular file, and a run holds nothing else.")
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
    if found == FORMAT and not isinstance(found, bool):
        return
    advice = "run it again with this version" if found == 1 else "open it with a newer version"
    raise DataError(f"{place} is of format {found}, and this bakeoff reads {FORMAT}: {advice}.")


def check_type(value: object, hint: Any, name: str) -> None:
    """Refuse a value that is not of a type, at any depth; a list may stand for a tuple.

    Args:
        value: Of a document, or a data class made of one.
        hint: What stands behind the colon: int, str | None, tuple[str, ...], a data class ...
        name: Of the field, for the message.

    Raises:
        DataError: It is of another type.

    Example:
        >>> check_type({"seed": "0"}, Mapping[str, int], "best")
        Traceback (most recent call last):
        bakeoff.errors.DataError: best.seed is '0', not an integer.
    """
    for part, own, where in parts_of(value, hint, name):
        check_type(part, own, where)
    if not has_type(value, hint):
        said = WORDS.get(hint) or str(getattr(hint, "__name__", hint))
        raise DataError(f"{name} is {repr(value)[:80]}, not {said}.")


def parts_of(value: object, hint: Any, name: str) -> Iterator[tuple[object, Any, str]]:
    """Yield what a value is made of, the type that each part should have, and its name."""
    kind, own = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, hint):
        hints = get_type_hints(hint)
        for field in fields(hint):
            yield getattr(value, field.name), hints[field.name], f"{name}.{field.name}"
    elif not isinstance(kind, type) or not own:
        return
    elif issubclass(kind, Mapping) and isinstance(value, Mapping):
        for key, item in value.items():
            yield item, own[1], f"{name}.{key}"
    elif issubclass(kind, Sequence) and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield item, own[0], f"{name}[{i}]"


def has_type(value: object, hint: Any) -> bool:
    """Tell whether a value is of a type, its parts not looked at."""
    kind = get_origin(hint) or hint
    if kind is Any:
        return True
    if kind in (Union, UnionType):
        return any(has_type(value, own) for own in get_args(hint))
    if kind is Literal:
        return value in get_args(hint)
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float)
    if issubclass(kind, Sequence) and kind is not str:
        sizes = get_args(hint)
        free = kind is not tuple or not sizes or sizes[-1] is Ellipsis
        return isinstance(value, list | tuple) and (free or len(value) == len(sizes))
    return isinstance(value, kind)
