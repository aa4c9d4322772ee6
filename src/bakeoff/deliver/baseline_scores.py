"""Baseline scores: what a baseline predicts of new data, pictures reduced for it some at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff.baselines.per_step import PerStep
from bakeoff.data.taking.sources import Reduced, Source, read_as

REDUCED = 8_192  # pictures that are reduced at a time: up to 25 MB


def baseline_scores(
    model: Any, view: str, inputs: Mapping[str, Source], texts: Source | None = None
) -> np.ndarray:
    """Return the scores of all rows.

    Args:
        model: The baseline.
        view: What it reads.
        inputs: Of that view.
        texts: The true texts, where it is asked how well they are foretold.
    """
    number = len(next(iter(inputs.values())))
    if number <= REDUCED or not all(isinstance(source, Reduced) for source in inputs.values()):
        known = {} if texts is None else {"texts": texts}
        per_step = isinstance(model, PerStep)
        return np.asarray(model.scores(read_as(view, inputs, per_step=per_step) | known))
    parts = []
    for start in range(0, number, REDUCED):
        some = {name: source[start : start + REDUCED] for name, source in inputs.items()}
        parts.append(np.asarray(model.scores(read_as(view, some))))
    return np.concatenate(parts)
