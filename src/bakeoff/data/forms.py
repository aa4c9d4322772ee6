"""Forms: how the values of a column are written, so that new data of the same make is read alike.

Each is plain data: `dataclasses.asdict` writes it into schema.json, `form_from_dict` reads it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from bakeoff.errors import DataError

NumberStyle = Literal["plain", "decimal comma", "thousands comma", "thousands space"]
WordStyle = Literal["as written", "shortest", "lower"]
LabelType = Literal["string", "integer", "float", "boolean"]
Brightness = Literal["", "bytes", "unit"]


@dataclass(frozen=True, slots=True)
class NumberForm:
    """Numbers: 1234.5 ("plain"), 1.234,5, 1,234.5 or 1 234.5, perhaps with a sign such as €.

    Args:
        style: How the digits are written.
        unit: The sign before or behind every number; "" without one.
    """

    style: NumberStyle = "plain"
    unit: str = ""
    type: Literal["number"] = field(default="number", init=False)

    def __post_init__(self) -> None:
        """Refuse an unknown style, and a unit that is no single sign."""
        if self.style not in get_args(NumberStyle):
            raise ValueError(f"style {self.style!r}")
        if not isinstance(self.unit, str) or len(self.unit) > 1:
            raise ValueError(f"unit {self.unit!r}")


@dataclass(frozen=True, slots=True)
class DateForm:
    """Dates of one pattern, such as %d.%m.%Y, or typed dates without one.

    Args:
        pattern: How texts are written; "" where the dates came typed.
        zone: The time zone whose wall clock the values show, such as Europe/Berlin; "" where they
            came without one.
    """

    pattern: str = ""
    zone: str = ""
    type: Literal["date"] = field(default="date", init=False)

    def __post_init__(self) -> None:
        """Refuse what is no pattern and what is no name of a zone."""
        if not isinstance(self.pattern, str) or (self.pattern and "%" not in self.pattern):
            raise ValueError(f"pattern {self.pattern!r}")
        if not isinstance(self.zone, str) or not re.fullmatch(r"[\w+/-]{0,60}", self.zone):
            raise ValueError(f"zone {self.zone!r}")


@dataclass(frozen=True, slots=True)
class ShapeForm:
    """Arrays: the sizes of one row, and how bright pictures are written.

    Args:
        sizes: None where rows may differ (steps, where lengths are given).
        brightness: Of pictures and volumes: "bytes" (uint8, up to 255), "unit" (fractions from 0 to
            1), or "" for anything else.
    """

    sizes: tuple[int | None, ...]
    brightness: Brightness = ""
    type: Literal["shape"] = field(default="shape", init=False)

    def __post_init__(self) -> None:
        """Refuse sizes that are no positive integers, and an unknown brightness."""
        if self.brightness not in get_args(Brightness):
            raise ValueError(f"brightness {self.brightness!r}")
        sizes = tuple(self.sizes)
        object.__setattr__(self, "sizes", sizes)  # a list, where it comes from a file
        for size in sizes:
            if size is not None and (type(size) is not int or size < 1):
                raise ValueError(f"size {size!r}")

    def __str__(self) -> str:
        """Write it as 8 × 8 × 1."""
        return " × ".join("any" if size is None else str(size) for size in self.sizes)

    def fits(self, other: "ShapeForm") -> bool:
        """Tell whether rows of this shape can stand where rows of the other one did."""
        pairs = zip(self.sizes, other.sizes, strict=False)
        same = all(a == b or a is None or b is None for a, b in pairs)
        return same and len(self.sizes) == len(other.sizes)


@dataclass(frozen=True, slots=True)
class WordForm:
    """Words: how they are written, and what they are to the user.

    Args:
        style: Numbers in their "shortest" form, so that 1.0 is 1; all in "lower" case; or "as
            written".
        labels: What each word stands for: itself, an integer, a float or a boolean.
        pair: The two words of a binary column, sorted; none of other columns.
    """

    style: WordStyle = "as written"
    labels: LabelType = "string"
    pair: tuple[str, ...] = ()
    type: Literal["words"] = field(default="words", init=False)

    def __post_init__(self) -> None:
        """Refuse an unknown style or type of labels, and what is no pair."""
        if self.style not in get_args(WordStyle):
            raise ValueError(f"style {self.style!r}")
        if self.labels not in get_args(LabelType):
            raise ValueError(f"labels {self.labels!r}")
        pair = tuple(self.pair)
        object.__setattr__(self, "pair", pair)  # a list, where it comes from a file
        if len(pair) not in (0, 2) or not all(isinstance(word, str) for word in pair):
            raise ValueError(f"pair {self.pair!r}")


def typed_labels(words: Sequence[str | None], labels: LabelType) -> list[Any]:
    """Return words as what they stand for; as words where one of them is something else.

    Example:
        >>> typed_labels(["0", "1", None], "integer")
        [0, 1, None]
    """
    readers: Mapping[LabelType, Callable[[str], Any]] = {
        "string": str, "integer": int, "float": float, "boolean": truth
    }  # fmt: skip
    read = readers[labels]
    try:
        return [None if word is None else read(word) for word in words]
    except (KeyError, ValueError):
        return list(words)


def truth(word: str) -> bool:
    """Return what true and false in any case mean."""
    return {"true": True, "false": False}[word.lower()]


Form = NumberForm | DateForm | ShapeForm | WordForm
FORMS: Mapping[str, type[Form]] = {
    "number": NumberForm, "date": DateForm, "shape": ShapeForm, "words": WordForm
}  # fmt: skip


def form_from_dict(document: Any, where: str) -> Form | None:
    """Make a form of plain data.

    Args:
        document: What `asdict` wrote, or None.
        where: The field, for the message.

    Raises:
        DataError: It is nothing that `asdict` writes.

    Example:
        >>> form_from_dict({"type": "date", "pattern": "%d.%m.%Y"}, "form").pattern
        '%d.%m.%Y'
    """
    if document is None:
        return None
    types = ", ".join(FORMS)
    if not isinstance(document, Mapping) or document.get("type") not in FORMS:
        raise DataError(f"{where} is {document!r}; it may be null or have the type {types}.")
    values = {name: value for name, value in document.items() if name != "type"}
    try:
        return FORMS[document["type"]](**values)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} is {document!r}, which cannot be read: {error}.") from error
