"""What the screen says of data, split, plan and result, a sentence each."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import is_missing
from bakeoff.data.assembling.pictures import PICTURES
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.rhythm import rhythm_of, stamps_after, stamps_moved
from bakeoff.data.columns.step_target import classes_of_steps
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import SeriesForm, ShapeForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.reading.bundled import EVERY_NAME
from bakeoff.data.reading.held_pictures import HELD
from bakeoff.data.reading.text_folders import CLASS, FILE, TEXT
from bakeoff.data.splitting.split import PARTS
from bakeoff.listed import listed
from bakeoff.plan.plan import Plan
from bakeoff.plan.probe import fit_seconds
from bakeoff.report import numbers
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.read_schema import read_schema

MOST_CLASSES = 12  # up to here each class is counted


def about_data(dataset: Dataset) -> str:
    """Say how many rows and inputs there are, and what is to be predicted."""
    if (series := dataset.schema.series) is not None and series.horizon:
        return about_series(dataset, series)
    inputs = [dataset.schema.column(name) for name in dataset.schema.inputs]
    kinds = Counter(column.kind for column in inputs)
    counted = listed([numbers.count(n, KINDS[kind].counted) for kind, n in kinds.items()])
    rows = numbers.count(len(dataset), "row")
    if (long := dataset.schema.long) is not None:
        rows = f"{numbers.count(len(dataset), 'sequence')}, one per {cut(long.sequence)}"
        counted = numbers.count(long.width, "channel")
    told = [f"{cut(own.target)} ({about_target(own)})" for own in dataset.by_target]
    text = f"{rows}: {counted}, {'targets' if len(told) > 1 else 'target'} {listed(told)}"
    missing = {column.name: column.missing for column in inputs if column.missing}
    if missing:
        cells = numbers.count(sum(missing.values()), "missing cell")
        text += f" · {cells} in {listed(list(missing), most=4)}"
    return text


def about_series(dataset: Dataset, form: SeriesForm) -> str:
    """Say how many steps there are, from when to when, and which windows are made of them.

    Example: "17,420 steps, every hour, 2016-07-01 to 2018-06-26: 17,301 windows of 96 steps, 24
    ahead, 7 channels, target OT".
    """
    windows, times = dataset.arrays[dataset.schema.inputs[0]], dataset.origin.times
    rhythm = rhythm_of(form)
    steps = [numbers.count(len(windows.steps), "step")]
    if windows.series is not None and len(windows.names) > 1:
        steps.append(numbers.count(len(windows.names), "series"))
    steps.append(str(rhythm) if form.step or form.months else "at irregular times")
    if times is not None and len(times):
        first = stamps_moved(times.min(), -form.lookback, rhythm) if form.step else times.min()
        last = stamps_after(np.array([times.max()]), form.horizon - 1, rhythm)[0]
        steps.append(f"{say_time(first)} to {say_time(last[-1] if len(last) else times.max())}")
    ahead = f"{numbers.count(form.lookback, 'step')}, {form.horizon:,} ahead"
    made = f"{numbers.count(len(windows), 'window')} of {ahead}"
    channels = numbers.count(form.width, "channel")
    names = [cut(name) for name in dataset.schema.targets]
    word = "targets" if len(names) > 1 else "target"
    return f"{', '.join(steps)}: {made}, {channels}, {word} {listed(names)}"


def say_time(time: Any) -> str:
    """Write the day of a stamp, or a number."""
    if np.asarray(time).dtype.kind == "M":
        return str(np.datetime_as_string(np.datetime64(time, "us"), unit="D"))
    return f"{float(time):,.6g}"


def about_target(dataset: Dataset) -> str:
    """Say what the target is: binary, 39 % yes; 10 classes; a number."""
    task, values = dataset.schema.tasks[dataset.target], dataset.arrays[dataset.target]
    if len(dataset) and not isinstance(values, Sequences):
        values = values[~is_missing(values)]
    if task == "regression":
        return f"a number from {numbers.short(values.min())} to {numbers.short(values.max())}"
    if task == "multilabel":
        each = np.nansum(values, axis=1).mean()
        return f"{numbers.count(values.shape[1], 'label')}, {each:.2f} a row"
    if task == "text":
        return "a text"
    if task == "step_classes":
        return f"{len(set(classes_of_steps(values, dataset.schema)))} classes, one of each step"
    if task == "step_numbers":
        return "a number of each step"
    if task == "series":
        return f"a series of {values.shape[1]:,} numbers"
    if task == "binary":
        positive = dataset.schema.positive[dataset.target]
        return f"binary, {100 * (values == positive).mean():.0f} % {cut(positive)}"
    return f"{len(set(values.tolist()))} classes"


def about_classes(
    table: Mapping[str, Mapping[str, Any]], *, word: str = "class", of: str = "row"
) -> str:
    """Say how many rows of each class or label the parts have; nothing for a regression.

    Args:
        table: Part -> {"rows": n, "classes": {class: n}}, as `counts` makes it.
        word: What they are.
        of: What is counted: rows, or steps.
    """
    classes = table["train"]["classes"]
    if not classes:
        return ""
    if len(classes) <= MOST_CLASSES:
        shares = [
            f"{cut(name)} " + "/".join(str(table[part]["classes"].get(name, 0)) for part in PARTS)
            for name in classes
        ]
        return f"{of}s per {word}: " + " · ".join(shares)
    least = min(classes, key=lambda name: classes[name])
    size = numbers.count(classes[least], f"training {of}")
    return f"{numbers.count(len(classes), word)}; the smallest, {cut(least)}, has {size}"


def about_models(plan: Plan) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, framework, view, parameters and seconds of a fit, for each line of the plan."""
    seconds = fit_seconds(plan)
    for job in {job.line: job for job in reversed(plan.jobs)}.values():
        size = numbers.count(plan.probed[job.line].parameters) if job.recipe else numbers.DASH
        time = f"about {numbers.duration(seconds[job.line])} a fit" if job.recipe else "baseline"
        view = "unscaled" if job.view == "plain" else job.view  # as baselines want it
        yield job.model, job.framework, view, size, time


