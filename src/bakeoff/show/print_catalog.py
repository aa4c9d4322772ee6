"""`bakeoff models`: the catalogue as people read it, and as JSON."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.catalog import ROWS, Row, arguments
from bakeoff.report.printable import printable
from bakeoff.show.input_shape import explain_inputs, input_words


def print_catalog(*, as_json: bool = False) -> None:
    """Print every architecture and baseline: what it reads, what it is good for, when to avoid it.

    Args:
        as_json: Print one JSON document.
    """
    if as_json:
        sys.stdout.write(json.dumps([row_facts(row) for row in ROWS], ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("name", no_wrap=True, style="bold")
    for header in ("reads", "good for", "avoid when"):
        table.add_column(header)
    for row in ROWS:
        reads = " or ".join(input_words(view) for view in row.reads)
        cells = (row.name, reads, row.good_for, row.avoid_when)
        table.add_row(*(printable(cell, console.encoding) for cell in cells))
    console.print(table)
    console.print()
    line = explain_inputs(view for row in ROWS for view in row.reads)
    console.print(Text(printable(line, console.encoding), style="dim"))


def row_facts(row: Row) -> dict[str, Any]:
    """Return one row with its arguments and their defaults."""
    own = {name: argument.default for name, argument in arguments(row).items()}
    return {
        "name": row.name,
        "file": f"{row.page}.py",
        "role": row.role,
        "reads": row.reads,
        "takes": row.takes,
        "arguments": {**own, **row.defaults},
        "source": row.source,
        "good_for": row.good_for,
        "avoid_when": row.avoid_when,
    }
