"""From what a run decided to the lines that a person reads, and to one JSON document."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.leaks import Finding, sentence
from bakeoff.data.splitting.split import PARTS, Split, counts
from bakeoff.documents import read_json
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.plan.plan import Plan, first_jobs, guesses
from bakeoff.report import numbers
from bakeoff.report.screen import Screen
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Probed
from bakeoff.train.job import Line


def tell_data(screen: Screen, dataset: Dataset, *, columns: bool = False) -> None:
    """Say what was read and what was decided about it."""
    inputs = [dataset.schema.column(name) for name in dataset.schema.inputs]
    screen.data(
        rows=len(dataset),
        kinds=Counter(column.kind for column in inputs),
        target=dataset.target,
        about=about_target(dataset),
        missing={column.name: column.missing for column in inputs if column.missing},
    )
    if columns:
        screen.columns(
            [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "reason": column.reason,
                    "missing": column.missing,
                }
                for column in dataset.schema.columns
            ]
        )
    screen.notes(dataset.notes)


def about_target(dataset: Dataset) -> str:
    """Say what the target is: binary, 39 % yes; 10 classes; a number."""
    task, values = dataset.schema.tasks[dataset.target], dataset.arrays[dataset.target]
    if task == "regression":
        return f"a number from {numbers.short(values.min())} to {numbers.short(values.max())}"
    if task == "binary":
        positive = dataset.schema.positive[dataset.target]
        return f"binary, {100 * (values == positive).mean():.0f} % {positive}"
    return f"{len(set(values.tolist()))} classes"


def tell_split(screen: Screen, dataset: Dataset, split: Split) -> None:
    """Say how many rows, and of which class, each part has."""
    table = counts(dataset, split)
    screen.split(parts={part: table[part]["rows"] for part in PARTS}, how=split.how)
    names = list(table["train"]["classes"])
    if 0 < len(names) <= 12:
        shares = [
            f"{name} " + "/".join(str(table[part]["classes"].get(name, 0)) for part in PARTS)
            for name in names
        ]
        screen.line("", "rows per class: " + " · ".join(shares), style="dim")
    elif names:
        least = min(names, key=lambda name: table["train"]["classes"][name])
        rows = table["train"]["classes"][least]
        size = numbers.count(rows, "training row")
        text = f"{len(names)} classes; the smallest, {least}, has {size}"
        screen.line("", text, style="dim")


def tell_checks(screen: Screen, findings: tuple[Finding, ...]) -> None:
    """Say what the leak checks found."""
    screen.checks(sentence(findings), found=bool(findings))


def tell_plan(
    screen: Screen,
    plan: Plan,
    *,
    place: Mapping[str, Any],
    workers: int,
    seconds: float,
    probed: Mapping[Line, Probed],
    models: bool = False,
) -> None:
    """Say what is going to be trained, where, and for how long."""
    screen.notes([*plan.preparation.notes, *plan.left_out])
    screen.plan(
        models=len(plan.models),
        seeds=plan.experiment.seeds,
        frameworks=plan.experiment.frameworks,
        place=say_place(place, workers),
        seconds=seconds,
    )
    if models:
        screen.models(list(planned(plan, probed)))


def planned(plan: Plan, probed: Mapping[Line, Probed]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, framework, view, weights and seconds of a fit, one for each line of the plan."""
    seconds = guesses(plan, probed)
    for job in first_jobs(plan):
        size = numbers.count(probed[job.line].parameters) if job.recipe else numbers.DASH
        time = f"about {numbers.duration(seconds[job.line])} a fit" if job.recipe else "baseline"
        yield job.model, job.framework, job.view, size, time


def say_place(place: Mapping[str, Any], workers: int) -> str:
    """Say where training runs: 2 cores, or the GPU's name and memory."""
    if place["device"] == "cpu":
        return numbers.count(workers, "core")
    name = place["name"] or place["device"]
    return f"{name}, {place['memory'] / 2**30:.0f} GB" if place["memory"] else name


def tell_result(screen: Screen, folder: RunFolder, show: str) -> None:
    """Print the leaderboard and the verdict, or the whole as one JSON document."""
    verdict = read_json(folder.verdict)
    if show == "json":
        rows = read_leaderboard(folder).to_dicts()
        document = {"run": str(folder.path), "leaderboard": rows, "verdict": verdict}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    screen.leaderboard(read_leaderboard(folder).to_dicts())
    screen.verdict(
        sentence=verdict["sentence"],
        would_change_it=verdict["would_change_it"],
        warnings=verdict["warnings"],
        ways_on=[str(folder.report), f"bakeoff predict {folder.path} NEW_DATA"],
    )
