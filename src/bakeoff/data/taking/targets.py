"""Targets: what a model is to predict of each row, as numbers, kept once."""

from __future__ import annotations

import numpy as np

from bakeoff.data.array import counting
from bakeoff.data.blocks import Sequences
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.taking.sources import Ragged, Rows, Windows

Targets = Rows | Ragged | Windows


def make_targets(preparation: Preparation, dataset: Dataset) -> Targets:
    """Return where the targets of all rows are.

    Args:
        preparation: What was fitted on the training rows.
        dataset: With the target.

    Returns:
        (N,) codes of classes int64 (-1: no training row has it), or float32 in training standard
        deviations; of steps and of texts the same, ragged; of labels (N, K) float32, NaN where
        nobody knows; of several targets all of these beside each other, as `beside` has them;
        of a forecast (N, S), the steps ahead as windows over the numbers of all steps, of several
        (N, K · S), target by target.
    """
    if preparation.task != "forecast" and len(preparation.goals) > 1:
        targets = beside(preparation, dataset)
        return Rows(base=targets, rows=counting(0, len(targets)))
    if preparation.task != "forecast":
        targets = preparation.targets(dataset)
        if isinstance(targets, Sequences):
            return Ragged(base=targets.steps, starts=targets.starts, lengths=targets.lengths)
        return Rows(base=targets, rows=counting(0, len(targets)))
    windows, ahead = (dataset.arrays[n] for n in (preparation.schema.inputs[0], dataset.target))
    count = len(preparation.goals)
    scaled = preparation.series_steps.apply_first(windows, count)
    placed = {"starts": ahead.starts, "length": ahead.longest, "by_channel": count > 1}
    return Windows(base=scaled, vector=True, **placed)


def beside(preparation: Preparation, dataset: Dataset) -> np.ndarray:
    """Return several targets beside each other: (N, columns) float32, NaN where one has no value.

    A class is its number, NaN where no training row has it; a number is in training standard
    deviations; labels are a column each.
    """
    columns = []
    for own in dataset.by_target:
        values = preparation.only(own.target).targets(own)
        if values.dtype.kind == "i":
            values = np.where(values < 0, np.nan, values)
        columns.append(values.astype(np.float32).reshape(len(values), -1))
    return np.concatenate(columns, axis=1)
