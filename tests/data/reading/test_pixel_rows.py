"""Promises of rows of pixels: equal to the pictures, in any order, and never all in memory."""

import io
import tracemalloc

import numpy as np
import pytest

from bakeoff.data.reading.decode import brought_to
from bakeoff.data.reading.decode_files import decode_files
from bakeoff.data.reading.picture_files import find_pictures
from bakeoff.data.reading.pixel_rows import NoRoomError, PixelRows

from ...pictures import folder, packed

RANDOM = np.random.default_rng(0)
COLOURED = RANDOM.integers(0, 256, (4, 8, 6, 3)).astype(np.uint8)
GREY = np.repeat(COLOURED[..., :1], 3, axis=3)
LARGE = RANDOM.integers(0, 256, (1, 64, 20, 3)).astype(np.uint8)


def rows_of(pictures, room=10**6):
    file = io.BytesIO()
    rows = PixelRows(file, start=5, total=len(pictures), room=room)
    for picture in pictures:
        rows.append(picture)
    return np.frombuffer(file.getvalue(), np.uint8, offset=5).reshape(rows.shape)


def test_grey_pictures_have_one_channel():
    np.testing.assert_array_equal(rows_of(GREY), GREY[..., :1])


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_one_picture_of_colours_gives_all_three_channels_wherever_it_stands(order):
    mixed = np.concatenate([GREY[:3], COLOURED[3:]])[order]
    np.testing.assert_array_equal(rows_of(mixed), mixed)


@pytest.mark.parametrize("first", [True, False])
def test_pictures_of_two_sizes_become_the_same_whichever_comes_first(first):
    pictures = [*LARGE, *GREY] if first else [*GREY, *LARGE]
    wanted = np.stack([brought_to(picture, (64, 64)) for picture in pictures])
    np.testing.assert_array_equal(rows_of(pictures), wanted)


def test_rows_that_have_no_room_are_refused_at_the_first():
    with pytest.raises(NoRoomError) as error:
        rows_of(COLOURED, room=500)
    assert (error.value.needed, error.value.shape) == (576, (8, 6, 3))


def test_pictures_are_never_all_in_memory(tmp_path):
    from PIL import Image

    raw = packed(Image.fromarray(RANDOM.integers(0, 256, (64, 64, 3)).astype(np.uint8)))
    files = find_pictures(folder(tmp_path / "set", {f"{i}.png": raw for i in range(200)})).files
    with (tmp_path / "rows").open("w+b") as file:
        tracemalloc.start()
        rows = PixelRows(file, start=0, total=len(files), room=10**9)
        decode_files(files, None, rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rows.shape == (200, 64, 64, 3)
    assert peak < np.prod(rows.shape) / 4
