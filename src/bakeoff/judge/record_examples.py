"""Record examples: training rows to look at, and the test rows where the best fit is most wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.blocks import Pictures, Sequences
from bakeoff.data.columns.read_labels import label_texts
from bakeoff.data.splitting.leaks import told_apart
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.verdict import read_verdict
from bakeoff.plan.plan import Plan
from bakeoff.runs.examples import Example, Examples, write_examples
from bakeoff.runs.folder import RunFolder

MOST = 12  # of each sort
LONGEST_SIDE = 96  # pixels
LONGEST = 400  # steps
MOST_CHANNELS = 3
Positions = NDArray[np.int64]


def record_examples(folder: RunFolder, plan: Plan) -> None:
    """Keep a few pictures or sequences in the folder of a run that was judged.

    Nothing is kept of tables, tokens and volumes, and of forecasts, which tell themselves.

    Args:
        folder: Of the run; its verdict stands.
        plan: What was carried out.
    """
    dataset = plan.dataset
    block = dataset.arrays[dataset.schema.inputs[0]]
    pictures = isinstance(block, Pictures) and block.ndim == 4
    sequences = isinstance(block, Sequences) and block.ndim == 3
    if plan.preparation.task == "forecast" or not (pictures or sequences):
        return
    best = read_verdict(folder).best
    predictions = folder.fit(best.model, best.framework, best.seed).predictions()
    truth = told_apart(dataset)
    train = [
        (
            Example(row=int(dataset.origin.rows[position]), truth=say(truth[position])),
            drawable(block, position),
        )
        for position in spread(plan.split.train, truth)
    ]
    test = plan.split.test
    worst = []
    if predictions is not None and np.array_equal(predictions.rows, dataset.origin.rows[test]):
        true = label_texts(predictions.truth, predictions.classes) if predictions.several else ()
        for place, said in most_wrong(predictions):
            example = Example(
                row=int(predictions.rows[place]),
                truth=say(predictions.truth[place] if not predictions.several else true[place]),
                predicted=said,
            )
            worst.append((example, drawable(block, int(test[place]))))
    kind = "pictures" if pictures else "sequences"
    write_examples(Examples(kind=kind, train=train, worst=worst), folder)


def spread(positions: Positions, truth: NDArray[np.generic]) -> list[int]:
    """Choose training rows: the first ones of every class in turn, or evenly over the numbers."""
    own = truth[positions]
    if own.dtype.kind == "f":
        order = np.argsort(own, kind="stable")
        places = np.linspace(0, len(order) - 1, min(MOST, len(order))).round().astype(int)
        return [int(positions[order[place]]) for place in places]
    _, codes = np.unique(own.astype(str), return_inverse=True)
    turn = np.zeros(len(codes), np.int64)  # the how manieth of its class each row is
    for code in range(codes.max() + 1):
        turn[codes == code] = np.arange((codes == code).sum())
    order = np.lexsort([codes, turn])[:MOST]
    return [int(positions[place]) for place in order[np.lexsort([order, codes[order]])]]


def most_wrong(predictions: Predictions) -> Iterator[tuple[int, str]]:
    """Yield where the predictions are most wrong, and what they said there."""
    scores = np.asarray(predictions.scores, np.float64)
    if not predictions.classes:
        errors = np.abs(scores - predictions.truth)
        for place in np.argsort(-errors, kind="stable")[:MOST]:
            yield int(place), say(scores[place])
        return
    if predictions.several:
        apart = np.nansum(np.abs(scores - predictions.truth), axis=1)
        for place in np.argsort(-apart, kind="stable")[:MOST]:
            yield int(place), str(predictions.prediction[place])
        return
    names = np.asarray(predictions.classes)
    said = names[scores.argmax(1)]
    of_truth = np.where(names == predictions.truth[:, None].astype(str), scores, 0.0).max(1)
    wrong = np.flatnonzero(said != predictions.truth.astype(str))
    for place in wrong[np.argsort(of_truth[wrong], kind="stable")][:MOST]:
        yield int(place), str(said[place])


def say(value: object) -> str:
    """Write a class, or a number of some digits."""
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def drawable(block: Pictures | Sequences, position: int) -> NDArray[Any]:
    """Return one row, small enough to be drawn: pixels or steps in between are left out."""
    values = np.asarray(block[position])
    if isinstance(block, Sequences):
        every = -(-len(values) // LONGEST)
        return np.asarray(values[::every, :MOST_CHANNELS], np.float32)
    every = -(-max(values.shape[:2]) // LONGEST_SIDE)
    values = values[::every, ::every]
    values = values[..., :3] if values.shape[2] >= 3 else values[..., 0]
    if values.dtype == np.uint8:
        return values
    finite = np.nan_to_num(np.asarray(values, np.float64))
    low, high = finite.min(), finite.max()
    return np.asarray(np.round(255 * (finite - low) / (high - low or 1)), np.uint8)
