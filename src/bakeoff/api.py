"""The whole story: read, split, check, plan, probe, train, judge, report; a room each line."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bakeoff.ended import ended_by_signals, held_if, marked
from bakeoff.errors import RequestError, UnknownOption, option, unknown
from bakeoff.finished_run import Run
from bakeoff.options import options
from bakeoff.plan.experiment import Experiment
from bakeoff.plan.request import listed, name_of, request
from bakeoff.plan.sweep import of_data
from bakeoff.train.recipe import Recipe

if TYPE_CHECKING:
    from bakeoff.catalog import Framework
    from bakeoff.data.dataset import Dataset
    from bakeoff.data.splitting.split import Split
    from bakeoff.plan.begun import Begun
    from bakeoff.plan.plan import Plan
    from bakeoff.report.screen import Screen
    from bakeoff.runs.folder import RunFolder
    from bakeoff.train.job import Job
    from bakeoff.train.workers import Workers

Function = Callable[..., Any]
SHOWS = ("live", "quiet", "none")


def with_hints(function: Function) -> Function:
    """Describe the options in the docstring, and answer unknown keywords with the nearest one."""
    signature = inspect.signature(function)
    lines = [
        f"        {known.name}: {known.help[0].upper()}{known.help[1:]}."
        for known in (*options(Experiment).values(), *options(Recipe).values())
    ]

    @wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        for name in given:
            if name not in signature.parameters:
                known = list(signature.parameters)
                raise UnknownOption(unknown("option", name, known))
        return function(*args, **given)

    call.__doc__ = (function.__doc__ or "").replace("        OPTIONS", "\n".join(lines))
    return call


@with_hints
def run(
    data: Any,
    target: Any = None,
    *,
    weight: str | None = None,
    auxiliary: str | Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    test: Any = None,
    validation: Any = None,
    split: str | float | Sequence[float] | None = None,
    sequence: str | None = None,
    time: str | None = None,
    lookback: int | None = None,
    horizon: int | None = None,
    stride: int | None = None,
    series: str | None = None,
    future: str | Sequence[str] | None = None,
    positive: str | None = None,
    images: str | Path | None = None,
    image_size: str | int | tuple[int, int] | None = None,
    tokens: str | None = None,
    length: int | None = None,
    cut: str | None = None,
    vectors: str | Path | None = None,
    models: str | Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    start_from: str | Path | None = None,
    vary: str | Sequence[str] | Mapping[str, Sequence[Any]] | None = None,
    framework: str | Sequence[str] | None = None,
    seeds: int | None = None,
    seed: int | None = None,
    metric: str | None = None,
    device: str | None = None,
    jobs: int | None = None,
    optimizer: str | None = None,
    momentum: float | None = None,
    betas: str | None = None,
    alpha: float | None = None,
    eps: float | None = None,
    lr: float | None = None,
    schedule: str | None = None,
    warmup_epochs: float | None = None,
    step_epochs: int | None = None,
    gamma: float | None = None,
    min_lr: float | None = None,
    first_cycle: int | None = None,
    growth: float | None = None,
    warm_share: float | None = None,
    decay_share: float | None = None,
    plateau_patience: int | None = None,
    factor: float | None = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    patience: int | None = None,
    watch: str | None = None,
    min_delta: float | None = None,
    accumulate: int | None = None,
    average: float | None = None,
    mixup: float | None = None,
    sampling: str | None = None,
    weight_decay: float | None = None,
    l1: float | None = None,
    l2: float | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    loss: str | None = None,
    quantile: float | None = None,
    class_weights: str | None = None,
    label_smoothing: float | None = None,
    precision: str | None = None,
    frozen_epochs: int | None = None,
    keras_fit: bool | None = None,
    deterministic: bool | None = None,
    augment: str | None = None,
    pairs: bool | None = None,
    selftest: bool = False,
    out: str | Path | None = None,
    show: str = "live",
) -> Run:
    """Train all models on the same rows, judge them on the same test rows, and report.

    `run("water.csv", "Potability")`, or `run(X, y)` as in scikit-learn. What is left out is as in
    the bakeoff.toml, when `data` is one, and else the default.

    Args:
        data: A file, a folder or .zip of pictures or of one table for each sequence, a data-set
            name, a bakeoff.toml, a pandas or polars frame, a dict of columns, a list of rows as
            dicts, arrays (x, y), or X alone with y as the target.
        models: Names, or name -> settings (architecture, arguments, recipe settings); none means
            all that fit the data.
        vary: NAME.SETTING -> values: each value makes a model of its own, NAME_1, NAME_2 ...
        selftest: Test every network on a few rows before it is trained; what fails is noted.
        out: Folder of the run; None takes runs/<name of the data>.
        show: "live" prints progress, "quiet" the verdict only, "none" nothing.
        OPTIONS

    Returns:
        The run, with `.leaderboard`, `.verdict` and `.best.predict(data)`.

    Raises:
        DataError: The data cannot be used; the message says where and how to go on.
        RequestError: A name or setting is wrong.
        RunError: No model could be trained.
    """
    given = dict(locals())
    out, show, selftest = given.pop("out"), given.pop("show"), given.pop("selftest")
    if show not in SHOWS:
        raise RequestError(unknown("way", show, SHOWS, where=option("show")))
    data, given["target"] = paired(given.pop("data"), target)
    memory = {"data": data, "test": test, "validation": validation}
    memory = {part: value for part, value in memory.items() if is_data(value)}
    for part in memory.keys() - {"data"}:
        memory[part] = paired(memory[part], None, given["target"])[0]
        del given[part]
    if vary and (over := of_data(vary)):
        raise RequestError(
            f"{option('vary', 'data.' + over[0])} makes several runs, and this makes one: call it "
            f"for each value, with {over[0]}=VALUE."
        )
    experiment = request("" if "data" in memory else str(data), given)
    done = carry_out(experiment, memory=memory, out=out, show=show, selftest=selftest)
    return cast("Run", done)  # only a dry run gives none


def is_data(value: Any) -> bool:
    """Tell whether a value is data itself, not the name of a file or a share of the rows."""
    return value is not None and not isinstance(value, str | Path | int | float)


def paired(data: Any, target: Any, name: Any = None) -> tuple[Any, Any]:
    """Return data and the name of the target, or several; X and y given apart are joined."""
    from bakeoff.data.assembling.join_pair import join_pair

    if target is None:
        if not isinstance(data, tuple) or len(data) != 2:
            return data, None
        x, y = data
        return join_pair(x, y, name if isinstance(name, str) else "")
    if isinstance(target, int) and not isinstance(target, bool):
        target = str(target)  # frames without names number their columns
    if isinstance(target, str) or isinstance(data, str | Path):
        return data, target
    columns = [
        str(name) for name in getattr(data, "columns", data if isinstance(data, Mapping) else ())
    ]
    if isinstance(target, list | tuple) and are_columns(columns, list(map(str, target))):
        return data, target
    return join_pair(data, target)


def are_columns(columns: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether names are those of columns, or globs that name some; one may be misspelt.

    Example:
        >>> are_columns(["x", "y", "z"], ["x", "yy"]), are_columns(["x", "y"], ["no", "yes"])
        (True, False)
    """
    from bakeoff.data.columns.read_labels import matching

    there = [name in columns or bool(matching(columns, name)) for name in names]
    return all(there) or (any(there) and len(names) <= len(columns))


