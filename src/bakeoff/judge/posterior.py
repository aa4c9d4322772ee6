"""Draws of how far each model's score may be off, by luck with the test rows and the seeds.

What the draws are for, and the formula, stands in `statistics.py`. The spread of a model over
seeds is drawn from its posterior on a grid of x = log(theta / rms of all seed deviations):

    log likelihood  -nu x - nu / 2 * s^2 / mean(s^2) * exp(-2 x)             nu = S - 1
    prior           (1 - outliers) Normal(centre, width) + outliers Uniform(centre, centre + log 8)

with centre and width unknown, too: they are drawn first, from what all models say together.

Dimensions: k models, S seeds, D draws, X grid points, W worlds (a centre and a width each).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.judge.table import Table

Array = NDArray[np.float64]

NUM_DRAWS = 4_000
SPREADS = np.linspace(-3.0, 3.0, 49)  # (X,)
CENTRES = np.linspace(-2.5, 1.0, 22)  # where most models' log spread lies ...
WIDTHS = np.array([0.05, 0.25, 0.5, 1.0])  # ... and how far apart they are
MOST_SENSITIVE = np.log(8.0)


class Errors(NamedTuple):
    """Draws of what each score may be off by, and of what it may come from: (D, k) each."""

    rows: Array  # luck with the test rows, shared by the models
    seeds: Array  # luck in training, each model's own
    spreads: Array  # the standard deviations theta over seeds

    @property
    def both(self) -> Array:
        """Rows and seeds together: (D, k)."""
        return self.rows + self.seeds


def draw_errors(table: Table, outliers: float, generator: np.random.Generator) -> Errors:
    """Draw the errors and the spreads of all models."""
    thetas = draw_spreads(table, outliers, generator)  # (D, k)
    size = thetas.shape
    eigenvalues, vectors = np.linalg.eigh(table.covariance)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0))  # no Cholesky: equal models are singular
    freedom = table.rows_freedom
    tails = np.sqrt(freedom / generator.chisquare(freedom, (size[0], 1)))
    rows = generator.standard_normal(size) @ root.T * tails
    seeds = np.sqrt(seed_variances(table, thetas)) * generator.standard_normal(size)
    return Errors(rows, seeds, thetas)


def seed_variances(table: Table, thetas: Array) -> Array:
    """Variance of each score that comes from its seeds alone: (D, k) -> (D, k)."""
    between = np.maximum(thetas**2 - table.residual, 0)
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
