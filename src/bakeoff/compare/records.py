"""What a run writes down before it trains: the experiment, the environment, the data's records."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bakeoff.compare.experiment_file import to_toml
from bakeoff.compare.folder import environment, write_json
from bakeoff.compare.stage import Stage


def record_plan(folder: Path, stage: Stage, place: dict[str, Any], workers: int) -> None:
    """Write what is known before training: the experiment, the environment, the data's records."""
    schema, experiment = stage.dataset.schema, stage.experiment
    reasons = {column.name: column.reason for column in schema.columns}
    text = to_toml(experiment, folder=folder, reasons=reasons)
    (folder / "bakeoff.toml").write_text(text, "utf-8")
    seeds = range(experiment.seed, experiment.seed + experiment.seeds)
    write_json(folder / "environment.json", environment(place, workers, seeds))
    write_json(folder / "data" / "schema.json", {"format": 1, **asdict(schema)})
    mark = {"sha256": stage.dataset.fingerprint, "rows": len(stage.dataset)}
    write_json(folder / "data" / "fingerprint.json", {"format": 1, **mark})
    findings = {
        "notes": [*stage.dataset.notes, *stage.preparation.notes, *stage.notes],
        "leaks": [asdict(finding) for finding in stage.findings],
    }
    write_json(folder / "data" / "findings.json", {"format": 1, **findings})
    stage.split.save(folder / "data" / "split.parquet")
    stage.preparation.save(folder / "data")
