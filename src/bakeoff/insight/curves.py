"""How training went: loss by epoch, with a band over the seeds, and all models side by side.

Dimensions: S seeds, E epochs (each seed may stop at another one).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.insight.style import GREY, INK, Look, focus, new_figure, plain_axes, spread_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_POINTS = 100  # of a line: what the width can show
MOST_MARKS = 7  # of a logarithmic axis


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curves:
    """What the fits of one model reported after each epoch, one array (E,) per seed.

    The loss and the metric of training rows are those they had when they were learned from; older
    runs have no such metric.
    """

    train_loss: Sequence[np.ndarray]
    validation_loss: Sequence[np.ndarray]
    validation_metric: Sequence[np.ndarray]
    train_metric: Sequence[np.ndarray] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A model on the leaderboard: its parameters, its score and the interval."""

    parameters: int
    score: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Band:
    """Mean and range over the seeds that reached an epoch, while at least half of them did."""

    epochs: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def band(lines: Sequence[np.ndarray]) -> Band:
    """Average lines of unequal length: S arrays (E,) -> a band over epochs 1 to E.

    Example:
        >>> band([np.array([4.0, 2.0, 1.0]), np.array([2.0, 2.0])]).mean.tolist()
        [3.0, 2.0, 1.0]
    """
    longest = max(len(line) for line in lines)
    table = np.full((len(lines), longest), np.nan)
    for row, line in zip(table, lines, strict=True):
        row[: len(line)] = line
    reached = np.isfinite(table).sum(0)
    shown = np.flatnonzero(2 * reached >= len(lines))
    if len(shown) > MOST_POINTS:
        shown = shown[np.linspace(0, len(shown) - 1, MOST_POINTS).astype(int)]
    table = table[:, shown]
    return Band(
        epochs=shown + 1,
        mean=np.nanmean(table, 0) if len(shown) else np.zeros(0),
        low=np.nanmin(table, 0) if len(shown) else np.zeros(0),
        high=np.nanmax(table, 0) if len(shown) else np.zeros(0),
    )


def learning_curve(name: str, curves: Curves, look: Look, *, metric: bool = False) -> "Figure":
    """Draw training loss (dashed) and validation loss (solid) of one model, or the metric of both.

    The band runs from the lowest to the highest seed; the dot marks the lowest mean loss.
    """
    figure = new_figure(330, 190)
    axes = figure.add_subplot()
    plain_axes(axes, title=name, x="epoch")
    train, validation = band(curves.train_loss), band(curves.validation_loss)
    dot = int(np.argmin(validation.mean)) if len(validation.epochs) else -1
    if metric:
        train, validation = band(curves.train_metric), band(curves.validation_metric)
    ends = {}
    for label, shown, dashes in (("training", train, (0, (4, 2))), ("validation", validation, "-")):
        draw_band(axes, shown, look, dashes)
        if len(shown.epochs):
            ends[label] = (float(shown.epochs[-1]), float(shown.mean[-1]))
    if 0 <= dot < len(validation.epochs):
        axes.plot(validation.epochs[dot], validation.mean[dot], "o", color=look.colour, ms=6)
    if not metric:
        limit_losses(axes, [train, validation])
    mark_epochs(axes, ends)
    label_ends(axes, ends)
    return figure


def compare_curves(
    lines: Mapping[str, Sequence[np.ndarray]],
    looks: Mapping[str, Look],
    *,
    title: str,
    losses: bool = True,
) -> "Figure":
    """Draw one line per model with its band, and its name at the right end.

    Args:
        lines: Model -> one array (E,) per seed.
        looks: Model -> how it is drawn.
        title: What the lines are.
        losses: They fall, and the few that shoot up are cut off.
    """
    figure = new_figure(345, 260)
    axes = figure.add_subplot()
    plain_axes(axes, title=title, x="epoch")
    bands, ends = {name: band(own) for name, own in lines.items()}, {}
    for name, shown in bands.items():
        if not len(shown.epochs):
            continue
        draw_band(axes, shown, looks[name], looks[name].dashes)
        ends[name] = (float(shown.epochs[-1]), float(shown.mean[-1]))
    if losses:
        limit_losses(axes, list(bands.values()))
    mark_epochs(axes, ends)
    label_ends(axes, ends, looks)
    return figure


def draw_band(axes: "Axes", shown: Band, look: Look, dashes: Any) -> None:
    """Draw the mean as a line, or as a dot where there is one epoch, and the range of the seeds."""
    line = {"color": look.colour, "linestyle": dashes, "lw": 1.6}
    axes.plot(shown.epochs, shown.mean, marker="o" if len(shown.epochs) == 1 else "", ms=4, **line)
    axes.fill_between(shown.epochs, shown.low, shown.high, color=look.colour, alpha=0.15, lw=0)


