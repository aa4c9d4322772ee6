"""Block columns: numbered columns, and lists in cells, that are one picture, sequence or vector.

pixel0, pixel1, …, pixel783      one picture of 28 × 28, by their names alone
any columns of one glob          what the user says: kinds={"f*": "sequence"}
lists of numbers in cells        sequences; pictures or vectors where the user says so
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.pixels_of import (
    FEWEST,
    in_order,
    named_by,
    numbers_of,
    pixels_of,
)
from bakeoff.data.columns.column import Reading, Schema
from bakeoff.data.columns.list_column import holds_lists, leaf_of
from bakeoff.data.columns.read_labels import matching
from bakeoff.data.forms import ShapeForm, WideForm
from bakeoff.data.reading.pictures import size_of
from bakeoff.data.reading.table import Table
from bakeoff.data.reading.written_lists import written_lists
from bakeoff.errors import DataError, RequestError, option

if TYPE_CHECKING:
    import polars as pl

BLOCKS = ("image", "sequence", "tokens", "number")
SHORT = 16  # numbers that are written in a cell, as many in each, are no sequence yet: (52.5, 13.4)
PICTURE = re.compile(r"(?i)pixel|image|img|picture|photo")  # in the name of a column of lists
VECTOR = re.compile(r"(?i)embed|vector|(^|_)(emb|vec)(_|$)")
ROWS = 1_000  # that are looked at for fractions
BYTES = 255


class Block(NamedTuple):
    """Columns that are read as one.

    Args:
        name: What they are called together; the column itself, of lists in cells.
        kind: What the user says, or what their names do: "image", "sequence", "tokens", "number".
        wide: The numbered columns; None of lists in cells.
        sizes: Of a picture: height, width and, of several, channels.
    """

    name: str
    kind: str = ""
    wide: WideForm | None = None
    sizes: tuple[int, ...] = ()


def blocks_of(
    frame: pl.DataFrame, choices: Choices, image_size: str
) -> tuple[list[Block], dict[str, pl.Series]]:
    """Find the columns of the training data that are read as one.

    Args:
        frame: The training data.
        choices: Of the user: a kind for a glob joins its columns.
        image_size: Of pictures: "28x28"; "": they are square.

    Returns:
        These, and name -> lists that were written as texts.

    Raises:
        RequestError: Numbers make no picture.
    """
    answers = {*matching(frame.columns, choices.target), *choices.further, choices.target}
    names = [name for name in frame.columns if name not in answers]
    found: list[Block] = []
    read: dict[str, pl.Series] = {}
    for pattern, kind in choices.kinds.items():
        columns = in_order(matching(names, pattern))
        if len(columns) > 1:
            sizes = sizes_of(len(columns), pattern, image_size) if kind == "image" else ()
            own = named_by(pattern, kind, [own for own in frame.columns if own not in columns])
            found.append(Block(own, kind, WideForm(tuple(columns), pattern), sizes))
    open_to = not found and not set(names) & {*choices.kinds, *(choices.inputs or ())}
    if open_to and (drawn := pixels_of(frame, names)) is not None:
        own = named_by(drawn[0].pattern, "image", frame.columns)
        found.append(Block(own, "image", *drawn))
    joined = {name for block in found for name in (block.wide.names if block.wide else ())}
    for name in names:
        kind = choices.kinds.get(name, "")
        if name in joined or kind not in ("", *BLOCKS):
            continue
        pixels = kind == "image" or (not kind and PICTURE.search(name))
        held = holds_lists(frame[name]) or (pixels and holds_pixels(frame[name]))
        lists = frame[name] if held else as_written(frame[name], kind)
        if lists is not None and not held:
            read[name] = lists
        if lists is not None:
            kind = kind or kind_of_lists(frame[name], lists)
            sizes = list_sizes(lists, name, image_size) if kind == "image" else ()
            found.append(Block(name, kind, None, sizes))
    return found, read


def holds_pixels(series: pl.Series) -> bool:
    """Tell whether cells are lists of numbers, of rows of them, or of rows of colours."""
    depth, leaf = leaf_of(series.dtype)
    return 1 <= depth <= 3 and bool(leaf.is_numeric())


def kind_of_lists(cells: pl.Series, lists: pl.Series) -> str:
    """Return what lists are: pixels, by their name; a few written numbers; "" for sequences."""
    import polars as pl

    if PICTURE.search(cells.name) and are_pixels(lists):
        return "image"
    lengths = outer(lists).drop_nulls().list.len()
    if VECTOR.search(cells.name) and leaf_of(lists.dtype)[0] == 1 and lengths.n_unique() == 1:
        return "number"
    written = cells.dtype == pl.String and leaf_of(lists.dtype)[0] == 1
    return "number" if written and lengths.n_unique() == 1 and lengths[0] <= SHORT else ""


def are_pixels(lists: pl.Series) -> bool:
    """Tell whether lists are bytes, as many in each cell: those of a square, or of its rows."""
    import polars as pl

    if lists.null_count() or outer(lists).list.len().n_unique() > 1:
        return False
    listed = flat(lists)
    lengths = listed.list.len()
    count = int(lengths[0] or 0)
    if count < FEWEST or lengths.n_unique() > 1:
        return False
    square = any(isqrt(count // c) ** 2 * c == count for c in (1, 3))
    if not square and leaf_of(lists.dtype)[0] == 1:
        return False
    least: Any = listed.list.min().min()
    most: Any = listed.list.max().max()
    if least is None or least < 0 or not 1 < most <= BYTES:
        return False
    return bool(as_bytes(listed[:ROWS].explode().cast(pl.Float64).to_numpy()).dtype == np.uint8)


def outer(lists: pl.Series) -> pl.Series:
    """Return arrays of one length as lists."""
    import polars as pl

    return lists.arr.to_list() if isinstance(lists.dtype, pl.Array) else lists


def flat(lists: pl.Series) -> pl.Series:
    """Return lists of lists of numbers as lists of numbers.

    Example:
        >>> import polars as pl
        >>> flat(pl.Series([[[1, 2], [3]], None])).to_list()
        [[1, 2, 3], None]
    """
    import polars as pl

    found = outer(lists)
    while leaf_of(found.dtype)[0] > 1:
        found = found.list.eval(pl.element().explode())
    return found


def as_written(series: pl.Series, kind: str) -> pl.Series | None:
    """Return texts as lists; a single number is one where the user says that it is a sequence."""
    return written_lists(series, asked=kind in ("sequence", "tokens"))


def sizes_of(count: int, what: str, image_size: str) -> tuple[int, ...]:
    """Return height, width and, of several, channels of a picture of so many numbers.

    Args:
        count: The numbers of each row.
        what: They are, as the user named it.
        image_size: "28x28"; "": pictures are square.

    Raises:
        RequestError: No picture has so many.

    Example:
        >>> sizes_of(784, "f*", ""), sizes_of(12, "f*", "2x2"), sizes_of(3072, "f*", "")
        ((28, 28), (2, 2, 3), (32, 32, 3))
    """
    asked = size_of(image_size)
    if asked is not None and count % (asked[0] * asked[1]) == 0:
        channels = count // (asked[0] * asked[1])
        if channels <= 4:
            return asked if channels == 1 else (*asked, channels)
    for channels in (1, 3, 4) if asked is None else ():
        side = isqrt(count // channels)
        if channels * side * side == count:
            return (side, side) if channels == 1 else (side, side, channels)
    size = f"of {image_size} " if image_size else ""
    raise RequestError(
        f"{option('kinds', {what: 'image'})}: {count:,} numbers make no picture {size}of one, "
        f"three or four channels. Give the size, as {option('image_size', '28x28')}."
    )


def list_sizes(lists: pl.Series, name: str, image_size: str) -> tuple[int, ...]:
    """Return the sizes of pictures that stand in cells as lists, by the first that is there."""
    rows = lists.drop_nulls().head(1).to_list()
    if not rows or not rows[0]:
        raise RequestError(f"{option('kinds', {name: 'image'})}: no cell holds a list of numbers.")
    if not isinstance(rows[0][0], list):
        return sizes_of(len(rows[0]), name, image_size)
    across = rows[0][0]
    deep = (len(across[0]),) if across and isinstance(across[0], list) else ()
    return (len(rows[0]), len(across), *deep)


def with_blocks(table: Table, blocks: Sequence[Block]) -> Table:
    """Return a table with a column for each block: arrays, or lists of the steps of sequences.

    Args:
        table: Of training, or new.
        blocks: Of the training data.

    Raises:
        DataError: A column lacks, or a cell holds something else.
    """
    frame = table.frame
    for block in blocks:
        if block.wide is not None:
            frame = gathered(replace(table, frame=frame), block)
        elif block.name in frame.columns:
            lists = as_written(frame[block.name], block.kind)
            frame = frame if lists is None else frame.with_columns(lists)
            if block.kind in ("image", "number") and holds_pixels(frame[block.name]):
                frame = frame.with_columns(one_shape(frame[block.name], block, table.source))
    return replace(table, frame=frame)


def gathered(table: Table, block: Block) -> pl.DataFrame:
    """Put numbered columns into one, where the first of them stood.

    Raises:
        DataError: A column lacks, a cell is no number, or a pixel is missing.
    """
    import polars as pl

    frame, source = table.frame, table.source
    names = block.wide.names if block.wide is not None else ()
    lost = [name for name in names if name not in frame.columns]
    if lost:
        raise DataError(
            f"{source} lacks {len(lost):,} of the {len(names):,} columns of {cut(block.name)}, "
            f"{cut(lost[0])} among them. Give files with the same columns."
        )
    at, rest = frame.columns.index(names[0]), frame.drop(names)
    steps = block.kind in ("sequence", "tokens")
    values = np.empty((len(frame), len(names)), np.float64 if steps else np.uint8)
    for k, name in enumerate(names):
        column, strange = numbers_of(frame[name], table.mark)
        bad = np.flatnonzero(strange if steps else np.isnan(column))
        if len(bad):
            row, more = int(bad[0]), f" ({len(bad):,} such cells)" if len(bad) > 1 else ""
            raise DataError(
                f"{source}, row {row + 1:,}, column {cut(name)}: {cut(repr(frame[name][row]))} is "
                f"no {'number' if steps else 'pixel'}{more}. Give a number in every cell."
            )
        if values.dtype == np.uint8 and as_bytes(column).dtype != np.uint8:
            values = values.astype(np.float32)
        values[:, k] = column
    made = (
        pl.Series(block.name, trimmed(values))
        if steps
        else as_series(block.name, values.reshape(-1, *(block.sizes or (len(names),))))
    )
    return rest.insert_column(min(at, rest.width), made)


def trimmed(values: Array) -> pl.Series:
    """Return rows as lists; empty cells at their ends are no steps: (N, T) -> N lists."""
    import polars as pl

    known = ~np.isnan(values)
    lengths = values.shape[1] - known[:, ::-1].argmax(axis=1)
    lengths[~known.any(axis=1)] = 0
    return pl.Series([row[:n] for row, n in zip(values, lengths.tolist(), strict=True)],
                     dtype=pl.List(pl.Float64))  # fmt: skip


def as_bytes(values: Array) -> Array:
    """Return numbers as bytes where all of them are whole and from 0 to 255."""
    fits = values.min(initial=0) >= 0 and values.max(initial=0) <= BYTES
    if fits and (values == np.floor(values)).all():
        return values.astype(np.uint8)
    return values


def as_series(name: str, values: Array) -> pl.Series:
    """Return an array (N, ...) as a column of arrays of one shape."""
    import polars as pl

    return pl.Series(name, np.ascontiguousarray(values))


def one_shape(series: pl.Series, block: Block, source: str) -> pl.Series:
    """Return lists as arrays of one shape.

    Raises:
        DataError: A row has another number of values, or one is missing.
    """
    import polars as pl

    if isinstance(series.dtype, pl.Array) and not block.sizes:
        return series
    listed = flat(series)
    lengths = listed.list.len().fill_null(0).to_numpy()
    sizes = block.sizes or (int(np.bincount(lengths[lengths > 0]).argmax()),)
    count = int(np.prod(sizes))
    without = (lengths == 0) & (block.kind == "number")  # its numbers are missing
    wrong = np.flatnonzero((lengths != count) & ~without)
    if len(wrong):
        row = int(wrong[0])
        more = f" ({len(wrong):,} such rows)" if len(wrong) > 1 else ""
        raise DataError(
            f"{source}, row {row + 1:,}: {cut(block.name)} holds {lengths[row]:,} numbers, and "
            f"{' × '.join(map(str, sizes))} are {count:,}{more}. Give lists of one length, or take "
            "such rows out."
        )
    found = listed.filter(~without).explode()
    if found.dtype == pl.UInt8 and not found.null_count() and not without.any():
        return as_series(series.name, found.to_numpy().reshape(-1, *sizes))
    found = found.cast(pl.Float64, strict=False).fill_null(np.nan)
    values = np.full((len(listed), count), np.nan)
    values[~without] = found.to_numpy().reshape(-1, count)
    if block.kind == "image":
        values = as_bytes(values)
        values = values if values.dtype == np.uint8 else values.astype(np.float32)
    return as_series(series.name, values.reshape(-1, *sizes))


def named_blocks(choices: Choices, blocks: Sequence[Block]) -> Choices:
    """Return choices that speak of blocks by their names, and not of their columns."""
    if not blocks:
        return choices
    names = {block.wide.pattern: block.name for block in blocks if block.wide is not None}
    said = {block.name: block.kind for block in blocks if block.kind}
    kinds = {name: kind for name, kind in choices.kinds.items() if name not in names}
    inputs = choices.inputs
    if inputs is not None:
        inputs = [names.get(name, name) for name in inputs]
    return choices._replace(kinds={**kinds, **said}, inputs=inputs)


def with_columns(readings: Mapping[str, Reading], blocks: Sequence[Block]) -> dict[str, Reading]:
    """Return readings that know the columns that they come from."""
    found = {block.name: block for block in blocks}
    made = {}
    for name, reading in readings.items():
        form, block = reading.column.form, found.get(name)
        if block is not None and isinstance(form, ShapeForm):
            reason = reading.column.reason
            if block.kind == "image":
                reason = f"pictures of {' × '.join(map(str, block.sizes))}"
            if block.kind == "number" and form.sizes:
                reason = f"{form.sizes[0]:,} numbers in each cell"
            if block.wide is not None:
                form = replace(form, wide=block.wide)
                first, last = block.wide.names[0], block.wide.names[-1]
                reason += f", the columns {cut(first)} to {cut(last)}"
            reading = reading._replace(column=replace(reading.column, form=form, reason=reason))
        made[name] = reading
    return made


def blocks_like(schema: Schema) -> list[Block]:
    """Return the blocks that the inputs of a run come from."""
    found = []
    for name in schema.inputs:
        column = schema.column(name)
        form = column.form
        if not isinstance(form, ShapeForm) or form.long or form.series:
            continue
        sizes = (
            tuple(size or 1 for size in form.sizes) if column.kind in ("image", "number") else ()
        )
        sizes = sizes[:-1] if column.kind == "image" and sizes[-1] == 1 else sizes
        names = form.lists.names if form.lists is not None else (name,)
        found += [Block(own, column.kind, form.wide, sizes) for own in names]
    return found
