"""The run folder: what a run leaves behind, in formats that cannot run code.

    bakeoff.toml  environment.json  data/  fits/<model>/<framework>-<split>-<seed>/
    leaderboard.csv  leaderboard.parquet  verdict.json  report.html  status.json

Nobody else knows where a file of a run stands. `status.json` is written first as "unfinished",
after each fit with their number, and last, atomically, as "finished": a half-written folder is
never mistaken for a finished one. A run without a target ends as "unjudged", with no verdict, no
leaderboard and no report.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Literal

from bakeoff.build import Count
from bakeoff.catalog import FRAMEWORKS
from bakeoff.documents import ADVICE, cause, check_file, read_json, write_json
from bakeoff.errors import DataError, RequestError, RunError, option, unknown
from bakeoff.plan.models import NAME
from bakeoff.runs.fit_folder import FitFolder, file_name
from bakeoff.train.job import Job

STATUS = {
    "status": Literal["unfinished", "finished", "unjudged", "failed"],
    "fits": Count,
    "ended": Count,
    "error": str,
}
MOST_DEPTH = 4  # folders below that of a run: fits/<model>/<fit>/predictions
MOST_FILES = 10**6  # of a run: thirty models of a thousand seeds have 150,000
MOST_BESIDE = 10**4  # entries of a place that are looked at


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of a run.

    Args:
        path: Where it is.
        given: As the user wrote it; empty: the path.
    """

    path: Path
    given: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        """The folder as the user knows it."""
        return self.given or str(self.path)

    @property
    def experiment(self) -> Path:
        """bakeoff.toml: the experiment, every default written out."""
        return self.path / "bakeoff.toml"

    @property
    def environment(self) -> Path:
        """environment.json: versions, machine, device, threads, seeds, command."""
        return self.path / "environment.json"

    @property
    def data(self) -> Path:
        """data/: schema.json, fingerprint.json, findings.json, split.parquet, transforms.*."""
        return self.path / "data"

    @property
    def schema(self) -> Path:
        """data/schema.json: what the columns are."""
        return self.data / "schema.json"

    @property
    def fingerprint(self) -> Path:
        """data/fingerprint.json: a sha256 of the data, and how many rows there are."""
        return self.data / "fingerprint.json"

    @property
    def findings(self) -> Path:
        """data/findings.json: notes and leaks."""
        return self.data / "findings.json"

    @property
    def examples(self) -> Path:
        """data/examples.json: what the values in data/examples.safetensors are of."""
        return self.data / "examples.json"

    @property
    def split(self) -> Path:
        """data/split.parquet: which row is in which part."""
        return self.data / "split.parquet"

    @property
    def recorded(self) -> list[Path]:
        """What stands there before training, and all the time from then on."""
        transforms = [self.data / "transforms.json", self.data / "transforms.safetensors"]
        data = [self.schema, self.fingerprint, self.findings, self.split, *transforms]
        return [self.experiment, self.environment, *data]

    @property
    def verdict(self) -> Path:
        """verdict.json: tiers, pairs, the sentence, which fit to take."""
        return self.path / "verdict.json"

    def verdict_of(self, target: str) -> Path:
        """verdict.json; of a further target verdict.<target>.json."""
        return self.path / f"verdict.{file_name(target)}.json" if target else self.verdict

    @property
    def leaderboard(self) -> Path:
        """leaderboard.parquet; leaderboard.csv beside it is the same for people."""
        return self.path / "leaderboard.parquet"

    @property
    def report(self) -> Path:
        """report.html."""
        return self.path / "report.html"

    @property
    def status(self) -> Path:
        """status.json."""
        return self.path / "status.json"

    def fit(self, model: str, framework: str, seed: int) -> FitFolder:
        """Return where one fit stands, whether it is there or not.

        Raises:
            DataError: Model or framework are no plain names, so they would lead somewhere else.
        """
        if not NAME.fullmatch(model) or framework not in (*FRAMEWORKS, "sklearn"):
            raise DataError(f"{self.path} names a fit {model!r} ({framework!r}), which is no name.")
        return FitFolder(self.path / "fits" / model / f"{framework}-0-{seed}")

    def fit_of(self, job: Job) -> FitFolder:
        """Return where the fit of a job stands."""
        return self.fit(job.model, job.framework, job.seed)

    def checkpoint_of(self, job: Job) -> Path:
        """Return the file by which the fit of a job can go on."""
        return self.fit_of(job).checkpoint(job).path

    def fits(self, model: str = "", framework: str = "") -> list[FitFolder]:
        """Return the recorded fits, of one model or framework if named, by model and seed.

        Raises:
            RequestError: The run has no such model.
        """
        known = self.models()
        if model and model not in known:
            raise RequestError(unknown("model", model, known, where=str(self.path)))
        found = [
            FitFolder(file.parent)
            for name in ([model] if model else known)
            for file in (self.path / "fits" / name).glob("*/fit.json")
            if not framework or file.parent.name.startswith(f"{framework}-")
        ]
        return sorted(found, key=lambda fit: (fit.path.parent.name, fit.framework, fit.seed))

    def models(self) -> list[str]:
        """Return the names of the models that have a fit."""
        return sorted({file.parent.parent.name for file in self.path.glob("fits/*/*/fit.json")})

    def count_ended(self, jobs: Iterable[Job]) -> int:
        """Count the jobs whose fit has ended and stands here."""
        return sum(self.fit_of(job).facts.is_file() for job in jobs)

    def mark(self, status: str, *, fits: int = 0, ended: int = 0, error: str = "") -> None:
        """Write status.json in one step.

        Args:
            status: "unfinished", "finished", "unjudged" or "failed".
            fits: How many the run has.
            ended: How many of them have ended.
            error: Why the run failed.
        """
        write_json(self.status, {"status": status, "fits": fits, "ended": ended, "error": error})

    def is_unjudged(self) -> bool:
        """Tell whether this is a run without a target, which has ended.

        Raises:
            DataError: It is no run.
        """
        return bool(read_json(self.status, STATUS)["status"] == "unjudged")

    def check_judged(self) -> None:
        """Refuse a run that has no verdict, since it has no target.

        Raises:
            DataError: This is one; the message says what it is for.
        """
        if self.status.is_file() and self.is_unjudged():
            raise DataError(not_judged(self.shown))

    def beside(self) -> Iterator["RunFolder"]:
        """Yield the other run folders in the same place, in the order in which the system has them.

        Links are not followed, and of a huge place the first 10,000 entries are looked at. What
        cannot be read is no neighbour.
        """
        own = self.path.resolve()
        with suppress(OSError), os.scandir(own.parent) as entries:
            for entry in islice(entries, MOST_BESIDE):
                other = RunFolder(own.parent / entry.name)
                if other.path != own and other.is_real():
                    yield other

    def is_real(self) -> bool:
        """Tell whether this is a folder with data/ in it, and neither is a link."""
        try:
            return all(stat.S_ISDIR(place.lstat().st_mode) for place in (self.path, self.data))
        except OSError:
            return False


