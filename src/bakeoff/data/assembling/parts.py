"""Parts: further rows are read as the training rows were, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import Column, Reading
from bakeoff.data.columns.read_column import read_column, read_like
from bakeoff.data.columns.target import Target, check_numbers, read_target
from bakeoff.data.origin import Place
from bakeoff.data.reading.arrays import Arrays
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, option

if TYPE_CHECKING:
    import polars as pl

COMPARED = 1_000  # rows at a time
Given = TypeVar("Given", Table, Arrays)


def column_in_parts(
    pieces: Sequence[pl.Series], *, kind: str, declared: bool, mark: str, place: Place
) -> Reading:
    """Read a column of the training rows, the first piece, and then those of all others like it."""
    first = read_column(pieces[0], kind=kind, declared=declared, mark=mark, place=place)
    readings = [first, *others_like(pieces, first.column, place)]
    missing = sum(reading.column.missing for reading in readings)
    if len(readings) == 1:
        return first  # no copy
    return Reading(
        replace(first.column, missing=missing),
        np.concatenate([reading.values for reading in readings]),
        tuple(note for reading in readings for note in reading.notes),
    )


def target_in_parts(
    pieces: Sequence[pl.Series],
    *,
    kind: str,
    declared: bool = False,
    typed: bool = True,
    mark: str = ".",
    positive: str | None,
    place: Place,
) -> Target:
    """Decide what the target is from the training rows, the first piece, and read all like them.

    A class that only other rows have stays a class of its own; a number that is none is refused.
    """
    target = read_target(
        pieces[0],
        kind=kind,
        declared=declared,
        typed=typed,
        mark=mark,
        positive=positive,
        place=place,
    )
    others = others_like(pieces, target.column, place, target=True)
    start = len(pieces[0])
    for piece, reading in zip(pieces[1:], others, strict=True):
        if target.task == "regression":
            check_numbers(piece, reading, behind(place, start))
        start += len(piece)
    if not others:
        return target
    return target._replace(
        values=np.concatenate([target.values, *(reading.values for reading in others)]),
        notes=target.notes + tuple(note for reading in others for note in reading.notes),
    )


def others_like(
    pieces: Sequence[pl.Series], column: Column, place: Place, *, target: bool = False
) -> list[Reading]:
    """Read all pieces of a column but the first as that was read; `place` counts from the first."""
    readings, start = [], len(pieces[0])
    for piece in pieces[1:]:
        readings.append(read_like(piece, column, place=behind(place, start), target=target))
        start += len(piece)
    return readings


def halves(series: pl.Series, size: int) -> list[pl.Series]:
    """Cut a column behind the training rows; one piece where there are no others."""
    return [series[:size], series[size:]] if size < len(series) else [series]


def behind(place: Place, start: int) -> Place:
    """Write positions that are counted from `start`."""
    return lambda position: place(start + position)


def refuse_equal_parts(parts: Mapping[str, Given], same: Callable[[Given, Given], bool]) -> None:
    """Refuse data that are given twice: under one name or two, or as one object.

    Args:
        parts: "train", "validation", "test" -> what was read.
        same: Tells whether two of them hold the same rows.
    """
    for one, other in combinations(parts, 2):
        if same(parts[one], parts[other]):
            first, second = parts[one].source, parts[other].source
            named = first if first == second else f"{first} and {second}"
            raise DataError(
                f"The {one} data and the {other} data hold the same rows ({named}), so a score on "
                f"them says nothing of new data. Give other {other} data, or leave "
                f"{option(other)} out to split the rows."
            )


def same_arrays(one: Arrays, other: Arrays) -> bool:
    """Tell whether two pairs of arrays hold the same rows, some of them at a time."""
    pairs = [(one.x, other.x), (np.asarray(one.y), np.asarray(other.y))]
    return all(same_array(a, b) for a, b in pairs)


def same_array(one: Array, other: Array) -> bool:
    """Tell whether two arrays are equal; both may be larger than memory."""
    if one.shape != other.shape:
        return False
    return all(
        np.array_equal(
            one[start : start + COMPARED],
            other[start : start + COMPARED],
            equal_nan=one.dtype.kind == "f",
        )
        for start in range(0, len(one), COMPARED)
    )
