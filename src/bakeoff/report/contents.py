"""What a report needs of a run folder, read from its files alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.columns.column import Schema, schema_from_dict
from bakeoff.data.splitting.split_file import SplitSummary, summarise_split
from bakeoff.documents import check_type, read_json, reading
from bakeoff.errors import DataError
from bakeoff.evaluate.predictions import Predictions
from bakeoff.insight.curves import Curves
from bakeoff.insight.style import Look, looks
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.judge.verdict import Verdict, read_verdict
from bakeoff.runs.fit_folder import FitFolder
from bakeoff.runs.folder import RunFolder
from bakeoff.train.job import Job

Facts = Mapping[str, Any]
FINDINGS = {"notes": tuple[str, ...], "leaks": tuple[Facts, ...]}
ENVIRONMENT = {"command": tuple[str, ...], "versions": Mapping[str, str]}


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
    schema: Mapping[str, Any]
    split: SplitSummary
    findings: Mapping[str, Any]
    plan: str
    environment: Mapping[str, Any]

    @property
    def task(self) -> str:
        """ "binary", "multiclass" or "regression"."""
        return str(self.schema["tasks"][self.verdict.target])

    @property
    def ranked(self) -> list[Mapping[str, Any]]:
        """The lines that have a score."""
        return [row for row in self.rows if row["score"] is not None]


def read_contents(folder: RunFolder) -> Contents:
    """Read a run folder.

    Raises:
        DataError: A file is missing or damaged; the message names it.
    """
    verdict = read_verdict(folder)
    rows = read_leaderboard(folder).to_dicts()
    places = {row["label"]: folder.fits(row["model"], row["framework"]) for row in rows}
    curves = {label: read_curves(own) for label, own in places.items()}
    baselines = [row["label"] for row in rows if row["kind"] == "baseline"]
    with reading(folder.experiment):
        plan = folder.experiment.read_text("utf-8")
    best = folder.fit(verdict.best.model, verdict.best.framework, verdict.best.seed)
    predictions = best.predictions()
    if predictions is None:
        raise DataError(f"{best.path} has no predictions: this is not a finished run.")
    return Contents(
        name=folder.path.resolve().name,
        verdict=verdict,
        rows=rows,
        jobs={label: [place.read()[0].job for place in own] for label, own in places.items()},
        curves={label: own for label, own in curves.items() if own.train_loss},
        looks=looks([row["label"] for row in rows], baselines),
        best=predictions,
        schema=read_schema(folder.schema, verdict.target),
        split=summarise_split(folder.split),
        findings=read_findings(folder.findings),
        plan=plan,
        environment=read_json(folder.environment, ENVIRONMENT),
    )


def read_schema(path: Path, target: str) -> Facts:
    """Read schema.json; check that it is the schema of data with this target."""
    document = read_json(path)
    with reading(path):
        schema = schema_from_dict(document)
        check_type(schema, Schema, "schema")
        check_type(schema.tasks[target], str, "task")
    return document


def read_findings(path: Path) -> Facts:
    """Read findings.json; each leak has a message."""
    document = read_json(path, FINDINGS)
    with reading(path):
        for leak in document["leaks"]:
            check_type(leak["message"], str, "message")
    return document


def read_curves(places: Sequence[FitFolder]) -> Curves:
    """Read the histories of some fits; a fit without one is passed over."""
    import polars as pl

    frames = [history for place in places if (history := place.history()) is not None]

    def lines(column: str) -> list[np.ndarray]:
        return [frame[column].cast(pl.Float64).to_numpy() for frame in frames if len(frame)]

    return Curves(
        train_loss=lines("train_loss"),
        validation_loss=lines("validation_loss"),
        validation_metric=lines("validation_metric"),
    )
