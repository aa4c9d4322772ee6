"""Tables: a file or a data frame becomes one polars frame, cells still as they were written.

.csv .tsv .txt (.gz .bz2 .xz .zst .zip)   texts, decided on later (`columns/`)
.parquet .jsonl .ndjson .json             typed values
pandas and polars frames, dict of columns typed values
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.data.reading import cells
from bakeoff.data.reading.bundled import NAMES
from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.declared_in_parquet import declared_in_parquet
from bakeoff.data.reading.delimited import delimited
from bakeoff.data.reading.frames import from_columns, from_pandas
from bakeoff.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".data", ".parquet", ".jsonl", ".ndjson", ".json")
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A frame as it was given.

    Args:
        frame: One polars column per column; texts where the file holds texts.
        source: What to call it in messages.
        mark: The decimal mark, for columns of texts that do not decide it themselves: "." or ",",
            or "?" where nothing tells but a semicolon as separator.
        notes: What was decided while reading.
        declared: Columns that their source declares to be categories, whatever they hold.
        typed: Whether texts are strings to the user; in a CSV file they may be numbers.
    """

    frame: pl.DataFrame
    source: str
    mark: str = "."
    notes: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    typed: bool = True


def read_table(data: object) -> Table:
    """Read a table from a path, a pandas or polars frame, or a dict of columns.

    Raises:
        DataError: It cannot be read, is empty, ragged, or names a column twice.
    """
    if isinstance(data, (str, Path)):
        return from_file(Path(data))
    module = type(data).__module__.partition(".")[0]
    if module == "polars":
        frame: Any = data
        return checked(frame.collect() if hasattr(frame, "collect") else frame, "the table")
    if module == "pandas":
        frame, declared, notes = from_pandas(data)
        return checked(frame, "the table", declared=declared, notes=notes)
    if isinstance(data, Mapping):
        return checked(from_columns(data), "the table")
    raise DataError(
        f"Cannot read a table from {type(data).__name__}. Give a path, a pandas or polars frame, "
        "a dict of columns, or arrays as (x, y)."
    )


def from_file(path: Path) -> Table:
    """Read a file by its name's ending, unpacking it first."""
    raw, name = unpack(path)
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet" or raw[:4] == b"PAR1":
        declared = declared_in_parquet(raw)
        return checked(parquet(raw, path.name), path.name, declared=declared)
    if suffix in (".jsonl", ".ndjson"):
        return checked(json_lines(raw, path.name), path.name)
    if suffix == ".json":
        return checked(json_array(raw, path.name), path.name)
    if suffix in (".xlsx", ".xls", ".ods"):
        raise DataError(f"{path.name} is a spreadsheet. Save the sheet as CSV and give that file.")
    frame, separator, notes = delimited(raw, path.name)
    texts = [cells.sample(column) for column in frame.get_columns()]
    mark = cells.decimal_mark(texts, otherwise="?" if separator == ";" else ".")
    return checked(frame, path.name, mark=mark, notes=notes, typed=False)


def unpack(path: Path) -> tuple[bytes, str]:
    """Return the unpacked bytes of a file and the name of what was inside."""
    if not path.exists():
        folder = path.parent
        others = [other.name for other in folder.iterdir()] if folder.is_dir() else []
        raise DataError(
            f"There is no file {str(path)!r}.{did_you_mean(path.name, [*others, *NAMES])}"
        )
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder. Give one table file.")
    try:
        raw = path.read_bytes()
        if raw[:4] == b"PK\x03\x04" and path.suffix.lower() not in (".xlsx", ".ods"):
            return from_zip(raw, path)
        for magic, open_packed in (
            (b"\x1f\x8b", gzip.decompress),
            (b"BZh", bz2.decompress),
            (b"\xfd7zXZ", lzma.decompress),
            (b"\x28\xb5\x2f\xfd", unpack_zstd),
        ):
            if raw.startswith(magic):
                return open_packed(raw), path.stem
    except BROKEN as error:
        raise DataError(f"{path.name} cannot be read: {error}. Is it complete?") from error
    return raw, path.name


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
        return archive.read(names[0]), names[0]


