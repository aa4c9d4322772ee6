"""Views: the ways in which a model can read the data, made from arrays and fitted transforms.

    table, 2-D array      table (N, F), categories (N, K)                      plain
    image (N, Y, X, C)    image (N, C, Y, X), sequence (N, Y, X·C), vector     plain
    sequence (N, T, F)    sequence with lengths, vector                        plain
    volume                volume (N, C, Z, Y, X), vector                       plain

`plain` is for trees: unscaled, NaN where missing; float64 where float32 does not hold every value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.data.array import Array, compact, within
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.preparing.steps import summarise
from bakeoff.data.preparing.transform import gives_codes, gives_numbers
from bakeoff.numeric import within_reach


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One way to read the data.

    Args:
        inputs: Argument of the page (`x`, `lengths`, `categories`) -> array of all rows.
        sizes: Constructor arguments that follow (`in_features`, `category_sizes`, `in_channels`,
            `image_size`).
    """

    inputs: Mapping[str, Array]
    sizes: Mapping[str, Any]


def make_views(preparation: Preparation, dataset: Dataset) -> dict[str, View]:
    """Return every view of a dataset, by name.

    Args:
        preparation: What was fitted on the training rows.
        dataset: With the columns that go in; the target is not looked at.
    """
    kind = preparation.schema.column(preparation.schema.inputs[0]).kind
    return BLOCKS.get(kind, table_views)(preparation, dataset)


def table_views(preparation: Preparation, dataset: Dataset) -> dict[str, View]:
    """Return the views of a table: numbers side by side, categories side by side."""
    nothing = np.empty((len(dataset), 0), np.float32)  # takes the type of what is beside it
    numbers, plain, codes, sizes = [nothing], [nothing], [], []
    for name, transform in preparation.transforms.items():
        values = dataset.arrays[name]
        if gives_codes(transform):
            codes.append(transform.apply(values))
            sizes.append(transform.size)
        elif gives_numbers(transform):
            numbers.append(transform.apply(values))
            plain.append(transform.plain(values))
    views = {}
    for view, x in (
        ("table", np.concatenate(numbers, axis=1)),
        ("plain", compact(np.concatenate(plain, axis=1))),
    ):
        inputs = {"x": x, "categories": np.stack(codes, axis=1)} if sizes else {"x": x}
        views[view] = View(
            inputs=inputs, sizes={"in_features": x.shape[1], "category_sizes": tuple(sizes)}
        )
    return views


def image_views(preparation: Preparation, dataset: Dataset) -> dict[str, View]:
    """Return a picture as a picture, as a sequence of its rows, and as a vector."""
    values, x = block(preparation, dataset)  # (N, Y, X, C)
    size, channels = x.shape[1:3], x.shape[3]
    rows = x.reshape(*x.shape[:2], -1)  # (N, Y, X·C)
    channels_first = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return {
        "image": View(
            inputs={"x": channels_first}, sizes={"in_channels": channels, "image_size": tuple(size)}
        ),
        "sequence": View(inputs={"x": rows}, sizes={"in_features": rows.shape[2]}),
        "vector": flat(x),
        "plain": unscaled(values),
    }


def volume_views(preparation: Preparation, dataset: Dataset) -> dict[str, View]:
    """Return a volume as a volume and as a vector."""
    values, x = block(preparation, dataset)  # (N, Z, Y, X, C)
    channels_first = np.ascontiguousarray(x.transpose(0, 4, 1, 2, 3))
    sizes = {"in_channels": x.shape[4], "image_size": tuple(x.shape[1:4])}
    volume = View(inputs={"x": channels_first}, sizes=sizes)
    return {"volume": volume, "vector": flat(x), "plain": unscaled(values)}


def sequence_views(preparation: Preparation, dataset: Dataset) -> dict[str, View]:
    """Return a sequence as a sequence and as a vector: of all steps, or of summaries."""
    values, x = block(preparation, dataset)  # (N, T, F)
    lengths = dataset.arrays.get(f"{preparation.schema.inputs[0]}.lengths")
    if preparation.summaries is not None and lengths is None:
        lengths = np.full(len(values), values.shape[1])
    if lengths is not None:  # padding becomes 0
        x = np.where(within(values, lengths)[..., None], x, np.float32(0))
    inputs = {"x": x} if lengths is None else {"x": x, "lengths": lengths}
    sequence = View(inputs=inputs, sizes={"in_features": x.shape[2]})
    if preparation.summaries is None or lengths is None:
        return {"sequence": sequence, "vector": flat(x), "plain": unscaled(values)}
    table = summarise(values, lengths)
    return {
        "sequence": sequence,
        "vector": flat(preparation.summaries.apply(table)),
        "plain": unscaled(table),
    }


BLOCKS: Mapping[str, Callable[[Preparation, Dataset], dict[str, View]]] = {
    "image": image_views, "volume": volume_views, "sequence": sequence_views
}  # fmt: skip


def block(preparation: Preparation, dataset: Dataset) -> tuple[Array, Array]:
    """Return the one input of pictures, volumes or sequences: as it is, and transformed."""
    name = preparation.schema.inputs[0]
    values = dataset.arrays[name]
    return values, preparation.transforms[name].apply(values)


def unscaled(values: Array) -> View:
    """Return one long vector per row, the values as they are."""
    return flat(compact(within_reach(values) if values.dtype == np.float64 else values))


def flat(x: Array) -> View:
    """Return one long vector per row."""
    x = np.ascontiguousarray(x.reshape(len(x), -1))
    return View(inputs={"x": x}, sizes={"in_features": x.shape[1]})
