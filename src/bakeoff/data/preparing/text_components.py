"""Text components: a few numbers that say which words a text holds, for models of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.build import Count
from bakeoff.data.array import Amounts, Array
from bakeoff.data.blocks import Sequences
from bakeoff.data.preparing.tokens import FIRST
from bakeoff.data.preparing.transform import Role, fields_of

MOST = 50  # components
MOST_WORDS = 20_000  # that are counted, the most frequent ones


@dataclass(frozen=True, eq=False)
class TextComponents:
    """Weigh the words of texts by their rarity, and keep the directions in which texts differ most.

        f_t = (1 + log n_t) * idf_t, divided by |f|;    z = A f

    Source: Deerwester et al., "Indexing by Latent Semantic Analysis", 1990; the decomposition is
    scikit-learn's.

    Args:
        idf: (V,) rarity of the words, the most frequent first.
        axes: (K · V,) the directions, one behind the other.
        count: K, how many there are.

    Shape:
        N texts as codes -> (N, K) float32; V words, K components, 50 at most

    Raises:
        ValueError: The directions are not of these words.
    """

    idf: Amounts
    axes: Amounts
    count: Count
    role: ClassVar[Role] = "block"

    def __post_init__(self) -> None:
        """Refuse directions of another width."""
        if len(self.axes) != self.count * len(self.idf):
            raise ValueError(f"{len(self.axes)} numbers are no {self.count} directions")

    @classmethod
    def fit(cls, values: Sequences) -> Self:
        """Learn from the codes of the training texts."""
        from sklearn.decomposition import TruncatedSVD

        width = int(np.clip(values.real().max(initial=FIRST) - FIRST + 1, 1, MOST_WORDS))
        counts = counted(values, width)
        rows = np.bincount(counts.indices, minlength=width)
        idf = np.log((1 + counts.shape[0]) / (1 + rows)) + 1
        most = min(MOST, width - 1, counts.shape[0] - 1)
        if most < 1:
            return cls(idf, np.zeros(width), 1)
        found = TruncatedSVD(most, random_state=0).fit(weighed(counts, idf))
        return cls(idf, found.components_.ravel().astype(np.float64), most)

    def apply(self, values: Any) -> Array:
        """Return the components of texts."""
        table = weighed(counted(values, len(self.idf)), self.idf)
        return np.asarray(table @ self.axes.reshape(self.count, -1).T, np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return fields_of(self)


def counted(values: Sequences, width: int) -> Any:
    """Count the words of texts: a sparse table (N, V), words beyond the first V left out."""
    from scipy.sparse import csr_matrix

    lengths = values.lengths
    at = np.repeat(values.starts - (np.cumsum(lengths) - lengths), lengths)
    codes = np.asarray(values.steps)[at + np.arange(len(at))].astype(np.int64) - FIRST
    rows = np.repeat(np.arange(len(values)), lengths)
    kept = (codes >= 0) & (codes < width)
    ones = np.ones(int(kept.sum()))
    table = csr_matrix((ones, (rows[kept], codes[kept])), shape=(len(values), width))
    table.sum_duplicates()
    return table


def weighed(counts: Any, idf: Array) -> Any:
    """Return counts weighed by rarity, each row of length 1."""
    table = counts.copy()
    table.data = 1 + np.log(table.data)
    table = table.multiply(idf).tocsr()
    norms = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    table.data /= np.repeat(np.maximum(norms, 1e-12), np.diff(table.indptr))
    return table
