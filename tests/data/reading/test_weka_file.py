"""Promises of .arff: the head says what columns hold, and rows are read as those of a CSV."""

import pytest

from bakeoff.data.read import read
from bakeoff.errors import DataError

HEAD = """% a comment
@RELATION 'some set'
@attribute name STRING
@ATTRIBUTE "age of it" REAL
@attribute code {1,2,3}
@attribute y {'so, so',good}
@data
"""
CLASSES = ["good", "'so, so'"]
ROWS = "".join(f"'Smith, J{i}', {i / 7:.3f}, {i % 3 + 1}, {CLASSES[i % 2]}\n" for i in range(30))


def written(path, text):
    path.write_text(text)
    return path


def test_names_classes_and_missing_values_are_as_the_file_says(tmp_path):
    text = HEAD + ROWS + "% between\n'It\\'s', ?, 2, good\n"
    dataset = read(written(tmp_path / "set.arff", text), target="y")
    kinds = {column.name: column.kind for column in dataset.schema.columns}
    assert kinds == {"name": "identifier", "age of it": "number", "code": "category", "y": "binary"}
    assert dataset.schema.column("y").form.pair == ("good", "so, so")
    assert dataset.schema.column("age of it").missing == 1
    assert dataset.arrays["name"][30] == "It's"


@pytest.mark.parametrize(("text", "said"), [
    ("hello", "lacks a line @data"),
    ("@data\n1,2\n", "lacks lines @attribute"),
    ("@attribute b relational\n@data\n1\n", "column b holds a table in each cell"),
    (HEAD + "{0 1, 3 2}\n", "sparse rows"),
    (HEAD + ROWS + "1,2\n", "line 32: 2 cells where the first line names 4"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        read(written(tmp_path / "set.arff", text), target="y")
