"""One step of training, in the words of keras.ops: forward, loss, and how the weights move.

tensorflow_steps.py and jax_steps.py compile many of them into one call.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import ref

import keras
import numpy as np
from keras import ops

from bakeoff.keras_models.averaged import Averaged
from bakeoff.keras_models.joint_loss import JointLoss
from bakeoff.keras_models.optimizers import Optimizer
from bakeoff.keras_models.unrolled import unrolled

Tensors = Mapping[str, Any]
NEAR_ZERO = 1e-6  # as in torch's clip_grad_norm_


class Trained(NamedTuple):
    """What came of the steps of a block.

    Args:
        losses: (K,) of each batch.
        kept: (R, ...) scores of its rows; of tokens hits and number of each batch.
        gradient_norm: Length of the last gradient, before it is clipped.
    """

    losses: np.ndarray
    kept: np.ndarray
    gradient_norm: float


class Step:
    """What one step does.

    Args:
        model: What is trained.
        criterion: Scores, targets -> loss.
        optimizer: Moves its weights.
        members: The model returns the scores of several members, and each has a loss.
        teacher_forcing: Targets are tokens: too many scores to be kept.
        clip: Longest gradient as a norm over all weights, and largest part; 0 does not clip.
        penalty: Of the sizes of matrices, and of their squares.
        averaged: The moving average of its weights.
        unroll: The graph of recurrent layers has no loop: see `unrolled`.
        frozen: The head alone learns.

    Attributes:
        weights: Those that are trained.

    Raises:
        ValueError: The head is to learn alone, and there is none.
    """

    def __init__(
        self,
        model: keras.Model,
        criterion: Callable[..., Any],
        optimizer: Optimizer,
        *,
        averaged: Averaged,
        members: bool,
        teacher_forcing: bool,
        clip: tuple[float, float],
        penalty: tuple[float, float],
        unroll: bool = False,
        frozen: bool = False,
    ) -> None:
        self.held = ref(model)  # who holds a step for a model must not hold the model
        self.criterion, self.optimizer = criterion, optimizer
        self.averaged, self.members, self.teacher_forcing = averaged, members, teacher_forcing
        self.clip, self.penalty, self.unroll = clip, penalty, unroll
        self.weights = head_of(model) if frozen else list(model.trainable_variables)
        self.matrices = [weight for weight in self.weights if len(weight.shape) > 1]
        count = len(self.weights)
        if isinstance(criterion, JointLoss) and criterion.learned:
            self.weights.append(criterion.log_variances)
        optimizer.build(self.weights, last_of(model))
        learned = self.weights[count:]
        memory = [*optimizer.variables, *learned]
        values = [(variable, ops.convert_to_numpy(variable)) for variable in memory]
        self.first = [(variable, value if value.any() else None) for variable, value in values]

    @property
    def model(self) -> keras.Model:
        """Return what is trained."""
        return self.held()

    def begin(self) -> None:
        """Forget what an earlier training has left."""
        for variable, value in self.first:
            zero = ops.zeros(variable.shape, variable.dtype)  # JAX knows no zeros like a variable
            variable.assign(zero if value is None else value)
        self.averaged.begin()

    @property
    def variables(self) -> list[Any]:
        """Return all that a step changes."""
        others = [v for v in self.model.variables if not any(v is w for w in self.weights)]
        return [*self.weights, *others, *self.optimizer.variables, *self.averaged.averages]

    def losses(self, batch: Tensors, targets: Any, now: Tensors) -> tuple[Any, Any, Any]:
        """Return what is lowered, the loss of the batch alone, and what is kept of its scores.

        Args:
            batch: Argument of the model -> values.
            targets: Theirs.
            now: Numbers of this batch: perhaps `share` of its group, and `mix`, the share of a row
                in a mixture of two.
        """
        if "mix" in now:
            batch = {name: mixed(values, now["mix"]) for name, values in batch.items()}
        with unrolled(self.model, self.unroll):
            scores = call(self.model, batch, training=True)
        value = self.criterion(scores, targets, members=self.members)
        if "mix" in now:
            other = self.criterion(scores, ops.flip(targets, 0), members=self.members)
            value = now["mix"] * value + (1 - now["mix"]) * other
        total = value + self.size() + sum(self.model.losses)
        total = total * now["share"] if "share" in now else total
        return total, value, self.kept(scores, targets)

    def size(self) -> Any:
        """Return what the size of the matrices adds to the loss."""
        l1, l2 = self.penalty
        total = 0.0
        for matrix in self.matrices:
            if l1:
                total = total + l1 * ops.sum(ops.abs(matrix))
            if l2:
                total = total + l2 * ops.sum(ops.square(matrix))
        return total

    def kept(self, scores: Any, targets: Any) -> Any:
        """Return scores (B, ...) as they are judged; of tokens hits and their number, (1, 2)."""
        if self.teacher_forcing:
            real = targets >= 0
            hits = ops.logical_and(
                ops.equal(ops.argmax(scores, -1), ops.cast(targets, "int32")), real
            )
            counts = [ops.sum(ops.cast(marks, "float32")) for marks in (hits, real)]
            return ops.stack(counts)[None]
        return ops.mean(scores, 1) if self.members else scores

    def move(self, gradients: Sequence[Any], now: Tensors) -> None:
        """Move the weights.

        Args:
            gradients: Of each weight; None where it has none.
            now: Numbers of this step: its `rate`, and perhaps `kept`, the share of the average
                that stays.
        """
        pairs = [(g, w) for g, w in zip(gradients, self.weights, strict=True) if g is not None]
        moving = [gradient for gradient, _ in pairs]
        if self.clip[0]:
            scale = ops.minimum(1.0, self.clip[0] / (norm(moving) + NEAR_ZERO))
            moving = [gradient * scale for gradient in moving]
        if self.clip[1]:
            moving = [ops.clip(g, -self.clip[1], self.clip[1]) for g in moving]
        self.optimizer.step(moving, [weight for _, weight in pairs], now["rate"])
        if "kept" in now:
            self.averaged.see(now["kept"])


def call(model: keras.Model, batch: Tensors, *, training: bool = False) -> Any:
    """Score {"x": ..., "lengths": ...}, or several inputs {"x.NAME": ...}: (B, C) or (B, S).

    A network returns target -> scores: they are put beside each other.
    """
    several = {name[2:]: values for name, values in batch.items() if name.startswith("x.")}
    if several:
        return beside_each_other(model(several, training=training))
    return beside_each_other(model(**batch, training=training))


def beside_each_other(scores: Any) -> Any:
    """Return the scores of one target as they are, those of several as one tensor."""
    if not isinstance(scores, dict):
        return scores
    parts = list(scores.values())
    return ops.concatenate(parts, -1) if len(parts) > 1 else parts[0]


def last_of(model: keras.Model) -> list[Any]:
    """Return the weights of the last layer, or of those of several targets."""
    heads = getattr(model, "heads", None)  # of some pages a method
    if not isinstance(heads, list):
        heads = [getattr(model, "head", None)]
    return [weight for head in heads for weight in getattr(head, "trainable_variables", [])]


def head_of(model: keras.Model) -> list[Any]:
    """Return the weights of the last layer, which are to learn alone.

    Raises:
        ValueError: The model has no such layer.
    """
    last = last_of(model)
    if not last:
        raise ValueError(
            "frozen_epochs lets the part called head learn alone, and this model has none. Leave "
            "it out."
        )
    return last


def norm(gradients: Sequence[Any]) -> Any:
    """Return the length of all gradients together."""
    return ops.sqrt(sum(ops.sum(ops.square(g)) for g in gradients if g is not None))


def mixed(values: Any, share: Any) -> Any:
    """Return each row mixed with another of its batch, which is the batch read backwards."""
    return share * values + (1 - share) * ops.flip(values, 0)
