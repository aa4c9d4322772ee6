"""Forms: how the values of a column are written, so that new data of the same make is read alike.

Each is plain data: `dataclasses.asdict` writes it into schema.json, `form_from_dict` reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from bakeoff.errors import DataError

NumberStyle = Literal[
    "plain",
    "decimal comma",
    "thousands comma",
    "thousands space",
    "magnitudes",
    "hours and minutes",
    "hours, minutes and seconds",
    "feet and inches",
]
WordStyle = Literal["as written", "shortest", "lower"]
LabelType = Literal["string", "integer", "float", "boolean"]
ChannelKind = Literal["number", "binary", "category"]
Brightness = Literal["", "bytes", "unit"]
CALENDAR = 6  # channels of the calendar: hour, weekday and month, each on a circle
MOST_STEPS = 10**6  # of a window
LONGEST_UNIT = 20


@dataclass(frozen=True, slots=True)
class NumberForm:
    """Numbers: 1234.5 ("plain"), 1.234,5, 1,234.5 or 1 234.5, 12k, 13:45 or 5'11, perhaps with €.

    Args:
        style: How the digits are written.
        unit: The sign, currency or word before or behind every number; "" without one.
    """

    style: NumberStyle = "plain"
    unit: str = ""
    type: Literal["number"] = field(default="number", init=False)

    def __post_init__(self) -> None:
        """Refuse an unknown style, and a unit that is none."""
        if self.style not in get_args(NumberStyle):
            raise ValueError(f"style {self.style!r}")
        if not isinstance(self.unit, str) or len(self.unit) > LONGEST_UNIT:
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
        long: Of sequences from a long table: its columns, and how they are read; else None.
        series: Of windows over series: the columns of their table, and how they are cut; else None.
        lists: Of sequences from several columns of lists: these columns; else None.
        wide: Of a block that comes from numbered columns, a number of it each; else None.
    """

    sizes: tuple[int | None, ...]
    brightness: Brightness = ""
    long: LongForm | None = None
    series: SeriesForm | None = None
    lists: ListsForm | None = None
    wide: WideForm | None = None
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
        if isinstance(self.long, Mapping):
            object.__setattr__(self, "long", LongForm(**self.long))
        if isinstance(self.series, Mapping):
            object.__setattr__(self, "series", SeriesForm(**self.series))
        if isinstance(self.lists, Mapping):
            object.__setattr__(self, "lists", ListsForm(**self.lists))
        if isinstance(self.wide, Mapping):
            object.__setattr__(self, "wide", WideForm(**self.wide))
        if self.wide is not None and None not in sizes:
            numbers = math.prod(size for size in sizes if size is not None)
            if numbers != len(self.wide.names):
                raise ValueError(f"sizes {sizes!r} of {len(self.wide.names)} columns")
        table = self.long or self.series or self.lists
        if table is not None and (len(sizes) != 2 or sizes[1] != table.width):
            raise ValueError(f"sizes {sizes!r}, and {table.width} channels")
        if self.series is not None and sizes[0] != self.series.lookback:
            raise ValueError(f"sizes {sizes!r}, and {self.series.lookback} steps looked back")

    def __str__(self) -> str:
        """Write it as 8 × 8 × 1."""
        return " × ".join("any" if size is None else str(size) for size in self.sizes)

    def fits(self, other: ShapeForm) -> bool:
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
        sentences: Whether they are free text that models read unless the user says otherwise.
    """

    style: WordStyle = "as written"
    labels: LabelType = "string"
    pair: tuple[str, ...] = ()
    sentences: bool = False
    type: Literal["words"] = field(default="words", init=False)

    def __post_init__(self) -> None:
        """Refuse an unknown style or type of labels, and what is no pair."""
        if self.style not in get_args(WordStyle):
            raise ValueError(f"style {self.style!r}")
        if self.labels not in get_args(LabelType):
            raise ValueError(f"labels {self.labels!r}")
        if not isinstance(self.sentences, bool):
            raise ValueError(f"sentences {self.sentences!r}")
        pair = tuple(self.pair)
        object.__setattr__(self, "pair", pair)  # a list, where it comes from a file
        if len(pair) not in (0, 2) or not all(isinstance(word, str) for word in pair):
            raise ValueError(f"pair {self.pair!r}")


@dataclass(frozen=True, slots=True)
class LabelsForm:
    """Labels, of which a row has any number: columns of 0 and 1, or what cells hold.

    Args:
        names: Of the columns, or of the places of an array: one or more different ones.
        pattern: The glob that names these columns; "" of an array, and of labels in cells.
        cells: Whether all labels of a row stand in one cell.
        separator: What stands between them there; "[" of written lists, "" of lists.
    """

    names: tuple[str, ...]
    pattern: str = ""
    cells: bool = False
    separator: str = ""
    type: Literal["labels"] = field(default="labels", init=False)

    def __post_init__(self) -> None:
        """Refuse what are no different names, and what is no text."""
        names = tuple(self.names)
        object.__setattr__(self, "names", names)  # a list, where it comes from a file
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError(f"names {self.names!r}")
        if len(set(names)) < len(names) or not isinstance(self.pattern, str):
            raise ValueError(f"names {names!r}, pattern {self.pattern!r}")
        if not isinstance(self.cells, bool) or not isinstance(self.separator, str):
            raise ValueError(f"cells {self.cells!r}, separator {self.separator!r}")


@dataclass(frozen=True, slots=True)
class StepsForm:
    """A class or a number for each step of a sequence.

    Args:
        names: The classes; () of numbers.
        cells: How the cells of single steps are written.
        length: Steps of a series of its own; 0 where there is one value for each step of the input.
    """

    names: tuple[str, ...]
    cells: Form | None = None
    length: int = 0
    type: Literal["steps"] = field(default="steps", init=False)

    def __post_init__(self) -> None:
        """Refuse names that are none, and cells that hold steps themselves."""
        object.__setattr__(self, "names", tuple(self.names))  # a list, where it comes from a file
        if not all(isinstance(name, str) for name in self.names):
            raise ValueError(f"names {self.names!r}")
        if isinstance(self.cells, Mapping):
            object.__setattr__(self, "cells", form_from_dict(self.cells, "cells"))
        if not isinstance(self.cells, NumberForm | WordForm | None):
            raise ValueError(f"cells {self.cells!r}")
        if type(self.length) is not int or not 0 <= self.length <= MOST_STEPS:
            raise ValueError(f"length {self.length!r}")


@dataclass(frozen=True, slots=True)
class Channel:
    """A column of a long table that becomes channels of its sequences.

    Args:
        name: Of the column.
        kind: A "number" is one channel, a "binary" column one of 0 and 1, and a "category" one of 0
            and 1 for each of its words.
        form: How its cells are written.
        words: Of a category, those that the training data have, sorted.
    """

    name: str
    kind: ChannelKind
    form: NumberForm | WordForm
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a kind that is none, a form of another kind, and words that are none."""
        if isinstance(self.form, Mapping):
            object.__setattr__(self, "form", form_from_dict(self.form, "channel.form"))
        words = tuple(self.words)
        object.__setattr__(self, "words", words)  # a list, where it comes from a file
        if not isinstance(self.name, str) or self.kind not in get_args(ChannelKind):
            raise ValueError(f"channel {self.name!r} of kind {self.kind!r}")
        if not isinstance(self.form, NumberForm if self.kind == "number" else WordForm):
            raise ValueError(f"channel {self.name!r} of form {self.form!r}")
        if (self.kind == "category") != bool(words) or not all(isinstance(w, str) for w in words):
            raise ValueError(f"words {self.words!r} of channel {self.name!r}")
        if isinstance(self.form, WordForm) and self.kind == "binary" and not self.form.pair:
            raise ValueError(f"no two words of channel {self.name!r}")

    @property
    def width(self) -> int:
        """How many channels it becomes."""
        return len(self.words) or 1


