"""Tables: a file or a data frame becomes one polars frame, cells still as they were written.

.csv .tsv .txt (.gz .bz2 .xz .zst .zip)   texts, decided on later (`columns/`)
.xlsx .xlsm                               the same, of the first sheet with rows
.parquet .jsonl .ndjson .json             typed values
.arff                                     texts, of Weka
.ts                                       lists, of the archives of time series
pandas and polars frames, dict of columns typed values
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.data.reading import cells
from bakeoff.data.reading.cells import as_texts
from bakeoff.data.reading.declared_in_parquet import (
    classes_in_parquet,
    declared_in_parquet,
    with_names,
)
from bakeoff.data.reading.delimited import delimited, delimited_text
from bakeoff.data.reading.first_sheet import WORKBOOKS, first_sheet
from bakeoff.data.reading.frames import from_columns, from_pandas
from bakeoff.data.reading.labelled_lines import MARK, labelled_lines
from bakeoff.data.reading.records import json_array, json_lines
from bakeoff.data.reading.series_file import series_file
from bakeoff.data.reading.unnested import unnested
from bakeoff.data.reading.unpack import cause, check_cells, check_width, unpack
from bakeoff.data.reading.weka_file import weka_file
from bakeoff.errors import DataError
from bakeoff.parquet_size import parquet_values

if TYPE_CHECKING:
    import polars as pl

LONGEST_NAME = 1_000  # characters of the name of a column


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
        wide: Rows of the file, where each became one row a date; else 0.
    """

    frame: pl.DataFrame
    source: str
    mark: str = "."
    notes: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    typed: bool = True
    wide: int = 0


def are_records(data: object) -> bool:
    """Tell whether data are a list of rows, each a dict of its cells."""
    return isinstance(data, list) and bool(data) and all(isinstance(row, Mapping) for row in data)


def columns_of_records(rows: Any) -> dict[str, list[Any]]:
    """Return rows as columns, in the order in which they first come; a cell that lacks is None.

    Example:
        >>> columns_of_records([{"a": 1}, {"a": 2, "b": 3}])
        {'a': [1, 2], 'b': [None, 3]}
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {str(name): [row.get(name) for row in rows] for name in names}


PROTOCOLS = (b"\x02", b"\x03", b"\x04", b"\x05")  # of pickles, behind their first byte
GIVE = "In Python, load it and give its arrays or its frame"
UNREAD = {  # endings -> how such a file begins, what it is and the way on
    (".xls", ".ods"): (b"", "a spreadsheet. Save the sheet as .xlsx or CSV and give that file"),
    (".h5", ".hdf5"): (b"\x89HDF\r\n", "packed HDF5. Give the file as it is, unpacked"),
    (".mat",): (b"MATLAB", "of MATLAB, and packed or older than version 5. Save it with -v7"),
    (".pkl", ".pickle", ".joblib", ".pt", ".pth"): (
        b"",
        f"a pickle, which could run code and is never opened. {GIVE}, if you trust it",
    ),
    (".orc",): (b"ORC", f"an ORC file. {GIVE}: pyarrow.orc.read_table(...)"),
    (".sqlite", ".sqlite3", ".db"): (b"SQLite format 3", f"a data base. {GIVE}: pandas.read_sql"),
    (".wav", ".mp3", ".flac", ".ogg"): (
        b"",
        "sound, which is not read. Give its numbers as arrays (N, T, 1), or spectrograms as "
        "pictures",
    ),
    (".mp4", ".avi", ".mov"): (b"", "a film. Give its frames as pictures, or as a volume"),
    (".dta", ".sav", ".sas7bdat", ".rds"): (b"", "a file of another program. Save it as CSV"),
}


def read_table(data: object, *, bare: bool = False) -> Table:
    """Read a table from a path, a pandas or polars frame, a dict of columns, or a list of rows.

    Args:
        data: What was given; a table that was read already is returned.
        bare: A file of texts goes with one without names, so that it has none, either.

    Raises:
        DataError: It cannot be read, is empty, ragged, or names a column twice.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, Path)):
        return from_file(Path(data), bare=bare)
    module = type(data).__module__.partition(".")[0]
    if module == "polars":
        frame: Any = data
        return checked(frame.collect() if hasattr(frame, "collect") else frame, "the table")
    if module == "pandas":
        frame, declared, notes = from_pandas(data)
        return replace(checked(frame, "the table", notes=notes), declared=tuple(declared))
    if are_records(data):
        return checked(from_columns(columns_of_records(data)), "the table")
    if isinstance(data, Mapping):
        return checked(from_columns(data), str(getattr(data, "source", "the table")))
    if hasattr(data, "to_polars"):  # a data set of Hugging Face
        return read_table(data.to_polars())
    if hasattr(data, "__arrow_c_stream__"):  # any table of Arrow: pyarrow, DuckDB and others
        return read_table(polars_of(data))
    raise DataError(
        f"Cannot read a table from {type(data).__name__}. Give a path, a pandas or polars frame, "
        "a dict of columns, a list of rows as dicts, or arrays as (x, y)."
    )


