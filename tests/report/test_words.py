"""The examples in the words of the report, the figures' style and the screen's text hold."""

import doctest

import pytest

from bakeoff.insight import curves, style
from bakeoff.report import screen_text, words


@pytest.mark.parametrize("module", [words, screen_text, style, curves])
def test_examples_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("write", [words.count, words.duration, words.per_row, words.speed])
def test_what_is_not_known_is_a_dash(write):
    assert write(None) == "–"
