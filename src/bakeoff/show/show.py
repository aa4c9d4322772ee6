"""`bakeoff show`: one architecture on one screen: idea, layers, arguments, both pages."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bakeoff.catalog import Row, find
from bakeoff.errors import MissingPackageError, RequestError, option, unknown
from bakeoff.report.printable import printable
from bakeoff.show.examples import Example, make_example
from bakeoff.show.keras_layers import keras_layers
from bakeoff.show.layers import Layer, totals
from bakeoff.show.page_text import PageText, chapters, paired, read_page
from bakeoff.show.sheet import WIDE, Sheet
from bakeoff.train.job import tuples
from bakeoff.train.keras_backend import need_keras


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
        framework: "torch" or "tensorflow" shows this page only, and its layers; "" both pages.
        settings: Constructor arguments that differ from their defaults.
        code: Print the whole pages, and nothing else.
        as_json: Print one JSON document.

    Raises:
        RequestError: There is no such architecture, or shape and arguments do not fit it.
    """
    row = find(name)
    if framework not in ("", "torch", "tensorflow"):
        known = ("torch", "tensorflow")
        raise RequestError(unknown("framework", framework, known, where=option("framework")))
    rooms = [framework] if framework else ["torch", "tensorflow"]
    if row.role == "baseline":
        rooms = ["baseline"]
        if shape or settings:
            raise RequestError(
                f"{name} is a baseline, not a network: it is shown without layers, so without "
                "--input-shape and --set."
            )
    pages = {room: read_page(row, room) for room in rooms}
    if code and not as_json:
        print_code(pages)
        return
    example = None
    layers, missing = [], ""
    if row.role != "baseline":
        example = make_example(row, sizes(shape), tuples(dict(settings or {})))
        try:
            layers = measured(example, rooms[0])
        except MissingPackageError as error:
            missing = str(error)
    if as_json:
        document = facts(row, pages, example, layers, missing, code=code)
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        Sheet(new_console(), row, pages, example).print(layers, missing)


def sizes(shape: str) -> tuple[int, ...]:
    """Read "20,8"."""
    try:
        return tuple(int(size) for size in shape.split(",")) if shape else ()
    except ValueError as error:
        raise RequestError(
            f"--input-shape {shape}: write whole numbers with commas between them, such as 20,8."
        ) from error


def measured(example: Example, framework: str) -> list[Layer]:
    """Build the page and measure its layers.

    Raises:
        RequestError: The sizes do not fit the page.
        MissingPackageError: Keras or TensorFlow is not installed.
    """
    from bakeoff.show.torch_layers import torch_layers

    if framework == "tensorflow":
        need_keras("tensorflow", "jax")
    page = example.build("torch")
    try:
        layers = torch_layers(page, lambda batch: example.inputs(batch, "torch"))
    except (ValueError, RuntimeError) as error:
        raise RequestError(f"{example.row.name} cannot read this example: {error}") from error
    if framework == "torch":
        return layers
    facing = example.build(framework)
    return keras_layers(facing, lambda batch: example.inputs(batch, framework), layers)


def facts(
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
        "pages": {},
    }
    for room, page in pages.items():
        kept = ("file", "module", "methods", "shape", "example", *(("source",) if code else ()))
        document["pages"][room] = {key: getattr(page, key) for key in kept}
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


def print_code(pages: Mapping[str, PageText]) -> None:
    """Print whole pages: side by side, part facing part, where the terminal is wide enough."""
    console = new_console()
    if len(pages) == 1:
        page = next(iter(pages.values()))
        if console.is_terminal:
            console.print(python(page.source, console))
        else:
            sys.stdout.write(printable(page.source, console.encoding))
        return
    if console.width < WIDE:
        for page in pages.values():
            console.print(Text(f"# {page.file}", style="bold"))
            console.print(python(page.source, console), soft_wrap=not console.is_terminal)
        return
    left, right = pages.values()
    grid = two_columns()
    grid.add_row(Text(f"# {left.file}", style="bold"), Text(f"# {right.file}", style="bold"))
    for pair in paired(chapters(left.source), chapters(right.source)):
        grid.add_row(*(python(text, console) for text in pair))
    console.print(grid)


def new_console() -> Console:
    """Return a console that prints everything as it is."""
    return Console(highlight=False, markup=False, emoji=False)


def two_columns() -> Table:
    """Return a grid of two equal columns."""
    grid = Table.grid(padding=(0, 4, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    return grid


def python(text: str, console: Console) -> RenderableType:
    """Return code, coloured where there are colours."""
    text = printable(text, console.encoding)
    if not console.is_terminal:
        return Text(text)
    return Syntax(text, "python", theme="ansi_dark", background_color="default", word_wrap=True)
