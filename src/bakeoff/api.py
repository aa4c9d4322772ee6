"""The whole story: read, split, prepare, plan, train, judge, report; each line calls one room."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bakeoff.errors import RequestError
from bakeoff.plan.experiment import Experiment
from bakeoff.plan.request import name_of, plan
from bakeoff.train.events import Done, Probed
from bakeoff.train.job import Line
from bakeoff.train.pool import Workers, num_cores
from bakeoff.train.recipe import Recipe

if TYPE_CHECKING:
    import polars as pl

    from bakeoff.deliver.trained_model import TrainedModel
    from bakeoff.judge.verdict import Verdict
    from bakeoff.plan.plan import Plan
    from bakeoff.report.screen import Screen

MOST_COLUMNS = 20  # kinds and reasons are printed up to here; --dry-run prints them all


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run, read from its folder; a notebook shows its leaderboard.

    Example:
        `run = bakeoff.open_run("runs/water"); run.best.predict("new.csv")`
    """

    folder: Path

    @property
    def leaderboard(self) -> "pl.DataFrame":
        """One row per model and framework, best first."""
        from bakeoff.judge.leaderboard import read_leaderboard

        return read_leaderboard(self.folder)

    @property
    def verdict(self) -> "Verdict":
        """Who wins, by how much, and what would change it."""
        from bakeoff.judge.verdict import read_verdict

        return read_verdict(self.folder / "verdict.json")

    @property
    def best(self) -> "TrainedModel":
        """The winner: of the best model's fits the one with the best validation score."""
        return self.model()

    def model(self, model: str | None = None) -> "TrainedModel":
        """Return the winner, or the best fit of one model."""
        from bakeoff.deliver.trained_model import open_model

        return open_model(self.folder, model)

    def _repr_html_(self) -> str:
        from bakeoff.report.report import leaderboard_html

        return leaderboard_html(self.folder)

    def __str__(self) -> str:
        return f"{self.verdict.sentence}\n{self.folder}"


def run(
    data: Any,
    target: str | None = None,
    *,
    inputs: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    test: Any = None,
    validation: Any = None,
    split: str = "",
    positive: str = "",
    models: str | Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
    framework: str | Sequence[str] = (),
    seeds: int | None = None,
    seed: int | None = None,
    metric: str = "",
    device: str = "",
    jobs: int | None = None,
    recipe: Recipe | Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    show: str = "live",
) -> Run:
    """Train all models on the same rows, judge them on the same test rows, and report.

    What is left out is as in the bakeoff.toml, when `data` is one, and else as said here.

    Args:
        data: A file, a data-set name, a bakeoff.toml, a pandas or polars frame, a dict of columns,
            or arrays (x, y).
        target: The column to predict; arrays and bundled sets name their own.
        inputs: Columns to learn from; none means all that can be.
        columns: Column -> kind, where it is read wrongly.
        test: Separate test data.
        validation: Separate validation data.
        split: "random:70/15/15", "time[:COLUMN]", "group:COLUMN" or "column:COLUMN".
        positive: The positive class of a binary target.
        models: Names, or name -> settings (architecture, arguments, recipe settings); none means
            all that fit the data.
        framework: "torch", "tensorflow", "jax", or several; none means torch.
        seeds: Fits of each model; None means 5.
        seed: The first of them; also draws the split; None means 0.
        metric: Decides the ranking; "" goes by the task.
        device: "cpu", "cuda" or "mps"; "" takes the best there is.
        jobs: Worker processes; None is one per core.
        recipe: A Recipe, or its settings: {"epochs": 20, "lr": 0.003}.
        out: Folder of the run; None takes runs/<name of the data>.
        show: "live" prints progress, "quiet" the verdict only, "none" nothing.

    Returns:
        The run, with `.leaderboard`, `.verdict` and `.best.predict(data)`.

    Raises:
        DataError: The data cannot be used; the message says where and how to go on.
        RequestError: A name or setting is wrong.
        RunError: No model could be trained.
    """
    given = isinstance(data, str | Path)
    experiment = plan(
        str(data) if given else "",
        target="" if target is None else str(target),
        inputs=inputs,
        columns=columns,
        test=str(test) if isinstance(test, str | Path) else "",
        validation=str(validation) if isinstance(validation, str | Path) else "",
        split=split,
        positive=positive,
        models=list(models) if isinstance(models, Mapping) else models,
        settings=models if isinstance(models, Mapping) else {},
        framework=framework,
        seeds=seeds,
        seed=seed,
        metric=metric,
        device=device,
        jobs=jobs,
        recipe=asdict(recipe) if isinstance(recipe, Recipe) else recipe,
    )
    passed = {"data": data, "test": test, "validation": validation}
    memory = {name: it for name, it in passed.items() if not isinstance(it, str | Path | None)}
    return carry_out(experiment, memory=memory, out=out, show=show)


def open_run(folder: str | Path) -> Run:
    """Open the folder of a finished run, of this version or an older one.

    Raises:
        DataError: It is not one, or the run did not finish.
    """
    from bakeoff.runs.folder import check_finished

    check_finished(Path(folder))
    return Run(Path(folder))


