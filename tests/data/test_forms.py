"""Promises of the forms of columns, and of the schema that holds them."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.forms import (
    Channel,
    DateForm,
    NumberForm,
    ShapeForm,
    WordForm,
    form_from_dict,
)
from bakeoff.data.read import read
from bakeoff.errors import DataError


def schema_of_every_form(path):
    lines = [f"{i},5;{i % 28 + 1:02d}.03.2021;{i % 3 == 0};u{i % 3}" for i in range(40)]
    path.write_text("\n".join(["a;d;b;y", *lines]))
    return read(path, target="y").schema


def test_a_schema_comes_back_from_json(tmp_path):
    schema = schema_of_every_form(tmp_path / "t.csv")
    assert [column.form for column in schema.columns] == [
        NumberForm("decimal comma"),
        DateForm("%d.%m.%Y"),
        WordForm("lower", pair=("false", "true")),
        WordForm(),
    ]
    assert schema_from_dict(json.loads(json.dumps(schema_to_dict(schema)))) == schema


def test_the_shape_of_arrays_is_a_form():
    x = np.ones((40, 6, 2))
    plain = read((x, np.arange(40) % 4)).schema
    padded = read({"x": x, "y": np.arange(40) % 4, "x_lengths": np.full(40, 3)}).schema
    assert plain.column("x").form == ShapeForm((6, 2))
    assert padded.column("x").form == ShapeForm((None, 2))
    assert schema_from_dict(json.loads(json.dumps(schema_to_dict(padded)))) == padded


@pytest.mark.parametrize(
    "form",
    [
        "decimal comma",
        {},
        {"type": "nombre"},
        {"type": "number", "style": "roman", "unit": ""},
        {"type": "number", "style": "plain", "unit": "", "extra": 1},
        {"type": "date", "pattern": "day"},
        {"type": "date", "pattern": "", "zone": "../x"},
        {"type": "words", "style": "lower", "labels": "complex"},
        {"type": "words", "style": "lower", "pair": ["a"]},
        {"type": "shape", "sizes": [8], "brightness": "dim"},
        {"type": "date", "pattern": 7},
        {"type": "shape", "sizes": [8, "8"]},
        {"type": "shape", "sizes": [0]},
        {"type": "shape", "sizes": 8},
        {"type": "words", "style": "loud"},
    ],
)
def test_any_other_form_is_refused_by_its_field(form, tmp_path):
    document = schema_to_dict(schema_of_every_form(tmp_path / "t.csv"))
    document["columns"][1]["form"] = form
    with pytest.raises(DataError, match=r"schema\.columns\[1\]\.form is"):
        schema_from_dict(document)


LONG = {
    "sequence": "id",
    "time": "t",
    "time_form": {"type": "number"},
    "channels": [{"name": "a", "kind": "number", "form": {"type": "number"}}],
}
WORDS = {"name": "w", "kind": "category", "form": {"type": "words"}}


def test_a_long_table_comes_back_from_plain_data():
    form = form_from_dict({"type": "shape", "sizes": [None, 1], "long": LONG}, "form")
    assert form_from_dict(json.loads(json.dumps(asdict(form))), "form") == form
    assert form.long.channels == (Channel("a", "number", NumberForm()),)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 3},
        {"time": ""},
        {"time_form": None},
        {"time_form": {"type": "words"}},
        {"channels": []},
        {"channels": None},
        {"channels": ["a"]},
        {"channels": [*LONG["channels"], *LONG["channels"]]},
        {"channels": [{**LONG["channels"][0], "kind": "binary"}]},
        {"channels": [{**WORDS, "kind": "binary"}]},
        {"channels": [WORDS]},
        {"channels": [{**WORDS, "words": [1]}]},
        {"more": 1},
    ],
)
def test_any_other_long_table_is_refused_by_its_field(change):
    document = {"type": "shape", "sizes": [None, 1], "long": {**LONG, **change}}
    with pytest.raises(DataError, match=r"schema\.columns\[1\]\.form is"):
        form_from_dict(document, "schema.columns[1].form")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["columns"][0].pop("kind"), r"schema\.columns\[0\]\.kind is missing"),
        (lambda d: d["columns"][0].update(kind="nmber"), "Did you mean 'number'"),
        (
            lambda d: d.update(extra=1),
            "has the field 'schema.extra', which this bakeoff does not know",
        ),
        (lambda d: d["tasks"].update(y="guess"), r"schema\.tasks\.y is 'guess', not one of"),
    ],
)
def test_a_damaged_schema_is_refused_by_its_field(change, message, tmp_path):
    document = schema_to_dict(schema_of_every_form(tmp_path / "t.csv"))
    change(document)
    with pytest.raises(DataError, match=message):
        schema_from_dict(document)
