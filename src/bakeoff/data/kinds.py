"""Kinds: what a column can hold. One row each, in one table, read by everyone who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bakeoff.errors import RequestError, option, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of column.

    Args:
        name: The word for it, as in `kinds={"age": "number"}`.
        transform: The class in `preparing` that makes an input of it; "" where no model sees it.
        cells: How the cells of a table are read as this kind; "any": as they are inferred; "":
            cells cannot hold it.
        distinct: How many different values its cells must have; 0 for any number.
        axes: Of an array that can hold it, the axis of the rows among them.
        target: What a model predicts of it; "" where it cannot be predicted.
        alone: Whether a column of it is an input of its own, not one of the columns of a table.
        resembles: What a column that was read so seems to be, for the user who meant a target.
        counted: What one such column is called where columns are counted.
    """

    name: str
    transform: str = ""
    cells: Literal["", "numbers", "times", "words", "any"] = ""
    distinct: int = 0
    axes: tuple[int, ...] = ()
    target: Literal["", "classes", "amount", "labels", "steps", "text"] = ""
    alone: bool = False
    resembles: str = ""
    counted: str


ROWS = (
    Kind(name="number", transform="Numbers", cells="numbers", axes=(1, 2), target="amount",
         counted="number"),
    Kind(name="binary", transform="Binary", cells="words", distinct=2, target="classes",
         counted="yes/no column"),
    Kind(name="category", transform="Categories", cells="words", target="classes",
         counted="category"),
    Kind(name="time", transform="Time", cells="times", counted="date"),
    Kind(name="text", transform="Text", cells="words", target="text", alone=True,
         counted="text"),
    Kind(name="image", transform="Pixels", axes=(3, 4), alone=True, counted="image"),
    Kind(name="sequence", transform="Steps", axes=(2, 3), alone=True, counted="sequence"),
    Kind(name="tokens", transform="Tokens", axes=(2,), alone=True,
         counted="sequence of tokens"),
    Kind(name="volume", transform="Pixels", axes=(5,), alone=True, counted="volume"),
    Kind(name="labels", target="labels", counted="set of labels"),
    Kind(name="steps", target="steps", counted="value of each step"),
    Kind(name="group", cells="any", counted="group"),
    Kind(name="identifier", cells="any", resembles="an identifier", counted="identifier"),
    Kind(name="constant", cells="any", counted="constant"),
    Kind(name="ignored", cells="any", axes=(1, 2, 3, 4, 5), counted="ignored"),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {row.name: row for row in ROWS}


def check_kinds(kinds: object, names: Iterable[str]) -> None:
    """Refuse what is no mapping, and kinds that name an unknown column or an unknown kind.

    Args:
        kinds: What the user gave: column -> kind; the form of a date may follow it.
        names: The columns that there are.
    """
    names = list(names)
    if not isinstance(kinds, Mapping):
        raise RequestError(
            f"{option('inputs', ['a', 'b'])} chooses columns; "
            f"{option('kinds', {'a': 'category'})} says what they hold."
        )
    for name, kind in kinds.items():
        if name not in names:
            raise RequestError(unknown("column", name, names, where=option("kinds")))
        if not isinstance(kind, str) or kind.partition(":")[0] not in KINDS:
            raise RequestError(unknown("kind", kind, KINDS, where=option("kinds", {name: kind})))
