"""List cells: cells that hold lists or arrays of numbers, each row a sequence of its own length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

DEEPEST = 2  # a list of numbers, or of vectors
NUMBERS = (int, float, bool, np.number, np.bool_)


def list_cells(name: str, cells: Sequence[Any]) -> pl.Series | None:
    """Turn cells of lists or arrays into a polars column of lists of one type.

    polars itself takes the type of the first list and cuts [1, 2], [1.5] to integers.

    Args:
        name: Of the column.
        cells: Lists, tuples, arrays or tensors; None where there is none.

    Returns:
        The column; None where something else than numbers stands in most cells, or cells nest
        differently.

    Raises:
        DataError: Most cells hold numbers alone, and another one does not: it is named.

    Example:
        >>> list_cells("x", [[1, 2], [1.5], None]).to_list()
        [[1.0, 2.0], [1.5], None]
    """
    import polars as pl

    given = [cell for cell in cells if cell is not None]
    if not given or not all(is_list(cell) for cell in given):
        return None
    if all(isinstance(cell, np.ndarray) for cell in given):
        return array_cells(name, cells)
    listed = [None if cell is None else plain(cell) for cell in cells]
    depths: set[int] = set()
    types: set[type] = set()
    for cell in listed:
        look_into(cell, 0, depths, types)
    numbers = all(issubclass(kind, NUMBERS) for kind in types)
    if not numbers:
        refuse_strange(name, listed)
    if not numbers or len(depths) > 1 or not depths <= {1, DEEPEST}:
        return None
    whole: list[Any] = [pl.Int64] if all(issubclass(kind, int) for kind in types) else []
    for leaf in (*whole, pl.Float64):
        dtype = pl.List(leaf) if depths != {DEEPEST} else pl.List(pl.List(leaf))
        try:
            return pl.Series(name, listed, dtype=dtype)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            continue  # integers beyond 64 bits
    return None


def refuse_strange(name: str, listed: Sequence[Any]) -> None:
    """Refuse a column in which most cells are lists of numbers, and a few hold something else.

    Raises:
        DataError: The first such cell is named.
    """
    strange: dict[int, Any] = {}
    filled = [row for row, cell in enumerate(listed) if cell]
    for row in filled:
        for value in flat(listed[row]):
            if value is not None and not isinstance(value, NUMBERS):
                strange.setdefault(row, value)
    if 2 * len(strange) >= len(filled):
        return
    first = min(strange)
    more = f", and {len(strange) - 1:,} more rows" if len(strange) > 1 else ""
    raise DataError(
        f"Column {name!r} holds lists of numbers, but {cut(repr(strange[first]))} stands in row "
        f"{first + 1:,}{more}. Correct such cells, or empty them."
    )


def flat(value: Any) -> Iterator[Any]:
    """Yield what stands in nested lists."""
    if isinstance(value, list):
        for one in value:
            yield from flat(one)
    else:
        yield value


def is_list(cell: Any) -> bool:
    """Tell whether a cell is a list, a tuple, an array or a tensor."""
    return isinstance(cell, list | tuple) or (
        hasattr(cell, "__array__") and not isinstance(cell, np.generic)
    )


def plain(cell: Any) -> Any:
    """Return lists of plain values, whatever lists, arrays and tensors stand in each other."""
    if isinstance(cell, list | tuple):
        return [plain(value) for value in cell]
    if hasattr(cell, "tolist"):
        return cell.tolist()
    return None if type(cell).__name__ == "NAType" else cell


def look_into(value: Any, depth: int, depths: set[int], types: set[type]) -> None:
    """Collect how deep the values of a cell stand, and their types.

    Args:
        value: The cell, or what stands in it.
        depth: Of the value.
        depths: Is added to.
        types: Is added to.
    """
    if isinstance(value, list):
        for one in value:
            look_into(one, depth + 1, depths, types)
    elif value is not None:
        depths.add(depth)
        types.add(type(value))


def array_cells(name: str, cells: Sequence[Any]) -> pl.Series | None:
    """Turn arrays (T,) or (T, F) into a column of lists, without a Python object for each number.

    Arrays of different widths go through lists, so that whoever reads them can name the row.
    """
    import polars as pl

    arrays = [cell for cell in cells if cell is not None and cell.size]
    shapes = {array.shape[1:] for array in arrays}
    if any(array.dtype.kind not in "biuf" or array.ndim > DEEPEST for array in arrays):
        return None
    if not arrays or len({len(shape) for shape in shapes}) > 1:
        return None
    if len(shapes) > 1:
        listed = [None if cell is None else cell.tolist() for cell in cells]
        return pl.Series(name, listed, dtype=pl.List(pl.List(pl.Float64)))
    lengths = np.array([0 if cell is None or not cell.size else len(cell) for cell in cells])
    steps = np.concatenate(arrays)
    if steps.dtype == np.float16:  # which polars does not know
        steps = steps.astype(np.float32)
    return in_lists(name, steps, lengths)


def in_lists(name: str, steps: Array, lengths: Array) -> pl.Series:
    """Cut steps (S,) or (S, F) into lists of so many (N,), missing where there are none."""
    import polars as pl

    rows = np.arange(len(lengths))
    frame = pl.DataFrame({"row": np.repeat(rows, lengths), "step": pl.Series(steps)})
    lists = frame.group_by("row", maintain_order=True).agg("step")
    whole = pl.DataFrame({"row": rows}).join(lists, on="row", how="left", maintain_order="left")
    return whole["step"].alias(name)
