"""The layers of a built Keras page: its own parameters and output shapes, line by line.

Keras has no hooks, so every layer's `call` is recorded while the model reads one example, and then
two.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bakeoff.show.layer import Inputs, Layer, with_batch
from bakeoff.train.weights import keras_variables


def keras_layers(model: Any, inputs: Inputs, facing: Sequence[Layer]) -> list[Layer]:
    """Measure a Keras model: its own parameters and output shapes.

    Args:
        inputs: Makes the arguments of the model's call for a number of examples.
        facing: The layers of the torch model. Attributes are named alike, so these give the order,
            and, since both compute the same, the states and multiply-adds.
    """
    parts = dict(keras_parts(model))
    owned: dict[str, list[tuple[str, Any]]] = {}
    for name, variable in keras_variables(model):
        path = name.rpartition(".")[0]
        own_layer = type(parts[path]).__module__.startswith("keras.")
        owned.setdefault(path if own_layer else name, []).append((name, variable))
    one, two = (record_outputs(model, parts, inputs(batch)) for batch in (1, 2))
    layers = []
    for row in facing:
        own = owned.get(row.name, [])
        outputs = with_batch(one.get(row.name, {}), two.get(row.name, {}))
        layers.append(
            replace(
                row,
                kind=type(parts[row.name]).__name__ if row.name in parts else row.kind,
                outputs={**row.outputs, **outputs},
                parameters=sum(math.prod(v.shape) for _, v in own if v.trainable),
                frozen=tuple(name for name, v in own if not v.trainable),
            )
        )
    return layers


def keras_parts(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk the attributes of a Keras model: attribute path, layer."""
    import keras

    stem = f"{path}." if path else ""
    if isinstance(part, list | tuple | dict):
        children = list(part.items() if isinstance(part, dict) else enumerate(part))
    elif isinstance(part, keras.layers.Layer):
        yield path, part
        ours = not type(part).__module__.startswith("keras.")
        children = [(k, v) for k, v in vars(part).items() if ours and not k.startswith("_")]
    else:
        return
    for name, child in children:
        yield from keras_parts(child, f"{stem}{name}")


def record_outputs(
    model: Any, parts: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Run a Keras model once and return what each layer gave first: path -> output -> shape."""
    recorded: dict[str, dict[str, tuple[int, ...]]] = {}

    def recording(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded_call(*args: Any, **options: Any) -> Any:
            result = call(*args, **options)
            named = result if isinstance(result, dict) else {"output": result}
            recorded.setdefault(
                name,
                {
                    key: tuple(v[0].shape if isinstance(v, list | tuple) else v.shape)
                    for key, v in named.items()
                },
            )
            return result

        return recorded_call

    for name, part in parts.items():
        object.__setattr__(part, "call", recording(name, part.call))
    try:
        model(**inputs)
    finally:
        for part in parts.values():
            vars(part).pop("call", None)  # a part may stand under two names
    return recorded
