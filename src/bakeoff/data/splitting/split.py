"""Split: which rows are learned from, which stop training, and which judge. Each row once.

    random:70/15/15       by chance; classes keep their shares
    70/15/15              the same
    time[:COLUMN]         the oldest rows train, the newest judge; rows of one time stay together;
                          of windows of time series also time:2017-07-01/2017-11-01 (window_parts)
    group:COLUMN          rows of one group stay together
    column:COLUMN         the column says train, validation or test; COLUMN alone does, too
    None                  the parts of separate files; else by a column called split, usage, set or
                          subset that says the parts, else by the column whose kind is group, if
                          there is one; else random:70/15/15

Percentages may follow each but `column`, as in `time:date:60/20/20`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from bakeoff.data.array import Array, frozen, is_missing
from bakeoff.data.columns.column import PER_STEP
from bakeoff.data.columns.read_labels import rarest_labels
from bakeoff.data.columns.step_target import classes_of_steps
from bakeoff.data.columns.target import rare_classes
from bakeoff.data.dataset import Dataset
from bakeoff.data.reading.placed import part_of
from bakeoff.data.splitting.stratify import stratify
from bakeoff.data.splitting.window_parts import (
    Parts,
    by_files,
    check_column,
    cut_windows,
    cuts_of_shares,
    moments_of,
    series_values,
)
from bakeoff.errors import DataError, RequestError, option, unknown

PARTS = ("train", "validation", "test")
SAYING = ("split", "usage", "subset", "partition", "part", "set")  # columns that say parts
Method = Literal["random", "time", "group", "column", "files"]
ASKED = tuple(method for method in get_args(Method) if method != "files")
SHARES = (0.70, 0.15, 0.15)
UNSTRATIFIED = ("regression", "text", "series", *PER_STEP)  # what a row has is no one class
CARVED = 0.15  # of the training rows, where the data bring no validation part


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Split:
    """Positions in a dataset for training, validation and test.

    Args:
        train: Sorted int64 positions, from 0.
        validation: The same.
        test: The same.
        method: What decided: chance, time, groups, a column, or separate files.
        how: How they were drawn, as a sentence for the user.
        seed: The seed of what was drawn by chance.
        by: Columns that made the split and so are no inputs (group, column).
    """

    train: Array
    validation: Array
    test: Array
    method: Method
    how: str
    seed: int = 0
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort; refuse empty parts and rows that stand in two parts or twice in one."""
        for part in PARTS:
            positions = in_order(np.asarray(getattr(self, part), dtype=np.int64))
            object.__setattr__(self, part, positions)
            if len(positions) == 0:
                raise DataError(f"The {part} part is empty ({self.how}). Split in another way.")
        again = repeated(self.parts)
        if len(again):
            raise DataError(
                f"Position {again[0]:,} (from 0) stands in more than one part, or "
                "twice in one. Each row may be used once."
            )

    def __repr__(self) -> str:
        """Say in one line how many rows each part has, and why."""
        sizes = ", ".join(f"{len(p):,} {name}" for name, p in zip(PARTS, self.parts, strict=True))
        return f"<Split {sizes}: {self.how}>"

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """Train, validation and test positions, in this order."""
        return self.train, self.validation, self.test


def in_order(positions: Array) -> Array:
    """Return positions sorted, read-only; without a copy where they are in order."""
    rising = bool((positions[1:] >= positions[:-1]).all())
    return frozen(positions if rising else np.sort(positions))


def repeated(parts: Sequence[Array]) -> Array:
    """Return the positions that stand in several parts, or twice in one; each part is in order."""
    ordered = sorted(parts, key=lambda positions: int(positions[0]))
    rising = all((part[1:] > part[:-1]).all() for part in ordered)
    if rising and all(a[-1] < b[0] for a, b in pairwise(ordered)):
        return np.empty(0, np.int64)  # one part behind the other, as by time
    positions = np.sort(np.concatenate(ordered))
    return np.asarray(positions[1:][positions[1:] == positions[:-1]])


