"""Build values from the plain data of a document, and refuse what its fields cannot hold.

The annotations of the data classes are the schema: there is no second list of types. A range
or the words allowed stand in the annotation: `Annotated[int, Between(0, 9)]`, or a `Literal`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from bakeoff.cut import cut
from bakeoff.errors import DataError, unknown

WORDS = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


def build(value: object, hint: Any, name: str) -> Any:
    """Make of plain data what a hint asks for: data classes of tables, tuples of lists.

    Args:
        value: Of a document.
        hint: int, str | None, tuple[str, ...], a data class ...
        name: Of the field, for the message.

    Raises:
        DataError: It is of another type or out of range, or a field is missing.
        NewerError: A field is unknown.

    Example:
        >>> build([1, 2], tuple[int, ...], "seeds")
        (1, 2)
        >>> build({"seeds": [0, "1"]}, Mapping[str, tuple[int, ...]], "best")
        Traceback (most recent call last):
        bakeoff.errors.DataError: best.seeds[1] is '1', not an integer.
    """
    if isinstance(hint, type) and is_dataclass(hint):
        return hint(**build_fields(value, hints_of(hint), name))
    if hint == tuple[str, ...] and isinstance(value, list) and {*map(type, value)} <= {str}:
        return tuple(value)  # names of categories may be many, and need no more
    parts = [build(part, own, where) for part, own, where in parts_of(value, hint, name)]
    check_one(value, hint, name)
    if get_origin(hint) is tuple:
        return tuple(parts)
    return dict(zip(value, parts, strict=True)) if isinstance(value, dict) and parts else value


def build_fields(document: object, hints: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """Make the fields of a document: exactly those that are known, each of its type.

    Args:
        document: Field -> plain data.
        hints: Field -> type.
        name: Of the document, where it stands in another one.

    Raises:
        DataError: It is no table of values, or a field is missing or of another type.
        NewerError: A field is unknown.
    """
    if not isinstance(document, Mapping):
        raise DataError(f"{name} is {cut(repr(document))}, not a table of values.")
    stem = f"{name}." if name else ""
    for key in document:
        if key not in hints:
            raise NewerError(
                f"has the field {cut(repr(stem + key))}, which this bakeoff does not know: a newer "
                "one wrote it. Open the run with that version."
            )
    document = {**absent(hints), **document}
    for key in hints:
        if key not in document:
            raise DataError(f"the field {stem}{key} is missing.")
    return {key: build(document[key], hints[key], f"{stem}{key}") for key in hints}


def absent(hints: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that older documents lack, and what that means."""
    return {
        key: mark.value
        for key, hint in hints.items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Absent)
    }


def hints_of(kind: type) -> dict[str, Any]:
    """Return the fields that a data class is made with, and what each may hold."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


class Between(NamedTuple):
    """The range of a number, both ends included."""

    least: float
    most: float

    def check(self, value: Any, name: str) -> None:
        """Refuse a number outside."""
        if not self.least <= value <= self.most:
            raise DataError(f"{name} is {value}, not from {self.least:,} to {self.most:,}.")


class Absent(NamedTuple):
    """What a field stands at where a document, written by an older version, lacks it."""

    value: Any

    def check(self, value: Any, name: str) -> None:
        """Refuse nothing."""


class OneOf:
    """The words that a text may be, where its type is no `Literal`."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def check(self, value: Any, name: str) -> None:
        """Refuse any other word."""
        if value not in self.words:
            raise DataError(unknown(name, value, self.words))


Count = Annotated[int, Between(0, 2**53)]
"""How many there are."""

Seconds = Annotated[float, Between(0, 1e12)]
"""A time span; of a row in microseconds."""


class NewerError(DataError):
    """A document has what only a later version writes."""


def check_type(value: object, hint: Any, name: str) -> None:
    """Refuse a value that is not of a type or out of its range, at any depth.

    Args:
        value: A data class that was made of a document, or a part of one; a list may stand for a
            tuple.
        hint: As for `build`.
        name: Of the field, for the message.

    Raises:
        DataError: It is of another type.

    Example:
        >>> check_type({"seed": "0"}, Mapping[str, int], "best")
        Traceback (most recent call last):
        bakeoff.errors.DataError: best.seed is '0', not an integer.
    """
    for part, own, where in parts_of(value, hint, name):
        check_type(part, own, where)
    check_one(value, hint, name)


def parts_of(value: object, hint: Any, name: str) -> Iterator[tuple[object, Any, str]]:
    """Yield what a value is made of, the type that each part should have, and its name."""
    kind, own = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, hint):
        hints = get_type_hints(hint, include_extras=True)
        for field in fields(hint):
            yield getattr(value, field.name), hints[field.name], f"{name}.{field.name}"
    elif not isinstance(kind, type) or not own:
        return
    elif issubclass(kind, Mapping) and isinstance(value, Mapping):
        for key, item in value.items():
            yield item, own[1], f"{name}.{cut(key)}"
    elif issubclass(kind, Sequence) and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield item, own[0], f"{name}[{i}]"


def check_one(value: object, hint: Any, name: str) -> None:
    """Refuse a value of another type or out of range, its parts not looked at."""
    if not has_type(value, hint):
        raise DataError(f"{name} is {cut(repr(value))}, not {say_type(hint)}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise DataError(f"{name} is {value}, not a finite number.")
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for kind in kinds:
        if get_origin(kind) is Annotated and has_type(value, kind):
            for limit in get_args(kind)[1:]:
                limit.check(value, name)


def say_type(hint: Any) -> str:
    """Put a type in words."""
    if get_origin(hint) is Annotated:
        return say_type(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return f"one of {', '.join(repr(word) for word in get_args(hint))}"
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(say_type(own) for own in get_args(hint))
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "a table of values"
    if isinstance(kind, type) and issubclass(kind, Sequence) and kind is not str:
        return "a list"
    return "null" if kind is type(None) else WORDS.get(kind) or str(getattr(kind, "__name__", kind))


def has_type(value: object, hint: Any) -> bool:
    """Tell whether a value is of a type, its parts not looked at."""
    kind = get_origin(hint) or hint
    if kind is Any:
        return True
    if kind is Annotated:
        return has_type(value, get_args(hint)[0])
    if kind in (Union, UnionType):
        return any(has_type(value, own) for own in get_args(hint))
    if kind is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float)
    if issubclass(kind, Sequence) and kind is not str:
        sizes = get_args(hint)
        free = kind is not tuple or not sizes or sizes[-1] is Ellipsis
        return isinstance(value, list | tuple) and (free or len(value) == len(sizes))
    return isinstance(value, kind)
