"""How weights move.

Keras' optimizers are set to the arithmetic of torch's: Adam's epsilon 1e-8 instead of 1e-7, the
running squares of RMSprop over 0.99 instead of 0.9. One difference stays: momentum remembers
steps, not gradients, which tells while a schedule changes the step size.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras


class Optimizer:
    """Move weights against their gradients.

    Biases and the gains of norms (one-dimensional weights) are not decayed: pulling them to zero
    regularises nothing.

    Args:
        name: One of `OPTIMIZERS`.
        weight_decay: Share of a weight taken off per unit of step size ("adamw"), or the L2
            penalty on it (the others).
        momentum: Of "momentum" and "nesterov": share of the step before that goes on.
        betas: Of "adam" and "adamw": how long the means of gradients and of squares remember.
        eps: What is added below the fraction; 0: as torch has it.
        alpha: Of "rmsprop": how long the mean of squares remembers.
    """

    def __init__(
        self,
        name: str,
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 0.0,
        alpha: float = 0.99,
    ) -> None:
        if name == "schedule_free":
            raise ValueError("schedule_free is there in PyTorch alone. Choose adamw.")
        if name not in OPTIMIZERS:
            raise ValueError(f"No optimizer called {name!r}. Known: {', '.join(OPTIMIZERS)}.")
        rule, size = OPTIMIZERS[name], eps or OPTIMIZERS[name].eps
        given = {"momentum": momentum, "betas": betas, "muon_betas": betas, "alpha": alpha}
        given |= {"eps": size, "eps_inside": size}
        own = {name: value for key in rule.takes for name, value in KERAS_NAMES[key](given[key])}
        own |= {"weight_decay": weight_decay} if rule.decoupled else {}
        own |= {"adam_weight_decay": weight_decay} if name == "muon" else {}
        self.coupled = 0.0 if rule.decoupled else weight_decay
        self.keras = rule.kind(1.0, **rule.settings, **own)
        self.decoupled = rule.decoupled

    def build(self, weights: list[Any], last: Sequence[Any]) -> None:
        """Begin with weights that have not moved.

        Args:
            weights: All that are trained.
            last: Those of the last layer, which Muon leaves to Adam.
        """
        if isinstance(self.keras, keras.optimizers.Muon):
            self.keras.exclude_layers = [f"^{re.escape(weight.path)}$" for weight in last]
        if self.decoupled:
            kept = [weight for weight in weights if len(weight.shape) <= 1]
            self.keras.exclude_from_weight_decay(var_list=kept)
        self.keras.build(weights)

    @property
    def variables(self) -> list[Any]:
        """Return what it remembers."""
        return list(self.keras.variables)

    def step(self, gradients: Sequence[Any], weights: Sequence[Any], lr: Any) -> None:
        """Move each weight."""
        gradients = self.with_decay(gradients, weights)
        if type(self.keras) in ADAMS and keras.backend.backend() == "tensorflow":
            from bakeoff.keras_models.tensorflow_adam import move_by_adam

            move_by_adam(self.keras, gradients, weights, lr)
            return
        self.keras.learning_rate = lr
        self.keras.apply(list(gradients), list(weights))

    def with_decay(self, gradients: Sequence[Any], weights: Sequence[Any]) -> Sequence[Any]:
        """Return gradients with the decay that is a part of them."""
        if not self.coupled:
            return gradients
        return [
            gradient + self.coupled * weight if len(weight.shape) > 1 else gradient
            for gradient, weight in zip(gradients, weights, strict=True)
        ]

    def for_keras(self) -> keras.optimizers.Optimizer:
        """Return Keras' optimizer with the decay of ours, for Keras' own loop."""
        apply = self.keras.apply

        def with_decay(gradients: Sequence[Any], weights: Sequence[Any]) -> None:
            apply(list(self.with_decay(gradients, weights)), weights)

        if self.coupled:
            self.keras.apply = with_decay
        return self.keras


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
    "muon_betas": lambda value: [("adam_beta_1", value[0]), ("adam_beta_2", value[1])],
    "eps": lambda value: [("epsilon", value)],
    "eps_inside": lambda value: [("epsilon", value**2)],
    "alpha": lambda value: [("rho", value)],
}
ADAM = ("betas", "eps")
ADAMS = (keras.optimizers.Adam, keras.optimizers.AdamW)
OPTIMIZERS = {
    "adamw": Rule(keras.optimizers.AdamW, {}, ADAM, decoupled=True),
    "adam": Rule(keras.optimizers.Adam, {}, ADAM),
    "sgd": Rule(keras.optimizers.SGD, {}),
    "momentum": Rule(keras.optimizers.SGD, {}, ("momentum",)),
    "nesterov": Rule(keras.optimizers.SGD, {"nesterov": True}, ("momentum",)),
    "rmsprop": Rule(keras.optimizers.RMSprop, {}, ("eps_inside", "alpha")),
    "muon": Rule(
        keras.optimizers.Muon,
        {},
        ("muon_betas", "eps"),
        decoupled=True,
    ),
    "adagrad": Rule(
        keras.optimizers.Adagrad, {"initial_accumulator_value": 0.0}, ("eps_inside",), eps=1e-10
    ),
}
