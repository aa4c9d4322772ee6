"""Written lists: texts that hold lists of numbers, [0.1, 2] or 70 80 82 83 …, become lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.reading.cells import MISSING_WORDS, NOTHING, clean
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

LEAST = 8  # numbers of a cell without brackets from which on they are a list, not an amount ...
FRACTIONS = 3  # ... and fractions: 0.1 0.2 0.3
ROWS = 2_000  # that are parsed at once
GLANCED_AT = 20  # cells of which one must begin as a list does
MARKS = " ,;|\t\n"
LOOKED_AT = 200  # cells that tell whether to parse all of them
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
VALUE = rf"(?:{NUMBER}|(?i:nan|null|none|[-+]?inf(?:inity)?))"
BETWEEN = r"[\s,;|]+"
VALUES = rf"{VALUE}(?:{BETWEEN}{VALUE})*"
BARE = rf"^{VALUES}$"
FRACTION = r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?"
MANY = rf"^{VALUE}(?:{BETWEEN}{VALUE}){{{LEAST - 1},}}$"
FEW = rf"^{FRACTION}(?:{BETWEEN}{FRACTION}){{{FRACTIONS - 1},}}$"
FLAT = rf"^(?:\[\s*(?:{VALUES})?[\s,]*\]|\(\s*{VALUE}{BETWEEN}(?:{VALUES})?[\s,]*\))$"  # not (5)
NESTED = rf"^[\[(]\s*[\[(]\s*{VALUES}\s*[\])](?:[\s,]*[\[(]\s*{VALUES}\s*[\])])*[\s,]*[\])]$"


def written_lists(series: pl.Series, *, asked: bool = False) -> pl.Series | None:
    """Return a column of texts as a column of lists of numbers; None where it holds something else.

    Args:
        series: Of any type.
        asked: Whether the user says that these are lists, so that a few numbers are one.

    Raises:
        DataError: Most cells are lists and another one is not: it is named.

    Example:
        >>> import polars as pl
        >>> written_lists(pl.Series(["[1, 2]", None, "[0.5]"])).to_list()
        [[1.0, 2.0], None, [0.5]]
        >>> written_lists(pl.Series(["[[1, 2], [3, 4]]"])).to_list()
        [[[1.0, 2.0], [3.0, 4.0]]]
        >>> written_lists(pl.Series(["12 14 16", "16 18 20"])) is None
        True
    """
    import polars as pl

    if series.dtype != pl.String or not may_be_lists(series):
        return None
    first = clean(series.drop_nulls().head(LOOKED_AT), NOTHING)[0].drop_nulls()
    first = first.filter(~first.is_in(MISSING_WORDS))
    if not len(first) or not 2 * look_like_lists(first, asked=asked).sum() > len(first):
        return None
    texts = series.str.strip_chars()
    texts = texts.set(texts.is_in(MISSING_WORDS).fill_null(False), None)
    strange = texts.is_not_null() & ~look_like_lists(texts, asked=asked).fill_null(False)
    if strange.any():
        refuse_strange(series.name, texts, strange)
        return None
    nested = bool(texts.str.contains(r"^[\[(]\s*[\[(]").any())
    pieces = [texts[start : start + ROWS] for start in range(0, len(texts), ROWS)]
    lists = [parsed_nested(piece) if nested else parsed(piece) for piece in pieces]
    if len({piece.dtype for piece in lists}) > 1:
        lists = [piece.cast(pl.List(pl.Float64)) for piece in lists]
    return pl.concat(lists).alias(series.name)


def may_be_lists(series: pl.Series) -> bool:
    """Tell whether any of the first cells begins as a list does, or none of them says anything."""
    cells = [cell.strip() for cell in series.head(GLANCED_AT).to_list() if cell]
    filled = [cell for cell in cells if cell not in MISSING_WORDS]
    return not filled or any(
        cell[0] in "[(" or (cell[0] in "+-.0123456789" and any(mark in cell for mark in MARKS))
        for cell in filled
    )


def look_like_lists(texts: pl.Series, *, asked: bool) -> pl.Series:
    """Tell which texts are lists of numbers: (N,) boolean, null where there is none."""
    bracketed = texts.str.contains(FLAT) | texts.str.contains(NESTED)
    if asked:
        return bracketed | texts.str.contains(BARE)
    return bracketed | texts.str.contains(MANY) | texts.str.contains(FEW)


def refuse_strange(name: str, texts: pl.Series, strange: pl.Series) -> None:
    """Refuse a column in which most cells are lists, and some are not.

    Raises:
        DataError: The first of them is named.
    """
    if 2 * strange.sum() >= texts.is_not_null().sum():
        return
    first = int(strange.arg_true()[0])
    cell, more = texts[first], strange.sum() - 1
    others = f", and in {more:,} more" if more else ""
    if "..." in cell or "…" in cell:
        raise DataError(
            f"Column {cut(name)!r}, row {first + 1:,}{others}: {cut(repr(cell))} was written with "
            "its middle left out, as NumPy prints long arrays. Write whole lists, as "
            "array.tolist() gives, or Parquet."
        )
    raise DataError(
        f"Column {cut(name)!r} holds lists of numbers, but {cut(repr(cell))} stands in row "
        f"{first + 1:,}{others}. Correct such cells, or empty them."
    )


def parsed(texts: pl.Series) -> pl.Series:
    """Return lists of numbers; NaN, null and None are missing values."""
    import polars as pl

    inner = texts.str.strip_chars("[]() \t\n\r,")
    for mark in filter(lambda mark: inner.str.contains(mark, literal=True).any(), "\n\r\t,;|"):
        inner = inner.str.replace_all(mark, " ", literal=True)
    number = pl.element().cast(pl.Float64, strict=False).fill_nan(None)
    if inner.is_in([""]).any() or inner.str.contains("  ", literal=True).any():
        number = pl.element().filter(pl.element() != "").cast(pl.Float64, strict=False)
        number = number.fill_nan(None)
    lists = inner.str.split(" ").list.eval(number)
    values = lists.explode().drop_nulls()
    bytes_alone = ((values == values.floor()) & values.is_between(0, 255)).all()
    return lists.cast(pl.List(pl.UInt8)) if bytes_alone else lists


def parsed_nested(texts: pl.Series) -> pl.Series:
    """Return lists of lists of numbers, [[1, 2], [3, 4]], as JSON, Python or NumPy write them."""
    import polars as pl

    plain = texts.str.replace_all(r"\(", "[").str.replace_all(r"\)", "]")
    plain = plain.str.replace_all(r"(?i)[-+]?(nan|none|inf(inity)?)", "null")
    plain = plain.str.replace_all(r"\s*([\[\]])\s*", "$1").str.replace_all(BETWEEN, ",")
    plain = plain.str.replace_all(r"\]\[", "],[").str.replace_all(r",+\]", "]")
    plain = plain.str.replace_all(r"(\d)\.([,\]])", "$1$2").str.replace_all(r"([\[,])\+", "$1")
    plain = plain.str.replace_all(r"([\[,]-?)\.(\d)", "${1}0.$2")
    return plain.str.json_decode(pl.List(pl.List(pl.Float64)))
