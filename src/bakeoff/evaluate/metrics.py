"""The metrics by name: their direction, how people read them, what the verdict needs of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import RequestError, option, unknown
from bakeoff.evaluate import classification, regression
from bakeoff.evaluate.predictions import Predictions

Array = NDArray[np.float64]
Groups = NDArray[np.int64]
Task = Literal["binary", "multiclass", "regression"]
Unit = Literal["points", "plain", "target"]

CLASSES: tuple[Task, ...] = ("binary", "multiclass")
NUMBERS: tuple[Task, ...] = ("regression",)


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
        values: Values per row, or per group for a metric that is no mean over rows; their mean is
            the metric (over groups: nearly).
        exact: The metric itself, or None where it is the mean of the values.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    unit: Unit
    bounds: tuple[float, float]
    values: Callable[[Predictions], Array]
    exact: Callable[[Predictions], float] | None = None

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
        """
        written = self.say_ends(*values)
        return f"{written} points" if self.unit == "points" else f"{written} in {self.label}"

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


def row_groups(num_rows: int) -> Groups:
    """Put rows into 50 to 100 random groups of near-equal size, the same for every fit: (n,).

    Up to 100 rows each is its own group. The number of groups is the one that divides best.
    """
    if num_rows <= 100:
        return np.arange(num_rows)
    num_groups = max(range(50, 101), key=lambda groups: (-(num_rows % groups), groups))
    return np.random.default_rng(num_rows).permutation(num_rows) % num_groups


def over_groups(values: Callable[[Predictions, Groups], Array]) -> Callable[[Predictions], Array]:
    """Take values over the shared random groups of rows."""
    return lambda predictions: values(predictions, row_groups(len(predictions)))


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
            values=over_groups(
                lambda p, groups: classification.counted_values(p, classification.recalls, groups)
            ),
            exact=classification.balanced_accuracy,
        ),
        Metric(
            name="macro_f1",
            label="macro F1",
            tasks=CLASSES,
            higher_is_better=True,
            unit="points",
            bounds=(0.0, 1.0),
            values=over_groups(
                lambda p, groups: classification.counted_values(p, classification.f1s, groups)
            ),
            exact=classification.macro_f1,
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
            name="r2",
            label="R2",
            tasks=NUMBERS,
            higher_is_better=True,
            unit="plain",
            bounds=(-np.inf, 1.0),
            values=over_groups(regression.r2_pseudo_values),
            exact=regression.r2,
        ),
        Metric(
            name="rmse",
            label="RMSE",
            tasks=NUMBERS,
            higher_is_better=False,
            unit="target",
            bounds=(0.0, np.inf),
            values=over_groups(regression.rmse_pseudo_values),
            exact=regression.rmse,
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
        task: "binary", "multiclass" or "regression".
        counts: Training rows of each class.

    Example:
        >>> default_metric("binary", {"yes": 24, "no": 76}).name
        'balanced_accuracy'
    """
    if task == "regression":
        return METRICS["r2"]
    sizes = [count for count in (counts or {}).values() if count > 0]
    rare = bool(sizes) and min(sizes) < sum(sizes) / (2 * len(sizes))
    return METRICS["balanced_accuracy" if rare else "accuracy"]


def watched_metric(task: str) -> Metric:
    """Return what both training loops report after each epoch, whatever decides the ranking.

    It is what their `metric_of` computes: accuracy of classes, R2 of numbers.
    """
    return METRICS["r2" if task == "regression" else "accuracy"]


def score(metric: Metric, predictions: Predictions) -> float:
    """The metric over all rows of the predictions; nan where they do not define it."""
    if metric.exact is not None:
        return metric.exact(predictions)
    return float(metric.values(predictions).mean())


def all_scores(predictions: Predictions) -> dict[str, float]:
    """Every metric that fits the predictions, by name."""
    tasks = CLASSES if predictions.classes else NUMBERS
    return {metric.name: score(metric, predictions) for metric in metrics_of(tasks[0])}


def row_values(metric: Metric, predictions: Predictions) -> Array:
    """What the verdict takes as rows: (n,), or (G,) groups where the metric is no mean of rows."""
    return metric.values(predictions)
