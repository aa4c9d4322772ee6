"""The leaderboard as a picture: each model's score with its 95 % interval, tier by tier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.insight.style import GREY, INK, Look, focus, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the leaderboard.

    Args:
        name: The model.
        tier: 1 for the first.
        score: Mean over the seeds.
        low: Lower end of the interval.
        high: Upper end.
        text: The score as it is written.
        look: How it is drawn.
    """

    name: str
    tier: int
    score: float
    low: float
    high: float
    text: str
    look: Look


def leaderboard(lines: Sequence[Line], *, metric: str) -> "Figure":
    """Draw one interval per model, best first; each tier has a band of its own.

    A model far away from the others is an arrow at the edge, or all others would be one dot.
    """
    step, gap = 20, 7  # points per line, and between tiers
    tiers = len({line.tier for line in lines})
    figure = new_figure(345, 50 + step * len(lines) + gap * tiers)
    axes = figure.add_subplot()
    plain_axes(axes, x=f"test {metric} with 95 % interval")
    axes.grid(visible=False, axis="y")
    places = [-(step * i + gap * (line.tier - lines[0].tier)) for i, line in enumerate(lines)]
    for tier in sorted({line.tier for line in lines}):
        inside = [place for line, place in zip(lines, places, strict=True) if line.tier == tier]
        axes.axhspan(
            min(inside) - step / 2, max(inside) + step / 2, color=GREY, alpha=0.16 / tier, lw=0
        )
    left, right = focus(*zip(*((line.score, line.low, line.high) for line in lines), strict=True))
    axes.set_xlim(left, right)
    for line, place in zip(lines, places, strict=True):
        look = line.look
        if not left <= line.score <= right:  # an arrow at the edge: it lies further out
            edge, sign = (left, "◂") if line.score < left else (right, "▸")
            axes.text(edge, place, sign, color=look.colour, fontsize=13, ha="center", va="center")
            continue
        axes.hlines(place, line.low, line.high, color=look.colour, linewidth=2.2, alpha=0.75)
        axes.plot(
            line.score, place, look.marker, color=look.colour, markerfacecolor=look.fill, ms=7
        )
    axes.set_ylim(min(places) - step / 2 - 2, max(places) + step / 2 + 2)
    axes.set_yticks(places, [f"{line.name}  {line.text}" for line in lines], color=INK)
    return figure
