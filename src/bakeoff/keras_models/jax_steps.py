"""Steps of training compiled by JAX: the equal batches of a block in one call.

JAX changes nothing in place: all that a step changes is handed from one to the next, and written
back into the model when an epoch ends. Each shape is compiled anew, so a block is filled up to the
length of the first, and the loop ends before what was filled in.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary, ref

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp

from bakeoff.keras_models.feed import Batch, Block, stretches
from bakeoff.keras_models.step import Step, Trained, call, norm

Values = list[Any]


class JaxSteps:
    """Take the steps of a block.

    Args:
        step: What one of them does.
        ragged: Of no use: JAX compiles each shape anew.
        fixed: Of no use, likewise.
    """

    def __init__(self, step: Step, ragged: Collection[str], *, fixed: bool) -> None:
        del fixed
        self.step, self.ragged = step, ragged
        self.state: Values = []
        self.added: Values = []  # gradients that wait for the others of their group
        self.most = 0
        self.compiled = jax.jit(self.run)

    def begin(self) -> None:
        """Begin a training."""
        self.state = []
        self.step.begin()

    def train(self, block: Block, numbers: Mapping[str, np.ndarray]) -> Trained:
        """Take a step for each batch.

        Args:
            block: The batches.
            numbers: Of each batch: see `Step`; and `moves`, whether the weights move after it,
                where gradients of several batches are added up.
        """
        if not self.state:
            self.state = [variable.value for variable in self.step.variables]
            several = self.step.weights if "moves" in numbers else []
            self.added = [jnp.zeros(w.shape, w.dtype) for w in several]
        given = {**block.batch, "targets": block.targets}
        losses, kept = [], []
        length = 0.0
        for first, stop, start, size in stretches(block.sizes):
            count = stop - first
            self.most = max(self.most, count)
            end = start + count * size
            parts = {
                name: filled(values[start:end].reshape(count, size, *values.shape[1:]), self.most)
                for name, values in given.items()
            }
            own = {name: filled(values[first:stop], self.most) for name, values in numbers.items()}
            found = self.compiled(self.state, self.added, parts, own, count)
            self.state, self.added, some, scores, norm_of_last = found
            losses.append(np.asarray(some[:count]))
            scores = np.asarray(scores[:count])
            kept.append(scores.reshape(-1, *scores.shape[2:]))
            length = float(norm_of_last)
        return Trained(np.concatenate(losses), np.concatenate(kept), length)

    def run(
        self,
        state: Values,
        added: Values,
        given: Mapping[str, Any],
        numbers: Mapping[str, Any],
        count: Any,
    ) -> tuple[Values, Values, Any, Any, Any]:
        """Take `count` steps: the state after them, gradients that wait, losses, kept scores."""

        def one(k: Any, carried: tuple[Any, ...]) -> tuple[Any, ...]:
            state, added, losses, kept, _ = carried
            batch = {name: values[k] for name, values in given.items()}
            now = {name: values[k] for name, values in numbers.items()}
            state, added, value, scores, length = self.one(state, added, batch, now)
            return state, added, losses.at[k].set(value), kept.at[k].set(scores), length

        first = [{name: values[0] for name, values in parts.items()} for parts in (given, numbers)]
        shape = jax.eval_shape(self.one, state, added, *first)[3]
        most = len(given["targets"])
        start = (
            state,
            added,
            jnp.zeros(most, "float32"),
            jnp.zeros((most, *shape.shape), shape.dtype),
            jnp.zeros((), "float32"),
        )
        return lax.fori_loop(0, count, one, start)

    def one(
        self, state: Values, added: Values, batch: Mapping[str, Any], now: Mapping[str, Any]
    ) -> tuple[Values, Values, Any, Any, Any]:
        """Take one step from a state to the next."""
        step, variables = self.step, self.step.variables
        batch = dict(batch)
        targets = batch.pop("targets")
        num_weights = len(step.weights)

        def lowered(weights: Values) -> tuple[Any, tuple[Any, ...]]:
            values = [*weights, *state[num_weights:]]
            with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
                total, value, scores = step.losses(batch, targets, now)
            return total, (value, scores, after(scope, variables[num_weights:]))

        weights = state[:num_weights]
        found, gradients = jax.value_and_grad(lowered, has_aux=True)(weights)
        value, scores, others = found[1]
        state = [*weights, *others]
        if "moves" not in now:
            return self.moved(state, gradients, now), added, value, scores, norm(gradients)
        added = [a + g for a, g in zip(added, gradients, strict=True)]
        length = norm(added)
        state = lax.cond(now["moves"], lambda: self.moved(state, added, now), lambda: state)
        added = [jnp.where(now["moves"], jnp.zeros_like(a), a) for a in added]
        return state, added, value, scores, length

    def moved(self, state: Values, gradients: Values, now: Mapping[str, Any]) -> Values:
        """Return the state after the weights have moved."""
        variables = self.step.variables
        with keras.StatelessScope(list(zip(variables, state, strict=True))) as scope:
            self.step.move(gradients, now)
        return after(scope, variables)

    def finish(self) -> None:
        """Give the model what its weights have become."""
        for variable, value in zip(self.step.variables, self.state, strict=True):
            variable.assign(value)


def after(scope: keras.StatelessScope, variables: Values) -> Values:
    """Return what variables became within a scope."""
    return [scope.get_current_value(variable) for variable in variables]


def filled(values: np.ndarray, most: int) -> np.ndarray:
    """Return values with zeros behind them, up to a length."""
    if len(values) >= most:
        return values
    return np.concatenate([values, np.zeros((most - len(values), *values.shape[1:]), values.dtype)])


SCORERS: WeakKeyDictionary[keras.Model, Callable[..., Any]] = WeakKeyDictionary()


def scorer(model: keras.Model, ragged: Collection[str]) -> Callable[[Batch], np.ndarray]:
    """Return what scores a batch in evaluation mode; each shape is compiled once for a model.

    Args:
        ragged: Of no use.
    """
    del ragged
    held = ref(model)  # what held its model would keep it from being freed

    def scores(values: Values, batch: Batch) -> Any:
        page = held()
        with keras.StatelessScope(list(zip(page.variables, values, strict=True))):
            return call(page, batch)

    compiled = SCORERS.setdefault(model, jax.jit(scores))
    return lambda batch: np.asarray(compiled([v.value for v in model.variables], batch))
