"""Declared in Parquet: which columns the writer of a file calls categories.

polars reads a dictionary of integers as integers. Two places in the metadata tell what they were:
the JSON that pandas writes, and the Arrow schema, a flatbuffer, where a field has a dictionary. A
third, of Hugging Face, names the classes of a column of their numbers.
"""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

FIELDS = 1  # places in the tables of Arrow's Schema.fbs and Message.fbs
NAME, DICTIONARY = 0, 4
HEADER = 2


def declared_in_parquet(raw: bytes) -> tuple[str, ...]:
    """Return the columns that a Parquet file declares to be categories; none where it says nothing.

    Args:
        raw: The bytes of the file.
    """
    import polars as pl

    try:
        notes = pl.read_parquet_metadata(io.BytesIO(raw))
        by_pandas = [
            str(column["field_name"])
            for column in json.loads(notes.get("pandas", "{}")).get("columns", [])
            if column.get("pandas_type") == "categorical"
        ]
        schema = base64.b64decode(notes.get("ARROW:schema", ""), validate=True)
        return tuple(dict.fromkeys([*by_pandas, *dictionaries(schema)]))
    except Exception:  # metadata may hold anything; what cannot be read declares nothing
        return ()


def classes_in_parquet(raw: bytes) -> dict[str, list[str]]:
    """Return the names of the classes of columns that hold their numbers, as Hugging Face has them.

    Args:
        raw: The bytes of the file.
    """
    import polars as pl

    try:
        notes = json.loads(pl.read_parquet_metadata(io.BytesIO(raw)).get("huggingface", "{}"))
        return {
            str(column): [str(name) for name in feature["names"]]
            for column, feature in notes["info"]["features"].items()
            if feature.get("_type") == "ClassLabel"
        }
    except Exception:  # as above
        return {}


def with_names(frame: pl.DataFrame, classes: Mapping[str, list[str]]) -> pl.DataFrame:
    """Write classes by their names; -1 is none. Numbers without a name leave a column as it is.

    Example:
        >>> import polars as pl
        >>> with_names(pl.DataFrame({"y": [1, 0, -1]}), {"y": ["cat", "dog"]})["y"].to_list()
        ['dog', 'cat', None]
    """
    import polars as pl

    for column, names in classes.items():
        numbers = frame[column] if column in frame.columns else pl.Series()
        known = numbers.dtype.is_integer() and len(set(names)) == len(names)
        if known and numbers.is_between(-1, len(names) - 1).all():
            words = pl.Series(column, names).gather(numbers.set(numbers == -1, None))
            frame = frame.with_columns(words)
    return frame


def dictionaries(schema: bytes) -> list[str]:
    """Return the fields of an Arrow schema message that are dictionaries.

    Source: Apache Arrow, "Encapsulated message format" and Schema.fbs; Google, "FlatBuffer
    internals": a table begins with the distance back to the list of where its entries stand.
    """
    if not schema:
        return []
    start = 8 if schema[:4] == b"\xff\xff\xff\xff" else 4  # a mark, and the length of what follows
    message = start + number(schema, start)
    fields = entry(schema, entry(schema, message, HEADER), FIELDS)
    count = number(schema, fields)
    found = []
    for i in range(min(count, len(schema))):
        place = fields + 4 + 4 * i
        field = place + number(schema, place)
        if entry(schema, field, DICTIONARY):
            name = entry(schema, field, NAME)
            size = number(schema, name)
            found.append(schema[name + 4 : name + 4 + size].decode())
    return found


def entry(buffer: bytes, table: int, slot: int) -> int:
    """Return where the table, list or text in a slot of a table stands; 0 where there is none."""
    slots = table - number(buffer, table, "<i")
    if 4 + 2 * slot >= number(buffer, slots, "<H"):
        return 0
    offset = number(buffer, slots + 4 + 2 * slot, "<H")
    return table + offset + number(buffer, table + offset) if offset else 0


def number(buffer: bytes, place: int, form: str = "<I") -> int:
    """Read an integer; by default one of four bytes without a sign."""
    return int(struct.unpack_from(form, buffer, place)[0])
