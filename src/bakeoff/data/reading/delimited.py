"""CSV and its relatives: any common encoding, separator and line end, read as text.

Files without quotes go through polars; files with quotes, and files that are not rectangular, go
through the standard library's csv module, which can name the line. A blank line is no row.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from bakeoff.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def delimited(raw: bytes, source: str) -> tuple[pl.DataFrame, str, list[str]]:
    """Read the bytes of a CSV or TSV file as a frame of texts.

    Returns:
        The frame (null for an empty cell), the separator, and what was decided on the way.
    """
    text, encoding = decode(raw, source)
    notes = []
    if not encoding.startswith("utf-8"):
        advice = "" if encoding.startswith("utf") else "; if letters look wrong, save it as UTF-8"
        notes.append(f"{source} is read as {encoding}{advice}.")
    declared = re.match(r"sep=(.)\r?\n", text)  # a first line that Excel writes
    text = text[declared.end() :] if declared else text
    separator = declared[1] if declared else sniff(text)
    if separator != ",":
        notes.append(f"{source} is separated by {SEPARATORS.get(separator, repr(separator))}s.")
    names, nameless = header(text, separator, source)
    frame = parse(text, separator, names, source)
    empty = [name for name in nameless if (frame[name].is_null() | (frame[name] == "")).all()]
    if empty:
        notes.append(f"{source}: left out {len(empty)} columns with neither a name nor a value.")
    called = [name for name in nameless if name not in empty]
    if called:
        notes.append(f"{source}: columns without a name are called {', '.join(called)}.")
    return frame.drop(empty), separator, notes


def decode(raw: bytes, source: str) -> tuple[str, str]:
    """Return the text of a file and its encoding."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return decode_as(raw, encoding, source), encoding
    zeros = raw[:2000].count(0)
    if zeros:
        even = raw[:2000:2].count(0)
        if zeros < 0.3 * len(raw[:2000]) or 0 < even < zeros:
            raise DataError(
                f"{source} is not a text file: it holds zero bytes. "
                "Give a CSV, Parquet, JSON lines or .npz file."
            )
        encoding = "utf-16-be" if even else "utf-16-le"
        return decode_as(raw, encoding, source), encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def decode_as(raw: bytes, encoding: str, source: str) -> str:
    """Decode, or say where the bytes break off."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{source} begins like {encoding} but byte {error.start:,} does not fit. "
            "Save it as UTF-8."
        ) from error


def sniff(text: str) -> str:
    """Return the separator that cuts the first 500 lines most evenly, quotes respected."""
    scores = {}
    for separator in SEPARATORS:
        lines = io.StringIO(text[:1_000_000], newline="")
        try:
            rows = list(islice((row for row in csv.reader(lines, delimiter=separator) if row), 500))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        if width > 1:
            scores[separator] = (count / len(rows), len(rows[0]) == width, width)
    return max(scores, key=lambda separator: scores[separator]) if scores else ","


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the last line number and the cells of each row; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    return ((reader.line_num, row) for row in reader if row)


def header(text: str, separator: str, source: str) -> tuple[list[str], list[str]]:
    """Return the column names, and those of them that we had to give."""
    try:
        first = next(rows_of(text[:1_000_000], separator), None)
    except csv.Error as error:
        raise DataError(f"The first line of {source} cannot be read: {error}.") from error
    if first is None:
        raise DataError(f"{source} is empty. Give a table with a line of column names.")
    names = [name.strip() for name in first[1]]
    repeated = [name for name, n in Counter(names).items() if n > 1 and name]
    if repeated:
        where = [i + 1 for i, name in enumerate(names) if name == repeated[0]]
        raise DataError(
            f"{source}: the column name {repeated[0]!r} stands {len(where)} times (columns "
            f"{', '.join(map(str, where))}). Give each column a name of its own; the first line is "
            "taken as the names."
        )
    nameless = []
    for i, name in enumerate(names):
        if not name:
            names[i] = f"Unnamed: {i}"  # as pandas calls it
            while names[i] in names[:i] + names[i + 1 :]:
                names[i] += "_"
            nameless.append(names[i])
    return names, nameless


def parse(text: str, separator: str, names: list[str], source: str) -> pl.DataFrame:
    """Read all rows below the names as texts."""
    import polars as pl
    from polars.exceptions import PolarsError

    if '"' not in text:
        body = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        body = re.sub("\n{2,}", "\n", body) if "\n\n" in body else body
        body = body.lstrip("\n").partition("\n")[2]
        if not body.strip("\n"):
            raise no_rows(source)
        schema = dict.fromkeys(names, pl.String)
        try:
            frame = pl.read_csv(
                io.BytesIO(body.encode()),
                has_header=False,
                separator=separator,
                quote_char=None,
                schema=schema,
            )
        except PolarsError:
            return parse_slowly(text, separator, names, source)
        marks = len(frame) * (len(names) - 1)
        if frame.to_series(-1).null_count() == 0 or body.count(separator) == marks:
            return frame
    return parse_slowly(text, separator, names, source)


def no_rows(source: str) -> DataError:
    """The error for a table without rows."""
    return DataError(f"{source} has column names but no rows. Give a table with rows.")


def parse_slowly(text: str, separator: str, names: list[str], source: str) -> pl.DataFrame:
    """Read with the csv module; name the line of a row that is too long or too short."""
    import polars as pl

    rows = rows_of(text, separator)
    next(rows)
    schema = dict.fromkeys(names, pl.String)
    chunks = []
    try:
        while chunk := list(islice(rows, 50_000)):
            wrong = [(line, row) for line, row in chunk if len(row) != len(names)]
            if wrong:
                raise ragged(wrong, names, source)
            chunks.append(pl.DataFrame([row for _, row in chunk], schema=schema, orient="row"))
    except csv.Error as error:
        raise DataError(
            f"{source} cannot be read behind row {sum(map(len, chunks)):,}: {error}. "
            'Look for a quote (") that is opened and never closed.'
        ) from error
    if not chunks:
        raise no_rows(source)
    return pl.concat(chunks)


def ragged(wrong: list[tuple[int, list[str]]], names: list[str], source: str) -> DataError:
    """The error for rows that have too many or too few cells."""
    line, row = wrong[0]
    more = f" (and {len(wrong) - 1:,} more such lines)" if len(wrong) > 1 else ""
    return DataError(
        f"{source}, line {line:,}: {len(row)} cells where the first line names {len(names)} "
        f"columns{more}. The line begins {', '.join(row)[:60]!r}. Correct it, or put quotes "
        "around a cell that holds the separator."
    )