def unpack_zstd(raw: bytes) -> bytes:
    """Unpack .zst: polars can, the standard library of Python 3.11 cannot."""
    import polars as pl

    lines = pl.read_csv(
        raw, has_header=False, separator="\x01", quote_char=None, schema={"line": pl.String}
    )
    return "\n".join(line or "" for line in lines["line"]).encode()


def parquet(raw: bytes, source: str) -> pl.DataFrame:
    """Read Parquet."""
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(raw))
    except Exception as error:  # polars raises its own kinds and, for broken files, plain ones
        raise DataError(f"{source} is not a readable Parquet file: {str(error)[:120]}") from error


def json_lines(raw: bytes, source: str) -> pl.DataFrame:
    """Read one JSON object per line."""
    rows = []
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{source}, line {number:,} is not JSON: {error.msg} at column {error.colno}."
                ) from error
    return records(rows, source)


def json_array(raw: bytes, source: str) -> pl.DataFrame:
    """Read a JSON array of objects; JSON lines under the wrong name are read, too."""
    text = raw.decode("utf-8-sig", "replace")
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{"):
            return json_lines(raw, source)
        raise DataError(
            f"{source}, line {error.lineno:,} is not JSON: {error.msg} at column {error.colno}."
        ) from error
    if isinstance(rows, dict) and rows and all(isinstance(v, list) for v in rows.values()):
        return from_columns(rows)
    return records(rows if isinstance(rows, list) else [rows], source)


def records(rows: list[Any], source: str) -> pl.DataFrame:
    """Turn a list of objects into a frame; a key that a row lacks is missing there."""
    wrong = next((i for i, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise DataError(f"{source}, row {wrong + 1:,} is not an object with named values.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return from_columns({name: [row.get(name) for row in rows] for name in names})


def checked(
    frame: pl.DataFrame,
    source: str,
    *,
    mark: str = ".",
    notes: Sequence[str] = (),
    declared: Sequence[str] = (),
    typed: bool = True,
) -> Table:
    """Refuse a table without rows or columns."""
    if frame.width == 0 or frame.height == 0:
        what = "no columns" if frame.width == 0 else "column names but no rows"
        raise DataError(f"{source} has {what}. Give a table with rows.")
    return Table(
        frame=frame,
        source=source,
        mark=mark,
        notes=tuple(notes),
        declared=tuple(declared),
        typed=typed,
    )


def stack_tables(tables: Mapping[str, Table]) -> tuple[pl.DataFrame, list[str]]:
    """Put the tables of all parts behind each other; their columns must be the same."""
    import polars as pl

    first = tables["train"]
    frames, notes = [], []
    for part, table in tables.items():
        missing = [name for name in first.frame.columns if name not in table.frame.columns]
        extra = [name for name in table.frame.columns if name not in first.frame.columns]
        if missing:
            raise DataError(
                f"The {part} data {table.source} lacks columns that {first.source} has: "
                f"{', '.join(missing[:10])}. Give files with the same columns."
            )
        if extra:
            notes.append(
                f"{table.source}: left out {', '.join(extra[:10])}, not in the training data."
            )
        frames.append(table.frame.select(first.frame.columns))
    if len(frames) == 1:
        return frames[0], notes
    stacked = [one_type([frame[name] for frame in frames]) for name in first.frame.columns]
    return pl.DataFrame(stacked), notes


def one_type(pieces: list[pl.Series]) -> pl.Series:
    """Put the pieces of one column behind each other, as texts if their types differ."""
    import polars as pl

    if len({piece.dtype for piece in pieces}) > 1:
        numeric = all(piece.dtype.is_numeric() for piece in pieces)
        declared = isinstance(pieces[0].dtype, (pl.Categorical, pl.Enum))
        pieces = [piece.cast(pl.Float64) if numeric else as_texts(piece) for piece in pieces]
        pieces = [piece.cast(pl.Categorical) for piece in pieces] if declared else pieces
    return pl.concat(pieces)
