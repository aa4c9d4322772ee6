"""Not finite: which layer it was where a loss is no number any more.

Nothing is watched while a training goes well. Where its first epoch has no finite loss, that epoch
is taken once more, from the same weights and in the same order: before each step, every layer is
looked at outside the graph.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from bakeoff.keras_models.feed import Block
from bakeoff.keras_models.step import Trained, call


class NotFiniteError(Exception):
    """What was found, in words; it ends the search."""


@contextmanager
def explained(model: keras.Model, again: Callable[[], None]) -> Iterator[None]:
    """Say which layer was first not finite where a training ends for that.

    Args:
        model: What is trained.
        again: Takes the first epoch once more.

    Raises:
        FloatingPointError: As within, and the layer.
    """
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error} First not finite: {first(model, again)}.") from None


def first(model: keras.Model, again: Callable[[], None]) -> str:
    """Return what is first not finite, in words."""
    try:
        again()
    except NotFiniteError as found:
        return str(found)
    name = next((own for own, layer in layers_of(model) if not all_finite(layer.weights)), "")
    return (
        f"the weights of {name} after the last step" if name else "the loss, while all layers are"
    )


class Watched:
    """Takes the steps of a block one by one, and looks at every layer before each.

    Args:
        steps: Of TensorFlow or of JAX.
    """

    def __init__(self, steps: Any) -> None:
        self.steps, self.step, self.count = steps, steps.step, 0

    def train(self, block: Block, numbers: Mapping[str, np.ndarray]) -> Trained:
        """Take a step for each batch: see `TensorFlowSteps.train`.

        Raises:
            NotFiniteError: A layer is not finite.
        """
        ends = np.cumsum([0, *block.sizes])
        taken = []
        for k, size in enumerate(block.sizes):
            rows = slice(ends[k], ends[k + 1])
            batch = {name: values[rows] for name, values in block.batch.items()}
            self.count += 1
            look_at(self.step.model, batch, self.count)
            own = {name: values[k : k + 1] for name, values in numbers.items()}
            taken.append(self.steps.train(Block(batch, block.targets[rows], [size]), own))
            self.steps.finish()
        losses, kept = (np.concatenate(parts) for parts in list(zip(*taken, strict=True))[:2])
        return Trained(losses, kept, taken[-1].gradient_norm)

    def finish(self) -> None:
        """Give the model what its weights have become."""
        self.steps.finish()


def look_at(model: keras.Model, batch: Mapping[str, Any], step: int) -> None:
    """Let a model read a batch, and look at what each layer returns.

    Raises:
        NotFiniteError: A layer, or an input, is not finite.
    """
    for name, values in batch.items():
        if not all_finite([values]):
            raise NotFiniteError(f"the input {name} in step {step}")
    layers = dict(layers_of(model))
    found: list[str] = []
    for name, layer in layers.items():
        object.__setattr__(layer, "call", looking(name, layer, found))  # Keras has no hooks
    try:
        call(model, batch, training=True)
    finally:
        for layer in layers.values():
            vars(layer).pop("call", None)
    if found:  # raised here: Keras words the errors of a layer anew
        raise NotFiniteError(f"{found[0]} in step {step}")


def looking(name: str, layer: keras.Layer, found: list[str]) -> Callable[..., Any]:
    """Return the call of a layer, after which its output is looked at, and perhaps noted."""
    whole = layer.call

    def watched(*given: Any, **settings: Any) -> Any:
        output = whole(*given, **settings)
        if not all_finite(output if isinstance(output, list | tuple) else [output]):
            what = "the output" if all_finite(layer.weights) else "the weights"
            found.append(f"{what} of {name}")
        return output

    return watched


def layers_of(part: Any, path: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Walk the attributes of a model down to Keras' own layers: attribute path, layer."""
    stem = f"{path}." if path else ""
    if isinstance(part, keras.Model) and type(part).__module__.startswith("keras."):
        children = [(layer.name, layer) for layer in part.layers]  # Sequential and Functional
    elif isinstance(part, list | tuple | dict):
        children = list(part.items() if isinstance(part, dict) else enumerate(part))
    elif isinstance(part, keras.layers.Layer) and type(part).__module__.startswith("keras."):
        yield path, part
        return
    elif isinstance(part, keras.layers.Layer):
        children = [(k, v) for k, v in vars(part).items() if not k.startswith("_")]
    else:
        return
    for name, child in children:
        yield from layers_of(child, f"{stem}{name}")


def all_finite(values: Any) -> bool:
    """Tell whether all values are numbers."""
    arrays = [np.asarray(ops.convert_to_numpy(value)) for value in values]
    return all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f")
