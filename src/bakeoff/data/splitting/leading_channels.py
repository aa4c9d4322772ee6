"""Leading channels: columns of time series that hold, at a step, what the target will be later."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Sequences
from bakeoff.data.dataset import Dataset

SAME = 0.9999  # correlation from which on one column tells the other
FEWEST = 20  # steps; fewer say nothing


def leading_channels(dataset: Dataset, train: Array) -> Iterator[tuple[str, int]]:
    """Yield each column that tells the target of a later step, and how many steps later.

    A column that is known beforehand stands in a window as it is at the steps ahead, so it leads
    where it tells the target of its own step.

    Args:
        dataset: Windows to forecast.
        train: Positions of training windows.
    """
    form = dataset.schema.series
    windows, ahead = dataset.arrays[dataset.schema.inputs[0]], dataset.arrays[dataset.target]
    if form is None or not isinstance(windows, Sequences):
        return
    covered = windows[train].covered() | ahead[train].covered()
    target = np.where(covered, ahead.steps[:, 0], np.nan)
    at = 0
    for channel in form.channels:
        values, own = windows.steps[:, at], at
        at += channel.width
        if own == 0 or channel.kind != "number":
            continue  # the target itself
        lead = form.horizon if channel.name in form.future else 1
        if tells(values[:-lead], target[lead:]):
            yield channel.name, 0 if channel.name in form.future else lead


def tells(values: Array, target: Array) -> bool:
    """Tell whether one column is the other but for unit and offset: (n,), (n,) with NaN."""
    known = np.isfinite(values) & np.isfinite(target)
    if known.sum() < FEWEST:
        return False
    a, b = values[known].astype(np.float64), target[known].astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return bool(size > 0 and abs(a @ b) / size >= SAME)
