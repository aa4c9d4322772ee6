"""Word vectors: a file of pretrained vectors, a word and its numbers on each line.

Source: Mikolov et al., "Distributed Representations of Words and Phrases and their
Compositionality", 2013; Pennington, Socher & Manning, "GloVe", 2014: the files of both, .txt, .vec
or packed as .gz, with or without a first line that counts them.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.reading.unpack import BROKEN, unreadable
from bakeoff.errors import DataError, RequestError, option

LONGEST = 2**20  # bytes of a line
MOST = 4096  # numbers of a vector


def word_vectors(path: Path, words: Mapping[str, int]) -> Array:
    """Return the vectors of words: (len(words), E) float32, NaN where a word has none.

    A word of the file stands for the same one, and in lower case where that has no vector itself.

    Args:
        path: The file.
        words: Word -> its row.

    Raises:
        RequestError: There is no such file.
        DataError: It is none of vectors, or no word has one.
    """
    width, exact = 0, set()
    found: dict[int, Array] = {}
    for number, line in lines_of(path):
        parts = line.split(" ") if not width else line.rsplit(" ", width)
        if number == 1 and len(parts) == 2 and all(part.isdigit() for part in parts):
            continue  # how many there are, and of how many numbers
        if not width:
            width = len(parts) - 1
            if not 0 < width <= MOST:
                raise no_vectors(path, number, f"it has {width:,} numbers behind a word")
        row = words.get(parts[0])
        same = row is not None
        row = words.get(parts[0].lower()) if row is None else row
        if row is None or row in exact or (row in found and not same):
            continue
        found[row] = numbers_of(parts[1:], width, path, number)
        exact |= {row} if same else set()
    if not found:
        raise DataError(
            f"0 of {len(words):,} words of the training texts have a vector in {path.name}. Is it "
            f"of this language? Leave {option('vectors')} out to learn all of them."
        )
    table = np.full((len(words), width), np.nan, np.float32)
    for row, vector in found.items():
        table[row] = vector
    return table


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that is not blank, and the line.

    Raises:
        RequestError: There is no such file.
        DataError: It is damaged, or no text.
    """
    if not path.is_file():
        raise RequestError(f"{option('vectors', str(path))} names no file.")
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST):
                number += 1
                if len(line) == LONGEST:
                    raise no_vectors(path, number, "the line is too long")
                try:
                    text = line.decode("utf-8").rstrip()
                except UnicodeDecodeError as error:
                    raise no_vectors(path, number, "it is no text in UTF-8") from error
                if text:
                    yield number, text
    except DataError:
        raise
    except BROKEN as error:
        raise unreadable(path.name, error) from error


def numbers_of(parts: list[str], width: int, path: Path, line: int) -> Array:
    """Return the numbers of a vector."""
    try:
        vector = np.array(parts, np.float32)
    except ValueError as error:
        raise no_vectors(path, line, "not all behind the word are numbers") from error
    if len(vector) != width:
        raise no_vectors(path, line, f"it has {len(vector):,} numbers, others {width:,}")
    if not np.isfinite(vector).all():
        raise no_vectors(path, line, "it holds a number that is not finite")
    return vector


def no_vectors(path: Path, line: int, why: str) -> DataError:
    """The error for a line that is no word with its vector."""
    return DataError(
        f"{cut(path.name)}, line {line:,}: {why}. Give a file with a word and its numbers on each "
        "line, blanks between them."
    )
