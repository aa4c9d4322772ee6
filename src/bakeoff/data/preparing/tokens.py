"""Tokens: a transform of whole numbers that stand for words, each with a code of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.data.array import Array, Counts, within
from bakeoff.data.blocks import Sequences, Values
from bakeoff.data.preparing.transform import Role
from bakeoff.listed import listed

UNKNOWN = 1  # the code of a token that no training row has; 0 is padding
END = 3  # what ends a text that is written
FIRST = 4  # the code of the most frequent token: 2 starts a sequence, 3 ends one
MOST_WORDS = 2**17  # tokens with a code; rarer ones are unknown
COUNTED = 1_000  # tokens whose counts baselines read
BLANK = -1  # stands in a sequence without content


@dataclass(frozen=True, eq=False)
class Tokens:
    """Give each token of the training rows a code, the most frequent first.

    Every number is a word, 0 as well: padding is what lies beyond the length of a sequence.

    Args:
        ids: (V - 4,) int64, tokens by their number in the training rows; equals by their size.

    Shape:
        tokens of any shape -> codes int64 of the same: 1 unknown, 4 … V - 1 known

    Example:
        >>> fitted = Tokens.fit(np.array([7, 0, 0]))
        >>> fitted.apply(np.array([0, 7, 8])).tolist(), fitted.vocabulary_size
        ([4, 5, 1], 6)
    """

    ids: Counts
    role: ClassVar[Role] = "block"

    def __post_init__(self) -> None:
        """Refuse tokens that stand twice, and none at all."""
        if not len(self.ids) or len(np.unique(self.ids)) < len(self.ids):
            raise ValueError("ids are no tokens that each come once")

    @classmethod
    def fit(cls, values: Array) -> Self:
        """Learn from the tokens (S,) of the training rows."""
        ids, counts = np.unique(values, return_counts=True)
        order = np.lexsort((ids, -counts))
        return cls(ids[order[:MOST_WORDS]].astype(np.int64))

    @property
    def vocabulary_size(self) -> int:
        """V: the codes that there are."""
        return len(self.ids) + FIRST

    @cached_property
    def order(self) -> Array:
        """Where the tokens stand in `ids`, by size."""
        return np.argsort(self.ids)

    def apply(self, values: Array) -> Array:
        """Return codes."""
        by_size = self.ids[self.order]
        places = np.minimum(np.searchsorted(by_size, values), len(by_size) - 1)
        known = by_size[places] == values
        return np.where(known, self.order[places] + FIRST, UNKNOWN).astype(np.int64)

    def counts(self, sequences: Sequences) -> Array:
        """Count the most frequent tokens: N sequences -> (N, up to 1,000) float32."""
        width = min(len(self.ids), COUNTED)
        result = np.zeros((len(sequences), width), np.float32)
        for start, values, lengths in sequences.pieces():
            codes = self.apply(values) - FIRST  # (n, T)
            counted = within(values, lengths) & (codes >= 0) & (codes < width)
            rows = np.nonzero(counted)[0]
            flat = np.bincount(rows * width + codes[counted], minlength=len(values) * width)
            result[start : start + len(values)] = flat.reshape(len(values), width)
        return result

    def unknown(self, values: Array) -> Counter[int]:
        """Count the tokens that have no code; what stands for no content is none."""
        strange = values[(self.apply(values) == UNKNOWN) & (values != BLANK)]
        ids, counts = np.unique(strange, return_counts=True)
        return Counter(dict(zip(ids.tolist(), counts.tolist(), strict=True)))

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        return {"ids": self.ids}


def say_unknown_tokens(name: str, fitted: Tokens, values: Values) -> list[str]:
    """Say how many tokens of a column have no code.

    Args:
        name: Of the column.
        fitted: On the training rows.
        values: Sequences of tokens.
    """
    tally = fitted.unknown(values.real()) if isinstance(values, Sequences) else Counter()
    if not tally:
        return []
    number = sum(tally.values())
    examples = listed([str(token) for token, _ in tally.most_common(3)], rest="others")
    one = number == 1
    why = "that no training row has"
    if len(fitted.ids) == MOST_WORDS:
        why = f"beyond the {MOST_WORDS:,} most frequent ones of the training rows"
    return [
        f"{name}: {number:,} token{' is' if one else 's are'} {'one' if one else 'such'} {why} "
        f"({examples}) and count{'s' if one else ''} as unknown."
    ]
