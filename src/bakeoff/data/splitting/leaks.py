"""Leaks: what would make a test score better than the truth.

The checks: rows that stand in two parts with the same inputs, and pictures and texts with nearly
the same; texts that name their class; columns that alone give the target
away, or foretell it though they only count the rows; rows in order of time, and groups of rows
nearly equal, that chance has mixed. Targets are read on the training rows only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, is_missing
from bakeoff.data.blocks import Sequences
from bakeoff.data.columns.column import PER_STEP
from bakeoff.data.columns.read_labels import label_texts
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.alone import (
    FEWEST,
    Foretold,
    foretell,
    is_position,
    standardised,
    tells_alone,
)
from bakeoff.data.splitting.groups import find_groups
from bakeoff.data.splitting.labels_in_texts import labels_in_texts
from bakeoff.data.splitting.leading_channels import leading_channels
from bakeoff.data.splitting.mixed_recordings import mixed_recordings
from bakeoff.data.splitting.near_pictures import frequencies, near_pictures
from bakeoff.data.splitting.near_texts import near_texts, text_prints
from bakeoff.data.splitting.row_keys import row_keys
from bakeoff.data.splitting.split import Split, before_each
from bakeoff.data.splitting.swapped import swapped_inputs
from bakeoff.listed import listed

MOST_COMPARED = 50  # inputs in which the rows of a group are compared
RECORDING = "recording"  # the column that reading makes of the names of pictures
FORETOLD = 0.3  # share of the errors that the order of the rows may remove and be chance
NAMED = 3  # columns that each give the target away, before they are told in one sentence


def find_leaks(dataset: Dataset, split: Split) -> tuple[Finding, ...]:
    """Look for whatever would make a test score better than the truth.

    Windows of a forecast overlap and repeat each other as they must, and the split keeps what they
    look ahead to in one part: of them only columns that tell the target of a later step are looked
    for.
    """
    if dataset.schema.tasks[dataset.target] == "forecast":
        return tuple(told_ahead(dataset, split))
    inputs = [name for name in dataset.schema.inputs if name not in split.by]
    keys = row_keys(dataset, inputs)
    return (
        *duplicates(dataset, split, keys),
        *near_copies(dataset, split, inputs, keys),
        *turned_round(dataset, split, inputs),
        *named_labels(dataset, split, inputs),
        *(
            finding
            for own in dataset.by_target
            for finding in give_aways(own, split, inputs, different(split.train, keys))
        ),
        *mixed_times(dataset, split),
        *mixed_groups(dataset, split, inputs),
        *recorded(dataset, split),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that a reader of the scores must know.

    Args:
        kind: "duplicates", "near_copies", "gives_away", "position", "mixed_times" or
            "mixed_groups".
        message: One sentence.
        column: The column, of all but duplicates and near copies.
        part: Whose rows repeat those of another part: "validation" or "test".
        repeats: Of which part: "train" or "validation".
        count: Rows concerned.
        rows: Up to ten of them, counted from 1 in the user's file of this part.
    """

    kind: Literal[
        "duplicates", "near_copies", "gives_away", "position", "mixed_times", "mixed_groups"
    ]
    message: str
    column: str = ""
    part: str = ""
    repeats: str = ""
    count: int = 0
    rows: tuple[int, ...] = ()


def sentence(findings: tuple[Finding, ...], *, forecast: bool = False) -> str:
    """Say in one line what was found, for the terminal."""
    if findings:
        return "; ".join(finding.message for finding in findings)
    if forecast:
        return "no column that knows the future, no window with steps ahead in two parts"
    return "no duplicates across the split, no column that gives the target away"


def told_ahead(dataset: Dataset, split: Split) -> Iterator[Finding]:
    """Find columns of time series that hold what the target will be."""
    for name, lead in leading_channels(dataset, split.train):
        when = f"of the next {lead} steps" if lead > 1 else "of the next step"
        step = when if lead else "of the same step, and is taken as known beforehand"
        yield Finding(
            kind="gives_away",
            message=f"{name} tells the {dataset.target} {step}: would it be known by then?",
            column=name,
            count=len(split.train),
        )


def duplicates(dataset: Dataset, split: Split, keys: Array) -> Iterator[Finding]:
    """Find rows whose inputs stand in an earlier part, too: train before validation before test.

    Args:
        dataset: The rows.
        split: Their parts.
        keys: (N,) equal where all inputs are.
    """
    for part, positions, earlier in before_each(split):
        rest = positions
        for other, others in earlier.items():
            again = np.isin(keys[rest], keys[others])
            twins, rest = rest[again], rest[~again]
            if len(twins):
                yield Finding(
                    kind="duplicates",
                    message=f"{len(twins):,} of {len(positions):,} {part} rows "
                    f"{'repeat' if len(twins) > 1 else 'repeats'} the inputs of a "
                    f"{'training' if other == 'train' else other} row",
                    part=part,
                    repeats=other,
                    count=len(twins),
                    rows=tuple(dataset.rows[twins[:10]].tolist()),
                )


