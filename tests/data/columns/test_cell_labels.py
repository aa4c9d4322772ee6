"""Promises of cell labels: a cell of a target may hold several labels, as text or as a list."""

import json

import numpy as np
import polars as pl
import pytest

from bakeoff import open_run, run
from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError

SETS = [["Action"], ["Comedy", "Drama"], ["Drama"], ["Action", "Drama"], ["Comedy"]] * 8
TRUTH = [[float(name in own) for name in ("Action", "Comedy", "Drama")] for own in SETS]
NUMBERS = [row / 3 for row in range(40)]


def told(cells, **options):
    return read({"a": NUMBERS, "genres": cells}, target="genres", **options)


@pytest.mark.parametrize("write", [
    "|".join, " | ".join, list, str, json.dumps, lambda own: f"[{', '.join(own)}]",
])  # fmt: skip
def test_lists_and_cells_with_bars_are_labels(write):
    dataset = told([write(own) for own in SETS])
    assert dataset.schema.tasks == {"genres": "multilabel"}
    assert dataset.schema.label_names == ("Action", "Comedy", "Drama")
    assert dataset.arrays["genres"].tolist() == TRUTH


@pytest.mark.parametrize("mark", [", ", ";", " "])
def test_other_marks_separate_where_the_user_says_so_and_are_told_where_not(mark):
    cells = [mark.join(own) for own in SETS]
    dataset = told(cells)
    assert dataset.schema.tasks == {"genres": "multiclass"}
    assert any("genres the kind labels" in note for note in dataset.notes)
    assert told(cells, kinds={"genres": "labels"}).arrays["genres"].tolist() == TRUTH


def test_names_of_two_words_are_no_labels():
    cells = ["New York", "New Orleans", "York", "Boston"] * 10
    assert not any("labels" in note for note in told(cells).notes)
    both = ["New", "New York", "York", "Boston"] * 10
    assert any("labels" in note for note in told(both).notes)
    assert told(["a|b", "c|d", "e|f", "g|h"] * 10).schema.tasks == {"genres": "multiclass"}


def test_the_kind_category_takes_each_cell_for_a_class():
    cells = ["|".join(own) for own in SETS]
    assert told(cells).schema.tasks == {"genres": "multilabel"}
    dataset = told(cells, kinds={"genres": "category"})
    assert dataset.schema.tasks == {"genres": "multiclass"}


def test_empty_cells_are_left_out_and_rare_labels_counted():
    cells = ["|".join(own) for own in SETS]
    cells[3], cells[7] = "", "Drama|Western"
    dataset = told(cells)
    assert len(dataset) == 39
    assert "1 label of fewer than 5 rows cannot be learned and are left out (Western)" in " ".join(
        dataset.notes
    )
    assert told([list(own) for own in SETS[:39]] + [[]]).arrays["genres"][39].tolist() == [0, 0, 0]


def test_new_rows_are_read_by_the_labels_of_the_run():
    dataset = told(["|".join(own) for own in SETS])
    schema = schema_from_dict(json.loads(json.dumps(schema_to_dict(dataset.schema))))
    new = read_inputs({"a": [1.0, 2.0], "genres": ["Drama|New", None]}, schema)
    assert new.arrays["genres"][0].tolist() == [0, 0, 1]
    assert np.isnan(new.arrays["genres"][1]).all()
    again = told(["|".join(own) for own in SETS], kinds=schema.kinds)
    assert again.fingerprint == dataset.fingerprint


def test_lists_of_lists_are_refused():
    with pytest.raises(DataError, match="lists of lists"):
        told([[["a"]]] * 40, kinds={"genres": "labels"})


def test_a_run_on_labels_in_cells_predicts_and_scores(tmp_path):
    frame = pl.DataFrame({"a": NUMBERS, "genres": ["|".join(own) for own in SETS]})
    run(frame, target="genres", models=["mlp", "linear"], epochs=1, seeds=1, out=tmp_path / "run")
    model = open_run(tmp_path / "run").best
    assert model.predict(frame.drop("genres"))["prediction"].dtype == pl.String
    assert 0 <= model.score(frame) <= 1