@dataclass(frozen=True, slots=True)
class LongForm:
    """A long table: one row is one step, and the rows of one id are one sequence.

    Args:
        sequence: Column of the ids.
        time: Column that orders the steps; "" where they stand in the order of the file.
        time_form: How times are written; None without such a column.
        channels: Columns of the values of a step, in the order of the channels.
    """

    sequence: str
    time: str
    time_form: NumberForm | DateForm | None
    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        """Refuse names that are none, a time without a form, and a table without channels."""
        if isinstance(self.time_form, Mapping):
            object.__setattr__(self, "time_form", form_from_dict(self.time_form, "time_form"))
        made = tuple(Channel(**c) if isinstance(c, Mapping) else c for c in self.channels)
        object.__setattr__(self, "channels", made)
        if not isinstance(self.sequence, str) or not isinstance(self.time, str):
            raise ValueError(f"columns {self.sequence!r} and {self.time!r}")
        if bool(self.time) != isinstance(self.time_form, NumberForm | DateForm):
            raise ValueError(f"time_form {self.time_form!r} of {self.time!r}")
        if not made or not all(isinstance(channel, Channel) for channel in made):
            raise ValueError(f"channels {self.channels!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the channels."""
        return tuple(channel.name for channel in self.channels)

    @property
    def width(self) -> int:
        """How many channels there are."""
        return sum(channel.width for channel in self.channels)


@dataclass(frozen=True, slots=True)
class ListsForm:
    """Columns of lists that are the channels of one sequence.

    Args:
        names: Of the columns, in the order of the channels.
        widths: How many channels each of them is: the numbers of one step.
    """

    names: tuple[str, ...]
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse names that are none, and widths that are no positive integers."""
        for name in ("names", "widths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # a list, from a file
        if not self.names or not all(isinstance(name, str) for name in self.names):
            raise ValueError(f"names {self.names!r}")
        fits = len(self.widths) == len(self.names)
        if not fits or not all(type(width) is int and width > 0 for width in self.widths):
            raise ValueError(f"widths {self.widths!r}")

    @property
    def width(self) -> int:
        """How many channels there are."""
        return sum(self.widths)


@dataclass(frozen=True, slots=True)
class WideForm:
    """Columns of a table that are one block together, a number of it each: pixel0, pixel1, ...

    Args:
        names: Of the columns, in the order of the numbers.
        pattern: The glob that names them.
    """

    names: tuple[str, ...]
    pattern: str

    def __post_init__(self) -> None:
        """Refuse names and patterns that are none."""
        object.__setattr__(self, "names", tuple(self.names))  # a list, from a file
        if not self.names or not all(isinstance(name, str) for name in (*self.names, self.pattern)):
            raise ValueError(f"names {self.names!r} of {self.pattern!r}")


@dataclass(frozen=True, slots=True)
class SeriesForm:
    """A table of time series: one row is one step, and models see windows of steps.

    Args:
        time: Columns of the time: one, or parts of it such as year, month, day, hour.
        time_form: How times are written; of parts, plain numbers.
        series: The column that names the series of a row; "" where there is one.
        channels: Columns of the values of a step, in the order of the channels; of a forecast the
            target first.
        lookback: Steps of a window.
        horizon: Steps to forecast behind a window; 0: the label of its last step is predicted.
        stride: Steps from one window to the next.
        future: Columns among the channels whose values are known beforehand: a window holds those
            of the steps ahead.
        calendar: Whether hour, weekday and month of the steps ahead are channels, too.
        step: The usual step, in seconds, or in units of a time that is a number; 0 where times are
            irregular.
        months: The usual step in calendar months, for stamps that lie months apart; 0 elsewhere.
        weekdays: The days of the week that have steps, Monday first, as "1111100"; "" where a step
            is no such day.
    """

    time: tuple[str, ...]
    time_form: NumberForm | DateForm
    series: str
    channels: tuple[Channel, ...]
    lookback: int
    horizon: int = 0
    stride: int = 1
    future: tuple[str, ...] = ()
    calendar: bool = False
    step: float = 0.0
    months: int = 0
    weekdays: str = ""

    def __post_init__(self) -> None:
        """Refuse names that are none, sizes that are no positive integers, and no channels."""
        if isinstance(self.time_form, Mapping):
            object.__setattr__(self, "time_form", form_from_dict(self.time_form, "time_form"))
        made = tuple(Channel(**c) if isinstance(c, Mapping) else c for c in self.channels)
        object.__setattr__(self, "channels", made)
        for name in ("time", "future"):
            words = tuple(getattr(self, name))
            object.__setattr__(self, name, words)  # a list, where it comes from a file
            if not all(isinstance(word, str) for word in words):
                raise ValueError(f"{name} {words!r}")
        if not self.time or not isinstance(self.series, str):
            raise ValueError(f"columns {self.time!r} and {self.series!r}")
        if not isinstance(self.time_form, NumberForm | DateForm):
            raise ValueError(f"time_form {self.time_form!r}")
        if not made or not all(isinstance(channel, Channel) for channel in made):
            raise ValueError(f"channels {self.channels!r}")
        for name, least in (("lookback", 1), ("horizon", 0), ("stride", 1), ("months", 0)):
            size = getattr(self, name)
            if type(size) is not int or not least <= size <= MOST_STEPS:
                raise ValueError(f"{name} {size!r}")
        if not isinstance(self.step, int | float) or not 0 <= self.step < float("inf"):
            raise ValueError(f"step {self.step!r}")
        if not isinstance(self.weekdays, str) or not re.fullmatch("|[01]{7}", self.weekdays):
            raise ValueError(f"weekdays {self.weekdays!r}")
        if self.weekdays and "1" not in self.weekdays:
            raise ValueError("weekdays without a day")

    @property
    def dated(self) -> bool:
        """Whether times are dates: written as such, or put together from year, month, day."""
        return isinstance(self.time_form, DateForm) or len(self.time) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the channels."""
        return tuple(channel.name for channel in self.channels)

    @property
    def width(self) -> int:
        """How many channels there are."""
        return sum(channel.width for channel in self.channels) + CALENDAR * self.calendar


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


Form = NumberForm | DateForm | ShapeForm | WordForm | LabelsForm | StepsForm
FORMS: Mapping[str, type[Form]] = {
    "number": NumberForm, "date": DateForm, "shape": ShapeForm, "words": WordForm,
    "labels": LabelsForm, "steps": StepsForm,
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
