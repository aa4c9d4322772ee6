"""A cell, a class or a name of any length is shown short, with its true length."""

import io
import re

import pytest

from bakeoff.cut import cut, cut_middle, tamed
from bakeoff.errors import DataError, RequestError, did_you_mean, unknown
from bakeoff.listed import listed
from bakeoff.report.printable import printable
from bakeoff.report.report import write_report
from bakeoff.report.screen import Screen
from bakeoff.runs.folder import RunFolder
from tests.fuzz.mutate import Limits
from tests.report.made_run import make_run

LONG = "q" * 2**20
LENGTH = "1,048,576 characters"


def test_a_report_of_long_names_is_short_and_soon_there(tmp_path):
    folder = make_run(tmp_path, classes=("no", LONG), target="t" + LONG, columns=("c" + LONG,))
    with Limits(seconds=30, megabytes=1_000):
        page = write_report(RunFolder(folder)).read_text("utf-8")
    assert len(page) < 400_000
    assert LENGTH in page
    assert not re.search("q{3000}", page.replace(page[page.index("<pre") :], ""))


def test_every_line_on_the_screen_is_short():
    out = io.StringIO()
    screen = Screen("live", file=out)
    screen.line("data", f"5 rows: target {LONG} (2 classes)", "aside")
    screen.notes([f"{LONG}: 3 cells are left out. Say so."])
    screen.table([], [(LONG, "number", LONG)])
    assert len(out.getvalue()) < 8_000
    assert "Say so." in out.getvalue()
    assert LENGTH in out.getvalue().replace("\n", " ") or "1,048,5" in out.getvalue()


def test_an_error_with_a_long_cell_keeps_its_beginning_and_its_way_on():
    said = str(DataError(f"Row 3 holds {LONG}. Correct it."))
    assert len(said) < 2_100
    assert said.startswith("Row 3 holds qqq")
    assert said.endswith("characters). Correct it.")


def test_unknown_long_names_are_cut_and_not_compared():
    with Limits(seconds=2, megabytes=200):
        said = unknown("column", LONG, [LONG + "x", "age"])
    assert len(said) < 400
    assert did_you_mean("agee", [LONG, "age"]) == " Did you mean 'age'?"


def test_lists_of_long_names_are_cut():
    assert len(listed([LONG] * 4)) < 500


def test_what_a_terminal_obeys_is_never_printed():
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", printable(evil, "utf-8"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", str(RequestError(evil)))
    assert tamed("a\tb\nc") == "a\tb\nc"


@pytest.mark.parametrize("most", [1, 80, 2_000])
def test_a_text_that_is_short_enough_stays_as_it_is(most):
    assert cut("x" * most, most) == "x" * most
    assert cut_middle("x" * most, most) == "x" * most
