"""Table: what test rows and seeds say of the models, whatever the rows are a sample of.

The verdict needs three things of the rows: V, the covariance that they bring to the scores; f, its
degrees of freedom; and r, what they alone add to a score's variance over seeds. Independent rows:

    V = C / n        C the covariance over rows of the seed means
    f = n - 1
    r = e / n        e the residual mean square of a row by seed table

Where rows are not independent, `samples.py` makes another (V, f, r) of them, and all else stays.

Dimensions: k models, S seeds, n rows.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import RequestError

Array = NDArray[np.float64]

CAUTION = 8.0  # degrees of freedom that the mean variance of a difference counts for
WILD = 4.0  # times the others' standard deviation; equals never come near it


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What the rows and seeds say about each model, names in alphabetical order."""

    names: tuple[str, ...]
    score: Array  # (k,) mean over seeds
    seeds: NDArray[np.int64]  # (k,)
    variance: Array  # (k,) of the scores over seeds, 0 where there is one seed
    freedom: NDArray[np.int64]  # (k,) S - 1; 0 for a seedless model
    covariance: Array  # V: (k, k) of the scores, from the test rows
    rows_freedom: float  # f
    residual: Array  # r: (k,) what the rows alone add to the variance over seeds
    seedless: NDArray[np.bool_]  # (k,)

    @property
    def borrows(self) -> NDArray[np.bool_]:
        """Which models take their spread over seeds from the others."""
        return np.asarray((self.freedom == 0) & ~self.seedless & (self.freedom > 0).any())

    @property
    def order(self) -> list[int]:
        """Models by score, best first; equal scores by name."""
        return sorted(range(len(self.names)), key=lambda i: (-self.score[i], self.names[i]))

    @property
    def rounding(self) -> float:
        """Differences below this are rounding errors of equal predictions."""
        of_a_row = np.sqrt(np.diag(self.covariance) * (self.rows_freedom + 1))
        return 1e-10 * float(np.abs(self.score).max() + of_a_row.max())


def measure(
    values: Mapping[str, Array], scores: Mapping[str, Array], seedless: Collection[str]
) -> Table:
    """Reduce independent rows and their seeds to what the draws need.

    Args:
        values: Per model the value of each row, rows in the same order for all.
        scores: Per model the exact metric of each seed.
        seedless: Models without luck in training.

    Shape:
        values (S, n) each, scores (S,) each; S may differ between models.

    Raises:
        RequestError: No models, fewer than two rows, or shapes that do not fit.
    """
    names = tuple(sorted(values))
    tables = {name: np.asarray(values[name], np.float64) for name in names}
    check_shapes(tables, scores)
    num_rows = tables[names[0]].shape[1]
    seeds = np.array([len(tables[name]) for name in names])
    calm = [name in seedless or same_rows(tables[name]) for name in names]
    table = Table(
        names=names,
        score=np.array([np.mean(scores[name]) for name in names]),
        seeds=seeds,
        variance=np.array(
            [np.var(scores[name], ddof=min(1, len(scores[name]) - 1)) for name in names]
        ),
        freedom=np.where(calm, 0, seeds - 1),
        covariance=covariance_of(tables) / num_rows,
        rows_freedom=num_rows - 1,
        residual=np.zeros(len(names)),
        seedless=np.array(calm),
    )
    return replace(table, residual=residual_of(table, tables) / num_rows)


def covariance_of(values: Mapping[str, Array]) -> Array:
    """The covariance over rows of the seed means: (S, n) each -> (k, k)."""
    means = np.stack([table.mean(0) for table in values.values()])  # (k, n)
    means -= means.mean(1, keepdims=True)
    return np.asarray(means @ means.T / (means.shape[1] - 1))


def residual_of(table: Table, values: Mapping[str, Array]) -> Array:
    """The residual mean square of each model's row by seed table: (S, n) each -> (k,).

    A single seed shows none: it is borrowed from the others, as the spread over seeds is.
    """
    residual = np.array([interaction(own) for own in values.values()])
    if table.borrows.any():
        residual[table.borrows] = residual[table.freedom > 0].mean()
    return residual


def cautious(table: Table) -> Table:
    """Draw the variances of all differences towards their mean, the more the fewer the rows.

    Among many pairs the variance of some is underestimated, and with few rows by much: that pair
    then makes a false winner. Of the joint draws alone, as an interval needs no such care. With
    J = I - 1 / k and v = trace(J V) / (k - 1), half the mean variance of a difference,

        V' = V + 8 / (f + 8) * (v J - J V J).

    Models that spread far more than the rest are kept out of k, and stay as they are: their
    variance, once told, holds for all their pairs, and in v it would hide every other difference.
    """
    among = np.flatnonzero(~wild(table.covariance))
    if len(among) < 3:
        return table
    inside = np.ix_(among, among)
    apart = np.eye(len(among)) - 1 / len(among)
    common = np.trace(apart @ table.covariance[inside]) / (len(among) - 1)
    share = CAUTION / (table.rows_freedom + CAUTION)
    covariance = table.covariance.copy()
    covariance[inside] += share * (common * apart - apart @ table.covariance[inside] @ apart)
    return replace(table, covariance=covariance)


def wild(covariance: Array) -> NDArray[np.bool_]:
    """Which models differ from the others by far more than most do: (k, k) -> (k,)."""
    own = np.diag(covariance)
    apart = own[:, None] + own - 2 * covariance  # (k, k) variances of the differences
    told = apart > 1e-12 * own.max()  # the same predictions say nothing of the others
    typical = np.array(
        [np.median(row[here]) if here.any() else 0.0 for row, here in zip(apart, told, strict=True)]
    )
    most = np.median(typical[typical > 0]) if told.any() else 0.0
    return np.asarray(typical > WILD**2 * most)


def check_shapes(values: Mapping[str, Array], scores: Mapping[str, Array]) -> None:
    """Refuse tables that cannot be compared."""
    if not values:
        raise RequestError("There is no model to judge. Name at least one that finished.")
    first = next(iter(values))
    num_rows = values[first].shape[-1]
    for name, table in values.items():
        if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] != num_rows:
            raise RequestError(
                f"Model {name!r} has values of shape {table.shape}, {first!r} of "
                f"{values[first].shape}: expected (seeds, rows) with the same rows for all."
            )
        given = np.shape(scores[name]) if name in scores else "none"
        if given != (len(table),):
            raise RequestError(
                f"Model {name!r} has values of {len(table)} seeds but scores of shape {given}: "
                "expected one score per seed."
            )
        if not (np.isfinite(table).all() and np.isfinite(scores[name]).all()):
            raise RequestError(
                f"Model {name!r} has a value or score that is not a number on these test rows. "
                "Leave out its failed fits, or choose a metric that these rows define."
            )
    if num_rows < 2:
        raise RequestError(f"{num_rows} test row cannot show a spread: give at least 2.")


def same_rows(table: Array) -> bool:
    """Whether several seeds gave the same value in every row."""
    return len(table) > 1 and bool((table == table[0]).all())


def interaction(table: Array) -> float:
    """Residual mean square of a seed by row table, 0 for one seed: (S, n) -> float."""
    num_seeds, num_rows = table.shape
    if num_seeds == 1:
        return 0.0
    left = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    return float(np.square(left).sum() / ((num_seeds - 1) * (num_rows - 1)))
