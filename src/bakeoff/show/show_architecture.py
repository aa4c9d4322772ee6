"""`bakeoff show`: one architecture on one screen: equations, layers, arguments, both pages."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from bakeoff.catalog import Row, find
from bakeoff.errors import MissingPackageError, RequestError, option, unknown
from bakeoff.show.example import Example, make_example
from bakeoff.show.keras_layers import keras_layers
from bakeoff.show.layer import Layer, totals
from bakeoff.show.page_text import PageText, read_page
from bakeoff.show.print_code import print_code
from bakeoff.show.sheet import Sheet
from bakeoff.train.job import tuples
from bakeoff.train.keras_backend import need_keras

SHOWN = ("torch", "tensorflow")  # what is shown of an architecture; jax runs the page of tensorflow


def show_architecture(
    name: str,
    *,
    shape: str = "",
    framework: str = "",
    settings: Mapping[str, Any] | None = None,
    code: bool = False,
    as_json: bool = False,
) -> None:
    """Print an architecture.

    Args:
        name: Of a row of the catalogue.
        shape: Of one example: "20,8"; "" takes what is usual.
        framework: "torch" or "tensorflow" shows this one only, and its layers; "" both.
        settings: Constructor arguments that differ from their defaults.
        code: Print the source of both pages, and nothing else.
        as_json: Print one JSON document.

    Raises:
        RequestError: There is no such architecture, or shape and arguments do not fit it.
    """
    row = find(name)
    if framework not in ("", *SHOWN):
        raise RequestError(unknown("framework", framework, SHOWN, where=option("framework")))
    if row.role == "baseline" and (shape or settings):
        raise RequestError(
            f"{name} is a baseline, not a network: it is shown without layers, so without "
            f"{option('input_shape')} and {option('settings')}."
        )
    console = Console(highlight=False, markup=False, emoji=False)
    frameworks = ("baseline",) if row.role == "baseline" else (framework,) if framework else SHOWN
    pages = {which: read_page(row, which) for which in frameworks}
    if code and not as_json:
        print_code(console, pages)
        return
    example, layers, missing = None, [], ""
    if row.role != "baseline":
        example = make_example(row, read_shape(shape), tuples(dict(settings or {})))
        try:
            layers = measure_layers(example, frameworks[0])
        except MissingPackageError as error:
            missing = str(error)
    if as_json:
        document = describe(row, pages, example, layers, missing, code=code)
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        Sheet(console, row, pages, example).print(layers, missing)


def read_shape(shape: str) -> tuple[int, ...]:
    """Read "20,8"; "" is no shape."""
    try:
        return tuple(int(size) for size in shape.split(",")) if shape else ()
    except ValueError as error:
        raise RequestError(
            f"{option('input_shape', shape)} must be integers with commas between them, such as "
            f"{option('input_shape', '20,8')}."
        ) from error


def measure_layers(example: Example, framework: str) -> list[Layer]:
    """Build the example and measure its layers.

    Raises:
        RequestError: The sizes do not fit together.
        MissingPackageError: Keras or TensorFlow is not installed.
    """
    from bakeoff.show.torch_layers import torch_layers

    if framework == "tensorflow":
        need_keras("tensorflow", "jax")
    model = example.build("torch")
    try:
        layers = torch_layers(model, lambda batch: example.inputs(batch, "torch"))
    except (ValueError, RuntimeError) as error:
        raise RequestError(f"{example.row.name} cannot read this example: {error}") from error
    if framework == "torch":
        return layers
    facing = example.build(framework)
    return keras_layers(facing, lambda batch: example.inputs(batch, framework), layers)


def describe(
    row: Row,
    pages: Mapping[str, PageText],
    example: Example | None,
    layers: Sequence[Layer],
    missing: str,
    *,
    code: bool,
) -> dict[str, Any]:
    """Return what `--json` prints; shapes hold "B" where they grow with the batch."""
    first = next(iter(pages.values()))
    document: dict[str, Any] = {
        "name": row.name,
        "role": row.role,
        "reads": row.reads,
        "takes": row.takes,
        "good_for": row.good_for,
        "avoid_when": row.avoid_when,
        "source": row.source,
        "header": first.header,
        "arguments": [
            {"name": name, "default": default, "meaning": meaning}
            for name, default, meaning in first.arguments
        ],
        "code": {},
    }
    kept = ("file", "module", "methods", "shape", "example", *(("source",) if code else ()))
    for framework, page in pages.items():
        document["code"][framework] = {key: getattr(page, key) for key in kept}
    if example is None:
        return document
    document["example"] = {
        "input_shape": example.shape,
        "arguments": dict(example.arguments),
        "encoders": {name: part.row.name for name, part in example.parts.items()},
    }
    document |= {"layers_of": next(iter(pages)), "layers": None, "note": missing}
    if layers:
        document["layers"] = [asdict(layer) for layer in layers]
        document |= totals(layers)
    return document
