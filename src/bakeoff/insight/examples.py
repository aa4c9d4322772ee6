"""Examples drawn: a few pictures or sequences, each with what it is and what was said of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.insight.style import COLOURS, GREY, INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 6
SIDE = 92  # points of a cell
DARK = 64  # brightness: where nothing is brighter, the brightest is white
LONGEST_TITLE = 15  # letters of a line


def draw_examples(values: Sequence[np.ndarray], titles: Sequence[str]) -> "Figure":
    """Draw rows of pictures, or of sequences with a line for each channel.

    Args:
        values: (Y, X) or (Y, X, 3) uint8, or (T, F) floats.
        titles: Of each; a line break parts it.
    """
    columns = min(COLUMNS, len(values))
    rows = -(-len(values) // columns)
    lines = max(title.count("\n") + 1 for title in titles)
    figure = new_figure(SIDE * columns, (SIDE + 13 * lines) * rows)
    brightest = max(int(shown.max()) if shown.dtype == np.uint8 else 0 for shown in values)
    white = 255 if brightest >= DARK else max(brightest, 1)  # pixels may count from 0 to 16
    cells = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes in cells[len(values) :]:
        axes.set_visible(False)
    for axes, shown, title in zip(cells, values, titles, strict=False):
        if shown.dtype == np.uint8:
            axes.imshow(shown, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
        else:
            draw_channels(axes, shown)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.patch.set_alpha(0)
        for spine in axes.spines.values():
            spine.set_color(GREY)
            spine.set_linewidth(0.6)
        words = "\n".join(map(short, title.split("\n")))
        axes.set_title(words, fontsize=9.5, color=INK)
    return figure


def draw_channels(axes: "Axes", values: np.ndarray) -> None:
    """Draw a sequence: one line for each channel; a single step is a dot."""
    marker = "o" if len(values) == 1 else ""
    for i, channel in enumerate(np.where(np.isfinite(values), values, np.nan).T):
        axes.plot(channel, color=COLOURS[i % len(COLOURS)], linewidth=1.1, marker=marker)


def short(words: str) -> str:
    """Cut a line that would not fit."""
    return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1] + "…"
