"""Promises of reading plain files block by block: nothing differs from reading them at once."""

import pytest

from bakeoff.data.read import read
from bakeoff.data.reading import delimited as room
from bakeoff.data.reading import plain_lines as plain
from bakeoff.data.reading.delimited import delimited, delimited_text
from bakeoff.errors import DataError

ROWS = [f"{i},{i % 3}.5,w{i % 4},{i % 2}" for i in range(30)]
BODY = "\n".join(["a,b,c,y", *ROWS])
ODD = {
    "plain": BODY + "\n",
    "no line end": BODY,
    "windows": BODY.replace("\n", "\r\n"),
    "mac": BODY.replace("\n", "\r"),
    "mixed ends": BODY.replace("\n", "\r\n", 7),
    "blank lines": BODY.replace("\n", "\n\n") + "\n\n\n",
    "blank lines above": "\n\n" + BODY,
    "a blank line before a missing cell": BODY.replace("9,0.5", "\n9,0.5") + "\n7,1.5,w,\n",
    "quotes": BODY.replace("w1", '"w,1"'),
    "byte order mark": "\ufeff" + BODY,
    "letters": BODY.replace("w2", "Köln 東京 😀"),
    "missing words": BODY.replace("1.5", "NA").replace("w3", "?"),
    "empty cells": BODY.replace("1.5", "").replace("w3", ""),
    "sentinels": BODY.replace("1.5", "-999"),
    "last column empty": "\n".join(["a,b,c", *(f"{i},{i}," for i in range(20))]),
    "decimal comma": BODY.replace(",", ";").replace(".5", ",5"),
    "tabs": BODY.replace(",", "\t"),
    "declared": "sep=;\n" + BODY.replace(",", ";"),
    "nameless": BODY.replace("a,b,c,y", ",b,,y"),
    "nameless and empty": "\n".join([",b,y", *(f",{i},{i % 2}" for i in range(20))]),
    "repeated names": BODY.replace("a,b,c,y", "a,a,a,y"),
    "blanks": BODY.replace(",", " , "),
    "leading zeros": BODY.replace("w", "00"),
    "one column": "a\n1\n\n2\n",
    "too long": BODY.replace("5,2.5", "5,2.5,9"),
    "too short": BODY + "\n1,2\n",
    "no rows": "a,b\n\n",
    "nothing": "\n\n",
    "a lone quote": BODY + '\n1,2,"x,1',
}


def outcome(act):
    """Return what comes out, or what is refused."""
    try:
        frame, separator, notes = act()
    except DataError as error:
        return str(error)
    return frame.to_dict(as_series=False), separator, notes


@pytest.mark.parametrize("block", [1, 40, 2**25])
@pytest.mark.parametrize("name", ODD)
def test_blocks_give_the_same_cells_notes_and_refusals(tmp_path, monkeypatch, name, block):
    monkeypatch.setattr(plain, "BLOCK", block)
    path, raw = tmp_path / "table.csv", ODD[name].encode()
    path.write_bytes(raw)
    assert outcome(lambda: delimited(path, raw)) == outcome(lambda: delimited_text(raw, path.name))


@pytest.mark.parametrize("name", ["missing words", "sentinels", "decimal comma", "windows"])
def test_blocks_give_the_same_columns(tmp_path, monkeypatch, name):
    path = tmp_path / "table.csv"
    path.write_bytes(ODD[name].encode())
    blocks = read(path, target="y")
    monkeypatch.setattr(room, "plain_lines", lambda _: [])
    whole = read(path, target="y")
    assert blocks.fingerprint == whole.fingerprint
    assert (blocks.schema, blocks.notes) == (whole.schema, whole.notes)


@pytest.mark.parametrize("name", ["quotes", "byte order mark", "declared"])
def test_what_is_not_plain_is_left_to_others(name):
    assert plain.plain_lines(ODD[name].encode()) == []


@pytest.mark.parametrize("raw", ["Köln".encode("cp1252"), b"a\0b", "é".encode()[:1]])
def test_other_encodings_are_left_to_others(raw):
    assert plain.plain_lines(raw) == []


def test_a_letter_may_lie_across_two_pieces(monkeypatch):
    monkeypatch.setattr(plain, "PIECE", 1)
    assert plain.plain_lines("東\n".encode()) == ["東\n".encode()]


def test_bytes_go_while_they_are_parsed(monkeypatch):
    monkeypatch.setattr(plain, "BLOCK", 40)
    blocks = plain.plain_lines(ODD["plain"].encode())
    count, left, parse_rows = len(blocks), [], plain.parse_rows

    def watched(*given):
        left.append(len(blocks))
        return parse_rows(*given)

    monkeypatch.setattr(plain, "parse_rows", watched)
    plain.parse_blocks(blocks, ",", ["a", "b", "c", "y"])
    assert left == list(range(count))[::-1]
