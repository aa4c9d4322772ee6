"""The leaderboard: one line per model and framework, as a table, as CSV and as Parquet."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.documents import read_parquet, reading, writing
from bakeoff.errors import DataError
from bakeoff.evaluate.metrics import METRICS, all_scores, metrics_of
from bakeoff.judge.entry import Entry, finished, group_entries
from bakeoff.judge.verdict import Verdict
from bakeoff.runs.folder import RunFolder

if TYPE_CHECKING:
    import polars as pl


def make_leaderboard(entries: Iterable[Entry], verdict: Verdict) -> "pl.DataFrame":
    """Rank all models, best first; failed ones come last, without a rank.

    Columns: rank (equal scores share one), tier, model, framework, kind ("network" or
    "baseline"), metric, score, low, high (mean over seeds and its 95 % interval), seeds (fits that
    finished), test_rows, parameters, train_seconds (mean of a fit), predict_microseconds (per row),
    status ("finished" or "failed"); then each further metric (mean over seeds); then label
    (model, with its framework where it has several), validation (mean over seeds), epochs
    (mean over seeds, rounded) and error (of the first fit that failed).
    """
    import polars as pl

    lines = group_entries(entries)
    ranked = [
        ranked_row(lines[s.model], verdict, place) for place, s in enumerate(verdict.standings)
    ]
    placed = {standing.model for standing in verdict.standings}
    failed = [
        common_row(label, line, verdict) for label, line in lines.items() if label not in placed
    ]
    schema = schema_of(verdict.metric)
    return pl.DataFrame(
        ranked + failed, schema={name: getattr(pl, kind) for name, kind in schema.items()}
    )


def schema_of(judged: str) -> dict[str, str]:
    """Every column and its polars type, in order, where this metric was judged."""
    further = [
        metric.name for metric in metrics_of(METRICS[judged].tasks[0]) if metric.name != judged
    ]
    return {
        **dict.fromkeys(("rank", "tier"), "Int64"),
        **dict.fromkeys(("model", "framework", "kind", "metric"), "String"),
        **dict.fromkeys(("score", "low", "high"), "Float64"),
        **dict.fromkeys(("seeds", "test_rows", "parameters"), "Int64"),
        **dict.fromkeys(("train_seconds", "predict_microseconds"), "Float64"),
        "status": "String",
        **dict.fromkeys(further, "Float64"),
        "label": "String",
        "validation": "Float64",
        "epochs": "Int64",
        "error": "String",
    }


def ranked_row(line: Sequence[Entry], verdict: Verdict, place: int) -> dict[str, Any]:
    """The line of a model that finished."""
    standing = verdict.standings[place]
    scores = [all_scores(predictions) for predictions in finished(line)]
    means = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
    return {
        **common_row(standing.model, line, verdict),
        **{name: None if np.isnan(value) else value for name, value in means.items()},
        "rank": 1 + next(i for i, s in enumerate(verdict.standings) if s.score == standing.score),
        "tier": standing.tier,
        "score": standing.score,
        "low": standing.low,
        "high": standing.high,
        "status": "finished",
    }


def common_row(label: str, line: Sequence[Entry], verdict: Verdict) -> dict[str, Any]:
    """What is known of a model whether it finished or not."""
    done = [entry for entry in line if entry.predictions is not None]
    failed = [entry for entry in line if entry.predictions is None]
    return {
        "model": line[0].model,
        "framework": line[0].framework,
        "kind": "baseline" if line[0].baseline else "network",
        "metric": verdict.metric,
        "seeds": len(done),
        "test_rows": verdict.test_rows,
        "parameters": done[0].parameters if done else None,
        "train_seconds": mean([entry.train_seconds for entry in done]),
        "predict_microseconds": mean([entry.predict_microseconds for entry in done]),
        "status": "failed",
        "label": label,
        "validation": mean([e.validation for e in done if e.validation is not None]),
        "epochs": rounded(mean([entry.epochs for entry in done if entry.epochs is not None])),
        "error": failed[0].error if failed else None,
    }


def mean(values: Sequence[float]) -> float | None:
    """The mean, or nothing."""
    return float(np.mean(values)) if values else None


def rounded(value: float | None) -> int | None:
    """The nearest whole number, or nothing."""
    return None if value is None else round(value)


def write_leaderboard(leaderboard: "pl.DataFrame", folder: RunFolder) -> None:
    """Write leaderboard.csv and leaderboard.parquet."""
    with writing(folder.leaderboard.with_suffix(".csv")) as draft:
        leaderboard.write_csv(draft)
    with writing(folder.leaderboard) as draft:
        leaderboard.write_parquet(draft)


def read_leaderboard(folder: RunFolder) -> "pl.DataFrame":
    """Read the leaderboard of a run.

    Raises:
        DataError: There is none, or it cannot be read.
    """
    import polars as pl

    table = read_parquet(folder.leaderboard)
    with reading(folder.leaderboard):
        if not len(table):
            raise DataError("it ranks no model.")
        schema = schema_of(table["metric"][0])
        there = {  # an older run lacks a metric that came later, and nothing else
            name: kind for name, kind in schema.items() if name in table or name not in METRICS
        }
        return table.with_columns(pl.col(n).cast(getattr(pl, kind)) for n, kind in there.items())