def polars_of(data: Any) -> pl.DataFrame:
    """Return a table that hands out its columns by the interface of Arrow, without pyarrow."""
    import polars as pl

    return pl.DataFrame(data)


def from_file(path: Path, *, bare: bool = False) -> Table:
    """Read a file by its name's ending, unpacking it first."""
    raw, name = unpack(path)
    table = by_ending(raw, name, path.name)
    if table is not None:
        return table
    held = [raw]
    del raw  # a plain file goes while it is parsed
    if name.lower().endswith(WORKBOOKS):
        raw, told = first_sheet(held.pop(), path.name)
        frame, separator, notes = delimited_text(raw, path.name, bare=bare)
        table = of_texts(path.name, frame, separator, [*told, *notes])
    else:
        table = of_texts(path.name, *delimited(path, held.pop(), bare=bare))
    mark = cells.decimal_mark(table.frame.get_columns(), otherwise=table.mark)
    return replace(table, mark=mark)


def from_bytes(raw: bytes, name: str, source: str) -> Table:
    """Read what stood in a file, by the ending of its name; of texts the mark is not decided.

    Args:
        raw: Its bytes, unpacked.
        name: Without the ending of what packed it.
        source: What to call it.
    """
    table = by_ending(raw, name, source)
    return of_texts(source, *delimited_text(raw, source)) if table is None else table


def of_texts(source: str, frame: pl.DataFrame, separator: str, notes: list[str]) -> Table:
    """Return a table of cells that are texts as yet."""
    table = checked(frame, source, notes=notes)
    return replace(table, mark="?" if separator == ";" else ".", typed=False)


def by_ending(raw: bytes, name: str, source: str) -> Table | None:
    """Read a file that says what its cells are; None where all are texts."""
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet" or raw[:4] == b"PAR1":
        frame = with_names(parquet(raw, source), classes_in_parquet(raw))
        table = checked(frame, source)
        return replace(table, declared=declared_in_parquet(raw))
    if suffix in (".feather", ".arrow", ".arrows", ".ipc") or raw[:6] == b"ARROW1":
        return checked(arrow(raw, source), source)
    if suffix in (".jsonl", ".ndjson"):
        return checked(json_lines(raw, source), source)
    if suffix in (".json", ".geojson"):
        return checked(json_array(raw, source), source)
    if suffix == ".arff":
        frame, named, notes = weka_file(raw, source)
        return replace(of_texts(source, frame, ",", notes), declared=named)
    if raw.startswith(MARK):
        return checked(labelled_lines(raw, source), source)
    if suffix == ".ts":
        return checked(series_file(raw, source), source)
    if raw[:1] == b"\x80" and raw[1:2] in PROTOCOLS:
        suffix = ".pickle"
    for endings, (begins, what) in UNREAD.items():
        if suffix in endings or (begins and raw.startswith(begins)):
            raise DataError(f"{source} is {what}.")
    return None


