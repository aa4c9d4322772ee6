"""Goal: what is learned from the training rows about one target."""

from __future__ import annotations

from dataclasses import dataclass

from bakeoff.data.columns.column import Task
from bakeoff.data.preparing.scale import Scale
from bakeoff.data.preparing.text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One target as models see it.

    Args:
        task: As `Schema.tasks` has it.
        classes: Class names by index, or labels; () for numbers. The positive class of two is the
            second.
        scale: Of a regression, or of a number of each step; else None.
        text: What makes tokens of a text; else None.
        length: Steps of a series; else 0.
    """

    task: Task
    classes: tuple[str, ...] = ()
    scale: Scale | None = None
    text: Text | None = None
    length: int = 0

    @property
    def num_classes(self) -> int:
        """Classes, labels, or the tokens that a text may hold; 0 for numbers."""
        return len(self.classes) if self.text is None else self.text.vocabulary_size

    @property
    def steps(self) -> int:
        """Steps of a series, or tokens of a text at most, its end among them; else 0."""
        return self.length if self.text is None else self.text.length + 1
