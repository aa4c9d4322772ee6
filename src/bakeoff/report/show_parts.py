"""What `bakeoff show` prints of an architecture, part by part, in the order one reads it.

The idea and its equations, what it is good for, its layers, its arguments, both pages, ways on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bakeoff.catalog import Row
from bakeoff.insight.examples import LOOKS, Example
from bakeoff.insight.layers import Layer
from bakeoff.report import words
from bakeoff.report.page_text import PageText
from bakeoff.report.screen_text import printable

WIDE = 160  # columns from which both pages stand side by side
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow and JAX", "baseline": "Python"}
NOT_COUNTED = (
    "Multiply-adds are those of one example in matrix products, convolutions, recurrence and "
    "attention; norms, activations and pooling cost far less and are not counted."
)
OWN_WORK = "A line without weights is the part that the lines above it make up"


def print_page(
    console: Console,
    row: Row,
    pages: Mapping[str, PageText],
    example: Example | None,
    layers: Sequence[Layer],
    missing: str,
) -> None:
    """Print an architecture.

    Args:
        pages: "torch", "tensorflow" or "baseline" -> what is written there; one or two.
        example: What the layers were measured with; None for a baseline.
        layers: Of the first page; none where that cannot be built here.
        missing: Why not, and how to go on.
    """
    first = next(iter(pages.values()))
    parts: list[RenderableType] = [*idea(row, first, console)]
    if example is not None:
        room = next(iter(pages))
        parts += [heading(f"Layers in {TITLES[room]}, {reading(example)}")]
        parts += [indented(Text(missing))] if missing else [*layer_table(layers, row, console)]
    parts += [heading("Arguments"), indented(arguments(row, first, example))]
    parts += [*both(pages, console)]
    parts += ways_on(row, pages)
    console.print(Plain(Group(*parts), console))