def open_run(folder: str | Path) -> Run:
    """Open the folder of a finished run, of this version or an older one.

    Raises:
        DataError: It is not one, or the run did not finish.
    """
    from bakeoff.runs.folder import open_folder

    open_folder(Path(folder))
    return Run(Path(folder))


def resume(
    run: str | Path,
    data: Any = None,
    target: Any = None,
    *,
    test: Any = None,
    validation: Any = None,
    show: str = "live",
) -> Run:
    """Go on with a run that was interrupted, killed or failed: fits that have ended stay.

    Those that are missing are made as they would have been: predictions, weights and all of the
    leaderboard but the times are the same as without the interruption, on the same machine.

    Args:
        run: Its folder.
        data: What was given to `run`, where that was no file: files are read again by themselves.
        target: y, where it was given apart.
        test: As `data`.
        validation: As `data`.
        show: As of `run`.

    Returns:
        The finished run.

    Raises:
        DataError: It is no run, or a file of it is damaged.
        RequestError: The run is finished, or another process trains it, or data, split or plan are
            not what they were.
        RunError: As of `run`.
    """
    from bakeoff.plan.experiment_file import read_experiment
    from bakeoff.runs.unfinished import check_readable, held, open_unfinished

    if show not in (*SHOWS, "json"):
        raise RequestError(unknown("way", show, SHOWS, where=option("show")))
    folder = open_unfinished(Path(run).absolute(), str(run))
    memory = {"data": data, "test": test, "validation": validation}
    memory = {part: paired(value, target)[0] for part, value in memory.items() if is_data(value)}
    if "data" not in memory:
        check_readable(folder)
    experiment = read_experiment(folder.experiment, beside="data" in memory)
    with held(folder):
        done = carry_out(experiment, memory=memory, show=show, begun=folder)
    return cast("Run", done)


