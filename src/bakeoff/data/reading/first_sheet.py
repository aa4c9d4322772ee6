"""First sheet: the first sheet with rows of an Excel workbook, as the CSV that it would be."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from bakeoff.cut import cut
from bakeoff.data.reading.unpack import BROKEN, cause, check_cells, check_unpacked
from bakeoff.errors import DataError
from bakeoff.listed import listed

WORKBOOKS = (".xlsx", ".xlsm")
CELL = re.compile(rb"<(?:\w+:)?(?:row|c)\b[^>]*?\br\s*=\s*[\"']([A-Za-z]{0,3})(\d{1,7})")
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # how XML in UTF-16 begins


def first_sheet(raw: bytes, source: str) -> tuple[bytes, list[str]]:
    """Return a sheet as CSV, every cell as text, and which one it is where there are several.

    Args:
        raw: The workbook.
        source: What to call it.

    Raises:
        DataError: It cannot be read, says that it is larger than it is, or nothing can read it.
    """
    import polars as pl

    try:
        import fastexcel
    except ImportError as error:
        raise DataError(
            f"{source} is a workbook of Excel, and what reads it is not installed: pip install "
            "'bakeoff[excel]', or save the sheet as CSV."
        ) from error
    check_sheets(raw, source)
    try:
        book = fastexcel.read_excel(raw)
        names = list(book.sheet_names)
        for name in names:
            sheet: Any = book.load_sheet(name, header_row=None, dtypes="string")
            frame = pl.DataFrame(sheet)
            frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines are no rows
            if frame.height and frame.width:
                others = [cut(repr(other)) for other in names if other != name]
                told = f"{source}: the sheet {cut(repr(name))} is read, and not {listed(others)}."
                return frame.write_csv(include_header=False).encode(), [told] if others else []
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{source} is not a readable workbook: {cause(error)}.") from error
    raise DataError(f"{source} has no rows in any sheet. Give a table with rows.")


def check_sheets(raw: bytes, source: str) -> None:
    """Refuse a workbook that unpacks to too much, or two cells of which lie too far apart.

    Raises:
        DataError: It is no archive, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            check_unpacked(sum(member.file_size for member in members), len(raw), source)
            for member in members:
                xml = archive.read(member)
                if xml.startswith(WIDE):
                    raise DataError(f"{source} holds UTF-16, which is not read: save it as CSV.")
                check_cells(*extent(xml), len(raw), source)
    except DataError:
        raise
    except BROKEN as error:
        raise DataError(f"{source} is not a readable workbook: {cause(error)}.") from error


def extent(xml: bytes) -> tuple[int, int]:
    """Return the last row and the last column that a sheet names.

    Example:
        >>> extent(b'<row r="2"><c r="A2"/><c r="AB2"/></row>')
        (2, 28)
    """
    last = [1, 1]
    for letters, digits in CELL.findall(xml):
        column = 0
        for letter in letters:
            column = 26 * column + (letter & 31)
        last = [max(last[0], int(digits)), max(last[1], column)]
    return last[0], last[1]
