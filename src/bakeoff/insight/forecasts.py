"""Forecasts beside the truth, and how their error grows step by step.

Dimensions: L steps before a forecast, S steps ahead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.insight.curves import label_ends
from bakeoff.insight.style import GREY, INK, Look, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Forecast:
    """One window of the test part.

    Args:
        title: When it begins, and of which series it is.
        before: Steps before the forecast -> the value there; steps count up to 0.
        truth: (S,) what came.
        forecasts: Model -> (S,) what it said would come.
    """

    title: str
    before: tuple[np.ndarray, np.ndarray]
    truth: np.ndarray
    forecasts: Mapping[str, np.ndarray]


def forecast_window(shown: Forecast, looks: Mapping[str, Look], *, unit: str) -> "Figure":
    """Draw a window: what was known in grey, what came as a solid line, what was forecast.

    Args:
        shown: The window.
        looks: Model -> how it is drawn.
        unit: Name of the target.
    """
    figure = new_figure(345, 215)
    axes = figure.add_subplot()
    plain_axes(axes, title=shown.title, x="steps from the start of the forecast", y=unit)
    axes.locator_params(axis="x", integer=True)
    steps, values = shown.before
    ahead = np.arange(1, len(shown.truth) + 1)
    if len(values) and steps[-1] == 0:  # the truth goes on where the past ends
        truth_steps, truth = np.append(0, ahead), np.append(values[-1], shown.truth)
    else:
        truth_steps, truth = ahead, shown.truth
    axes.axvline(0.5, color=GREY, linewidth=0.8, alpha=0.6)
    axes.plot(steps, values, color=GREY, linewidth=1.4)
    axes.plot(truth_steps, truth, color=INK, linewidth=1.4)
    ends = {"truth": (float(ahead[-1]), float(shown.truth[-1]))}
    single = len(ahead) == 1
    for name, forecast in shown.forecasts.items():
        look = looks[name]
        axes.plot(
            ahead, forecast, marker=look.marker if single else "", color=look.colour,
            linestyle=look.dashes, linewidth=1.8,
        )  # fmt: skip
        ends[name] = (float(ahead[-1]), float(forecast[-1]))
    axes.autoscale_view()  # or names would be put beside the limits of an empty figure
    label_ends(axes, ends)
    return figure


def error_by_step(
    lines: Mapping[str, np.ndarray], looks: Mapping[str, Look], *, metric: str
) -> "Figure":
    """Draw how the score of each model changes with the step ahead.

    Args:
        lines: Model -> (S,) its score at each step; NaN where there is none.
        looks: Model -> how it is drawn.
        metric: What is scored, as people read it.
    """
    figure = new_figure(345, 240)
    axes = figure.add_subplot()
    plain_axes(axes, x="step ahead", y=f"test {metric}")
    axes.locator_params(axis="x", integer=True)
    ends = {}
    for name, scores in lines.items():
        known = np.flatnonzero(np.isfinite(scores))
        if not len(known):
            continue
        look, steps = looks[name], known + 1
        mark = look.marker if len(known) == 1 else ""
        axes.plot(
            steps, scores[known], marker=mark, color=look.colour, linestyle=look.dashes,
            linewidth=1.8,
        )  # fmt: skip
        ends[name] = (float(steps[-1]), float(scores[known[-1]]))
    axes.autoscale_view()
    label_ends(axes, ends, looks)
    return figure


def spread_over(count: int, most: int) -> Sequence[int]:
    """Choose places evenly over a range, away from both of its ends.

    Example:
        >>> spread_over(100, 4)
        [20, 40, 60, 80]
        >>> spread_over(2, 4)
        [0, 1]
    """
    if count <= most:
        return list(range(count))
    return [int(place) for place in np.linspace(0, count, most + 2)[1:-1]]
