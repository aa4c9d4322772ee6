"""Promises of reading cells as numbers."""

import polars as pl
import pytest

from bakeoff.data.columns.infer import infer
from bakeoff.data.columns.read_column import read_column
from bakeoff.data.reading.cells import as_texts
from bakeoff.errors import DataError

N = 40


def column(write):
    return pl.Series("a", [write(i) for i in range(N)])


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        ("−{:.2f}", "{:.2f}"), ("–{:.2f}", "{:.2f}"), ("({:.2f})", "{:.2f}"), ("{:.2f}-", "{:.2f}"),
        ("−{:,.2f}", "{:,.2f}"), ("({:,.2f})", "{:,.2f}"), ("-${:,.2f}", "${:,.2f}"),
        ("$-{:.2f}", "${:.2f}"), ("(${:,.2f})", "${:,.2f}"), ("−{:.2f} €", "{:.2f} €"),
    ],
)  # fmt: skip
def test_negative_numbers_are_read_however_they_are_typeset(negative, positive):
    texts = column(lambda i: (negative if i % 2 else positive).format(i * 100.25 + 0.5))
    reading = infer(texts)
    assert reading.column.kind == "number"
    assert reading.values.tolist() == [(i * 100.25 + 0.5) * (-1) ** i for i in range(N)]


def test_numbers_in_brackets_are_told():
    reading = infer(column(lambda i: f"({i}.5)" if i % 2 else f"{i}.5"))
    assert [note.text for note in reading.notes] == [
        "a: 20 cells in brackets, such as (1.5), read as negative."
    ]


def test_dates_and_codes_keep_their_hyphens():
    assert infer(column(lambda i: f"2021-01-{i % 28 + 1:02d}")).column.kind == "time"
    assert infer(column(lambda i: f"A-{i % 3}")).values[1] == "A-1"
    assert infer(column(lambda i: "+-"[i % 2])).column.kind == "category"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            "<0.05",
            "10 of 40 cells tell a limit, such as '<0.05'; .* half the limit, or give it the",
        ),
        (
            "8.9D-01",
            "10 of 40 cells .* D of Fortran, such as '8.9D-01'; write 8.9E-01 there, or give",
        ),
    ],
)
def test_a_number_that_only_a_person_can_read_is_named_in_the_reason(cell, reason):
    texts = column(lambda i: f"{i / 7:.2f}" if i % 4 else cell)
    found = infer(texts).column
    assert found.kind != "number"
    assert pl.Series([found.reason]).str.contains(reason).all()
    as_numbers = read_column(texts, kind="number")
    assert as_numbers.column.missing == 10
    assert any("10 cells that are no number" in note.text for note in as_numbers.notes)


def test_the_advice_to_read_limits_as_missing_is_given_only_where_it_works():
    found = infer(column(lambda i: "<0.05" if i % 4 else f"{i / 7:.2f}")).column
    assert "tell a limit" in found.reason
    assert "kind number" not in found.reason


def test_codes_that_look_like_fortran_are_categories():
    assert infer(column(lambda i: f"{i % 3}D6")).column.reason == "3 different values"


@pytest.mark.parametrize("large", ["9" * 30, "9223372036854775807", 2**63 - 1])
def test_one_huge_integer_does_not_turn_numbers_into_names(large):
    typed = isinstance(large, int)
    texts = column(lambda i: i % 7 if typed else str(i % 7)).append(pl.Series("a", [large]))
    assert infer(texts).column.kind == "number"


def test_long_integers_are_still_names():
    assert infer(column(lambda i: str(10**17 + i))).column.kind == "identifier"
    assert infer(column(lambda i: 2**60 + i)).column.kind == "identifier"
    unsigned = pl.Series("a", [2**63 + i for i in range(N)], dtype=pl.UInt64)
    assert infer(unsigned).column.kind == "identifier"


def test_a_duration_has_a_text_in_seconds():
    assert as_texts(pl.Series("a", [1_500_000]).cast(pl.Duration("us"))).to_list() == ["1.5"]


def test_bytes_that_are_no_text_are_refused_by_column():
    with pytest.raises(DataError, match="Column 'a' holds values of type Binary"):
        as_texts(pl.Series("a", [b"\xff"]))
