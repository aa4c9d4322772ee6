"""Promises of the lines above a table: comments and titles are told and left out, names never."""

import pytest

from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError

ROWS = "".join(f"{i * 1.5:.2f},{i % 7},{'uv'[i % 2]}\n" for i in range(40))
FOUR = "".join(f"{i},{i % 3},{i % 5},{i % 2}\n" for i in range(40))


def table(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    return read_table(path)


@pytest.mark.parametrize(
    ("text", "names", "left_out"),
    [
        ("# exported\n# by hand\na,b,y\n" + ROWS, ["a", "b", "y"], "2 lines above the names"),
        ("# a,b,y\n" + ROWS, ["a", "b", "y"], ""),
        ("My report\n\na,b,y\n" + ROWS, ["a", "b", "y"], "'My report' first"),
        ("Report,,,\n2023,,,\na,b,c,d\n" + FOUR, ["a", "b", "c", "d"], "2 lines"),
        ("Sales,,Costs,\na,b,c,d\n" + FOUR, ["a", "b", "c", "d"], "1 line"),
        ("sep=;\n# v1\na;b;y\n" + ROWS.replace(",", ";"), ["a", "b", "y"], "1 line"),
        ("#,Name,Type\n" + ROWS, ["#", "Name", "Type"], ""),
        ("#id,name,age\n1,Ann,30\n2,Bob,25\n3,Cy,41\n", ["id", "name", "age"], ""),
        ("#gene,note\nabc,foo\nxyz,bar\nklm,baz\n", ["gene", "note"], ""),
        ("# by,hand,today\na,b,y\n" + ROWS, ["a", "b", "y"], "'# by,hand,today' first"),
        ("name\n" + "John Smith\nAnna Lee\n" * 9, ["name"], ""),
        ("1,,,,\n,2,,,\n1,,3,,\n" * 9, [f"column_{i}" for i in range(1, 6)], ""),
    ],
)
def test_lines_above_the_names_are_told_and_left_out(tmp_path, text, names, left_out):
    found = table(tmp_path, text)
    assert found.frame.columns == names
    assert left_out in " ".join(found.notes)
    assert bool(left_out) == any("left out" in note for note in found.notes)


def test_names_behind_a_sign_and_blanks_are_read(tmp_path):
    rows = "".join(f"{i * 1.5:.2f} {i % 7} {i % 2}\n" for i in range(40))
    found = table(tmp_path, "# units: m s -\n# a b y\n" + rows)
    assert found.frame.columns == ["a", "b", "y"]
    assert len(found.frame) == 40


def test_a_broken_line_is_counted_from_the_top_of_the_file(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv, line 4: 2 cells"):
        table(tmp_path, "# c\na,b,y\n1,2,3\n1,2\n" + ROWS)