def mark_epochs(axes: "Axes", ends: Mapping[str, tuple[float, float]]) -> None:
    """Mark whole epochs alone; lines end at `ends`, and one epoch has room on both sides."""
    axes.locator_params(axis="x", integer=True)
    if all(epoch == 1 for epoch, _ in ends.values()):
        axes.set_xlim(0.5, 1.5)
        axes.set_xticks([1])


def compare_parameters(
    points: Mapping[str, Point], looks: Mapping[str, Look], *, metric: str
) -> "Figure":
    """Draw networks by their parameters and score; baselines as lines that they must beat."""
    figure = new_figure(345, 260)
    axes = figure.add_subplot()
    plain_axes(axes, title=f"Parameters and test {metric}", x="parameters (log scale)")
    axes.set_xscale("log")
    ends = {}
    low, high = focus(*zip(*((p.score, p.low, p.high) for p in points.values()), strict=True))
    axes.set_ylim(low, high)
    networks = {name: point for name, point in points.items() if not looks[name].baseline}
    sizes = [point.parameters for point in networks.values()] or [1]
    axes.set_xlim(max(1, min(sizes)) / 2, max(sizes) * 2)
    for name, point in points.items():
        look = looks[name]
        if look.baseline:
            axes.axhline(point.score, color=look.colour, linestyle=look.dashes, linewidth=1.2)
            ends[name] = (axes.get_xlim()[1], point.score)
            continue
        axes.vlines(point.parameters, point.low, point.high, color=look.colour, lw=1.4, alpha=0.6)
        axes.plot(point.parameters, point.score, look.marker, color=look.colour, ms=7)
        ends[name] = (float(point.parameters), point.score)
    mark_decades(axes.xaxis)
    label_ends(axes, ends, looks, joined=[name for name in points if looks[name].baseline])
    return figure


def mark_decades(axis: "Axis") -> None:
    """Mark a logarithmic axis at 1, 2 and 5 of each decade, or at 1 where that is too much."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = axis.get_view_interval()
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    parts = (1, 2, 5) if high / low < 100 else (1,)
    marks = [part * 10.0**decade for decade in decades for part in parts]
    marks = [mark for mark in marks if low <= mark <= high]
    axis.set_major_locator(FixedLocator(marks[:: -(-len(marks) // MOST_MARKS)]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:,.10g}")


def limit_losses(axes: "Axes", bands: Sequence[Band]) -> None:
    """Show where the means move; a single seed that shoots up does not squeeze the rest.

    The scale is logarithmic when the means span more than a factor of 15.
    """
    means = np.concatenate([shown.mean for shown in bands] or [np.zeros(0)])
    means = means[np.isfinite(means)]
    if not len(means):
        return
    low, high = float(means.min()), float(means.max())
    typical = float(np.quantile(means, 0.97))
    if low > 0 and typical > 15 * low:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.3)
        mark_decades(axes.yaxis)
    elif high > low:
        top = min(high, 2.5 * typical) if typical > 0 else high
        axes.set_ylim(low - 0.08 * (top - low), top + 0.05 * (top - low))


def label_ends(
    axes: "Axes",
    ends: Mapping[str, tuple[float, float]],
    looks: Mapping[str, Look] | None = None,
    *,
    joined: Collection[str] | None = None,
) -> None:
    """Write names at the right edge, each joined to the end of its line.

    A point outside the axes has its name at their upper or lower end, with an arrow.

    Args:
        ends: Name -> the point in data units that the label belongs to.
        looks: Puts the marker of each model before its name; none where one line has one name.
        joined: Which names are joined to their points; all by default.
    """
    pixels = axes.figure.dpi / 72
    height = axes.get_window_extent().height / pixels  # about right: laid out anew when saved
    place = axes.transData + axes.transAxes.inverted()
    spots = {name: place.transform(end) for name, end in ends.items()}
    heights = {name: float(np.clip(y, 0, 1)) for name, (_, y) in spots.items()}
    for name, y in spread_labels(heights, gap=12.5 / max(height, 60)).items():
        x = float(np.clip(spots[name][0], 0, 1))
        look = looks[name] if looks else None
        if joined is None or name in joined:
            axes.plot(
                [min(x + 0.01, 1.0), 1.03], [heights[name], y], transform=axes.transAxes,
                clip_on=False, color=GREY, linewidth=0.6, alpha=0.8,
            )  # fmt: skip
        if look:
            axes.plot(
                1.045, y, look.marker, transform=axes.transAxes, clip_on=False, ms=5,
                color=look.colour, markerfacecolor=look.fill,
            )  # fmt: skip
        axes.text(
            1.07 if look else 1.04, y, name + arrow(spots[name][1]), transform=axes.transAxes,
            fontsize=10, va="center", color=INK,
        )  # fmt: skip


def arrow(height: float) -> str:
    """Return an arrow for what lies above or below the axes: height 0 to 1 is inside."""
    return " ↑" if height > 1.001 else " ↓" if height < -0.001 else ""
