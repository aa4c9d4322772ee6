"""Steps of training as one graph of TensorFlow: a block of batches in a call.

Keras' own `fit` spends most of a small network's step between graphs: a call of one step, a
callback, a batch as a tensor. Here the steps of a block follow each other inside the graph.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np
import tensorflow as tf

from bakeoff.keras_models.feed import Batch, Block
from bakeoff.keras_models.step import Step, Trained, call, norm


class TensorFlowSteps:
    """Take the steps of a block.

    Args:
        step: What one of them does.
        ragged: Arguments whose steps differ from block to block, "targets" among them.
    """

    def __init__(self, step: Step, ragged: Collection[str]) -> None:
        self.step, self.ragged = step, ragged
        self.graphs: dict[str, Callable[..., Any]] = {}

    def begin(self) -> None:
        """Begin a training."""
        self.step.begin()

    def train(self, block: Block, numbers: Mapping[str, np.ndarray]) -> Trained:
        """Take a step for each batch.

        Args:
            block: The batches.
            numbers: Of each batch: see `Step`; and `moves`, whether the weights move after it,
                where gradients of several batches are added up.
        """
        ends = np.cumsum([0, *block.sizes]).astype("int32")
        given = {**block.batch, "targets": block.targets}
        signature = [
            specified(given, self.ragged),
            tf.TensorSpec([None], tf.int32),
            {name: tf.TensorSpec([None], values.dtype) for name, values in numbers.items()},
        ]
        graph = self.graphs.get(key := repr(signature))
        if graph is None:
            graph = tf.function(self.run, input_signature=signature, autograph=False)
            self.graphs[key] = graph
        losses, kept, length = graph(given, ends, dict(numbers))
        return Trained(losses.numpy(), kept.numpy(), float(length))

    def run(self, given: Batch, ends: Any, numbers: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Take all steps: (K,) losses, (R, ...) kept scores, length of the last gradient."""
        count = tf.shape(ends)[0] - 1
        added = []
        if "moves" in numbers:
            added = [tf.zeros(weight.shape, weight.dtype) for weight in self.step.weights]

        def one(k: Any, losses: Any, kept: Any, length: Any, *added: Any) -> tuple[Any, ...]:
            batch = {name: values[ends[k] : ends[k + 1]] for name, values in given.items()}
            now = {name: values[k] for name, values in numbers.items()}
            targets = batch.pop("targets")
            with tf.GradientTape() as tape:
                total, value, scores = self.step.losses(batch, targets, now)
            weights = [weight.value for weight in self.step.weights]
            found = [
                None if g is None else tf.convert_to_tensor(g)
                for g in tape.gradient(total, weights)
            ]
            last = tf.equal(k + 1, count)
            if added:
                parts = zip(added, found, strict=True)
                added = tuple(a if g is None else a + g for a, g in parts)
                moves = now["moves"]
                length = tf.cond(last, lambda: norm(added), lambda: length)
                added = tf.cond(moves, partial(self.move, added, now), lambda: added)
            else:
                length = tf.cond(last, lambda: norm(found), lambda: length)
                self.step.move(found, now)
            return (k + 1, losses.write(k, value), kept.write(k, scores), length, *added)

        start = (
            0,
            tf.TensorArray(tf.float32, count),
            tf.TensorArray(tf.float32, count, infer_shape=False),
            tf.constant(0.0),
            *added,
        )
        _, losses, kept, length, *_ = tf.while_loop(
            lambda k, *_: k < count, one, start, parallel_iterations=1
        )
        return losses.stack(), kept.concat(), length

    def move(self, added: tuple[Any, ...], now: Mapping[str, Any]) -> tuple[Any, ...]:
        """Move the weights by gradients that were added up; return zeros."""
        self.step.move(added, now)
        return tuple(tf.zeros_like(gradient) for gradient in added)

    def finish(self) -> None:
        """Do nothing: the graph changes the weights of the model itself."""


SCORERS: WeakKeyDictionary[keras.Model, dict[Any, Callable[..., Any]]] = WeakKeyDictionary()


def scorer(model: keras.Model, ragged: Collection[str]) -> Callable[[Batch], np.ndarray]:
    """Return what scores a batch in evaluation mode; a graph is built once for a model.

    Args:
        ragged: Arguments whose steps differ from batch to batch.
    """
    graphs = SCORERS.setdefault(model, {})
    held = ref(model)  # a graph that held its model would keep it from being freed

    def score(batch: Batch) -> np.ndarray:
        key = tuple((k, v.dtype, v.shape[2 if k in ragged else 1 :]) for k, v in batch.items())
        if key not in graphs:
            signature = specified(batch, ragged)
            graphs[key] = tf.function(
                lambda batch: call(held(), batch), input_signature=[signature], autograph=False
            )
        return np.asarray(graphs[key](batch))

    return score


def specified(batch: Batch, ragged: Collection[str]) -> dict[str, tf.TensorSpec]:
    """Say which axes of each argument may change: the rows, and the steps of what is ragged."""
    specs = {}
    for name, values in batch.items():
        free = 2 if name in ragged else 1
        specs[name] = tf.TensorSpec([None] * free + list(values.shape[free:]), values.dtype)
    return specs
