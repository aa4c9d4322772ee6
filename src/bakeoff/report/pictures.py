"""The figures of a report, each with a caption and with its content in words and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.evaluate.classification import Confusion, confusion
from bakeoff.evaluate.metrics import watched_metric
from bakeoff.evaluate.predictions import Predictions
from bakeoff.evaluate.regression import errors
from bakeoff.insight.curves import Curves, Point, band, comparison_panels, learning_curve
from bakeoff.insight.mistakes import confusion_matrix, predicted_against_true, residuals
from bakeoff.insight.ranking import Line, leaderboard
from bakeoff.insight.style import Look, to_svg
from bakeoff.report import numbers

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A figure on the page: the SVG element, and what it shows for those who cannot see it."""

    svg: str
    alt: str

    @property
    def element(self) -> "Markup":
        """The SVG with its description; the figure is ours, the description is escaped."""
        from markupsafe import Markup

        start = Markup('<svg class="drawn" style="max-width: {}px" role="img" aria-label="{}"')
        return start.format(self.widest, self.alt) + Markup(self.svg.removeprefix("<svg"))

    @property
    def widest(self) -> int:
        """Pixels beyond which the text would shout."""
        return round(1.5 * float(self.svg.partition('width="')[2].partition("pt")[0]))


def picture(figure: "Figure", name: str, alt: str) -> Picture:
    """Draw a figure; `name` is unique on the page."""
    return Picture(svg=to_svg(figure, name), alt=alt)


def draw_ranking(
    rows: Sequence[Mapping[str, Any]], looks: Mapping[str, Look], metric: str
) -> Picture:
    """Draw the leaderboard as intervals."""
    lines = [
        Line(
            name=row["label"],
            tier=row["tier"],
            score=row["score"],
            low=row["low"],
            high=row["high"],
            text=numbers.score(metric, row["score"]),
            look=looks[row["label"]],
        )
        for row in rows
    ]
    told = "; ".join(
        f"tier {row['tier']}, {row['label']}: {numbers.score(metric, row['score'])}, "
        f"interval {numbers.interval(metric, row['low'], row['high'])}"
        for row in rows
    )
    label = numbers.metric_label(metric)
    alt = f"Intervals of 95 % of the test {label}, best first. {told}."
    return picture(leaderboard(lines, metric=label), "ranking", alt)


def draw_comparison(
    curves: Mapping[str, Curves],
    rows: Sequence[Mapping[str, Any]],
    looks: Mapping[str, Look],
    metric: str,
    task: str,
) -> list[Picture]:
    """Draw four panels: training loss, validation loss, validation metric, parameters and score."""
    points = {
        row["label"]: Point(
            parameters=row["parameters"] or 0,
            score=row["score"],
            low=row["low"],
            high=row["high"],
        )
        for row in rows
    }
    watched = watched_metric(task).label
    label = numbers.metric_label(metric)
    figures = comparison_panels(curves, points, looks, watched=watched, metric=label)
    networks = [row for row in rows if row["kind"] == "network"]
    told = "; ".join(
        f"{row['label']}: {numbers.count(row['parameters'], 'parameter')}, "
        f"{numbers.score(metric, row['score'])}"
        for row in networks
    )
    alts = {
        "training-loss": f"Mean training loss at the end: {tell(curves, 'train_loss', 'last')}.",
        "validation-loss": f"Lowest mean validation loss: "
        f"{tell(curves, 'validation_loss', 'min')}.",
        "validation-metric": f"Highest mean validation {watched}: "
        f"{tell(curves, 'validation_metric', 'max')}.",
        "parameters": f"Weights against test {label}. {told}; baselines are lines to beat.",
    }
    return [picture(figure, name, alts[name]) for name, figure in figures.items()]


def tell(curves: Mapping[str, Curves], what: str, which: str) -> str:
    """Say one number per model: its last, lowest or highest mean, and the epoch."""
    told = []
    for name, own in curves.items():
        shown = band(getattr(own, what))
        if not len(shown.epochs) or not np.isfinite(shown.mean).any():
            continue
        places = {"min": np.nanargmin, "max": np.nanargmax}
        place = int(places[which](shown.mean)) if which in places else -1
        told.append(f"{name} {shown.mean[place]:.3f} at epoch {shown.epochs[place]}")
    return "; ".join(told)


def draw_learning(curves: Mapping[str, Curves], looks: Mapping[str, Look]) -> list[Picture]:
    """Draw the learning curves of each model."""
    pictures = []
    for i, (name, own) in enumerate(curves.items()):
        held_out, train = band(own.validation_loss), band(own.train_loss)
        best = int(np.nanargmin(held_out.mean)) if np.isfinite(held_out.mean).any() else 0
        alt = (
            f"{name}, {numbers.count(len(own.train_loss), 'seed')}: the mean validation loss "
            f"starts at {held_out.mean[0]:.3f}, is lowest with {held_out.mean[best]:.3f} at epoch "
            f"{held_out.epochs[best]} and ends at {held_out.mean[-1]:.3f}; the training loss "
            f"ends at {train.mean[-1]:.3f}."
        )
        pictures.append(picture(learning_curve(name, own, looks[name]), f"curve-{i}", alt))
    return pictures


def draw_confusion(predictions: Predictions) -> tuple[Picture, list[tuple[str, str, int, str]]]:
    """Draw the confusion matrix; list the most frequent mistakes as well.

    Returns:
        The picture, and (true class, predicted class, rows, share of the true class's rows).
    """
    table = confusion(predictions)
    mistakes = frequent_mistakes(table)
    right = int(np.trace(table.counts))
    told = "; ".join(
        f"{true} taken for {predicted} in {numbers.count(rows, 'row')}, {share} of its rows"
        for true, predicted, rows, share in mistakes
    )
    alt = (
        f"Confusion matrix of {numbers.count(len(table.classes), 'class')}: {right:,} of "
        f"{numbers.count(int(table.counts.sum()), 'row')} are on the diagonal. "
        f"Most frequent mistakes: {told or 'none'}."
    )
    figure = confusion_matrix(table.counts, table.labels, table.classes)
    return picture(figure, "confusion", alt), mistakes


def frequent_mistakes(table: Confusion, most: int = 6) -> list[tuple[str, str, int, str]]:
    """List the pairs of classes that are confused most often."""
    wrong = table.counts.copy()
    np.fill_diagonal(wrong, 0)
    sums = table.counts.sum(1)
    places = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), wrong.shape[1]) for place in places]
    return [
        (table.labels[i], table.classes[j], int(wrong[i, j]), numbers.share(wrong[i, j] / sums[i]))
        for i, j in pairs
        if wrong[i, j]
    ]


def draw_residuals(predictions: Predictions) -> list[Picture]:
    """Draw predicted against true, and how the errors spread."""
    truth = predictions.truth.astype(np.float64)
    predicted = predictions.scores.astype(np.float64)
    spread = np.quantile(errors(predictions), (0.05, 0.5, 0.95))
    low, middle, high = (numbers.score("mae", float(value)) for value in spread)
    near = float(np.corrcoef(truth, predicted)[0, 1]) if predicted.std() and truth.std() else 0.0
    target = predictions.target
    return [
        picture(
            predicted_against_true(truth, predicted, name=target),
            "predicted",
            f"Predicted against true {target} of {numbers.count(len(truth), 'test row')}; "
            f"their correlation is {near:.2f}.",
        ),
        picture(
            residuals(truth, predicted, name=target),
            "residuals",
            f"Errors, predicted minus true {target}: half of them are below {middle}, "
            f"nine in ten lie between {low} and {high}.",
        ),
    ]
