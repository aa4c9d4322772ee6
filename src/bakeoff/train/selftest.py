"""Self-tests of a network on the data that it is to learn from, as a course tells one to make them.

1. It learns a few rows by heart: forward, loss and backward are wired to each other.
2. What it says of a row depends neither on the rows beside it, nor on their order, nor on padding.
3. It says the same twice, and answering changes no weight: evaluation mode is really on.
4. Where the targets are shuffled, it ends at chance: no target comes in by another way.

Source: Karpathy, "A Recipe for Training Neural Networks", 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from bakeoff.train.job import Job

ROWS = 16  # that are learned by heart
STEPS = 600  # in which they must be, at most
BY_HEART = 0.95  # accuracy or R2 that counts as such
MOST_SHUFFLED = 500  # training rows whose targets are shuffled
SHUFFLED_EPOCHS = 5
CLOSE = 1e-4  # of two answers, over the larger of 1 and the largest answer
DEVIATIONS = 4.0  # of a mean by chance


def selftest(job: Job, room: Room, train: Part, validation: Part) -> dict[str, str]:
    """Test a network: what is tested -> what is wrong, "" where it holds.

    Args:
        job: What is to be trained.
        room: Of its framework.
        train: Training rows.
        validation: Validation rows.

    Returns:
        Only those tests that make sense for the task.
    """
    found = {
        "a few rows are learned by heart": by_heart(job, room, train),
        "rows do not depend on each other": alone(job, room, train),
        "answers repeat and change no weight": repeats(room, train),
    }
    if job.task in ("binary", "multiclass", "regression") and not job.heads:
        found["shuffled targets end at chance"] = shuffled(job, room, train, validation)
    return found


class Part(NamedTuple):
    """Some rows, and how more of them are taken.

    Args:
        rows: How many there are.
        inputs: Positions -> what the loops take.
        targets: Positions -> what the loops take; an array where a row has one value or several.
    """

    rows: int
    inputs: Callable[[np.ndarray], Mapping[str, Any]]
    targets: Callable[[np.ndarray], Any]


class Room(NamedTuple):
    """The model, and what its room does with it.

    Args:
        build: Draws the model anew.
        fit: See `fit` of the model rooms, but for what is said of the job.
        predict: See there.
        weights: Model -> name -> array.
    """

    build: Callable[[], Any]
    fit: Callable[..., Any]
    predict: Callable[..., np.ndarray]
    weights: Callable[[Any], Mapping[str, np.ndarray]]


class EnoughError(Exception):
    """The rows are known by heart: no more steps are needed."""


def quick(job: Job, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe for a short training, without what would keep it from learning by heart."""
    loss = "mse" if job.task in ("regression", "forecast", "series") else job.recipe.get("loss")
    return {
        "optimizer": "adam",
        "lr": max(2e-3, float(job.recipe["lr"])) if job.recipe["lr"] < 0.1 else 2e-3,
        "weight_decay": 0.0,
        "patience": 0,
        "seed": job.seed,
        **({} if job.heads else {"loss": loss}),
        **settings,
    }


def by_heart(job: Job, room: Room, train: Part) -> str:
    """Say what is wrong where a few rows cannot be learned by heart."""
    rows = spread(train.rows, ROWS)
    best = [-np.inf]

    def look(row: Mapping[str, float]) -> None:
        best[0] = max(best[0], row["validation_metric"])
        if best[0] >= BY_HEART:
            raise EnoughError

    few = train.inputs(rows), train.targets(rows)
    try:
        room.fit(
            room.build(),
            *few,
            validation_inputs=few[0],
            validation_targets=few[1],
            **quick(job, {"batch_size": len(rows), "epochs": STEPS, "on_epoch": look}),
        )
    except EnoughError:
        return ""
    except FloatingPointError as error:
        return str(error)
    return (
        f"{len(rows)} training rows are not learned by heart: after {STEPS} steps accuracy or R2 "
        f"is {best[0]:.2f} on these very rows"
    )


def alone(job: Job, room: Room, train: Part) -> str:
    """Say what is wrong where the answer to a row depends on other rows."""
    model = room.build()
    rows = spread(train.rows, ROWS // 2)
    together = room.predict(model, train.inputs(rows))
    single = np.concatenate([room.predict(model, train.inputs(rows[i : i + 1]))
                             for i in range(len(rows))])  # fmt: skip
    if (far := distance(together, single)) > CLOSE:
        return f"a row is answered otherwise alone than beside others: by {far:.2g}"
    if job.per_step:
        return ""  # answers of all steps stand one behind the other
    turned = room.predict(model, train.inputs(rows[::-1].copy()))[::-1]
    if (far := distance(together, turned)) > CLOSE:
        return f"rows are answered otherwise in another order: by {far:.2g}"
    return ""


def repeats(room: Room, train: Part) -> str:
    """Say what is wrong where answers do not repeat, or change the model."""
    model = room.build()
    inputs = train.inputs(spread(train.rows, ROWS))
    before = {name: np.copy(weight) for name, weight in room.weights(model).items()}
    first, second = room.predict(model, inputs), room.predict(model, inputs)
    if not np.array_equal(first, second):
        return (
            f"the same rows are answered otherwise a second time: by {distance(first, second):.2g}"
        )
    after = room.weights(model)
    moved = [name for name, weight in before.items() if not np.array_equal(weight, after[name])]
    return f"answering changes {moved[0]}" if moved else ""


def shuffled(job: Job, room: Room, train: Part, validation: Part) -> str:
    """Say what is wrong where a network learns from shuffled targets."""
    random = np.random.default_rng(job.seed)
    rows = random.permutation(train.rows)[:MOST_SHUFFLED]
    known = np.arange(validation.rows)
    truth = np.asarray(validation.targets(known))
    history = room.fit(
        room.build(),
        train.inputs(rows),
        train.targets(random.permutation(rows)),
        validation_inputs=validation.inputs(known),
        validation_targets=truth,
        **quick(job, {"batch_size": min(64, len(rows)), "epochs": SHUFFLED_EPOCHS}),
    )
    reached, limit = history[-1]["validation_metric"], chance(job, truth)
    if reached <= limit:
        return ""
    return (
        f"from shuffled targets it reaches accuracy or R2 {reached:.2f} on validation rows, where "
        f"chance ends at {limit:.2f}: targets must come in by another way"
    )


def chance(job: Job, truth: np.ndarray) -> float:
    """Return the accuracy or R2 that chance does not exceed.

    Args:
        job: What is trained.
        truth: Targets of the rows that are judged.
    """
    if job.task == "regression":
        return DEVIATIONS / float(np.sqrt(len(truth)))
    _, counts = np.unique(truth, return_counts=True)
    share = counts.max() / len(truth)
    return float(share + DEVIATIONS * np.sqrt(share * (1 - share) / len(truth)))


def spread(count: int, wanted: int) -> np.ndarray:
    """Return positions that are spread over all rows, which may be sorted by class.

    Example:
        >>> spread(10, 4).tolist(), spread(2, 4).tolist()
        ([0, 3, 6, 9], [0, 1])
    """
    return np.unique(np.linspace(0, count - 1, wanted).astype(int))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return how far two answers are apart, over the larger of 1 and the largest."""
    return float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))
