"""What the test rows are a sample of, and the table that follows (V, f and r: see `table.py`).

rows        Independent rows, each as good as any other.
classes     A mean over classes. What a row adds to it is compared within its class, of n_q rows:
            V = sum of n_q Cov_q, r alike, f after Satterthwaite (1946).
groups      Rows of a group share its luck. Units are the G groups, each told by its pseudo-value
            theta + (G - 1) (theta - theta without it); f = the effective number of groups - 1.
stretches   Windows of a forecast overlap, and share the weather of their week. Units are 8
            stretches of the test period, told as groups are, of all series at the same dates. What
            neighbouring stretches share makes their deviations larger, the drift of what models
            are good at from stretch to stretch makes V and r larger: times 1.6; f = 7.

Simulated: among nine equal models a difference is declared in 0 to 3 % of bake-offs (classes,
groups), 1 to 6 % (stretches of five series kept back, 11 % where equals differ by season).

Dimensions: k models, S seeds, n rows or windows, G groups, b stretches.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.classification import truth_labels
from bakeoff.evaluate.metrics import Metric, row_values, unit_values
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.table import Table, covariance_of, measure, residual_of

Array = NDArray[np.float64]
Kind = Literal["rows", "classes", "groups", "stretches"]

STRETCHES = 8  # 20 or 10 hold no more, and what neighbours share is then told worse
DRIFT = 1.6  # measured on series of electricity, weather, steel and exchange rates
FEWEST_GROUPS = 5  # effective ones: below, nothing can be said of new groups
FEW_OF_A_CLASS = 3  # two rows, both right, look as if they knew no luck


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """What the test rows are a sample of.

    Args:
        kind: See the head of this file.
        units: The class, group or stretch of each row; all 0 for rows.
        enough: Whether there are enough units for a verdict.

    Shape:
        units (n,) int, from 0.
    """

    kind: Kind
    units: NDArray[np.int64]
    enough: bool = True

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each unit."""
        return np.bincount(self.units)

    @property
    def effective(self) -> float:
        """How many units of equal size would tell as much."""
        return float(self.sizes.sum() ** 2 / np.square(self.sizes).sum())


def sample_of(metric: Metric, test: Predictions) -> Sample:
    """Tell what the test rows are a sample of, as this metric sees them."""
    alone = np.zeros(len(test), np.int64)
    if test.period is not None:
        stamps = len(np.unique(test.period.times))
        enough = stamps >= windows_needed(test.period)
        return Sample(kind="stretches", units=stretches(test.period), enough=enough)
    if test.groups is not None:
        units = np.unique(test.groups, return_inverse=True)[1]
        groups = Sample(kind="groups", units=units)
        return replace(groups, enough=groups.effective >= FEWEST_GROUPS)
    if metric.by_class:
        return Sample(kind="classes", units=truth_labels(test)[1])
    return Sample(kind="rows", units=alone)


def stretches(period: Period) -> NDArray[np.int64]:
    """Cut a period into 8 stretches of near-equally many stamps, each whole: (n,), from 0.

    All series are cut at the same dates. Of fewer than 8 stamps each is a stretch.
    """
    stamps, place = np.unique(period.times, return_inverse=True)
    edges = np.linspace(0, len(stamps), min(STRETCHES, len(stamps)) + 1).round()
    return np.asarray(np.searchsorted(edges, place, side="right") - 1, np.int64)


