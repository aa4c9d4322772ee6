"""report.html: one page that stands alone, made from the files of a run folder.

It opens without a network, needs no script, follows the light or dark mode of its reader, prints,
and can be listened to: every figure says in words what it shows. Text from the data is escaped.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cut import cut, cut_middle
from bakeoff.documents import write_text
from bakeoff.evaluate.classification import confusion, per_class
from bakeoff.evaluate.label_cells import per_label
from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.predictions import Predictions
from bakeoff.evaluate.regression import summarise_residuals
from bakeoff.evaluate.token_losses import token_accuracy, token_log_loss
from bakeoff.insight.style import Look
from bakeoff.report import numbers
from bakeoff.report.contents import Contents, read_contents
from bakeoff.report.forecast_pictures import series_part
from bakeoff.report.pictures import MANY_CLASSES, draw_figures, draw_target, frequent_mistakes
from bakeoff.report.sentences import MOST_CLASSES
from bakeoff.report.sweeps import say_sweeps
from bakeoff.runs.folder import RunFolder
from bakeoff.train.job import Job

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

ROW_WORDS = {  # what is judged, where it is not a test row
    "forecast": "test window",
    "step_classes": "test step",
    "step_numbers": "test step",
    "series": "test step",
}
MOST_TEXTS = 20  # that were written
LONGEST_TEXT = 400  # letters of one
MOST_OF_A_PLAN = 200_000  # letters: three thousand lines
PATHS = {  # the markers of the figures, 8 wide around 0
    "o": "M4 0A4 4 0 1 1-4 0A4 4 0 1 1 4 0Z", "^": "M0-4 4 4-4 4Z", "v": "M0 4 4-4-4-4Z",
    "<": "M-4 0 4-4 4 4Z", ">": "M4 0-4-4-4 4Z", "D": "M0-5 5 0 0 5-5 0Z", "d": "M0-5 3 0 0 5-3 0Z",
    "P": "M-1.5-4h3v2.5H4v3H1.5V4h-3V1.5H-4v-3h2.5Z", "s": "M-4-4H4V4H-4Z",
    "X": "M-4-2-2-4 0-2 2-4 4-2 2 0 4 2 2 4 0 2-2 4-4 2-2 0Z",
    "p": "M0-4.5 4.3-1.4 2.6 3.6H-2.6L-4.3-1.4Z", "h": "M0-4.5 3.9-2.2V2.2L0 4.5-3.9 2.2V-2.2Z",
}  # fmt: skip


def write_report(folder: RunFolder) -> Path:
    """Write report.html into a run folder, from its files alone.

    Returns:
        The path of the page.

    Raises:
        DataError: A file of the run is missing or damaged.
        RunError: The page cannot be written there.
    """
    write_text(folder.report, render(read_contents(folder)))
    return folder.report


def leaderboard_html(folder: RunFolder) -> str:
    """Return the verdict and the leaderboard of a run, for a notebook."""
    run = read_contents(folder)
    return page_environment().get_template("notebook.html.j2").render(**leaderboard_part(run))


def page_environment() -> "Environment":
    """Return Jinja2 with our templates and our ways to write numbers; everything is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.globals["numbers"] = numbers
    environment.filters["cut"] = cut
    return environment


def shown(value: Any) -> Any:
    """Return what a template shows, long texts cut; what is markup already is ours."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return cut_middle(value)
    return value


def render(run: Contents) -> str:
    """Return the page."""
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            **leaderboard_part(run),
            name=run.name,
            task=run.task,
            figures=draw_figures(run),
            best=best_part(run),
            targets=[
                {**leaderboard_part(own), "best": best_part(own), "figures": draw_target(own)}
                for own in run.further
            ],
            data=data_part(run),
            texts=texts_part(run),
            recipes=recipes_part(run),
            plan=whole(run.plan),
            environment=environment_part(run.environment),
        )
    )


def whole(text: str) -> "Markup":
    """Return a text that is shown as it stands: a plan may have thousands of lines."""
    from markupsafe import escape

    return escape(cut_middle(text, MOST_OF_A_PLAN))


def leaderboard_part(run: Contents) -> dict[str, Any]:
    """Return what the leaderboard shows."""
    metric = run.verdict.metric
    further = [name for name in METRICS if name in run.rows[0] and name != metric]
    leader = run.verdict.standings[0].model
    return {
        "verdict": run.verdict,
        "metric": metric,
        "rows": run.rows,
        "varied": any(row.get("setting") for row in run.rows),
        "sweeps": say_sweeps(run.rows, run.verdict),
        "row_word": ROW_WORDS.get(run.task, "test row"),
        "further": further,
        "behind": [pair for pair in run.verdict.pairs if pair.better == leader],
        "marks": {label: mark(look) for label, look in run.looks.items()},
        "say_difference": METRICS[metric].say_difference,
        "say_ends": METRICS[metric].say_ends,
    }


def mark(look: Look) -> dict[str, str]:
    """Return a model's marker for the table, as in the pictures."""
    return {"path": PATHS[look.marker], "fill": look.fill, "colour": look.colour}


