"""Lacks names: whether the first line of a table is a row, as in old data sets.

    6,148,72,35,0,33.6,0.627,50,1             numbers above numbers, not in rising order
    5.1,3.5,1.4,0.2,Iris-setosa               and a class that comes again below
    vhigh,vhigh,2,2,small,low,unacc           every word comes again below

A name is taken for a name where there is any doubt: where one text is found nowhere below, or all
names are numbers that rise, as years and places of pixels do.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from itertools import islice, pairwise

from bakeoff.data.reading.cells import MISSING_WORDS

LOOKED_AT = 2_000  # rows below
MOSTLY = 0.9  # share of the cells of a column of numbers that are numbers
LONG = 5  # words of a text that is no name
SEVERAL = 20  # rows that may tell that a column holds one value, and not its name by chance
DIGITS = 4  # of a text that is written as others below, such as a date


def lacks_names(text: str, separator: str, *, otherwise: bool = False) -> bool:
    """Tell whether a table has no names: its first line is a row like those below.

    Args:
        text: The beginning of the table.
        separator: Of its columns.
        otherwise: It goes with a table that has none, so that its first line is a row unless it
            holds the names that we gave.

    Example:
        >>> rows = "4.9,b\\n6.2,a\\n"
        >>> lacks_names("5.1,a\\n" + rows, ","), lacks_names("size,kind\\n" + rows, ",")
        (True, False)
    """
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [row for row in islice(lines, LOOKED_AT + 1) if row]
    except csv.Error:
        return False
    if otherwise:
        return bool(rows) and not are_ours(rows[0])
    if len(rows) < 3 or len(rows[0]) < 2:
        return False
    first, *below = ([cell.strip() for cell in row] for row in rows if len(row) == len(rows[0]))
    if not below:
        return False
    columns = zip(first, zip(*below, strict=True), strict=True)
    verdicts = [judged(cell, [c for c in cells if not is_missing(c)]) for cell, cells in columns]
    if "surely" in verdicts:
        return True
    if "name" in verdicts or "row" not in verdicts:
        return False
    numbers = [number for cell in first if (number := number_of(cell)) is not None]
    rising = all(before < after for before, after in pairwise(numbers))
    return len(numbers) < len(first) or not rising


def judged(cell: str, below: list[str]) -> str:
    """Say what the first cell of a column is: a "row" as those below, a "name", or "" in doubt.

    It is "surely" a row where it is what nearly all others are, or is written as others with many
    digits, as a date is: no name looks like that.
    """
    if is_missing(cell) or not below:
        return "" if is_missing(cell) else "name"
    numbers = sum(number_of(one) is not None for one in below)
    if numbers >= MOSTLY * len(below):
        return "name" if number_of(cell) is None else "row"
    if cell in below:
        constant = len(below) >= SEVERAL and below.count(cell) > MOSTLY * len(below)
        return "surely" if constant else "row"
    digits, alike = len(re.findall(r"\d", cell)), list(map(shape_of, below)).count(shape_of(cell))
    if digits >= DIGITS and alike:
        return "surely"
    if digits and 2 * alike > len(below):
        return "row"
    return "" if len(cell.split()) >= LONG else "name"


def number_of(cell: str) -> float | None:
    """Return a number; None of all else."""
    try:
        return float(cell)
    except ValueError:
        return None


def shape_of(cell: str) -> str:
    """Return how a text is written: 2024-05-01 as 9999-99-99."""
    return re.sub(r"\d", "9", cell)


def is_missing(cell: str) -> bool:
    """Tell whether a cell stands for no value."""
    return not cell or cell.lower() in MISSING_WORDS


def are_ours(names: Iterable[str]) -> bool:
    """Tell whether all names are such as `numbered` gives."""
    return all(re.fullmatch(r"column_[1-9]\d*", name) for name in names)


def numbered(count: int) -> list[str]:
    """Return names for so many columns: column_1, column_2 and so on."""
    return [f"column_{i}" for i in range(1, count + 1)]


def aligned(text: str) -> str:
    """Return a table whose columns stand apart by blanks with tabs in their place; else "".

    Every line must have as many cells, and most of these must be numbers.

    Example:
        >>> aligned(" 0.5   18.0\\n 0.25  2.1 \\n 1  2\\n")
        '0.5\\t18.0\\n0.25\\t2.1\\n1\\t2\\n'
        >>> aligned("a line of text\\nanother line here\\n")
        ''
    """
    below = [line.split() for line in islice(io.StringIO(text), 1, LOOKED_AT) if line.strip()]
    cells = [cell for row in below for cell in row]
    numbers = sum(number_of(cell) is not None for cell in cells)
    if len(below) < 2 or len(below[0]) < 2 or numbers < MOSTLY * len(cells) or '"' in text:
        return ""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if len({len(row) for row in rows}) > 1:
        return ""
    return "".join("\t".join(row) + "\n" for row in rows)
