"""Ragged: sequences of different lengths, as lists or as an object array of them, become cells.

Keras gives reviews so: an array of lists of word numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def is_ragged(values: object) -> bool:
    """Tell whether these are lists or arrays of different lengths, which make no one array.

    Example:
        >>> is_ragged([[1, 2], [3]]), is_ragged([[1, 2], [3, 4]]), is_ragged([1, 2])
        (True, False, False)
    """
    if isinstance(values, np.ndarray):
        values = values.tolist() if values.dtype == object and values.ndim == 1 else ()
    if not isinstance(values, (list, tuple)) or not values:
        return False
    if not all(isinstance(one, (list, tuple, np.ndarray)) for one in values):
        return False
    return len({len(one) for one in values}) > 1


def as_cells(values: Any) -> list[Any]:
    """Return rows as cells of a column, each a list or an array."""
    return list(values)


def are_ragged_pairs(given: Mapping[str, object]) -> bool:
    """Tell whether every part is (x, y), and x of one of them ragged."""
    pairs = [v for v in given.values() if isinstance(v, (tuple, list)) and len(v) == 2]
    return len(pairs) == len(given) and any(is_ragged(x) for x, _ in pairs)


def in_columns(given: Mapping[str, Any]) -> dict[str, object]:
    """Turn (x, y) of each part to columns x and y.

    Args:
        given: "train", "validation", "test" -> (x, y).

    Example:
        >>> in_columns({"train": ([[1, 2], [3]], [0, 1])})
        {'train': {'x': [[1, 2], [3]], 'y': [0, 1]}}
    """
    return {part: {"x": as_cells(x), "y": list(y)} for part, (x, y) in given.items()}
