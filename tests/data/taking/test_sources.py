"""Sources take rows from where the values are kept."""

import numpy as np
import pytest

from bakeoff.data.taking.small import colour_histograms, small_pictures, small_volumes
from bakeoff.data.taking.sources import Reduced, plain, source_of

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (600, 20, 18, 3), dtype=np.uint8)
VOLUMES = RANDOM.integers(0, 256, (5, 24, 20, 18, 1), dtype=np.uint8)
ORDER = RANDOM.permutation(600)[:300]


def test_reduced_pictures_are_those_of_all_at_once():
    source = Reduced(base=PICTURES, rows=ORDER, way="small")
    whole = small_pictures(PICTURES)[ORDER].reshape(300, -1)
    assert source.shape == whole.shape
    np.testing.assert_array_equal(source.take(), whole)
    np.testing.assert_array_equal(source[7:9].take(), whole[7:9])


def test_reduced_volumes_are_those_of_all_at_once():
    source = Reduced(base=VOLUMES, rows=np.arange(5), way="small")
    np.testing.assert_array_equal(source.take(), small_volumes(VOLUMES).reshape(5, -1))


@pytest.mark.parametrize("times", [1.0, 255.0])
def test_histograms_count_the_colours_of_bytes(times):
    pictures = PICTURES if times == 1.0 else PICTURES / 255
    source = Reduced(base=pictures, rows=ORDER, way="histograms", times=times)
    np.testing.assert_array_equal(source.take(), colour_histograms(pictures * times)[ORDER])


def test_a_reduced_source_of_no_rows_keeps_its_width():
    source = Reduced(base=PICTURES[:0], rows=ORDER[:0], way="small")
    assert source.shape == source.take().shape == (0, 16 * 16 * 3)


def test_plain_values_of_a_reduced_source_make_it_again():
    source = Reduced(base=PICTURES, rows=ORDER, way="small")
    np.testing.assert_array_equal(source_of(plain(source)).take(), source.take())
