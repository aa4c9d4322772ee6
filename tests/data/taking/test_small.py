"""Promises of small pictures: exact averages; histograms count every pixel once."""

import numpy as np
import pytest

from bakeoff.data.taking.small import colour_histograms, small_pictures, small_volumes


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_where_sizes_divide_it_is_the_mean_of_blocks():
    large = pictures(3, 32, 64, 2)
    wanted = large.reshape(3, 16, 2, 16, 4, 2).mean(axis=(2, 4))
    assert small_pictures(large) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("size", [(17, 16), (20, 50), (31, 100), (105, 105)])
def test_where_sizes_do_not_divide_each_pixel_counts_by_its_area(size):
    large = pictures(2, *size, 3)
    finer = np.repeat(np.repeat(large, 16, axis=1), 16, axis=2)  # each pixel in 16 x 16 parts
    wanted = finer.reshape(2, min(16, size[0]), -1, min(16, size[1]), size[1] * 16 // 16, 3)
    assert small_pictures(large) == pytest.approx(wanted.mean(axis=(2, 4)), rel=1e-6)


def test_the_mean_of_a_picture_stays():
    large = pictures(4, 37, 53, 1)
    assert small_pictures(large).mean(axis=(1, 2, 3)) == pytest.approx(large.mean(axis=(1, 2, 3)))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64])
def test_pictures_that_are_small_stay_as_they_are(dtype):
    small = pictures(2, 16, 9, 3).astype(dtype)
    found = small_pictures(small)
    assert found.dtype == np.float32
    assert np.array_equal(found, small)


def test_one_axis_alone_may_be_reduced():
    assert small_pictures(pictures(2, 100, 5, 1)).shape == (2, 16, 5, 1)


def test_pictures_are_reduced_in_batches_alike(monkeypatch):
    large = pictures(9, 40, 30, 3)
    whole = small_pictures(large)
    monkeypatch.setattr("bakeoff.data.taking.small.NUMBERS", 40 * 30 * 3 * 2)
    assert np.array_equal(small_pictures(large), whole)


@pytest.mark.parametrize(
    ("shape", "small"),
    [
        ((20, 20, 20), (16, 16, 16)),
        ((4096, 1, 1), (4096, 1, 1)),
        ((30, 8, 8), (30, 8, 8)),
        ((100, 8, 8), (64, 8, 8)),
        ((16, 100, 100), (16, 16, 16)),
    ],
)
def test_volumes_are_reduced_to_4096_voxels_longest_axes_first(shape, small):
    found = small_volumes(np.ones((2, *shape, 1), np.float32))
    assert found.shape == (2, *small, 1)
    assert found == pytest.approx(1)


def test_missing_voxels_are_left_out_of_the_mean():
    volume = np.array([[1.0, np.nan, np.nan, np.nan, 4.0, 8.0]]).reshape(1, 6, 1, 1, 1)
    found = small_volumes(volume, most=3).ravel()
    assert np.array_equal(found, np.array([1, np.nan, 6], np.float32), equal_nan=True)


def test_huge_and_infinite_values_stay_finite():
    volume = np.array([np.inf, 1e300, -np.inf, -1e300]).reshape(1, 4, 1, 1, 1)
    assert np.isfinite(small_volumes(volume, most=2)).all()


def test_no_picture_gives_none():
    assert small_pictures(pictures(0, 40, 40, 3)).shape == (0, 16, 16, 3)
    assert colour_histograms(pictures(0, 40, 40, 3)).shape == (0, 112)


def test_a_histogram_counts_every_pixel_once_in_each_channel_and_once_as_a_colour():
    found = colour_histograms(pictures(5, 13, 7, 3))
    assert found.dtype == np.float32
    for part in (np.s_[:16], np.s_[16:32], np.s_[32:48], np.s_[48:]):
        assert found[:, part].sum(axis=1) == pytest.approx(1)


def test_bins_hold_the_pixels_that_they_name():
    picture = np.array([[[[0, 16, 255], [15, 17, 128]]]], np.uint8)  # two pixels
    (found,) = colour_histograms(picture)
    red, green, blue, colours = found[:16], found[16:32], found[32:48], found[48:]
    assert red[0] == green[1] == 1
    assert blue[15] == blue[8] == 0.5
    assert colours[0 * 16 + 0 * 4 + 3] == colours[0 * 16 + 0 * 4 + 2] == 0.5


@pytest.mark.parametrize(("channels", "numbers"), [(1, 16), (2, 32), (3, 112), (4, 64)])
def test_only_three_channels_are_counted_together(channels, numbers):
    assert colour_histograms(pictures(2, 9, 9, channels)).shape == (2, numbers)


def test_floats_count_as_the_bytes_below_and_what_lies_outside_as_the_nearest():
    whole = pictures(3, 8, 8, 3)
    assert np.array_equal(colour_histograms(whole + 0.4), colour_histograms(whole))
    odd = np.array([-5.0, np.nan, 400.0, np.inf]).reshape(1, 2, 2, 1)
    (found,) = colour_histograms(odd)
    assert found[0] == found[15] == 0.5


def test_histograms_are_made_in_batches_alike(monkeypatch):
    whole = pictures(9, 10, 10, 3)
    found = colour_histograms(whole)
    monkeypatch.setattr("bakeoff.data.taking.small.NUMBERS", 700)
    assert np.array_equal(colour_histograms(whole), found)
