"""Mixed recordings: pictures of one recording that chance has put into several parts.

Two things tell of it. Neighbouring pictures of a recording are nearly equal: half as different as
pictures of other recordings, or less. Or the names say so: patient12_03.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.recordings import frame_of, names_subject
from bakeoff.data.splitting.near_pictures import small, whole

ALIKE = 0.5  # neighbours differ by this share of what others do, or less
COMPARED = 300  # pairs of pictures
NAMED = 0.5  # share of the recordings whose names say so


class Mixed(NamedTuple):
    """What was found.

    Args:
        example: The name of one recording.
        alike: Whether neighbours are nearly equal; else the names alone tell of it.
        positions: Of test pictures that have a neighbour in training, or, where the names alone
            tell of it, any picture of their recording.
    """

    example: str
    alike: bool
    positions: Array


def mixed_recordings(
    x: Array, files: Array, recordings: Array, labels: Array, train: Array, test: Array
) -> Mixed | None:
    """Find test pictures whose recording is in training, too.

    Args:
        x: (N, Y, X, C) pixels.
        files: (N,) names.
        recordings: (N,) the recording of each.
        labels: (N,) its class.
        train: Positions.
        test: Positions.
    """
    order, same = in_order(files, recordings)
    names = np.unique(recordings.astype(str))
    named = sum(map(names_subject, names)) >= NAMED * len(names)
    alike = share(x, order, same, recordings, labels) <= ALIKE
    if not alike and not named:
        return None
    learned = np.zeros(len(x), bool)
    learned[train] = True
    if alike:
        found = beside(order, same, learned)[test]
    else:
        known = set(recordings[train].tolist())
        found = np.array([name in known for name in recordings[test].tolist()], bool)
    positions = test[found]
    if not len(positions):
        return None
    return Mixed(str(recordings[positions[0]]), alike, positions)


def in_order(files: Array, recordings: Array) -> tuple[Array, Array]:
    """Order pictures by recording and number.

    Returns:
        (N,) positions in this order, and (N - 1,) whether one and the next are of one recording.
    """
    numbers = [frame_of(str(file)).number for file in files]
    order = np.array(
        sorted(range(len(files)), key=lambda i: (str(recordings[i]), numbers[i])), np.int64
    )
    return order, recordings[order[1:]] == recordings[order[:-1]]


def beside(order: Array, same: Array, learned: Array) -> Array:
    """Tell which pictures have a neighbour in their recording that is learned from: (N,) bool."""
    result = np.zeros(len(order), bool)
    before, after = order[:-1][same], order[1:][same]
    result[after] |= learned[before]
    result[before] |= learned[after]
    return result


def share(x: Array, order: Array, same: Array, recordings: Array, labels: Array) -> float:
    """Return how much neighbours differ, as a share of what pictures of two recordings do.

    Those are of one class where a class has several recordings, since classes differ anyway.
    """
    if min(x.shape[1:3]) < 1 or not same.any():
        return 1.0
    pairs = np.flatnonzero(same)
    pairs = pairs[np.linspace(0, len(pairs) - 1, min(COMPARED, len(pairs))).astype(int)]
    ones, others = order[pairs], order[pairs + 1]
    drawn = np.random.default_rng(0).integers(0, len(x), (2, 40 * COMPARED))
    apart = recordings[drawn[0]] != recordings[drawn[1]]
    alike = apart & (labels[drawn[0]] == labels[drawn[1]])
    drawn = drawn[:, alike if alike.any() else apart][:, :COMPARED]
    if not drawn.size:
        return 1.0
    usual = float(np.median(apart_by(x, drawn[0], drawn[1])))
    return float(np.median(apart_by(x, ones, others))) / usual if usual else 1.0


def apart_by(x: Array, ones: Array, others: Array) -> Array:
    """Return how much pairs of pictures differ, made small: (n,), (n,) -> (n,)."""
    first, second = small(whole(x, ones)), small(whole(x, others))
    result: Array = np.sqrt(((first - second) ** 2).mean(axis=(1, 2, 3)))
    return result
