"""The stage: everything that is decided before training, and the steps that lead from there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff.catalog import Candidate
from bakeoff.compare.experiment import Experiment, choose_candidates, recipe_of, view_of
from bakeoff.compare.judging import Judge, record
from bakeoff.data.dataset import Dataset, read
from bakeoff.data.leaks import Finding
from bakeoff.data.splits import Split, counts, default_how
from bakeoff.data.views import Preparation, View, fit_preparation
from bakeoff.errors import RequestError
from bakeoff.evaluate.metrics import Metric, default_metric, find_metric
from bakeoff.train.material import write_material
from bakeoff.train.plan import Fit, Job, plan_jobs
from bakeoff.train.processes import Workers
from bakeoff.train.recipe import Recipe, resolve

REPEATS = 0.2  # share of test rows that repeat training rows, above which the verdict says so
TYPICAL_EPOCHS = 40  # early stopping ends most fits near here; used for estimates of time only


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Data, split, views and the fits to make.

    Args:
        experiment: With every choice filled in.
        findings: What the leak checks found.
        views: Those that a candidate sees.
        recipes: Candidate -> its recipe, resolved; baselines have none.
        unnamed: Candidates that run because they can read the data, not because they were named.
        notes: What was left out, in sentences for the user.
    """

    experiment: Experiment
    dataset: Dataset
    split: Split
    preparation: Preparation
    findings: Sequence[Finding]
    metric: Metric
    views: Mapping[str, View]
    candidates: Sequence[Candidate]
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

    @property
    def judge(self) -> Judge:
        """Who reads the test targets."""
        return Judge(
            dataset=self.dataset,
            split=self.split,
            preparation=self.preparation,
            metric=self.metric,
        )


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


