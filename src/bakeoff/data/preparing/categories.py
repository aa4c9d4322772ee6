"""Categories: a transform of strings into codes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transform import Role
from bakeoff.numeric import RARE


@dataclass(frozen=True)
class Categories:
    """Strings as codes: 0 missing, 1 unseen or rare, 2 … by name.

    Args:
        names: The categories with at least three training rows, sorted.
        rare: Those with fewer, sorted; they are known, but share a code.

    Shape:
        values (N,) str or None -> (N,) int64
    """

    names: tuple[str, ...]
    rare: tuple[str, ...]
    role: ClassVar[Role] = "codes"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn the categories; those that are rare share the code of unseen ones."""
        tally = Counter(value for value in values if value is not None)
        names = sorted(tally)
        return cls(
            tuple(name for name in names if tally[name] >= RARE),
            tuple(name for name in names if tally[name] < RARE),
        )

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(self.names) + 2

    def apply(self, values: Array) -> Array:
        """Look up the code of each string."""
        codes: dict[str | None, int] = {name: i + 2 for i, name in enumerate(self.names)}
        codes[None] = 0
        return np.array([codes.get(value, 1) for value in values], dtype=np.int64)

    def unknown(self, values: Array) -> Counter[str]:
        """Count the values that no training row has."""
        tally = Counter(value for value in values if value is not None)
        known = {*self.names, *self.rare}
        return Counter({name: n for name, n in tally.items() if name not in known})

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return {"names": list(self.names), "rare": list(self.rare)}
