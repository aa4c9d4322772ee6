"""Promises of new pictures: in a file or in memory the same, and nothing is left behind."""

import numpy as np
import pytest

from bakeoff.data.reading import decode_new as module
from bakeoff.data.reading.decode_new import decode_new
from bakeoff.data.reading.picture_files import find_pictures

from ...pictures import BLUE, RED, folder, picture


def files_in(root):
    mixed = {f"{i}.png": picture((i, i, i) if i % 3 else RED, size=(9, 7)) for i in range(6)}
    return find_pictures(folder(root, mixed | {"7.png": b"none", "8.jpg": picture(BLUE)})).files


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_in_a_file_are_those_in_memory(channels, tmp_path, monkeypatch):
    files = files_in(tmp_path / "new")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    held, met, notes = decode_new(files, (8, 6, channels))
    monkeypatch.setattr(module, "HELD", 0)
    mapped, again, said = decode_new(files, (8, 6, channels))
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, held)
    assert (again, said) == (met, notes)
    assert held.shape == (7, 8, 6, channels)
    assert ("3 of 7 pictures in colours" in " ".join(notes)) == (channels == 1)


def test_the_file_of_new_pictures_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "HELD", 0)
    pixels = decode_new(files_in(tmp_path / "new"), (8, 6, 3))[0]
    assert len(pixels) == 7
    assert not list((tmp_path / "cache").iterdir())


def test_where_nothing_can_be_written_they_are_decoded_into_memory_and_that_is_said(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(module, "HELD", 0)
    pixels, _, notes = decode_new(files_in(tmp_path / "new"), (8, 6, 3))
    assert len(pixels) == 7
    assert "decoded into memory" in notes[0]
