"""The figures of a report: drawing, caption and content in words of each stand together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cut import cut
from bakeoff.evaluate.classification import Confusion, confusion
from bakeoff.evaluate.metrics import watched_metric
from bakeoff.evaluate.regression import errors
from bakeoff.insight.curves import (
    Point,
    band,
    compare_curves,
    compare_parameters,
    learning_curve,
)
from bakeoff.insight.examples import draw_examples as examples_figure
from bakeoff.insight.mistakes import confusion_matrix, predicted_against_true, residuals
from bakeoff.insight.ranking import Line, leaderboard
from bakeoff.insight.style import to_svg
from bakeoff.report import numbers
from bakeoff.report.contents import Contents
from bakeoff.report.forecast_pictures import drawn_steps, drawn_windows
from bakeoff.report.input_pictures import drawn_inputs

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

MANY_CLASSES = 12  # beyond which the confusion matrix has the width of the page


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Pictures side by side under one caption.

    Args:
        caption: How to read them.
        pictures: One or more.
        size: "wide" may scroll, "small" stands in narrow columns.
    """

    caption: str
    pictures: Sequence[Picture]
    size: str = ""


def draw_figures(run: Contents) -> dict[str, list[Group]]:
    """Draw all figures: section of the report -> its figures, in order.

    A new figure is a function of the run that yields a group, and its name here.
    """
    sections: dict[str, list[Callable[[Contents], Iterator[Group]]]] = {
        "leaderboard": [draw_ranking, draw_inputs],
        "training": [draw_comparison, draw_learning],
        "best": [draw_confusion, draw_residuals, draw_forecasts],
        "worst": [draw_worst],
        "data": [draw_rows],
    }
    return {
        section: [group for draw in draws for group in draw(run)]
        for section, draws in sections.items()
    }


def draw_target(run: Contents) -> dict[str, list[Group]]:
    """Draw what is shown of a further target: the ranking, and where its best model is wrong."""
    return {
        "leaderboard": list(draw_ranking(run)),
        "best": [*draw_confusion(run), *draw_residuals(run), *draw_forecasts(run)],
    }


def picture(figure: "Figure", name: str, alt: str, *, place: int = 0) -> Picture:
    """Draw a figure; `name` is unique on the page, with the place of the target behind it."""
    return Picture(svg=to_svg(figure, f"{name}-{place}" if place else name), alt=alt)


def draw_ranking(run: Contents) -> Iterator[Group]:
    """Draw the leaderboard as intervals."""
    if not run.ranked:
        return
    metric, label = run.verdict.metric, numbers.metric_label(run.verdict.metric)
    lines = [
        Line(
            name=row["label"],
            tier=row["tier"],
            score=row["score"],
            low=row["low"],
            high=row["high"],
            text=numbers.score(metric, row["score"]),
            look=run.looks[row["label"]],
        )
        for row in run.ranked
    ]
    told = "; ".join(
        f"tier {line.tier}, {line.name}: {line.text}, "
        f"interval {numbers.interval(metric, line.low, line.high)}"
        for line in lines
    )
    alt = f"Intervals of 95 % of the test {label}, best first. {told}."
    yield Group(
        caption="Each model's score with its 95 % interval, by tier. Filled marks are networks, "
        "hollow grey ones are baselines, arrows lie off the scale.",
        pictures=[picture(leaderboard(lines, metric=label), "ranking", alt, place=run.place)],
    )


def draw_inputs(run: Contents) -> Iterator[Group]:
    """Draw what each of several inputs adds."""
    drawn = drawn_inputs(run)
    if drawn is None:
        return
    yield Group(
        caption="What the other inputs add to each input alone: the network of all of them minus "
        "the network of one, with the interval of 95 % that holds for all differences at once. "
        "Where it reaches 0, nothing is added that can be detected.",
        pictures=[picture(drawn.figure, "inputs", drawn.alt)],
    )


def draw_comparison(run: Contents) -> Iterator[Group]:
    """Draw all networks side by side: losses, watched metric, parameters against score."""
    if not run.curves:
        return
    watched = watched_metric(run.task).label
    train, loss, metric = (
        {name: getattr(curves, what) for name, curves in run.curves.items()}
        for what in ("train_loss", "validation_loss", "validation_metric")
    )
    titles = "Training loss", "Validation loss", f"Validation {watched}"
    figures = (
        compare_curves(train, run.looks, title=titles[0]),
        compare_curves(loss, run.looks, title=titles[1]),
        compare_curves(metric, run.looks, title=titles[2], losses=False),
    )
    alts = (
        f"Mean training loss at the end: {tell(train, 'last')}.",
        f"Lowest mean validation loss: {tell(loss, 'min')}.",
        f"Highest mean validation {watched}: {tell(metric, 'max')}.",
    )
    names = "training-loss", "validation-loss", "validation-metric"
    yield Group(
        caption="All models on the same axes. Lines are means over the seeds while at least half "
        "of them train; bands run from the lowest to the highest seed. In the last panel the "
        "dashed lines are the baselines: what a network has to beat; arrows lie off the scale.",
        pictures=[
            *(picture(*drawn) for drawn in zip(figures, names, alts, strict=True)),
            *([draw_parameters(run)] if run.ranked else []),
        ],
    )