def carry_out(
    experiment: Experiment,
    *,
    memory: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    begun: "RunFolder | None" = None,
    show: str = "live",
    dry_run: bool = False,
    selftest: bool = False,
    typed: Sequence[str] = (),
) -> Run | None:
    """Run an experiment from the data to the report.

    Args:
        experiment: What was asked for.
        memory: Data passed from Python: "data", "test", "validation".
        out: Folder of the run; None takes runs/<name of the data>.
        begun: The folder of a run that goes on: what has ended in it stays.
        show: "live", "quiet", "json" or "none".
        dry_run: Show kinds, split, models and the estimated time; train nothing, return None.
        selftest: Test every network on a few rows before it is trained.
        typed: The words after `bakeoff`, where there are such.

    Raises:
        RunError: Every fit failed, or the folder cannot be written, or something was removed from
            it; it stays, marked as failed.
        KeyboardInterrupt: Ctrl-C; what is finished stays in the folder, marked as unfinished.
        SystemExit: SIGTERM or SIGHUP; likewise.
    """
    here = place_for(out if begun is None else None)
    check_alone(experiment, selftest)
    with at_work(experiment, show) as (workers, screen, scratch):  # workers start: 2 s
        from bakeoff.data.preparing.preparation import forecasts
        from bakeoff.data.splitting.leaks import find_leaks
        from bakeoff.data.splitting.split import make_split
        from bakeoff.judge.record import record
        from bakeoff.plan.outline import outline
        from bakeoff.plan.plan import make_plan, read_data
        from bakeoff.plan.probe import probe
        from bakeoff.plan.threads import threads_of
        from bakeoff.plan.train import train
        from bakeoff.runs.folder import new_folder
        from bakeoff.runs.record_plan import record_plan
        from bakeoff.train.workers import num_cores

        earlier = begun_with(experiment)
        experiment = earlier.added_to(experiment) if earlier else experiment
        dataset = read_data(experiment, memory or {})
        screen.data(dataset, details=dry_run)
        split = make_split(dataset, experiment.split, experiment.seed)
        screen.split(dataset, split)
        refuse_learned(experiment, dataset, split)
        leaks = find_leaks(dataset, split)
        screen.leaks(leaks, forecast=forecasts(dataset.schema))
        plan = make_plan(experiment, dataset, split, leaks, earlier)
        missing = None if begun is None else still_missing(begun, plan, screen)
        plan = probe(plan, workers, scratch, jobs=missing)
        plan = tested(plan, workers, screen, scratch) if selftest else plan
        missing = plan.jobs if missing is None else missing
        rest = replace(plan, jobs=missing)
        screen.plan(rest, workers, typed=typed, details=dry_run)
        if dry_run:
            screen.outline(outline(plan, len(workers)))
            return None
        folder = begun or new_folder(out, name_of(experiment), here=here)
        with marked(folder, plan, screen), held_if(folder, begun is None):
            if begun is None:
                record_plan(folder, plan, workers)
            screen.start(rest, workers)
            threads = threads_of(plan, num_cores())
            for job, event, left in train(rest, workers, scratch, folder.checkpoint_of, threads):
                screen.progress(job, record(folder, plan, event, left))
            judge(folder, plan)
        if experiment.pairs:
            screen.partners(folder)
        else:
            write_report_of(folder, screen)
            screen.result(folder)
    return Run(folder.path, given=folder.given)


