"""Begin weights: a network begins as another has ended, but for its head, in both frameworks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff.train.weights import get_weights, set_weights

HEADS = ("head", "heads")
ONE_ENCODER = "encoders.0."  # begins the names of the only encoder of a network of several targets


def begin_weights(model: Any, begun: Mapping[str, np.ndarray]) -> None:
    """Let all weights of a network but those of its head begin as others.

    Args:
        model: As it was built.
        begun: Weight name -> array, in the words of its framework; NaN stays as it was drawn.

    Raises:
        ValueError: They are not those of such a network: the first that differ are named.
    """
    weights = get_weights(model)
    features = {name: array for name, array in weights.items() if not is_head(name)}
    given = {name: array for name, array in begun.items() if not is_head(name)}
    if all(n.startswith(ONE_ENCODER) for n in features) and not any(
        "encoders." in n for n in given
    ):
        given = {ONE_ENCODER + name: array for name, array in given.items()}
    shapes = {name: array.shape for name, array in features.items()}
    for name in sorted(given.keys() | shapes.keys()):
        found = given[name].shape if name in given else None
        if found != shapes.get(name):
            there, here = found or "not there", shapes.get(name, "not there")
            raise ValueError(
                f"start_from: the network there is of another form: {name} is {there} in it, and "
                f"{here} here. Give it data of the same shape, and the same arguments."
            )
    for name, array in given.items():
        known = np.isfinite(array)
        features[name][known] = array[known]
    set_weights(model, weights | features)


def is_head(name: str) -> bool:
    """Tell whether a weight belongs to the head of a network, or to one of several.

    Example:
        >>> is_head("heads.0.weight"), is_head("layers.0.weight")
        (True, False)
    """
    return name.split(".")[0] in HEADS
