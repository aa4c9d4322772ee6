"""Weka file: .arff, a table whose head says what each column holds; its rows are those of a CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.reading.delimited import decode, delimited_text
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

ATTRIBUTE = re.compile(r"(?i)@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|[^\s{]+)\s*(.*)")
QUOTED = re.compile(r"(?:(?<=,)|^)\s*'((?:[^'\\]|\\.)*)'\s*(?=,|$)")


def weka_file(raw: bytes, source: str) -> tuple[pl.DataFrame, tuple[str, ...], list[str]]:
    """Read an .arff file.

    Args:
        raw: Its bytes.
        source: What to call it.

    Returns:
        The table of cells as texts, its columns of named values, and what was decided.

    Raises:
        DataError: It is no such file, or one of tables in cells or of sparse rows.

    Example:
        >>> text = b"@attribute 'a b' real\\n@attribute c {x, y}\\n@data\\n1,x\\n?,'y'\\n"
        >>> frame, declared, _ = weka_file(text, "r.arff")
        >>> frame.columns, frame.rows(), declared
        (['a b', 'c'], [('1', 'x'), ('?', 'y')], ('c',))
    """
    lines = decode(raw, source)[0].splitlines()
    begin = next((i for i, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    found = [m for line in lines[:begin] if (m := ATTRIBUTE.match(line.strip()))]
    if begin is None or not found:
        raise DataError(
            f"{source} lacks {'a line @data' if begin is None else 'lines @attribute'}, so it is "
            "no ARFF file. Save it as CSV."
        )
    names = [bare(match[1]) for match in found]
    for name, match in zip(names, found, strict=True):
        if match[2].lower().startswith("relational"):
            raise DataError(
                f"{source}: column {cut(name)} holds a table in each cell. Give a .ts file, or a "
                "CSV with one row a step."
            )
    rows = [line for line in lines[begin + 1 :] if line.strip() and not line.startswith("%")]
    if rows and rows[0].lstrip().startswith("{"):
        raise DataError(
            f"{source} has sparse rows, {{0 1, 3 2}}, which are not read. Save it as CSV."
        )
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(names)
    text = head.getvalue() + "\n".join(map(with_double, rows))
    frame, _, notes = delimited_text(text.encode(), f"{source}, below @data")
    nominal = tuple(n for n, m in zip(names, found, strict=True) if m[2].lstrip().startswith("{"))
    return frame, nominal, notes


def bare(name: str) -> str:
    """Return a name without its quotes."""
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[:1] in "'\"" else name


def with_double(row: str) -> str:
    """Return a row with cells in double quotes instead of single ones.

    Example:
        >>> with_double("1,'a, b','it\\\\'s',isn't")
        '1,"a, b","it\\'s",isn\\'t'
    """
    if "'" not in row:
        return row

    def doubled(match: re.Match[str]) -> str:
        inner = re.sub(r"\\(.)", r"\1", match[1]).replace('"', '""')
        return f'"{inner}"'

    return QUOTED.sub(doubled, row)
