"""Step predictions: what was predicted of each step of some rows, or of their texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.step_target import real_steps
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import StepsForm
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.evaluate.predictions import Predictions


def step_predictions(
    dataset: Dataset,
    preparation: Preparation,
    scores: NDArray[Any],
    *,
    groups: NDArray[np.int64] | None = None,
    group_column: str = "",
    written: Sequence[str] = (),
) -> Predictions:
    """Put the scores of all steps of some rows, or of their texts, beside the truth.

    Steps of one row share its luck: a row is a group of them, unless whole groups of rows were
    dealt out. Steps whose truth nobody knows are left out.

    Args:
        dataset: The rows.
        preparation: Of the run.
        scores: (S, C) or (S,) of all steps, one behind the other; of series (n, steps); (n, 3) of
            texts.
        groups: (n,) which rows belong together.
        group_column: What says so.
        written: Texts that were written for the first rows.

    Raises:
        RunError: A score is not a finite number.
    """
    target, origin = dataset.target, dataset.origin
    truth, ids = dataset.arrays[target], origin.ids
    if preparation.task == "text":
        texts = np.full(len(dataset), None, object)
        texts[: len(written)] = written
        return Predictions(
            target=target,
            rows=dataset.rows,
            truth=truth,
            scores=scores,
            ids=ids,
            id_column=origin.id_column,
            groups=groups,
            group_column=group_column,
            texts=texts,
        )
    table = true_steps(preparation, truth)
    member = table.member[table.known]
    judged = scores
    if preparation.scale is not None:
        judged = preparation.scale.invert(np.asarray(scores)).ravel()
    return Predictions(
        target=target,
        rows=dataset.rows[member],
        truth=table.truth[table.known],
        scores=judged[table.known],
        classes=tuple(preparation.classes),
        labels=dataset.schema.labels,
        ids=None if ids is None else ids[member],
        id_column=origin.id_column,
        groups=member if groups is None else groups[member],
        group_column=group_column or origin.id_column or "row",
        steps=table.steps[table.known],
    )


class TrueSteps(NamedTuple):
    """All steps of some rows, one behind the other: (S,) each.

    Args:
        truth: Class names, or numbers in the unit of the target.
        member: The position of the row of each, from 0.
        steps: The number of each in its row, from 1.
        known: Whether anybody knows the truth.
    """

    truth: NDArray[Any]
    member: NDArray[np.int64]
    steps: NDArray[np.int64]
    known: NDArray[np.bool_]


def true_steps(preparation: Preparation, values: Any) -> TrueSteps:
    """Lay out the steps of a target.

    Args:
        preparation: Of the run.
        values: The target of some rows, as `Sequences`: codes, -1 where nobody knows, or numbers
            and NaN; of series an array (n, steps).
    """
    if not isinstance(values, Sequences):
        values = as_sequences(values)
    steps = values.steps[real_steps(values)]
    member = np.repeat(np.arange(len(values)), values.lengths)
    firsts = np.cumsum(values.lengths) - values.lengths
    place = np.arange(len(steps)) - firsts[member] + 1
    form = preparation.schema.column(preparation.schema.targets[0]).form
    if not isinstance(form, StepsForm) or not form.names:
        return TrueSteps(steps, member, place, ~np.isnan(steps))
    truth = np.array([*form.names, ""], object)[steps]  # -1 is the last
    return TrueSteps(truth, member, place, steps >= 0)


def as_sequences(values: NDArray[Any]) -> Sequences:
    """Return series (n, S) as stretches of one table of steps."""
    count, size = values.shape
    return Sequences(values.reshape(-1), np.arange(count) * size, np.full(count, size))
