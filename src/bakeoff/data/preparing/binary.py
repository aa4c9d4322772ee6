"""Binary: a transform of two values into one number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import tells


@dataclass(frozen=True)
class Binary:
    """Two values as one standardised number, anything else as 0, which neither of them becomes.

    Args:
        first: The value that becomes the lower number.
        second: The other.
        mean: Share of the second among the training rows.
        missing: Whether enough training rows miss a value, and enough have one.

    Shape:
        values (N,) str or None -> (N, 1) float32, (N, 2) where that is so
    """

    first: str
    second: str
    mean: float
    missing: bool
    role: ClassVar[Role] = "numbers"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn the two values and their shares; a third one would be treated as missing."""
        tally = Counter(value for value in values if value is not None)
        names = sorted(name for name, _ in tally.most_common(2))
        first, second = [*names, "", ""][:2]
        total = tally[first] + tally[second]
        mean = tally[second] / total if total else 0.0
        missing = values == None  # noqa: E711 elementwise
        return cls(first, second, mean, bool(tells(missing)))

    def apply(self, values: Array) -> Array:
        """Transform values; the column that tells what is missing comes last."""
        first, second = values == self.first, values == self.second
        scale = (self.mean * (1 - self.mean)) ** 0.5 or 1.0
        result = (second * (1 - self.mean) - first * self.mean) / scale
        columns = [result, ~(first | second)] if self.missing else [result]
        return np.stack(columns, axis=1).astype(np.float32)

    def plain(self, values: Array) -> Array:
        """Return 0 and 1, NaN for anything else: (N, 1) float64."""
        result = np.where(values == self.second, 1.0, np.where(values == self.first, 0.0, np.nan))
        return result[:, None]

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)
