"""Record what a run decided before it trains: the experiment, the environment, the data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bakeoff.documents import write_json
from bakeoff.plan.experiment_file import to_toml
from bakeoff.plan.plan import Plan
from bakeoff.runs.environment import environment
from bakeoff.runs.folder import RunFolder


def record_plan(folder: RunFolder, plan: Plan, place: Mapping[str, Any], workers: int) -> None:
    """Write what is known before training.

    Args:
        folder: Of the run, new.
        plan: What is going to be trained.
        place: What the first worker says of its device.
        workers: How many there are.
    """
    schema, experiment = plan.dataset.schema, plan.experiment
    reasons = {column.name: column.reason for column in schema.columns}
    text = to_toml(experiment, folder=folder.path, reasons=reasons)
    folder.experiment.write_text(text, "utf-8")
    seeds = range(experiment.seed, experiment.seed + experiment.seeds)
    write_json(folder.environment, environment(place, workers, seeds))
    write_json(folder.schema, asdict(schema))
    mark = {"sha256": plan.dataset.fingerprint, "rows": len(plan.dataset)}
    write_json(folder.fingerprint, mark)
    leaks = [asdict(finding) for finding in plan.findings]
    write_json(folder.findings, {"notes": list(plan.notes), "leaks": leaks})
    plan.split.save(folder.split)
    plan.preparation.save(folder.data)
