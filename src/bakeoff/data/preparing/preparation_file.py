"""Preparation file: what was learned from the training rows, written, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from bakeoff.build import Absent, build_fields, hints_of
from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.columns.column import Column, Schema, Task, schema_from_dict, schema_to_dict
from bakeoff.data.forms import ShapeForm, StepsForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.preparing.goal import Goal
from bakeoff.data.preparing.numbers import Numbers
from bakeoff.data.preparing.pixels import Pixels
from bakeoff.data.preparing.preparation import TRANSFORMS, Preparation, forecasts
from bakeoff.data.preparing.scale import Scale
from bakeoff.data.preparing.series_steps import SeriesSteps
from bakeoff.data.preparing.steps import Steps
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.text_components import TextComponents
from bakeoff.data.preparing.transform import Transform, check_widths
from bakeoff.documents import read_arrays, read_json, reading, write_json, writing
from bakeoff.errors import DataError, unknown

DOCUMENT = {  # the fields of transforms.json
    "schema": Mapping[str, Any],
    "task": Task,
    "classes": tuple[str, ...],
    "transforms": Mapping[str, Mapping[str, Any]],
    "notes": tuple[str, ...],
    "further": Annotated[Mapping[str, Mapping[str, Any]], Absent({})],  # came with several targets
}


def save_preparation(preparation: Preparation, folder: Path) -> None:
    """Write transforms.json and transforms.safetensors."""
    from safetensors.numpy import save_file

    arrays: dict[str, Array] = {}
    goals = preparation.goals
    named: dict[str, Transform | None] = {
        **{f"column.{name}": t for name, t in preparation.transforms.items()},
        **{f"components.{name}": t for name, t in preparation.components.items()},
        **{summaries_of(name, preparation.schema): t for name, t in preparation.summaries.items()},
        **{scale_of(name, preparation.schema): own.scale for name, own in goals.items()},
        **{f"target.{name}": own.text for name, own in goals.items()},
    }
    states = {}
    for name, transform in named.items():
        if transform is not None:
            state = {"class": type(transform).__name__}
            for key, value in transform.state().items():
                if isinstance(value, np.ndarray):
                    arrays[f"{name}/{key}"] = np.ascontiguousarray(value)
                else:
                    state[key] = value
            states[name] = state
    document = {
        "schema": schema_to_dict(preparation.schema),
        "task": preparation.task,
        "classes": list(preparation.classes),
        "transforms": states,
        "notes": list(preparation.notes),
    }
    if len(goals) > 1:
        further = {name: goals[name] for name in preparation.schema.targets[1:]}
        document["further"] = {
            name: {"task": own.task, "classes": list(own.classes)} for name, own in further.items()
        }
    write_json(folder / "transforms.json", document)
    with writing(folder / "transforms.safetensors") as draft:
        save_file(arrays, draft)


def load_preparation(folder: Path | str) -> Preparation:
    """Read what `Preparation.save` wrote.

    Raises:
        DataError: A file is missing or damaged.
    """
    path, arrays = Path(folder, "transforms.json"), Path(folder, "transforms.safetensors")
    document = read_json(path, DOCUMENT)
    states: dict[str, dict[str, Any]] = document["transforms"]
    stored = read_arrays(arrays)
    with reading(arrays):
        for key, array in stored.items():
            name, _, part = key.rpartition("/")
            states[name][part] = array
    with reading(path):
        return preparation_of(document, states)


def preparation_of(document: Mapping[str, Any], states: Mapping[str, Any]) -> Preparation:
    """Make a preparation again of plain data and of the states of its transforms."""
    made = {name: restored(dict(state)) for name, state in states.items()}
    columns = {n.removeprefix("column."): t for n, t in made.items() if n.startswith("column.")}
    schema = schema_from_dict(document["schema"])
    for name in schema.inputs:
        due = KINDS[schema.column(name).kind].transform
        due = "SeriesSteps" if forecasts(schema) else due
        if type(columns[name]).__name__ != due:
            raise DataError(f"the transform of {cut(repr(name))} is not {due}.")
        check_width(columns[name], schema.column(name))
    summaries = {name: made.get(summaries_of(name, schema)) for name in schema.inputs}
    return Preparation(
        schema=schema,
        goals=goals_of(document, schema, made),
        transforms={name: columns[name] for name in schema.inputs},
        components=components_of(made, schema),
        summaries={n: fitted for n, fitted in summaries.items() if isinstance(fitted, Numbers)},
        notes=tuple(document["notes"]),
    )


def goals_of(
    document: Mapping[str, Any], schema: Schema, made: Mapping[str, Transform]
) -> dict[str, Goal]:
    """Make the goals again of plain data.

    Args:
        document: transforms.json.
        schema: Of the data.
        made: Name -> transform, the scales of targets among them.

    Raises:
        DataError: They are of other targets than those of the schema.
    """
    first, *others = schema.targets
    hints = {"task": Task, "classes": tuple[str, ...]}
    further = {
        name: build_fields(own, hints, f"further.{cut(name)}")
        for name, own in document["further"].items()
    }
    if sorted(further) != sorted(others):
        raise DataError("further is not of the targets of the schema.")
    facts = {first: document, **{name: further[name] for name in others}}
    goals = {}
    for name, own in facts.items():
        scale, text = made.get(scale_of(name, schema)), made.get(f"target.{name}")
        if own["task"] != schema.tasks[name]:
            raise DataError(f"the task of {cut(repr(name))} is not that of the schema.")
        if isinstance(text, Text) != (own["task"] == "text"):
            raise DataError(f"what {cut(repr(name))} is written in is missing, or is too much.")
        goals[name] = Goal(
            task=own["task"],
            classes=tuple(own["classes"]),
            scale=scale if isinstance(scale, Scale) else None,
            text=text if isinstance(text, Text) else None,
            length=form.length if isinstance(form := schema.column(name).form, StepsForm) else 0,
        )
    return goals


def scale_of(target: str, schema: Schema) -> str:
    """Return what the scale of a target is called in a file."""
    return "scale" if target == schema.targets[0] else f"scale.{target}"


def components_of(made: Mapping[str, Transform], schema: Schema) -> dict[str, TextComponents]:
    """Return what makes a few numbers of texts, among all that was read.

    Raises:
        DataError: A text beside other inputs has none.
    """
    texts = [n for n in schema.inputs if schema.column(n).kind == "text" and len(schema.inputs) > 1]
    found = {}
    for name in texts:
        own = made.get(f"components.{name}")
        if not isinstance(own, TextComponents):
            raise DataError(f"the text {cut(repr(name))} has no components.")
        found[name] = own
    return found


def summaries_of(name: str, schema: Schema) -> str:
    """Return what the transform of the summaries of an input is called in a file."""
    return "summaries" if schema.inputs == (name,) else f"summaries.{name}"


def check_width(transform: Transform, column: Column) -> None:
    """Refuse a transform that is not as wide as its column: one, or the channels of a row."""
    if isinstance(transform, Numbers | Steps | Pixels):
        form = column.form
        width = form.sizes[-1] if isinstance(form, ShapeForm) else 1
        check_widths(transform, width or 0)
        if len(transform.means) != width:
            raise DataError(f"the transform of {cut(repr(column.name))} is not {width} wide.")
    if isinstance(transform, SeriesSteps):
        form = column.form
        if not isinstance(form, ShapeForm) or len(transform.missing) != form.sizes[-1]:
            raise DataError(f"the transform of {cut(repr(column.name))} has another width.")


def restored(state: Mapping[str, Any]) -> Transform:
    """Make a transform again; lists were tuples."""
    plain = {name: tuple(v) if isinstance(v, list) else v for name, v in state.items()}
    name = str(plain.pop("class"))
    if name not in TRANSFORMS:
        raise DataError(unknown("transform", name, TRANSFORMS, where="transforms.json"))
    return TRANSFORMS[name](**build_fields(plain, hints_of(TRANSFORMS[name]), name))
