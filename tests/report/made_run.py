"""A run folder made of random numbers, written with the writers that a real run uses."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from bakeoff.catalog import find
from bakeoff.data.columns.column import Schema
from bakeoff.data.dataset import Dataset
from bakeoff.data.origin import origin_of
from bakeoff.data.splitting.leaks import Finding
from bakeoff.data.splitting.split import Split
from bakeoff.data.splitting.split_file import save_split
from bakeoff.documents import write_json
from bakeoff.evaluate.metrics import METRICS, score
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.entry import Entry
from bakeoff.judge.leaderboard import make_leaderboard, write_leaderboard
from bakeoff.judge.verdict import reach_verdict, write_verdict
from bakeoff.runs.folder import RunFolder
from bakeoff.train.job import Fit, Job
from bakeoff.train.recipe import Recipe

RECIPE = asdict(Recipe(batch_size=32, epochs=200, patience=16))


def make_run(
    folder: Path,
    *,
    classes: tuple[str, ...] = ("no", "yes"),
    models: tuple[str, ...] = ("mlp", "lstm", "linear", "constant"),
    seeds: int = 2,
    rows: int = 120,
    target: str = "potable",
    columns: tuple[str, ...] = ("ph", "hardness"),
    failing: str = "",
    evil: str = "",
) -> Path:
    """Write a finished run.

    Args:
        classes: Of the target; none makes it a regression.
        failing: A model of which every fit failed.
        evil: Text put wherever a user's own text can stand.
    """
    draw = np.random.default_rng(0)
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    metric = METRICS["accuracy" if classes else "r2"]
    truth = draw.integers(0, len(classes), rows) if classes else draw.normal(2e5, 6e4, rows)
    entries, run = [], RunFolder(folder)
    for place, name in enumerate(models):
        baseline = find(name).role == "baseline"
        for seed in range(1 if baseline else seeds):
            job = Job(
                model=name,
                architecture=name,
                framework="sklearn" if baseline else "torch",
                seed=seed,
                view=find(name).reads[0],
                arguments={} if baseline else {"hidden_sizes": [64, 32]},
                recipe={} if baseline else RECIPE,
                task=task,
                num_classes=len(classes),
            )
            error = f"loss is nan {evil}" if name == failing else ""
            test = predictions(draw, truth, classes, target, skill=1.6 - 0.35 * place)
            fit = Fit(
                job=job,
                parameters=0 if name == "constant" else 5_000 * (place + 1),
                history=() if baseline else history(draw, place),
                best_epoch=0 if baseline else 12,
                train_seconds=0.4 + place,
                predict_microseconds=2.5 * place,
                error=error,
            )
            validation = None if error else score(metric, test) + 0.01
            left = run.fit_of(job)
            left.write(fit, validation)
            if not error:
                left.write_predictions(test)
            entries.append(
                Entry(
                    model=name,
                    framework=job.framework,
                    seed=seed,
                    architecture=name,
                    baseline=baseline,
                    seedless=baseline,
                    parameters=fit.parameters,
                    epochs=None if baseline else len(fit.history),
                    validation=validation,
                    train_seconds=fit.train_seconds,
                    predict_microseconds=fit.predict_microseconds,
                    error=error,
                    predictions=None if error else test,
                )
            )
    verdict = reach_verdict(entries, metric)
    write_verdict(verdict, run)
    write_leaderboard(make_leaderboard(entries, verdict), run)
    write_data(folder, rows, target, columns, task, classes, evil)
    run.mark("finished")
    return folder


def predictions(draw, truth, classes, target, *, skill):
    """Guess better the greater the skill."""
    common = {"target": target, "rows": np.arange(len(truth))}
    if not classes:
        spread = truth.std() / (1 + skill)
        return Predictions(**common, truth=truth, scores=truth + draw.normal(0, spread, len(truth)))
    raw = draw.normal(size=(len(truth), len(classes)))
    raw[np.arange(len(truth)), truth] += skill
    powers = np.exp(raw)
    return Predictions(
        **common,
        truth=np.array(classes, dtype=object)[truth],
        scores=powers / powers.sum(1, keepdims=True),
        classes=classes,
        positive=classes[1] if len(classes) == 2 else None,
    )


def history(draw, place):
    """Make a history that overfits from about epoch 15 on."""
    rows = []
    for epoch in range(1, int(draw.integers(22, 40))):
        train = 0.6 * np.exp(-epoch / (6 + 2 * place)) + 0.1 + 0.03 * place + draw.normal(0, 0.006)
        held_out = train + 0.04 + 0.0004 * epoch**1.6 + draw.normal(0, 0.008)
        rows.append(
            {
                "epoch": epoch,
                "train_loss": float(train),
                "validation_loss": float(held_out),
                "validation_metric": float(1 - held_out / 2),
                "lr": 0.001,
                "seconds": 0.1,
                "rows_per_second": 12_000.0,
            }
        )
    return tuple(rows)


def write_data(folder, rows, target, columns, task, classes, evil):
    """Write data/, bakeoff.toml and environment.json."""
    about = [
        {"name": name, "kind": "number", "reason": f"numbers from 0 to 14 {evil}", "missing": 7}
        for name in columns
    ]
    about.append({"name": target, "kind": "binary", "reason": "0 or 1", "missing": 0})
    schema = {
        "columns": [{**column, "distinct": 321, "form": None} for column in about],
        "inputs": list(columns),
        "targets": [target],
        "tasks": {target: task},
        "positive": {target: classes[1]} if len(classes) == 2 else {},
    }
    write_json(folder / "data" / "schema.json", schema)
    message = f"3 of 120 test rows have the inputs of a training row {evil}"
    leak = Finding(kind="duplicates", message=message, part="test", count=3, rows=(1, 2, 3))
    findings = {"leaks": [asdict(leak)]}
    notes = [f"id: left out, it counts rows {evil}."]
    write_json(folder / "data" / "findings.json", {**findings, "notes": notes})
    one = Schema(columns=(), inputs=(), targets=(target,), tasks={target: task})
    origin = origin_of({"train": 6 * rows}, {})
    values = np.resize(np.array(classes or (0.0,)), 6 * rows)
    dataset = Dataset(schema=one, arrays={target: values}, origin=origin, source="water.csv")
    split = Split(
        train=np.arange(rows, 5 * rows),
        validation=np.arange(5 * rows, 6 * rows),
        test=np.arange(rows),
        method="random",
        how="random, stratified, seed 0",
        seed=0,
    )
    save_split(split, folder / "data" / "split.parquet", dataset)
    text = f'format = 2\n\n[data]\npath = "water.csv"  # {evil}\ntarget = ["{target}"]\n'
    (folder / "bakeoff.toml").write_text(text, "utf-8")
    environment = {
        "started": "2026-05-04T10:00:00+00:00",
        "command": ["bakeoff", "run", f"water {evil}.csv"],
        "python": "3.11.7",
        "system": "Linux x86_64",
        "processor": "a processor",
        "memory_bytes": 8 * 10**9,
        "cores": 2,
        "workers": 2,
        "threads_per_worker": 1,
        "device": "cpu",
        "device_name": "",
        "device_memory_bytes": 0,
        "seeds": [0, 1],
        "versions": {"bakeoff": "0.1.0", "torch": "2.13.0"},
    }
    write_json(folder / "environment.json", environment)
