"""What a run writes down before it trains: the experiment, the environment, the data's records."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bakeoff.data.splitting.split_file import save_split
from bakeoff.plan.experiment_file import to_toml
from bakeoff.runs.folder import FORMAT, environment, write_json
from bakeoff.plan.plan import Plan


def record_plan(folder: Path, plan: Plan, place: dict[str, Any], workers: int) -> None:
    """Write what is known before training: the experiment, the environment, the data's records."""
    schema, experiment = plan.dataset.schema, plan.experiment
    reasons = {column.name: column.reason for column in schema.columns}
    text = to_toml(experiment, folder=folder, reasons=reasons)
    (folder / "bakeoff.toml").write_text(text, "utf-8")
    seeds = range(experiment.seed, experiment.seed + experiment.seeds)
    write_json(folder / "environment.json", environment(place, workers, seeds))
    write_json(folder / "data" / "schema.json", {"format": FORMAT, **asdict(schema)})
    mark = {"sha256": plan.dataset.fingerprint, "rows": len(plan.dataset)}
    write_json(folder / "data" / "fingerprint.json", {"format": FORMAT, **mark})
    findings = {
        "notes": [*plan.dataset.notes, *plan.preparation.notes, *plan.notes],
        "leaks": [asdict(finding) for finding in plan.findings],
    }
    write_json(folder / "data" / "findings.json", {"format": FORMAT, **findings})
    save_split(plan.split, folder / "data" / "split.parquet", plan.dataset)
    plan.preparation.save(folder / "data")
