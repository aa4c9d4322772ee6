"""The fits of a run as the comparison takes them, one line of the leaderboard per label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.errors import RunError
from bakeoff.evaluate.predictions import Predictions
from bakeoff.train.job import line_names


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entry:
    """One fit and what it predicted for the test rows.

    Args:
        model: Its name in the run.
        framework: "torch", "tensorflow", "jax" or "sklearn".
        seed: Its seed.
        architecture: In the catalogue; "constant" is what every model must beat.
        baseline: A baseline, not a network.
        seedless: The same for every seed.
        parameters: All weights.
        epochs: Trained; None for a baseline.
        validation: Score on the validation rows, of the metric judged; None if there is none.
        train_seconds: Seconds.
        predict_microseconds: Per test row.
        error: Why it failed; empty when it finished.
        predictions: Of the test rows; None when it failed.
    """

    model: str
    framework: str
    seed: int
    architecture: str
    baseline: bool = False
    seedless: bool = False
    parameters: int = 0
    epochs: int | None = None
    validation: float | None = None
    train_seconds: float = 0.0
    predict_microseconds: float = 0.0
    error: str = ""
    predictions: Predictions | None = None


def group_entries(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Collect the seeds of each line: "lstm", or "lstm (tensorflow)" beside "lstm (torch)".

    Models come in the order of their first fit, seeds in ascending order.
    """
    listed = list(entries)
    names = line_names((entry.model, entry.framework) for entry in listed)
    lines: dict[str, list[Entry]] = {}
    for entry in listed:
        lines.setdefault(names[entry.model, entry.framework], []).append(entry)
    return {name: sorted(line, key=lambda entry: entry.seed) for name, line in lines.items()}


def finished(line: Sequence[Entry]) -> list[Predictions]:
    """The predictions of the fits that finished, by seed."""
    return [entry.predictions for entry in line if entry.predictions is not None]


def check_same_rows(lines: dict[str, list[Entry]]) -> Predictions:
    """Return the first predictions, if all are of the same rows and truth.

    Raises:
        RunError: No model finished, or two were judged on different rows.
    """
    everything = [(label, p) for label, line in lines.items() for p in finished(line)]
    if not everything:
        raise RunError("No model finished, so there is nothing to compare. See status.json.")
    (first_label, first), *others = everything
    for label, other in others:
        blank = first.several and other.several  # NaN where a label is not known
        same = np.array_equal(first.rows, other.rows)
        same &= np.array_equal(first.truth, other.truth, equal_nan=blank)
        if not same or first.classes != other.classes or not same_units(first, other):
            raise RunError(
                f"{label!r} and {first_label!r} were judged on different test rows or classes, so "
                "they cannot be compared. Run them again on the same data and split."
            )
    return first


def same_units(one: Predictions, other: Predictions) -> bool:
    """Whether rows are of the same groups, windows of the same stamps and series."""
    return all(
        a is b or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip(units_of(one), units_of(other), strict=True)
    )


def units_of(predictions: Predictions) -> tuple[NDArray[Any] | None, ...]:
    """What says which rows belong together: groups, stamps, series; None where there is none."""
    period = predictions.period
    if period is None:
        return predictions.groups, None, None
    return predictions.groups, period.times, period.series
