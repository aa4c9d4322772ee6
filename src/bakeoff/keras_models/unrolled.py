"""Recurrent layers whose steps stand in the graph one after the other, in place of a loop.

On TensorFlow a step of training takes 1.3 to 1.9 times less so (docs/benchmarks.md). Building such
a graph takes some 40 ms for each step and layer, which a short training never gets back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from bakeoff.keras_models.feed import Feed

FEWEST_STEPS = 1_000  # of a training, at most: five seeds share a graph, and many end early
STEPS_A_CELL = 16  # that give back what a step of one layer costs to build
MOST_CELLS = 256  # steps of all layers


@contextmanager
def unrolled(model: keras.Model, wanted: bool) -> Iterator[None]:
    """Unroll the recurrent layers of a model where that is wanted, while a graph is built."""
    layers = recurrent(model) if wanted else []
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer in layers:
            layer.unroll = False


def unrolling_pays(model: keras.Model, feed: Feed, num_steps: int) -> bool:
    """Tell whether a training gets back what the larger graph costs.

    Args:
        model: What is trained.
        feed: Its rows.
        num_steps: Of the training, at most.
    """
    layers = recurrent(model)
    if keras.backend.backend() != "tensorflow" or num_steps < FEWEST_STEPS or feed.ragged:
        return False
    steps = [x.shape[1] for x in feed.take(np.arange(1)).values() if layers and x.ndim == 3]
    cells = len(layers) * max(steps, default=0)
    return 0 < cells <= min(MOST_CELLS, num_steps // STEPS_A_CELL)


def recurrent(model: keras.Model) -> list[keras.layers.RNN]:
    """Return the recurrent layers of a model that are a loop."""
    parts = model._flatten_layers()
    return [part for part in parts if isinstance(part, keras.layers.RNN) and not part.unroll]