def draw_parameters(run: Contents) -> Picture:
    """Draw parameters against score."""
    metric, label = run.verdict.metric, numbers.metric_label(run.verdict.metric)
    points = {
        row["label"]: Point(
            parameters=row["parameters"] or 0,
            score=row["score"],
            low=row["low"],
            high=row["high"],
        )
        for row in run.ranked
    }
    told = "; ".join(
        f"{row['label']}: {numbers.count(row['parameters'], 'parameter')}, "
        f"{numbers.score(metric, row['score'])}"
        for row in run.ranked
        if row["kind"] == "network"
    )
    figure = compare_parameters(points, run.looks, metric=label)
    alt = f"Parameters against test {label}. {told}; baselines are lines to beat."
    return picture(figure, "parameters", alt)


def tell(lines: Mapping[str, Sequence[np.ndarray]], which: str) -> str:
    """Say one number per model: its last, lowest or highest mean, and the epoch."""
    told = []
    for name, own in lines.items():
        shown = band(own)
        if not len(shown.epochs) or not np.isfinite(shown.mean).any():
            continue
        best = {"min": np.nanargmin, "max": np.nanargmax}
        index = int(best[which](shown.mean)) if which in best else -1
        told.append(f"{name} {shown.mean[index]:.3f} at epoch {shown.epochs[index]}")
    return "; ".join(told)


def draw_learning(run: Contents) -> Iterator[Group]:
    """Draw the learning curves of each network."""
    pictures = []
    for i, (name, own) in enumerate(run.curves.items()):
        validation, train = band(own.validation_loss), band(own.train_loss)
        if not len(validation.epochs) or not len(train.epochs):
            continue  # no epoch of it has a finite loss
        best = int(np.nanargmin(validation.mean))
        alt = (
            f"{name}, {numbers.count(len(own.train_loss), 'seed')}: the mean validation loss "
            f"starts at {validation.mean[0]:.3f}, is lowest with {validation.mean[best]:.3f} at "
            f"epoch {validation.epochs[best]} and ends at {validation.mean[-1]:.3f}; the training "
            f"loss ends at {train.mean[-1]:.3f}."
        )
        pictures.append(picture(learning_curve(name, own, run.looks[name]), f"curve-{i}", alt))
    if pictures:
        yield Group(
            caption="Each model on its own scale: training loss dashed, validation loss solid, the "
            "dot at the lowest validation loss. The weights of each seed's best epoch are the ones "
            "judged.",
            pictures=pictures,
            size="small",
        )
    yield from draw_metrics(run)


def draw_metrics(run: Contents) -> Iterator[Group]:
    """Draw what is watched of training and validation rows, of each network."""
    watched = watched_metric(run.task).label
    pictures = []
    for i, (name, own) in enumerate(run.curves.items()):
        if not own.train_metric:
            continue
        validation, train = band(own.validation_metric), band(own.train_metric)
        if not len(validation.epochs) or not len(train.epochs):
            continue
        alt = (
            f"{name}: the mean {watched} of validation rows ends at {validation.mean[-1]:.3f}, "
            f"that of training rows at {train.mean[-1]:.3f}."
        )
        figure = learning_curve(name, own, run.looks[name], metric=True)
        pictures.append(picture(figure, f"curve-metric-{i}", alt))
    if pictures:
        yield Group(
            caption=f"The same for the {watched}: of training rows as they were when they were "
            "learned from, dropout included, which is why it can lie below that of validation "
            "rows; the dot is where the loss of validation rows is lowest.",
            pictures=pictures,
            size="small",
        )


def draw_confusion(run: Contents) -> Iterator[Group]:
    """Draw the confusion matrix of the best model."""
    if not run.best.classes or run.best.several:
        return
    table = confusion(run.best)
    labels, classes = [cut(name) for name in table.labels], [cut(name) for name in table.classes]
    told = "; ".join(
        f"{true} taken for {predicted} in {numbers.count(rows, 'row')}, {share} of its rows"
        for true, predicted, rows, share in frequent_mistakes(table)
    )
    alt = (
        f"Confusion matrix of {numbers.count(len(table.classes), 'class')}: "
        f"{int(np.trace(table.counts)):,} of {numbers.count(int(table.counts.sum()), 'row')} are "
        f"on the diagonal. Most frequent mistakes: {told or 'none'}."
    )
    figure = confusion_matrix(table.counts, labels, classes)
    yield Group(
        caption="True classes against predicted ones. Colour: share of the true class.",
        pictures=[picture(figure, "confusion", alt, place=run.place)],
        size="wide" if len(table.labels) > MANY_CLASSES else "",
    )


