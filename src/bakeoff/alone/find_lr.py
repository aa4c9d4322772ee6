"""A learning-rate finder: a short training whose rate climbs, and what the loss does meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.alone.fit import parts, recipe_of, room, task_of, values_of
from bakeoff.train.recipe import Recipe, resolve

if TYPE_CHECKING:
    import polars as pl

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 60
MOST_ROWS = 1024  # of the one batch that is learned from
SAFE = 10  # a rate this many times below the one of the lowest loss still falls steadily


def find_lr(
    model: Any,
    data: Any,
    targets: Any = None,
    *,
    recipe: Recipe | Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> RateSearch:
    """Find a learning rate: climb from 1e-6 to 1 in 60 steps, and see where the loss is lowest.

    The steps are of one batch of up to 1,024 rows; the model has its own weights again afterwards.
    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.

    Args:
        model: As `fit` takes it.
        data: As `fit` takes it.
        targets: As `fit` takes them.
        recipe: Settings beside the rate: the optimizer, the loss.
        seed: Decides which rows are held out, and the dropout.
        device: "cpu", "cuda", "mps".

    Raises:
        RequestError: As `fit`.

    Example:
        >>> from torch import nn
        >>> x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
        >>> found = find_lr(nn.Linear(3, 2), x, (x[:, 0] > 0).astype(int))
        >>> 1e-3 < found.lr <= 0.1
        True
    """
    import polars as pl

    asked = recipe_of(recipe)
    rows, _, _ = parts(model, data, targets, None, seed)
    rows = rows[np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS]]
    task = task_of(model, rows, asked.loss)
    values = values_of(resolve(asked, rows=len(rows), task=task), rows)
    growth = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    climbing = {
        "lr": LOWEST,
        "schedule": {"name": "exponential", "gamma": growth},
        "batch_size": len(rows),
        "accumulate": 1,
        "epochs": STEPS,
        "patience": 0,
    }
    loop = room(model)
    kept = loop.KeptWeights(model)
    few = rows[np.arange(min(2, len(rows)))]
    history = loop.fit(
        model,
        rows.inputs,
        rows.targets,
        validation_inputs=few.inputs,
        validation_targets=few.targets,
        **{**values, **climbing},
        seed=seed,
        device=device,
    )
    kept.give_back()
    table = pl.DataFrame(history).select("lr", loss="train_loss")
    # a step's loss is that of the weights before it: the rate before has led there
    best = max(1, int(np.argmin(table["loss"].to_numpy()))) - 1
    return RateSearch(lr=float(table["lr"][best]) / SAFE, history=table)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RateSearch:
    """What was found.

    Attributes:
        lr: The rate to begin with: a tenth of the one at which the loss was lowest.
        history: `lr` and `loss` of each step, up to where the loss was no number.
    """

    lr: float
    history: pl.DataFrame
