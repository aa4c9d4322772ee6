"""Promises of words, and of telling a column by its different texts."""

import polars as pl
import pytest

from bakeoff.data.columns import words as room
from bakeoff.data.columns.infer import infer
from bakeoff.data.columns.words import words
from bakeoff.data.reading import cells

N = 3000
COLUMNS = {
    "words": [("red", "green", "blue")[i % 3] for i in range(N)],
    "words with gaps": [("red", "green", None)[i % 3] for i in range(N)],
    "missing words": [("red", "green", "NA", "-")[i % 4] for i in range(N)],
    "blanks": [("red ", " green", "blue")[i % 3] for i in range(N)],
    "digits": [f"product {i % 50}" for i in range(N)],
    "infinite": [("inf", "1", "2")[i % 3] for i in range(N)],
    "inf and words": [("inf", "low")[i % 2] for i in range(N)],
    "truth": [("True", "FALSE")[i % 2] for i in range(N)],
    "codes": [f"{i % 30:03d}" for i in range(N)],
    "long codes": [str(10**16 + i % 30) for i in range(N)],
    "numbers": [f"{i % 700 / 10}" for i in range(N)],
    "zeros and ones": [("0", "1.0")[i % 2] for i in range(N)],
    "units": [f"{i % 90} €" for i in range(N)],
    "brackets": [f"({i % 90})" if i % 5 else "1" for i in range(N)],
    "decimal commas": [f"{i % 90},5" for i in range(N)],
    "limits": [f"<{i % 9}" if i % 3 else "1.5" for i in range(N)],
    "fortran": [f"{i % 9}.5D-01" for i in range(N)],
    "dates": [f"2020-01-{i % 28 + 1:02d}" for i in range(N)],
    "doubtful dates": [f"{i % 12 + 1:02d}/{i % 9 + 1:02d}/2020" for i in range(N)],
    "bad dates": ["soon" if i % 100 == 0 else f"2020-01-{i % 28 + 1:02d}" for i in range(N)],
    "few bad numbers": ["x" if i % 100 == 0 else str(i % 90) for i in range(N)],
    "many bad numbers": ["x" if i % 3 == 0 else str(i % 90) for i in range(N)],
    "identifiers": [f"C{i}" for i in range(N)],
    "mostly different": [f"C{i}" if i % 3 else None for i in range(N)],
    "sentences": [f"one two three four five six seven eight {i % 40}" for i in range(N)],
    "nothing": [None] * N,
}


@pytest.mark.parametrize("mark", [".", ",", "?"])
@pytest.mark.parametrize("name", COLUMNS)
def test_different_texts_tell_the_same_as_all_texts(monkeypatch, name, mark):
    series = pl.Series("c", COLUMNS[name], dtype=pl.String)
    fast = infer(series, mark=mark)
    for place in (cells, room):
        monkeypatch.setattr(place, "few_distinct", lambda _: None)
    slow = infer(series, mark=mark)
    assert (fast.column, fast.notes, fast.counts) == (slow.column, slow.notes, slow.counts)
    assert repr(fast.values.tolist()) == repr(slow.values.tolist())


def test_rows_of_a_word_share_one_string():
    found = words(pl.Series(COLUMNS["words with gaps"]))
    assert len({id(word) for word in found.values}) == 3
    assert found.values.tolist() == COLUMNS["words with gaps"]
    assert found.tally == {"red": 1000, "green": 1000}


@pytest.mark.parametrize("name", ["identifiers", "mostly different"])
def test_different_words_are_counted_one_by_one(name):
    found = words(pl.Series(COLUMNS[name]))
    assert found.values.tolist() == COLUMNS[name]
    assert set(found.tally.values()) == {1}
    assert len(found.distinct) == len(set(COLUMNS[name]) - {None})