def windows_needed(period: Period) -> int:
    """How many stamps a verdict needs: those of 8 stretches as long as a day or the horizon.

    Windows that are taken every few steps cover more of them.
    """
    steps = STRETCHES * max(period.horizon, period.steps_a_day)
    return max(-(-steps // stride_of(period)), STRETCHES)


def stride_of(period: Period) -> int:
    """Steps between neighbouring stamps, as most of them lie; 1 where stamps are no dates."""
    stamps = np.unique(period.times)
    if not (period.dated and period.seconds) or len(stamps) < 2:
        return 1
    apart = np.median(np.diff(stamps.astype(np.int64))) / 1e6  # microseconds
    return max(round(float(apart) / period.seconds), 1)


def sampled(metric: Metric, predictions: Predictions, sample: Sample) -> Array:
    """Return the values of the units that the table is made of."""
    if sample.kind in ("groups", "stretches") and sample.units.max() > 0:
        return unit_values(metric, predictions, sample.units)
    return row_values(metric, predictions)


def tabulate(
    sample: Sample,
    values: Mapping[str, Array],
    scores: Mapping[str, Array],
    seedless: Collection[str] = (),
) -> Table:
    """Reduce values and seeds to what the draws need.

    Args:
        sample: What the rows are a sample of.
        values: Per model and seed what `sampled` returns, higher is better.
        scores: Per model the exact metric of each seed, higher is better.
        seedless: Models without luck in training.

    Shape:
        values (S, n), (S, G) or (S, b) each, scores (S,) each.

    Raises:
        RequestError: No models, fewer than two rows, or shapes that do not fit.
    """
    if sample.kind == "classes":
        return of_classes(measure(values, scores, seedless), values, sample.units)
    if sample.units.max() == 0:  # rows; or one group, whose verdict is refused
        return measure(values, scores, seedless)
    if sample.kind == "groups":
        table = measure(values, scores, seedless)
        return resized(table, max(sample.effective - 1, 1.0))
    table = measure(with_neighbours(values), scores, seedless)
    return resized(table, table.rows_freedom, DRIFT)


def resized(table: Table, freedom: float, enlarged: float = 1.0) -> Table:
    """Return a table with other degrees of freedom of its rows, and enlarged variances."""
    return replace(
        table,
        covariance=table.covariance * enlarged,
        residual=table.residual * enlarged,
        rows_freedom=freedom,
    )


def with_neighbours(values: Mapping[str, Array]) -> dict[str, Array]:
    """Enlarge deviations for what neighbouring stretches share: (S, b) each, in order of time.

    What all models share and what each has of its own are enlarged apart, each by
    sqrt((1 + rho) / (1 - rho)), with rho the correlation of neighbours.
    """
    means = {name: table.mean(1, keepdims=True) for name, table in values.items()}
    moves = {name: table - means[name] for name, table in values.items()}
    shared = np.mean([move.mean(0) for move in moves.values()], axis=0)  # (b,)
    own = np.stack([move.mean(0) - shared for move in moves.values()])  # (k, b)
    all_by, own_by = (enlargement(part) for part in (shared[None], own))
    return {
        name: means[name] + all_by * shared + own_by * (moves[name] - shared) for name in values
    }


def enlargement(moves: Array) -> float:
    """By what neighbours of (k, b) deviations ask to be enlarged, 1 to 3.

    The correlation is pooled over models; (1 + 3 rho) / b takes off what few stretches bias it by.
    """
    num = moves.shape[1]
    squares = float(np.square(moves).sum())
    raw = float((moves[:, 1:] * moves[:, :-1]).sum()) / squares if squares else 0.0
    rho = min(max(raw + (1 + 3 * raw) / num, 0.0), 0.8)
    return float(np.sqrt((1 + rho) / (1 - rho)))


def of_classes(table: Table, values: Mapping[str, Array], classes: NDArray[np.int64]) -> Table:
    """Return the table of a mean over classes, whose rows are compared within their class.

    A class of one or two rows may show no spread at all, and yet decide the score. So its rows are
    squared as they are, not their deviations: what such a class alone makes a difference of is
    never told from luck.
    """
    k = len(table.names)
    tables = {name: np.asarray(values[name], np.float64) for name in table.names}
    covariance, residual = np.zeros((k, k)), np.zeros(k)
    parts = []  # variance between models of each class, and its degrees of freedom
    for place in range(int(classes.max()) + 1):
        inside = {name: own[:, classes == place] for name, own in tables.items()}
        size = int((classes == place).sum())
        if size < FEW_OF_A_CLASS:
            means = np.stack([own.mean(0) for own in inside.values()])  # (k, size)
            spread = means @ means.T
        else:
            spread = size * covariance_of(inside)
        if size > 1:
            residual += size * residual_of(table, inside)
        covariance += spread
        between = np.trace(spread) - (spread.mean() * k if k > 1 else 0.0)
        parts.append((float(between), max(size - 1, 1)))
    total = sum(part for part, _ in parts)
    squares = sum(part**2 / freedom for part, freedom in parts)
    freedom = total**2 / squares if squares > 0 else table.rows_freedom
    return replace(
        table,
        covariance=covariance,
        residual=residual,
        rows_freedom=max(freedom, 1.0),
    )
