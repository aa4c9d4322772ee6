"""Byte pairs: texts as pieces of words, made of bytes by joining what often stands together.

Source: Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units",
2016; over bytes: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019. The
joining is done by Hugging Face's tokenizers; what was learned is kept as plain lines of text, and
no tokenizer of a file is ever loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, Self

from bakeoff.errors import MissingPackageError, option

MOST_PIECES = 8192  # different ones; the 256 bytes are among them
LONGEST = 32  # letters of a piece
ALONE = r"[\u3400-\u9fff\uf900-\ufaff]|\S{100}"  # Chinese letters; a hundred without a blank
FEWEST = 2  # times that a pair must come to be joined
PLAIN = (*range(33, 127), *range(161, 173), *range(174, 256))  # bytes that are letters themselves
OTHERS = tuple(byte for byte in range(256) if byte not in PLAIN)
LETTERS = {**{byte: chr(byte) for byte in PLAIN}, **{b: chr(256 + i) for i, b in enumerate(OTHERS)}}


@dataclass(frozen=True)
class BytePairs:
    """Pieces of words: single bytes, and pairs of pieces that were joined, in this order.

    Args:
        lines: The two pieces of each pair with a blank between them, bytes written as letters.

    Raises:
        ValueError: A line is no pair of pieces that were there before it.
    """

    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse pairs of pieces that there are not."""
        known = set(LETTERS.values())
        for line in self.lines:
            first, blank, second = line.partition(" ")
            if not blank or first not in known or second not in known:
                raise ValueError(f"{line[:40]!r} is no pair of known pieces")
            known.add(first + second)

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Self:
        """Join the pairs that come most often in the training texts."""
        library = tokenizers()
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = parts_of_texts(library)
        trainer = library.trainers.BpeTrainer(
            vocab_size=MOST_PIECES,
            min_frequency=FEWEST,
            initial_alphabet=sorted(LETTERS.values()),
            max_token_length=LONGEST,
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        merges = json.loads(tokenizer.to_str())["model"]["merges"]
        return cls(tuple(" ".join(pair) for pair in merges))

    @cached_property
    def pieces(self) -> dict[str, int]:
        """Piece -> its number."""
        pieces = {letter: i for i, letter in enumerate(LETTERS.values())}
        for line in self.lines:
            pieces.setdefault(line.replace(" ", ""), len(pieces))
        return pieces

    @cached_property
    def tokenizer(self) -> Any:
        """What cuts texts into these pieces."""
        library = tokenizers()
        pairs = [tuple(line.split(" ")) for line in self.lines]
        tokenizer = library.Tokenizer(library.models.BPE(vocab=self.pieces, merges=pairs))
        tokenizer.pre_tokenizer = parts_of_texts(library)
        return tokenizer

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the pieces of each text."""
        return [found.ids for found in self.tokenizer.encode_batch(list(texts))]

    def decode(self, numbers: Sequence[int]) -> str:
        """Return the text of pieces; bytes that make no letter as a mark."""
        names = list(self.pieces)
        of_letter = {letter: byte for byte, letter in LETTERS.items()}
        letters = "".join(names[number] for number in numbers)
        return bytes(of_letter[letter] for letter in letters).decode("utf-8", "replace")


def parts_of_texts(library: ModuleType) -> Any:
    """Return what cuts texts before bytes are joined: into words, and each Chinese letter alone.

    Else bytes of two letters would be joined, since nearly all of these begin alike. Letters
    without a blank are cut as well, since joining takes the square of their number.
    """
    split = library.pre_tokenizers.Split(library.Regex(ALONE), "isolated")
    words = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return library.pre_tokenizers.Sequence([split, words])


def tokenizers() -> ModuleType:
    """Import the library, with its parts.

    Raises:
        MissingPackageError: It is not installed.
    """
    try:
        import tokenizers as library
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingPackageError(
            f"{option('tokens', 'bytes')} needs the package tokenizers. Install it with: "
            "pip install 'bakeoff[text]'"
        ) from error
    return library
