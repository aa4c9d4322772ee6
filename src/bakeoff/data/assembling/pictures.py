"""Pictures in class folders: file, image and class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.assembling.assemble import assemble
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.parts import refuse_equal_parts, same_arrays
from bakeoff.data.columns.array_column import array_column, array_like
from bakeoff.data.columns.column import Column, Reading, Schema
from bakeoff.data.columns.target import Target, folder_classes
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm
from bakeoff.data.kinds import check_kinds
from bakeoff.data.reading.arrays import Arrays
from bakeoff.data.reading.pictures import Pictures, read_new_pictures
from bakeoff.data.reading.recordings import recordings
from bakeoff.errors import DataError, RequestError, option, unknown

PICTURES = {
    "file": ("identifier", "ignored"),
    "recording": ("identifier", "group", "ignored"),
    "image": ("image",),
    "class": ("category", "binary"),
    "picture": ("number",),
}
"""Column of a folder of pictures -> the kinds that it can be called; the first is its own.

`recording` is there where the names of the pictures tell of some, and `picture` in place of `class`
where not all of them have one."""


def from_pictures(pictures: Pictures, choices: Choices) -> Dataset:
    """Put pictures into a dataset of their files, their pixels, and the class to predict."""
    found = recordings(pictures.files.tolist(), pictures.labels.tolist())
    labels = set(pictures.labels.tolist())
    classed = not choices.unlabelled or (None not in labels and len(labels) > 1)
    there = {"recording": found is not None, "class": classed, "picture": not classed}
    check_picture_choices(choices, [name for name in PICTURES if there.get(name, True)])
    origin = pictures.origin
    parts = origin.parts
    if parts is not None:
        refuse_equal_parts(by_part(pictures), same_arrays)
    size = len(pictures.x) if parts is None else int((parts == "train").sum())
    target = (
        folder_classes(pictures.labels, size, name="class", positive=choices.positive)
        if classed
        else numbered(len(pictures.x))
    )
    files = Column(
        name="file",
        kind="identifier",
        reason="the name of each picture",
        distinct=len(set(pictures.files)),
    )
    return assemble(
        [
            Reading(files, pictures.files),
            *([] if found is None else [recorded(found, choices.kinds)]),
            array_column(pictures.x, None, name="image"),
            Reading(target.column, target.values),
        ],
        target,
        choices.inputs,
        origin=origin,
        source=pictures.source,
        notes=pictures.notes,
    )


def numbered(size: int) -> Target:
    """Return a number of each picture, where there is no class that could be the target."""
    why = "the number of each picture, in place of a class: nothing is learned from it"
    column = Column(name="picture", kind="number", reason=why, distinct=size)
    return Target(column, np.arange(size, dtype=np.float64), "regression", "", ())


def recorded(found: Array, kinds: Mapping[str, str]) -> Reading:
    """Return the column of the recordings; the kind group splits by it."""
    column = Column(
        name="recording",
        kind=kinds.get("recording", "identifier"),
        reason="the name of each picture before its number",
        distinct=len(set(found.tolist())),
    )
    return Reading(column, found)


def by_part(pictures: Pictures) -> dict[str, Arrays]:
    """Return the pictures of each part apart, without a copy: parts stand behind each other."""
    origin = pictures.origin
    result, start = {}, 0
    for part, name in origin.files.items():
        here = slice(start, start + int(np.count_nonzero(origin.parts == part)))
        start = here.stop
        result[part] = Arrays(
            x=pictures.x[here],
            y=pictures.labels[here],
            lengths=None,
            origin=origin[here],
            source=name,
        )
    return result


def check_picture_choices(choices: Choices, names: Sequence[str]) -> None:
    """Refuse choices about columns that pictures do not have."""
    if choices.target not in (None, "class", *({"picture"} & set(names))):
        raise RequestError(
            f"{unknown('class', choices.target, ['class'], where=option('target'))} Of "
            f"pictures the folder that each stands in is predicted: leave {option('target')} out."
        )
    check_kinds(choices.kinds, names)
    for name, kind in choices.kinds.items():
        if kind not in PICTURES[name]:
            raise RequestError(
                f"{option('kinds', {name: kind})}: {name} of picture files is of the kind "
                f"{PICTURES[name][0]}. Leave it out."
            )
    for name in choices.inputs or ():
        if name not in names or name == "class":
            raise RequestError(unknown("column", name, ["image"], where=option("inputs")))


def inputs_from_pictures(data: object, schema: Schema) -> Dataset:
    """Read picture files by the schema of a run: brought to its size and its channels."""
    name, target = schema.inputs[0], schema.targets[0]
    column = schema.column(name)
    sizes = column.form.sizes if isinstance(column.form, ShapeForm) else ()
    if column.kind != "image" or len(sizes) != 3 or len(schema.inputs) > 1:
        raise DataError(
            "These are pictures; the run was trained on a table or arrays with the columns "
            f"{', '.join(schema.inputs[:10])}. Give data with these."
        )
    height, width, channels = (size or 1 for size in sizes)
    if channels not in (1, 3):
        raise DataError(
            f"The run was trained on pictures of {channels} channels; picture files give 1 or 3. "
            "Give arrays (N, Y, X, C)."
        )
    pictures = read_new_pictures(data, (height, width, channels))
    reading = array_like(pictures.x, None, column)
    values = {name: reading.values}
    if any(label is not None for label in pictures.labels):
        values[target] = pictures.labels
    return Dataset(
        schema=schema,
        arrays=values,
        origin=pictures.origin,
        source=pictures.source,
        notes=(*pictures.notes, *(note.text for note in reading.notes)),
    )
