"""Scale: a transform of a regression target, there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import mean_and_std


@dataclass(frozen=True)
class Scale:
    """A regression target in standard deviations of the training rows.

    Shape:
        values (N,) float64 -> (N,) float32; `invert` back to float64
    """

    mean: float
    std: float
    role: ClassVar[Role] = "target"

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn mean and standard deviation."""
        means, stds = mean_and_std(values[:, None])
        return cls(float(means[0]), float(stds[0]))

    def apply(self, values: Array) -> Array:
        """Standardise."""
        return ((values - self.mean) / self.std).astype(np.float32)

    def invert(self, values: Array) -> Array:
        """Return to the user's units."""
        return np.asarray(values, dtype=np.float64) * self.std + self.mean

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)