def frequent_mistakes(table: Confusion, most: int = 6) -> list[tuple[str, str, int, str]]:
    """List the pairs of classes that are confused most often."""
    wrong = table.counts.copy()
    np.fill_diagonal(wrong, 0)
    sums = table.counts.sum(1)
    places = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), wrong.shape[1]) for place in places]
    return [
        (
            cut(table.labels[i]),
            cut(table.classes[j]),
            int(wrong[i, j]),
            numbers.share(wrong[i, j] / sums[i]),
        )
        for i, j in pairs
        if wrong[i, j]
    ]


def draw_residuals(run: Contents) -> Iterator[Group]:
    """Draw predicted against true numbers of the best model, and how its errors spread."""
    if run.task not in ("regression", "step_numbers", "series"):
        return
    truth = run.best.truth.astype(np.float64)
    predicted = run.best.scores.astype(np.float64)
    spread = np.quantile(errors(run.best), (0.05, 0.5, 0.95))
    low, middle, high = (numbers.score("mae", float(value)) for value in spread)
    near = float(np.corrcoef(truth, predicted)[0, 1]) if predicted.std() and truth.std() else 0.0
    target = cut(run.best.target)
    alt = (
        f"Predicted against true {target} of {numbers.count(len(truth), 'test row')}; "
        f"their correlation is {near:.2f}."
    )
    figure = predicted_against_true(truth, predicted, name=target)
    yield Group(
        caption="On the dashed line prediction and truth are equal.",
        pictures=[picture(figure, "predicted", alt, place=run.place)],
    )
    figure = residuals(truth, predicted, name=target)
    alt = (
        f"Errors, predicted minus true {target}: half of them are below {middle}, "
        f"nine in ten lie between {low} and {high}."
    )
    yield Group(
        caption="Errors: right of zero is predicted too high. The outer 1 % is gathered at the "
        "ends.",
        pictures=[picture(figure, "residuals", alt, place=run.place)],
    )


def draw_forecasts(run: Contents) -> Iterator[Group]:
    """Draw forecasts of the best model beside the truth, and how its error grows step by step."""
    if run.best.period is None:
        return
    beside = f" and {run.naive_label}" if run.naive is not None else ""
    yield Group(
        caption="Windows of the test part, evenly over its time. Grey: what was known, as far as "
        f"the test part tells it. Then what came, and the forecasts of {run.best_label}{beside}.",
        pictures=[picture(*drawn, place=run.place) for drawn in drawn_windows(run)],
        size="small",
    )
    yield Group(
        caption="The score of each step ahead alone, over all test windows.",
        pictures=[picture(*drawn_steps(run), place=run.place)],
    )


def draw_worst(run: Contents) -> Iterator[Group]:
    """Draw the test rows on which the best model is most wrong."""
    if run.examples is None or not run.examples.worst or run.examples.kind == "texts":
        return
    examples, values = zip(*run.examples.worst, strict=True)
    titles = [f"{cut(example.truth)}\nnot {cut(example.predicted)}" for example in examples]
    told = "; ".join(
        f"row {example.row:,} is {cut(example.truth)}, predicted {cut(example.predicted)}"
        for example in examples
    )
    yield Group(
        caption=f"The test rows on which {run.best_label} is most wrong, the worst first: what "
        f"each is, and what it was taken for. {what_lines_are(run.examples.kind)}",
        pictures=[picture(examples_figure(values, titles), "worst", f"Worst errors: {told}.")],
    )


def draw_rows(run: Contents) -> Iterator[Group]:
    """Draw some training rows, with what they are."""
    if run.examples is None or not run.examples.train or run.examples.kind == "texts":
        return
    examples, values = zip(*run.examples.train, strict=True)
    titles = [cut(example.truth) for example in examples]
    told = "; ".join(f"row {example.row:,} is {cut(example.truth)}" for example in examples)
    yield Group(
        caption=f"Some training rows, and what they are. {what_lines_are(run.examples.kind)}",
        pictures=[picture(examples_figure(values, titles), "rows", f"Training rows: {told}.")],
    )


def what_lines_are(kind: str) -> str:
    """Say what is drawn of a sequence."""
    return "A line for each of the first three channels." if kind == "sequences" else ""
