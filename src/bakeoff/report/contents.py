"""What a report needs of a run folder, read from its files alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.splitting.split import Split, load_split
from bakeoff.errors import DataError
from bakeoff.evaluate.predictions import Predictions, read_predictions
from bakeoff.insight.curves import Curves
from bakeoff.insight.style import Look, looks
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.judge.verdict import Verdict, read_verdict
from bakeoff.runs.folder import read_json


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contents:
    """A run as its folder tells it.

    Args:
        name: Of the folder.
        verdict: verdict.json.
        rows: leaderboard.parquet, best first; `label` names a line.
        fits: Label -> the contents of its fit.json files, by seed.
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
    fits: Mapping[str, Sequence[Mapping[str, Any]]]
    curves: Mapping[str, Curves]
    looks: Mapping[str, Look]
    best: Predictions
    schema: Mapping[str, Any]
    split: Split
    findings: Mapping[str, Any]
    plan: str
    environment: Mapping[str, Any]

    @property
    def ranked(self) -> list[Mapping[str, Any]]:
        """The lines that have a score."""
        return [row for row in self.rows if row["score"] is not None]


def read_contents(folder: Path) -> Contents:
    """Read a run folder.

    Raises:
        DataError: A file is missing or damaged; the message names it.
    """
    verdict = read_verdict(folder / "verdict.json")
    rows = read_leaderboard(folder).to_dicts()
    fits = {row["label"]: read_fits(folder, row) for row in rows}
    curves = {
        label: read_curves([folder / fit["folder"] for fit in own]) for label, own in fits.items()
    }
    baselines = [row["label"] for row in rows if row["kind"] == "baseline"]
    try:
        split = load_split(folder / "data" / "split.parquet")
        plan = (folder / "bakeoff.toml").read_text("utf-8")
    except OSError as error:
        raise DataError(f"{folder} is not a finished run: {error}.") from error
    return Contents(
        name=folder.resolve().name,
        verdict=verdict,
        rows=rows,
        fits=fits,
        curves={label: own for label, own in curves.items() if own.train_loss},
        looks=looks([row["label"] for row in rows], baselines),
        best=read_best(folder / verdict.best.folder),
        schema=read_json(folder / "data" / "schema.json"),
        split=split,
        findings=read_json(folder / "data" / "findings.json"),
        plan=plan,
        environment=read_json(folder / "environment.json"),
    )


def read_fits(folder: Path, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the fit.json files of one line, by seed; `folder` is added to each."""
    places = sorted((folder / "fits" / row["model"]).glob(f"{row['framework']}-*/fit.json"))
    fits = [
        {**read_json(place), "folder": str(place.parent.relative_to(folder))} for place in places
    ]
    return sorted(fits, key=lambda fit: int(fit["seed"]))


def read_curves(folders: Sequence[Path]) -> Curves:
    """Read the histories of some fits; a fit without one is passed over."""
    import polars as pl

    paths = [folder / "history.parquet" for folder in folders]
    frames = [pl.read_parquet(path) for path in paths if path.exists()]

    def lines(column: str) -> list[np.ndarray]:
        return [frame[column].cast(pl.Float64).to_numpy() for frame in frames if len(frame)]

    return Curves(
        train_loss=lines("train_loss"),
        validation_loss=lines("validation_loss"),
        validation_metric=lines("validation_metric"),
    )


def read_best(folder: Path) -> Predictions:
    """Read the test predictions of a fit."""
    files = sorted((folder / "predictions").glob("*.parquet"))
    if not files:
        raise DataError(f"{folder} has no predictions: this is not the folder of a finished run.")
    return read_predictions(files[0])
