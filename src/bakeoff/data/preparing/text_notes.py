"""Text notes: what is said of texts before training: what is cut, unknown, and without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.tokens import UNKNOWN

if TYPE_CHECKING:
    from bakeoff.data.splitting.split import Split

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
        *say_cut(name, fitted, lengths),
        *say_unseen(name, fitted, values, others),
        *say_wordless(name, lengths),
    ]


def say_new_texts(name: str, fitted: Text, values: Array) -> list[str]:
    """Say the same of new texts, as far as it is worth a word."""
    lengths = fitted.lengths(values)
    return [
        *say_cut(name, fitted, lengths),
        *say_unseen(name, fitted, values, np.arange(len(values)), most=MANY_UNSEEN),
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


def say_cut(name: str, fitted: Text, lengths: Array) -> list[str]:
    """Say how many rows lose words, how many, and from which end."""
    over = lengths[lengths > fitted.length] - fitted.length
    if not len(over):
        return []
    things = things_of(fitted)
    share = 100 * len(over) / len(lengths)
    return [
        f"{name}: networks read the first {fitted.length:,} {things} of a text. {len(over):,} of "
        f"{len(lengths):,} rows ({share:.2g} %) are longer and lose {over.mean():,.0f} {things} "
        f"on average, from their end; with length {int(lengths.max()):,} none does."
    ]


def say_unseen(
    name: str, fitted: Text, values: Array, positions: Array, *, most: float = 0.0
) -> list[str]:
    """Say which share of the words of some rows no training row has.

    Args:
        name: Of the column.
        fitted: On the training rows.
        values: (N,) texts.
        positions: Of the rows that are not trained on.
        most: The share from which on it is said.
    """
    codes, lengths = fitted.read(values)
    ends = np.cumsum(np.append(0, codes == UNKNOWN))
    stops = np.cumsum(lengths)
    unseen = int((ends[stops] - ends[stops - lengths])[positions].sum())
    total = int(lengths[positions].sum())
    if fitted.tokens == "bytes" or not total or unseen / total < most:
        return []
    said = (
        f"{name}: {100 * unseen / total:.2g} % of the {things_of(fitted)} of rows that are not "
        "trained on come in no training row."
    )
    if unseen >= MANY_UNSEEN * total:
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


def things_of(fitted: Text) -> str:
    """Return what texts are cut into."""
    return "words" if fitted.tokens == "words" else "pieces"
