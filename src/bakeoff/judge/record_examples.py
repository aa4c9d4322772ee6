"""Record examples: training rows to look at, and the test rows where the best fit is most wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.cut import cut
from bakeoff.data.blocks import Pictures, Sequences, Values
from bakeoff.data.columns.read_labels import label_texts
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import StepsForm
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
MOST_LETTERS = 200  # of a text
CERTAIN = 1e-12  # a probability is taken as at least that
Positions = NDArray[np.int64]


def record_examples(folder: RunFolder, plan: Plan) -> None:
    """Keep a few pictures, sequences or texts in the folder of a run that was judged.

    Nothing is kept of tables, tokens and volumes, and of forecasts, which tell themselves.

    Args:
        folder: Of the run; its verdict stands.
        plan: What was carried out.
    """
    dataset = plan.dataset
    shown = [name for name in dataset.schema.inputs if shown_kind(dataset, name)]
    name = (shown or dataset.schema.inputs)[0]  # of several inputs the first that can be looked at
    block, kind = dataset.arrays[name], shown_kind(dataset, name)
    if plan.preparation.task == "forecast" or not kind:
        return
    best = read_verdict(folder).best
    predictions = folder.fit(best.model, best.framework, best.seed).predictions()
    truth = looked_at(dataset)
    train = [
        (
            Example(
                row=int(dataset.origin.rows[position]),
                truth=say(truth[position]),
                text=shown_text(block, position),
            ),
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
                text=shown_text(block, int(test[place])),
                loss=loss_of_row(predictions, place),
            )
            worst.append((example, drawable(block, int(test[place]))))
    write_examples(Examples(kind=kind, train=train, worst=worst), folder)


def looked_at(dataset: Dataset) -> NDArray[Any]:
    """Return (N,) the truth of each row to choose and to show rows by; of steps in a few words."""
    truth = told_apart(dataset)
    if not isinstance(truth, Sequences) and dataset.schema.tasks[dataset.target] != "series":
        return truth
    form = dataset.schema.column(dataset.target).form
    names = form.names if isinstance(form, StepsForm) else ()
    said = [[names[step] if names else say(step) for step in truth[i]] for i in range(len(truth))]
    return np.array([cut(" ".join(words), MOST_LETTERS) for words in said], object)


def shown_kind(dataset: Dataset, name: str) -> str:
    """Return what the rows of an input are to look at; "" of what is not shown."""
    values = dataset.arrays[name]
    if isinstance(values, Pictures):
        return "pictures" if values.ndim == 4 else ""
    if isinstance(values, Sequences):
        return "sequences" if values.ndim == 3 else ""
    return "texts" if dataset.schema.column(name).kind == "text" else ""


def shown_text(values: Values, position: int) -> str:
    """Return the beginning of a text; "" of all else."""
    if isinstance(values, Pictures | Sequences):
        return ""
    return cut(values[position] or "", MOST_LETTERS)


def loss_of_row(predictions: Predictions, place: int) -> float:
    """Return minus the logarithm of the probability of the true class, or the absolute error.

    Of a text that of one of its tokens, in the mean.
    """
    if predictions.texts is not None:
        return float(predictions.scores[place, 0] / predictions.scores[place, 1])
    if not predictions.classes:
        return float(abs(predictions.scores[place] - predictions.truth[place]))
    if predictions.several:
        truth = np.asarray(predictions.truth[place], np.float64)  # NaN where a label is not known
        right = np.where(truth > 0.5, predictions.scores[place], 1 - predictions.scores[place])
        return float(-np.log(np.maximum(right[~np.isnan(truth)], CERTAIN)).sum())
    names = np.asarray(predictions.classes)
    own = predictions.scores[place][names == str(predictions.truth[place])]
    return float(-np.log(np.maximum(own.sum(), CERTAIN)))


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
    if predictions.texts is not None:
        written = np.flatnonzero(predictions.texts != np.array(None))
        worst = np.argsort(-(scores[written, 0] / scores[written, 1]), kind="stable")[:MOST]
        for place in written[worst]:
            yield int(place), cut(str(predictions.texts[place]), MOST_LETTERS)
        return
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


def drawable(block: Values, position: int) -> NDArray[Any]:
    """Return one row, small enough to be drawn: pixels or steps in between are left out.

    There is nothing to draw of a text.
    """
    if not isinstance(block, Pictures | Sequences):
        return np.zeros(0, np.uint8)
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