def turned_round(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Finding]:
    """Find rows that repeat a row of an earlier part with two inputs swapped."""
    for pair in swapped_inputs(dataset, split, inputs):
        verb = "repeat" if len(pair.positions) > 1 else "repeats"
        yield Finding(
            kind="duplicates",
            message=f"{len(pair.positions):,} of {pair.total:,} {pair.part} rows {verb} a "
            f"{'training' if pair.repeats == 'train' else pair.repeats} row with "
            f"{cut(pair.names[0])} and {cut(pair.names[1])} swapped",
            part=pair.part,
            repeats=pair.repeats,
            count=len(pair.positions),
            rows=tuple(dataset.rows[pair.positions[:10]].tolist()),
        )


def near_copies(
    dataset: Dataset, split: Split, inputs: list[str], keys: Array
) -> Iterator[Finding]:
    """Find pictures and texts that stand in an earlier part, too, but for a little.

    Args:
        dataset: The rows.
        split: Their parts.
        inputs: The columns to look at.
        keys: (N,) equal where all inputs are: those are no near copies but duplicates.
    """
    for name in inputs:
        kind, values = dataset.schema.column(name).kind, dataset.arrays[name]
        if kind == "image":
            find = partial(near_pictures, values, frequencies(values))
        elif kind == "text":
            find = partial(near_texts, text_prints(values))
        else:
            continue
        for part, positions, earlier in before_each(split):
            rest = positions[~np.isin(keys[positions], keys[np.concatenate([*earlier.values()])])]
            for other, others in earlier.items():
                twins = find(rest, others)
                near = twins >= 0
                if near.any():
                    pair = int(rest[near][0]), int(twins[near][0])
                    what = "picture" if kind == "image" else "text"
                    yield say_near(dataset, part, other, rest[near], len(positions), pair, what)
                rest = rest[~near]


def say_near(
    dataset: Dataset,
    part: str,
    other: str,
    near: Array,
    number: int,
    pair: tuple[int, int],
    what: str,
) -> Finding:
    """Say how many pictures or texts of a part are nearly those of another, and name a pair."""
    are = "is nearly a" if len(near) == 1 else "are nearly"
    which = "training" if other == "train" else other
    those = what if len(near) == 1 else f"{what}s"
    first, second = (dataset.place(position) for position in pair)
    return Finding(
        kind="near_copies",
        message=f"{len(near):,} of {number:,} {part} {what}s {are} {which} {those} "
        f"(such as {first} and {second})",
        part=part,
        repeats=other,
        count=len(near),
        rows=tuple(dataset.rows[near[:10]].tolist()),
    )


def named_labels(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Finding]:
    """Find texts of training rows that name their class."""
    if dataset.schema.tasks[dataset.target] not in ("binary", "multiclass"):
        return
    for name in inputs:
        if dataset.schema.column(name).kind != "text":
            continue
        labels = dataset.arrays[dataset.target]
        known = split.train[~is_missing(labels[split.train])]
        found = labels_in_texts(dataset.arrays[name][known], labels[known])
        for label, share, elsewhere in found[:1]:
            more = f", as {len(found) - 1} further classes do" if len(found) > 1 else ""
            yield Finding(
                kind="gives_away",
                message=f"the word {cut(repr(label))} stands in {100 * share:.0f} % of the "
                f"{name} of its own {dataset.target} and in {100 * elsewhere:.1g} % of the "
                f"others{more}: does the label stand in its text?",
                column=name,
                count=len(split.train),
            )


def different(positions: Array, keys: Array) -> Array:
    """Return the first of all equal rows, or all rows where too few are different.

    What is equal in whole rows says nothing of a single column.
    """
    first = np.unique(keys[positions], return_index=True)[1]
    return positions[np.sort(first)] if len(first) >= FEWEST else positions


def give_aways(
    dataset: Dataset, split: Split, inputs: list[str], train: Array
) -> Iterator[Finding]:
    """Find columns from which alone the target of the training rows follows, or one of its labels.

    Args:
        dataset: The rows.
        split: What decided the parts: in a split by time, counting the rows is no leak.
        inputs: The columns to look at.
        train: Positions of training rows.
    """
    target = dataset.arrays[dataset.target]
    labels = dataset.schema.label_names
    if dataset.schema.tasks[dataset.target] in ("text", "series", *PER_STEP):
        return  # no single column tells a text, or all steps
    if not labels:
        if len(dataset) and not isinstance(target, Sequences):
            train = train[~is_missing(target[train])]
        yield from give_away(dataset, dataset.target, target, split, inputs, train)
        return
    for k, label in enumerate(labels):
        known = train[~np.isnan(target[train, k])]
        yield from give_away(dataset, label, target[:, k], split, inputs, known)


