"""Text notes: what is said of texts before training: what is cut, unknown, and without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.tokens import UNKNOWN

if TYPE_CHECKING:
    from bakeoff.data.splitting.split import Split

FEWEST = 20  # words of new texts of which it is said how many are new
WORTH_A_WORD = 0.2  # share of the words of new texts that are new
MANY_UNSEEN = 0.5  # share of the words from which on another way to cut texts is advised


def say_texts(name: str, fitted: Text, values: Array, split: Split) -> list[str]:
    """Say how the texts of a run are read.

    Args:
        name: Of the column.
        fitted: On the training rows.
        values: (N,) the texts of all rows.
        split: The parts.
    """
    lengths = fitted.lengths(values)
    others = np.concatenate([split.validation, split.test])
    return [
        say_how(name, fitted, lengths[split.train]),
        *say_start(name, fitted),
        *say_cut(name, fitted, lengths),
        *say_unseen(name, fitted, values, others, "rows that are not trained on"),
        *say_wordless(name, lengths),
    ]


def say_new_texts(name: str, fitted: Text, values: Array) -> list[str]:
    """Say the same of new texts, as far as it is worth a word."""
    lengths = fitted.lengths(values)
    every = np.arange(len(values))
    many = int(lengths.sum()) >= FEWEST
    unseen = say_unseen(name, fitted, values, every, "these texts", least=WORTH_A_WORD)
    return [
        *say_cut(name, fitted, lengths),
        *(unseen if many else ()),
        *say_wordless(name, lengths),
    ]


def say_how(name: str, fitted: Text, lengths: Array) -> str:
    """Say what texts are cut into, how many different ones there are, and how long texts are."""
    low, middle, high = (int(n) for n in np.quantile(lengths, (0, 0.5, 1), method="nearest"))
    long = f"{low:,} to {high:,} a training row, {middle:,} in the middle one"
    if fitted.tokens == "bytes":
        return f"{name}: {fitted.known:,} pieces of words, made of bytes; {long}."
    return (
        f"{name}: {len(fitted.words):,} different words in lower case, of which networks tell "
        f"{fitted.known:,} apart; {long}."
    )


def say_start(name: str, fitted: Text) -> list[str]:
    """Say how many words have a pretrained vector."""
    if fitted.start is None:
        return []
    count = int(np.isfinite(fitted.start[:, 0]).sum())
    return [
        f"{name}: {count:,} of {fitted.known:,} words ({percent(count / fitted.known)}) have a "
        f"pretrained vector of {fitted.width} numbers; the others begin by chance, and all are "
        "trained further."
    ]


def say_cut(name: str, fitted: Text, lengths: Array) -> list[str]:
    """Say how many rows lose words, how many, and from which end."""
    over = lengths[lengths > fitted.length] - fitted.length
    if not len(over):
        return []
    things = things_of(fitted)
    share = len(over) / len(lengths)
    last = fitted.length // 2 if fitted.cut == "middle" else 0
    read, where, other = f"the first {fitted.length:,}", "end", ", with cut middle both ends count"
    if last:
        read, where = f"the first {fitted.length - last:,} and the last {last:,}", "middle"
        other = ""
    return [
        f"{name}: networks read {read} {things} of a text. {len(over):,} of {len(lengths):,} rows "
        f"({percent(share)}) are longer and lose {over.mean():,.0f} {things} on average, from "
        f"their {where}; with length {int(lengths.max()):,} none does{other}."
    ]


def say_unseen(
    name: str, fitted: Text, values: Array, positions: Array, whose: str, *, least: float = 0.0
) -> list[str]:
    """Say which share of the words of some rows no training row has; bytes are all known.

    Args:
        name: Of the column.
        fitted: On the training rows.
        values: (N,) texts.
        positions: Of the rows.
        whose: What these rows are called.
        least: The share from which on it is said.
    """
    codes, lengths = fitted.read(values)
    counted = np.cumsum(np.append(0, codes == UNKNOWN))
    stops = np.cumsum(lengths)
    unseen = int((counted[stops] - counted[stops - lengths])[positions].sum())
    total = int(lengths[positions].sum())
    if fitted.tokens == "bytes" or not total:
        return []
    share = unseen / total
    if share < least:
        return []
    said = f"{name}: {percent(share)} of the words of {whose} come in no training row."
    if share >= MANY_UNSEEN:
        said += (
            " Models can learn little from the others; a language without blanks between words "
            "needs tokens bytes."
        )
    return [said]


def say_wordless(name: str, lengths: Array) -> list[str]:
    """Say how many rows have no word."""
    empty = int((lengths == 0).sum())
    rows = "1 row has" if empty == 1 else f"{empty:,} rows have"
    alike = "it is learned from and answered" if empty == 1 else "such are all answered alike"
    return [f"{name}: {rows} no word, missing or empty; {alike}."] if empty else []


def percent(share: float) -> str:
    """Write a share with two digits, whole from 10 % on.

    Example:
        >>> percent(0.987), percent(0.0123)
        ('99 %', '1.2 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def things_of(fitted: Text) -> str:
    """Return what texts are cut into."""
    return "words" if fitted.tokens == "words" else "pieces"