def judge(folder: "RunFolder", plan: "Plan") -> None:
    """Reach the verdict over all fits; of a run without a target see that they are there."""
    from bakeoff.judge.judge_run import judge_run
    from bakeoff.judge.partners import check_trained
    from bakeoff.judge.record_examples import record_examples

    if plan.experiment.pairs:
        check_trained(folder, plan)
        return
    judge_run(folder, plan)
    record_examples(folder, plan)


def carry_out_each(
    experiment: Experiment,
    setting: str,
    values: Sequence[Any],
    *,
    out: str | Path | None = None,
    show: str = "live",
    dry_run: bool = False,
    selftest: bool = False,
) -> None:
    """Run an experiment once for each value of a setting of the data, and show all side by side.

    Args:
        experiment: What was asked for.
        setting: Of the data.
        values: Of this setting.
        out: Folder of the runs, one below it for each value; None takes runs/<name>-<setting>.
        show: As of `carry_out`; "json" goes with one run.
        dry_run: As of `carry_out`.
        selftest: As of `carry_out`.

    Raises:
        RequestError: A value is none of this setting, or one JSON document is wanted.
    """
    from bakeoff.report.screen import Screen

    if show == "json":
        raise RequestError(f"--json goes with one run, and {option('vary')} makes several.")
    if experiment.pairs:
        raise RequestError(
            f"{option('vary', f'data.{setting}')} compares scores, and runs with "
            f"{option('pairs', True)} have none. Leave one of them out."
        )
    place = Path(out or Path("runs", f"{name_of(experiment)}-{setting}"))
    several = isinstance(options(Experiment)[setting].default, tuple)
    experiments = {}
    for value in values:
        own: dict[str, Any] = {setting: listed(value) if several else value}
        experiments[str(value)] = replace(experiment, **own)
    folders = {}
    with Screen(show) as screen:
        for value, asked in experiments.items():
            screen.line("run", f"{setting} = {value}", style="bold")
            folder = place / re.sub(r"[^\w.,=-]+", "_", value)
            run = carry_out(asked, out=folder, show=show, dry_run=dry_run, selftest=selftest)
            if run is not None:
                folders[value] = run.files
        if folders and show != "none":
            screen.several(setting, folders)


def check_alone(experiment: Experiment, selftest: bool) -> None:
    """Refuse pairs together with what needs a target, or one process.

    Raises:
        RequestError: The message names it.
    """
    from bakeoff.train.followers import num_ranks

    if experiment.pairs and selftest:
        raise RequestError(
            f"{option('selftest', True)} tests how a target is learned, and "
            f"{option('pairs', True)} has none. Leave one of them out."
        )
    if experiment.pairs and num_ranks() > 1:
        raise RequestError(
            f"{option('pairs', True)} compares the pictures of a batch with each other, which "
            "torchrun would part. Start it without."
        )


def begun_with(experiment: Experiment) -> "Begun | None":
    """Return the network of an earlier run that a model is to begin as, where one is named."""
    if not experiment.start_from:
        return None
    from bakeoff.deliver.begun_of import begun_of

    return begun_of(experiment.start_from, cast("Sequence[Framework]", experiment.framework))


def refuse_learned(experiment: Experiment, dataset: "Dataset", split: "Split") -> None:
    """Refuse test rows that the network of an earlier run has learned from."""
    if experiment.start_from:
        from bakeoff.deliver.begun_of import refuse_learned

        refuse_learned(experiment.start_from, dataset, split)


