"""Common unit: the sign or word that stands beside every number of a column: 5 %, $5, 74 bhp."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SIGNS = "%€$£¥₹₩₽₺₫+"  # that may stand before or behind every number of a column
CURRENCIES = (
    *("US$", "R$", "A$", "C$", "HK$", "Rs.", "Rs", "INR", "USD", "EUR", "GBP", "JPY", "CHF"),
    *("CNY", "BRL", "AUD", "CAD", "SEK", "NOK", "DKK", "PLN"),
)  # that may stand before
BEHIND = r"^[+-]?\d[\d.,]*\s*(\p{L}[^\d:;,|+-]{0,15}|°\p{L}?)$"  # a word, such as kg, km/h or sq ft
NOUGHT = r"^0+([.,]0+)?$"  # which is as much in any unit, and often has none
LEAST_PLURAL = 3  # letters of a word that may have an s
NEARLY_ALL = 0.95  # share of the cells that have a unit, from which on the column has it


def common_unit(some: pl.Series) -> str:
    """Return the sign, currency or word that nearly every cell begins or ends with; "" without one.

    Example:
        >>> import polars as pl
        >>> common_unit(pl.Series(["74 bhp", "81.8 bhp"])), common_unit(pl.Series(["12a", "7b"]))
        ('bhp', '')
    """
    some = some.filter(~some.str.contains(NOUGHT)).str.strip_chars_start("+-")
    first = (some[0] if len(some) else "") or " "
    for sign in (first[0], first[-1]):
        if sign in SIGNS and share(some.str.starts_with(sign) | some.str.ends_with(sign)):
            return str(sign)
    for word in CURRENCIES:
        if first.startswith(word) and share(some.str.contains(rf"^{literal(word)}\s*[+-]?\d")):
            return word
    words = some.str.extract(BEHIND)
    if len(some) < 2 or words.null_count() > len(some) / 2:
        return ""
    word = str(words.drop_nulls().mode().sort()[0])
    words = words.replace(dict.fromkeys(singular_and_plural(word), word))
    codes = without_unit(some, word).str.contains(r"^0\d+$").any()  # 007 A is a name
    bare = some.str.contains(r"\d$")  # without any, which may be in another unit
    mostly = float((words == word).fill_null(value=False).mean() or 0.0) > 0.5  # type: ignore[arg-type]
    return word if word and mostly and share(~bare) and not codes else ""


def share(found: pl.Series) -> bool:
    """Tell whether nearly all are true."""
    return float(found.fill_null(value=False).mean() or 0.0) >= NEARLY_ALL  # type: ignore[arg-type]


def without_unit(texts: pl.Series, unit: str) -> pl.Series:
    """Take the unit off: €5, 5 €, -€5 and €-5 as 5, 5, -5 and -5; 5 kg, and 1 star of stars."""
    bare = texts.str.strip_suffix(unit)
    for other in singular_and_plural(unit):
        bare = bare.str.strip_suffix(other)
    if unit in SIGNS or unit in CURRENCIES:
        bare = bare.str.replace(rf"^([+-]?) *{literal(unit)} *", "$1")
    return bare.str.strip_chars_end()


def singular_and_plural(word: str) -> list[str]:
    """Return how else a word may stand beside a number: year of years, years of year.

    Example:
        >>> singular_and_plural("years"), singular_and_plural("kmpl"), singular_and_plural("s")
        (['year'], ['kmpls'], [])
    """
    if len(word) < LEAST_PLURAL or not word.isalpha():
        return []
    return [word[:-1]] if word.endswith("s") else [f"{word}s"]


def literal(text: str) -> str:
    """Write a text for a regular expression of polars, which knows it by its code points."""
    return "".join(rf"\x{{{ord(letter):x}}}" for letter in text)
