"""The leaderboard for the terminal: one line per model, as many columns as fit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.cut import cut
from bakeoff.report import numbers
from bakeoff.report.printable import printable


def leaderboard_table(rows: Sequence[Mapping[str, Any]], console: Console) -> Table:
    """Lay out the leaderboard: if need be gaps shrink, then the least needed columns go.

    A file or a pipe has no width, so it gets every column.
    """
    metric = next((row["metric"] for row in rows if row["metric"]), "")
    columns = leaderboard_columns(rows, metric)
    gap, spare = 3, ["epochs", "validation", "parameters"]
    while console.is_terminal and width_of(columns, gap) > console.width:
        if gap > 1:
            gap -= 1
        elif spare:
            columns.pop(spare.pop(0))
        else:
            break
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        header = printable(name, console.encoding)
        left = name in ("tier", "model", "setting")
        side: Literal["left", "right"] = "left" if left else "right"
        table.add_column(header, justify=side, no_wrap=True, overflow="crop")
    for i, row in enumerate(rows):
        cells = [Text(printable(cells[i], console.encoding)) for cells in columns.values()]
        table.add_row(*cells, style=row_style(row))
    return table


def leaderboard_columns(rows: Sequence[Mapping[str, Any]], metric: str) -> dict[str, list[str]]:
    """Return header -> cells, as text."""
    varied = any(row.get("setting") for row in rows)
    return {
        "tier": [f" {row['tier']}" if row["tier"] else " –" for row in rows],
        "model": [str(row.get("label") or row["model"]) for row in rows],
        **({"setting": [cut(row.get("setting") or "") for row in rows]} if varied else {}),
        numbers.metric_label(metric): [
            numbers.score(metric, row["score"]) if row["status"] != "failed" else "failed"
            for row in rows
        ],
        "95 % interval": [numbers.interval(metric, row["low"], row["high"]) for row in rows],
        "validation": [numbers.score(metric, row.get("validation")) for row in rows],
        "epochs": [numbers.count(row.get("epochs")) for row in rows],
        "parameters": [numbers.count(row["parameters"]) for row in rows],
        "train": [numbers.duration(row["train_seconds"]) for row in rows],
        "predict": [numbers.per_row(row["predict_microseconds"]) for row in rows],
    }


def row_style(row: Mapping[str, Any]) -> str:
    """The first tier stands out, baselines step back, failures are red."""
    if row["status"] == "failed":
        return "red"
    if row["tier"] == 1:
        return "bold" if row["kind"] == "network" else ""
    return "dim" if row["kind"] == "baseline" else ""


def width_of(columns: Mapping[str, Sequence[str]], gap: int) -> int:
    """Return how many letters a table of these columns is wide."""
    widths = [max(map(len, [name, *cells])) for name, cells in columns.items()]
    return sum(widths) + gap * (len(widths) - 1)
