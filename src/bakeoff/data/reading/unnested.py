"""Unnested: objects in cells become columns of their own, user.age and user.place.city."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from bakeoff.data.reading.held_pictures import are_files
from bakeoff.data.reading.unpack import check_width

if TYPE_CHECKING:
    import polars as pl


def unnested(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Put each field of an object into a column of its own, named by the way to it.

    Objects in lists stay where they are, and so do empty ones and those of which a field would be
    called as another column. Of a file with its path, as an image of Hugging Face is, its bytes are
    kept.

    Args:
        frame: A table.
        source: What to call it.

    Raises:
        DataError: There are more columns then than can be looked at.

    Example:
        >>> import polars as pl
        >>> unnested(pl.DataFrame({"user": [{"age": 3, "at": {"x": 1.0}}]}), "a").columns
        ['user.age', 'user.at.x']
    """
    import polars as pl

    files = [column.name for column in frame if are_files(column.dtype)]
    frame = frame.with_columns(pl.col(name).struct.field("bytes").alias(name) for name in files)
    while True:
        fields = {
            column.name: [f"{column.name}.{field.name}" for field in column.dtype.fields]
            for column in frame
            if isinstance(column.dtype, pl.Struct)
        }
        counts = Counter([*frame.columns, *chain.from_iterable(fields.values())])
        fields = {
            name: inner for name, inner in fields.items()
            if inner and all(counts[one] == 1 for one in inner)
        }  # fmt: skip
        if not fields:
            return frame
        check_width(frame.width + sum(map(len, fields.values())), source)
        objects = [frame[name].struct.rename_fields(inner) for name, inner in fields.items()]
        frame = frame.with_columns(objects).unnest(list(fields))
