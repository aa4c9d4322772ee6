"""Near texts: texts that stand in another part, too, but for a few words, blanks or capitals.

A text is brought to its letters and digits. Of all stretches of 16 bytes those count whose number
ends in zeros: the same ones wherever they stand, so that copies share them and other texts hardly
any (Broder, "On the Resemblance and Containment of Documents", 1997).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bakeoff.data.array import Array

STRETCH = 16  # bytes
WANTED = 24  # stretches that count, of a text of usual length
FEWEST = 8  # of a text that is compared
ALIKE = 0.7  # share of the stretches of two texts that both have
COMMON = 50  # texts; a stretch that more have is a phrase
MOST_BYTES = 20_000  # of a text that are looked at
PIECE = 1_000  # texts at once
SHIFT, TIMES = np.uint64(29), np.uint64(0x9E3779B97F4A7C15)
PLAIN = np.array([i if i >= 128 or chr(i).isalnum() else 0 for i in range(256)], np.uint8)


class TextPrints(NamedTuple):
    """What texts are compared by.

    Args:
        whole: (N,) uint64 of all letters and digits; 0 of a text without any.
        marks: (M,) uint64 of the stretches that count, text by text, each once.
        owners: (M,) which text each is of.
        counts: (N,) how many each text has.
    """

    whole: Array
    marks: Array
    owners: Array
    counts: Array


def text_prints(values: Array) -> TextPrints:
    """Return what the texts (N,) of str or None are compared by."""
    whole = np.zeros(len(values), np.uint64)
    sizes = [len(value) for value in values[:: max(1, len(values) // PIECE)] if value]
    every = max(1, int(np.median(sizes) if sizes else 1) // WANTED)
    mask = np.uint64((1 << (every.bit_length() - 1)) - 1)
    marks, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for start, letters, ends in bare(values):
        for i, (first, last) in enumerate(pairwise(ends.tolist())):
            if last > first:
                digest = hashlib.blake2b(letters[first:last].tobytes(), digest_size=8).digest()
                whole[start + i] = np.frombuffer(digest, np.uint64)[0]
        numbers = stretches(letters)
        at = np.flatnonzero((numbers & mask) == 0)
        own = np.searchsorted(ends, at, side="right") - 1
        inside = at + STRETCH <= ends[1:][own]  # a stretch stands in one text
        own, numbers = own[inside], numbers[at[inside]]
        order = np.lexsort([numbers, own])
        own, numbers = own[order], numbers[order]
        again = (own[1:] == own[:-1]) & (numbers[1:] == numbers[:-1])
        once = np.append(True, ~again)[: len(own)]
        owners.append(own[once] + start)
        marks.append(numbers[once])
    joined = np.concatenate(owners)
    return TextPrints(
        whole, np.concatenate(marks), joined, np.bincount(joined, minlength=len(values))
    )


def bare(values: Array) -> Iterator[tuple[int, Array, Array]]:
    """Yield the place of a first text, the letters and digits of up to 1,000, and their ends."""
    for start in range(0, len(values), PIECE):
        texts = [
            (value or "")[:MOST_BYTES].lower().encode("utf-8", "surrogatepass")[:MOST_BYTES]
            for value in values[start : start + PIECE]
        ]
        letters = PLAIN[np.frombuffer(b"".join(texts), np.uint8)]
        kept = letters > 0
        ends = np.append(0, np.cumsum([len(text) for text in texts]))
        yield start, letters[kept], np.append(0, np.cumsum(kept))[ends]


def stretches(letters: Array) -> Array:
    """Return a number for each stretch of 16 bytes, well mixed: (L,) -> (L - 15,)."""
    if len(letters) < STRETCH:
        return np.zeros(0, np.uint64)
    eight = np.lib.stride_tricks.sliding_window_view(letters, 8)
    halves = np.ascontiguousarray(eight).view(np.uint64)[:, 0]
    numbers = halves[:-8] * TIMES + halves[8:]
    for _ in range(2):
        numbers ^= numbers >> SHIFT
        numbers *= TIMES
    return numbers ^ (numbers >> SHIFT)


def near_texts(prints: TextPrints, rows: Array, others: Array) -> Array:
    """Return for each of some texts the other one that it nearly is, -1 where there is none.

    Args:
        prints: Of all texts.
        rows: Positions of those that are looked at.
        others: Positions of those that they are compared with.
    """
    twins = np.full(len(rows), -1, np.int64)
    order = others[np.argsort(prints.whole[others], kind="stable")]
    at = np.searchsorted(prints.whole[order], prints.whole[rows])
    found = np.append(order, -1)[at]
    same = (found >= 0) & (prints.whole[found] == prints.whole[rows]) & (prints.whole[rows] > 0)
    twins[same] = found[same]
    place = np.full(len(prints.whole), -1, np.int64)
    place[rows] = np.arange(len(rows))
    enough = prints.counts[prints.owners] >= FEWEST
    mine = np.flatnonzero((place[prints.owners] >= 0) & enough)
    theirs = np.flatnonzero(np.isin(prints.owners, others) & enough)
    theirs = theirs[np.argsort(prints.marks[theirs], kind="stable")]
    known = prints.marks[theirs]
    first = np.searchsorted(known, prints.marks[mine])
    number = np.searchsorted(known, prints.marks[mine], side="right") - first
    number[number > COMMON] = 0
    pairs = np.repeat(place[prints.owners[mine]], number)
    within = np.arange(len(pairs)) - np.repeat(np.cumsum(number) - number, number)
    partners = prints.owners[theirs[np.repeat(first, number) + within]]
    both, shared = np.unique(pairs * len(prints.whole) + partners, return_counts=True)
    mine, partners = both // len(prints.whole), both % len(prints.whole)
    every = prints.counts[rows[mine]] + prints.counts[partners] - shared
    alike = (shared >= ALIKE * every) & (twins[mine] < 0)
    twins[mine[alike][::-1]] = partners[alike][::-1]
    return twins
