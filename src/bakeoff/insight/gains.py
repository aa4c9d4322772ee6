"""What several inputs add to each other: how far the network of all is ahead of each alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.insight.style import ACCENT, GREY, INK, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Gain:
    """How far the network of all inputs is ahead of one input alone.

    Args:
        name: What is compared.
        difference: Of the scores, above 0 where all inputs are better.
        low: Lower end of the interval that holds for all differences at once.
        high: Upper end.
        text: The interval as it is written.
    """

    name: str
    difference: float
    low: float
    high: float
    text: str

    @property
    def clear(self) -> bool:
        """Whether it is told from nothing."""
        return self.low > 0 or self.high < 0


def gains(lines: Sequence[Gain], *, metric: str, times: float = 1.0) -> "Figure":
    """Draw one interval for each input; those that reach 0 are grey.

    Args:
        lines: What is drawn, from above.
        metric: In which differences are measured.
        times: What they are multiplied with: 100 of shares that are told in points.
    """
    step = 24
    figure = new_figure(345, 50 + step * len(lines))
    axes = figure.add_subplot()
    plain_axes(axes, x=metric)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=INK, linewidth=0.8)
    for i, line in enumerate(lines):
        colour = ACCENT if line.clear else GREY
        axes.hlines(-i, times * line.low, times * line.high, color=colour, linewidth=2.2, alpha=0.8)
        axes.plot(times * line.difference, -i, "o", color=colour, ms=7)
    axes.set_ylim(0.6 - len(lines), 0.6)
    axes.set_yticks([-i for i in range(len(lines))], [f"{o.name}  {o.text}" for o in lines])
    return figure
