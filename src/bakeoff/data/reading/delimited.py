"""CSV and its relatives: any common encoding, separator and line end, read as text.

Plain files go block by block (`plain_lines`), others without quotes at once through polars; files
with quotes, and files that are not rectangular, go through the standard library's csv module, which
can name the line. A blank line is no row.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from bakeoff.data.reading.lacks_names import aligned, lacks_names, numbered
from bakeoff.data.reading.lines_above import lines_above
from bakeoff.data.reading.plain_lines import parse_blocks, plain_lines
from bakeoff.data.reading.unpack import cause, check_width, unpack
from bakeoff.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

SNIFFED = 1_000_000  # characters in which the separator is looked for
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def delimited(path: Path, raw: bytes, *, bare: bool = False) -> tuple[pl.DataFrame, str, list[str]]:
    """Read the bytes of a CSV or TSV file as a frame of texts.

    Args:
        path: The file, to read it once more where its rows turn out to be uneven.
        raw: What it holds, unpacked. Whoever calls should not keep it: a plain file is let go of
            while it is parsed.
        bare: It goes with a file without names.

    Returns:
        The frame (null for an empty cell), the separator, and what was decided on the way.
    """
    raise_limit(len(raw))
    blocks = plain_lines(raw)
    if not blocks:
        return delimited_text(raw, path.name, bare=bare)
    head = raw[: 4 * SNIFFED].decode("utf-8", "ignore")  # four bytes a letter at most
    separator = sniff(head)
    if not separator or lines_above(head, separator, path.name)[0] is not head:
        return delimited_text(raw, path.name, bare=bare)
    del raw
    first_is_row = lacks_names(head[:SNIFFED], separator, otherwise=bare)
    table = plainly(blocks, separator, path.name, bare=first_is_row)
    return table or delimited_text(unpack(path)[0], path.name, bare=bare)


def plainly(
    blocks: list[bytes], separator: str, source: str, *, bare: bool
) -> tuple[pl.DataFrame, str, list[str]] | None:
    """Read a plain file, given in blocks; None where its rows are uneven, or there are none.

    Args:
        bare: It has no names: its first line is a row.
    """
    told: list[str] = []
    if bare:
        line, told = names_above(blocks[0].partition(b"\n")[0].decode(), separator, source)
        blocks[0] = line.encode() + b"\n" + blocks[0]
    line = blocks[0].partition(b"\n")[0].decode()
    names, nameless, repeated = header(line, separator, source)
    frame = parse_blocks(blocks, separator, names)
    if frame is None:
        return None
    notes = [*say_separator(separator, source), *told, *(f"{source}: {note}" for note in repeated)]
    return without_empty(frame, names, nameless, separator, notes, source)


def names_above(line: str, separator: str, source: str) -> tuple[str, list[str]]:
    """Return a line of names for a table whose first line is a row, and what is said of it."""
    names = numbered(len(next(csv.reader([line], delimiter=separator))))
    return separator.join(names), [
        f"{source} has no names in its first line, which is a row like the others: its columns are "
        f"called {names[0]} to {names[-1]}."
    ]


def delimited_text(
    raw: bytes, source: str, *, bare: bool = False
) -> tuple[pl.DataFrame, str, list[str]]:
    """Read any file, decoded as a whole: with quotes, in other encodings, with broken rows."""
    raise_limit(len(raw))
    text, encoding = decode(raw, source)
    notes = []
    if not encoding.startswith("utf-8"):
        advice = "" if encoding.startswith("utf") else "; if letters look wrong, save it as UTF-8"
        notes.append(f"{source} is read as {encoding}{advice}.")
    declared, text, above = declared_separator(text, source)
    text, more, said = lines_above(text, declared or sniff(text), source)
    above, notes = above + more, [*notes, *said]
    separator = declared or sniff(text)
    if separator:
        notes += say_separator(separator, source)
    elif in_columns := aligned(text):
        text, separator = in_columns, "\t"
        notes.append(f"{source} is separated by blanks.")
    separator = separator or ","
    if lacks_names(text[:SNIFFED], separator, otherwise=bare):
        line, told = names_above(text.lstrip("\r\n").splitlines()[0], separator, source)
        text, above, notes = f"{line}\n{text}", above - 1, [*notes, *told]
    names, nameless, repeated = header(text, separator, source)
    notes += [f"{source}: {note}" for note in repeated]
    plain = separator == "\t" and are_letters(text, len(names))
    if plain:
        notes.append(
            f"{source}: quotation marks are taken as letters, since some are never closed, and "
            f"every line has {len(names)} cells without them."
        )
    frame = parse(text, separator, names, source, above, plain=plain)
    return without_empty(frame, names, nameless, separator, notes, source)


def raise_limit(size: int) -> None:
    """Let the csv module read any cell of a file of this size."""
    csv.field_size_limit(max(csv.field_size_limit(), min(size, 2**31 - 1)))


def say_separator(separator: str, source: str) -> list[str]:
    """Say what separates the columns, where it is no comma."""
    if separator == ",":
        return []
    return [f"{source} is separated by {SEPARATORS.get(separator, repr(separator))}s."]


def without_empty(
    frame: pl.DataFrame,
    names: list[str],
    nameless: set[str],
    separator: str,
    notes: list[str],
    source: str,
) -> tuple[pl.DataFrame, str, list[str]]:
    """Leave out the columns with neither a name nor a value, and say what the others are called."""
    empty = [name for name in nameless if (frame[name].is_null() | (frame[name] == "")).all()]
    if empty:
        notes.append(f"{source}: left out {len(empty)} columns with neither a name nor a value.")
    called = sorted(nameless.difference(empty), key=names.index)
    if called:
        shown = ", ".join(called[:10]) + (", …" if len(called) > 10 else "")
        notes.append(f"{source}: columns without a name are called {shown}.")
    return frame.drop(empty), separator, notes


def declared_separator(text: str, source: str) -> tuple[str, str, int]:
    """Read the first line sep=; that Excel writes.

    Returns:
        The separator ("" without such a line), the text below, and how many lines stand above it.
    """
    declared = re.match(r"sep=([^\r\n])(\r\n|\r|\n)", text)
    if not declared:
        return "", text, 0
    if declared[1] in ('"', "\0"):
        raise DataError(
            f"{source} says in its first line that {declared[1]!r} separates its columns, which "
            "cannot be. Remove that line."
        )
    return declared[1], text[declared.end() :], 1


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
    """Return the separator that cuts the first 500 lines most evenly, quotes respected; or ""."""
    scores = {}
    for separator in SEPARATORS:
        lines = io.StringIO(text[:SNIFFED], newline="")
        try:
            rows = list(islice((row for row in csv.reader(lines, delimiter=separator) if row), 500))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        if width > 1:
            scores[separator] = (count / len(rows), len(rows[0]) == width, width)
    return max(scores, key=lambda separator: scores[separator]) if scores else ""


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row begins, and its cells; blank lines are skipped.

    Raises:
        BrokenRow: A quote does not close as it should.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenRow(begins, reader.line_num, cause(error)) from error
        if row:
            yield begins, row
        begins = reader.line_num + 1


class BrokenRow(Exception):  # noqa: N818  it never leaves this file
    """A row that the csv module cannot read: the lines where it begins and where it breaks, why."""


def broken(error: BrokenRow, source: str, above: int) -> DataError:
    """The error for a row with a quote that does not close as it should.

    Args:
        error: Counts lines from 1 in the text that was read.
        source: The file.
        above: Lines of the file above that text.
    """
    begins, breaks, why = error.args
    until = f" breaks on line {breaks + above:,}" if breaks > begins else " cannot be read"
    return DataError(
        f"{source}: the row that begins on line {begins + above:,}{until} ({why}). Look for a "
        'quote (") that is opened and never closed, or stands inside a quoted cell: double that.'
    )


def header(text: str, separator: str, source: str) -> tuple[list[str], set[str], list[str]]:
    """Return the column names, those of them that we had to give, and what is said of repeats."""
    try:
        first = next(rows_of(text[:10_000_000], separator), None)
    except BrokenRow as error:
        raise broken(error, source, 0) from error
    if first is None:
        raise DataError(f"{source} is empty. Give a table with a line of column names.")
    check_width(len(first[1]), source)
    given = [name.strip() for name in first[1]]
    names, repeated = apart(given)
    nameless = {name for name, own in zip(names, given, strict=True) if not own}
    return names, nameless, repeated


def apart(given: list[str]) -> tuple[list[str], list[str]]:
    """Tell columns of one name apart, as pandas does: x, x.1, x.2; one without is Unnamed: 6.

    Returns:
        The names, and a sentence on each that came more than once.

    Example:
        >>> apart(["x", "", "x"])
        (['x', 'Unnamed: 1', 'x.1'], ["2 columns are called 'x'; they are kept apart as x, x.1."])
    """
    taken = set(given)
    names: list[str] = []
    copies: dict[str, list[str]] = {}
    for i, name in enumerate(given):
        same = copies.setdefault(name, [])
        own = name
        if not name:
            own = f"Unnamed: {i}"  # as pandas calls it
            while own in taken:
                own += "_"
        elif same:
            number = len(same)
            while (own := f"{name}.{number}") in taken:
                number += 1
        taken.add(own)
        same.append(own)
        names.append(own)
    notes = []
    for name, same in copies.items():
        if name and len(same) > 1:
            shown = ", ".join(same[:5]) + (", …" if len(same) > 5 else "")
            notes.append(
                f"{len(same)} columns are called {name[:60]!r}; they are kept apart as {shown}."
            )
    return names, notes


def are_letters(text: str, width: int) -> bool:
    """Tell whether the quotation marks of a file with tabs hold nothing together.

    Each line then has its cells without them, and with them lines would run into each other.

    Args:
        text: Of the file.
        width: Its columns.
    """
    if '"' not in text:
        return False
    lines = [line for line in re.split("\r\n|\r|\n", text) if line]
    if any(line.count("\t") != width - 1 for line in lines):
        return False
    try:
        return sum(1 for _ in rows_of(text, "\t")) < len(lines)
    except BrokenRow:
        return True


def parse(
    text: str,
    separator: str,
    names: list[str],
    source: str,
    above: int = 0,
    *,
    plain: bool = False,
) -> pl.DataFrame:
    """Read all rows below the names as texts.

    Args:
        text: Of the file.
        separator: Of its columns.
        names: Of its columns.
        source: The file.
        above: Its lines before the text.
        plain: Whether quotation marks are letters.
    """
    import polars as pl
    from polars.exceptions import PolarsError

    if (plain or '"' not in text) and separator.isascii():
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
            return parse_slowly(text, separator, names, source, above)
        marks = len(frame) * (len(names) - 1)
        if frame.to_series(-1).null_count() == 0 or body.count(separator) == marks:
            return frame
    return parse_slowly(text, separator, names, source, above)


def no_rows(source: str) -> DataError:
    """The error for a table without rows."""
    return DataError(f"{source} has column names but no rows. Give a table with rows.")


def parse_slowly(
    text: str, separator: str, names: list[str], source: str, above: int
) -> pl.DataFrame:
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
                raise ragged(wrong, names, source, above)
            chunks.append(pl.DataFrame([row for _, row in chunk], schema=schema, orient="row"))
    except BrokenRow as error:
        raise broken(error, source, above) from error
    if not chunks:
        raise no_rows(source)
    return pl.concat(chunks)


def ragged(
    wrong: list[tuple[int, list[str]]], names: list[str], source: str, above: int
) -> DataError:
    """The error for rows that have too many or too few cells."""
    line, row = wrong[0]
    more = f" (and {len(wrong) - 1:,} more such lines)" if len(wrong) > 1 else ""
    return DataError(
        f"{source}, line {line + above:,}: {len(row)} cells where the first line names "
        f"{len(names)} columns{more}. The line begins {', '.join(row)[:60]!r}. Correct it, or put "
        "quotes around a cell that holds the separator."
    )
