"""Array: what columns, inputs and targets are made of."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
"""What each column holds."""


def within(values: Array, lengths: Array) -> Array:
    """Return where sequences are real: (N, T, ...), lengths (N,) -> (N, T), False in the padding.

    Example:
        >>> within(np.zeros((2, 3, 1)), np.array([1, 3])).tolist()
        [[True, False, False], [True, True, True]]
    """
    return np.asarray(np.arange(values.shape[1]) < lengths[:, None])


def is_missing(values: Array) -> Array:
    """Return (N,) True where a column of single values has none."""
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
