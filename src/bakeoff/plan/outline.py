"""The outline of a plan in plain values, for a program to read: `--dry-run --json`."""

from dataclasses import asdict
from typing import Any

from bakeoff.data.splitting.split import counts
from bakeoff.plan.plan import Plan
from bakeoff.plan.probe import run_seconds
from bakeoff.plan.shorter import shorter


def outline(plan: Plan, num_workers: int) -> dict[str, Any]:
    """Return what is going to be trained, on what, and for how long.

    Args:
        plan: A plan that was probed.
        num_workers: How many fits are made at once.
    """
    first = {job.line: job for job in reversed(plan.jobs)}
    less = shorter(plan, num_workers)
    return {
        "rows": len(plan.dataset),
        "target": plan.dataset.target,
        **({"targets": list(plan.metrics)} if len(plan.metrics) > 1 else {}),
        "task": plan.preparation.task,
        "metric": plan.metric.name,
        "columns": [asdict(column) for column in plan.dataset.schema.columns],
        "split": {"how": plan.split.how, **counts(plan.dataset, plan.split)},
        "checks": [asdict(finding) for finding in plan.leaks],
        "notes": list(plan.notes),
        "models": [
            {
                "model": job.model,
                "framework": job.framework,
                "architecture": job.architecture,
                "reads": job.view,
                "parameters": plan.probed[line].parameters if job.recipe else None,
            }
            for line, job in reversed(first.items())
        ],
        "fits": len(plan.jobs),
        "device": plan.experiment.device,
        "seconds": round(run_seconds(plan, num_workers), 1),
        "shorter": asdict(less) if less else None,
    }
