"""Window shape: what every forecaster knows of its windows, and how they are read in batches.

A window holds the last L steps of F channels; the first Q of these are the past of what is
forecast, in the unit of the targets. Windows may be far too many for memory: they are only ever
sliced, `x[start:stop]`.

Dimensions: N windows, n windows of a batch, L steps of look-back, F channels, S steps ahead,
Q targets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NUMBERS = 2**21  # in memory for a batch, in float64: 16 MB
MOST_OUTPUTS = 10**6  # of a window: what arrays of a stranger may ask memory for


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowShape:
    """The sizes of windows and targets.

    Args:
        lookback: L, steps of a window.
        channels: F.
        steps: S, steps ahead.
        num_targets: Q, the first channels.

    Raises:
        ValueError: Windows without steps, or with fewer channels than targets.
    """

    lookback: int
    channels: int
    steps: int
    num_targets: int

    def __post_init__(self) -> None:
        if min(self.lookback, self.steps, self.num_targets) < 1:
            raise ValueError("a window needs a step, a target and a step ahead at least")
        if self.num_targets > self.channels:
            raise ValueError(
                f"a window of {self.channels} channels cannot hold the past of {self.num_targets} "
                "targets"
            )
        if self.steps * self.num_targets > MOST_OUTPUTS:
            raise ValueError(f"a window has more than {MOST_OUTPUTS:,} outputs")

    @property
    def outputs(self) -> int:
        """S * Q: the values forecast from a window, step by step."""
        return self.steps * self.num_targets

    def batches(self, x: Any) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of the windows, and these: (n, L, F) float64.

        Args:
            x: Windows (N, L, F): an array, or whatever has a length, a shape and gives arrays for
                slices.

        Raises:
            ValueError: They have another shape.
        """
        if tuple(x.shape[1:]) != (self.lookback, self.channels):
            raise ValueError(
                f"windows of {self.lookback} steps and {self.channels} channels were learned from, "
                f"and these have the shape {tuple(x.shape)}"
            )
        size = max(1, NUMBERS // max(self.lookback * self.channels, self.outputs))
        for start in range(0, len(x), size):
            rows = slice(start, min(len(x), start + size))
            yield rows, np.asarray(x[rows], np.float64)

    def as_array(self) -> np.ndarray:
        """Return L, F, S and Q, to be stored."""
        return np.array([self.lookback, self.channels, self.steps, self.num_targets], np.int64)


def shape_of(x: Any, targets: Any, steps: int) -> WindowShape:
    """Measure windows (N, L, F) and targets (N, S * Q).

    Raises:
        ValueError: The targets do not make that many steps.
    """
    if len(x.shape) != 3 or len(targets.shape) != 2:
        raise ValueError(
            f"windows need three axes and targets two, and these have the shapes "
            f"{tuple(x.shape)} and {tuple(targets.shape)}"
        )
    outputs = targets.shape[1]
    if steps < 1 or outputs % steps:
        raise ValueError(f"{outputs} targets of a window do not make steps={steps}")
    return WindowShape(
        lookback=x.shape[1], channels=x.shape[2], steps=steps, num_targets=outputs // steps
    )


def stored_shape(arrays: Mapping[str, np.ndarray]) -> WindowShape:
    """Return the shape that stands in stored arrays as "shape".

    Raises:
        ValueError: They hold something else: they may come from a stranger.
    """
    stored = arrays["shape"]
    if stored.shape != (4,) or stored.dtype.kind not in "iu":
        raise ValueError("shape does not hold four whole numbers")
    lookback, channels, steps, num_targets = stored.tolist()
    return WindowShape(lookback=lookback, channels=channels, steps=steps, num_targets=num_targets)


def stored_count(arrays: Mapping[str, np.ndarray], name: str, most: int) -> int:
    """Return a whole number from 1 to `most` that stands in stored arrays.

    Raises:
        ValueError: It is something else.
    """
    stored = arrays[name]
    if stored.shape != () or stored.dtype.kind not in "iu" or not 1 <= stored <= most:
        raise ValueError(f"{name} is no whole number from 1 to {most}")
    return int(stored)


def check_season(season: int, lookback: int) -> None:
    """Refuse a season that is none, or that the look-back does not hold.

    Raises:
        ValueError: The message says which look-back it needs.
    """
    if season < 1:
        raise ValueError(f"season={season} is no season: give its steps, such as 24")
    if season > lookback:
        raise ValueError(
            f"a season of {season} steps needs a look-back of {season} steps at least, and it is "
            f"{lookback}"
        )
