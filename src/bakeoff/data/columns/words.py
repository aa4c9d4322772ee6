"""Words: the texts of a column as strings of Python, each different one held once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.cells import few_distinct

if TYPE_CHECKING:
    import polars as pl

PIECE = 2**16  # texts that are turned into strings at once


class Words(NamedTuple):
    """The words of all rows, and how often each comes.

    Args:
        values: (N,) objects of str, None where missing.
        distinct: (D,) the different words, in any order.
        counts: (D,) rows of each.
    """

    values: Array
    distinct: pl.Series
    counts: Array

    @property
    def tally(self) -> dict[str, int]:
        """Word -> rows."""
        return dict(zip(self.distinct.to_list(), self.counts.tolist(), strict=True))


def words(texts: pl.Series) -> Words:
    """Read texts as words; where few are different, all rows of a word share one string."""
    import polars as pl

    distinct = few_distinct(texts)
    if distinct is None:
        return many_words(texts)
    distinct = distinct.drop_nulls()
    size = len(distinct)
    codes = texts.replace_strict(
        distinct, pl.Series(range(size), dtype=pl.UInt32), default=size, return_dtype=pl.UInt32
    ).to_numpy()
    shared = np.empty(size + 1, dtype=object)  # the last is None
    shared[:-1] = distinct.to_list()
    return Words(shared[codes], distinct, np.bincount(codes, minlength=size + 1)[:-1])


def many_words(texts: pl.Series) -> Words:
    """Read texts of which most are different."""
    if texts.null_count() == 0 and texts.n_unique() == len(texts):
        distinct, counts = texts, np.ones(len(texts), np.int64)
    else:
        table = texts.drop_nulls().value_counts()
        distinct, counts = table.to_series(0), table.to_series(1).to_numpy()
    values = np.empty(len(texts), dtype=object)
    for start in range(0, len(texts), PIECE):
        values[start : start + PIECE] = texts[start : start + PIECE].to_list()
    return Words(values, distinct, counts)


def words_of(texts: pl.Series) -> Array:
    """Return (N,) objects of str, None where missing."""
    return words(texts).values
