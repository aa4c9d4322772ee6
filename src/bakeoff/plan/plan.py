"""The plan: everything that is decided before training, and the steps that lead from there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff.catalog import Model
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation, View, fit_preparation
from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import Finding
from bakeoff.data.splitting.split import Split, counts, default_how
from bakeoff.errors import RequestError
from bakeoff.evaluate.metrics import Metric, default_metric, find_metric
from bakeoff.plan.experiment import Experiment, choose_models, recipe_of, view_of
from bakeoff.train.events import Done, Event, Failed, Probed
from bakeoff.train.job import Fit, Job, Line, plan_jobs
from bakeoff.train.pool import Workers
from bakeoff.train.recipe import Recipe, resolve
from bakeoff.train.shared_data import write_shared_data

REPEATS = 0.2  # share of test rows that repeat training rows, above which the verdict says so
TYPICAL_EPOCHS = 40  # early stopping ends most fits near here; used for estimates of time only


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Data, split, views and the fits to make.

    Args:
        experiment: With every choice filled in.
        findings: What the leak checks found.
        views: Those that a model sees.
        recipes: Model -> its recipe, resolved; baselines have none.
        unnamed: Models that run because they can read the data, not because they were named.
        notes: What was left out, in sentences for the user.
    """

    experiment: Experiment
    dataset: Dataset
    split: Split
    preparation: Preparation
    findings: Sequence[Finding]
    metric: Metric
    views: Mapping[str, View]
    models: Sequence[Model]
    recipes: Mapping[str, Recipe]
    jobs: Sequence[Job]
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def cautions(self) -> list[str]:
        """What the leak checks found that makes a test score too good to trust."""
        limit = REPEATS * len(self.split.test)
        return [
            f"{finding.message}: a good score may be memory."
            for finding in self.findings
            if finding.kind == "duplicates" and "test" in finding.message and finding.count > limit
        ]


def read_data(experiment: Experiment, memory: Mapping[str, Any]) -> Dataset:
    """Read what the experiment names, or what was passed from Python."""
    if len(experiment.target) > 1:
        raise RequestError(
            f"target={','.join(experiment.target)} names several columns; a run predicts one."
        )
    return read(
        memory.get("data", experiment.data),
        target=experiment.target[0] if experiment.target else None,
        inputs=experiment.inputs or None,
        columns=experiment.columns or None,
        test=memory.get("test", experiment.test or None),
        validation=memory.get("validation", experiment.validation or None),
        positive=experiment.positive or None,
    )


def make_plan(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    findings: Sequence[Finding],
) -> Plan:
    """Fit the transforms on the training rows, choose metric and models, list the fits.

    Raises:
        RequestError: A model cannot read the data, or a metric or loss does not go with them.
    """
    preparation = fit_preparation(dataset, split)
    task = preparation.task
    shares = counts(dataset, split)["train"]["classes"]
    if experiment.metric == "auto":
        metric = default_metric(task, shares)
    else:
        metric = find_metric(experiment.metric, task)
    offered = preparation.views(dataset)
    extras = {name: set(view.inputs) - {"x"} for name, view in offered.items()}
    models = choose_models(experiment, offered, extras)
    seen = {model.name: view_of(model, offered) for model in models}
    recipes = {
        model.name: resolve(
            recipe_of(experiment.recipe, experiment.models.get(model.name, {})),
            rows=len(split.train),
            task=task,
        )
        for model in models
        if model.row.role != "baseline"
    }
    jobs = plan_jobs(
        models,
        frameworks=experiment.frameworks,
        seeds=range(experiment.seed, experiment.seed + experiment.seeds),
        views=seen,
        recipes=recipes,
        task=task,
        num_classes=len(preparation.classes) if task != "regression" else 0,
        device=experiment.device,
    )
    return Plan(
        unnamed=frozenset(c.name for c in models) - set(experiment.models),
        experiment=filled_in(experiment, dataset, split, models, metric),
        dataset=dataset,
        split=split,
        preparation=preparation,
        findings=findings,
        metric=metric,
        views={name: offered[name] for name in set(seen.values())},
        models=models,
        recipes=recipes,
        jobs=jobs,
    )


def filled_in(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    models: Sequence[Model],
    metric: Metric,
) -> Experiment:
    """Write out what was left open: target, kinds, split, metric, models."""
    schema = dataset.schema
    named = {
        model.name: {
            "architecture": model.row.name,
            **experiment.models.get(model.name, {}),
        }
        for model in models
    }
    return replace(
        experiment,
        target=schema.targets,
        inputs=schema.inputs,
        columns=schema.kinds,
        positive=schema.positive.get(schema.targets[0], ""),
        split=experiment.split or ("" if dataset.parts is not None else default_how(dataset)),
        metric=metric.name,
        models=named,
        all_that_fit=False,
    )