def make_split(dataset: Dataset, how: str | None = None, seed: int = 0) -> Split:
    """Split the rows of a dataset.

    Args:
        dataset: The rows to split.
        how: See the head of this file.
        seed: For everything that is drawn by chance.

    Raises:
        RequestError: `how` cannot be understood, or the data already come in parts.
        DataError: A part would be empty, or a row cannot be placed.

    Example:
        >>> from bakeoff.data.read import read
        >>> make_split(read("iris"))
        <Split 105 train, 22 validation, 23 test: random, stratified, seed 0>
    """
    if dataset.schema.series is not None:
        return windows_split(dataset, how, seed)
    if dataset.parts is not None:
        if how:
            raise RequestError(
                "The data already come in parts (separate files), so "
                f"{option('split', how)} cannot be used."
            )
        return by_words(dataset, dataset.parts, seed)
    how = how or default_how(dataset)
    if how in dataset.arrays and how not in ASKED and len(saying_parts(dataset, [how])):
        how = f"column:{how}"
    method, column, shares = understand(how)
    if method == "random":
        return by_chance(dataset, shares, seed)
    name = column or only_time_column(dataset)
    if name not in dataset.arrays or name == dataset.target:
        known = [known for known in dataset.arrays if known != dataset.target]
        raise RequestError(unknown("column", name, known, where=option("split", how)))
    values = dataset.arrays[name]
    if values.ndim > 1:
        raise RequestError(f"{option('split', how)}: {name!r} holds more than one value per row.")
    refuse_missing(dataset, values, name, how)
    if method == "time":
        return by_time(values, name, shares, seed)
    if method == "group":
        return by_group(values, name, shares, seed)
    return by_words(dataset, values, seed, column=name)


def windows_split(dataset: Dataset, how: str | None, seed: int) -> Split:
    """Split windows of time series: by time, by series, or by their files; see `window_parts`."""
    if dataset.parts is not None and not how:
        parts = by_files(dataset, dataset.parts, check_column(dataset, "", ""))
        return split_of(parts, "files", seed)
    if dataset.parts is not None:
        raise RequestError(
            "The data already come in parts (separate files), so "
            f"{option('split', str(how))} cannot be used."
        )
    how = how or "time"
    method, _, rest = how.partition(":")
    if method == "group":
        column, _, last = rest.rpartition(":")
        column, shares = (column, percentages(last)) if "/" in last else (rest, SHARES)
        groups = series_values(dataset, column, how)
        return replace(by_group(groups, column, shares, seed), by=())
    if method != "time":
        raise RequestError(
            f"{option('split', how)}: windows that overlap cannot be drawn by chance. Say time, "
            "time:70/15/15, time:2017-07-01/2017-11-01 or group:COLUMN of the series."
        )
    column, _, last = rest.rpartition(":")
    if "/" not in last:
        column, last = rest, ""
    name = check_column(dataset, column, how)
    dated = any(sign in last for sign in "-T")  # or numbers that are no percentages
    cuts = moments_of(last, dataset) if last and (dated or last.count("/") == 1) else None
    cuts = cuts or cuts_of_shares(dataset, percentages(last) if last else SHARES)
    parts = cut_windows(dataset, cuts, name)
    return split_of(parts, "time", seed)


def split_of(parts: Parts, method: Method, seed: int) -> Split:
    """Make a split of the parts of windows."""
    train, validation, test = (parts.positions[part] for part in PARTS)
    return Split(
        train=train, validation=validation, test=test, method=method, how=parts.how, seed=seed
    )


def default_how(dataset: Dataset) -> str:
    """Return the split to use when the user named none."""
    if dataset.schema.series is not None:
        return "time"
    if dataset.parts is None and len(said := saying_parts(dataset, default_columns(dataset))) == 1:
        return f"column:{said[0]}"
    groups = [column.name for column in dataset.schema.columns if column.kind == "group"]
    return f"group:{groups[0]}" if len(groups) == 1 else "random:70/15/15"


def default_columns(dataset: Dataset) -> list[str]:
    """Return the columns that are called as if they said the part of each row."""
    names = [column.name for column in dataset.schema.columns if column.name != dataset.target]
    ends = {name: name.lower().replace("-", "_").replace(" ", "_").split("_")[-1] for name in names}
    return [name for name in names if ends[name] in SAYING]


def saying_parts(dataset: Dataset, names: Sequence[str]) -> list[str]:
    """Return the columns of which every cell names a part, training and test among them."""
    found = []
    for name in names:
        values = dataset.arrays.get(name)
        if values is None or values.ndim != 1 or values.dtype != object:
            continue
        said = {part_of(str(word).strip()) for word in set(values.tolist())}
        if "" not in said and {"train", "test"} <= said:
            found.append(name)
    return found


