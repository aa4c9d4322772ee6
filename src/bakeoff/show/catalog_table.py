"""The catalogue as people read it, and as JSON."""

import json
import sys

from rich.console import Console
from rich.table import Table

from bakeoff.catalog import ROWS, Row, arguments
from bakeoff.report.printable import printable


def print_catalogue(*, as_json: bool = False) -> None:
    """Print every architecture and baseline: what it reads, is good for, and when to avoid it."""
    if as_json:
        sys.stdout.write(json.dumps([row_facts(row) for row in ROWS], ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("name", no_wrap=True, style="bold")
    for header in ("reads", "good for", "avoid when"):
        table.add_column(header)
    for row in ROWS:
        cells = (row.name, ", ".join(row.reads), row.good_for, row.avoid_when)
        table.add_row(*(printable(cell, console.encoding) for cell in cells))
    console.print(table)


def row_facts(row: Row) -> dict[str, object]:
    """Return one row with its arguments and their defaults."""
    own = {name: argument.default for name, argument in arguments(row).items()}
    return {
        "name": row.name,
        "page": row.page,
        "role": row.role,
        "reads": row.reads,
        "takes": row.takes,
        "arguments": {**own, **row.defaults},
        "source": row.source,
        "good_for": row.good_for,
        "avoid_when": row.avoid_when,
    }
