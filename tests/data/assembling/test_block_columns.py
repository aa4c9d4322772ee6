"""Promises of block columns: numbered columns and written lists are one picture or sequence."""

import json

import numpy as np
import polars as pl
import pytest

from bakeoff import open_run, run
from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError, RequestError

LABELS = ["a", "b"] * 15
PICTURES = np.random.default_rng(0).integers(0, 256, (30, 8, 10))
SQUARE = PICTURES[:, :, :8]


def wide(pictures, name):
    """Columns of the pixels of pictures, called by their numbers."""
    flat = pictures.reshape(len(pictures), -1)
    return {name(k): flat[:, k].tolist() for k in range(flat.shape[1])}


def csv_of(path, columns):
    pl.DataFrame(columns).write_csv(path)
    return path


def pixels(dataset):
    (name,) = dataset.schema.inputs
    return dataset.schema.column(name), np.asarray(dataset.arrays[name])[..., 0]


@pytest.mark.parametrize("name", [
    "pixel{}".format, lambda k: f"px_{k + 1}", lambda k: f"{k // 8 + 1}x{k % 8 + 1}",
    lambda k: f"pixel_{k // 8}_{k % 8}",
])  # fmt: skip
@pytest.mark.parametrize("file", [True, False])
def test_columns_that_are_called_pixels_are_one_picture(tmp_path, name, file):
    columns = {"label": LABELS, **wide(SQUARE, name)}
    data = csv_of(tmp_path / "table.csv", columns) if file else columns
    dataset = read(data, target="label")
    column, found = pixels(dataset)
    assert (column.kind, column.form.brightness) == ("image", "bytes")
    assert (found == SQUARE).all()
    schema = schema_from_dict(json.loads(json.dumps(schema_to_dict(dataset.schema))))
    again = read(data, target="label", inputs=schema.learned_from, kinds=schema.kinds)
    assert again.fingerprint == dataset.fingerprint
    del columns["label"]
    new = read_inputs(pl.DataFrame(columns)[3:5], schema)
    assert (np.asarray(new.arrays[column.name])[..., 0] == SQUARE[3:5]).all()


def test_a_shape_of_other_sizes_than_its_columns_is_refused():
    columns = {"label": LABELS, **wide(SQUARE, "pixel{}".format)}
    document = schema_to_dict(read(columns, target="label").schema)
    document["columns"][1]["form"]["sizes"] = [8, 9, 1]
    with pytest.raises(DataError, match="of 64 columns"):
        schema_from_dict(document)


def test_pixels_are_read_as_columns_where_the_user_names_one_or_they_are_no_picture():
    columns = {"label": LABELS, **wide(SQUARE, "pixel{}".format)}
    assert read(columns, target="label").schema.inputs == ("pixel",)
    assert len(read(columns, target="label", inputs=["pixel3", "pixel7"]).schema.inputs) == 2
    del columns["pixel63"]
    assert len(read(columns, target="label").schema.inputs) == 63


def test_columns_of_a_glob_are_what_the_user_says(tmp_path):
    columns = {"label": LABELS, **wide(PICTURES, "f{}".format)}
    image = read(columns, target="label", kinds={"f*": "image"}, image_size="8x10")
    assert (pixels(image)[1] == PICTURES).all()
    with pytest.raises(RequestError, match="80 numbers make no picture of one"):
        read(columns, target="label", kinds={"f*": "image"})
    sequence = read(columns, target="label", kinds={"f*": "sequence"})
    assert sequence.schema.column("f").kind == "sequence"
    assert sequence.arrays["f"][4][:, 0].tolist() == PICTURES[4].ravel().tolist()


def test_empty_cells_at_the_end_are_no_steps_and_those_between_are_missing(tmp_path):
    path = tmp_path / "ucr.csv"
    path.write_text("y,v1,v2,v3\n" + "a,1,2,3\nb,4,,6\na,7,8,\nb,9,,\n" * 6)
    dataset = read(path, target="y", kinds={"v*": "sequence"})
    assert dataset.arrays["v"].lengths.tolist() == [3, 3, 2, 1] * 6
    assert np.isnan(dataset.arrays["v"][1][1, 0])
    new = read_inputs({"v1": [5], "v2": [6], "v3": [None]}, dataset.schema)
    assert new.arrays["v"][0][:, 0].tolist() == [5, 6]


def test_numbers_of_steps_keep_their_digits_and_their_decimal_mark_and_words_are_named(tmp_path):
    times = {f"t{k}": [1_700_000_000 + 7 * row + k for row in range(30)] for k in range(3)}
    dataset = read({"y": LABELS, **times}, target="y", kinds={"t*": "sequence"})
    assert dataset.arrays["t"][1][:, 0].tolist() == [1_700_000_007 + k for k in range(3)]
    path = tmp_path / "comma.csv"
    path.write_text("y;t1;t2\n" + "".join(f"{y};{k},5;{k},25\n" for k, y in enumerate(LABELS)))
    dataset = read(path, target="y", kinds={"t*": "sequence"})
    assert dataset.arrays["t"][2][:, 0].tolist() == [2.5, 2.25]
    path.write_text(path.read_text().replace("4,25", "oops"))
    with pytest.raises(DataError, match="row 5, column t2: 'oops' is no number"):
        read(path, target="y", kinds={"t*": "sequence"})


