"""Reviews: the films' reviews known as imdb, from two tables or from the archive of its authors.

Source: Maas, Daly, Pham, Huang, Ng & Potts, "Learning Word Vectors for Sentiment Analysis", 2011.
"""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.data.reading.unpack import BROKEN, unreadable
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

TABLES = {"train": "train.csv.gz", "test": "test.csv.gz"}
ARCHIVE = "aclImdb_v1.tar.gz"
MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d{1,9})_\d+\.txt")
LONGEST = 10**6  # bytes of a review
MOST = 10**5  # reviews
TEXT, TARGET = "text", "label"


def reviews(folder: Path, *, archive: bool) -> dict[str, object]:
    """Return the reviews of both parts: the files of tables, or frames of text and label.

    Args:
        folder: Where the files stand.
        archive: Whether it is the archive, not tables.

    Raises:
        DataError: The archive is damaged, or something else.
    """
    if not archive:
        return {part: str(folder / file) for part, file in TABLES.items()}
    path = folder / ARCHIVE
    found: dict[str, list[tuple[str, int, str]]] = {part: [] for part in TABLES}
    try:
        with tarfile.open(path, mode="r|gz") as members:
            for member in members:
                named = MEMBER.fullmatch(member.name)
                if named is None or not member.isreg() or member.size > LONGEST:
                    continue
                file = members.extractfile(member)
                if file is not None and len(found[named[1]]) < MOST:
                    text = file.read().decode("utf-8", "replace")
                    found[named[1]].append((named[2], int(named[3]), text))
    except (*BROKEN, tarfile.TarError, KeyError) as error:
        raise unreadable(path.name, error) from error
    if not all(found.values()):
        raise DataError(f"{path} holds no reviews in aclImdb/train and aclImdb/test.")
    return {part: frame_of(rows) for part, rows in found.items()}


def frame_of(rows: list[tuple[str, int, str]]) -> pl.DataFrame:
    """Return reviews as a frame, in the order of their labels and numbers."""
    import polars as pl

    rows.sort(key=lambda row: row[:2])
    return pl.DataFrame({TEXT: [row[2] for row in rows], TARGET: [row[0] for row in rows]})


def all_reviews(folder: Path, *, archive: bool) -> pl.DataFrame:
    """Return the reviews of both parts as one frame, those to train on first."""
    import polars as pl

    from bakeoff.data.reading.table import read_table

    given = reviews(folder, archive=archive)
    return pl.concat([read_table(given[part]).frame for part in TABLES])