def carry_out(
    experiment: Experiment,
    *,
    memory: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    show: str = "live",
) -> Run:
    """Run an experiment from the data to the report.

    Args:
        experiment: The plan.
        memory: Data passed from Python: "data", "test", "validation".
        out: Folder of the run; None takes runs/<name of the data>.
        show: "live", "quiet", "json" or "none".

    Raises:
        RunError: Every fit failed; the folder stays, marked as failed.
        KeyboardInterrupt: Ctrl-C; what is finished stays in the folder, marked as unfinished.
    """
    from bakeoff.judge.judging import Judge, record, settle
    from bakeoff.plan.plan import perform
    from bakeoff.report.report import write_report
    from bakeoff.report.telling import tell_result
    from bakeoff.runs.folder import check_free, new_folder, write_status
    from bakeoff.runs.record import record_plan

    if out is not None:
        check_free(Path(out))
    with made_ready(experiment, memory or {}, show) as ready:
        plan, workers, screen, scratch = ready.plan, ready.workers, ready.screen, ready.scratch
        folder = new_folder(out, name_of(experiment))
        record_plan(folder, plan, workers.place(), len(workers))
        judge = Judge(
            dataset=plan.dataset,
            split=plan.split,
            preparation=plan.preparation,
            metric=plan.metric,
        )
        fits, ended = len(plan.jobs), 0
        try:
            for job, event, left in perform(plan, workers, scratch):
                if isinstance(event, Done):
                    event = Done(record(folder, left, event.fit, judge))
                    ended += 1  # before it is shown: Ctrl-C may come at any moment
                screen.progress(job, event)
            settle(folder, plan.metric, plan.cautions)
        except KeyboardInterrupt:
            write_status(folder, "unfinished", fits=fits, ended=ended)
            screen.interrupted(folder, fits=fits, finished=ended)
            raise
        except Exception as error:
            write_status(folder, "failed", fits=fits, ended=ended, error=str(error))
            raise
        write_status(folder, "finished", fits=fits, ended=ended)
        try:
            write_report(folder)
        except Exception as error:  # the run is done and stays so: a page can be written again
            screen.line("report", f"could not be written: {error}", style="red")
        tell_result(screen, folder, show)
    return Run(folder)


class Ready(NamedTuple):
    """What stands ready before training."""

    plan: "Plan"
    workers: Workers
    screen: "Screen"
    scratch: Path
    probed: Mapping[Line, Probed]


@contextmanager
def made_ready(
    experiment: Experiment, memory: Mapping[str, Any], show: str, *, details: bool = False
) -> Iterator[Ready]:
    """Do all that comes before training, and say so: read, split, check, prepare, rehearse.

    Workers start first: they import their framework while the data are being read. Two at first;
    as many as there are cores and fits once these are known.
    """
    count = experiment.jobs or num_cores()
    with (
        tempfile.TemporaryDirectory(prefix="bakeoff-", ignore_cleanup_errors=True) as scratch,
        Workers(
            min(count, 2), framework=experiment.frameworks[0], device=experiment.device
        ) as workers,
    ):
        from bakeoff.data.splitting.leaks import find_leaks
        from bakeoff.data.splitting.split import make_split
        from bakeoff.plan.plan import estimate, guesses, make_plan, read_data, rehearse
        from bakeoff.report.screen import Screen
        from bakeoff.report.telling import tell_checks, tell_data, tell_plan, tell_split

        with Screen(show) as screen:
            dataset = read_data(experiment, memory)
            tell_data(
                screen, dataset, columns=details or len(dataset.schema.columns) <= MOST_COLUMNS
            )
            split = make_split(dataset, experiment.split or None, experiment.seed)
            tell_split(screen, dataset, split)
            findings = find_leaks(dataset, split)
            tell_checks(screen, findings)
            place = workers.place()
            plan = make_plan(experiment, dataset, split, findings)
            count = min(count, len(plan.jobs))
            if place["device"] != "cpu" and not experiment.jobs:
                count = min(count, 2)  # each process needs memory of its own on the GPU
            workers.grow(count)
            plan, probed = rehearse(plan, workers, Path(scratch))
            tell_plan(
                screen,
                plan,
                place=place,
                workers=count,
                seconds=estimate(plan, probed, count),
                probed=probed,
                models=details,
            )
            screen.start(plan.jobs, workers=count, guesses=guesses(plan, probed))
            yield Ready(plan, workers, screen, Path(scratch), probed)


def preview(experiment: Experiment, *, show: str = "live") -> dict[str, Any]:
    """Show kinds, split, models and the estimated time, and return them; train nothing."""
    from bakeoff.plan.plan import outline

    with made_ready(experiment, {}, show, details=True) as ready:
        return outline(ready.plan, ready.probed, len(ready.workers))


def write_plan(experiment: Experiment, path: Path) -> Path:
    """Write the bakeoff.toml that `run` would use, every choice filled in.

    Raises:
        RequestError: The file exists, or its folder does not.
    """
    from bakeoff.data.splitting.split import make_split
    from bakeoff.plan.experiment_file import to_toml
    from bakeoff.plan.plan import make_plan, read_data

    if path.exists():
        raise RequestError(f"{path} exists already. Choose another --out, or remove it first.")
    if not path.parent.is_dir():
        raise RequestError(f"There is no folder {path.parent} for {path.name}: make it first.")
    dataset = read_data(experiment, {})
    split = make_split(dataset, experiment.split or None, experiment.seed)
    plan = make_plan(experiment, dataset, split, ())
    reasons = {column.name: column.reason for column in dataset.schema.columns}
    path.write_text(to_toml(plan.experiment, folder=path.parent, reasons=reasons), "utf-8")
    return path
