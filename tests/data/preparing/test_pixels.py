"""Promises of the transform of pictures."""

import numpy as np
import pytest

from bakeoff.data.blocks import block_of
from bakeoff.data.preparing.pixels import Pixels

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.random((600, 4, 5, 2))  # more than are held at once


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("unit", "offset"), [(1, 1e9), (1, -1e10), (1e-300, 0), (1e300, 0)])
def test_unit_and_offset_of_pixels_do_not_matter(unit, offset):
    moved = PICTURES * unit + offset
    np.testing.assert_allclose(
        Pixels.fit(block_of(moved, None)).apply(moved),
        Pixels.fit(block_of(PICTURES, None)).apply(PICTURES),
        atol=1e-3,
    )


def test_a_pixel_far_from_those_of_training_is_bounded():
    largest = np.abs(Pixels.fit(block_of(PICTURES, None)).apply(PICTURES)).max()
    new = np.full((1, 4, 5, 2), 1e30)
    assert np.abs(Pixels.fit(block_of(PICTURES, None)).apply(new)).max() <= largest + 3 + 1e-5


def test_a_channel_that_is_constant_in_training_is_zero():
    pictures = np.full((300, 2, 2, 1), 7, np.uint8)
    assert not Pixels.fit(block_of(pictures, None)).apply(pictures + np.uint8(99)).any()
