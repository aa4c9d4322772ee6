"""Row keys: a number for each row that is equal where all of its inputs are."""

from __future__ import annotations

import hashlib

import numpy as np

from bakeoff.data.array import Array, numbered
from bakeoff.data.blocks import Pictures, Sequences
from bakeoff.data.dataset import Dataset

AT_ONCE = 2**23  # bytes of rows that are laid side by side


def row_keys(dataset: Dataset, inputs: list[str]) -> Array:
    """Return one value per row that is equal where all inputs are equal."""
    columns = [dataset.arrays[name] for name in inputs]
    sequences = [values for values in columns if isinstance(values, Sequences)]
    others = [values for values in columns if not isinstance(values, Sequences)]
    flat = [v if isinstance(v, Pictures) else numbered(v) for v in others]
    keys = []
    wide = sum(bytes_of(values[:1]).size for values in flat)
    step = max(1, min(10_000, AT_ONCE // max(1, wide)))
    for start in range(0, len(dataset), step):
        some = slice(start, start + step)
        nothing = np.empty((min(step, len(dataset) - start), 0), np.uint8)
        rows = np.concatenate([nothing, *(bytes_of(values[some]) for values in flat)], axis=1)
        for i, row in enumerate(rows):
            digest = hashlib.blake2b(row, digest_size=8)
            for values in sequences:
                steps = unsigned(values[start + i])
                digest.update(len(steps).to_bytes(8))
                digest.update(steps.tobytes())
            keys.append(digest.digest())
    return np.frombuffer(b"".join(keys), dtype=np.uint64)


def bytes_of(values: Array | Pictures) -> Array:
    """Return bytes that are equal where the values are: (n, ...) -> (n, bytes)."""
    rows = unsigned(np.asarray(values))
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def unsigned(values: Array) -> Array:
    """Return the same values, zeros without a sign."""
    return values + 0.0 if values.dtype.kind == "f" else values
