"""What a sweep shows, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bakeoff.listed import listed
from bakeoff.report import numbers


def say_sweeps(rows: Sequence[Mapping[str, Any]], metric: str) -> list[str]:
    """Say of each sweep which value scored best, and which cannot be told from it.

    Args:
        rows: Of the leaderboard, best first.
        metric: That was judged.

    Example:
        >>> rows = [
        ...     {"model": "mlp_2", "label": "mlp_2", "framework": "torch", "setting": "dropout=0.2",
        ...      "score": 0.9, "tier": 1},
        ...     {"model": "mlp_1", "label": "mlp_1", "framework": "torch", "setting": "dropout=0",
        ...      "score": 0.8, "tier": 2},
        ... ]
        >>> say_sweeps(rows, "accuracy")
        ['of mlp, dropout=0.2 scores best (0.900); dropout=0 (0.800) is in a lower tier.']
    """
    sweeps: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("setting") and row.get("score") is not None:
            base = str(row["model"]).rpartition("_")[0]
            sweeps.setdefault((base, row["framework"]), []).append(row)
    several = len({framework for _, framework in sweeps}) > 1
    return [
        said(f"{base} ({framework})" if several else base, own, metric)
        for (base, framework), own in sweeps.items()
        if len(own) > 1
    ]


def said(name: str, rows: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Say what one sweep shows."""
    first, *others = rows
    text = f"of {name}, {scored(first, metric)[0]} scores best ({scored(first, metric)[1]})"
    return f"{text}{''.join(rest(first, others, metric))}."


def rest(
    first: Mapping[str, Any], others: Sequence[Mapping[str, Any]], metric: str
) -> Iterator[str]:
    """Say how the others stand: those of its tier, and those of lower ones."""
    for alike in (True, False):
        own = [row for row in others if (row["tier"] == first["tier"]) is alike]
        if not own:
            continue
        named = listed(["{} ({})".format(*scored(row, metric)) for row in own], most=6)
        verb = "is" if len(own) == 1 else "are"
        where = "of the same tier: no difference is detected" if alike else "in a lower tier"
        yield f"; {named} {verb} {where}"


def scored(row: Mapping[str, Any], metric: str) -> tuple[str, str]:
    """Return the value that was varied, and its score."""
    return str(row["setting"]), numbers.score(metric, row["score"])
