"""An example for a page to read: sizes for its constructor and arrays of the right shape.

The batch is left out of a shape: `20,8` is a sequence of 20 steps of 8 features.
"""

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.catalog import Argument, Row, find, load
from bakeoff.errors import RequestError, option, unknown
from bakeoff.plan.models import fits, say_type
from bakeoff.show.input_shape import INPUTS, Shape

MOST = 10_000_000  # numbers in an example: 40 MB, and minutes of work for the largest pages
TOKEN_WIDTH, VOCABULARY_SIZE, OUT_STEPS, NUM_HEADS = 32, 10_000, 24, 4  # where nothing is said
ENCODERS = {"readings": "lstm", "picture": "cnn"}  # what the network is shown with


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One architecture and what it is to read.

    Args:
        row: Of the catalogue.
        view: A key of INPUTS.
        shape: Of x, the batch left out.
        arguments: Of the constructor, those apart that are left at their defaults.
        parts: Input of a network -> the example of its encoder.
    """

    row: Row
    view: str
    shape: Shape
    arguments: Mapping[str, Any]
    parts: Mapping[str, "Example"]

    def build(self, framework: str) -> Any:
        """Build the model.

        Raises:
            RequestError: The sizes do not fit together.
        """
        arguments = dict(self.arguments)
        if self.parts:
            arguments["encoders"] = {name: e.build(framework) for name, e in self.parts.items()}
        try:
            return load(self.row, framework)(**arguments)
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise RequestError(f"{self.row.name} cannot be built so: {error}") from error

    def inputs(self, batch: int, framework: str) -> dict[str, Any]:
        """Return the arguments of forward (tensors) or call (arrays) for some examples of zeros."""
        if self.parts:
            return {"x": {n: e.inputs(batch, framework)["x"] for n, e in self.parts.items()}}
        tokens = self.view == "text"
        x = np.full((batch, *self.shape), int(tokens), np.int64 if tokens else np.float32)
        if framework != "torch" and self.view in ("image", "volume"):
            x = np.moveaxis(x, 1, -1)  # Keras takes channels last
        arrays = {"x": x}
        if sizes := self.arguments.get("category_sizes"):
            arrays["categories"] = np.zeros((batch, len(sizes)), np.int64)
        if framework != "torch":
            return arrays
        import torch

        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def make_example(
    row: Row, shape: Sequence[int] = (), settings: Mapping[str, Any] | None = None
) -> Example:
    """Choose the sizes of an example.

    Args:
        row: Of an architecture.
        shape: Of x without the batch; () takes what is usual for what it reads.
        settings: Constructor arguments that differ from their defaults.

    Raises:
        RequestError: The shape has too many or too few axes, or there is no such argument.
    """
    settings = dict(settings or {})
    known = inspect.signature(load(row, "torch").__init__).parameters
    check_settings(row, settings, known)
    view = row.reads[0] if row.reads else "states"
    if view == "mixed":
        return network_example(row, shape, settings)
    if view == "sequence" and settings.get("vocabulary_size"):
        view = "text"
    shape = usual_or_given(row, view, tuple(shape))
    sizes = {name: size for name, size in sizes_of(view, shape).items() if name in known}
    arguments = {**sizes, **row.defaults, **settings}
    return Example(row=row, view=view, shape=shape, arguments=arguments, parts={})


def check_settings(
    row: Row, settings: Mapping[str, Any], known: Mapping[str, inspect.Parameter]
) -> None:
    """Refuse unknown arguments, and values of another type than they have."""
    names = [name for name in known if name not in ("self", "encoders")]
    for name, value in settings.items():
        if name not in names:
            raise RequestError(unknown("argument", name, names, where=row.name))
        annotation = inspect.formatannotation(known[name].annotation)
        if not fits(value, annotation):
            wanted = say_type(Argument(name=name, annotation=annotation, default=None))
            raise RequestError(f"{row.name}: {name} must be {wanted}, not {value!r}.")


def network_example(row: Row, shape: Sequence[int], settings: Mapping[str, Any]) -> Example:
    """Make the example of a network: a sequence beside a picture."""
    if shape:
        raise RequestError(
            f"{row.name} reads several inputs, so it takes no {option('input_shape')}: it is shown "
            f"with {' and '.join(ENCODERS.values())} as encoders."
        )
    parts = {
        name: make_example(find(encoder), settings={"out_features": 0})
        for name, encoder in ENCODERS.items()
    }
    arguments = {"heads": {"kind": 3, "price": 1}, **settings}
    return Example(row=row, view="mixed", shape=(), arguments=arguments, parts=parts)


def usual_or_given(row: Row, view: str, shape: Shape) -> Shape:
    """Return the shape, or the usual one; refuse what the architecture cannot read."""
    kind = INPUTS[view]
    shape = shape or kind.usual
    if len(shape) != len(kind.axes) or min(shape) < 1:
        raise RequestError(
            f"{option('input_shape', typed(shape))} does not fit {row.name}, which reads "
            f"({', '.join(kind.axes)}), each 1 or more: write {typed(kind.usual)}, say."
        )
    if math.prod(shape) > MOST:
        raise RequestError(
            f"{option('input_shape', typed(shape))} is {math.prod(shape):,} numbers; an example "
            f"has up to {MOST:,}."
        )
    return shape


def typed(shape: Shape) -> str:
    """Write a shape as one types it."""
    return ",".join(map(str, shape))


def sizes_of(view: str, shape: Shape) -> dict[str, Any]:
    """Return the constructor's arguments that follow from a shape."""
    sizes: dict[str, Any] = {"out_features": INPUTS[view].out_features}
    if view in ("image", "volume"):
        return {**sizes, "in_channels": shape[0], "image_size": shape[1:]}
    if view == "text":
        return {**sizes, "in_features": TOKEN_WIDTH, "vocabulary_size": VOCABULARY_SIZE}
    if view == "window":
        return {**sizes, "in_features": shape[1], "in_steps": shape[0], "out_steps": OUT_STEPS}
    if view == "states":
        return {"model_size": shape[1], "num_heads": NUM_HEADS}
    return {**sizes, "in_features": shape[-1]}
