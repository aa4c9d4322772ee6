"""Read whatever the user gave into a dataset: files, frames, arrays, pictures, names of sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bakeoff.data.assembling.arrays import from_arrays, inputs_from_arrays
from bakeoff.data.assembling.cell_columns import are_cell_pairs, cell_columns, in_columns
from bakeoff.data.assembling.choices import (
    Choices,
    as_name,
    check_long,
    refuse_further,
    refuse_time,
)
from bakeoff.data.assembling.join_pair import as_array, join_pair
from bakeoff.data.assembling.named_arrays import (
    are_columns,
    are_named_arrays,
    columns_in,
    from_named_arrays,
    inputs_from_several,
)
from bakeoff.data.assembling.named_sets import as_known, from_bundled, from_named
from bakeoff.data.assembling.pictures import from_pictures, inputs_from_pictures
from bakeoff.data.assembling.step_files import (
    from_step_files,
    inputs_from_step_files,
    is_of_files,
)
from bakeoff.data.assembling.tables import from_tables, inputs_from_table, refuse_pictures
from bakeoff.data.columns.column import Schema
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm
from bakeoff.data.reading import bundled, named
from bakeoff.data.reading.array_files import opened
from bakeoff.data.reading.arrays import are_arrays, axes_of
from bakeoff.data.reading.frames import index_of_times, with_index
from bakeoff.data.reading.located import located
from bakeoff.data.reading.part_tables import part_tables, table_of_pictures, tables_by_part
from bakeoff.data.reading.picture_files import Found
from bakeoff.data.reading.pictures import are_pictures, pictures_of
from bakeoff.data.reading.step_files import are_step_archive, found_in_parts, hold_steps
from bakeoff.data.reading.table import are_records, columns_of_records
from bakeoff.data.reading.text_folders import (
    CLASS,
    TEXT,
    found_texts,
    new_texts,
    texts_in_classes,
)
from bakeoff.data.reading.unwrapped import is_bunch, unwrapped
from bakeoff.data.reading.yielded import pairs_by_part, yielded
from bakeoff.errors import RequestError, option


def read(
    data: object,
    *,
    target: str | Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    test: object = None,
    validation: object = None,
    positive: str | None = None,
    sequence: str | None = None,
    time: str | None = None,
    series: str | None = None,
    lookback: int = 0,
    horizon: int = 0,
    stride: int = 1,
    future: Sequence[str] = (),
    images: object = None,
    image_size: str = "",
    unlabelled: bool = False,
) -> Dataset:
    """Read data for training: a file, a data frame, arrays, pictures, or the name of a set.

    Args:
        data: Path of a CSV, TSV, Excel, Parquet, Arrow, JSON, ARFF, .ts, .npz, HDF5 or .mat file
            (most compressed, too); of a folder of .npy files or of the files of MNIST; of one with
            a table for each part, called train, validation and test; of a folder or .zip with a
            folder for each class, of pictures, texts or tables of steps, one a sequence; a pandas
            or polars frame, any table of Arrow, a data set of Hugging Face, or a dict of columns,
            whose cells may hold lists of numbers, which are sequences, or picture files; arrays as
            (x, y) or {"x": ..., "y": ...}, or lists of different lengths as x; a Bunch of
            scikit-learn, a Dataset or DataLoader of torch, a tf.data.Dataset, ((x, y), (x_test,
            y_test)); or the name of a bundled set (digits, iris, wine, ..., sum_sign, noise_table)
            or of mnist, fashion_mnist, cifar10, imdb, etth1, ettm1, which stand below BAKEOFF_DATA
            or are downloaded.
        target: The column to predict, or several; a glob of columns of 0 and 1 is one target of any
            number of labels. May be left out for arrays, class folders and named sets.
        inputs: The columns that models may see; all others by default.
        kinds: Column -> kind, for columns that would be read otherwise; numbered columns of one
            glob are one picture or sequence, as in {"t*": "sequence"}.
        test: Separate test data; `data` is then the training data.
        validation: Separate validation data.
        positive: The positive class of a binary target.
        sequence: Of a long table, which has one row a step: the column of ids. The rows of one id
            become one row of the dataset.
        time: The column that orders the steps; the order of the file by default. Of time series
            also several columns, as in "year,month,day,hour" or "date,clock"; the only column of
            dates by default.
        series: Of a table of time series: the column that tells them apart, or "store,item".
        lookback: Steps of a window over time series; without a horizon the target of its last step
            is predicted.
        horizon: Steps to forecast behind a window.
        stride: Steps from one window to the next.
        future: Columns whose values are known beforehand, and "calendar" for hour, weekday and
            month of the steps ahead.
        images: Of a table with a column of paths of pictures: the folder or .zip that they start
            at; the folder of the table by default.
        image_size: Of picture files, "64" or "64x48" (height × width); "" is decided.
        unlabelled: Picture files need no classes: all are taken, wherever they stand.

    Raises:
        DataError: The data cannot be used; the message says where and how to go on.
        RequestError: A column, kind or class does not exist.

    Example:
        >>> read("iris")
        <Dataset 150 rows, 4 inputs, target species (3 classes)>
    """
    if validation is not None and test is None:
        raise RequestError(
            f"Separate validation data need separate test data as well: give {option('test')}."
        )
    choices = Choices.of(target, inputs, kinds, positive)
    choices = choices._replace(
        sequence=as_name(sequence),
        time=as_name(time),
        series=as_name(series),
        lookback=lookback,
        horizon=horizon,
        stride=stride,
        future=tuple(future),
        unlabelled=unlabelled,
    )
    choices = as_known(data, choices)
    wrapped = {"train": data, "validation": validation, "test": test}
    told: tuple[str, ...] = ()
    if test is None:
        by_part, told = tables_by_part(data, [*filter(None, [choices.target]), *choices.further])
        wrapped |= by_part or pairs_by_part(data)
    rows = {part: yielded(own) for part, own in wrapped.items()}
    told = (*told, *rows["train"][1])
    known = named.is_named(data) or bundled.is_bundled(data)  # wins over a folder of that name
    named_parts = {part: unwrapped(own) for part, (own, _) in rows.items()}
    if is_bunch(data) and target is None and not are_arrays(named_parts["train"]):
        choices = choices._replace(target="target")
    if (horizon or lookback) and time is None and (name := index_of_times(data)):
        choices = choices._replace(time=name)
        named_parts = {part: with_index(own, name) for part, own in named_parts.items()}
    found = {part: located(value) for part, value in named_parts.items() if value is not None}
    given = {part: value if known else opened(value) for part, (value, _) in found.items()}
    if are_cell_pairs(given):
        given, found_targets = in_columns(given)
        if target is None:
            first, *further = [found_targets] if isinstance(found_targets, str) else found_targets
            choices = choices._replace(target=first, further=tuple(further))
    moved = (*told, *(said for _, said in found.values() if said))
    if set(given) == {"train"} and not known:
        targets = [*filter(None, [choices.target]), *choices.further]
        for find in (part_tables, table_of_pictures):
            apart, said = find(given["train"], targets)
            given, moved = apart or given, (*moved, *said)
    texts = {part: own for part, value in given.items() if (own := found_texts(value))}
    if len(texts) == len(given) and not known:
        given, said = texts_in_classes(texts)
        kinds = {TEXT: "text", **choices.kinds}
        choices = choices._replace(target=choices.target or CLASS, kinds=kinds)
        moved = (*moved, *said)
    check_long(given["train"], choices)
    dataset = read_parts(given, choices, images, image_size)
    return replace(dataset, notes=(*moved, *dataset.notes)) if moved else dataset


def read_parts(
    given: dict[str, object], choices: Choices, images: object, image_size: str
) -> Dataset:
    """Read what was given for each part, as what it is."""
    data = given["train"]
    pictures = not bundled.is_bundled(data) and are_pictures(data)
    if images is not None and (pictures or named.is_named(data)):
        refuse_pictures(images, "")
    if named.is_named(data):
        refuse_further(choices, f"{data}")
        return from_named(str(data), given, choices, image_size)
    if pictures or are_step_archive(data):
        found = found_in_parts(given)
        if hold_steps(found["train"]):
            refuse_pictures(images, image_size)
            return from_step_files(found, choices)
        refuse_time(choices)
        refuse_further(choices, "pictures")
        found_pictures = pictures_of(found, image_size, unlabelled=choices.unlabelled)
        return from_pictures(found_pictures, choices)
    refuse_time(choices)
    if not bundled.is_bundled(data) and not are_arrays(data):
        return from_tables(given, choices, images=images, image_size=image_size)
    refuse_pictures(images, image_size)
    if bundled.is_bundled(data):
        return from_bundled(str(data), given, choices)
    if are_named_arrays(data):
        return from_named_arrays(given, choices)
    return from_arrays(given, choices)


def read_inputs(
    data: object, schema: Schema, *, images: object = None, last: bool = False
) -> Dataset:
    """Read new data by the schema of a run, with or without its target.

    Args:
        data: What `read` takes, or an array alone.
        schema: Of the data that the run was trained on.
        last: Of time series: only the window of each that what follows is forecast from.
        images: The folder or .zip that paths of pictures start at; the folder of the table by
            default.

    Raises:
        DataError: A column that goes in is missing, or an array has another shape.
    """
    data, moved = located(data)
    dataset = inputs_of(as_data(data, schema), schema, images, last=last)
    return replace(dataset, notes=(moved, *dataset.notes)) if moved else dataset


def inputs_of(data: object, schema: Schema, images: object, *, last: bool = False) -> Dataset:
    """Read a file, a frame, arrays or pictures by the schema of a run."""
    if is_of_files(data, schema):
        return inputs_from_step_files(data, schema)
    if TEXT in schema.inputs and (texts := found_texts(data)):
        data = new_texts(texts)
    if isinstance(data, Found) or are_pictures(data):
        return inputs_from_pictures(data, schema)
    if are_columns(data, schema):
        data = columns_in(data)
    if are_arrays(data):
        several = len(schema.inputs) > 1 and are_named_arrays(data)
        return (inputs_from_several if several else inputs_from_arrays)(data, schema)
    return inputs_from_table(data, schema, images, last=last)


def as_data(data: object, schema: Schema) -> object:
    """Turn what `run` takes besides files and frames into one of these.

    A bundled name, (X, y), a tensor, a list of rows, and one row as a dict of single values.
    """
    if named.is_named(data):
        return named.find_new(str(data))
    if bundled.is_bundled(data):
        return bundled.load(str(data))[0]
    data = opened(unwrapped(yielded(data)[0]))
    if isinstance(data, tuple) and len(data) == 2 and cell_columns(data[0]):
        return join_pair(data[0], data[1], schema.targets[0])[0]
    if cells := cell_columns(data):
        return cells if len(cells) > 1 else {schema.inputs[0]: cells["x"]}
    if schema.series is not None and len(schema.series.time) == 1:
        data = with_index(data, schema.series.time[0])
    blocks = isinstance(schema.column(schema.inputs[0]).form, ShapeForm)
    if isinstance(data, tuple) and len(data) == 2 and not blocks:
        return join_pair(data[0], data[1], schema.targets[0])[0]
    if hasattr(data, "detach"):  # a torch tensor
        return as_array(data)
    if isinstance(data, Mapping) and data and all(axes_of(v) == 0 for v in data.values()):
        return {name: [value] for name, value in data.items()}
    if are_records(data):
        return columns_of_records(data)
    if isinstance(data, Sequence) and not isinstance(data, (str, tuple)) and data:
        return as_array(data)
    return data
