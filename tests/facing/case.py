"""A case: a page's constructor arguments and the inputs to call it with, free of any framework."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bakeoff import catalog

Inputs = dict[str, Any]  # name -> array, or a dictionary of arrays where a page takes one


@dataclass(frozen=True)
class Branch:
    """A built page as an argument: Branch("lstm", {"in_features": 8, "out_features": 0})."""

    name: str
    arguments: Mapping[str, Any]

    def __repr__(self) -> str:
        return (
            f"{self.name}({', '.join(f'{key}={value}' for key, value in self.arguments.items())})"
        )


@dataclass(frozen=True)
class Case:
    """One page under one set of arguments, and what to feed it.

    Args:
        arguments: Every constructor argument that differs from the page's default. A Branch in it,
            however deep, stands for a built page.
        inputs: "x", "lengths", "categories" or "previous" (or a dictionary of them) -> what:
            ("numbers", B, ...)       float, normal
            ("image", B, C, Y, X)     float, normal, channels first (volumes: B, C, Z, Y, X)
            ("tokens", B, T, V)       int, 1 ... V - 1, and 0 in the padding
            ("lengths", B, T)         int, 1 ... T, one of them T
            ("categories", B, n, m)   int, below n in the first column, below m in the second
    """

    arguments: dict[str, object]
    inputs: dict[str, Any]

    def but(self, **arguments: object) -> "Case":
        """Return this case with some arguments changed."""
        return replace(self, arguments={**self.arguments, **arguments})

    def of_size(self, batch: int) -> "Case":
        """Return this case with another number of examples."""
        return replace(self, inputs=resized(self.inputs, batch))

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.arguments.items()).replace(
            " ", ""
        )


def resized(inputs: dict[str, Any], batch: int) -> dict[str, Any]:
    """Put another batch size into every spec."""
    return {
        name: resized(spec, batch) if isinstance(spec, dict) else (spec[0], batch, *spec[2:])
        for name, spec in inputs.items()
    }


def draw(case: Case, seed: int = 0) -> Inputs:
    """Draw the inputs of a case: float32 and int64 arrays, images channels first."""
    return draw_all(case.inputs, np.random.default_rng(seed))


def draw_all(specs: dict[str, Any], rng: np.random.Generator) -> Inputs:
    """Draw one array per spec, then set the tokens behind each length to padding."""
    drawn = {
        name: draw_all(spec, rng) if isinstance(spec, dict) else draw_one(spec, rng)
        for name, spec in specs.items()
    }
    for name, spec in specs.items():
        lengths = drawn.get("lengths" if name == "x" else f"{name}.lengths")
        if not isinstance(spec, dict) and spec[0] == "tokens" and lengths is not None:
            drawn[name][np.arange(spec[2]) >= lengths[:, None]] = 0
    return drawn


def draw_one(spec: tuple[Any, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw one array."""
    kind, batch, *sizes = spec
    if kind in ("numbers", "image"):
        return rng.normal(size=(batch, *sizes)).astype("float32")
    if kind == "tokens":
        return rng.integers(1, sizes[1], size=(batch, sizes[0]))
    if kind == "lengths":
        lengths = rng.integers(1, sizes[0] + 1, size=batch)
        lengths[rng.integers(batch)] = sizes[0]
        return lengths
    if kind == "categories":
        return np.stack([rng.integers(0, size, size=batch) for size in sizes], 1)
    raise ValueError(f"No spec of the kind {kind!r}: numbers, image, tokens, lengths, categories.")


def channels_last(case: Case, inputs: Inputs) -> Inputs:
    """Turn the images of drawn inputs to the order that Keras pages take."""

    def turn(specs: dict[str, Any], arrays: Inputs) -> Inputs:
        return {
            name: turn(spec, arrays[name])
            if isinstance(spec, dict)
            else np.moveaxis(arrays[name], 1, -1)
            if spec[0] == "image"
            else arrays[name]
            for name, spec in specs.items()
        }

    return turn(case.inputs, inputs)