def tested(plan: "Plan", workers: "Workers", screen: "Screen", scratch: Path) -> "Plan":
    """Test every network, say what its tests say, and note what fails."""
    from bakeoff.plan.selftest import selftest, what_fails

    wrong = []
    for job, event in selftest(plan, workers, scratch):
        screen.tested(job, event)
        wrong += [said] if (said := what_fails(job, event)) else []
    return replace(plan, changes=(*plan.changes, *wrong))


def still_missing(folder: "RunFolder", plan: "Plan", screen: "Screen") -> Sequence["Job"]:
    """Return the fits that a run still lacks, and say how many stand."""
    from bakeoff.plan.stacks import groups_of, key_of
    from bakeoff.runs.unfinished import missing_jobs, say_versions

    missing = missing_jobs(folder, plan)
    stand = len(plan.jobs) - len(missing)
    screen.line("resume", f"{stand:,} of {len(plan.jobs):,} fits stand, {len(missing):,} are made")
    together = {key_of(job): group for group in groups_of(plan.jobs) for job in group}
    for job in missing:
        stack = together.get(key_of(job), (job,))
        began = (folder.fit_of(own[0]).checkpoint(*own).epochs() for own in ((job,), stack))
        if epochs := next(filter(None, began), 0):
            what = f"{job.model} ({job.framework}), seed {job.seed}"
            screen.line("resume", f"{what} goes on after epoch {epochs:,}")
    for note in say_versions(folder):
        screen.line("note", note, style="yellow")
    return missing


@contextmanager
def at_work(experiment: Experiment, show: str) -> Iterator[tuple["Workers", "Screen", Path]]:
    """Start two workers, open the screen, and make a folder for what passes between them.

    Workers import their framework while the data are being read; there will be as many as there
    are cores and fits once these are known.
    """
    from bakeoff.runs.scratch_folder import scratch_folder
    from bakeoff.train.followers import num_ranks
    from bakeoff.train.workers import Workers, num_cores

    count = min(experiment.jobs or num_cores(), 2)
    if num_ranks() > 1:
        count = 1
        if experiment.framework != ("torch",):
            raise RequestError(
                "torchrun trains a network of torch in several processes: leave "
                f"{option('framework', list(experiment.framework))} out."
            )
    with (
        ended_by_signals(),
        scratch_folder() as scratch,
        Workers(count, framework=experiment.framework[0], device=experiment.device) as workers,
    ):
        from bakeoff.report.screen import Screen

        with Screen(show) as screen:
            yield workers, screen, scratch


def place_for(out: str | Path | None) -> Path:
    """Refuse a folder that holds something, before anything is read.

    Returns:
        The working folder, which may change while the run goes on.
    """
    from bakeoff.runs.folder import RunFolder, check_free, working_folder

    here = working_folder()
    if out is not None:
        check_free(RunFolder(here / out, given=str(out)))
    return here


def write_report_of(folder: "RunFolder", screen: "Screen") -> None:
    """Write the report; the run is done and stays so, even if its page cannot be written now."""
    from bakeoff.report.report import write_report

    try:
        write_report(folder)
    except Exception as error:
        screen.line("report", f"could not be written: {error}", style="red")


def write_plan(experiment: Experiment, path: Path) -> Path:
    """Write the bakeoff.toml that `run` would use, every choice filled in.

    Raises:
        RequestError: The file exists, or its folder does not.
    """
    from bakeoff.data.splitting.split import make_split
    from bakeoff.documents import write_text
    from bakeoff.plan.experiment_file import to_toml
    from bakeoff.plan.plan import make_plan, read_data

    if path.exists():
        raise RequestError(
            f"{path} exists already. Choose another {option('out')}, or remove it first."
        )
    if not path.parent.is_dir():
        raise RequestError(f"There is no folder {path.parent} for {path.name}: make it first.")
    dataset = read_data(experiment, {})
    split = make_split(dataset, experiment.split, experiment.seed)
    plan = make_plan(experiment, dataset, split, ())
    reasons = {column.name: column.reason for column in dataset.schema.columns}
    write_text(path, to_toml(plan.experiment, folder=path.parent, reasons=reasons))
    return path
