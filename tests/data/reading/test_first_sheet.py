"""Promises of workbooks: the first sheet with rows is read as its CSV would be, or refused."""

import io
import sys
import zipfile

import pytest

from bakeoff.data.read import read
from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError

from .workbook import workbook

ROWS = [["size", "kind", "n"], *[[i / 2, "ab"[i % 2], i if i % 5 else None] for i in range(40)]]


def test_the_first_sheet_with_rows_is_read_without_its_title(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook({"Empty": [], "Data": [["Sizes 2024"], *ROWS], "More": [["x"]]}))
    dataset = read(path, target="kind")
    assert dataset.schema.inputs == ("size", "n")
    assert dataset.arrays["size"][:3].tolist() == [0, 0.5, 1]
    assert dataset.notes[0] == "a.xlsx: the sheet 'Data' is read, and not 'Empty' and 'More'."
    assert "1 line above the names left out, 'Sizes 2024,,' first" in dataset.notes[1]


def test_cells_that_lie_too_far_apart_are_refused_before_they_are_laid_out(tmp_path):
    path = tmp_path / "a.xlsx"
    sheet = workbook({"Data": [["a", "b"], [1, 2]]})
    far = workbook({"Data": [["a", "b"], *[[]] * 5, [1, 2]]})
    path.write_bytes(far)
    assert len(read_table(path).frame) == 1
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'r="B2"', b"r = 'XFD1048576'"))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="1,048,576 rows and 16,384 columns"):
        read_table(path)


def test_it_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook({"Data": ROWS}))
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(DataError, match=r"pip install 'bakeoff\[excel\]', or save"):
        read_table(path)
