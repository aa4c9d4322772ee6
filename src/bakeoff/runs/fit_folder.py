"""The folder of one fit: fit.json, history.parquet, weights.safetensors, predictions/."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bakeoff.build import build_fields, hints_of
from bakeoff.catalog import CATALOG, FRAMEWORKS
from bakeoff.cut import cut
from bakeoff.documents import read_json, read_parquet, reading, write_json, writing
from bakeoff.errors import DataError, unknown
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions
from bakeoff.plan.models import check_settings
from bakeoff.train.checkpoint import Checkpoint
from bakeoff.train.head import Head
from bakeoff.train.job import Fit, Job
from bakeoff.train.recipe import LATER, SETTINGS, Recipe

if TYPE_CHECKING:
    import polars as pl

NUMBERS = ("parameters", "trained_parameters", "epochs", "best_epoch", "threads")
RARE = ("halved", "stacked", "sharded")  # are written where not 0, as older versions did
SECONDS = ("train_seconds", "predict_microseconds")
CURVES = ("epoch", "train_loss", "validation_loss", "validation_metric")  # of history.parquet
LATER_CURVES = ("train_metric",)  # that older versions lack
WORDS = ("stopped", "error")
FACTS = (*NUMBERS, *RARE, *WORDS, *SECONDS)
LATER_FIELDS = ("horizon", "branches", "start")  # of a job, that older versions lack
MOST_EPOCHS = 10**6  # of a history


@dataclass(frozen=True, slots=True)
class FitFolder:
    """Where one fit stands.

    Args:
        path: fits/<model>/<framework>-<split>-<seed> of a run.
    """

    path: Path

    @property
    def framework(self) -> str:
        """The framework, as the name of the folder says it."""
        return self.path.name.partition("-")[0]

    @property
    def seed(self) -> int:
        """The seed, as the name of the folder says it."""
        last = self.path.name.rpartition("-")[2]
        return int(last) if last.isdecimal() else -1

    @property
    def facts(self) -> Path:
        """fit.json: written last; with it, the fit counts as ended."""
        return self.path / "fit.json"

    @property
    def weights(self) -> Path:
        """weights.safetensors."""
        return self.path / "weights.safetensors"

    def checkpoint(self, *jobs: Job) -> Checkpoint:
        """Return the checkpoint of a fit that is being made here; of a stack that of its first."""
        return Checkpoint(self.path.resolve() / "checkpoint.safetensors", *jobs)

    def converted(self, framework: str) -> Path:
        """Return where weights that were carried over to another framework stand."""
        return self.path / f"weights-{framework}.safetensors"

    def write(self, fit: Fit, validation: float | None) -> None:
        """Write history.parquet, then fit.json.

        Args:
            fit: As the worker made it.
            validation: Score on the validation rows, of the metric judged.
        """
        if fit.history:
            import polars as pl

            epoch = pl.col("epoch").cast(pl.Int32)
            history = pl.DataFrame(list(fit.history)).with_columns(epoch)
            with writing(self.path / "history.parquet") as draft:
                history.write_parquet(draft)
        job = {field.name: getattr(fit.job, field.name) for field in fields(Job)}
        for name in LATER_FIELDS:
            if not job[name]:
                del job[name]  # so that older versions open what they could have made
        facts = {name: getattr(fit, name) for name in (*NUMBERS, *WORDS)}
        facts |= {name: getattr(fit, name) for name in RARE if getattr(fit, name)}
        facts |= {name: round(getattr(fit, name), 4) for name in SECONDS}
        write_json(self.facts, {**job, **facts, "status": fit.status, "validation": validation})

    def is_whole(self) -> bool:
        """Tell whether all that was written when the fit ended stands here."""
        try:
            fit, _ = self.read()
        except DataError:
            return False
        judged = fit.job.task == "pairs" or bool(self.prediction_files())
        return bool(fit.error) or (self.weights.is_file() and judged)

    def read(self) -> tuple[Fit, float | None]:
        """Read fit.json: the fit without its history, and the validation score.

        Raises:
            DataError: It is missing or damaged.
        """
        facts = read_json(self.facts, facts_hints())
        with reading(self.facts):
            job = Job(**{field.name: facts[field.name] for field in fields(Job)})
            own: dict[str, Any] = {name: facts[name] for name in FACTS}
            fit = Fit(job=job, **own)
            check_job(job, self)
            if facts["status"] != fit.status:
                raise DataError(f"status is {facts['status']!r}, and error says {fit.status!r}.")
        return fit, facts["validation"]

    def history(self) -> "pl.DataFrame | None":
        """Read history.parquet, one row per epoch; None where there is none, as of a baseline.

        Raises:
            DataError: It cannot be read.
        """
        import polars as pl

        path = self.path / "history.parquet"
        if not path.exists():
            return None
        history = read_parquet(path, most_rows=MOST_EPOCHS)
        with reading(path):
            known = [
                name for name in (*CURVES, *LATER_CURVES) if name in (*CURVES, *history.columns)
            ]
            return history.with_columns(pl.col(known).cast(pl.Float64))

    def write_predictions(self, predictions: Predictions) -> None:
        """Write what the fit predicted for the test rows: predictions/<target>.parquet."""
        name = f"{file_name(predictions.target)}.parquet"
        write_predictions(predictions, self.path / "predictions" / name)

    def predictions(self, target: str = "") -> Predictions | None:
        """Read what the fit predicted for the test rows; None where there is nothing.

        Args:
            target: Of several; "" for the only one, or the leading one.

        Raises:
            DataError: It cannot be read.
        """
        files = self.prediction_files()
        if len(files) > 1 and not target:
            target = next(iter(self.read()[0].job.heads), "")
        if target and len(files) > 1:
            files = [self.path / "predictions" / f"{file_name(target)}.parquet"]
        return read_predictions(files[0]) if files else None

    def prediction_files(self) -> list[Path]:
        """Return the files in predictions/."""
        return sorted((self.path / "predictions").glob("*.parquet"))


def facts_hints() -> dict[str, Any]:
    """Return the fields of fit.json, and what each may hold."""
    fit = hints_of(Fit)
    own = {name: fit[name] for name in FACTS}
    ended = {"status": Literal["finished", "failed"], "validation": float | None}
    return {**hints_of(Job), **own, **ended}


def check_job(job: Job, place: FitFolder) -> None:
    """Refuse a job that the catalogue does not know, or that was not done in this folder.

    Raises:
        DataError: The message says which field is wrong.
    """
    if job.architecture not in CATALOG:
        raise DataError(unknown("architecture", job.architecture, CATALOG))
    row = CATALOG[job.architecture]
    frameworks = ("sklearn",) if row.role == "baseline" else FRAMEWORKS
    if job.framework not in frameworks:
        raise DataError(unknown("framework", job.framework, frameworks))
    view = job.view.rpartition("/")[2]
    if view not in row.reads and (view != "mixed_plain" or "plain" not in row.reads):
        raise DataError(unknown("view", job.view, row.reads))
    check_branches(job)
    check_heads(job)
    check_settings(job.model, {**job.arguments, "architecture": row.name})
    known = set() if row.role == "baseline" else set(SETTINGS)
    if not known - set(LATER) <= set(job.recipe) <= known:
        raise DataError(f"recipe has the settings {', '.join(job.recipe) or 'of none'}.")
    if job.recipe:
        Recipe(**job.recipe)  # refuses what is out of range
    said, stands = (job.model, job.seed), (place.path.parent.name, place.seed)
    if said != stands or job.framework != place.framework:
        raise DataError(f"a fit of {job.model!r}, seed {job.seed}, belongs in another folder.")


def check_branches(job: Job) -> None:
    """Refuse branches of what is no network, or that the catalogue does not know.

    Raises:
        DataError: The message says which.
    """
    if bool(job.branches) != (job.architecture == "network"):
        raise DataError(f"{job.architecture} has {len(job.branches)} branches.")
    for name, branch in job.branches.items():
        where = f"branches.{cut(name)}"
        if "shared" in branch:
            own = build_fields(branch, {"view": str, "shared": str}, where)
            if "architecture" not in job.branches.get(own["shared"], {}):
                raise DataError(f"{where}.shared names {cut(repr(own['shared']))}, no branch.")
            continue
        own = build_fields(
            branch, {"view": str, "architecture": str, "arguments": Mapping[str, Any]}, where
        )
        row = CATALOG.get(own["architecture"])
        if row is None or row.role != "encoder":
            encoders = [one.name for one in CATALOG.values() if one.role == "encoder"]
            raise DataError(unknown("architecture", own["architecture"], encoders, where=where))
        if own["view"].rpartition("/")[2] not in row.reads:
            raise DataError(unknown("view", own["view"], row.reads, where=where))
        check_settings(row.name, dict(own["arguments"]))


def check_heads(job: Job) -> None:
    """Refuse several targets whose fields are not those of a `Head`.

    Raises:
        DataError: The message says which.
    """
    hints = hints_of(Head)
    del hints["target"]
    for name, own in job.heads.items():
        build_fields(own, hints, f"heads.{cut(name)}")
    first = next(iter(job.heads.values()), None)
    if first is not None and (first["task"], first["num_classes"]) != (job.task, job.num_classes):
        raise DataError("heads do not begin with the task of the fit.")


def file_name(target: str) -> str:
    """Return a target's name as the name of a file: what no system allows becomes _.

    Long names are cut, with a mark of the whole; the true name stands in the file's metadata.
    """
    safe = "".join("_" if letter in '<>:"/\\|?*' or letter < " " else letter for letter in target)
    if len(safe.encode()) > 80 or safe != safe.rstrip(". "):
        mark = hashlib.sha256(target.encode()).hexdigest()[:8]
        safe = f"{safe.encode()[:60].decode(errors='ignore').rstrip('. ')}-{mark}"
    return safe