def rehearse(plan: Plan, workers: Workers, scratch: Path) -> tuple[Plan, dict[Line, Probed]]:
    """Show the workers the data, build every model once, and time a few steps of each.

    Returns:
        The plan without the unnamed models that this data cannot be given to (an image too
        small for a page's pooling), and each line of the leaderboard -> what was measured.

    Raises:
        RequestError: A named model cannot be built with its arguments, or none can.
    """
    write_shared_data(
        scratch,
        views={name: (view.inputs, view.sizes) for name, view in plan.views.items()},
        targets=plan.preparation.targets(plan.dataset),
        rows={part: getattr(plan.split, part) for part in ("train", "validation", "test")},
    )
    workers.share(scratch)
    jobs = first_jobs(plan)
    probed: dict[Line, Probed] = {}
    dropped: dict[str, str] = {}
    for number, event in workers.work("probe", jobs, [scratch] * len(jobs)):
        name, line = jobs[number].model, jobs[number].line
        if isinstance(event, Failed) and event.mistake:
            dropped[name] = f"{name}: {event.message}"
            if name not in plan.unnamed or len(dropped) == len(plan.models):
                raise RequestError(dropped[name])
        elif isinstance(event, Failed):  # such as a loss that diverges: its fits will say so
            probed[line] = Probed()
        elif isinstance(event, Probed):
            probed[line] = event
    return without(plan, dropped), probed


def first_jobs(plan: Plan) -> list[Job]:
    """Return the first fit of each line of the leaderboard, in the order of the plan."""
    first: dict[Line, Job] = {}
    for job in plan.jobs:
        first.setdefault(job.line, job)
    return list(first.values())


def without(plan: Plan, dropped: Mapping[str, str]) -> Plan:
    """Return the plan without some models: name -> why."""
    kept = {n: own for n, own in plan.experiment.models.items() if n not in dropped}
    return replace(
        plan,
        experiment=replace(plan.experiment, models=kept),
        models=[c for c in plan.models if c.name not in dropped],
        jobs=[job for job in plan.jobs if job.model not in dropped],
        notes=tuple(f"Left out: {why}" for why in dropped.values()),
    )


def guesses(plan: Plan, probed: Mapping[Line, Probed]) -> dict[Line, float]:
    """Guess how many seconds one fit of each model takes, from the steps of its rehearsal."""
    seconds = {}
    for job in plan.jobs:
        if job.recipe:
            steps = -(-len(plan.split.train) // job.recipe["batch_size"])
            epochs = min(job.recipe["epochs"], TYPICAL_EPOCHS)
            seconds[job.line] = steps * epochs * probed[job.line].step_seconds
    return seconds


def estimate(plan: Plan, probed: Mapping[Line, Probed], workers: int) -> float:
    """Guess how many seconds all training takes."""
    each = guesses(plan, probed)
    total = sum(each.get(job.line, 0.0) for job in plan.jobs)
    return total / max(1, min(workers, len(plan.jobs)))


def outline(plan: Plan, probed: Mapping[Line, Probed], workers: int) -> dict[str, Any]:
    """Return the plan in plain values, for a program to read: `--dry-run --json`."""
    schema = plan.dataset.schema
    return {
        "rows": len(plan.dataset),
        "target": plan.dataset.target,
        "task": plan.preparation.task,
        "metric": plan.metric.name,
        "columns": [asdict(column) for column in schema.columns],
        "split": {"how": plan.split.how, **counts(plan.dataset, plan.split)},
        "checks": [asdict(finding) for finding in plan.findings],
        "notes": [*plan.dataset.notes, *plan.preparation.notes],
        "models": [
            {
                "model": job.model,
                "framework": job.framework,
                "view": job.view,
                "parameters": probed[job.line].parameters if job.recipe else None,
            }
            for job in first_jobs(plan)
        ],
        "fits": len(plan.jobs),
        "device": plan.experiment.device,
        "seconds": round(estimate(plan, probed, workers), 1),
    }


def perform(plan: Plan, workers: Workers, scratch: Path) -> Iterator[tuple[Job, Event, Path]]:
    """Make every fit.

    Yields:
        (job, event, where the worker left its files). Each job ends in Done, and one that failed
        in a fit that says why.
    """
    folders = [scratch / "fits" / str(number) for number in range(len(plan.jobs))]
    for folder in folders:
        folder.mkdir(parents=True)
    for number, event in workers.work("fit", plan.jobs, folders):
        job = plan.jobs[number]
        if isinstance(event, Failed):
            event = Done(Fit(job=job, error=event.message))
        yield job, event, folders[number]
