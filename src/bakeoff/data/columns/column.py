"""Columns: what each one holds and why it was read so, and the schema that gives each a part."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from bakeoff.data.array import Array
from bakeoff.errors import DataError, RequestError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal[
    "number", "category", "binary", "text", "image", "sequence", "volume", "time",
    "group", "identifier", "constant", "ignored",
]  # fmt: skip
Task = Literal["binary", "multiclass", "regression"]

INPUT_KINDS = ("number", "binary", "category", "time", "image", "sequence", "volume")
ARRAY_KINDS = ("number", "image", "sequence", "volume", "ignored")
CELL_KINDS = tuple(k for k in get_args(Kind) if k not in ("image", "sequence", "volume"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the data.

    Args:
        name: Its name in the user's file.
        kind: What it holds.
        reason: Why it was read so, in a few words for the user.
        missing: Rows without a value.
        distinct: Different values; 0 for images, sequences and volumes, where nobody counted.
        form: How its values are written ("decimal comma", "%d.%m.%Y", "8 × 8 × 1"), so that new
            data of the same make is read alike.
    """

    name: str
    kind: Kind
    reason: str
    missing: int = 0
    distinct: int = 0
    form: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """Which columns go in, which come out, and the task that follows for each target.

    Args:
        columns: All columns, in the order of the file.
        inputs: Names of the columns that a model sees.
        targets: Names of the columns to predict.
        tasks: Target -> "binary", "multiclass" or "regression".
        positive: Binary target -> its positive class.
    """

    columns: tuple[Column, ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    tasks: Mapping[str, Task] = field(default_factory=dict)
    positive: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """Column -> kind, as `read(columns=...)` takes it to read the data alike again."""
        return {
            c.name: f"time:{c.form}" if c.kind == "time" and c.form else c.kind
            for c in self.columns
        }

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise RequestError(unknown_column(name, [column.name for column in self.columns]))


class Reading(NamedTuple):
    """A column, its values of all rows, and what was decided on the way, in sentences."""

    column: Column
    values: Array
    notes: list[str]


def schema_to_dict(schema: Schema) -> dict[str, Any]:
    """Return a schema as plain data, for schema.json."""
    return asdict(schema)


def schema_from_dict(document: Mapping[str, Any]) -> Schema:
    """Make a schema from plain data."""
    return Schema(
        columns=tuple(Column(**column) for column in document["columns"]),
        inputs=tuple(document["inputs"]),
        targets=tuple(document["targets"]),
        tasks=dict(document["tasks"]),
        positive=dict(document["positive"]),
    )


def unknown_column(name: str, columns: Iterable[str]) -> str:
    """Say that there is no such column, suggest the nearest, list the first twenty."""
    known = list(columns)
    names = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    return f"No column called {name!r}.{did_you_mean(name, known)} Columns: {names}."


def check_kinds(kinds: Mapping[str, str], names: Iterable[str]) -> None:
    """Refuse overrides that name an unknown column or an unknown kind."""
    names = list(names)
    for name, kind in kinds.items():
        if name not in names:
            raise RequestError(unknown_column(name, names))
        if kind.partition(":")[0] not in get_args(Kind):
            raise RequestError(
                f"No kind called {kind!r} (column {name!r}).{did_you_mean(kind, get_args(Kind))} "
                f"Kinds: {', '.join(CELL_KINDS)}."
            )


def is_missing(values: Array) -> Array:
    """Return (N,) True where a column of single values has none."""
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def choose_inputs(
    columns: Sequence[Column], target: str, wanted: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the columns that models will see: those asked for, as far as a model can use them."""
    asked = [c for c in columns if c.name != target and (wanted is None or c.name in wanted)]
    usable = tuple(column.name for column in asked if column.kind in INPUT_KINDS)
    if not usable:
        why = "; ".join(f"{column.name} is {column.kind} ({column.reason})" for column in asked[:5])
        raise DataError(
            f"No column can be used to predict {target!r}: {why or 'there is no other column'}. "
            "Give a kind, as in columns={'name': 'category'}."
        )
    return usable


def left_out(columns: Sequence[Column], target: str, inputs: Sequence[str]) -> list[str]:
    """Say which columns no model will see, and why."""
    out = [column for column in columns if column.name != target and column.name not in inputs]
    unusable = [column for column in out if column.kind not in INPUT_KINDS]
    unasked = [column.name for column in out if column.kind in INPUT_KINDS]
    notes = [f"{c.name} is left out: {c.kind}, {c.reason}." for c in unusable]
    return notes + ([f"Not among the inputs: {', '.join(unasked)}."] if unasked else [])


def amount(number: float) -> str:
    """Write a number for a reader: 20,640 but 2018; four digits where there are fractions."""
    if abs(number) < 1000 and number != round(number):
        return f"{number:.4g}"
    return f"{number:,.0f}" if 10_000 <= abs(number) < 1e15 else f"{number:.4g}"
