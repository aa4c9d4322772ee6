"""Record what a run decided before it trains: the experiment, the environment, the data."""

from dataclasses import asdict

from bakeoff.data.splitting.split_file import save_split
from bakeoff.documents import write_json, write_text
from bakeoff.plan.experiment_file import to_toml
from bakeoff.plan.plan import Plan
from bakeoff.runs.environment import environment
from bakeoff.runs.folder import RunFolder
from bakeoff.train.workers import Workers


def record_plan(folder: RunFolder, plan: Plan, workers: Workers) -> None:
    """Write what is known before training.

    Args:
        folder: Of the run, new.
        plan: What is going to be trained.
        workers: They say what device they train on.
    """
    schema, experiment = plan.dataset.schema, plan.experiment
    reasons = {column.name: column.reason for column in schema.columns}
    text = to_toml(experiment, folder=folder.path, reasons=reasons)
    write_text(folder.experiment, text)
    seeds = range(experiment.seed, experiment.seed + experiment.seeds)
    write_json(folder.environment, environment(workers, seeds))
    write_json(folder.schema, asdict(schema))
    mark = {"sha256": plan.dataset.fingerprint, "rows": len(plan.dataset)}
    write_json(folder.fingerprint, mark)
    leaks = [asdict(finding) for finding in plan.leaks]
    write_json(folder.findings, {"notes": list(plan.notes), "leaks": leaks})
    save_split(plan.split, folder.split, plan.dataset)
    plan.preparation.save(folder.data)
