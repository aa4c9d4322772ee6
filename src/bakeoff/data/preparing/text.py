"""Text: a transform of texts into codes of words, or of pieces of words made of bytes."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np

from bakeoff.build import Absent, Between, Count
from bakeoff.data.array import Array, Row
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.text_words import text_words
from bakeoff.data.preparing.byte_pairs import BytePairs
from bakeoff.data.preparing.tokens import END, FIRST, UNKNOWN
from bakeoff.data.preparing.transform import Role, fields_of
from bakeoff.data.reading.located import located
from bakeoff.data.reading.word_vectors import MOST, word_vectors
from bakeoff.errors import RequestError, option

Way = Literal["words", "bytes"]
Letters = Annotated[Array, Row("u")]
Length = Annotated[int, Between(1, 10**6)]
Width = Annotated[int, Between(1, MOST), Absent(64)]
Buckets = Annotated[int, Between(0, 2**24), Absent(2**17)]
Cut = Annotated[Literal["end", "middle"], Absent("end")]

MOST_WORDS = 200_000  # words with a code, for baselines
MOST_KNOWN = 20_000  # of them those that networks tell apart ...
OFTEN = 2  # ... and that come so often: what comes once teaches what an unknown word is worth
LONGEST = 512  # words of a text that networks read, unless the user says more
QUANTILE = 0.95  # of the training rows, that are read to their end where they are not that long
LEAST_BUCKETS, MOST_BUCKETS = 2**10, 2**19
MOST_COUNTED = 2**23  # words in which pairs are counted
PIECE = 1_000  # texts that are looked at at once
MARK = "▢"  # what an unknown word is written as


class TextChoices(NamedTuple):
    """How the user wants texts to be read.

    Args:
        tokens: "words" or "bytes".
        length: Words or pieces of each text that networks read; 0: by the training rows.
        cut: Where a longer text loses what is too much.
        vectors: A file of pretrained vectors that those of words begin as; "" draws them.
    """

    tokens: Way = "words"
    length: int = 0
    cut: Literal["end", "middle"] = "end"
    vectors: str = ""


BY_DEFAULT = TextChoices()


@dataclass(frozen=True, eq=False)
class Text:
    """Give each word of the training rows a code, the most frequent first, equals by name.

    Missing and empty texts are the same: one unknown word. Of a long text networks do not
    read the end, or the middle; baselines read all of it.

    Source of the cut in the middle: Sun et al., "How to Fine-Tune BERT for Text Classification?",
    2019 (head and tail).

    Args:
        letters: UTF-8 of the words in lower case, a line each; of "bytes", of the pairs of pieces
            that are joined.
        known: How many codes networks tell apart.
        length: How many words or pieces of a text they read.
        tokens: "words", or "bytes": pieces of words, by byte-level byte-pair encoding.
        width: Numbers of the vector that a network learns of each word.
        buckets: In which embedding_bag puts pairs of neighbours: about one for each.
        cut: Where a longer text loses what is too much: at its "end", or in its "middle".

    Attributes:
        start: (V, width) what these vectors begin as, NaN where they are drawn; None: all are.

    Shape:
        texts (N,) of str or None -> codes int32, ragged: 1 unknown, 4 … known

    Raises:
        ValueError: What is no word of its own, or no text at all.

    Example:
        >>> fitted = Text.fit(np.array(["A cat.", "a dog", "a dog", None], dtype=object))
        >>> codes = fitted.apply(np.array(["The dog", ""], dtype=object))
        >>> [codes[i].tolist() for i in range(2)], fitted.vocabulary_size
        ([[1, 5], [1]], 6)
    """

    letters: Letters
    known: Count
    length: Length
    tokens: Way = "words"
    width: Width = 64
    buckets: Buckets = 2**17
    cut: Cut = "end"
    role: ClassVar[Role] = "block"
    start: Array | None = field(default=None, init=False, repr=False)
    kept: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse words that stand twice, and more known ones than there are."""
        size = len(self.words) if self.tokens == "words" else len(self.pairs.pieces)
        if len(set(self.words)) < len(self.words) or not 0 <= self.known <= size:
            raise ValueError(f"letters are no {self.known:,} different words or more")

    @classmethod
    def fit(cls, values: Array, choices: TextChoices = BY_DEFAULT) -> Self:
        """Learn from the texts (N,) of the training rows.

        Raises:
            RequestError: Vectors are of words, and pieces of bytes are none.
            DataError: No word has a pretrained vector.
        """
        if choices.vectors and choices.tokens == "bytes":
            raise RequestError(
                f"{option('vectors', choices.vectors)} are of words: leave "
                f"{option('tokens', 'bytes')} out."
            )
        letters, known = learned(values, choices.tokens)
        fitted = cls(letters, known, choices.length or 1, choices.tokens, cut=choices.cut)
        codes, lengths = fitted.read(values)
        fitted = replace(
            fitted,
            length=choices.length or usual(lengths),
            buckets=enough_buckets(codes, fitted.vocabulary_size),
        )
        return fitted.begun(choices.vectors) if choices.vectors else fitted

    def begun(self, vectors: str) -> Self:
        """Return the same, its vectors beginning as pretrained ones of a file."""
        path = Path(str(located(vectors)[0])).expanduser()
        table = word_vectors(path, {word: i for i, word in enumerate(self.words[: self.known])})
        start = np.full((self.vocabulary_size, table.shape[1]), np.nan, np.float32)
        start[FIRST:] = table
        fitted = replace(self, width=table.shape[1])
        object.__setattr__(fitted, "start", start)
        return fitted

    @property
    def vocabulary_size(self) -> int:
        """V: the codes of networks."""
        return self.known + FIRST

    @property
    def num_codes(self) -> int:
        """All codes, those of baselines."""
        return FIRST + (len(self.words) if self.tokens == "words" else self.known)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The lines of `letters`."""
        text = self.letters.astype(np.uint8).tobytes().decode("utf-8")
        return tuple(text.split("\n")) if text else ()

    @cached_property
    def codes(self) -> dict[str, int]:
        """Word -> code."""
        return {word: i + FIRST for i, word in enumerate(self.words)}

    @cached_property
    def pairs(self) -> BytePairs:
        """What makes pieces of bytes."""
        return BytePairs(self.words)

    def apply(self, values: Array) -> Any:
        """Return all codes as `Sequences`; a text without a word is one unknown word."""
        codes, lengths = self.read(values)
        starts = np.cumsum(lengths) - lengths
        if not (lengths == 0).any():
            return Sequences(codes, starts, lengths)
        steps = np.append(codes, np.int32(UNKNOWN))
        nothing = lengths == 0
        return Sequences(
            steps, np.where(nothing, len(codes), starts), np.where(nothing, 1, lengths)
        )

    def as_target(self, values: Array) -> Sequences:
        """Return the tokens that are learned of each text: known ones, and its end if it is whole.

        Example:
            >>> fitted = Text.fit(np.array(["a cat", "a dog", "a dog"], dtype=object))
            >>> fitted.as_target(np.array(["a cat"], dtype=object))[0].tolist()
            [4, 1, 3]
        """
        codes, lengths = self.read(values)
        taken = np.minimum(lengths, self.length)
        whole = taken == lengths
        sizes = taken + whole
        starts = np.cumsum(sizes) - sizes
        steps = np.full(int(sizes.sum()), END, np.int32)
        first = np.cumsum(lengths) - lengths
        within = np.arange(int(taken.sum())) - np.repeat(np.cumsum(taken) - taken, taken)
        known = codes[np.repeat(first, taken) + within]
        known = np.where(known < self.vocabulary_size, known, UNKNOWN)
        steps[np.repeat(starts, taken) + within] = known
        return Sequences(steps, starts, sizes)

    def say(self, tokens: Array) -> str:
        """Write tokens (T,) as a text, up to its end; unknown ones as `MARK`."""
        ends = np.flatnonzero(tokens == END)
        numbers = [int(token) for token in tokens[: ends[0] if len(ends) else None]]
        if self.tokens == "bytes":
            return self.pairs.decode([number - FIRST for number in numbers if number >= FIRST])
        words = self.words
        return " ".join(words[n - FIRST] if n >= FIRST else MARK for n in numbers)

    def lengths(self, values: Array) -> Array:
        """Return (N,) how many words or pieces each text has; 0 of a missing one."""
        return self.read(values)[1]

    def read(self, values: Array) -> tuple[Array, Array]:
        """Return the codes (S,) int32 of all texts, one behind the other, and their lengths (N,).

        The last texts that were read are remembered: counting and taking read them but once.
        """
        if self.kept and self.kept[0]() is values:
            return self.kept[1], self.kept[2]
        steps, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for some in self.pieces(values):
            lengths.append(np.array([len(found) for found in some], np.int64))
            steps.append(np.fromiter(chain.from_iterable(some), np.int32, lengths[-1].sum()))
        read = np.concatenate(steps), np.concatenate(lengths)
        self.kept[:] = [weakref.ref(values), *read]
        return read

    def pieces(self, values: Array) -> Iterator[list[list[int]]]:
        """Yield the codes of up to 1,000 texts at once."""
        for start in range(0, len(values), PIECE):
            texts = values[start : start + PIECE]
            if self.tokens == "bytes":
                found = self.pairs.encode([text or "" for text in texts])
                yield [[number + FIRST for number in numbers] for numbers in found]
            else:
                code = self.codes.get
                yield [[code(word, UNKNOWN) for word in text_words(text)] for text in texts]

    def shortened(self, codes: Sequences) -> Sequences:
        """Leave `length` codes of each text, of a longer one the first, or the first and last.

        Example:
            >>> choices = TextChoices(length=3, cut="middle")
            >>> fitted = Text.fit(np.array(["a b c d"], dtype=object), choices)
            >>> whole = Sequences(np.arange(5), np.array([0]), np.array([5]))
            >>> fitted.shortened(whole)[0].tolist()
            [0, 1, 4]
        """
        lengths = np.minimum(codes.lengths, self.length)
        if self.cut == "end" or (lengths == codes.lengths).all():
            return replace(codes, lengths=lengths)
        starts = np.cumsum(lengths) - lengths
        within = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
        left_out = np.repeat(codes.lengths - lengths, lengths)
        last = within >= self.length - self.length // 2
        places = np.repeat(codes.starts, lengths) + within + np.where(last, left_out, 0)
        return Sequences(codes.steps[places], starts, lengths)

    def state(self) -> dict[str, Any]:
        """Return the fields."""
        state = fields_of(self)
        del state["kept"], state["start"]
        return state


def learned(values: Array, tokens: Way) -> tuple[Array, int]:
    """Return the letters of the words or pairs of training rows, and how many are known."""
    if tokens == "bytes":
        pairs = BytePairs.learn(value for value in values if value)
        return written(pairs.lines), len(pairs.pieces)
    tally: Counter[str] = Counter()
    for value in values:
        tally.update(text_words(value))
    ranked = sorted(tally, key=lambda word: (-tally[word], word))
    known = sum(tally[word] >= OFTEN for word in ranked[:MOST_KNOWN])
    return written(ranked[:MOST_WORDS]), known


def enough_buckets(codes: Array, size: int) -> int:
    """Return a power of two, about as large as the number of different pairs of neighbours."""
    own = np.minimum(codes[:MOST_COUNTED], size).astype(np.int64)
    different = len(np.unique(own[:-1] * (size + 1) + own[1:])) if len(own) > 1 else 0
    return int(min(MOST_BUCKETS, max(LEAST_BUCKETS, 2 ** different.bit_length())))


def usual(lengths: Array) -> int:
    """Return how many words are read: all those of 95 % of the texts that have any, at most 512."""
    filled = lengths[lengths > 0]
    if not len(filled):
        return 1
    return int(min(LONGEST, np.quantile(filled, QUANTILE, method="lower")))


def written(words: Sequence[str]) -> Array:
    """Return words as bytes, a line each."""
    return np.frombuffer("\n".join(words).encode("utf-8"), np.uint8)
