"""Records: JSON, as an array of objects or one object per line, becomes a frame."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bakeoff.data.reading.frames import from_columns
from bakeoff.data.reading.unpack import check_cells
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

DEEPEST = 20  # lists and objects in each other, in one cell


def records(rows: list[Any], size: int, source: str) -> pl.DataFrame:
    """Turn a list of objects into a frame; a key that a row lacks is missing there.

    Args:
        rows: Of the file, parsed.
        size: Bytes of the file.
        source: What to call it.

    Raises:
        DataError: A row is no object, or a text is not a whole one.
    """
    wrong = next((i for i, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise DataError(f"{source}, row {wrong + 1:,} is not an object with named values.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_cells(len(rows), len(names), size, source)
    return columns_of({name: [row.get(name) for row in rows] for name in names}, source)


def json_lines(raw: bytes, source: str) -> pl.DataFrame:
    """Read one JSON object per line."""
    rows = [
        parsed(line, f"{source}, line {number:,}")
        for number, line in enumerate(json_text(raw, source).split("\n"), 1)
        if line.strip()
    ]
    return records(rows, len(raw), source)


def json_array(raw: bytes, source: str) -> pl.DataFrame:
    """Read a JSON array of objects; JSON lines under the wrong name are read, too."""
    text = json_text(raw, source)
    try:
        rows = parsed(text, source)
    except DataError:
        if text.lstrip().startswith("{"):
            return json_lines(raw, source)
        raise
    rows = rows_within(rows) if isinstance(rows, dict) else rows
    if isinstance(rows, dict) and rows and all(isinstance(v, list) for v in rows.values()):
        return columns_of(rows, source)
    if isinstance(rows, dict) and are_by_index(rows):
        inner = list(rows.values())
        if len(rows) > len(inner[0]):
            return records(inner, len(raw), source)
        return columns_of({name: list(cells.values()) for name, cells in rows.items()}, source)
    return records(rows if isinstance(rows, list) else [rows], len(raw), source)


def rows_within(whole: dict[str, Any]) -> Any:
    """Return the rows within an object: those of pandas' split form, of GeoJSON, of one list.

    A service often sends its rows beside a few words about them: {"count": 2, "results": [...]}.
    """
    names, data = whole.get("columns"), whole.get("data")
    if (
        isinstance(names, list)
        and isinstance(data, list)
        and len(set(map(str, names))) == len(names)
        and all(isinstance(row, list) and len(row) == len(names) for row in data)
    ):
        return [dict(zip(map(str, names), row, strict=True)) for row in data]
    if whole.get("type") == "FeatureCollection" and isinstance(whole.get("features"), list):
        return [of_feature(f) if isinstance(f, dict) else f for f in whole["features"]]
    lists = [value for value in whole.values() if isinstance(value, list) and value]
    return lists[0] if len(lists) == 1 and isinstance(lists[0][0], dict) else whole


def of_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature of GeoJSON as a row: its properties, and where it lies if it is a point."""
    told, geometry = feature.get("properties"), feature.get("geometry")
    row = dict(told) if isinstance(told, dict) else {}
    place = geometry if isinstance(geometry, dict) else {}
    at = place.get("coordinates") if place.get("type") == "Point" else None
    if isinstance(at, list) and len(at) >= 2:
        row = {**row, "longitude": at[0], "latitude": at[1]}
    return row


def are_by_index(whole: dict[str, Any]) -> bool:
    """Tell whether an object holds columns or rows as pandas writes them: {"a": {"0": 1}}.

    Whichever there are more of are the rows.
    """
    if not all(isinstance(cells, dict) and cells for cells in whole.values()):
        return False
    keys = {tuple(cells) for cells in whole.values()}
    return len(keys) == 1 and len(whole) + len(next(iter(keys))) > 2


def json_text(raw: bytes, source: str) -> str:
    """Decode JSON, which is UTF-8, or UTF-16 that says so."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{source} is not UTF-8, as JSON must be: byte {error.start:,} does not fit. "
            "Save it as UTF-8."
        ) from error


def parsed(text: str, place: str) -> Any:
    """Parse JSON.

    Args:
        text: A line, or a whole file.
        place: Where it stands, for the message.
    """
    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        line = f", line {error.lineno:,}" if "\n" in text else ""
        where = f"{error.msg} at column {error.colno}"
        raise DataError(f"{place}{line} is not JSON: {where}.") from error
    except RecursionError as error:
        raise DataError(
            f"{place} nests lists or objects too deep to be read. Give single values."
        ) from error
    except KeyError as error:
        raise DataError(
            f"{place}: an object has the key {error.args[0][:60]!r} twice. Rename one of them."
        ) from error
    except ValueError as error:
        raise DataError(
            f"{place} holds an integer of more than 4,300 digits. Write it as text."
        ) from error


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; none of its keys may come twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = sorted(name for name, _ in pairs)
        raise KeyError(next(a for a, b in pairwise(names) if a == b))
    return found


def columns_of(columns: dict[str, list[Any]], source: str) -> pl.DataFrame:
    """Make a frame of columns, or name the cell that no column can hold."""
    for name, values in columns.items():
        deep = next((i for i, value in enumerate(values) if is_deep(value, DEEPEST)), None)
        if deep is not None:
            raise DataError(
                f"{source}, row {deep + 1:,}: {name[:60]!r} nests lists or objects more than "
                f"{DEEPEST} deep. Leave it out, or give single values."
            )
    try:
        return from_columns(columns)
    except UnicodeEncodeError as error:
        name, row = broken_text(columns)
        raise DataError(
            f"{source}, row {row:,}: the text of {name[:60]!a} holds half a character, such as "
            "\\ud800. Correct the cell."
        ) from error


def is_deep(value: Any, depth: int) -> bool:
    """Tell whether lists and objects nest more than `depth` deep."""
    if not isinstance(value, list | dict):
        return False
    if depth == 0:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return any(is_deep(part, depth - 1) for part in parts)


def broken_text(columns: dict[str, list[Any]]) -> tuple[str, int]:
    """Return column and row, from 1, of the first text that UTF-8 cannot write."""
    for name, values in columns.items():
        for row, value in enumerate(values, 1):
            try:
                f"{name}{json.dumps(value, ensure_ascii=False)}".encode()
            except UnicodeEncodeError:
                return name, row
    return "", 1
