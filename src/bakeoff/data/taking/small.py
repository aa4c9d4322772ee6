"""Small pictures and volumes, and histograms of colours: what plain models read of pictures.

Reduced by exact averages over areas: each small pixel is the mean of all that lies below it, parts
of pixels by their share.

Dimensions: N pictures, Z planes, Y rows, X columns, C channels, H numbers of a histogram.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.array import Array

NUMBERS = 2**22  # in memory for a batch of pictures, in float64: 32 MB
BINS = 16  # of a channel
LARGEST = 3e38  # what float32 holds
COARSE = 4  # parts of a channel, where three are counted together


def small_pictures(pictures: Array, most: int = 16) -> NDArray[np.float32]:
    """Reduce pictures to at most `most` rows and columns, each by itself.

    Args:
        pictures: (N, Y, X, C) of any number type.
        most: Rows, and columns, at most.

    Returns:
        (N, y, x, C); pictures that are small already, as they are.

    Example:
        >>> small_pictures(np.array([0.0, 3.0, 9.0]).reshape(1, 1, 3, 1), most=2).ravel()
        array([1., 7.], dtype=float32)
    """
    return reduced(pictures, tuple(min(size, most) for size in pictures.shape[1:3]))


def small_volumes(volumes: Array, most: int = 4096) -> NDArray[np.float32]:
    """Reduce volumes to at most `most` voxels: the longest axes first, until all are equal.

    Args:
        volumes: (N, Z, Y, X, C) of any number type.
        most: Voxels of a volume at most.

    Returns:
        (N, z, y, x, C); volumes that are small already, as they are.

    Example:
        >>> small_volumes(np.zeros((1, 40, 8, 8, 1), np.uint8), most=2048).shape
        (1, 32, 8, 8, 1)
    """
    axes = volumes.shape[1:4]
    longest = max(axes)
    while longest > 1 and math.prod(min(size, longest) for size in axes) > most:
        longest -= 1
    return reduced(volumes, tuple(min(size, longest) for size in axes))


def reduced(x: Array, sizes: tuple[int, ...]) -> NDArray[np.float32]:
    """Average over areas: (N, *axes, C) -> (N, *sizes, C), NaN where all are missing."""
    small = np.empty((len(x), *sizes, x.shape[-1]), np.float32)
    batch = max(1, NUMBERS // max(1, math.prod(x.shape[1:])))
    for start in range(0, len(x), batch):
        part = np.clip(x[start : start + batch].astype(np.float64), -LARGEST, LARGEST)
        missing = np.isnan(part)
        if missing.any():
            there = shrunk(np.where(missing, 0.0, 1.0), sizes)
            part = shrunk(np.where(missing, 0.0, part), sizes)
            part = np.where(there > 0, part / np.where(there > 0, there, 1.0), np.nan)
        else:
            part = shrunk(part, sizes)
        small[start : start + batch] = part
    return small


def shrunk(x: NDArray[np.float64], sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """Average along every axis that is to be shorter: (n, *axes, C) -> (n, *sizes, C)."""
    for axis, size in enumerate(sizes, start=1):
        if size < x.shape[axis]:
            x = averaged(x, axis, size)
    return x


def averaged(x: NDArray[np.float64], axis: int, size: int) -> NDArray[np.float64]:
    """Average along one axis, down to `size`."""
    long = x.shape[axis]
    ends = np.arange(size + 1) * (long / size)  # of the small pixels, in old ones
    old = np.arange(long)
    shares = np.minimum(ends[1:, None], old + 1) - np.maximum(ends[:-1, None], old)
    shares = np.maximum(shares, 0) * (size / long)  # (size, long), each row adds up to 1
    flat = x.reshape(math.prod(x.shape[:axis]), long, -1)
    return np.asarray((shares @ flat).reshape(*x.shape[:axis], size, *x.shape[axis + 1 :]))


def colour_histograms(pictures: Array) -> NDArray[np.float32]:
    """Count how bright the pixels of each picture are, and which colours they have.

    Args:
        pictures: (N, Y, X, C) from 0 to 255; what lies outside counts as the nearest of these.

    Returns:
        (N, H) shares of the pixels: 16 bins of each channel; of three channels also 4 x 4 x 4
        colours. H is 16 C, and 112 where C is 3.

    Example:
        >>> histogram = colour_histograms(np.full((1, 5, 5, 3), 255, np.uint8))
        >>> histogram.shape, float(histogram.sum())
        ((1, 112), 4.0)
    """
    n, channels = len(pictures), pictures.shape[3]
    pixels = max(1, pictures.shape[1] * pictures.shape[2])
    parts = BINS * channels + (COARSE**3 if channels == 3 else 0)
    counts = np.zeros((n, parts), np.float32)
    batch = max(1, NUMBERS // (pixels * max(1, channels)))
    for start in range(0, n, batch):
        values = as_bytes(pictures[start : start + batch])
        values = values.reshape(len(values), pixels, channels)
        rows = slice(start, start + batch)
        for c in range(channels):
            bins = values[:, :, c] // (256 // BINS)
            counts[rows, c * BINS : (c + 1) * BINS] = counted(bins, BINS)
        if channels == 3:
            thirds = values // (256 // COARSE)  # each channel from 0 to 3
            colours = (thirds[:, :, 0] * COARSE + thirds[:, :, 1]) * COARSE + thirds[:, :, 2]
            counts[rows, BINS * channels :] = counted(colours, COARSE**3)
    return np.asarray(counts / np.float32(pixels))


def as_bytes(pictures: Array) -> NDArray[np.uint8]:
    """Return pixels as whole numbers from 0 to 255; what is missing is 0."""
    if pictures.dtype == np.uint8:
        return np.asarray(pictures, np.uint8)
    values = np.nan_to_num(pictures.astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(values, 0, 255).astype(np.uint8)


def counted(bins: NDArray[np.uint8], size: int) -> NDArray[np.int64]:
    """Count the pixels of each bin, picture by picture: (n, pixels) -> (n, size)."""
    n = len(bins)
    places = bins + size * np.arange(n)[:, None]
    return np.bincount(places.ravel(), minlength=n * size).reshape(n, size)