def new_folder(out: str | Path | None, name: str, *, here: Path | None = None) -> RunFolder:
    """Make the folder of a run, and mark it unfinished; no two runs get the same.

    Args:
        out: The folder itself; None takes `runs/<name>`, or `runs/<name>-2` when that exists.
        name: Of the data.
        here: What a relative path begins at; None: the working folder.

    Raises:
        RequestError: `out` exists and is not empty, or cannot be made.
        RunError: Nothing can be written into it.
    """
    here = here or working_folder()
    folder = numbered_folder(name, here) if out is None else named_folder(out, here)
    try:
        folder.mark("unfinished")
    except RunError:
        folder.status.unlink(missing_ok=True)
        with suppress(OSError):
            folder.path.rmdir()
        raise
    return folder


def working_folder() -> Path:
    """Return the folder that the user works in.

    Raises:
        RequestError: It is gone.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise RequestError("The folder that you work in is gone. Go to another one.") from error


def named_folder(out: str | Path, here: Path) -> RunFolder:
    """Take the folder that the user named."""
    folder = RunFolder(here / out, given=str(out))
    check_free(folder)
    if not claim(folder, new=False):
        raise taken(folder)
    return folder


def numbered_folder(name: str, here: Path) -> RunFolder:
    """Take runs/<name>, or the first of runs/<name>-2, runs/<name>-3, ... that nobody has."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    folders = (RunFolder(here / "runs" / own, given=str(Path("runs", own))) for own in names)
    return next(folder for folder in folders if claim(folder, new=True))


def claim(folder: RunFolder, *, new: bool) -> bool:
    """Take a folder in a way that only one of several runs can succeed in.

    Args:
        new: It must not exist; else it may, with no status.json in it.

    Returns:
        Whether it is ours now: an empty status.json stands in it.

    Raises:
        RequestError: It cannot be made.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=not new)
        folder.status.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise RequestError(
            f"{folder.shown} cannot be made: {cause(error)}. Choose another {option('out')}."
        ) from error
    return True


def check_free(folder: RunFolder) -> None:
    """Refuse a folder that holds something already.

    Raises:
        RequestError: It does, or it cannot be looked into.
    """
    path = folder.path
    try:
        free = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise RequestError(
            f"{folder.shown} cannot be used: {cause(error)}. Choose another {option('out')}."
        ) from error
    if not free:
        raise taken(folder)


def taken(folder: RunFolder) -> RequestError:
    """Say that a folder belongs to another run, or holds something else."""
    return RequestError(
        f"{folder.shown} exists already, and a run never overwrites another. Choose another "
        f"{option('out')}, or remove it first."
    )


def open_folder(path: Path, *, judged: bool = True) -> RunFolder:
    """Return the folder of a finished run. Whoever uses a run that is already there comes by here.

    Args:
        path: Of the folder.
        judged: Whether it must have a verdict.

    Raises:
        DataError: It is none, or the run did not finish, or it holds what no run holds.
    """
    folder = RunFolder(path)
    status = read_json(folder.status, STATUS)["status"]
    if status == "unjudged" and judged:
        raise DataError(not_judged(str(path)))
    if status not in ("finished", "unjudged"):
        raise DataError(
            f"{path} is the folder of a run that is {status}: only a finished run can be used. To "
            f"go on with it: bakeoff resume {path}"
        )
    for number, file in enumerate(files_of(path), 1):
        check_file(file)
        if number > MOST_FILES:
            raise DataError(f"{path} holds more than {MOST_FILES:,} files; no run has so many.")
    return folder


def not_judged(folder: str) -> str:
    """Say what can be done with a run that has no target."""
    return (
        f"{folder} is a run of pairs of pictures, which is not judged: it has no verdict and "
        f"predicts nothing. Begin another with its features: {option('start_from', folder)}."
    )


def files_of(path: Path, depth: int = 0) -> Iterator[Path]:
    """Yield all that a run holds but its folders: files, and links, pipes and devices, too.

    Raises:
        DataError: There are folders where a run has none, or one cannot be read.
    """
    if depth > MOST_DEPTH:
        raise DataError(f"{path} is a folder where a run has none. {ADVICE}")
    try:
        with os.scandir(path) as entries:
            found = [(entry.is_dir(follow_symlinks=False), entry.name) for entry in entries]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Change its rights.") from error
    for is_folder, name in found:
        if is_folder:
            yield from files_of(path / name, depth + 1)
        else:
            yield path / name
