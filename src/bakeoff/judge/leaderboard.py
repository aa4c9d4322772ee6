"""The leaderboard: one line per model and framework, as a table, as CSV and as Parquet."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from bakeoff.build import Between, Count, NewerError, OneOf, Seconds, check_type
from bakeoff.catalog import FRAMEWORKS
from bakeoff.cut import cut
from bakeoff.data.columns.column import Task
from bakeoff.documents import read_parquet, reading, writing
from bakeoff.errors import DataError, unknown
from bakeoff.evaluate.metrics import FORECASTS, METRICS, all_scores, metrics_of, task_of
from bakeoff.judge.entry import Entry, finished, group_entries
from bakeoff.judge.verdict import Verdict
from bakeoff.plan.models import NAME
from bakeoff.runs.folder import RunFolder

if TYPE_CHECKING:
    import polars as pl

OF_SWEEPS = ("setting",)  # a column of runs that vary one
MOST_LINES = 5_000  # a thousand models in three frameworks
Place = Annotated[int, Between(1, MOST_LINES)]
LINE = {  # what a line holds beside scores
    "rank": Place | None,
    "tier": Place | None,
    "model": str,
    "setting": str | None,
    "framework": Annotated[str, OneOf(*FRAMEWORKS, "sklearn")],
    "kind": Literal["network", "baseline"],
    "metric": str,
    "seeds": Count,
    "test_rows": Count,
    "parameters": Count | None,
    "train_seconds": Seconds | None,
    "predict_microseconds": Seconds | None,
    "status": Literal["finished", "failed"],
    "label": str,
    "epochs": Count | None,
    "error": str | None,
}


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
    first = finished(lines[verdict.standings[0].model])[0]
    schema = schema_of(verdict.metric, task_of(first))
    schema = {name: kind for name, kind in schema.items() if name not in OF_SWEEPS}
    return pl.DataFrame(
        ranked + failed, schema={name: getattr(pl, kind) for name, kind in schema.items()}
    )


def with_settings(table: "pl.DataFrame", settings: Mapping[str, str]) -> "pl.DataFrame":
    """Say what was varied, in the column `setting`; without a sweep there is none.

    Args:
        table: A leaderboard.
        settings: Model -> what of it differs from the others of its sweep, in words.
    """
    import polars as pl

    if not settings:
        return table
    said = [settings.get(name) for name in table["model"]]
    place = table.columns.index("model") + 1
    return table.insert_column(place, pl.Series("setting", said, dtype=pl.String))


def joined_leaderboards(
    verdicts: Sequence[Verdict], tables: "Sequence[pl.DataFrame]"
) -> "pl.DataFrame":
    """Put the leaderboards of several targets below each other, with a column `target`.

    Args:
        verdicts: Target by target, the leading one first.
        tables: Their leaderboards.
    """
    import polars as pl

    if len(tables) == 1:
        return tables[0]
    place = tables[0].columns.index("tier") + 1
    named = [
        table.insert_column(place, pl.Series("target", [verdict.target] * len(table)))
        for verdict, table in zip(verdicts, tables, strict=True)
    ]
    return pl.concat(named, how="diagonal")


def schema_of(judged: str, task: Task) -> dict[str, str]:
    """Every column and its polars type, in order, where this metric was judged."""
    further = [metric.name for metric in metrics_of(task) if metric.name != judged]
    return {
        **dict.fromkeys(("rank", "tier"), "Int64"),
        **dict.fromkeys(("model", "setting", "framework", "kind", "metric"), "String"),
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

    folder.check_judged()
    table = read_parquet(folder.leaderboard, most_rows=MOST_LINES)
    with reading(folder.leaderboard):
        if not len(table):
            raise DataError("it ranks no model.")
        if "target" not in table.columns:
            return checked(table)
        targets = table["target"].cast(pl.String)
        parts = []
        for target in targets.unique(maintain_order=True):
            part = table.filter(targets == target).drop("target")
            empty = [n for n in part.columns if n in METRICS and part[n].null_count() == len(part)]
            part = checked(part.drop(empty))
            place = part.columns.index("tier") + 1
            parts.append(part.insert_column(place, pl.Series("target", [target] * len(part))))
        return pl.concat(parts, how="diagonal")


def checked(table: "pl.DataFrame") -> "pl.DataFrame":
    """Return the leaderboard of one target as it must be.

    Raises:
        DataError: It cannot be one.
    """
    import polars as pl

    metric = table["metric"].cast(pl.String)[0]
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    schema = schema_of(metric, task_in(metric, table.columns))
    for name in table.columns:
        if name not in schema:
            raise NewerError(f"has the column {cut(repr(name))}, which this bakeoff lacks.")
    there = {  # an older run lacks a metric that came later, and nothing else
        name: kind
        for name, kind in schema.items()
        if name in table or name not in (*METRICS, *OF_SWEEPS)
    }
    table = table.select(pl.col(n).cast(getattr(pl, kind)) for n, kind in there.items())
    for names in (["label"], ["model", "framework"]):
        if table.select(names).n_unique() < len(table):
            raise DataError(f"two lines have the same {' and '.join(names)}.")
    for line in table.iter_rows(named=True):
        check_line(line)
    return table


def task_in(judged: str, columns: Collection[str]) -> Task:
    """Tell the task from the metrics of a leaderboard: forecasts alone have some of their own."""
    own = {metric.name for metric in METRICS.values() if metric.tasks == FORECASTS}
    return "forecast" if own & {judged, *columns} else METRICS[judged].tasks[0]


def check_line(line: Mapping[str, Any]) -> None:
    """Refuse a line that `make_leaderboard` does not write."""
    for name, value in line.items():
        check_type(value, LINE.get(name, float | None), name)
    unranked = [name for name in ("tier", "low", "high") if line[name] is None]
    if line["score"] is not None and unranked:
        raise DataError(f"{cut(line['label'])} has a score, and no {unranked[0]}.")
    if not NAME.fullmatch(line["model"]):
        raise DataError(f"model is {cut(repr(line['model']))}, which is no name.")
