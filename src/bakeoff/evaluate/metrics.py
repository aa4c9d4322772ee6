"""The metrics by name: their direction, how people read them, what the verdict needs of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.columns.column import Task
from bakeoff.errors import RequestError, option, unknown
from bakeoff.evaluate import classification, label_cells, regression, token_losses
from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]
Groups = NDArray[np.int64]
Unit = Literal["points", "plain", "target"]

CLASSES: tuple[Task, ...] = ("binary", "multiclass", "step_classes")
LABELS: tuple[Task, ...] = ("multilabel",)
NUMBERS: tuple[Task, ...] = ("regression", "forecast", "step_numbers", "series")
FORECASTS: tuple[Task, ...] = ("forecast",)
TEXTS: tuple[Task, ...] = ("text",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric; what it makes of predictions is its value.

    Args:
        name: What the user types.
        label: What people read.
        tasks: The tasks it judges.
        higher_is_better: False for losses.
        unit: How a difference is said: "points" (of a percentage), "plain" (of the metric itself)
            or "target" (in the target's unit).
        bounds: Lowest and highest value there is.
        values: Values per row, whose mean is the metric, nan for rows that it leaves out; or what
            each row adds to a mean over classes; or None.
        exact: The metric itself, or None where it is the mean of the values.
        without: The metric without each group of rows; None where it is the mean of the values.
        by_class: A mean over classes: the values are what each row adds to it, and only their
            spread within a class tells how sure it is.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    unit: Unit
    bounds: tuple[float, float]
    values: Callable[[Predictions], Array] | None = None
    exact: Callable[[Predictions], float] | None = None
    without: Callable[[Predictions, Groups], Array] | None = None
    by_class: bool = False

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 for losses."""
        return 1 if self.higher_is_better else -1

    def say(self, value: float) -> str:
        """Write a score: three decimals, or four digits in the target's unit.

        Example:
            >>> [METRICS["r2"].say(value) for value in (0.61234, -0.0001)]
            ['0.612', '0.000']
            >>> METRICS["rmse"].say(12345.6)
            '12,346'
        """
        return f"{value:z,.{decimals(value, 4) if self.unit == 'target' else 3}f}"

    def say_difference(self, *values: float) -> str:
        """Write a difference, or its two ends, with its unit.

        Example:
            >>> METRICS["accuracy"].say_difference(0.021, 0.089), METRICS["r2"].say_difference(0.02)
            ('2.1 to 8.9 points', '0.020 in R2')
            >>> METRICS["accuracy"].say_difference(1e-6, 2e-6)
            'less than 0.01 points'
        """
        least = self.least_shown
        nothing = any(values) and all(abs(value) < least / 2 for value in values)
        written = f"less than {self.say_ends(least)}" if nothing else self.say_ends(*values)
        return f"{written} points" if self.unit == "points" else f"{written} in {self.label}"

    @property
    def least_shown(self) -> float:
        """The smallest difference that is written as one; in the target's unit there is none."""
        return {"points": 1e-4, "plain": 1e-4, "target": 0.0}[self.unit]

    def say_ends(self, *values: float) -> str:
        """Write a difference, or its two ends, without its unit.

        Example:
            >>> METRICS["accuracy"].say_ends(-0.003, 0.021), METRICS["r2"].say_ends(0.02)
            ('-0.3 to 2.1', '0.020')
        """
        scaled = [100 * value for value in values] if self.unit == "points" else list(values)
        if self.unit == "target":
            places = decimals(max(scaled, key=abs), 3)
        else:  # one decimal more where a difference would read as nothing
            places = 1 if self.unit == "points" else 3
            places += min(abs(value) for value in scaled) < 0.5 * 10**-places
        rounded = [round(value, places) + 0.0 for value in scaled]  # -0.0 would look odd
        return " to ".join(f"{value:z,.{places}f}" for value in rounded)


