"""Views: the ways in which a page can see the data, made from arrays and fitted transforms.

    table, 2-D array      table (N, F), categories (N, K)                      plain
    image (N, Y, X, C)    image (N, C, Y, X), sequence (N, Y, X·C), vector     plain
    sequence (N, T, F)    sequence with lengths, vector                        plain
    volume                volume (N, C, Z, Y, X), vector                       plain

`plain` is for trees: unscaled, NaN where missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.blocks import Pixels, Steps, within
from bakeoff.data.preparing.transforms import Categories, Numbers


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One way to see the data.

    Args:
        inputs: Argument of the page (`x`, `lengths`, `categories`) -> array of all rows.
        sizes: Constructor arguments that follow (`in_features`, `category_sizes`, `in_channels`,
            `image_size`).
    """

    inputs: Mapping[str, Array]
    sizes: Mapping[str, Any]


def table_views(
    dataset: Dataset, names: tuple[str, ...], transforms: Mapping[str, Any]
) -> dict[str, View]:
    """Return the views of a table: numbers side by side, categories side by side."""
    rows = len(dataset)
    numbers, plain = [np.empty((rows, 0), np.float32)], [np.empty((rows, 0), np.float32)]
    categories, sizes = [], []
    for name in names:
        values, transform = dataset.arrays[name], transforms[name]
        if isinstance(transform, Categories):
            categories.append(transform.apply(values))
            sizes.append(transform.size)
            continue
        values = values[:, None] if isinstance(transform, Numbers) and values.ndim == 1 else values
        numbers.append(transform.apply(values))
        bare = (
            values.astype(np.float32) if isinstance(transform, Numbers) else transform.plain(values)
        )
        plain.append(bare)
    result = {}
    for view, blocks in (("table", numbers), ("plain", plain)):
        x = np.concatenate(blocks, axis=1)
        inputs = {"x": x, "categories": np.stack(categories, axis=1)} if sizes else {"x": x}
        result[view] = View(
            inputs=inputs, sizes={"in_features": x.shape[1], "category_sizes": tuple(sizes)}
        )
    return result


def flat(x: Array) -> View:
    """Return one long vector per row."""
    x = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float32)
    return View(inputs={"x": x}, sizes={"in_features": x.shape[1]})


def image_views(values: Array, transform: Pixels) -> dict[str, View]:
    """Return a picture as a picture, as a sequence of its rows, and as a vector."""
    x = transform.apply(values)  # (N, Y, X, C)
    size, channels = x.shape[1:3], x.shape[3]
    rows = x.reshape(*x.shape[:2], -1)  # (N, Y, X·C)
    channels_first = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return {
        "image": View(
            inputs={"x": channels_first}, sizes={"in_channels": channels, "image_size": tuple(size)}
        ),
        "sequence": View(inputs={"x": rows}, sizes={"in_features": rows.shape[2]}),
        "vector": flat(x),
        "plain": flat(values),
    }


def volume_views(values: Array, transform: Pixels) -> dict[str, View]:
    """Return a volume as a volume and as a vector."""
    x = transform.apply(values)  # (N, Z, Y, X, C)
    channels_first = np.ascontiguousarray(x.transpose(0, 4, 1, 2, 3))
    sizes = {"in_channels": x.shape[4], "image_size": tuple(x.shape[1:4])}
    volume = View(inputs={"x": channels_first}, sizes=sizes)
    return {"volume": volume, "vector": flat(x), "plain": flat(values)}


def sequence_views(
    values: Array, lengths: Array | None, transform: Steps, summaries: Numbers | None
) -> dict[str, View]:
    """Return a sequence as a sequence and as a vector: of all steps, or of summaries."""
    if summaries is not None and lengths is None:
        lengths = np.full(len(values), values.shape[1])
    x = transform.apply(values, lengths)
    inputs = {"x": x} if lengths is None else {"x": x, "lengths": lengths}
    sequence = View(inputs=inputs, sizes={"in_features": x.shape[2]})
    if summaries is None or lengths is None:
        return {"sequence": sequence, "vector": flat(x), "plain": flat(values)}
    table = summarise(values, lengths)
    return {
        "sequence": sequence,
        "vector": flat(summaries.apply(table)),
        "plain": flat(table),
    }


def summarise(values: Array, lengths: Array) -> Array:
    """Return mean, deviation, least, greatest, first and last of each channel, and the length.

    Shape:
        values (N, T, F), lengths (N,) -> (N, 6 F + 1) float64, NaN where a channel has no value
    """
    x = np.where(within(values, lengths)[..., None], values, np.nan).astype(np.float64)
    count = (~np.isnan(x)).sum(axis=1)
    some = count > 0
    mean = np.nansum(x, axis=1) / np.maximum(count, 1)
    spread = np.sqrt(np.nansum((x - mean[:, None]) ** 2, axis=1) / np.maximum(count, 1))
    low = np.min(np.where(np.isnan(x), np.inf, x), axis=1)
    high = np.max(np.where(np.isnan(x), -np.inf, x), axis=1)
    last = x[np.arange(len(x)), lengths - 1]
    parts = [np.where(some, part, np.nan) for part in (mean, spread, low, high)]
    return np.concatenate([*parts, x[:, 0], last, lengths[:, None]], axis=1)
