"""Yielded: what hands out its rows one by one, or in batches, becomes arrays.

a Dataset, Subset or DataLoader of torch     pairs (x, y), or dicts of values
a tf.data.Dataset                            the same, in batches or not
((x, y), (x_test, y_test))                   as Keras loads its sets: a part each
[a Dataset, another one]                     as random_split gives them
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.errors import DataError

PARTS = {2: ("train", "test"), 3: ("train", "validation", "test")}
KNOWN = ("shape", "columns", "keys", "detach", "tensors", "to_polars", "__arrow_c_stream__",
         "fingerprint")  # fmt: skip
COLOURS = (1, 3, 4)


def yielded(data: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the rows as (x, y) or a dict of columns, and what was decided; all else as it is.

    Raises:
        DataError: Rows are no pairs, or differ in shape.

    Example:
        >>> class Pairs:
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, i):
        ...         return np.full(2, i), i % 2
        >>> x, y = yielded(Pairs())[0]
        >>> x.tolist(), y.tolist()
        ([[0, 0], [1, 1], [2, 2]], [0, 1, 0])
    """
    if not yields_rows(data):
        return data, ()
    what = type(data).__name__
    rows = list(rows_of(data.dataset if is_loader(data) else data))
    if not rows:
        raise DataError(f"The {what} yields no row.")
    if all(isinstance(row, Mapping) for row in rows):
        return {str(name): stacked([row[name] for row in rows], what)[0] for name in rows[0]}, ()
    if not all(isinstance(row, (tuple, list)) and len(row) == 2 for row in rows):
        raise DataError(
            f"The {what} must yield pairs (x, y), or dicts of values; its first row is of the type "
            f"{type(rows[0]).__name__}. Give arrays as (x, y)."
        )
    y, _ = stacked([row[1] for row in rows], what)
    if isinstance(rows[0][0], Mapping):
        x = {str(name): stacked([row[0][name] for row in rows], what)[0] for name in rows[0][0]}
        return {**x, "y": y}, ()
    values, first = stacked([row[0] for row in rows], what)
    moved = f"The {what} yields pictures with their channels first, as torch has them; put last."
    return (values, y), (moved,) if first else ()


def yields_rows(data: object) -> bool:
    """Tell whether rows are asked for one by one, or come in batches."""
    if isinstance(data, (Sequence, Mapping, str, Path)) or data is None:
        return False
    if hasattr(data, "element_spec") or is_loader(data):
        return True
    asked = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    return asked and not any(hasattr(data, name) for name in KNOWN)


def is_loader(data: Any) -> bool:
    """Tell whether this is a DataLoader: its data set has the rows in their order."""
    return hasattr(data, "batch_size") and hasattr(data, "dataset")


def rows_of(data: Any) -> Iterator[Any]:
    """Yield the rows, those of batches one by one."""
    if not hasattr(data, "element_spec"):
        for i in range(len(data)):
            yield data[i]
        return
    batches = data.unbatch() if in_batches(data.element_spec) else data
    yield from batches.as_numpy_iterator()


def in_batches(spec: Any) -> bool:
    """Tell whether a tf.data.Dataset yields batches: all that it yields begins with one axis."""
    leaves = [spec] if hasattr(spec, "shape") else []
    for own in spec.values() if isinstance(spec, Mapping) else spec if not leaves else ():
        leaves += list(own.values()) if isinstance(own, Mapping) else [own]
    shapes = [tuple(leaf.shape) for leaf in leaves]
    return all(shapes) and len({shape[0] for shape in shapes}) == 1


def stacked(values: list[Any], what: str) -> tuple[Any, bool]:
    """Return the values of all rows as one array, or as a list of texts or of sequences.

    Args:
        values: One of each row: numbers, texts, arrays, tensors or pictures.
        what: Who yields them.

    Returns:
        They, and whether they are pictures whose channels came first.

    Raises:
        DataError: Pictures differ in size.
    """
    if isinstance(values[0], (str, bytes)):
        return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values], False
    arrays = [plain(value) for value in values]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        axes = {len(shape) for shape in shapes}
        if axes <= {1, 2} and len(axes) == 1 and len({shape[1:] for shape in shapes}) == 1:
            return arrays, False  # sequences of their own lengths
        one, other = sorted(shapes)[:2]
        raise DataError(
            f"The {what} yields rows of {len(shapes):,} shapes, {one} and {other} among them. "
            "Bring them to one, as transforms.Resize((64, 64)) does."
        )
    shape = next(iter(shapes))
    first = (
        len(shape) == 3 and shape[0] in COLOURS and shape[2] > max(COLOURS)
        and hasattr(values[0], "detach")
    )  # fmt: skip
    result: Array = np.empty((len(arrays), *shape), np.result_type(*{a.dtype for a in arrays}))
    for i, array in enumerate(arrays):
        result[i] = array
    return np.moveaxis(result, 1, -1) if first else result, first


def plain(value: Any) -> Array:
    """Return a tensor, a picture or a number as an array."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    return array.astype(np.uint8) * 255 if array.dtype == bool and array.ndim > 1 else array


def pairs_by_part(data: object) -> dict[str, Any]:
    """Return the parts of ((x, y), (x_test, y_test)), or of a list of what yields rows.

    Example:
        >>> train, test = (np.eye(3), np.arange(3)), (np.eye(2, 3), np.arange(2))
        >>> list(pairs_by_part((train, test))), pairs_by_part(train)
        (['train', 'test'], {})
    """
    if not isinstance(data, (tuple, list)) or len(data) not in PARTS:
        return {}
    pairs = all(isinstance(own, (tuple, list)) and len(own) == 2 for own in data)
    arrays = pairs and all(getattr(values, "ndim", 0) for values in chain.from_iterable(data))
    if arrays and all(len(x) == len(y) for x, y in data):
        return dict(zip(PARTS[len(data)], map(tuple, data), strict=True))
    if all(yields_rows(own) for own in data):
        return dict(zip(PARTS[len(data)], data, strict=True))
    return {}
