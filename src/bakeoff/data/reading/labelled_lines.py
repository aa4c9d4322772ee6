"""Labelled lines: the format of fastText, a text a line behind its label or labels.

__label__baking __label__bread How much does potato starch affect a cheese sauce?
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

MARK = b"__label__"
LINE = re.compile(r"((?:__label__\S+[ \t,]*)+)(.*)")


def labelled_lines(raw: bytes, source: str) -> pl.DataFrame:
    """Return a column of labels, several of them joined by |, and one of texts.

    Raises:
        DataError: A line begins without a label.

    Example:
        >>> frame = labelled_lines(b"__label__a __label__b Hello you\\n__label__a Bye\\n", "it")
        >>> frame.rows()
        [('a|b', 'Hello you'), ('a', 'Bye')]
    """
    import polars as pl

    labels, texts = [], []
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").split("\n"), 1):
        if not line.strip():
            continue
        found = LINE.fullmatch(line.rstrip())
        if found is None:
            raise DataError(
                f"{source}: line {number:,} begins without __label__, as the first does: "
                f"{line[:40]!r}. Give a line for each text, its label in front."
            )
        labels.append("|".join(re.findall(r"__label__([^\s,]+)", found[1])))
        texts.append(found[2].strip())
    return pl.DataFrame({"label": labels, "text": texts})
