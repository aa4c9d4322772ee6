"""Step views: what is read of sequences where each of their steps has a target of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array, compact
from bakeoff.data.blocks import Sequences
from bakeoff.data.taking.sources import Ragged
from bakeoff.numeric import within_reach

if TYPE_CHECKING:
    from bakeoff.data.taking.views import View, Views

AROUND = 2  # steps before and after a step that a baseline reads with it


def step_views(views: Views, values: Sequences) -> Views:
    """Return the views of one input that tell its steps apart.

    Args:
        views: All there are of it.
        values: (N, T, F) sequences or (N, T) tokens.

    Returns:
        "sequence" or "text" for networks, as they are; for baselines "plain", a step and its
        neighbours unscaled, NaN beyond the ends; of tokens "words", which only `constant` reads.
    """
    from bakeoff.data.taking.views import View, Views

    def plain() -> View:
        x = with_neighbours(values)
        ends = np.cumsum(values.lengths)
        source = Ragged(base=x, starts=ends - values.lengths, lengths=values.lengths)
        return View(inputs={"x": source}, sizes={"in_features": x.shape[1]})

    def tokens() -> View:
        source = Ragged(base=values.steps, starts=values.starts, lengths=values.lengths)
        return View(inputs={"x": source}, sizes={"in_features": 1})

    kept = {name: maker for name, maker in views.makers.items() if name in ("sequence", "text")}
    more = {"words": tokens} if values.ndim == 2 else {"plain": plain}
    return Views({**kept, **more})


def with_neighbours(values: Sequences) -> Array:
    """Put each step and those around it side by side: (N, T, F) -> (S, F * 5).

    Example:
        >>> steps = Sequences(np.array([[1.0], [2.0]]), np.array([0]), np.array([2]))
        >>> with_neighbours(steps).tolist()
        [[nan, nan, 1.0, 2.0, nan], [nan, 1.0, 2.0, nan, nan]]
    """
    lengths = values.lengths
    firsts = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    place = np.arange(total) - np.repeat(firsts, lengths)  # of each step in its sequence
    start, length = np.repeat(values.starts, lengths), np.repeat(lengths, lengths)
    parts = []
    for away in range(-AROUND, AROUND + 1):
        at = place + away
        inside = (at >= 0) & (at < length)
        rows = values.steps[np.where(inside, start + at, start)].astype(np.float64)
        rows[~inside] = np.nan
        parts.append(rows)
    return compact(within_reach(np.concatenate(parts, axis=1)))
