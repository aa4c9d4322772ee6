"""A finished run, as Python sees it: what stands in its folder."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from bakeoff.deliver.trained_model import TrainedModel
    from bakeoff.judge.verdict import Verdict
    from bakeoff.runs.folder import RunFolder


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder; a notebook shows its leaderboard.

    The folder is found again when the working folder has changed; it is shown as it was given.

    Args:
        folder: Of the run; a relative path is made absolute at once.
        given: As the user wrote it; empty: as `folder`.

    Example:
        `run = bakeoff.open_run("runs/water"); run.best.predict("new.csv")`
    """

    folder: Path
    given: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", self.given or str(self.folder))
        object.__setattr__(self, "folder", Path(self.folder).absolute())

    @property
    def files(self) -> "RunFolder":
        """Where everything stands."""
        from bakeoff.runs.folder import RunFolder

        return RunFolder(self.folder, given=self.given)

    @property
    def leaderboard(self) -> "pl.DataFrame":
        """One row per model and framework, best first."""
        from bakeoff.judge.leaderboard import read_leaderboard

        return read_leaderboard(self.files)

    @property
    def verdict(self) -> "Verdict":
        """Who wins, by how much, and what would change it."""
        from bakeoff.judge.verdict import read_verdict

        return read_verdict(self.files)

    @property
    def fits(self) -> "pl.DataFrame":
        """One row per fit: model, framework, seed, epochs, validation score, seconds, error."""
        from bakeoff.runs.frames import fits_frame

        return fits_frame(self.files)

    @property
    def predictions(self) -> "pl.DataFrame":
        """What every fit predicted for every test row: model, framework, seed, row, truth, ..."""
        from bakeoff.runs.frames import predictions_frame

        return predictions_frame(self.files)

    def predictions_of(self, target: str) -> "pl.DataFrame":
        """What every fit predicted for every test row of one of several targets.

        Args:
            target: Its name.

        Raises:
            RequestError: The run has no such target.
        """
        from bakeoff.runs.frames import predictions_frame

        return predictions_frame(self.files, target)

    @cached_property
    def best(self) -> "TrainedModel":
        """The winner: of the best model's fits the one with the best validation score."""
        return self.model()

    def model(self, name: str | None = None) -> "TrainedModel":
        """Return the winner, or the best fit of one model.

        Args:
            name: As the leaderboard writes it: "lstm", or "lstm (torch)".
        """
        from bakeoff.deliver.trained_model import open_model

        return open_model(self.files, name)

    def _repr_html_(self) -> str | None:
        from bakeoff.report.report import leaderboard_html

        return None if self.files.is_unjudged() else leaderboard_html(self.files)

    def __repr__(self) -> str:
        try:
            rows = self.leaderboard
        except DataError:  # the folder has gone, or is damaged: printing a run never fails
            return f"<Run {self.given}>"
        first = rows.row(0, named=True)
        if first["score"] is None:
            return f"<Run {self.folder}: {len(rows)} models, none of them with a score>"
        score = f"{first['model']} first with {first['metric']} {first['score']:.4g}"
        return f"<Run {self.given}: {len(rows)} models, {score}>"

    def __str__(self) -> str:
        if self.files.is_unjudged():
            return f"Not judged: a run of pairs of pictures.\n{self.given}"
        return f"{self.verdict.sentence}\n{self.given}"
