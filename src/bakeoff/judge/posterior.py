"""Draws of how far each model's score may be off, by luck with the test rows and the seeds.

What the draws are for, and the formula, stands in `statistics.py`. The spread of a model over
seeds is drawn from its posterior on a grid of x = log(theta / rms of all seed deviations):

    log likelihood  -nu x - nu / 2 * s^2 / mean(s^2) * exp(-2 x)             nu = S - 1
    prior           (1 - outliers) Normal(centre, width) + outliers Uniform(centre, centre + log 8)

with centre and width unknown, too: they are drawn first, from what all models say together.

Dimensions: k models, S seeds, n rows (or groups of rows), D draws, X grid points, W worlds
(a centre and a width each).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import RequestError

Array = NDArray[np.float64]

NUM_DRAWS = 4_000
SPREADS = np.linspace(-3.0, 3.0, 49)  # (X,)
CENTRES = np.linspace(-2.5, 1.0, 22)  # where most models' log spread lies ...
WIDTHS = np.array([0.05, 0.25, 0.5, 1.0])  # ... and how far apart they are
MOST_SENSITIVE = np.log(8.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What the rows and seeds say about each model, names in alphabetical order."""

    names: tuple[str, ...]
    score: Array  # (k,) mean over seeds
    seeds: NDArray[np.int64]  # (k,)
    variance: Array  # (k,) of the scores over seeds, 0 where there is one seed
    freedom: NDArray[np.int64]  # (k,) S - 1; 0 for a seedless model
    residual: Array  # (k,) row by seed mean square
    covariance: Array  # (k, k) over rows, of the seed means
    num_rows: int
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
        return 1e-10 * float(np.abs(self.score).max() + np.sqrt(np.diag(self.covariance)).max())


def measure(
    values: Mapping[str, Array], scores: Mapping[str, Array], seedless: Collection[str]
) -> Table:
    """Reduce rows and seeds to what the draws need."""
    names = tuple(sorted(values))
    tables = {name: np.asarray(values[name], np.float64) for name in names}
    check_shapes(tables, scores)
    num_rows = tables[names[0]].shape[1]
    seeds = np.array([len(tables[name]) for name in names])
    calm = [name in seedless or same_rows(tables[name]) for name in names]
    freedom = np.where(calm, 0, seeds - 1)
    residual = np.array([interaction(tables[name]) for name in names])
    lonely = (freedom == 0) & ~np.array(calm)
    if (freedom > 0).any():  # a single seed shows no residual: borrow it as the spread is borrowed
        residual[lonely] = residual[freedom > 0].mean()
    means = np.stack([tables[name].mean(0) for name in names])  # (k, n)
    means -= means.mean(1, keepdims=True)
    return Table(
        names=names,
        score=np.array([np.mean(scores[name]) for name in names]),
        seeds=seeds,
        variance=np.array(
            [np.var(scores[name], ddof=min(1, len(scores[name]) - 1)) for name in names]
        ),
        freedom=freedom,
        residual=residual,
        covariance=means @ means.T / (num_rows - 1),
        num_rows=num_rows,
        seedless=np.array(calm),
    )


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


def draw_errors(
    table: Table, outliers: float, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Draw the errors z and the spreads theta of all models: two arrays (D, k)."""
    thetas = draw_spreads(table, outliers, generator)  # (D, k)
    size = thetas.shape
    eigenvalues, vectors = np.linalg.eigh(table.covariance / table.num_rows)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0))  # no Cholesky: equal models are singular
    freedom = table.num_rows - 1
    tails = np.sqrt(freedom / generator.chisquare(freedom, (size[0], 1)))
    rows = generator.standard_normal(size) @ root.T * tails
    seeds = np.sqrt(seed_variances(table, thetas)) * generator.standard_normal(size)
    return rows + seeds, thetas


def seed_variances(table: Table, thetas: Array) -> Array:
    """Variance of each score that comes from its seeds alone: (D, k) -> (D, k)."""
    between = np.maximum(thetas**2 - table.residual / table.num_rows, 0)
    return np.where(table.seedless, 0.0, between / table.seeds)


def draw_spreads(table: Table, outliers: float, generator: np.random.Generator) -> Array:
    """Draw each model's spread over seeds from its posterior: (D, k), 0 without luck."""
    freedom = table.freedom[:, None]
    total = freedom.sum()
    pooled = float(table.freedom @ table.variance) / max(total, 1)
    if pooled == 0.0:  # one seed each, or seeds that never differ: only the rows speak
        return np.zeros((NUM_DRAWS, len(table.names)))
    ratio = np.maximum(table.variance / pooled, 1e-3)[:, None]
    log_likelihood = -freedom * SPREADS - freedom / 2 * ratio * np.exp(-2 * SPREADS)  # (k, X)
    likelihood = np.exp(log_likelihood - log_likelihood.max(1, keepdims=True))
    posterior = prior(outliers)[:, None] * likelihood  # (W, k, X)
    evidence = posterior.sum(2)  # (W, k)
    weights = np.exp(np.log(evidence / evidence.max(0)).sum(1))
    world = generator.choice(len(weights), NUM_DRAWS, p=weights / weights.sum())  # (D,)
    cumulated = posterior.cumsum(2) / evidence[..., None]
    luck = generator.random((NUM_DRAWS, len(table.names), 1))
    cell = np.minimum((cumulated[world] < luck).sum(2), len(SPREADS) - 1)  # (D, k)
    return np.where(table.seedless, 0.0, np.sqrt(pooled) * np.exp(SPREADS[cell]))


def prior(outliers: float) -> Array:
    """Chance of each log spread in each world, a centre and a width: (W, X), rows sum to 1."""
    centre, width = (axis.reshape(-1, 1) for axis in np.meshgrid(CENTRES, WIDTHS))
    usual = np.exp(-0.5 * ((SPREADS - centre) / np.maximum(width, 0.1)) ** 2)
    wild = ((centre <= SPREADS) & (centre + MOST_SENSITIVE >= SPREADS)).astype(np.float64)
    usual /= usual.sum(1, keepdims=True)
    wild /= wild.sum(1, keepdims=True)
    return np.asarray((1 - outliers) * usual + outliers * wild)
