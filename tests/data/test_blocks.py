"""Promises of blocks: what they hold is not copied, and comes out as an array would have it."""

import numpy as np
import pytest

from bakeoff.data.blocks import Sequences, SideBySide

RANDOM = np.random.default_rng(0)
COLUMNS = tuple(RANDOM.normal(size=(3, 40)))
TABLE = np.stack(COLUMNS, 1)
SOME = (3, slice(2, 9), np.array([[1, 2], [5, 0]]), TABLE[:, 0] > 0)


@pytest.mark.parametrize("rows", SOME, ids=lambda rows: type(rows).__name__)
def test_columns_side_by_side_are_taken_as_a_table(rows):
    steps = SideBySide(COLUMNS)
    assert np.array_equal(steps[rows], TABLE[rows])
    assert np.array_equal(steps[rows, 1], TABLE[rows, 1] if isinstance(rows, int | slice)
                          else TABLE[:, 1][rows])  # fmt: skip
    assert (steps.shape, len(steps), steps.nbytes) == (TABLE.shape, 40, TABLE.nbytes)


def test_columns_side_by_side_are_not_copied_and_not_written_to():
    steps = SideBySide(COLUMNS)
    assert all(np.shares_memory(*pair) for pair in zip(steps.columns, COLUMNS, strict=True))
    assert not any(column.flags.writeable for column in steps.columns)


@pytest.mark.parametrize(("last", "dtype"), [(0.5, np.float32), (0.1, np.float64)])
def test_columns_side_by_side_are_float32_where_that_holds_them(last, dtype):
    steps = SideBySide((np.array([1.0, np.nan]), np.array([0.25, last])))
    assert steps.dtype == steps[:1].dtype == np.asarray(steps).dtype == dtype


@pytest.mark.parametrize(
    ("starts", "lengths"),
    [([0, 1, 2], [4] * 3), ([2, 3], [4, 4]), ([0, 6], [4, 4]), ([1, 2], [3, 1]), ([5, 1], [2, 2])],
)
def test_steps_in_a_sequence_are_covered_and_real_once(starts, lengths):
    expected = np.zeros(40, bool)
    for start, length in zip(starts, lengths, strict=True):
        expected[start : start + length] = True
    for steps in (TABLE, SideBySide(COLUMNS)):
        sequences = Sequences(steps, np.array(starts), np.array(lengths))
        assert np.array_equal(sequences.covered(), expected)
        assert np.array_equal(sequences.real(), TABLE[expected])


def test_a_channel_without_a_value_in_any_sequence_is_unknown():
    steps = TABLE.copy()
    steps[2:8, 1] = np.nan
    assert Sequences(steps, np.array([2, 3]), np.array([4, 5])).unknown_channels().tolist() == [
        False, True, False,
    ]  # fmt: skip
    tokens = Sequences(np.arange(9), np.array([0]), np.array([3]))
    assert not tokens.unknown_channels().any()
