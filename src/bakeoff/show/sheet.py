"""What `bakeoff show` prints of an architecture, part by part, in the order one reads it.

The idea and its equations, what it is good for, its layers, its arguments, both pages, ways on.
"""

import re
from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bakeoff.catalog import Row
from bakeoff.listed import listed
from bakeoff.report import numbers
from bakeoff.report.printable import printable
from bakeoff.show.example import Example, typed
from bakeoff.show.input_shape import INPUTS, input_words
from bakeoff.show.layer import Layer
from bakeoff.show.layer_table import NUMBERS, commas, explain_table, fit_width, layer_table
from bakeoff.show.page_text import PageText
from bakeoff.show.print_code import WIDE, two_columns

INDENT = 2
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow and JAX", "baseline": "Python"}
METHODS = ("__init__", "forward", "call", "steps", "attend")  # what one calls
EQUATION = re.compile(r"^(\s*\S.*\S) {2,}([^\s=].*)$")  # formula, two spaces or more, its meaning


class Sheet:
    """Prints one architecture.

    Args:
        console: Where to.
        row: Of the catalogue.
        pages: "torch", "tensorflow" or "baseline" -> what is written there; one or two.
        example: What the layers were measured with; None for a baseline.
    """

    def __init__(
        self, console: Console, row: Row, pages: Mapping[str, PageText], example: Example | None
    ) -> None:
        self.console, self.row, self.pages, self.example = console, row, pages, example
        self.framework, self.page = next(iter(pages.items()))

    def print(self, layers: Sequence[Layer], missing: str) -> None:
        """Print all parts.

        Args:
            layers: Of the first page; none where it cannot be built here.
            missing: Why not, and how to go on.
        """
        self.idea()
        if self.example is not None:
            self.heading(f"Layers in {TITLES[self.framework]}, {reading(self.example)}")
            if layers:
                self.layers(layers)
            else:
                self.put(self.text(missing, "yellow"))
        self.heading("Arguments" + (", the same in both frameworks" if len(self.pages) > 1 else ""))
        self.arguments()
        self.both_pages()
        self.ways_on()

    def idea(self) -> None:
        """Print title, equations, what it is good for, source and dimensions."""
        title, _, body = self.page.header.partition("\n")
        self.console.print(self.text(title, "bold"))
        self.console.print()
        facts = [
            ("good for", self.row.good_for),
            ("avoid when", self.row.avoid_when),
            ("reads", listed([input_words(view, axes=True) for view in self.row.reads])),
        ]
        table = grid()
        for label, text in facts:
            if text:
                table.add_row(self.text(label, "cyan"), self.text(text))
        self.put(table)
        for block in re.split(r"\n\s*\n", body.strip("\n")):
            self.console.print()
            lines = block.splitlines()
            if lines[0].startswith(" "):
                self.put(self.equations(lines))
            else:
                self.put(self.text(" ".join(lines)))

    def equations(self, lines: Sequence[str]) -> RenderableType:
        """Return equations as they are written, their meanings wrapped where there is no room."""
        width = self.console.width - INDENT
        stripped = [line.removeprefix("    ") for line in lines]
        if max(map(len, stripped)) <= width:
            return self.text("\n".join(stripped), "green")
        split = [(m[1].rstrip(), m[2]) if (m := EQUATION.match(x)) else (x, "") for x in stripped]
        widest = max((len(formula) for formula, meaning in split if meaning), default=width)
        if widest <= width - 24:
            table = grid()
            for formula, meaning in split:
                table.add_row(self.text(formula, "green"), self.text(meaning))
            return table
        lines = [
            x for formula, meaning in split for x in (formula, f"    ({meaning})" * bool(meaning))
        ]
        return self.text("\n".join(line for line in lines if line), "green")

    def layers(self, layers: Sequence[Layer]) -> None:
        """Print the layer table, and what its numbers mean."""
        columns, gap = fit_width(layer_table(layers), self.console.width - INDENT)
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
        for name in columns:
            number = name in NUMBERS
            table.add_column(
                name, justify="right" if number else "left", no_wrap=number, overflow="fold"
            )
        for i, layer in enumerate(layers):
            style = "bold" if i == len(layers) - 1 else "" if layer.parameters else "dim"
            table.add_row(*(self.text(cells[i]) for cells in columns.values()), style=style)
        self.put(table)
        self.console.print()
        self.put(self.text(explain_table(layers)))

    def arguments(self) -> None:
        """Print each argument, its value in the example or by default, and its meaning."""
        given = dict(self.example.arguments) if self.example else {}
        if self.example and self.example.parts:
            given["encoders"] = {name: part.row.name for name, part in self.example.parts.items()}
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("name", no_wrap=True)
        table.add_column("value", max_width=24, overflow="fold")
        table.add_column("meaning")
        for name, default, meaning in self.page.arguments:
            value = repr(given[name]) if name in given else default
            table.add_row(
                self.text(name, "cyan"),
                self.text(value, "bold" if name in given else ""),
                self.text(meaning),
            )
        self.put(table)

    def both_pages(self) -> None:
        """Print how each page is called: side by side where there is room."""
        if len(self.pages) > 1 and self.console.width >= WIDE:
            columns = two_columns()
            columns.add_row(*(self.page_part(framework) for framework in self.pages))
            self.console.print()
            self.console.print(columns)
            return
        for framework in self.pages:
            self.console.print()
            self.console.print(self.page_part(framework))

    def page_part(self, framework: str) -> RenderableType:
        """Return title, place, signatures, shapes and example of one page."""
        page = self.pages[framework]
        title = f"{TITLES[framework]}: {page.file}, {numbers.count(page.num_lines, 'line')}"
        code = [
            f"from {page.module} import {self.row.class_name}",
            *(call for name, call in page.methods.items() if name in METHODS),
        ]
        parts: list[RenderableType] = [
            self.text(title, "bold"),
            *(indented(self.text(x, "green")) for x in code),
        ]
        for text, style in ((page.shape.replace("\n", " "), ""), (page.example, "green")):
            if text:
                parts += [Text(), indented(self.text(text, style))]
        return Group(*parts)

    def ways_on(self) -> None:
        """Print what to type next."""
        name = self.row.name
        ways = [f"bakeoff show {name} --code"]
        if self.example is not None and self.example.shape:
            shape = typed(self.example.shape)
            ways.append(f"bakeoff show {name} --input-shape {shape}{self.setting()}")
        if self.row.trainable:
            ways.append(f"bakeoff run DATA --target COLUMN --models {name}")
        self.console.print()
        for way in ways:
            self.console.print(self.text(f"→ {way}", "dim"))

    def setting(self) -> str:
        """Return the first argument that one may set, as an option: its default, to be changed."""
        for name, default, _ in self.page.arguments:
            value = default.replace("(", "[").replace(",)", "]").replace(")", "]").replace(" ", "")
            if re.fullmatch(r"[\d.\[\],]+", value):
                return f" --set {name}={value}"
        return ""

    def heading(self, text: str) -> None:
        """Print the heading of a part."""
        self.console.print()
        self.console.print(self.text(text, "bold"))

    def put(self, part: RenderableType) -> None:
        """Print something, indented."""
        self.console.print(indented(part))

    def text(self, text: str, style: str = "") -> Text:
        """Return text that this console can show."""
        return Text(printable(text, self.console.encoding), style=style)


def indented(part: RenderableType) -> Padding:
    """Move something to the right."""
    return Padding(part, (0, 0, 0, INDENT), expand=False)


def grid() -> Table:
    """Return a table of labels and texts."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    return table


def reading(example: Example) -> str:
    """Say what the example is: "for x (B, 20, 8): B examples of T = 20 time steps, ..."."""
    if example.parts:
        parts = [f"{name} (B, {commas(e.shape)})" for name, e in example.parts.items()]
        return f"for {listed(parts)}"
    axes = [axis.split(" ", 1) for axis in INPUTS[example.view].axes]
    sizes = [
        f"{letter} = {n} {word}" for (letter, word), n in zip(axes, example.shape, strict=True)
    ]
    return f"for x (B, {commas(example.shape)}): B examples of {listed(sizes)}"