def test_a_cell_that_is_no_pixel_is_named_and_so_is_a_column_that_lacks():
    columns = wide(SQUARE, "pixel{}".format)
    schema = read({"label": LABELS, **columns}, target="label").schema
    texts = {name: [str(cell) for cell in cells] for name, cells in columns.items()}
    texts["pixel9"][4] = "dark"
    with pytest.raises(DataError, match="row 5, column pixel9: 'dark' is no pixel"):
        read_inputs(texts, schema)
    del columns["pixel9"]
    with pytest.raises(DataError, match="lacks 1 of the 64 columns of pixel, pixel9"):
        read_inputs(columns, schema)


@pytest.mark.parametrize("write", [
    lambda row: " ".join(map(str, row)), lambda row: str(row), lambda row: ";".join(map(str, row)),
    lambda row: str(np.array(row)),
])  # fmt: skip
def test_pixels_that_are_written_in_a_cell_are_a_picture(tmp_path, write):
    cells = [write(picture.ravel().tolist()) for picture in SQUARE]
    path = csv_of(tmp_path / "faces.csv", {"emotion": LABELS, "pixels": cells})
    dataset = read(path, target="emotion")
    assert (pixels(dataset)[1] == SQUARE).all()
    new = read_inputs({"pixels": cells[2:4]}, dataset.schema)
    assert (np.asarray(new.arrays["pixels"])[..., 0] == SQUARE[2:4]).all()
    with pytest.raises(DataError, match=r"row 1: pixels holds 63 numbers, and 8 × 8 are 64"):
        read_inputs({"pixels": [write(SQUARE[0].ravel().tolist()[:63])]}, dataset.schema)


def test_lists_that_are_written_in_cells_are_sequences_beside_other_columns(tmp_path):
    steps = [[row / 2 + k for k in range(1 + row % 4)] for row in range(30)]
    columns = {"y": LABELS, "a": [0.5, 1.5, 2.25] * 10, "steps": [str(one) for one in steps]}
    dataset = read(csv_of(tmp_path / "table.csv", columns), target="y")
    assert set(dataset.schema.inputs) == {"a", "steps"}
    assert [own[:, 0].tolist() for own in dataset.arrays["steps"]] == steps
    columns["steps"][7] = "[1.0, two]"
    with pytest.raises(DataError, match=r"'\[1.0, two\]' stands in row 8"):
        read(csv_of(tmp_path / "other.csv", columns), target="y")


def test_vectors_in_cells_are_numbers_where_the_user_says_so():
    cells = [np.arange(5.0) + row for row in range(30)]
    dataset = read(pl.DataFrame({"y": LABELS, "v": cells}), target="y", kinds={"v": "number"})
    assert dataset.arrays["v"].shape == (30, 5)
    assert read_inputs({"v": [[1.0] * 5]}, dataset.schema).arrays["v"].tolist() == [[1.0] * 5]


def test_fractions_of_new_pictures_stay_fractions_where_all_are_0_or_1():
    cells = [(picture / 255).ravel().tolist() for picture in SQUARE]
    kinds = {"pixels": "image"}
    schema = read(pl.DataFrame({"y": LABELS, "pixels": cells}), target="y", kinds=kinds).schema
    new = read_inputs({"pixels": [[0, 1] * 32]}, schema)
    assert np.asarray(new.arrays["pixels"]).max() == 1


def test_a_few_numbers_in_a_cell_go_in_beside_the_other_columns(tmp_path):
    places = [f"({50 + row / 7}, {row / 3})" for row in range(30)]
    columns = {"y": LABELS, "a": [0.5, 1.5, 2.25] * 10, "place": [*places[:29], None]}
    dataset = read(csv_of(tmp_path / "table.csv", columns), target="y")
    assert dataset.schema.groups == {"columns": ("a", "place")}
    assert dataset.arrays["place"][3].tolist() == [50 + 3 / 7, 1]
    assert np.isnan(dataset.arrays["place"][29]).all()
    new = read_inputs({"a": [1], "place": ["[1, 2]"]}, dataset.schema)
    assert new.arrays["place"].tolist() == [[1, 2]]


def test_a_run_on_vectors_beside_numbers_can_predict(tmp_path):
    y = np.arange(60) % 2
    data = {"a": y + 0.1 * np.arange(60), "v": np.eye(2)[y] + 0.01 * np.arange(60)[:, None], "y": y}
    run(data, target="y", models=["mlp", "linear"], epochs=1, seeds=1, out=tmp_path / "run")
    model = open_run(tmp_path / "run").best
    assert len(model.predict({"a": data["a"][:3], "v": data["v"][:3]})) == 3


@pytest.mark.parametrize("colours", [0, 3])
def test_pictures_that_are_lists_of_rows_are_pictures_by_their_name(colours):
    pictures = np.repeat(PICTURES[..., None], colours, axis=3) if colours else PICTURES
    dataset = read(pl.DataFrame({"y": LABELS, "image": pictures.tolist()}), target="y")
    assert (dataset.schema.column("image").kind, dataset.arrays["image"].shape[1:]) == (
        "image", (8, 10, colours or 1),
    )  # fmt: skip
    assert (np.asarray(dataset.arrays["image"])[..., 0] == PICTURES).all()
    other = read(pl.DataFrame({"y": LABELS, "waves": PICTURES.tolist()}), target="y")
    assert other.schema.column("waves").kind == "sequence"


def test_an_embedding_is_numbers_by_its_name():
    frame = pl.DataFrame({"y": LABELS, "text_embedding": np.eye(30).tolist()})
    assert read(frame, target="y").arrays["text_embedding"].shape == (30, 30)
    steps = frame.rename({"text_embedding": "speed"})
    assert read(steps, target="y").schema.column("speed").kind == "sequence"
