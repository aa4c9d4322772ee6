"""How figures look: one colour per model everywhere, text that follows the page, small SVG.

Figures are about 340 points wide, so that their text can be read on a telephone; a page puts
several side by side. Colours of lines keep a contrast of 3 on white and on near-black; text is
written as `currentColor`, so one SVG serves light and dark pages.
"""

import io
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#0b0c0e"  # stands for the text colour of the page
GREY = "#8a8f98"  # grid and axes; readable on both backgrounds
ACCENT = "#3b7dd8"
# Blue, vermilion, green, purple, ochre, teal, pink, olive: luminance 0.13 to 0.30, told apart by
# dashes and markers as well, because no eight colours are safe for every eye at one lightness.
COLOURS = ("#3b7dd8", "#d9541e", "#17936a", "#9460c8", "#ad7a0c", "#1b8fb0", "#d4528c", "#77851c")
BASELINE_COLOURS = ("#8a8f98", "#6f7681", "#9a8f84", "#7c8577")
MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.5)))
DRAWING = Lock()  # Matplotlib's settings are of the whole process: runs in threads draw in turn
BASELINE_MARKERS = ("s", "d", "p", "h")


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How one model is drawn: networks in colour and filled, baselines grey and hollow."""

    colour: str
    marker: str
    dashes: str | tuple[int, tuple[float, ...]]
    baseline: bool

    @property
    def fill(self) -> str:
        """The inside of its marker."""
        return "none" if self.baseline else self.colour


def looks(models: Iterable[str], baselines: Iterable[str]) -> dict[str, Look]:
    """Give each model of a run its look, by the order of names, whatever its rank.

    Example:
        >>> shown = looks(["lstm", "linear", "cnn"], baselines=["linear"])
        >>> shown["cnn"].colour == COLOURS[0], shown["linear"].baseline
        (True, True)
    """
    grey = set(baselines)
    found: dict[str, Look] = {}
    names = sorted(models)
    for i, name in enumerate(name for name in names if name not in grey):
        turn, place = divmod(i, len(COLOURS))
        found[name] = Look(
            colour=COLOURS[place],
            marker=MARKERS[(place + turn) % len(MARKERS)],
            dashes=DASHES[turn % len(DASHES)],
            baseline=False,
        )
    for i, name in enumerate(name for name in names if name in grey):
        found[name] = Look(
            colour=BASELINE_COLOURS[i % len(BASELINE_COLOURS)],
            marker=BASELINE_MARKERS[i % len(BASELINE_MARKERS)],
            dashes=(0, (4, 2)),
            baseline=True,
        )
    return found


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty, transparent figure of this many points, laid out to its edges."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    return figure


def plain_axes(axes: "Axes", *, title: str = "", x: str = "", y: str = "") -> None:
    """Leave only what carries meaning: light grid, no box, words in the page's colour."""
    axes.patch.set_alpha(0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=10, labelcolor=INK)
    axes.locator_params(nbins=5)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.yaxis.set_major_formatter("{x:,.10g}")
    if title:
        axes.set_title(title, loc="left", fontsize=11, color=INK, fontweight="bold")
    axes.set_xlabel(x, fontsize=10.5, color=INK)
    axes.set_ylabel(y, fontsize=10.5, color=INK)


def focus(
    scores: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> tuple[float, float]:
    """Return limits that show how the models differ, even if one of them is far away.

    At most eight times the usual interval, or the spread of the better half, beside the median.

    Example:
        >>> [round(x, 2) for x in focus([0.1, 0.95, 0.96, 0.97], [0.05, 0.94, 0.95, 0.96],
        ...                             [0.15, 0.96, 0.97, 0.98])]
        [0.79, 0.99]
    """
    q1, median, q3 = np.quantile(scores, (0.25, 0.5, 0.75))
    width = float(np.median(np.subtract(highs, lows)))
    reach = 8 * max(min(q3 - median, median - q1), width)
    low, high = max(min(lows), median - reach), min(max(highs), median + reach)
    margin = 0.04 * (high - low) or 0.05
    return float(low - margin), float(high + margin)


def spread_labels(heights: Mapping[str, float], gap: float) -> dict[str, float]:
    """Move labels apart that would overlap, each as little as needed, and keep their order.

    Heights are fractions of the axes; labels stay between 0 and 1 while there is room.

    Example:
        >>> spread_labels({"a": 0.5, "b": 0.5, "c": 1.0}, gap=0.25)
        {'a': 0.375, 'b': 0.625, 'c': 1.0}
    """
    merged: list[tuple[float, list[str]]] = []  # centre of a group, its names from below
    for name in sorted(heights, key=lambda name: heights[name]):
        merged.append((heights[name], [name]))
        while len(merged) > 1 and overlap(merged[-2], merged[-1], gap):
            (low, below), (high, above) = merged[-2:]
            middle = (low * len(below) + high * len(above)) / (len(below) + len(above))
            merged[-2:] = [(middle, below + above)]
    spread = {
        name: centre + gap * (i - (len(names) - 1) / 2)
        for centre, names in merged
        for i, name in enumerate(names)
    }
    highest = 1.0
    for name in reversed(spread):
        spread[name] = min(spread[name], highest)
        highest = spread[name] - gap
    lowest = 0.0
    for name in spread:
        spread[name] = max(spread[name], lowest)
        lowest = spread[name] + gap
    return spread


def overlap(low: tuple[float, list[str]], high: tuple[float, list[str]], gap: float) -> bool:
    """Say whether two groups of labels, each `gap` apart around its centre, touch."""
    return high[0] - low[0] < gap * (len(low[1]) + len(high[1])) / 2


def to_svg(figure: "Figure", name: str) -> str:
    """Draw a figure as an SVG element for a page, without title or ids that clash.

    Words stand as they are: a `$` in a name starts no formula.

    Args:
        figure: What to draw.
        name: Letters and dashes, different for each figure of a page.
    """
    import matplotlib as mpl
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = io.StringIO()
    written = mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name})
    with DRAWING, written, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's own font has it
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), svg)
    return svg.replace(INK, "currentColor").replace("\n", " ").strip()
