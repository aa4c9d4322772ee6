"""Doubts: what a column holds that is seldom meant. It is told, with a count, and never changed.

one label in several spellings      Yes, yes and Y; Sofia and Sofai
several labels in several orders    rust scab and scab rust
a number that stands for no value   -999 among amounts from 0 to 80
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.columns.column import Reading

YES = ("yes", "y", "true", "t", "1", "1.0")
NO = ("no", "n", "false", "f", "0", "0.0")
MOST_LABELS = 300  # more than these are not compared pair by pair
SHORTEST = 5  # letters of a label from which one of them may be a slip: Iran and Iraq are two
RARE = 0.2  # a slip has at most this share of the rows of what was meant
FAR = 3.0  # ranges of the other numbers between them and one that stands for no value ...
FAR_NINES = 0.5  # ... and where it is written with nines, as 999 and -9999
MOST_SENTINELS = 4


def doubts(readings: Iterable[Reading]) -> tuple[str, ...]:
    """Say what is doubtful in each column, a sentence for each doubt.

    Args:
        readings: Columns with their values.
    """
    said = []
    for reading in readings:
        name, values = reading.column.name, reading.values
        if reading.column.kind == "number" and values.ndim == 1:
            said += say_sentinels(name, values)
        elif reading.column.kind in ("category", "binary"):
            counts = Counter(reading.counts or values.tolist())
            del counts[None]  # a Counter lets go of what it lacks
            said += say_spellings(name, counts)
            said += say_orders(name, counts)
    return tuple(said)


def say_spellings(name: str, counts: Mapping[str, int]) -> list[str]:
    """Name the labels that seem to be one."""
    groups = [group for group in alike(counts) if len(group) > 1]
    if not groups:
        return []
    labels = sum(map(len, groups))
    shown = "; ".join(
        " = ".join(f"{cut(label)!r} ({counts[label]:,})" for label in group[:5])
        + (" = …" if len(group) > 5 else "")
        for group in groups[:3]
    )
    more = "; …" if len(groups) > 3 else ""
    one = "one" if len(groups) == 1 else f"{len(groups)}"
    return [
        f"{name}: {labels} labels look like spellings of {one}: {shown}{more}. They are taken as "
        "different; if they are not, write them alike in the data."
    ]


def say_orders(name: str, counts: Mapping[str, int]) -> list[str]:
    """Name the labels that are the same words in another order."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        found = tuple(sorted(filter(None, re.split(r"[\s,;|/+&]+", folded(label)))))
        groups.setdefault(found, []).append(label)
    several = [
        group
        for words, group in groups.items()
        if len(words) > 1 and len({folded(label) for label in group}) > 1
    ]
    if not several:
        return []
    shown = "; ".join(
        " and ".join(f"{cut(label)!r} ({counts[label]:,})" for label in group[:3])
        for group in several[:3]
    )
    more = "; …" if len(several) > 3 or any(len(group) > 3 for group in several) else ""
    return [
        f"{name}: some labels are the same words in another order and count as different classes: "
        f"{shown}{more}. Write them in one order, or, where a row has several labels, give {name} "
        "the kind labels, or each label a column of 0 and 1."
    ]


def alike(counts: Mapping[str, int]) -> list[list[str]]:
    """Put labels together that seem to be one; the most frequent stands first in each group.

    Args:
        counts: Label -> rows.

    Example:
        >>> alike({"Yes": 9, "no": 8, "YES": 2, "N": 1})
        [['Yes', 'YES'], ['no', 'N']]
    """
    labels = sorted(counts, key=lambda label: (-counts[label], label))
    keys = {label: folded(label) for label in labels}
    meanings = dict.fromkeys(YES, "yes") | dict.fromkeys(NO, "no")
    if len(labels) > 2 and set(keys.values()) <= set(meanings):
        keys = {label: meanings[key] for label, key in keys.items()}
    keys = without_initials(keys)
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(keys[label], []).append(label)
    if len(groups) <= MOST_LABELS:
        join_slips(groups, counts)
    return list(groups.values())


def folded(label: str) -> str:
    """Return a label without what is seldom meant: case, width of letters, blanks or hyphens."""
    plain = unicodedata.normalize("NFKC", label).casefold().strip()
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", plain)


def without_initials(keys: Mapping[str, str]) -> dict[str, str]:
    """Read M and F as male and female, where every single letter is the initial of one word."""
    letters = {key for key in keys.values() if len(key) == 1 and key.isalpha()}
    words = {key for key in keys.values() if len(key) > 2}
    meant = {letter: [word for word in words if word[0] == letter] for letter in letters}
    if any(len(found) != 1 for found in meant.values()):
        return dict(keys)
    return {label: meant[key][0] if key in letters else key for label, key in keys.items()}


def join_slips(groups: dict[str, list[str]], counts: Mapping[str, int]) -> None:
    """Put a rare label to a frequent one from which it differs by one letter, which is no digit."""
    rows = {key: sum(counts[label] for label in group) for key, group in groups.items()}
    long = [key for key in groups if len(key) >= SHORTEST]
    for rare in sorted(long, key=lambda key: rows[key]):
        for often in long:
            close = rows[rare] <= RARE * rows[often] and one_apart(rare, often)
            if close and rare in groups and often in groups:
                groups[often] += groups.pop(rare)


def one_apart(a: str, b: str) -> bool:
    """Tell whether one letter is another, missing, added or at its neighbour's place; no digit."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    same = next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    rest_a, rest_b = a[same:], b[same:]
    if any(letter.isdigit() for letter in rest_a[:1] + rest_b[:1]):
        return False
    turned = rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:]
    return turned or rest_a[1:] == rest_b[1:] or rest_a == rest_b[1:] or rest_a[1:] == rest_b


def say_sentinels(name: str, values: Array) -> list[str]:
    """Name the numbers that seem to stand for no value."""
    filled = values[~np.isnan(values)]
    found = sentinels(filled)
    if not found:
        return []
    rest = filled[~np.isin(filled, found)]
    shown = ", ".join(f"{value:.10g} ({int((filled == value).sum()):,} rows)" for value in found)
    lies = "lies" if len(found) == 1 else "lie"
    return [
        f"{name}: {shown} {lies} far from all other numbers ({rest.min():.4g} to "
        f"{rest.max():.4g}) and may stand for no value. They are taken as numbers; if they are "
        "none, empty these cells."
    ]


def sentinels(filled: Array) -> list[float]:
    """Return values that are repeated at an end of the range, far from all others.

    Args:
        filled: (N,) numbers, none missing.
    """
    found: list[float] = []
    while len(found) < MOST_SENTINELS and len(filled) > 2:
        value = next(
            (end for end in (filled.min(), filled.max()) if stands_apart(end, filled)), None
        )
        if value is None:
            break
        found.append(float(value))
        filled = filled[filled != value]
    return found


def stands_apart(end: float, filled: Array) -> bool:
    """Tell whether the least or greatest number is repeated and far from all others."""
    there = filled == end
    if there.sum() < 2 or there.all():
        return False
    rest = filled[~there]
    low, high = rest.min(), rest.max()
    gap = max(low - end, end - high)
    far, distinct = (FAR_NINES, 2) if has_nines(end) else (FAR, 3)
    return bool(gap > far * (high - low)) and len(np.unique(rest)) >= distinct


def has_nines(number: float) -> bool:
    """Tell whether a number is written with nines alone: 99, -999, 9999.9."""
    return bool(re.fullmatch(r"-?99+(\.9+|\.0)?", repr(float(number))))
