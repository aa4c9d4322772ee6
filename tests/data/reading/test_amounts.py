"""Promises of amounts: numbers with a unit, with letters or in two parts are numbers."""

import polars as pl
import pytest

from bakeoff.data.columns.infer import infer
from bakeoff.data.columns.read_column import read_like
from bakeoff.data.read import read


@pytest.mark.parametrize(
    ("cells", "numbers", "said"),
    [
        (["€110.5M", "€565K", "€0"], [110_500_000, 565_000, 0], "k, M or B"),
        (["1.2k", "950", "12k"], [1200, 950, 12_000], "k, M or B"),
        (["$4.99", "0", "$0.99"], [4.99, 0, 0.99], "$"),
        (["10,000+", "500+", "5+"], [10_000, 500, 5], "a thousands comma and +"),
        (["1248 CC", "998 CC", "1498 CC"], [1248, 998, 1498], "CC"),
        (["1,200 sq ft", "950 sq ft", "90 sq ft"], [1200, 950, 90], "sq ft"),
        (["1 star", "5 stars", "2 stars"], [1, 5, 2], "stars"),
        (["21.5°C", "19 °C", "-3°C"], [21.5, 19, -3], "°C"),
        (["USD 1,200", "USD 7", "USD 30.5"], [1200, 7, 30.5], "USD"),
        (["2,5 km", "1.234,5 km", "17 km"], [2.5, 1234.5, 17], "a decimal comma and km"),
        (["13:45", "07:05", "9:30"], [825, 425, 570], "read as minutes"),
        (["1:45 PM", "12:05 am", "11:10 p.m."], [825, 5, 1390], "read as minutes"),
        (["1:02:03", "45:10", "2:00:00.5"], [3723, 2710, 7200.5], "read as seconds"),
        (["5'11", "6' 2\"", "5’7''"], [71, 74, 67], "read as inches"),
    ],
)
def test_what_people_write_as_a_number_is_one(cells, numbers, said):
    reading = infer(pl.Series("x", cells * 8))
    assert reading.values[:3].tolist() == numbers
    assert said in reading.column.reason
    again = read_like(pl.Series("x", cells[::-1]), reading.column)
    assert again.values.tolist() == numbers[::-1]


@pytest.mark.parametrize(
    "cells",
    [
        ["Weg 3", "Weg 5", "Weg 6"],
        ["C100", "C200", "C300"],
        ["007 A", "012 A", "100 A"],
        ["12A", "7B", "14K", "3M", "8C"],
        ["2B", "3B", "1B", "SS"],
        ["1st", "2nd", "3rd"],
        ["10+ years", "< 1 year", "1 year"],
        ["3 rooms", "2 rooms", "studio", "1 room"],
        ["16:9", "4:3", "2:1"],
    ],
)
def test_names_with_digits_stay_names(cells):
    assert infer(pl.Series("x", cells * 8)).column.kind == "category"


def test_another_unit_is_named_and_never_mixed_in():
    cells = ["23.4 kmpl", "21.1 kmpl", "19 kmpl"] * 20 + [f"17.{i} km/kg" for i in range(9)]
    reading = infer(pl.Series("x", cells))
    assert reading.column.missing == 9
    assert "'17.0 km/kg' at row 61" in reading.column.reason
    half = infer(pl.Series("x", ["180 cm", "5.9", "172 cm"] * 20))
    assert half.column.kind == "category", "5.9 may be in another unit"


def test_a_rare_letter_among_numbers_is_no_thousand():
    reading = infer(pl.Series("x", ["12", "14", "9"] * 20 + ["15K"]))
    assert "'15K' at row 61" in reading.column.reason


def test_classes_are_as_they_were_written():
    dataset = read({"x": [0.5, 1, 4] * 20, "term": ["36 months", "60 months"] * 30}, target="term")
    assert set(dataset.arrays["term"].tolist()) == {"36 months", "60 months"}