def understand(how: str) -> tuple[str, str, tuple[float, ...]]:
    """Take apart what was asked for: method, column ("" if none), shares of the three parts."""
    method, _, rest = how.partition(":")
    if "/" in method and not rest:
        method, rest = "random", method
    if method not in ASKED:
        raise RequestError(
            f"{unknown('split', method, ASKED)} "
            "Say random:70/15/15, time:COLUMN, group:COLUMN or column:COLUMN."
        )
    column, _, last = rest.rpartition(":")
    if "/" not in last or method == "column":
        column, last = rest, ""
    if method == "random" and column:
        raise RequestError(f"{option('split', how)}: say percentages, as in random:70/15/15.")
    if method in ("group", "column") and not column:
        raise RequestError(f"{option('split', how)}: say which column, as in {method}:COLUMN.")
    return method, column, percentages(last) if last else SHARES


def percentages(text: str) -> tuple[float, ...]:
    """Read "70/15/15"."""
    try:
        numbers = [float(number) for number in text.split("/")]
    except ValueError:
        numbers = []
    parts = all(0 < number < 100 for number in numbers)  # nan is neither
    if len(numbers) != 3 or not parts or abs(sum(numbers) - 100) > 1e-6:
        raise RequestError(
            f"{text!r} does not say how many percent train, validate and test. "
            "Give three numbers above 0 that add up to 100, as in 70/15/15."
        )
    return tuple(number / 100 for number in numbers)


def only_time_column(dataset: Dataset) -> str:
    """Return the one column of dates, or say which to choose from."""
    names = [column.name for column in dataset.schema.columns if column.kind == "time"]
    if len(names) != 1:
        found = f"these are dates: {', '.join(names)}" if names else "no column was read as dates"
        given = option("split", "time")
        raise RequestError(f"{given} needs a column: {found}. Say time:COLUMN.")
    return names[0]


def refuse_missing(dataset: Dataset, values: Array, name: str, how: str) -> None:
    """A row without a value in the column cannot be placed."""
    missing = np.flatnonzero(is_missing(values))
    if len(missing):
        raise DataError(
            f"{option('split', how)}: {len(missing):,} rows have no {name} (first: "
            f"{dataset.place(missing[0])}). Fill them or remove these rows."
        )


def by_chance(dataset: Dataset, shares: tuple[float, ...], seed: int) -> Split:
    """Draw the parts by chance, class by class."""
    kept = never_tested(dataset)
    positions = np.flatnonzero(~kept)
    strata = strata_of(dataset, positions)
    train, validation, test = stratify(positions, strata, shares, np.random.default_rng(seed))
    train = np.concatenate([train, np.flatnonzero(kept)])
    task = dataset.schema.tasks[dataset.target]
    unstratified = dict.fromkeys(UNSTRATIFIED, "")
    by_labels = {"multilabel": ", stratified by the rarest label of a row"}
    stratified = (unstratified | by_labels).get(task, ", stratified")
    how = f"random{stratified}, seed {seed}"
    return Split(train=train, validation=validation, test=test, method="random", how=how, seed=seed)


def never_tested(dataset: Dataset) -> Array:
    """Return (N,) True where a row is of a class with too few rows for three parts."""
    kept = np.zeros(len(dataset), bool)
    for own in dataset.by_target:
        if own.schema.tasks[own.target] in ("binary", "multiclass"):
            values = own.arrays[own.target]
            kept |= np.isin(values.astype(str), list(rare_classes(values)))
    return kept


def strata_of(dataset: Dataset, positions: Array) -> Array:
    """Return the class of each row as a number, of several labels the rarest; 0 for numbers."""
    if dataset.schema.tasks[dataset.target] in UNSTRATIFIED:
        return np.zeros(len(positions), dtype=np.int64)
    if dataset.schema.tasks[dataset.target] == "multilabel":
        return rarest_labels(dataset.arrays[dataset.target][positions])
    names = dataset.arrays[dataset.target][positions].astype(str)
    return np.unique(names, return_inverse=True)[1]


def by_time(values: Array, name: str, shares: tuple[float, ...], seed: int) -> Split:
    """Cut the rows, sorted by time, in three; rows of one time go to the earlier part together."""
    if values.dtype == object:
        raise RequestError(f"{name!r} holds words. A time split needs dates or numbers.")
    ordered = np.sort(values)
    last_train = ordered[min(round(shares[0] * len(values)), len(values)) - 1]
    last_validation = ordered[min(round((shares[0] + shares[1]) * len(values)), len(values)) - 1]
    train = values <= last_train
    test = values > last_validation
    how = (
        f"by time: {name} up to {moment(last_train)} trains, after {moment(last_validation)} tests"
    )
    return Split(
        train=np.flatnonzero(train),
        validation=np.flatnonzero(~train & ~test),
        test=np.flatnonzero(test),
        method="time",
        how=how,
        seed=seed,
    )


