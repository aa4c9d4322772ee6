"""Goal: what is learned from the training rows about one target."""

from __future__ import annotations

from dataclasses import dataclass

from bakeoff.data.columns.column import Task
from bakeoff.data.preparing.scale import Scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One target as models see it.

    Args:
        task: "binary", "multiclass", "multilabel", "regression" or "forecast".
        classes: Class names by index, or labels; () for numbers. The positive class of two is the
            second.
        scale: Of a regression, else None.
    """

    task: Task
    classes: tuple[str, ...] = ()
    scale: Scale | None = None
