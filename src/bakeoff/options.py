"""Option: a setting written once: default, words, choices, range, place in bakeoff.toml.

A dataclass declares its fields with `setting(...)`; the command line, the comments of bakeoff.toml,
the docstring of `bakeoff.run` and the checks all read them from there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from bakeoff.errors import RequestError, option, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One setting of a run.

    Args:
        name: In Python, on the command line (with dashes) and in the file.
        default: What it is when nobody says anything.
        help: What it means, and why the default is what it is.
        table: The table of bakeoff.toml that it stands in.
        key: Its name there, where it is another.
        choices: All values there are, where they are few; a function when listing them is costly.
        least: The lowest value allowed, itself included.
        above: The lowest value, itself excluded.
        most: The highest value allowed.
    """

    name: str
    default: Any
    help: str
    table: str
    key: str
    choices: Sequence[str] | Callable[[], Sequence[str]]
    least: float
    above: float
    most: float

    @property
    def kind(self) -> type:
        """str, int, float, bool, tuple (of strings) or dict."""
        return type(self.default)

    def allowed(self) -> Sequence[str]:
        """All values there are; none where any will do."""
        return self.choices() if callable(self.choices) else self.choices


def setting(
    default: Any,
    help: str,
    *,
    table: str,
    key: str = "",
    choices: Sequence[str] | Callable[[], Sequence[str]] = (),
    least: float = float("-inf"),
    above: float = float("-inf"),
    most: float = float("inf"),
) -> Any:
    """Declare a field of a dataclass as an option; see `Option` for the arguments."""
    about = {
        "help": help,
        "table": table,
        "key": key,
        "choices": choices,
        "least": least,
        "above": above,
        "most": most,
    }
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"option": about})
    return field(default=default, metadata={"option": about})


def options(group: Any) -> dict[str, Option]:
    """Return the options of a dataclass, by name, in the order in which they are declared."""
    found = {}
    for item in fields(group):
        if "option" in item.metadata:
            about = dict(item.metadata["option"])
            about["key"] = about["key"] or item.name
            found[item.name] = Option(name=item.name, default=default_of(item), **about)
    return found


def default_of(item: Field[Any]) -> Any:
    """Return the default of a field."""
    return item.default if item.default_factory is MISSING else item.default_factory()


def check_options(values: Any) -> None:
    """Check all options of a dataclass that has just been made.

    Raises:
        RequestError: One has another type, is no choice, or is out of range; all are named.
    """
    wrong = [
        said
        for name, known in options(values).items()
        for said in complaints(known, getattr(values, name))
    ]
    if wrong:
        raise RequestError(" ".join(wrong))


def complaints(known: Option, value: Any, *, model: str = "") -> Iterator[str]:
    """Yield what is wrong with the value of an option, be it of one model's own."""
    name = f"{model}.{known.name}" if model else known.name
    given = option(name, value)
    if not matches(value, known.kind):
        such = "" if known.kind is bool else f", such as {say_value(known.default)}"
        yield f"{given} must be {TYPES[known.kind]}{such}."
        return
    choices = known.allowed()
    for word in value if known.kind is tuple else (value,):
        if choices and word not in choices:
            yield unknown(known.name, word, choices, where=option(name))
    if known.kind in (int, float) and not (
        known.least <= value <= known.most and value > known.above and value < float("inf")
    ):
        yield f"{given} is out of range: {say_range(known)}. The default is {known.default}."


TYPES = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    tuple: "a list of strings",
    dict: "a table of names and values",
}


def matches(value: Any, kind: type) -> bool:
    """Tell whether a value is of a kind; an integer is a number, and true is neither."""
    if kind is tuple:
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    if kind in (int, float):
        number = (int,) if kind is int else (int, float)
        return isinstance(value, number) and not isinstance(value, bool)
    return isinstance(value, kind)


def say_range(known: Option) -> str:
    """Say which numbers are allowed."""
    low = f"from {known.least:g}" if known.above < known.least else f"above {known.above:g}"
    return low if known.most == float("inf") else f"{low} to {known.most:,.0f}"


def say_value(value: Any) -> str:
    """Write a value as it would be typed: lists in brackets, true and false in small letters."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(say_value(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)