def moment(value: Any) -> str:
    """Write a date without an empty clock, or a number."""
    return str(value).replace("T", " ").removesuffix(".000000").removesuffix(" 00:00:00")


def by_group(values: Array, name: str, shares: tuple[float, ...], seed: int) -> Split:
    """Give whole groups, in random order, to the part that lacks most of its share."""
    groups, member, sizes = np.unique(
        values.astype(str) if values.dtype == object else values,
        return_inverse=True,
        return_counts=True,
    )
    if len(groups) < 3:
        raise DataError(
            f"Column {name!r} has {len(groups)} groups; train, validation and test need one each."
        )
    order = np.random.default_rng(seed).permutation(len(groups))
    order = order[np.argsort(-sizes[order], kind="stable")]  # large groups first: they fit least
    due = np.array(shares) * len(values)
    part_of = np.zeros(len(groups), dtype=np.int64)
    given = np.zeros(3)
    for i, group in enumerate(order):
        empty = np.flatnonzero(given == 0)
        must = len(order) - i <= len(empty)
        part = empty[0] if must else int(np.argmax((due - given) / due))
        part_of[group] = part
        given[part] += sizes[group]
    parts = {part: np.flatnonzero(part_of[member] == i) for i, part in enumerate(PARTS)}
    each = "/".join(str(int((part_of == i).sum())) for i in range(3))
    how = f"by {name}: {each} of {len(groups):,} groups, each in one part, seed {seed}"
    return Split(**parts, method="group", how=how, seed=seed, by=(name,))


def by_words(dataset: Dataset, words: Array, seed: int, *, column: str = "") -> Split:
    """Follow the words train, validation and test; carve a missing validation part from train.

    Args:
        dataset: The rows to split.
        words: (N,) one for each row.
        seed: Draws the validation part, where there is none.
        column: The column that says them; "" where separate files do.
    """
    parts = np.array([part_of(str(word).strip()) for word in words])
    strange = np.flatnonzero(parts == "")
    if len(strange):
        raise DataError(
            f"Column {column!r} says {str(words[strange[0]])!r} at {dataset.place(strange[0])}; "
            "it may say train, validation or test."
        )
    positions = {part: np.flatnonzero(parts == part) for part in PARTS}
    how = f"by column {column!r}" if column else "as given"
    train, validation, test = (len(positions[part]) for part in PARTS)
    if train and test and not validation:
        positions["train"], positions["validation"] = stratify(
            positions["train"],
            strata_of(dataset, positions["train"]),
            (1 - CARVED, CARVED),
            np.random.default_rng(seed),
        )
        how += f"; 15 % of the training rows drawn for validation, seed {seed}"
    method: Method = "column" if column else "files"
    return Split(**positions, method=method, how=how, seed=seed, by=(column,) if column else ())


def counts(dataset: Dataset, split: Split) -> dict[str, dict[str, Any]]:
    """Count rows and, for classes or labels, rows of each in each part.

    Returns:
        Part -> {"rows": n, "classes": {class: n}}; no class for regression.
    """
    result: dict[str, dict[str, Any]] = {}
    for part, positions in zip(PARTS, split.parts, strict=True):
        result[part] = {"rows": len(positions), "classes": {}}
        if labels := dataset.schema.label_names:
            having = (dataset.arrays[dataset.target][positions] > 0.5).sum(axis=0).tolist()
            result[part]["classes"] = dict(zip(labels, having, strict=True))
        elif dataset.schema.tasks[dataset.target] == "step_classes":
            names = classes_of_steps(dataset.arrays[dataset.target][positions], dataset.schema)
            result[part]["classes"] = dict(sorted(Counter(names).items()))
        elif dataset.schema.tasks[dataset.target] not in (*UNSTRATIFIED, "forecast"):
            tally = Counter(dataset.arrays[dataset.target][positions].tolist())
            del tally[None]  # rows that have other targets; a Counter lets go of what it lacks
            result[part]["classes"] = {name: tally[name] for name in sorted(tally)}
    return result


def before_each(split: Split) -> Iterator[tuple[str, Array, dict[str, Array]]]:
    """Yield each part that something is decided by, its rows, and the parts that come before it."""
    yield "validation", split.validation, {"train": split.train}
    yield "test", split.test, {"train": split.train, "validation": split.validation}