def decimals(value: float, digits: int) -> int:
    """How many decimals show this many digits of a number."""
    if value == 0 or not math.isfinite(value):
        return digits - 1
    return max(digits - 1 - math.floor(math.log10(abs(value))), 0)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="accuracy",
            label="accuracy",
            tasks=CLASSES,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=classification.accuracy_values,
        ),
        Metric(
            name="balanced_accuracy",
            label="balanced accuracy",
            tasks=CLASSES,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=classification.balanced_accuracy_added,
            exact=classification.balanced_accuracy,
            without=lambda p, groups: classification.counted_without(
                p, classification.recalls, groups
            ),
            by_class=True,
        ),
        Metric(
            name="macro_f1",
            label="macro F1",
            tasks=CLASSES,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=classification.macro_f1_added,
            exact=classification.macro_f1,
            without=lambda p, groups: classification.counted_without(p, classification.f1s, groups),
            by_class=True,
        ),
        Metric(
            name="log_loss",
            label="log loss",
            tasks=CLASSES,
            higher_is_better=False,
            unit="plain",
            bounds=(0.0, np.inf),
            values=classification.log_loss_values,
        ),
        Metric(
            name="auc",
            label="AUC",
            tasks=CLASSES,
            higher_is_better=True,
            unit="plain",
            bounds=(0.0, 1.0),
            values=classification.auc_values,
        ),
        Metric(
            name="micro_f1",
            label="micro F1",
            tasks=LABELS,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=label_cells.micro_f1_values,
            exact=label_cells.micro_f1,
            without=label_cells.micro_f1_without,
        ),
        Metric(
            name="macro_f1_labels",
            label="macro F1 over labels",
            tasks=LABELS,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            exact=label_cells.macro_f1,
            without=label_cells.macro_f1_without,
        ),
        Metric(
            name="exact_match",
            label="exact match",
            tasks=LABELS,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=label_cells.exact_match_values,
        ),
        Metric(
            name="scaled_mse",
            label="MSE (scaled)",
            tasks=FORECASTS,
            higher_is_better=False,
            unit="plain",
            bounds=(0.0, np.inf),
            values=regression.scaled_mse_values,
        ),
        Metric(
            name="r2",
            label="R2",
            tasks=NUMBERS,
            higher_is_better=True,
            unit="plain",
            bounds=(-np.inf, 1.0),
            exact=regression.r2,
            without=regression.r2_without,
        ),
        Metric(
            name="rmse",
            label="RMSE",
            tasks=NUMBERS,
            higher_is_better=False,
            unit="target",
            bounds=(0.0, np.inf),
            exact=regression.rmse,
            without=regression.rmse_without,
        ),
        Metric(
            name="mae",
            label="MAE",
            tasks=NUMBERS,
            higher_is_better=False,
            unit="target",
            bounds=(0.0, np.inf),
            values=regression.mae_values,
        ),
        Metric(
            name="token_log_loss",
            label="log loss per token",
            tasks=TEXTS,
            higher_is_better=False,
            unit="plain",
            bounds=(0.0, np.inf),
            values=token_losses.token_log_loss_values,
            exact=token_losses.token_log_loss,
            without=token_losses.token_log_loss_without,
        ),
        Metric(
            name="token_accuracy",
            label="token accuracy",
            tasks=TEXTS,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=token_losses.token_accuracy_values,
            exact=token_losses.token_accuracy,
            without=token_losses.token_accuracy_without,
        ),
    )
}


def find_metric(name: str, task: Task) -> Metric:
    """Return the metric of that name, if it judges this task.

    Raises:
        RequestError: There is no such metric, or it does not fit the task.
    """
    if name not in METRICS:
        known = (metric.name for metric in metrics_of(task))
        raise RequestError(unknown("metric", name, known, where=option("metric")))
    if task not in METRICS[name].tasks:
        fitting = [metric.name for metric in metrics_of(task)]
        raise RequestError(
            f"The metric {name!r} does not fit a {task} target. "
            f"Try {option('metric', fitting[0])}, or one of {', '.join(fitting[1:])}."
        )
    return METRICS[name]


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """All metrics of a task, in the order of the table."""
    return tuple(metric for metric in METRICS.values() if task in metric.tasks)