def about_place(place: Mapping[str, Any], workers: int) -> str:
    """Say where training runs: 2 cores, or the GPU's name and memory."""
    if place["device"] == "cpu":
        return numbers.count(workers, "core")
    name = place["name"] or place["device"]
    return f"{name}, {place['memory'] / 2**30:.0f} GB" if place["memory"] else name


HOLD_LISTS = (
    ".parquet",
    ".jsonl",
    ".ndjson",
    ".json",
    ".ts",
)  # files of tables whose cells may be lists
HOLD_ARRAYS = (".h5", ".hdf5", ".mat")


def ways_on(folder: RunFolder) -> list[str]:
    """Return where to go from a finished run: the report, and a prediction that works as typed."""
    report = Path(folder.shown, folder.report.name)
    return [str(report), f"bakeoff predict {folder.shown} {new_data(folder)}"]


def new_data(folder: RunFolder) -> str:
    """Say what `bakeoff predict` takes: the named set itself, or data of the same make."""
    given = tomllib.loads(folder.experiment.read_text("utf-8")).get("data", {})
    source = given.get("path", "")
    if source in EVERY_NAME:
        return str(source)
    schema = read_schema(folder)
    names = [column.name for column in schema.columns]
    always = ("file", "image", "class")
    if names == [name for name in PICTURES if name in (*always, *names)]:
        return "NEW_PICTURES"
    if names == [FILE, TEXT, CLASS]:
        return "NEW_TEXTS"
    if schema.long is not None and not given.get("sequence"):
        return "NEW_FOLDER"  # whose files are the sequences
    tabled = schema.long is not None or schema.series is not None
    shaped = isinstance(schema.column(schema.inputs[0]).form, ShapeForm) and not tabled
    ending = Path(str(source)).suffix.lower()
    if any(column.reason == HELD for column in schema.columns):
        return "NEW_DATA.parquet"
    if shaped and ending in (*HOLD_LISTS, *HOLD_ARRAYS):
        return f"NEW_DATA{ending}"
    form = schema.column(schema.inputs[0]).form
    wide = isinstance(form, ShapeForm) and form.wide is not None
    arrays = shaped and not wide and len(names) == 2 and ending in ("", ".npz", ".npy")
    return "NEW_DATA.npz" if arrays else "NEW_DATA.csv"
