"""SeriesSteps: a transform that standardises each channel of each time series, there and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Amounts, Array, Flags
from bakeoff.data.blocks import Sequences, SideBySide
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.numeric import mean_and_std, tells, within_reach

FARTHEST = 1e6  # standard deviations: what is beyond counts as that, so that sums stay finite


@dataclass(frozen=True, eq=False)
class SeriesSteps:
    """Standardise the steps of time series, per series and channel.

    A series may leave the range of its training steps, as one with a trend does, and is followed
    there: nothing is bent, and bounds lie a million standard deviations away. A channel that is
    constant in training is divided by 1. Missing values become 0; where several training steps miss
    some, a further channel says so. A series that training did not have is standardised by the
    steps that are given of it.

    Args:
        names: The series, K; ("",) where there is one.
        means: (K · F,) of the training steps, series after series.
        stds: (K · F,) standard deviations, 1 where a channel is constant.
        missing: (F,) True where enough training steps miss a value, and enough have one.

    Shape:
        steps (S, F) float with NaN -> (S, F + channels with missing values) float32
    """

    names: tuple[str, ...]
    means: Amounts
    stds: Amounts
    missing: Flags
    role: ClassVar[Role] = "block"

    def __post_init__(self) -> None:
        """Refuse arrays that do not go together: they may come from a stranger's file."""
        size = len(self.names) * len(self.missing)
        for name in ("means", "stds"):
            if len(getattr(self, name)) != size:
                raise ValueError(f"{len(getattr(self, name))} {name}, not {size}")

    @classmethod
    def fit(cls, values: Sequences) -> Self:
        """Learn from the steps that stand in a sequence; a series without any is not learned."""
        names = values.names or ("",)
        some = (values.stretch() if values.series is None else None) or values.covered()
        width = values.steps.shape[1]
        present = list(range(len(names)))
        if values.series is not None:
            present = np.unique(values.series[some]).tolist() or [0]
        names = tuple(names[number] for number in present)
        moments = np.zeros((2, len(names), width))
        for at, number in enumerate(present):
            own = some if values.series is None else some & (values.series == number)
            for channel in range(width):  # one at a time: few are held as float64
                steps = values.steps[own, channel].astype(np.float64)
                found = mean_and_std(within_reach(steps)[:, None])
                moments[:, at, channel] = found[0][0], found[1][0]
        gaps = [tells(np.isnan(values.steps[some, i])[:, None])[0] for i in range(width)]
        return cls(names, moments[0].ravel(), moments[1].ravel(), np.array(gaps, dtype=bool))

    def moments(self, values: Sequences) -> tuple[Array, Array]:
        """Return means and standard deviations of the series of some data: (k, F) each."""
        names = values.names or ("",)
        own = None
        means, stds = (a.reshape(len(self.names), -1) for a in (self.means, self.stds))
        rows = []
        for name in names:
            if name in self.names:
                at = self.names.index(name)
                rows.append((means[at], stds[at]))
                continue
            own = own or type(self).fit(values)
            width = len(self.missing)
            if name not in own.names:  # no window is of it
                rows.append((np.zeros(width), np.ones(width)))
                continue
            at = own.names.index(name)
            some = slice(at * width, (at + 1) * width)
            rows.append((own.means[some], own.stds[some]))
        return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])

    def apply(self, values: Sequences) -> Array:
        """Standardise all steps; the channels that tell what is missing come last."""
        means, stds = self.moments(values)
        steps, told = values.steps, np.flatnonzero(self.missing)
        result = np.empty((len(steps), steps.shape[1] + len(told)), np.float32)
        for start in range(0, len(steps), PIECE):
            some = slice(start, start + PIECE)
            part = within_reach(steps[some].astype(np.float64))
            series = 0 if values.series is None else values.series[some]
            part = np.clip((part - means[series]) / stds[series], -FARTHEST, FARTHEST)
            result[some, : steps.shape[1]] = np.where(np.isnan(part), 0.0, part)
            result[some, steps.shape[1] :] = np.isnan(steps[some][:, told])
        return result

    def apply_first(self, values: Sequences, count: int = 1) -> Array:
        """Standardise the first channels alone, which are the targets: (S, count) float32."""
        first = replace(values, steps=SideBySide(tuple(values.steps[:, i] for i in range(count))))
        means, stds = (moments[:, :count].ravel() for moments in self.moments(values))
        own = replace(
            self, names=values.names or ("",), means=means, stds=stds, missing=np.zeros(count, bool)
        )
        return own.apply(first)

    def invert(self, scores: Array, values: Sequences, channel: int = 0) -> Array:
        """Return forecasts (N, S) of a channel to its own unit, in float64.

        Args:
            scores: In standard deviations of each window's series.
            values: The N windows.
            channel: Which is forecast.
        """
        means, stds = (moments[:, [channel]] for moments in self.moments(values))
        members = values.members()
        return np.asarray(scores * stds[members] + means[members])

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return {**fields_of(self), "names": list(self.names)}


PIECE = 2**12  # steps held as float64 at once