def best_part(run: Contents) -> dict[str, Any]:
    """Return what is shown of the best model: where it is right, where it is wrong."""
    shown: dict[str, Any] = {"fit": run.verdict.best, "rows": len(run.best)}
    if run.task == "forecast":
        return {**shown, "summary": summarise_residuals(run.best), "series": series_part(run)}
    if run.task in ("regression", "step_numbers", "series"):
        return {**shown, "summary": summarise_residuals(run.best)}
    if run.task == "text":
        return {**shown, "texts": written_part(run.best)}
    if run.task == "multilabel":
        labels = per_label(run.best)
        return {**shown, "classes": labels, "mistakes": [], "many": True, "word": "label"}
    classes, mistakes = per_class(run.best), frequent_mistakes(confusion(run.best))
    return {
        **shown,
        "classes": classes,
        "mistakes": mistakes,
        "many": len(classes) > MANY_CLASSES,
        "word": "class",
    }


def written_part(best: Predictions) -> dict[str, Any]:
    """Return the first texts that were written, beside the true ones, and the perplexity."""
    texts = best.texts if best.texts is not None else np.zeros(0, object)
    written = np.flatnonzero(texts != np.array(None))[:MOST_TEXTS].tolist()
    return {
        "log_loss": token_log_loss(best),
        "perplexity": float(np.exp(token_log_loss(best))),
        "accuracy": token_accuracy(best),
        "rows": [
            {
                "row": int(best.rows[i]),
                "truth": cut(str(best.truth[i]), LONGEST_TEXT),
                "written": cut(str(texts[i]), LONGEST_TEXT),
                "loss": float(best.scores[i, 0] / best.scores[i, 1]),
            }
            for i in written
        ],
    }


def data_part(run: Contents) -> dict[str, Any]:
    """Return what is shown of the data: columns, split, findings and notes."""
    parts = run.split.sizes
    jobs = [job for own in run.jobs.values() for job in own if job.recipe]
    batch_size = int(jobs[0].recipe["batch_size"]) if jobs else 0
    training = run.split.classes.get("train", {})
    largest = sorted(training, key=lambda name: -training[name])[:MOST_CLASSES]
    classes = [name for name in training if name in largest]
    table = [
        {
            "name": part,
            "rows": rows,
            "batches": -(-rows // batch_size) if batch_size else 0,
            "classes": [run.split.classes.get(part, {}).get(name, 0) for name in classes],
        }
        for part, rows in parts.items()
    ]
    return {
        "table": table,
        "batch_size": batch_size,
        "classes": classes,
        "fewer": len(training) if len(training) > len(classes) else 0,
        "columns": run.schema.columns,
        "inputs": set(run.schema.inputs),
        "targets": set(run.schema.targets),
        "rows": sum(parts.values()),
        "parts": parts,
        "how": run.split.how,
        "findings": [finding.message for finding in run.findings["leaks"]],
        "notes": run.findings["notes"],
    }


def texts_part(run: Contents) -> dict[str, Any]:
    """Return the texts that are shown: rows that were learned from, and the worst errors."""
    examples = run.examples
    if examples is None or examples.kind != "texts":
        return {"train": [], "worst": []}
    return {
        part: [example for example, _ in getattr(examples, part)] for part in ("train", "worst")
    }


def recipes_part(run: Contents) -> dict[str, Any]:
    """Return settings that all networks share, and what each model has of its own."""
    first = {label: jobs[0] for label, jobs in run.jobs.items() if jobs}
    recipes = [job.recipe for job in first.values() if job.recipe]
    shared = {
        key: value
        for key, value in (recipes[0] if recipes else {}).items()
        if all(recipe.get(key) == value for recipe in recipes)
    }
    own = {
        label: {**{k: v for k, v in job.recipe.items() if k not in shared}, **job.arguments}
        for label, job in first.items()
    }
    return {
        "shared": {key: plain(value) for key, value in shared.items()},
        "own": {label: settings_text(settings) for label, settings in own.items()},
        "architectures": {label: architecture_text(job) for label, job in first.items()},
    }


def architecture_text(job: Job) -> str:
    """Say what a model is made of: of a network, what reads each of its inputs.

    Example: "network: cnn (picture), mlp (columns)".
    """
    parts = []
    for name, branch in job.branches.items():
        seen = branch["view"].rpartition("/")[0] or ("" if len(job.branches) == 1 else name)
        page = branch.get("architecture") or f"as {branch['shared']}"
        parts.append(f"{page} ({cut(seen)})" if seen else page)
    return f"{job.architecture}: {', '.join(parts)}" if parts else job.architecture


def settings_text(settings: Mapping[str, Any]) -> str:
    """Write settings as they would be typed."""
    return ", ".join(f"{key}={plain(value)}" for key, value in settings.items())


def plain(value: Any) -> str:
    """Write a value as in TOML: true, [1, 2], "text" without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def environment_part(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the machine and the versions as lines of text."""
    shown = {}
    for key, value in environment.items():
        if key == "format" or value in ("", 0, None, {}, []):
            continue
        if key == "command" and isinstance(value, Sequence) and not isinstance(value, str):
            shown[key] = shlex.join(map(str, value))
        elif isinstance(value, Mapping):
            shown[key.replace("_", " ")] = ", ".join(f"{k} {plain(v)}" for k, v in value.items())
        else:
            shown[key.replace("_", " ")] = plain(value)
    return shown
