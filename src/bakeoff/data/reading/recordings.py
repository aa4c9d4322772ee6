"""Recordings: what the names of pictures tell of where they come from: patient12_03, vidA_0001."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array

FEWEST = 4  # recordings; fewer cannot be split three ways and tell anything
NUMBERED = 0.5  # share of the pictures that must be one of several of their recording
NAME = re.compile(r"(.*?)[ _.\-]*(\d{1,18})")
SUBJECT = re.compile(
    r"(?i)(?:.*[ _.\-])?(?:patient|subject|subj|sub(?=[ _\-])|person|participant|animal|specimen"
    r"|recording|session|sequence|seq|video|vid|clip|scene)[ _.\-]?\w{1,20}"
)


def recordings(files: Sequence[str], labels: Sequence[str | None]) -> Array | None:
    """Return the recording that each picture is one of; None where the names tell of none.

    Names tell of recordings where several of them, each of several pictures, hold most of the
    pictures. A name that is only that of the class, such as cat_001 in the folder cat, is none.

    Args:
        files: (N,) where each picture stands.
        labels: (N,) its class.

    Example:
        >>> names = [f"a/vid{v}_{i:02d}.png" for v in "ABCD" for i in range(3)]
        >>> recordings(names, ["a"] * 12)[:4].tolist()
        ['vidA', 'vidA', 'vidA', 'vidB']
    """
    found = np.array([frame_of(file).recording for file in files], dtype=object)
    counts = Counter(found.tolist())
    several = {name for name, count in counts.items() if name and count > 1}
    numbered = sum(counts[name] for name in several)
    classes: dict[str | None, set[str]] = {}
    for name, label in zip(found, labels, strict=True):
        classes.setdefault(label, set()).add(name)
    one_each = all(len(names) == 1 for names in classes.values())
    if len(several) < FEWEST or numbered < NUMBERED * len(found) or one_each:
        return None
    return found


class Frame(NamedTuple):
    """The name of a picture, taken apart: its recording, and its number in it, from 0 on."""

    recording: str
    number: int


def frame_of(file: str) -> Frame:
    """Take the name of a picture apart at its last number; one without a number is alone.

    Example:
        >>> frame_of("red/patient12_03.png"), frame_of("007.png")
        (Frame(recording='patient12', number=3), Frame(recording='', number=7))
    """
    stem = PurePosixPath(file).stem
    match = NAME.fullmatch(stem)
    return Frame(match[1], int(match[2])) if match else Frame(stem, 0)


def names_subject(recording: str) -> bool:
    """Tell whether the name of a recording says so itself: patient12, vidA, sub-01."""
    return SUBJECT.fullmatch(recording) is not None
