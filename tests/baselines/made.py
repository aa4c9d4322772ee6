"""Small made data of every kind that baselines read, and each baseline with its own."""

from typing import NamedTuple

import numpy as np

from bakeoff.catalog import ROWS, Row, load
from bakeoff.data.taking.small import colour_histograms

SIZES = (9, 40)
STEPS, SEASON = 3, 6  # of forecasts
FITTED: dict = {}
BASELINES = [row for row in ROWS if row.role == "baseline"]


class Case(NamedTuple):
    """A baseline, a view that it reads, and a task."""

    row: Row
    view: str
    task: str
    classes: int

    def make(self, rows, seed):
        return MADE[self.view](rows, seed)

    def targets(self, inputs):
        return targets_of(inputs, self.task, self.classes)

    @property
    def options(self):
        steps = {"steps": STEPS} if self.row.predicts == "steps" else {}
        season = {"season": SEASON} if "seasonal" in self.row.name else {}
        sizes = {"category_sizes": SIZES} if "categories" in self.row.takes else {}
        return {**steps, **season, **sizes}

    def build(self):
        return load(self.row, "torch")(self.task, self.classes, **self.options)

    def fitted(self, seed=0):
        """Fit once for all tests: none of them changes a model."""
        key = (self.row.name, self.view, self.task, seed)
        if key not in FITTED:
            model, train, validation = self.build(), self.make(300, 0), self.make(100, 1)
            model.fit(
                train,
                self.targets(train),
                validation_inputs=validation,
                validation_targets=self.targets(validation),
                seed=seed,
            )
            FITTED[key] = model
        return FITTED[key]


def table(rows, seed, missing=True):
    """Make inputs with missing numbers, missing categories and one column of 40 categories."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 5)).astype(np.float32)
    if missing:
        x[draw.random(x.shape) < 0.1] = np.nan
    return {"x": x, "categories": np.stack([draw.integers(0, s, rows) for s in SIZES], 1)}


def sequences(rows, seed, longest=30, channels=2):
    """Make noise of 1 to `longest` steps; the first channel has a rhythm of its own."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, longest + 1, rows)
    x = draw.normal(size=(rows, longest, channels))
    x[:, :, 0] += 2 * np.sin(np.outer(draw.uniform(0.2, 2.5, rows), np.arange(longest)))
    x[np.arange(longest) >= lengths[:, None]] = 0
    return {"x": x.astype(np.float32), "lengths": lengths}


def histograms(rows, seed):
    """Make pictures of two colours and count these."""
    draw = np.random.default_rng(seed)
    left, right = draw.integers(0, 256, (2, rows, 1, 1, 3), dtype=np.uint8)
    share = draw.random((rows, 1, 1, 1))
    pictures = np.where(draw.random((rows, 6, 6, 1)) < share, left, right)
    return {"x": colour_histograms(pictures.astype(np.uint8))}


def series(steps, seed, channels=3):
    """Make series with a season of 6 steps, a slow wave and noise."""
    draw, t = np.random.default_rng(seed), np.arange(steps)[:, None]
    season = np.sin(2 * np.pi * (t / SEASON + np.arange(channels) / channels))
    return season + np.sin(t / 50 + np.arange(channels)) + 0.1 * draw.normal(size=(steps, channels))


def windows(rows, seed, lookback=14):
    """Make windows of three channels; the first two are targets, their next steps in "ahead"."""
    values = series(rows + lookback + STEPS - 1, seed)
    cut = np.lib.stride_tricks.sliding_window_view(values, lookback + STEPS, axis=0)
    cut = cut.transpose(0, 2, 1)  # (rows, lookback + STEPS, 3)
    ahead = cut[:, lookback:, :2].reshape(rows, -1)
    return {"x": cut[:, :lookback].astype(np.float32), "ahead": ahead}


def texts(rows, seed, longest=20):
    """Make codes of words, some of them unknown, 1 to `longest` of them a text."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, longest + 1, rows)
    x = draw.integers(1, 30, (rows, longest)).astype(np.int32)
    x[np.arange(longest) >= lengths[:, None]] = 0
    return {"x": x, "lengths": lengths}


MADE = {
    "plain": table,
    "sequence": sequences,
    "histograms": histograms,
    "window": windows,
    "words": texts,
}
TASKS = [("binary", 2), ("multiclass", 4), ("regression", 0)]
CASES = [
    Case(row, view, task, classes)
    for row in BASELINES
    for view in row.reads
    for task, classes in ([("forecast", 0)] if view == "window" else TASKS)
]


def targets_of(inputs, task, classes):
    """Make targets that follow from the inputs."""
    if task == "forecast":
        return inputs["ahead"].astype(np.float32)
    x = inputs["x"]
    if "categories" in inputs:
        signal = np.nan_to_num(x[:, 0]) + 0.5 * (inputs["categories"][:, 1] % 3)
    elif x.ndim == 2 and "lengths" in inputs:
        signal = ((x > 3) & (x < 10)).sum(axis=1) / inputs["lengths"]  # some words say it
    elif "lengths" in inputs:
        signal = x[:, :, 0].sum(axis=1) / inputs["lengths"]
    else:
        signal = x[:, :16] @ np.arange(16)  # how bright the first channel is
    if task == "regression":
        return signal.astype(np.float32)
    return np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes))
