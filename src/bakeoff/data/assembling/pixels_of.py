"""Pixels of one picture: the numbered columns that are, by their names, and their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import free
from bakeoff.data.columns.read_labels import UNNAMED, fixed_part, matching
from bakeoff.data.forms import WideForm
from bakeoff.data.reading.cells import as_texts, clean, to_numbers

if TYPE_CHECKING:
    import polars as pl

FEWEST = 64  # numbered columns that are a picture by their names alone: 8 × 8
PIXEL = re.compile(r"(?i)(pixels?|pix|px)[ _.-]?(\d+)")
GRID = re.compile(r"(?i)(?:pixels?|pix|px)?[ _.-]?(\d+)[x_](\d+)")


def pixels_of(frame: pl.DataFrame, names: Sequence[str]) -> tuple[WideForm, tuple[int, int]] | None:
    """Find the columns that are the pixels of one picture by their names.

    pixel0 … pixel783, px1 … px784, 1x1 … 28x28, pixel_0_0 … pixel_7_7

    Example:
        >>> import polars as pl
        >>> names = [f"pixel{i}" for i in range(64)]
        >>> wide, sizes = pixels_of(pl.DataFrame({name: [0, 255] for name in names}), names)
        >>> wide.pattern, sizes
        ('pixel*', (8, 8))
    """
    numbered = [(own, match) for own in names if (match := PIXEL.fullmatch(own))]
    gridded = [(own, match) for own in names if (match := GRID.fullmatch(own))]
    if len(numbered) >= FEWEST:
        numbers = {int(match[2]) for _, match in numbered}
        side, columns = isqrt(len(numbered)), [own for own, _ in numbered]
        sizes, least = (side, side), min(numbers)
        whole = numbers == set(range(least, least + side * side))
    elif len(gridded) >= FEWEST:
        rows, across = ({int(match[k]) for _, match in gridded} for k in (1, 2))
        sizes, least = (len(rows), len(across)), min(rows | across)
        columns = [own for own, _ in gridded]
        whole = max(rows) - min(rows) < len(rows) and max(across) - min(across) < len(across)
    else:
        return None
    begin = shared(columns)
    pattern = f"{begin}*" if begin else "[0-9]*x[0-9]*"
    if not whole or least > 1 or len(columns) != sizes[0] * sizes[1]:
        return None
    if set(matching(frame.columns, pattern)) != set(columns):
        return None
    if any(is_empty(frame[name]) for name in columns):
        return None
    return WideForm(tuple(in_order(columns)), pattern), sizes


def named_by(pattern: str, kind: str, taken: Sequence[str]) -> str:
    """Return what columns are called together: the beginning of their glob."""
    name = fixed_part(pattern)
    return free({"image": "pixels"}.get(kind, "steps") if name == UNNAMED else name, taken)


def in_order(names: Sequence[str]) -> list[str]:
    """Return columns by the numbers in their names, or as they stand where not all have some.

    Example:
        >>> in_order(["v10", "v9"]), in_order(["2x1", "1x10", "1x2"]), in_order(["b", "a"])
        (['v9', 'v10'], ['1x2', '1x10', '2x1'], ['b', 'a'])
    """
    numbers = {name: tuple(map(int, re.findall(r"\d{1,18}", name))) for name in names}
    counts = {len(own) for own in numbers.values()}
    if len(counts) > 1 or 0 in counts or len(set(numbers.values())) < len(names):
        return list(names)
    return sorted(names, key=lambda name: numbers[name])


def shared(names: Sequence[str]) -> str:
    """Return how all names begin, but for digits."""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[:same].rstrip("0123456789")


def is_empty(series: pl.Series) -> bool:
    """Tell whether a cell of a column is no number."""
    return bool(np.isnan(numbers_of(series, ".")[0]).any())


def numbers_of(series: pl.Series, mark: str) -> tuple[Array, Array]:
    """Return (N,) the numbers of cells, NaN where there is none; and (N,) which are no numbers.

    Args:
        series: Numbers, or texts as they stand in the file.
        mark: The decimal mark of the file.
    """
    import polars as pl

    numbers = series.cast(pl.Float64, strict=False)
    strange = np.zeros(len(series), bool)
    if numbers.null_count() > series.null_count():
        texts = clean(as_texts(series))[0]
        numbers = to_numbers(texts, mark=mark)[0]
        strange = (texts.is_not_null() & numbers.is_null()).to_numpy()
    return numbers.fill_null(np.nan).to_numpy(), strange
