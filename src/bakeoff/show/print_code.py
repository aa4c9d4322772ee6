"""Whole pages in the terminal: side by side, part facing part, where it is wide enough."""

import ast
import sys
from collections.abc import Iterator, Mapping

from rich.console import Console, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bakeoff.report.printable import printable
from bakeoff.show.page_text import PageText

WIDE = 160  # columns from which both pages stand side by side


def print_code(console: Console, pages: Mapping[str, PageText]) -> None:
    """Print whole pages, and nothing else; one page in a pipe is the file itself.

    Args:
        console: Where to.
        pages: "torch", "tensorflow" or "baseline" -> its page; one or two.
    """
    if len(pages) == 1:
        page = next(iter(pages.values()))
        if console.is_terminal:
            console.print(highlighted(page.source, console))
        else:
            sys.stdout.write(printable(page.source, console.encoding))
        return
    if console.width < WIDE:
        for page in pages.values():
            console.print(Text(f"# {page.file}", style="bold"))
            console.print(highlighted(page.source, console), soft_wrap=not console.is_terminal)
        return
    left, right = pages.values()
    grid = two_columns()
    grid.add_row(Text(f"# {left.file}", style="bold"), Text(f"# {right.file}", style="bold"))
    for pair in facing_sections(code_sections(left.source), code_sections(right.source)):
        grid.add_row(*(highlighted(text, console) for text in pair))
    console.print(grid)


def code_sections(source: str) -> dict[str, str]:
    """Cut a page into pieces that stand side by side: the header, then part by part.

    Keras' `call` is named "forward" here, as it faces that.

    Example:
        >>> list(code_sections("import x\\n\\nclass A:\\n    def call(self):\\n        pass\\n"))
        ['', 'A', 'A.forward']
    """
    starts: dict[str, int] = {"": 0}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            starts[node.name] = node.lineno - 1
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    name = "forward" if part.name == "call" else part.name
                    starts[f"{node.name}.{name}"] = part.lineno - 1
    lines = source.splitlines()
    ends = [*list(starts.values())[1:], len(lines)]
    return {
        name: "\n".join(lines[start:end])
        for (name, start), end in zip(starts.items(), ends, strict=True)
    }


def facing_sections(left: dict[str, str], right: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield facing sections in order; what has no facing section stands alone."""
    waiting = list(right)
    for name, text in left.items():
        if name not in right:
            yield text, ""
            continue
        while waiting and waiting[0] != name and waiting[0] not in left:
            yield "", right[waiting.pop(0)]
        if name in waiting:
            waiting.remove(name)
        yield text, right[name]
    for name in waiting:
        yield "", right[name]


def two_columns() -> Table:
    """Return a grid of two equal columns."""
    grid = Table.grid(padding=(0, 4, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    return grid


def highlighted(text: str, console: Console) -> RenderableType:
    """Return code, coloured where there are colours."""
    text = printable(text, console.encoding)
    if not console.is_terminal:
        return Text(text)
    return Syntax(text, "python", theme="ansi_dark", background_color="default", word_wrap=True)
