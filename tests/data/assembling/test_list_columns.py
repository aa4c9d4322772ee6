"""Promises of columns of lists: each cell is a sequence, as in an .npz or a long table."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError, RequestError

LENGTHS = [3, 1, 7, 2, 5, 4, 6, 2] * 3
LABELS = ["a", "b"] * 12
NUMBERS = [[10.0 * row + t for t in range(n)] for row, n in enumerate(LENGTHS)]
VECTORS = [[[float(t), float(row), 0.5] for t in range(n)] for row, n in enumerate(LENGTHS)]


def listed(**columns):
    return read({"y": LABELS, **columns}, target="y")


def values(dataset, name, row):
    return dataset.arrays[name][row].tolist()


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "polars", "pandas", "arrays", "dict"])
@pytest.mark.parametrize("cells", [NUMBERS, VECTORS])
def test_a_cell_that_is_a_list_is_a_sequence(tmp_path, ending, cells):
    frame = pl.DataFrame({"v": cells, "y": LABELS})
    given = {
        "polars": frame,
        "pandas": pd.DataFrame({"v": cells, "y": LABELS}),
        "arrays": pd.DataFrame({"v": [np.array(cell) for cell in cells], "y": LABELS}),
        "dict": {"v": cells, "y": LABELS},
    }.get(ending, tmp_path / f"table.{ending}")
    if ending == "parquet":
        frame.write_parquet(given)
    if ending == "jsonl":
        frame.write_ndjson(given)
    dataset = read(given, target="y")
    wide = [np.reshape(cell, (len(cell), -1)).tolist() for cell in cells]
    assert dataset.schema.column("v").kind == "sequence"
    assert dataset.arrays["v"].lengths.tolist() == LENGTHS
    assert [values(dataset, "v", row) for row in range(24)] == wide


def test_arrays_of_a_fixed_type_have_no_lengths_and_new_ones_must_have_theirs():
    fixed = np.arange(24.0 * 6).reshape(24, 3, 2)
    dataset = read(pl.DataFrame({"v": fixed, "y": LABELS}), target="y")
    assert dataset.schema.column("v").form.sizes == (3, 2)
    with pytest.raises(DataError, match=r"v has 2 steps at row 1; all .* have 3. Give such"):
        read_inputs({"v": [[[1, 2], [3, 4]]]}, dataset.schema)


def test_columns_of_equal_lengths_are_channels_of_one_sequence():
    dataset = listed(v=NUMBERS, w=VECTORS)
    assert dataset.schema.inputs == ("steps",)
    assert values(dataset, "steps", 2)[1] == [21.0, 1, 2, 0.5]
    assert dataset.schema.learned_from == ("v", "w")
    schema = schema_from_dict(json.loads(json.dumps(schema_to_dict(dataset.schema))))
    new = read_inputs({"w": VECTORS[:3], "v": NUMBERS[:3]}, schema)
    assert values(new, "steps", 2) == values(dataset, "steps", 2)
    again = read(
        {"v": NUMBERS, "w": VECTORS, "y": LABELS},
        target="y",
        inputs=schema.learned_from,
        kinds=schema.kinds,
    )
    assert again.fingerprint == dataset.fingerprint


def test_columns_of_other_lengths_are_inputs_of_their_own():
    longer = [[*cell, 1.0] if row == 4 else cell for row, cell in enumerate(NUMBERS)]
    dataset = listed(v=NUMBERS, w=longer)
    assert dataset.schema.inputs == ("v", "w")
    assert dataset.arrays["w"].lengths[4] == 6
    side = listed(v=NUMBERS, w=NUMBERS)
    with pytest.raises(DataError, match=r"\(row 5: 5 and 6 steps\).*lists of equal lengths"):
        read_inputs({"v": NUMBERS, "w": longer}, side.schema)


def test_other_columns_go_in_beside_sequences_and_can_be_left_out():
    columns = {"a": [0.5, 1.5, 2.25] * 8, "v": NUMBERS, "y": LABELS}
    dataset = read(columns, target="y")
    assert dataset.schema.inputs == ("a", "v")
    assert dataset.schema.groups == {"v": ("v",), "a": ("a",)}
    new = read_inputs({"v": NUMBERS[2:4], "a": [1.0, 2.0]}, dataset.schema)
    assert (values(new, "v", 0), new.arrays["a"].tolist()) == (values(dataset, "v", 2), [1.0, 2.0])
    assert read(columns, target="y", inputs=["a"]).schema.inputs == ("a",)
    assert read(columns, target="y", inputs=["v"]).schema.inputs == ("v",)
    assert read(columns, target="y", kinds={"v": "ignored"}).schema.inputs == ("a",)


@pytest.mark.parametrize("nothing", [None, []])
def test_rows_without_a_step_are_left_out_and_counted(nothing):
    cells = [nothing if row in (3, 9) else cell for row, cell in enumerate(NUMBERS)]
    dataset = listed(v=cells)
    assert "2 rows are left out: no step in v (first: row 4)." in dataset.notes
    assert (len(dataset), dataset.place(3)) == (22, "row 5")
    with pytest.raises(DataError, match="no training row has a step in v"):
        read(pl.DataFrame({"v": pl.Series([[]] * 24, dtype=pl.List(pl.Float64)), "y": LABELS}),
             target="y")  # fmt: skip


def test_empty_nan_and_infinite_values_are_missing_and_counted():
    cells = [*NUMBERS[:21], [1.0, None], [float("nan")], [float("inf"), 2.0]]
    dataset = listed(v=cells)
    assert "v: 3 values that are empty, NaN or infinite, in 3 rows, read as missing." in (
        dataset.notes
    )
    assert np.isnan(dataset.arrays["v"][21]).tolist() == [[False], [True]]


def test_vectors_of_another_width_are_refused_with_the_row():
    cells = [[*cell, [1.0]] if row == 5 else cell for row, cell in enumerate(VECTORS)]
    with pytest.raises(DataError, match=r"one at row 6 holds 1, the first one \(row 1\) 3"):
        listed(v=cells)
    arrays = [np.ones((2, 3 if row != 5 else 4)) for row in range(24)]
    with pytest.raises(DataError, match=r"one at row 6 holds 4, the first one \(row 1\) 3"):
        listed(v=arrays)


def test_lists_of_numbers_from_0_on_are_tokens_where_the_user_says_so():
    cells = [[row % 3, 0] for row in range(24)]
    dataset = read({"v": cells, "y": LABELS}, target="y", kinds={"v": "tokens"})
    assert dataset.arrays["v"][1].tolist() == [1, 0]
    for wrong, said in (([0.5], "row 2 has 0.5"), ([None], "row 2 has nan"), ([-1], "has -1")):
        with pytest.raises(DataError, match=f"to hold tokens, .*{said}"):
            read({"v": [cells[0], wrong, *cells[2:]], "y": LABELS}, target="y",
                 kinds={"v": "tokens"})  # fmt: skip
    with pytest.raises(RequestError, match="each step of 'v' holds 3"):
        read({"v": VECTORS, "y": LABELS}, target="y", kinds={"v": "tokens"})
    beside = read({"v": cells, "w": cells, "y": LABELS}, target="y", kinds={"v": "tokens"})
    assert [
        column.kind for column in sorted(beside.schema.columns, key=lambda column: column.name)
    ] == ["tokens", "sequence", "binary"]


def test_lists_of_strings_are_refused_where_they_are_all_there_is():
    words = [["ab", "cd"]] * 24
    with pytest.raises(DataError, match=r"'v' holds lists of strings.*kinds={'v': 'tokens'}"):
        listed(v=words)
    dataset = listed(v=words, a=[0.5, 1.5, 2.25] * 8)
    assert dataset.schema.inputs == ("a",)


def test_other_parts_are_read_like_the_training_data():
    test = {"v": [[1, 2], [3]], "y": ["a", "b"]}
    dataset = read({"v": NUMBERS, "y": LABELS}, target="y", test=test)
    assert values(dataset, "v", 24) == [[1.0], [2.0]]
    assert dataset.place(25) == "row 2 of the test data"
    for wrong, said in (([["a"]], "no lists of numbers"), ([[[1, 2]]], "hold 1 and 2 numbers")):
        with pytest.raises(DataError, match=said):
            read({"v": NUMBERS, "y": LABELS}, target="y", test={"v": wrong, "y": ["a"]})


def test_a_small_file_that_says_that_its_lists_are_huge_is_refused(tmp_path, monkeypatch):
    from bakeoff.data.reading import unpack

    path = tmp_path / "lists.parquet"
    pl.DataFrame({"v": [[0.0] * 5_000] * 24, "y": LABELS}).write_parquet(path)
    monkeypatch.setattr(unpack, "MOST_CELLS", 1_000)
    monkeypatch.setattr(unpack, "CELLS_PER_BYTE", 1)
    with pytest.raises(DataError, match="cells can be read"):
        read(path, target="y")
