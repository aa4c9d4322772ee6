"""Promises of deciding what a column holds."""

import numpy as np
import polars as pl
import pytest

from bakeoff.data.columns.column import Note
from bakeoff.data.columns.read_column import read_column
from bakeoff.data.forms import DateForm, NumberForm
from bakeoff.errors import DataError, RequestError


def column(cells, kind="", mark=".", name="c"):
    return read_column(pl.Series(name, cells), kind=kind, mark=mark)


def kind_of(cells, **options):
    return column(cells, **options).column.kind


def test_numbers_are_read_exactly():
    reading = column(["1.5", "-2e3", " 7 ", None, "NA"] * 8)
    assert reading.column.kind == "number"
    np.testing.assert_array_equal(reading.values[:4], [1.5, -2000.0, 7.0, np.nan])
    assert reading.notes == (Note("missing", "c: 8 cells 'NA' read as missing."),)


@pytest.mark.parametrize("word", ["", "NA", "N/A", "nan", "NaN", "null", "None", "?", "-"])
def test_words_for_no_value_are_missing(word):
    assert column(["1.5", word, "2.5"] * 10).column.missing == 10


def test_a_few_bad_cells_are_named_and_missing():
    reading = column([str(i * 1.5) for i in range(60)] + ["abc", "n.a."])
    assert reading.column.reason == "all numbers but 2 cells: 'abc' at row 61, 'n.a.' at row 62"
    assert np.isnan(reading.values[60:]).all()
    assert "read as missing" in reading.notes[0].text


def test_many_bad_cells_make_words_and_say_how_to_go_on():
    reading = column(["abc" if i % 5 == 0 else str(i) for i in range(100)])
    assert reading.column.kind != "number"
    assert "20 of 100 cells are no numbers: 'abc' at row 1" in reading.column.reason
    assert "give it the kind number" in reading.column.reason


def test_ids_with_leading_zeros_keep_their_zeros():
    reading = column([f"00{i % 9}" for i in range(40)])
    assert (reading.column.kind, reading.values[3]) == ("category", "003")


def test_long_digit_ids_lose_no_digit():
    digits = [f"12345678901234567{i % 9}" for i in range(40)]
    assert column(digits).values.tolist() == digits
    assert column([int(digit) for digit in digits]).values.tolist() == digits


@pytest.mark.parametrize(
    ("cells", "mark", "first"),
    [
        (["1,5", "2,25"], ".", 1.5),
        (["1.234,5", "2,5"], ".", 1234.5),
        (["1,234.5", "2.5"], ",", 1234.5),
        (["1,234", "5,678"], ".", 1234.0),
        (["1,234", "5,678"], ",", 1.234),
        (["1.234", "5.678"], ",", 1234.0),
        (["1.234", "5.678"], ".", 1.234),
        (["1 234.5", "12 000"], ".", 1234.5),
        (["1'234", "12'000"], ".", 1234.0),
    ],
)
def test_decimal_and_thousands_marks_are_told_apart(cells, mark, first):
    reading = column([cells[0]] * 15 + [cells[1]] * 15, mark=mark)
    assert reading.values[0] == first


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("$1,234.5", NumberForm("thousands comma", "$")),
        ("1.234,5 €", NumberForm("decimal comma", "€")),
    ],
)
def test_a_sign_that_every_number_carries_is_no_part_of_it(cell, form):
    reading = column([cell, cell.replace("4", "5"), None] * 10)
    assert (reading.values[0], reading.column.form) == (1234.5, form)
    assert (
        column(["45 %", "50 %", "7 %"] * 10).column.reason
        == "integers from 7 to 50, written with %"
    )


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (["0", "1", "1"] * 10, "binary", "0 or 1"),
        (["yes", "no"] * 10, "binary", "no or yes"),
        (["True", "FALSE"] * 10, "binary", "false or true"),
        (["u", "v", "w"] * 10, "category", "3 different values"),
        (["x"] * 10, "constant", "always 'x'"),
        (["7"] * 10, "constant", "always 7"),
        (["x", None] * 10, "category", "'x' or missing"),
        ([None] * 10, "constant", "every cell is missing"),
        ([str(i + 1) for i in range(30)], "identifier", "counts from 1 to 30 like row numbers"),
        ([f"u{i}" for i in range(30)], "identifier", "30 different values in 30 rows"),
        ([f"one more long name {i}" for i in range(30)], "text", "about 5 words each"),
        (["3", "1", "2"] * 10, "number", "integers from 1 to 3"),
    ],
)
def test_each_kind_has_its_reason(cells, kind, reason):
    found = column(cells).column
    assert found.kind == kind
    assert reason in found.reason


def test_unique_whole_numbers_called_id_are_identifiers():
    cells = [str(7 * i * i + 3) for i in range(40)]
    for name in ("id", "user_id", "userId", "PassengerID", "customer id"):
        assert kind_of(cells, name=name) == "identifier"
    for name in ("area", "paid", "BID", "humid"):
        assert kind_of(cells, name=name) == "number"


def test_texts_that_repeat_enough_are_categories():
    assert kind_of([f"t{i // 2}" for i in range(60)]) == "category"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2021-{m:02d}-{d:02d}", "%Y-%m-%d"),
        ("{d:02d}.{m:02d}.2021", "%d.%m.%Y"),
        ("{d}/{m}/2021", "%d/%m/%Y"),
        ("{m}/{d}/2021", "%m/%d/%Y"),
        ("2021-{m:02d}-{d:02d}T10:30:00Z", "%Y-%m-%dT%H:%M:%S%.f%#z"),
        ("2021-{m:02d}-{d:02d} 10:30", "%Y-%m-%d %H:%M"),
    ],
)
def test_dates_are_read_when_all_rows_agree_on_their_form(cell, day):
    reading = column([cell.format(d=i % 28 + 1, m=i % 12 + 1) for i in range(60)])
    zone = "UTC" if day.endswith("z") else ""
    assert (reading.column.kind, reading.column.form) == ("time", DateForm(day, zone))
    assert str(reading.values[1]).startswith("2021-02-02")


def test_dates_whose_day_and_month_look_alike_are_not_guessed():
    cells = [f"{i % 12 + 1}/{i % 11 + 1}/2021" for i in range(60)]
    assert "day and month look alike" in column(cells).column.reason
    assert str(column(cells, kind="time:%m/%d/%Y").values[12])[:10] == "2021-01-02"


def test_an_infinite_input_is_missing_and_said():
    reading = column(["1.5", "inf", "2.5"] * 10)
    assert reading.column.missing == 10
    assert "infinite cells read as missing (first: row 2)" in reading.notes[0].text


def test_a_kind_can_be_overridden():
    assert column(["1.0", "2.0", "1.0"], kind="category").values.tolist() == ["1", "2", "1"]
    assert column(["0", "1", "1"], kind="number").values.tolist() == [0.0, 1.0, 1.0]
    assert kind_of(["5", "6", "7"], kind="identifier") == "identifier"


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        (["a", "b", "1"], "number", "cannot be read as numbers"),
        (["a", "b", "c"], "binary", "3 different values"),
        (["a", "b", "c"], "time", "cannot be read as dates"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(cells, kind, message):
    with pytest.raises(DataError, match=message):
        column(cells, kind=kind)


def test_cells_cannot_be_pictures():
    with pytest.raises(RequestError, match="cannot be read as 'image'"):
        column(["a", "b"], kind="image")
