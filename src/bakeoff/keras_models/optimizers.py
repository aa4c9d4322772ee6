"""How weights move.

Keras' optimizers are set to the arithmetic of torch's: Adam's epsilon 1e-8 instead of 1e-7, the
running squares of RMSprop over 0.99 instead of 0.9. Two differences stay: momentum
remembers steps, not gradients, which tells while a schedule changes the step size; and a penalty
(weight_decay without "adamw") is part of the gradient that clip_norm shortens.
"""

from collections.abc import Callable
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
    clip_value: float = 0.0,
    l1: float = 0.0,
    l2: float = 0.0,
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 0.0,
    alpha: float = 0.99,
) -> keras.optimizers.Optimizer:
    """Build the optimizer over all trained weights of a model.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing.

    Args:
        name: One of `OPTIMIZERS`.
        lr: Step size, or the `Rates` of all steps.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others; it is set on the weights as Keras' regularizer).
        clip_norm: Longest gradient, as a norm over all weights; 0 does not clip.
        clip_value: Largest part of a gradient; 0 does not clip.
        l1: Times the sum of the sizes of all matrices, added to the loss.
        l2: Times the sum of their squares.
        momentum: Of "momentum" and "nesterov": share of the step before that goes on.
        betas: Of "adam" and "adamw": how long the means of gradients and of squares remember.
        eps: What is added below the fraction; 0: as torch has it.
        alpha: Of "rmsprop": how long the mean of squares remembers.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
    rule = OPTIMIZERS[name]
    # Half a square falls as the weight itself. Also when 0: it makes TensorFlow add up an
    # embedding's gradient, which it else hands to Adam in pieces, to be squared one by one.
    coupled = 0.0 if rule.decoupled else weight_decay / 2
    penalty = keras.regularizers.L2(l2 + coupled)
    if l1:
        penalty = keras.regularizers.L1L2(l1, l2 + coupled)
    for weight in model.trainable_variables:
        weight.regularizer = penalty if len(weight.shape) > 1 else None
    decay = {"weight_decay": weight_decay} if rule.decoupled else {}
    size = eps or rule.eps
    given = {"momentum": momentum, "betas": betas, "eps": size, "eps_inside": size, "alpha": alpha}
    own = {name: value for key in rule.takes for name, value in KERAS_NAMES[key](given[key])}
    clipped = {"global_clipnorm": clip_norm or None, "clipvalue": clip_value or None}
    optimizer = rule.kind(lr, **clipped, **rule.settings, **own, **decay)
    if rule.decoupled:
        kept = [w for w in model.trainable_variables if len(w.shape) <= 1]
        optimizer.exclude_from_weight_decay(var_list=kept)
    return optimizer


class Rule(NamedTuple):
    """One of Keras' optimizers.

    Args:
        kind: Its class.
        settings: Those that make its arithmetic that of torch's.
        takes: Which settings it has: momentum, betas, eps, alpha; "eps_inside" is eps where Keras
            adds it inside the root, and torch outside: equal where the square is zero.
        decoupled: The decay is no part of the gradient.
        eps: What torch adds below the fraction.
    """

    kind: type[keras.optimizers.Optimizer]
    settings: dict[str, Any]
    takes: tuple[str, ...] = ()
    decoupled: bool = False
    eps: float = 1e-8


KERAS_NAMES: dict[str, Callable[[Any], list[tuple[str, float]]]] = {
    "momentum": lambda value: [("momentum", value)],
    "betas": lambda value: [("beta_1", value[0]), ("beta_2", value[1])],
    "eps": lambda value: [("epsilon", value)],
    "eps_inside": lambda value: [("epsilon", value**2)],
    "alpha": lambda value: [("rho", value)],
}
ADAM = ("betas", "eps")
OPTIMIZERS = {
    "adamw": Rule(keras.optimizers.AdamW, {}, ADAM, decoupled=True),
    "adam": Rule(keras.optimizers.Adam, {}, ADAM),
    "sgd": Rule(keras.optimizers.SGD, {}),
    "momentum": Rule(keras.optimizers.SGD, {}, ("momentum",)),
    "nesterov": Rule(keras.optimizers.SGD, {"nesterov": True}, ("momentum",)),
    "rmsprop": Rule(keras.optimizers.RMSprop, {}, ("eps_inside", "alpha")),
    "adagrad": Rule(
        keras.optimizers.Adagrad, {"initial_accumulator_value": 0.0}, ("eps_inside",), eps=1e-10
    ),
}


class Rates(keras.optimizers.schedules.LearningRateSchedule):
    """The rate of every step, one behind the other, read inside the compiled graph.

    Args:
        rates: (S,) of all steps of the training.
    """

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.rates = ops.convert_to_tensor(rates, "float32")

    def __call__(self, step: Any) -> Any:
        """Return the rate of step number `step`, counted from 0."""
        return ops.take(self.rates, ops.cast(step, "int32"), axis=0)

    def get_config(self) -> dict[str, Any]:
        """Return the rates."""
        return {"rates": [float(rate) for rate in self.rates]}
