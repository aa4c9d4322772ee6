"""How weights move, and how the step size changes over a training.

Keras' optimizers are set to the arithmetic of torch's: Adam's epsilon 1e-8 instead of 1e-7, the
running squares of RMSprop over 0.99 instead of 0.9. Two differences stay: the momentum of "sgd"
remembers steps, not gradients, which tells while a schedule changes the step size; and a penalty
(weight_decay without "adamw") is part of the gradient that clip_norm shortens.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import ops


def make_optimizer(
    model: keras.Model,
    name: str,
    *,
    lr: float | keras.optimizers.schedules.LearningRateSchedule,
    weight_decay: float = 0.0,
    clip_norm: float = 0.0,
) -> keras.optimizers.Optimizer:
    """Build the optimizer over all trained weights of a model.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing.

    Args:
        name: One of `OPTIMIZERS`.
        lr: Step size, or a `Schedule` of it.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others; it is set on the weights as Keras' regularizer).
        clip_norm: Longest gradient, as a norm over all weights; 0 does not clip.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
    rule = OPTIMIZERS[name]
    # Half a square falls as the weight itself. Also when 0: it makes TensorFlow add up an
    # embedding's gradient, which it else hands to Adam in pieces, to be squared one by one.
    penalty = keras.regularizers.L2(0.0 if rule.decoupled else weight_decay / 2)
    for weight in model.trainable_variables:
        weight.regularizer = penalty if len(weight.shape) > 1 else None
    decay = {"weight_decay": weight_decay} if rule.decoupled else {}
    optimizer = rule.kind(lr, global_clipnorm=clip_norm or None, **rule.settings, **decay)
    if rule.decoupled:
        kept = [w for w in model.trainable_variables if len(w.shape) <= 1]
        optimizer.exclude_from_weight_decay(var_list=kept)
    return optimizer


class Rule(NamedTuple):
    """One of Keras' optimizers.

    Args:
        kind: Its class.
        settings: Those that make its arithmetic that of torch's.
        decoupled: The decay is no part of the gradient.
    """

    kind: type[keras.optimizers.Optimizer]
    settings: dict[str, float]
    decoupled: bool = False


OPTIMIZERS = {
    "adamw": Rule(keras.optimizers.AdamW, {"epsilon": 1e-8}, decoupled=True),
    "adam": Rule(keras.optimizers.Adam, {"epsilon": 1e-8}),
    "sgd": Rule(keras.optimizers.SGD, {"momentum": 0.9}),
    # torch adds 1e-8 outside the root, Keras inside: equal where the square is zero
    "rmsprop": Rule(keras.optimizers.RMSprop, {"rho": 0.99, "epsilon": 1e-16}),
}


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The step size at every step, computed inside the compiled graph.

    Args:
        lr: Step size at its highest.
        name: One of `SCHEDULES`.
        num_steps: Steps of the whole training.
    """

    def __init__(self, lr: float, name: str, num_steps: int) -> None:
        super().__init__()
        if name not in SCHEDULES:
            raise ValueError(f"No schedule called {name!r}. Known: {', '.join(SCHEDULES)}.")
        self.lr, self.name, self.num_steps = lr, name, num_steps

    def __call__(self, step: Any) -> Any:
        """Return the step size of step number `step`, counted from 0."""
        return self.lr * schedule_factor(self.name, ops.cast(step, "float32") / self.num_steps)


def schedule_factor(name: str, progress: Any) -> Any:
    """Return what the learning rate is multiplied with.

    Args:
        name: One of `SCHEDULES`.
        progress: Share of all planned steps that are done, 0 to 1.

    Example:
        >>> round(float(schedule_factor("cosine", 0.5)), 6)
        0.5
    """
    if name not in SCHEDULES:
        raise ValueError(f"No schedule called {name!r}. Known: {', '.join(SCHEDULES)}.")
    return SCHEDULES[name](progress)


def constant(progress: Any) -> Any:
    """Stay at 1."""
    return ops.ones_like(progress)


def cosine(progress: Any) -> Any:
    """Fall from 1 to 0."""
    return 0.5 * (1 + ops.cos(math.pi * progress))


def one_cycle(progress: Any) -> Any:
    """Climb from 0.04 to 1 over the first 30 %, then fall to 0.

    Source: Smith & Topin, "Super-Convergence", 2018.
    """
    climb = 0.04 + 0.96 * 0.5 * (1 - ops.cos(math.pi * progress / 0.3))
    fall = 0.5 * (1 + ops.cos(math.pi * (progress - 0.3) / 0.7))
    return ops.where(progress < 0.3, climb, fall)


SCHEDULES = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
