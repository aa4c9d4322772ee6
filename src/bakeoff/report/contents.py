"""What a report needs of a run folder, read from its files alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from bakeoff.build import OneOf, check_one
from bakeoff.data.columns.column import Schema
from bakeoff.data.splitting.split_file import SplitSummary, summarise_split
from bakeoff.documents import ADVICE, reading
from bakeoff.errors import DataError
from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.predictions import Predictions
from bakeoff.insight.curves import Curves
from bakeoff.insight.style import Look, looks
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.judge.verdict import Verdict, read_verdict
from bakeoff.runs.examples import Examples, read_examples
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.read_schema import Findings, read_environment, read_findings, read_schema
from bakeoff.train.job import Job

KINDS = {  # what is predicted, of tasks that are no classes
    **{task: task for task in ("multilabel", "regression", "forecast", "text")},
    "step_numbers": "regression",
    "series": "regression",
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contents:
    """A run as its folder tells it.

    Args:
        name: Of the folder.
        verdict: verdict.json.
        rows: leaderboard.parquet, best first; `label` names a line.
        jobs: Label -> what its fits were asked to do, by seed.
        curves: Label -> history.parquet of the fits that have one.
        looks: Label -> how it is drawn.
        best: Test predictions of the fit to take home.
        naive: Of a forecast: those of the plain model that it is drawn beside; else None.
        naive_label: How the leaderboard calls that model.
        further: The same of each further target.
        place: 0 of the leading target, 1 of the next: names its pictures.
        examples: data/examples.json and its values; None of tables.
        schema: data/schema.json.
        split: data/split.parquet.
        findings: data/findings.json: `leaks` with a `message` each, and `notes`.
        plan: The text of bakeoff.toml.
        environment: environment.json.
    """

    name: str
    verdict: Verdict
    rows: Sequence[Mapping[str, Any]]
    jobs: Mapping[str, Sequence[Job]]
    curves: Mapping[str, Curves]
    looks: Mapping[str, Look]
    best: Predictions
    schema: Schema
    split: SplitSummary
    findings: Findings
    plan: str
    environment: Mapping[str, Any]
    naive: Predictions | None = None
    naive_label: str = ""
    further: "Sequence[Contents]" = ()
    place: int = 0
    examples: Examples | None = None

    @property
    def best_label(self) -> str:
        """How the leaderboard calls the model whose fit is taken home."""
        best = self.verdict.best
        return next(
            (
                str(row["label"])
                for row in self.rows
                if (row["model"], row["framework"]) == (best.model, best.framework)
            ),
            best.model,
        )

    @property
    def task(self) -> str:
        """As `Schema.tasks` has it."""
        return str(self.schema.tasks[self.verdict.target])

    @property
    def ranked(self) -> list[Mapping[str, Any]]:
        """The lines that have a score."""
        return [row for row in self.rows if row["score"] is not None]


def read_contents(folder: RunFolder, target: str = "", place: int = 0) -> Contents:
    """Read a run folder.

    Args:
        folder: Of the run.
        target: One of the further targets; "" for the leading one, and all others behind it.
        place: Of the target among them, counted from 1.

    Raises:
        DataError: A file is missing or damaged; the message names it.
    """
    verdict, schema = read_verdict(folder, target), read_schema(folder)
    with reading(folder.schema):
        check_one(verdict.target, Annotated[str, OneOf(*schema.targets)], "the verdict's target")
    rows = lines_of(folder, verdict)
    places = {row["label"]: places_of(folder, row) for row in rows}
    curves = {label: read_curves(own) for label, own in places.items()}
    baselines = [row["label"] for row in rows if row["kind"] == "baseline"]
    naive, naive_label = None, ""
    if schema.tasks[verdict.target] == "forecast":
        naive, naive_label = read_naive(rows, places, verdict)
    with reading(folder.experiment):
        plan = folder.experiment.read_text("utf-8")
    return Contents(
        name=folder.path.resolve().name,
        verdict=verdict,
        rows=rows,
        jobs={label: [place.read()[0].job for place in own] for label, own in places.items()},
        curves={label: own for label, own in curves.items() if own.train_loss},
        looks=looks([row["label"] for row in rows], baselines),
        best=read_best(folder, verdict, schema.tasks[verdict.target]),
        schema=schema,
        split=summarise_split(folder.split),
        findings=read_findings(folder),
        plan=plan,
        environment=read_environment(folder),
        naive=naive,
        naive_label=naive_label,
        examples=read_examples(folder),
        further=[]
        if target
        else [read_contents(folder, own, i) for i, own in enumerate(verdict.further, 1)],
        place=place,
    )


def lines_of(folder: RunFolder, verdict: Verdict) -> list[dict[str, Any]]:
    """Return the lines of the leaderboard of one target, with its own metrics alone.

    Raises:
        DataError: There are none.
    """
    import polars as pl

    table = read_leaderboard(folder)
    if "target" in table.columns:
        table = table.filter(pl.col("target") == verdict.target).drop("target")
        empty = [n for n in table.columns if n in METRICS and table[n].null_count() == len(table)]
        table = table.drop(empty)
    with reading(folder.leaderboard):
        if not len(table):
            raise DataError(f"it ranks no model of {verdict.target!r}.")
    return table.to_dicts()


def read_naive(
    rows: Sequence[Mapping[str, Any]], places: Mapping[str, Sequence[FitFolder]], verdict: Verdict
) -> tuple[Predictions | None, str]:
    """Read the test predictions of the plain model that a forecast is drawn beside.

    It is the last value, where that ran and is not the best itself, else the best baseline.
    """
    ranked = [row for row in rows if row["score"] is not None and row["kind"] == "baseline"]
    others = [row for row in ranked if row["model"] != verdict.best.model]
    others.sort(key=lambda row: row["model"] != "last_value")
    for row in others:
        predictions = places[row["label"]][0].predictions(verdict.target)
        if predictions is not None and kind_of(predictions) == "forecast":
            return predictions, str(row["label"])
    return None, ""


def places_of(folder: RunFolder, row: Mapping[str, Any]) -> list[FitFolder]:
    """Return the fits of a line of the leaderboard.

    Raises:
        DataError: It has none.
    """
    with reading(folder.leaderboard):
        places = folder.fits(row["model"], row["framework"])
        if not places:
            raise DataError(f"no fit of {row['label']} is there.")
    return places


def read_best(folder: RunFolder, verdict: Verdict, task: str) -> Predictions:
    """Read the test predictions of the fit to take home.

    Raises:
        DataError: There are none, or they are of another target, or of another task.
    """
    best = folder.fit(verdict.best.model, verdict.best.framework, verdict.best.seed)
    predictions = best.predictions(verdict.target)
    if predictions is None or not len(predictions):
        raise DataError(f"{best.path} has no predictions: this is not a finished run.")
    if predictions.target != verdict.target or kind_of(predictions) != KINDS.get(task, "classes"):
        raise DataError(f"{best.path} has predictions of another target. {ADVICE}")
    return predictions


def kind_of(predictions: Predictions) -> str:
    """Return what is predicted: "classes", "multilabel", "regression", "forecast" or "text"."""
    if predictions.period is not None:
        return "forecast"
    if predictions.texts is not None:
        return "text"
    if predictions.several:
        return "multilabel"
    return "classes" if predictions.classes else "regression"


def read_curves(places: Sequence[FitFolder]) -> Curves:
    """Read the histories of some fits; a fit without one is passed over."""
    import polars as pl

    frames = [history for place in places if (history := place.history()) is not None]

    def lines(column: str) -> list[np.ndarray]:
        known = [frame for frame in frames if len(frame) and column in frame.columns]
        return [frame[column].cast(pl.Float64).to_numpy() for frame in known]

    return Curves(
        train_loss=lines("train_loss"),
        validation_loss=lines("validation_loss"),
        train_metric=lines("train_metric"),
        validation_metric=lines("validation_metric"),
    )
