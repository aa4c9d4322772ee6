"""The examples in the words of the report, the figures' style and the screen's text hold."""

import doctest

import pytest

from bakeoff.insight import curves, style
from bakeoff.report import numbers, printable


@pytest.mark.parametrize("module", [numbers, printable, style, curves])
def test_examples_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("write", [numbers.count, numbers.duration, numbers.per_row, numbers.speed])
def test_what_is_not_known_is_a_dash(write):
    assert write(None) == "–"