def give_away(
    dataset: Dataset, target_name: str, values: Array, split: Split, inputs: list[str], train: Array
) -> Iterator[Finding]:
    """Find columns from which alone one target of the training rows follows: (N,) values."""
    target = values[train]
    classes = dataset.schema.tasks[dataset.target] != "regression"
    if len(target) < FEWEST or len(np.unique(target.astype(str))) < 2:
        return
    codes = np.unique(target.astype(str), return_inverse=True)[1] if classes else target
    codes = codes if classes else standardised(target)
    telling: list[str] = []
    for name, values in single_columns(dataset, inputs):
        if split.method != "time" and is_position(values):
            foretold = foretell(values[train], codes, classes)
            if foretold.share >= FORETOLD:
                yield say_position(dataset, name, foretold, len(target))
                continue
        if tells_alone(values[train], codes, classes):
            telling.append(name)
    several = len(telling) > NAMED
    for name in telling[:1] if several else telling:
        shown = f"each of {listed(telling, most=NAMED)}" if several else name
        yield Finding(
            kind="gives_away",
            message=f"{shown} alone gives {target_name} away: would it be known beforehand?",
            column=name,
            count=len(target),
        )


def say_position(dataset: Dataset, name: str, foretold: Foretold, count: int) -> Finding:
    """Say that a column which only counts the rows predicts the target."""
    score, floor = (f"{value:.2f}" for value in (foretold.score, foretold.floor))
    classes = dataset.schema.tasks[dataset.target] != "regression"
    how_well = f"accuracy {score}, without it {floor}" if classes else f"R2 {score}"
    return Finding(
        kind="position",
        message=f"{name} looks like a position or an identifier (a different whole number in every "
        f"row), and alone it predicts {dataset.target} ({how_well} on training rows): give "
        f"it the kind ignored to leave it out",
        column=name,
        count=count,
    )


def single_columns(dataset: Dataset, inputs: list[str]) -> Iterator[tuple[str, Array]]:
    """Yield every column of single values but texts, those of a number block one by one."""
    for name in inputs:
        values = dataset.arrays[name]
        if dataset.schema.column(name).kind == "text":
            continue
        if values.ndim == 1:
            yield name, values
        elif dataset.schema.column(name).kind == "number":
            for i in range(values.shape[1]):
                yield f"{name}[{i}]", values[:, i]


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


def mixed_groups(dataset: Dataset, split: Split, inputs: list[str]) -> Iterator[Finding]:
    """Find a column whose rows of one value are nearly equal, where chance has parted them."""
    if split.method != "random":
        return
    arrays, target = dataset.arrays, dataset.target
    columns = [
        column
        for column in dataset.schema.columns
        if column.name not in dataset.schema.targets and arrays[column.name].ndim == 1
    ]
    inputs = [name for name in inputs if arrays[name].ndim == 1]
    train = {name: arrays[name][split.train] for name in {*inputs, *(c.name for c in columns)}}
    others = inputs[:MOST_COMPARED]
    if arrays[target].ndim == 1:
        others = [*others, target]
        train[target] = arrays[target][split.train]
    name = find_groups(columns, train, others)
    if not name:
        return
    known = set(train[name].tolist()) - {None}
    shared = sum(value in known for value in arrays[name][split.test].tolist())
    if shared:
        yield Finding(
            kind="mixed_groups",
            message=f"rows of one {name} are nearly equal, and {shared:,} of {len(split.test):,} "
            f"test rows share theirs with training rows: keep each in one part with "
            f"--split group:{name}",
            column=name,
            count=shared,
        )


def told_apart(dataset: Dataset) -> Array:
    """Return the target of each row as one value: of several labels a text."""
    values: Array = dataset.arrays[dataset.target]
    labels = dataset.schema.label_names
    return label_texts(values, labels) if labels else values


def recorded(dataset: Dataset, split: Split) -> Iterator[Finding]:
    """Find pictures of one recording, by their names, in training and in test."""
    if split.method not in ("random", "files") or RECORDING not in dataset.arrays:
        return
    images = [c.name for c in dataset.schema.columns if c.kind == "image"]
    if len(images) != 1 or dataset.origin.pictures is None:
        return
    mixed = mixed_recordings(
        dataset.arrays[images[0]],
        dataset.origin.pictures,
        dataset.arrays[RECORDING],
        told_apart(dataset),
        split.train,
        split.test,
    )
    if mixed is None:
        return
    count = len(mixed.positions)
    of_test = f"{count:,} of {len(split.test):,} test pictures"
    if mixed.alike:
        what = (
            f"neighbouring pictures of one {RECORDING} (the name before the number, such as "
            f"{cut(mixed.example)}) are nearly equal, and {of_test} have one in training"
        )
    else:
        what = (
            f"the names of the pictures say whose they are (such as {cut(mixed.example)}), and "
            f"{of_test} share that with training pictures"
        )
    random = split.method == "random"
    way = f"--split group:{RECORDING}" if random else "other folders"
    yield Finding(
        kind="mixed_groups",
        message=f"{what}: keep each in one part with {way}",
        column=RECORDING,
        part="test",
        repeats="train",
        count=count,
        rows=tuple(dataset.rows[mixed.positions[:10]].tolist()),
    )