def default_metric(task: Task, counts: Mapping[str, int] | None = None) -> Metric:
    """Choose the metric that the verdict rests on.

    Args:
        task: As `Schema.tasks` has it.
        counts: Training rows of each class.

    Example:
        >>> default_metric("binary", {"yes": 24, "no": 76}).name
        'balanced_accuracy'
    """
    if task in NUMBERS:
        return METRICS["scaled_mse" if task == "forecast" else "r2"]
    if task in ("multilabel", "text"):
        return METRICS["micro_f1" if task == "multilabel" else "token_log_loss"]
    sizes = [count for count in (counts or {}).values() if count > 0]
    rare = bool(sizes) and min(sizes) < sum(sizes) / (2 * len(sizes))
    return METRICS["balanced_accuracy" if rare else "accuracy"]


def watched_metric(task: str) -> Metric:
    """Return what both training loops report after each epoch, whatever decides the ranking.

    It is what their `metric_of` computes: accuracy of classes, micro F1 of labels, R2 of numbers.
    """
    if task in ("multilabel", "text"):
        return METRICS["micro_f1" if task == "multilabel" else "token_accuracy"]
    return METRICS["r2" if task in NUMBERS else "accuracy"]


def task_of(predictions: Predictions) -> Task:
    """What was predicted; of classes any of their tasks, since metrics judge both alike."""
    if predictions.texts is not None:
        return "text"
    if predictions.several:
        return "multilabel"
    if predictions.classes:
        return "multiclass"
    return "regression" if predictions.period is None else "forecast"


def score(metric: Metric, predictions: Predictions) -> float:
    """The metric over all rows of the predictions; nan where they do not define it."""
    if metric.exact is not None:
        return metric.exact(predictions)
    values = row_values(metric, predictions)
    return float(values.mean()) if len(values) else float("nan")


def all_scores(predictions: Predictions) -> dict[str, float]:
    """Every metric that fits the predictions, by name."""
    return {m.name: score(m, predictions) for m in metrics_of(task_of(predictions))}


def row_values(metric: Metric, predictions: Predictions) -> Array:
    """What the verdict takes as rows, where rows are independent.

    Returns:
        Values of the rows, whose mean is the metric, without those that it leaves out; what each
        row adds to a mean over classes; or the pseudo-values of 50 to 100 random groups.
    """
    if metric.values is None:
        groups = row_groups(len(predictions))
        return pseudo_values(metric, predictions, groups, len(groups) / np.bincount(groups))
    values = metric.values(predictions)
    left = np.isnan(values)
    return values if left.all() else values[~left]


def unit_values(metric: Metric, predictions: Predictions, units: Groups) -> Array:
    """What the verdict takes as rows, where whole units tell of new ones: (n,) units -> (G,).

    The pseudo-values of leaving one unit out: their spread is that of the metric over all rows,
    where large units count more.
    """
    num_units = int(units.max()) + 1
    return pseudo_values(metric, predictions, units, np.full(num_units, float(num_units)))


def pseudo_values(metric: Metric, predictions: Predictions, units: Groups, times: Array) -> Array:
    """Jackknife: whole + (times - 1) * (whole - without the unit): (n,) units, (G,) -> (G,)."""
    whole = score(metric, predictions)
    if metric.without is not None:
        without = metric.without(predictions, units)
    elif metric.values is not None:
        without = mean_without(metric.values(predictions), units)
    else:
        raise ValueError(f"The metric {metric.name!r} has neither values nor a value without rows.")
    return np.asarray(whole + (times - 1) * (whole - without))


def mean_without(values: Array, units: Groups) -> Array:
    """The mean of values without each unit, nan ones left out: (n,), (n,) -> (G,)."""
    here = ~np.isnan(values)
    total = np.bincount(units, np.where(here, values, 0.0))
    count = np.bincount(units, here.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((total.sum() - total) / (count.sum() - count))


def row_groups(num_rows: int) -> Groups:
    """Put rows into 50 to 100 random groups of near-equal size, the same for every fit: (n,).

    Up to 100 rows each is its own group. The number of groups is the one that divides best.
    """
    if num_rows <= 100:
        return np.arange(num_rows)
    num_groups = max(range(50, 101), key=lambda groups: (-(num_rows % groups), groups))
    return np.random.default_rng(num_rows).permutation(num_rows) % num_groups
