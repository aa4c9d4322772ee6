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

from bakeoff.keras_models.feed import Batch, Block, stretches
from bakeoff.keras_models.step import Step, Trained, call, norm


class TensorFlowSteps:
    """Take the steps of a block.

    Args:
        step: What one of them does.
        ragged: Arguments whose steps differ from block to block, "targets" among them.
        fixed: The rows of a batch are no free axis of a graph: each size has a graph of its own,
            in which recurrent layers are 1.1 to 1.3 times as fast.
    """

    def __init__(self, step: Step, ragged: Collection[str], *, fixed: bool) -> None:
        self.step, self.ragged, self.fixed = step, ragged, fixed
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
        given = {**block.batch, "targets": block.targets}
        found = []
        alike = self.fixed and "moves" not in numbers  # a group stays in one call
        for first, stop, start, size in stretches(block.sizes, alike=alike):
            ends = np.cumsum([0, *block.sizes[first:stop]]).astype("int32")
            rows = {name: values[start : start + ends[-1]] for name, values in given.items()}
            own = {name: values[first:stop] for name, values in numbers.items()}
            losses, kept, length = self.graph(rows, own, size if alike else None)(rows, ends, own)
            found.append((losses.numpy(), kept.numpy()))
        losses, kept = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Trained(losses, kept, float(length))

    def graph(
        self, given: Batch, numbers: Mapping[str, np.ndarray], size: int | None
    ) -> Callable[..., Any]:
        """Return the graph for such batches, built at the first call.

        Args:
            size: Rows of each; None: any number.
        """
        signature = [
            specified(given, self.ragged),
            tf.TensorSpec([None], tf.int32),
            {name: tf.TensorSpec([None], values.dtype) for name, values in numbers.items()},
        ]
        key = repr((signature, size))
        if key not in self.graphs:
            self.graphs[key] = tf.function(
                partial(self.run, size=size), input_signature=signature, autograph=False
            )
        return self.graphs[key]

    def run(
        self, given: Batch, ends: Any, numbers: Mapping[str, Any], *, size: int | None
    ) -> tuple[Any, Any, Any]:
        """Take all steps: (K,) losses, (R, ...) kept scores, length of the last gradient.

        Args:
            size: Rows of each batch; None: `ends` alone says how many.
        """
        count = tf.shape(ends)[0] - 1
        added = []
        if "moves" in numbers:
            added = [tf.zeros(weight.shape, weight.dtype) for weight in self.step.weights]

        def one(k: Any, losses: Any, kept: Any, length: Any, *added: Any) -> tuple[Any, ...]:
            batch = {
                name: tf.ensure_shape(values[ends[k] : ends[k + 1]], [size, *values.shape[1:]])
                for name, values in given.items()
            }
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
