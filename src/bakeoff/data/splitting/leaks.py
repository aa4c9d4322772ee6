"""Leaks: what would make a test score better than the truth.

Three checks: rows that stand in training and, with the same inputs, in another part; columns that
alone give the target away; rows in order of time that chance has mixed. Targets are read on the
training rows only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bakeoff.data.array import Array, is_missing, within
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.split import Split

SURE = 0.99  # a column that removes this share of the errors gives the target away
FEWEST = 20  # training rows below which a perfect column may be chance
SCREENED = 2_000  # rows of the first look at a column; most columns need no second


def find_leaks(dataset: Dataset, split: Split) -> tuple[Finding, ...]:
    """Look for duplicates across the parts and for columns that give the target away."""
    inputs = [name for name in dataset.schema.inputs if name not in split.by]
    return (
        *duplicates(dataset, split, inputs),
        *give_aways(dataset, split, inputs),
        *mixed_times(dataset, split),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that a reader of the scores must know.

    Args:
        kind: "duplicates", "gives_away" or "mixed_times".
        message: One sentence.
        column: The column, of the last two.
        part: Whose rows repeat training rows: "validation" or "test".
        count: Rows concerned.
        rows: Up to ten of them, counted from 1 in the user's file of this part.
    """

    kind: Literal["duplicates", "gives_away", "mixed_times"]
    message: str
    column: str = ""
    part: str = ""
    count: int = 0
    rows: tuple[int, ...] = ()


def sentence(findings: tuple[Finding, ...]) -> str:
    """Say in one line what was found, for the terminal."""
    if findings:
        return "; ".join(finding.message for finding in findings)
    return "no duplicates across the split, no column that gives the target away"


def duplicates(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Finding]:
    """Find validation and test rows whose inputs stand in a training row, too."""
    keys = row_keys(dataset, inputs)
    for part, positions in (("validation", split.validation), ("test", split.test)):
        twins = positions[np.isin(keys[positions], keys[split.train])]
        if len(twins):
            yield Finding(
                kind="duplicates",
                message=f"{len(twins):,} of {len(positions):,} {part} rows "
                f"{'repeat' if len(twins) > 1 else 'repeats'} the inputs of a training row",
                part=part,
                count=len(twins),
                rows=tuple(dataset.rows[twins[:10]].tolist()),
            )


def row_keys(dataset: Dataset, inputs: list[str]) -> Array:
    """Return one value per row that is equal where all inputs are equal."""
    names = [name for i in inputs for name in (i, f"{i}.lengths") if name in dataset.arrays]
    columns = {name: numbered(dataset.arrays[name]) for name in names}
    keys = []
    for start in range(0, len(dataset), 10_000):
        chunk = {name: values[start : start + 10_000] for name, values in columns.items()}
        parts = [row_bytes(values, chunk.get(f"{name}.lengths")) for name, values in chunk.items()]
        flat = np.concatenate(parts, axis=1)
        keys += [hashlib.blake2b(row, digest_size=8).digest() for row in flat]
    return np.frombuffer(b"".join(keys), dtype=np.uint64)


def numbered(values: Array) -> Array:
    """Return strings as codes, equal where the strings are; numbers and dates as they are."""
    if values.dtype != object:
        return values
    codes: dict[str | None, int] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values], dtype=np.int64)


def row_bytes(values: Array, lengths: Array | None) -> Array:
    """Return bytes that are equal where the values are: (n, ...), lengths (n,) -> (n, bytes).

    What stands in the padding of a sequence does not count, nor does the sign of a zero.
    """
    if lengths is not None:
        values = np.where(within(values, lengths)[..., None], values, 0)
    if values.dtype.kind == "f":
        values = values + 0.0  # -0.0 becomes 0.0
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def give_aways(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Finding]:
    """Find columns from which alone the target of the training rows follows."""
    target = dataset.arrays[dataset.target][split.train]
    classes = dataset.schema.tasks[dataset.target] != "regression"
    if len(target) < FEWEST:
        return
    codes = np.unique(target.astype(str), return_inverse=True)[1] if classes else target
    for name, values in single_columns(dataset, inputs):
        if tells(values[split.train], codes, classes):
            yield Finding(
                kind="gives_away",
                message=f"{name} alone gives {dataset.target} away: would it be known beforehand?",
                column=name,
                count=len(target),
            )


def single_columns(dataset: Dataset, inputs: list[str]) -> Iterator[tuple[str, Array]]:
    """Yield every column of single values, those of a number block one by one."""
    for name in inputs:
        values = dataset.arrays[name]
        if values.ndim == 1:
            yield name, values
        elif dataset.schema.column(name).kind == "number":
            for i in range(values.shape[1]):
                yield f"{name}[{i}]", values[:, i]


def tells(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether the target follows from one column, on a few rows first, then on all."""
    filled = ~is_missing(values)
    if filled.mean() < 0.5 or filled.sum() < FEWEST:
        return False
    values, target = values[filled], target[filled]
    few = slice(None, None, max(1, len(values) // SCREENED))
    return all(
        follows_by_value(v, t, classes) or follows_by_order(v, t, classes)
        for v, t in ((values[few], target[few]), (values, target))
    )


def follows_by_value(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether equal values go with equal targets, among values seen at least twice."""
    _, group, sizes = np.unique(
        values.astype(str) if values.dtype == object else values,
        return_inverse=True,
        return_counts=True,
    )
    repeated = sizes[group] > 1
    if repeated.mean() < 0.5:
        return False
    group, target = group[repeated], target[repeated]
    if not classes:
        size = np.bincount(group)
        mean = np.bincount(group, target) / np.maximum(size, 1)
        left = float(((target - mean[group]) ** 2).sum())
        return left <= (1 - SURE) ** 2 * float(((target - target.mean()) ** 2).sum())
    pairs = np.unique(np.stack([group, target]), axis=1, return_counts=True)
    best = np.zeros(group.max() + 1)
    np.maximum.at(best, pairs[0][0], pairs[1])
    errors, floor = len(target) - best.sum(), len(target) - np.bincount(target).max()
    return bool(errors <= (1 - SURE) * floor)


def follows_by_order(values: Array, target: Array, classes: bool) -> bool:
    """Tell whether sorting by the column sorts the target: numbers and dates only."""
    if values.dtype == object:
        return False
    numbers = values.astype(np.float64)
    if not classes:
        if numbers.std() == 0 or target.std() == 0:
            return False
        return bool(abs(np.corrcoef(numbers, target)[0, 1]) >= 1 - (1 - SURE) ** 2)
    order = np.lexsort((target, numbers))
    changes = int((np.diff(target[order]) != 0).sum())
    return changes == len(np.unique(target)) - 1 and bool(changes)


def mixed_times(dataset: Dataset, split: Split) -> Iterator[Finding]:
    """Find a column of dates that sorts the file, where the parts were not cut by time."""
    if split.method != "random":
        return
    for column in dataset.schema.columns:
        values = dataset.arrays[column.name]
        if column.kind == "time" and bool((values[1:] >= values[:-1]).all()):
            yield Finding(
                kind="mixed_times",
                message=f"the rows stand in order of {column.name}, and a random split lets models "
                f"learn from the future; split by time:{column.name}",
                column=column.name,
                count=len(dataset),
            )
