"""Promises of JSON: whichever way rows are written, they are read; objects become columns."""

import json

import polars as pl
import pytest

from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError

ROWS = [{"a": i / 2, "y": i % 2} for i in range(30)]


@pytest.mark.parametrize(
    "whole",
    [
        ROWS,
        {"a": [row["a"] for row in ROWS], "y": [row["y"] for row in ROWS]},
        {"count": 30, "next": None, "results": ROWS},
        {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ("a", "y")},
        {f"row {i}": row for i, row in enumerate(ROWS)},
        {"columns": ["a", "y"], "index": [*range(30)], "data": [[r["a"], r["y"]] for r in ROWS]},
    ],
    ids=["records", "columns", "within", "by index", "rows by index", "split"],
)
def test_every_way_to_write_rows_is_read(tmp_path, whole):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(whole))
    assert read_table(path).frame.rows(named=True) == ROWS


def test_features_are_rows_with_their_place(tmp_path):
    place = {"type": "Point", "coordinates": [13.4, 52.5]}
    features = [{"type": "Feature", "properties": row, "geometry": place} for row in ROWS]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    frame = read_table(path).frame
    assert frame.columns == ["a", "y", "longitude", "latitude"]
    assert frame.row(3) == (1.5, 1, 13.4, 52.5)


def test_objects_in_cells_become_columns():
    rows = [{"y": i, "user": {"age": i, "at": {"x": i / 2}}, "user.at": 1} for i in range(3)]
    del rows[1]["user"]
    for data in (rows, pl.DataFrame(rows)):
        frame = read_table(data).frame
        assert frame.columns[:1] == ["y"]
        assert frame["user"].dtype == pl.Struct, "its field at has a name that is taken"
    clash = read_table([{"a": {"b.c": 1}, "a.b": {"c": 2}, "empty": {}}]).frame
    assert clash.columns == ["a", "a.b", "empty"], (
        "two fields would have one name, or none is there"
    )
    with pytest.raises(DataError, match="begins with"):
        read_table([{"^a": {"x$": 1}}])
    plain = read_table([{"user": {"age": 3, "at": {"x": 0.5}}}, {"user": None}]).frame
    assert plain.rows(named=True) == [
        {"user.age": 3, "user.at.x": 0.5},
        {"user.age": None, "user.at.x": None},
    ]
