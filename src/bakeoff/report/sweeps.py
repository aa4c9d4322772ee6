"""What a sweep shows, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from bakeoff.judge.verdict import Verdict
from bakeoff.listed import listed
from bakeoff.report import numbers


def say_sweeps(rows: Sequence[Mapping[str, Any]], verdict: Verdict) -> list[str]:
    """Say of each sweep which value scored best, which it beats, and which it does not.

    Args:
        rows: Of the leaderboard, best first.
        verdict: Tells which model beats which.
    """
    sweeps: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("setting") and row.get("score") is not None:
            base = str(row["model"]).rpartition("_")[0]
            sweeps.setdefault((base, row["framework"]), []).append(row)
    several = len({framework for _, framework in sweeps}) > 1
    return [
        said(f"{base} ({framework})" if several else base, own, verdict)
        for (base, framework), own in sweeps.items()
        if len(own) > 1
    ]


def said(name: str, rows: Sequence[Mapping[str, Any]], verdict: Verdict) -> str:
    """Say what one sweep shows: by pairs, as tiers are made from their first model alone."""
    first, *others = rows
    beaten = {pair.worse for pair in verdict.pairs if pair.better == first["label"] and pair.beats}
    told = {
        "it beats": [row for row in others if row["label"] in beaten],
        "no difference is detected from": [row for row in others if row["label"] not in beaten],
    }
    if verdict.refused:
        told = {"test rows are too few to compare it with": others}
    parts = [f"of {name}, {scored(first, verdict)} scores best"] + [
        f"{words} {listed([scored(row, verdict) for row in own], most=6)}"
        for words, own in told.items()
        if own
    ]
    return f"{'; '.join(parts)}."


def runs_table(setting: str, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Lay out the scores of several runs beside each other: a line a model, a column a value.

    Args:
        setting: Of the data, that was varied.
        runs: Value -> rows of its leaderboard.
    """
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("model", no_wrap=True)
    for value in runs:
        table.add_column(f"{setting}={value}", justify="right", no_wrap=True)
    scores = {
        value: {str(row.get("label") or row["model"]): row for row in rows}
        for value, rows in runs.items()
    }
    for name in dict.fromkeys(name for rows in scores.values() for name in rows):
        table.add_row(name, *(cell(rows.get(name)) for rows in scores.values()))
    return table


def cell(row: Mapping[str, Any] | None) -> str:
    """Write the score of a model with its interval."""
    if row is None or row["score"] is None:
        return numbers.DASH
    own = numbers.interval(row["metric"], row["low"], row["high"])
    return f"{numbers.score(row['metric'], row['score'])} ({own})"


def scored(row: Mapping[str, Any], verdict: Verdict) -> str:
    """Return the value that was varied, with its score."""
    return f"{row['setting']} ({numbers.score(verdict.metric, row['score'])})"
