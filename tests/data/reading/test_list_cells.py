"""Promises of cells that hold lists: every number arrives, whatever the lists are made of."""

import numpy as np
import polars as pl
import pytest

from bakeoff import DataError
from bakeoff.data.reading.list_cells import list_cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([[1, 2], [1.5]], [[1.0, 2.0], [1.5]]),
        ([(1, 2), [3], None], [[1, 2], [3], None]),
        ([[1, None], []], [[1, None], []]),
        ([[[1, 2], None], [[1.5, 2]]], [[[1.0, 2.0], None], [[1.5, 2.0]]]),
        ([[np.float32(1), 2], [True]], [[1.0, 2.0], [1.0]]),
        ([[2**70], [1]], [[2.0**70], [1.0]]),
    ],
)
def test_lists_of_numbers_keep_every_number(cells, expected):
    """polars takes [1.5] for [1] behind a list of integers."""
    assert list_cells("x", cells).to_list() == expected


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.bool_])
@pytest.mark.parametrize("width", [(), (3,)])
def test_arrays_become_lists_in_their_own_type(dtype, width):
    arrays = [np.ones((n, *width)).astype(dtype) for n in (2, 1)]
    series = list_cells("x", [arrays[0], None, arrays[1][:0], arrays[1]])
    assert series.to_list() == [arrays[0].tolist(), None, None, arrays[1].tolist()]


@pytest.mark.parametrize(
    "cells",
    [["ab"], [1, 2], [None], [["a"]], [[1, "a"]], [[1], [[1]]], [[[[1]]]], [{"a": 1}], [[{}]]],
)
def test_other_cells_are_left_to_others(cells):
    assert list_cells("x", cells) is None


def test_a_column_that_polars_would_cut_is_read_whole():
    from bakeoff.data.reading.table import read_table

    frame = read_table({"x": [[1, 2], [1.5]], "y": [1, 2]}).frame
    assert frame["x"].dtype == pl.List(pl.Float64)
    assert frame["x"].to_list() == [[1.0, 2.0], [1.5]]


def test_a_word_among_lists_of_numbers_is_named_by_its_row():
    cells = [[1.0, 2.0]] * 5 + [[1, "x"]] + [None, []]
    with pytest.raises(DataError, match=r"but .x. stands in row 6\. Correct such cells"):
        list_cells("wave", cells)
    assert list_cells("words", [["a", "b"]] * 5 + [[1, 2]]) is None
