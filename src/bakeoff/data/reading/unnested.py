"""Unnested: objects in cells become columns of their own, user.age and user.place.city."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.data.reading.held_pictures import are_files
from bakeoff.data.reading.unpack import check_width

if TYPE_CHECKING:
    import polars as pl


def unnested(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Put each field of an object into a column of its own, named by the way to it.

    Objects in lists stay where they are; a field whose name a column has already does, too. Of a
    file with its path, as an image of Hugging Face is, its bytes are kept.

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
        taken = set(frame.columns)
        objects = [
            column
            for column in frame
            if isinstance(column.dtype, pl.Struct)
            and not taken.intersection(f"{column.name}.{f.name}" for f in column.dtype.fields)
        ]
        if not objects:
            return frame
        names = {
            column.name: [f"{column.name}.{f.name}" for f in column.dtype.fields]  # type: ignore[attr-defined]
            for column in objects
        }
        check_width(frame.width + sum(map(len, names.values())), source)
        frame = frame.with_columns(
            column.struct.rename_fields(names[column.name]) for column in objects
        ).unnest(list(names))
