"""Where predictions go wrong: classes taken for each other, and residuals of numbers.

Dimensions: n rows, L true classes, K predicted classes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.insight.style import ACCENT, GREY, INK, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_WITH_SHARES = 8  # classes; with more a cell holds the count alone
MOST_WITH_COUNTS = 20  # with more the colour alone speaks
MOST_POINTS = 2_000  # of a scatter: more only make a blot
LONGEST_NAME = 18


def confusion_matrix(counts: np.ndarray, labels: Sequence[str], classes: Sequence[str]) -> "Figure":
    """Draw how often each true class was taken for each class; colour is the share of its row.

    Args:
        counts: (L, K) rows.
        labels: Names of the true classes.
        classes: Names of the classes that can be predicted.
    """
    from matplotlib.colors import to_rgb

    rows = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(rows, 1)  # (L, K)
    cell = 58 if len(labels) <= 4 else 40 if len(labels) <= 12 else 24 if len(labels) <= 20 else 15
    margin = 30 + 6 * min(LONGEST_NAME, max(map(len, labels)))
    figure = new_figure(
        max(240, margin + cell * len(classes)), max(160, margin + cell * len(labels))
    )
    axes = figure.add_subplot()
    plain_axes(axes, x="predicted", y="true")
    axes.grid(visible=False)
    picture = np.empty((*counts.shape, 4))
    picture[..., :3] = to_rgb(ACCENT)
    picture[..., 3] = 0.06 + 0.7 * shares
    axes.imshow(picture, interpolation="none", aspect="equal")
    small = 9.5 if cell >= 24 else 8
    axes.set_xticks(
        range(len(classes)), [short(name) for name in classes], rotation=90, fontsize=small
    )
    axes.set_yticks(range(len(labels)), [short(name) for name in labels], fontsize=small)
    if 7 * max(map(len, classes)) <= cell:  # room for the names side by side
        axes.tick_params(axis="x", rotation=0)
    for (i, j), number in np.ndenumerate(counts):
        if number == 0 or len(labels) > MOST_WITH_COUNTS:
            continue
        text = f"{number:,}"
        if len(labels) <= MOST_WITH_SHARES:
            text += f"\n{100 * shares[i, j]:.0f} %"
        axes.text(j, i, text, ha="center", va="center", color=INK, fontsize=9.5 if cell > 24 else 8)
    return figure


def short(name: str) -> str:
    """Cut a long name, so that it stays beside the figure."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def predicted_against_true(truth: np.ndarray, predicted: np.ndarray, *, name: str) -> "Figure":
    """Draw predicted against true numbers, and the line where both are equal.

    With more than 2,000 rows, 2,000 are drawn, evenly over the truth; the points are one picture.
    """
    order = np.argsort(truth, kind="stable")
    if len(order) > MOST_POINTS:
        order = order[np.linspace(0, len(order) - 1, MOST_POINTS).astype(int)]
    figure = new_figure(345, 290)
    axes = figure.add_subplot()
    plain_axes(axes, x=f"true {short(name)}", y="predicted")
    axes.plot(
        truth[order], predicted[order], "o", color=ACCENT, ms=3.5, alpha=0.35, mew=0,
        rasterized=True,
    )  # fmt: skip
    ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    axes.plot(ends, ends, color=GREY, linestyle=(0, (4, 2)), linewidth=1.2)
    return figure


def residuals(truth: np.ndarray, predicted: np.ndarray, *, name: str) -> "Figure":
    """Draw how errors (predicted minus true) spread; the outer 1 % is gathered at the ends."""
    errors = predicted - truth
    reach = float(np.quantile(np.abs(errors), 0.99)) or 1.0
    figure = new_figure(345, 290)
    axes = figure.add_subplot()
    plain_axes(axes, x=f"predicted minus true {short(name)}", y="test rows")
    counts, edges = np.histogram(np.clip(errors, -reach, reach), bins=31, range=(-reach, reach))
    axes.stairs(counts, edges, fill=True, color=ACCENT, alpha=0.7)
    axes.axvline(0, color=GREY, linewidth=1.2)
    return figure
