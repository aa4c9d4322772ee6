"""Lines above: what stands over the names of a table, as comments and titles, is no part of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from itertools import islice

from bakeoff.cut import cut
from bakeoff.data.reading.lacks_names import lacks_names, number_of

MOST_ABOVE = 50  # lines
LOOKED_AT = 500  # rows that tell how wide the table is
NEARLY_ALL = 0.9  # share of them that are so wide
LEAST_WIDE = 3  # cells from which on a line of half of them at most is no row
SNIFFED = 1_000_000  # characters


def lines_above(text: str, separator: str, source: str) -> tuple[str, int, list[str]]:
    """Take off the lines above the names of a table: comments with #, and lines of few cells.

    A line of names may begin with #, as NumPy writes it.

    Args:
        text: Of the file.
        separator: Of its columns; "" for blanks.
        source: What to call it.

    Returns:
        The text below, how many lines stood above it, and what is said of them.

    Example:
        >>> lines_above("# by hand\\n# a,b\\n3,2\\n1,4\\n5,6\\n", ",", "x.csv")[:2]
        ('a,b\\n3,2\\n1,4\\n5,6\\n', 1)
    """
    lines = text[:SNIFFED].splitlines(keepends=True)
    if any(line.count('"') % 2 for line in lines[: MOST_ABOVE + 1]):
        return text, 0, []  # a cell of several lines
    filled = ((number, line) for number, line in enumerate(lines) if line.strip())
    rows = [(number, cells_of(line, separator)) for number, line in islice(filled, LOOKED_AT)]
    widths = Counter(len(cells) for _, cells in rows if not cells[0].startswith("#"))
    width = max(widths, key=lambda one: widths[one], default=1)
    names = first_below([cells for _, cells in rows], width if separator else 0)
    wide = sum(len(cells) == width for _, cells in rows[names:])
    if not names or width < 2 or wide < NEARLY_ALL * len(rows[names:]):
        return text, 0, []
    first = rows[names][0]
    below = "".join(lines[first:])
    last, cells = rows[names - 1]
    told = lines[last].lstrip("# \t") if cells[0].startswith("#") else ""
    table = [cells for _, cells in rows[names:]]
    if told and len(cells_of(told, separator)) == width and not begins_with_names(table):
        first, below = last, told + below
    said = [line.strip() for line in lines[:first] if line.strip()]
    below += text[sum(map(len, lines)) :]
    return below, first, [say_above(said, source)] if said else []


def cells_of(line: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    if not separator:
        return line.split()
    return next(csv.reader(io.StringIO(line), delimiter=separator), [""]) or [""]


def first_below(rows: list[list[str]], width: int) -> int:
    """Return which row holds the names, or is the first of the table; 0 where nothing is above.

    Lines of few cells may have been filled up with empty ones, as spreadsheets do: names must tell
    themselves from those.

    Args:
        rows: The cells of each.
        width: Cells of most rows; 0 where blanks stand between them, and lines may be sentences.
    """

    few = width // 2 if width >= LEAST_WIDE else 0

    def first(cells_in: Callable[[list[str]], int]) -> int:
        above = (is_comment(row, width) or cells_in(row) <= few for row in rows)
        found = next((i for i, is_so in enumerate(above) if not is_so), 0)
        return found if found <= MOST_ABOVE else 0

    filled, long = first(lambda row: sum(bool(cell.strip()) for cell in row)), first(len)
    names = [cell.strip() for cell in rows[filled]] if rows else []
    if all(names) and len(set(names)) == len(names) and not any(map(number_of, names)):
        return filled
    if not lacks_names("\n".join("\t".join(row) for row in rows[long:]), "\t"):
        return long
    return next((i for i, row in enumerate(rows) if not is_comment(row, width)), 0)


def begins_with_names(rows: list[list[str]]) -> bool:
    """Tell whether the first row stands above numbers and is none itself, in any column.

    So a comment with as many cells as a table is told from its names, which may begin with #.
    """
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    return any(
        number_of(cell) is None and all(number_of(row[i]) is not None for row in below)
        for i, cell in enumerate(rows[0])
        if below and cell.strip()
    )


def is_comment(cells: list[str], width: int) -> bool:
    """Tell whether a line is a comment; the name of a first column may be #."""
    return cells[0].startswith("#") and not (cells[0].strip() == "#" and len(cells) == width)


def say_above(lines: list[str], source: str) -> str:
    """Say what is left out."""
    many = "1 line" if len(lines) == 1 else f"{len(lines):,} lines"
    return f"{source}: {many} above the names left out, {cut(lines[0])!r} first."
