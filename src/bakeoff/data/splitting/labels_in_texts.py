"""Labels in texts: classes whose names stand as words in nearly all of their texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.text_words import text_words

MOST_TEXTS = 3_000  # training rows that are looked at
MOST_CLASSES = 200
FEWEST = 10  # texts of a class
IN_ITS_OWN = 0.9  # share of the texts of a class that hold its name
ELSEWHERE = 0.05  # share of the others that may


class LabelInText(NamedTuple):
    """A class whose texts name it: the share of them that do, and of the others."""

    label: str
    share: float
    elsewhere: float


def labels_in_texts(texts: Array, labels: Array) -> list[LabelInText]:
    """Find classes whose name stands in nearly each of their texts, and hardly in others.

    Args:
        texts: (N,) str or None, of training rows.
        labels: (N,) str, the class of each.
    """
    every = max(1, len(texts) // MOST_TEXTS)
    some = [" ".join(["", *text_words(text), ""]) for text in texts[::every]]
    labels = labels[::every]
    classes, counts = np.unique(labels.astype(str), return_counts=True)
    found = []
    for label in classes[counts >= FEWEST][:MOST_CLASSES].tolist():
        name = " ".join(["", *text_words(label), ""])
        own = labels == label
        if own.all() or not name.strip():
            continue
        held = np.array([name in text for text in some])
        share, elsewhere = float(held[own].mean()), float(held[~own].mean())
        if share >= IN_ITS_OWN and elsewhere <= ELSEWHERE:
            found.append(LabelInText(label, share, elsewhere))
    return found
