"""Build the model of a job: a page, or several joined by `network`; or a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bakeoff.baselines.baseline import Baseline
from bakeoff.baselines.per_label import PerLabel
from bakeoff.baselines.per_step import PerStep
from bakeoff.baselines.per_target import Part, PerTarget
from bakeoff.baselines.token_shares import TokenShares
from bakeoff.catalog import Row, find, load, parameters
from bakeoff.data.taking.views import View, joined
from bakeoff.train.head import heads_of
from bakeoff.train.job import Job, tuples

OF_STEPS = {"step_classes": "multiclass", "step_numbers": "regression"}  # of a single step


def build_model(job: Job, sizes: Mapping[str, Any], framework: str = "") -> Any:
    """Build the network of a job, its weights drawn anew.

    Args:
        job: What is trained.
        sizes: Of the view that it sees; of several inputs those of each, by name.
        framework: "torch", "tensorflow" or "jax"; "": that of the job.

    Raises:
        ValueError: The arguments do not go with each other, or with the data.
    """
    framework, row = framework or job.framework, find(job.architecture)
    page = load(row, framework)
    if not job.branches:
        return page(**page_arguments(job, sizes))
    encoders = {
        name: load(find(branch["architecture"]), framework)(**branch_arguments(branch, sizes[name]))
        for name, branch in job.branches.items()
        if not branch.get("shared")
    }
    heads = {head.target: head.out_features for head in heads_of(job)}
    heads = heads or {"target": job.out_features}
    shared = {n: own for n, branch in job.branches.items() if (own := branch.get("shared"))}
    return page(encoders, heads, shared=shared, **tuples(dict(job.arguments)))


def page_arguments(job: Job, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a page: what follows from the data, then what is asked for.

    Args:
        job: What is trained.
        sizes: Of the view that it sees.
    """
    row = find(job.architecture)
    taken = sizes_for(row, sizes)
    if row.predicts == "steps" or job.task == "text":
        taken["out_steps"] = job.horizon
    if job.task == "text":
        taken["token_targets"] = True
    elif job.per_step:
        taken["per_step"] = True
    return dict(tuples({**taken, "out_features": job.out_features, **job.arguments}))


def branch_arguments(branch: Mapping[str, Any], sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a page that reads one of several inputs: it has no head."""
    taken = sizes_for(find(branch["architecture"]), sizes)
    return dict(tuples({**taken, "out_features": 0, **branch.get("arguments", {})}))


def sizes_for(row: Row, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes that an architecture takes.

    Sizes of categories go to pages that take categories, steps to pages that write steps.
    """
    left = {"out_steps"}
    left |= set() if "categories" in row.takes else {"category_sizes"}
    left |= set() if "num_pairs" in parameters(row) else {"num_pairs"}
    left |= set() if row.predicts == "steps" and "in_steps" in parameters(row) else {"in_steps"}
    return {name: size for name, size in sizes.items() if name not in left}


def build_baseline(job: Job, sizes: Mapping[str, Any]) -> Baseline:
    """Build the baseline of a job.

    Args:
        job: What is fitted.
        sizes: Of the view that it sees.
    """
    row = find(job.architecture)
    arguments = tuples(dict(job.arguments))
    if "categories" in row.takes:
        arguments = {"category_sizes": tuple(sizes.get("category_sizes", ())), **arguments}
    if row.predicts == "steps":
        arguments = {"steps": job.horizon, **arguments}
    page = load(row, "torch")
    if job.task == "series" and (job.heads or row.name != "constant"):
        return PerTarget([step_part(page, arguments)] * num_values(job))
    if job.heads and job.task != "forecast":
        return PerTarget(parts_of(job, page, arguments))
    return new_baseline(page, job.task, job.num_classes, arguments)


def stored_baseline(job: Job, arrays: Mapping[str, np.ndarray]) -> Baseline:
    """Make the baseline of a job again of its arrays.

    Raises:
        ValueError: They do not make a model of this task.
    """
    page = load(find(job.architecture), "torch")
    if job.task == "series" and (job.heads or find(job.architecture).name != "constant"):
        parts = [step_part(page, {})] * num_values(job)
        return PerTarget.from_state(arrays, parts, num_values(job))
    if job.heads and job.task != "forecast":
        return PerTarget.from_state(arrays, parts_of(job, page, {}), len(job.heads))
    return restored_baseline(page, job.task, job.num_classes, arrays)


def parts_of(job: Job, page: Any, arguments: Mapping[str, Any]) -> list[Part]:
    """Return what is to be known of each of several targets to fit a baseline to it."""
    return [
        Part(
            make=partial(new_baseline, page, head.task, head.num_classes, arguments),
            restore=partial(restored_baseline, page, head.task, head.num_classes),
            columns=head.columns,
            classes=head.task in ("binary", "multiclass"),
        )
        for head in heads_of(job)
    ]


def step_part(page: Any, arguments: Mapping[str, Any]) -> Part:
    """Return what is to be known of one step of a series to fit a baseline to it."""
    return Part(
        make=partial(new_baseline, page, "regression", 0, arguments),
        restore=partial(restored_baseline, page, "regression", 0),
        columns=1,
        classes=False,
    )


def num_values(job: Job) -> int:
    """Count the numbers of a row: of each step of each series."""
    return job.horizon * max(1, len(job.heads))


def new_baseline(page: Any, task: str, num_classes: int, arguments: Mapping[str, Any]) -> Baseline:
    """Build a baseline of one target."""
    if task == "multilabel":
        return PerLabel(lambda: page("binary", 2, **arguments), num_classes)
    if task == "text":
        return TokenShares(num_classes)
    if task in OF_STEPS:
        return PerStep(page(OF_STEPS[task], num_classes, **arguments))
    model: Baseline = page(task, num_classes, **arguments)
    return model


def restored_baseline(
    page: Any, task: str, num_classes: int, arrays: Mapping[str, np.ndarray]
) -> Baseline:
    """Make a baseline of one target again of its arrays."""
    if task == "multilabel":
        return PerLabel.from_state(arrays, page, num_classes)
    if task == "text":
        return TokenShares.from_state(arrays, task, num_classes)
    if task in OF_STEPS:
        return PerStep.from_state(arrays, page.from_state, num_classes)
    model: Baseline = page.from_state(arrays, task, num_classes)
    return model


def view_of(job: Job, views: Mapping[str, View]) -> View:
    """Return the view that a job sees: one of those there are, or those of its branches joined.

    Raises:
        ValueError: There is no such view, as in a damaged file.
    """
    seen = [branch["view"] for branch in job.branches.values()] or [job.view]
    if not set(seen) <= set(views):
        raise ValueError(f"no view {', '.join(sorted(set(seen) - set(views)))} of these data.")
    if not job.branches:
        return views[job.view]
    return joined({name: views[branch["view"]] for name, branch in job.branches.items()})
