"""Adam on TensorFlow, where one operation moves a weight: Keras' own takes some fifteen."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


def move_by_adam(
    optimizer: keras.optimizers.Adam, gradients: Sequence[Any], weights: Sequence[Any], lr: Any
) -> None:
    """Move weights as `optimizer` would, which keeps what is remembered of them.

    Args:
        optimizer: Built for these weights.
        gradients: One for each weight.
        weights: Those that move.
        lr: Step size.
    """
    kind = weights[0].dtype
    lr = tf.cast(lr, kind)
    steps = tf.cast(optimizer.iterations.value + 1, kind)
    beta1, beta2 = (tf.constant(beta, kind) for beta in (optimizer.beta_1, optimizer.beta_2))
    powers = {"beta1_power": tf.pow(beta1, steps), "beta2_power": tf.pow(beta2, steps)}
    shared = {**powers, "beta1": beta1, "beta2": beta2, "lr": lr, "epsilon": optimizer.epsilon}
    for gradient, weight in zip(gradients, weights, strict=True):
        place = optimizer._get_variable_index(weight)
        if optimizer.weight_decay and optimizer._use_weight_decay(weight):
            weight.value.assign_sub(weight.value * (lr * optimizer.weight_decay))
        tf.raw_ops.ResourceApplyAdam(
            var=weight.value.handle,
            m=optimizer._momentums[place].value.handle,
            v=optimizer._velocities[place].value.handle,
            grad=gradient,
            **shared,
        )
    optimizer.iterations.assign_add(1)