def parquet(raw: bytes, source: str) -> pl.DataFrame:
    """Read Parquet."""
    import polars as pl
    from polars.exceptions import PanicException

    try:
        lazy = pl.scan_parquet(io.BytesIO(raw))
        rows = lazy.select(pl.len()).collect().item()
        schema = lazy.collect_schema()
        check_cells(rows, len(schema), len(raw), source)
        if any(dtype.is_nested() for dtype in schema.dtypes()):
            check_cells(parquet_values(io.BytesIO(raw)), 1, len(raw), source)
        return pl.read_parquet(io.BytesIO(raw))
    except DataError:
        raise
    except (Exception, PanicException) as error:  # anything at all may stand in a broken file
        raise DataError(f"{source} is not a readable Parquet file: {cause(error)}.") from error


def arrow(raw: bytes, source: str) -> pl.DataFrame:
    """Read a table of Arrow, as Feather and the cache of Hugging Face keep it: file or stream."""
    import polars as pl
    from polars.exceptions import PanicException

    try:
        if raw[:6] != b"ARROW1":
            return pl.read_ipc_stream(io.BytesIO(raw))
        lazy = pl.scan_ipc(io.BytesIO(raw))
        rows = lazy.select(pl.len()).collect().item()
        check_cells(rows, len(lazy.collect_schema()), len(raw), source)
        return pl.read_ipc(io.BytesIO(raw))
    except DataError:
        raise
    except (Exception, PanicException) as error:  # anything at all may stand in a broken file
        raise DataError(f"{source} is not a readable file of Arrow: {cause(error)}.") from error


def checked(frame: pl.DataFrame, source: str, *, notes: list[str] | None = None) -> Table:
    """Refuse a table without rows or columns, and one of which the names cannot be names."""
    if frame.width == 0 or frame.height == 0:
        what = "no columns" if frame.width == 0 else "column names but no rows"
        raise DataError(f"{source} has {what}. Give a table with rows.")
    check_width(frame.width, source)
    pattern = next((name for name in frame.columns if name[:1] == "^" and name[-1:] == "$"), None)
    if pattern is not None:  # polars would take it for a regular expression
        raise DataError(
            f"{source}: the name of column {pattern[:60]!r} begins with ^ and ends with $, which "
            "no name may. Rename it."
        )
    long = next((i for i, name in enumerate(frame.columns, 1) if len(name) > LONGEST_NAME), None)
    if long is not None:
        name = frame.columns[long - 1]
        raise DataError(
            f"{source}: the name of column {long:,} has {len(name):,} characters, and begins "
            f"{name[:40]!r}. Give names of up to {LONGEST_NAME:,}; is a line of names missing?"
        )
    flat = unnested(frame, source)
    if flat.columns != frame.columns:
        return checked(flat, source, notes=notes)
    return Table(frame=flat, source=source, notes=tuple(notes or ()))


def alike(tables: Mapping[str, Table]) -> tuple[list[pl.DataFrame], list[str]]:
    """Return the tables of all parts with the columns of the training data, and what is left out.

    Raises:
        DataError: One lacks a column.
    """
    first = tables["train"]
    names = first.frame.columns  # one list: polars makes it anew at each call
    set_of = {part: set(table.frame.columns) for part, table in tables.items()}
    frames, notes = [], []
    for part, table in tables.items():
        missing = [name for name in names if name not in set_of[part]]
        extra = [name for name in table.frame.columns if name not in set_of["train"]]
        if missing:
            raise DataError(
                f"The {part} data {table.source} lacks columns that {first.source} has: "
                f"{', '.join(missing[:10])}. Give files with the same columns."
            )
        if extra:
            notes.append(
                f"{table.source}: left out {', '.join(extra[:10])}, not in the training data."
            )
        frames.append(table.frame[names])
    return frames, notes


def stacked(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put tables of the same columns behind each other; a column of two types becomes texts."""
    import polars as pl

    if len(frames) == 1:
        return frames[0]
    names = frames[0].columns
    return pl.DataFrame([one_type([frame[name] for frame in frames]) for name in names])


def one_type(pieces: list[pl.Series]) -> pl.Series:
    """Put the pieces of one column behind each other, as texts if their types differ."""
    import polars as pl

    if len({piece.dtype for piece in pieces}) > 1:
        numeric = all(piece.dtype.is_numeric() for piece in pieces)
        pieces = [piece.cast(pl.Float64) if numeric else as_texts(piece) for piece in pieces]
    return pl.concat(pieces)