def set_stage(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    findings: Sequence[Finding],
) -> Stage:
    """Fit the transforms on the training rows, choose metric and candidates, list the fits.

    Raises:
        RequestError: A candidate cannot read the data, or a metric or loss does not go with them.
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
    candidates = choose_candidates(experiment, offered, extras)
    seen = {candidate.name: view_of(candidate, offered) for candidate in candidates}
    recipes = {
        candidate.name: resolve(
            recipe_of(experiment.recipe, experiment.candidates.get(candidate.name, {})),
            rows=len(split.train),
            task=task,
        )
        for candidate in candidates
        if candidate.row.role != "baseline"
    }
    jobs = plan_jobs(
        candidates,
        frameworks=experiment.frameworks,
        seeds=range(experiment.seed, experiment.seed + experiment.seeds),
        views=seen,
        recipes=recipes,
        task=task,
        num_classes=len(preparation.classes) if task != "regression" else 0,
        device=experiment.device,
    )
    return Stage(
        unnamed=frozenset(c.name for c in candidates) - set(experiment.candidates),
        experiment=filled_in(experiment, dataset, split, candidates, metric),
        dataset=dataset,
        split=split,
        preparation=preparation,
        findings=findings,
        metric=metric,
        views={name: offered[name] for name in set(seen.values())},
        candidates=candidates,
        recipes=recipes,
        jobs=jobs,
    )


def filled_in(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    candidates: Sequence[Candidate],
    metric: Metric,
) -> Experiment:
    """Write out what was left open: target, kinds, split, metric, candidates."""
    schema = dataset.schema
    named = {
        candidate.name: {
            "page": candidate.row.name,
            **experiment.candidates.get(candidate.name, {}),
        }
        for candidate in candidates
    }
    return replace(
        experiment,
        target=schema.targets,
        inputs=schema.inputs,
        columns=schema.kinds,
        positive=schema.positive.get(schema.targets[0], ""),
        split=experiment.split or ("" if dataset.parts is not None else default_how(dataset)),
        metric=metric.name,
        candidates=named,
        all_that_fit=False,
    )


def rehearse(
    stage: Stage, workers: Workers, scratch: Path
) -> tuple[Stage, dict[str, dict[str, Any]]]:
    """Show the workers the data, build every candidate once, and time a few steps of each.

    Returns:
        The stage without the unnamed candidates that this data cannot be given to (an image too
        small for a page's pooling), and label of the candidate -> parameters, step_seconds.

    Raises:
        RequestError: A named candidate cannot be built with its arguments, or none can.
    """
    write_material(
        scratch,
        views={name: (view.inputs, view.sizes) for name, view in stage.views.items()},
        targets=stage.preparation.targets(stage.dataset),
        rows={part: getattr(stage.split, part) for part in ("train", "validation", "test")},
    )
    workers.show(scratch)
    first: dict[str, Job] = {}
    for job in stage.jobs:
        first.setdefault(job.label, job)
    jobs = list(first.values())
    probed, dropped = {}, {}
    for number, message in workers.work("probe", jobs, [scratch] * len(jobs)):
        name = jobs[number].candidate
        if "failed" in message and message["mistake"]:
            dropped[name] = f"{name}: {message['failed']}"
            if name not in stage.unnamed or len(dropped) == len(stage.candidates):
                raise RequestError(dropped[name])
        elif "failed" in message:  # such as a loss that diverges: its fits will say so one by one
            probed[jobs[number].label] = {"parameters": 0, "step_seconds": 0.0}
        if "probed" in message:
            probed[jobs[number].label] = message["probed"]
    return without(stage, dropped), probed


def without(stage: Stage, dropped: Mapping[str, str]) -> Stage:
    """Return the stage without some candidates: name -> why."""
    kept = {n: own for n, own in stage.experiment.candidates.items() if n not in dropped}
    return replace(
        stage,
        experiment=replace(stage.experiment, candidates=kept),
        candidates=[c for c in stage.candidates if c.name not in dropped],
        jobs=[job for job in stage.jobs if job.candidate not in dropped],
        notes=tuple(f"Left out: {why}" for why in dropped.values()),
    )


def guesses(stage: Stage, probed: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Guess how many seconds one fit of each candidate takes, from the steps of its rehearsal."""
    seconds = {}
    for job in stage.jobs:
        if job.recipe:
            steps = -(-len(stage.split.train) // job.recipe["batch_size"])
            epochs = min(job.recipe["epochs"], TYPICAL_EPOCHS)
            seconds[job.label] = steps * epochs * probed[job.label]["step_seconds"]
    return seconds


def estimate(stage: Stage, probed: Mapping[str, Mapping[str, Any]], workers: int) -> float:
    """Guess how many seconds all training takes."""
    each = guesses(stage, probed)
    total = sum(each.get(job.label, 0.0) for job in stage.jobs)
    return total / max(1, min(workers, len(stage.jobs)))


def outline(stage: Stage, probed: Mapping[str, Mapping[str, Any]], workers: int) -> dict[str, Any]:
    """Return the plan in plain values, for a program to read: `--dry-run --json`."""
    schema, first = stage.dataset.schema, {job.label: job for job in reversed(stage.jobs)}
    return {
        "rows": len(stage.dataset),
        "target": stage.dataset.target,
        "task": stage.preparation.task,
        "metric": stage.metric.name,
        "columns": [asdict(column) for column in schema.columns],
        "split": {"how": stage.split.how, **counts(stage.dataset, stage.split)},
        "checks": [asdict(finding) for finding in stage.findings],
        "notes": [*stage.dataset.notes, *stage.preparation.notes],
        "candidates": [
            {
                "candidate": job.candidate,
                "framework": job.framework,
                "view": job.view,
                "parameters": probed[label]["parameters"] if job.recipe else None,
            }
            for label, job in reversed(first.items())
        ],
        "fits": len(stage.jobs),
        "device": stage.experiment.device,
        "seconds": round(estimate(stage, probed, workers), 1),
    }


def perform(
    stage: Stage, workers: Workers, run: Path, scratch: Path
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Make every fit and record it as it ends.

    Yields:
        (job, message): {"started": True}, {"epoch": history row} or {"fit": Fit}.
    """
    folders = [scratch / "fits" / str(number) for number in range(len(stage.jobs))]
    for folder in folders:
        folder.mkdir(parents=True)
    for number, message in workers.work("fit", stage.jobs, folders):
        job = stage.jobs[number]
        if "done" in message:
            facts = message["done"]
            fit = Fit(job=replace(job, device=facts.pop("device")), **facts)
        elif "failed" in message:
            fit = Fit(job=job, error=message["failed"])
        else:
            yield job, message
            continue
        yield job, {"fit": record(run, folders[number], fit, stage.judge)}