def tensors(inputs: Inputs) -> Inputs:
    """Turn arrays to torch tensors."""
    import torch

    return {
        name: tensors(value) if isinstance(value, dict) else torch.from_numpy(value)
        for name, value in inputs.items()
    }


def leaves(outputs: Any) -> list[Any]:
    """List the tensors of a page's result: one tensor, or several in any nesting, by name."""
    if isinstance(outputs, dict):
        outputs = [outputs[name] for name in sorted(outputs)]  # a compiled page returns them so
    if not isinstance(outputs, list | tuple):
        return [outputs]
    return [leaf for part in outputs for leaf in leaves(part)]


def real_steps(case: Case, inputs: Inputs, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array like scores: 1 where they count, 0 in the padding of scores per step."""
    kept = np.ones(shape, "float32")
    arrays = inputs["x"] if isinstance(inputs["x"], dict) else inputs
    lengths = [a for name, a in arrays.items() if name.split(".")[-1] == "lengths"]
    if case.arguments.get("per_step") and lengths and len(shape) == 3:
        kept[np.arange(shape[1]) >= lengths[0][:, None]] = 0
    return kept


def build(name: str, case: Case, framework: str) -> Any:
    """Build the page of a catalogue row with the arguments of a case."""

    def made(value: object) -> object:
        if isinstance(value, Branch):
            return build(value.name, Case(dict(value.arguments), {}), framework)
        if isinstance(value, dict):
            return {key: made(part) for key, part in value.items()}
        return type(value)(map(made, value)) if isinstance(value, list | tuple) else value

    row = catalog.find(name)
    arguments = {key: made(value) for key, value in case.arguments.items()}
    return catalog.load(row, framework)(**{**row.defaults, **arguments})


def settings(name: str, case: Case) -> dict[str, Any]:
    """Return every argument of a page, defaults included, as this case sets them."""
    row = catalog.find(name)
    parameters = inspect.signature(catalog.load(row, "torch").__init__).parameters
    defaults = {key: p.default for key, p in parameters.items() if key != "self"}
    return {**defaults, **row.defaults, **case.arguments}


def without_dropout(name: str, case: Case) -> Case:
    """Return the case without dropout, so that training is the same every time."""
    rates = {key: 0.0 for key, rate in settings(name, case).items() if "dropout" in key and rate}
    return case.but(**rates)


# What a view looks like: the arguments that say its size, and the spec of x.
VIEWS: dict[str, tuple[dict[str, object], tuple[Any, ...]]] = {
    "table": ({"in_features": 5}, ("numbers", 6, 5)),
    "vector": ({"in_features": 5}, ("numbers", 6, 5)),
    "sequence": ({"in_features": 5}, ("numbers", 6, 7, 5)),
    "window": ({"in_features": 3, "in_steps": 32}, ("numbers", 6, 32, 3)),
    "text": ({"in_features": 8, "vocabulary_size": 20}, ("tokens", 6, 7, 20)),
    "image": ({"in_channels": 2, "image_size": (28, 28)}, ("image", 6, 2, 28, 28)),
    "volume": ({"in_channels": 2, "image_size": (16, 16, 16)}, ("image", 6, 2, 16, 16, 16)),
}


def default_case(row: catalog.Row) -> Case:
    """Make the one case that follows from a row alone, so that a new page is tested by existing."""
    view = row.reads[0]
    sizes, x = VIEWS[view]
    known = settings(row.name, Case({}, {}))
    arguments = {name: value for name, value in sizes.items() if name in known}
    arguments["out_features"], inputs = 3, {"x": x}
    if row.predicts == "steps":
        arguments["out_steps"] = 4
    if "lengths" in row.takes and view in ("sequence", "text"):
        inputs["lengths"] = ("lengths", 6, 7)
    if "categories" in row.takes and view == "table":
        arguments["category_sizes"] = (4, 3)
        inputs["categories"] = ("categories", 6, 4, 3)
    return Case(arguments, inputs)
