"""The order of axes in which each framework takes images and volumes."""

from collections.abc import Mapping

import numpy as np


def in_memory_order(
    view: str, framework: str, inputs: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    """Put images and volumes channels-last for Keras: views are channels-first.

    Args:
        view: What the model reads: "image", "volume", or another, which is left as it is.
        framework: "torch" takes channels first, the others last.
        inputs: Argument name -> array; x is (N, C, Y, X), of volumes (N, C, Z, Y, X).

    Example:
        >>> pictures = {"x": np.zeros((5, 3, 8, 9))}
        >>> in_memory_order("image", "jax", pictures)["x"].shape
        (5, 8, 9, 3)
    """
    if framework == "torch" or view not in ("image", "volume"):
        return inputs
    return {**inputs, "x": np.moveaxis(inputs["x"], 1, -1)}
