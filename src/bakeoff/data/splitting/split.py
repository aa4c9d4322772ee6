"""Splits: which rows are learned from, which stop training, and which judge. Each row once.

    random:70/15/15       by chance; classes keep their shares
    time[:COLUMN]         the oldest rows train, the newest judge; rows of one time stay together
    group:COLUMN          rows of one group stay together
    column:COLUMN         the column says train, validation or test
    None                  the parts of separate files; else by the column whose kind is group, if
                          there is one; else random:70/15/15

Percentages may follow each but `column`, as in `time:date:60/20/20`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.columns.column import is_missing, unknown_column
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.stratify import draw
from bakeoff.errors import DataError, RequestError, did_you_mean

PARTS = ("train", "validation", "test")
WORDS = {**{part: part for part in PARTS}, "training": "train", "val": "validation",
         "valid": "validation", "dev": "validation", "testing": "test"}  # fmt: skip
METHODS = ("random", "time", "group", "column")
SHARES = (0.70, 0.15, 0.15)
CARVED = 0.15  # of the training rows, where the data bring no validation part


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Row numbers of a dataset for training, validation and test.

    Args:
        train: Sorted int64 row numbers, from 0.
        validation: The same.
        test: The same.
        how: How they were drawn, as a sentence for the user.
        seed: The seed of what was drawn by chance.
        by: Columns that made the split and so are no inputs (group, column).
    """

    train: Array
    validation: Array
    test: Array
    how: str
    seed: int = 0
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort; refuse empty parts and rows that stand in two parts or twice in one."""
        for part in PARTS:
            rows = np.sort(np.asarray(getattr(self, part), dtype=np.int64))
            rows.flags.writeable = False
            object.__setattr__(self, part, rows)
            if len(rows) == 0:
                raise DataError(f"The {part} part is empty ({self.how}). Split in another way.")
        rows, counts = np.unique(np.concatenate(self.parts), return_counts=True)
        if (counts > 1).any():
            raise DataError(
                f"Row {rows[counts > 1][0] + 1:,} stands in more than one part, or twice in one. "
                "Each row may be used once."
            )

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """Train, validation and test rows, in this order."""
        return self.train, self.validation, self.test

    def save(self, path: Path | str) -> None:
        """Write split.parquet: row and part; how and seed stand in the file's metadata."""
        import json

        import polars as pl

        names = np.repeat(PARTS, [len(rows) for rows in self.parts])
        frame = pl.DataFrame({"row": np.concatenate(self.parts), "part": names.tolist()})
        about = json.dumps({"how": self.how, "seed": self.seed, "by": self.by})
        frame.sort("row").write_parquet(path, metadata={"bakeoff.split": about})


def load_split(path: Path | str) -> Split:
    """Read what `Split.save` wrote."""
    import json

    import polars as pl

    frame = pl.read_parquet(path)
    about = json.loads(pl.read_parquet_metadata(path)["bakeoff.split"])
    rows = {part: frame.filter(pl.col("part") == part)["row"].to_numpy() for part in PARTS}
    return Split(**rows, how=about["how"], seed=about["seed"], by=tuple(about["by"]))


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
        >>> [len(rows) for rows in make_split(read("iris")).parts]
        [105, 22, 23]
    """
    if dataset.parts is not None:
        if how:
            raise RequestError(
                f"The data already come in parts (separate files), so split={how!r} cannot be used."
            )
        return by_words(dataset, dataset.parts, "as given", seed)
    method, column, shares = understand(how or default_how(dataset))
    if method == "random":
        return by_chance(dataset, shares, seed)
    name = column or only_time_column(dataset)
    if name not in dataset.arrays or name == dataset.target:
        known = [known for known in dataset.arrays if known != dataset.target]
        raise RequestError(f"split={how!r}: {unknown_column(name, known)}")
    values = dataset.arrays[name]
    if values.ndim > 1:
        raise RequestError(f"split={how!r}: {name!r} holds more than one value per row.")
    refuse_missing(dataset, values, name, str(how))
    if method == "time":
        return by_time(values, name, shares, seed)
    if method == "group":
        return by_group(values, name, shares, seed)
    return by_words(dataset, values, f"by column {name!r}", seed, by=(name,))


def default_how(dataset: Dataset) -> str:
    """Return the split to use when the user named none."""
    groups = [column.name for column in dataset.schema.columns if column.kind == "group"]
    return f"group:{groups[0]}" if len(groups) == 1 else "random:70/15/15"


def understand(how: str) -> tuple[str, str, tuple[float, ...]]:
    """Take a wish apart: method, column ("" if none), shares of the three parts."""
    method, _, rest = how.partition(":")
    if method not in METHODS:
        raise RequestError(
            f"No split called {method!r}.{did_you_mean(method, METHODS)} "
            "Say random:70/15/15, time:COLUMN, group:COLUMN or column:COLUMN."
        )
    column, _, last = rest.rpartition(":")
    if "/" not in last or method == "column":
        column, last = rest, ""
    if method == "random" and column:
        raise RequestError(f"split={how!r}: say percentages, as in random:70/15/15.")
    if method in ("group", "column") and not column:
        raise RequestError(f"split={how!r}: say which column, as in {method}:COLUMN.")
    return method, column, percentages(last) if last else SHARES


def percentages(text: str) -> tuple[float, ...]:
    """Read "70/15/15"."""
    try:
        numbers = [float(number) for number in text.split("/")]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or min(numbers) <= 0 or abs(sum(numbers) - 100) > 1e-6:
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
        raise RequestError(f"split='time' needs a column: {found}. Say time:COLUMN.")
    return names[0]


def refuse_missing(dataset: Dataset, values: Array, name: str, how: str) -> None:
    """A row without a value in the column cannot be placed."""
    missing = np.flatnonzero(is_missing(values))
    if len(missing):
        raise DataError(
            f"split={how!r}: {len(missing):,} rows have no {name} (first: row "
            f"{dataset.rows[missing[0]]:,}). Fill them or remove these rows."
        )


def by_chance(dataset: Dataset, shares: tuple[float, ...], seed: int) -> Split:
    """Draw the parts by chance, class by class."""
    rows = np.arange(len(dataset))
    parts = draw(rows, strata_of(dataset, rows), shares, np.random.default_rng(seed))
    stratified = "" if dataset.schema.tasks[dataset.target] == "regression" else ", stratified"
    how = f"random{stratified}, seed {seed}"
    return Split(train=parts[0], validation=parts[1], test=parts[2], how=how, seed=seed)


def strata_of(dataset: Dataset, rows: Array) -> Array:
    """Return the class of each row as a number; all zero for regression."""
    if dataset.schema.tasks[dataset.target] == "regression":
        return np.zeros(len(rows), dtype=np.int64)
    texts = dataset.arrays[dataset.target][rows].astype(str)
    return np.unique(texts, return_inverse=True)[1]


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
    wanted = np.array(shares) * len(values)
    part_of = np.zeros(len(groups), dtype=np.int64)
    given = np.zeros(3)
    for i, group in enumerate(order):
        empty = np.flatnonzero(given == 0)
        must = len(order) - i <= len(empty)
        part = empty[0] if must else int(np.argmax((wanted - given) / wanted))
        part_of[group] = part
        given[part] += sizes[group]
    parts = {part: np.flatnonzero(part_of[member] == i) for i, part in enumerate(PARTS)}
    each = "/".join(str(int((part_of == i).sum())) for i in range(3))
    how = f"by {name}: {each} of {len(groups):,} groups, each in one part, seed {seed}"
    return Split(**parts, how=how, seed=seed, by=(name,))


def by_words(
    dataset: Dataset, words: Array, how: str, seed: int, *, by: tuple[str, ...] = ()
) -> Split:
    """Follow the words train, validation and test; carve a missing validation part from train."""
    texts = [str(word).strip().lower() for word in words]
    unknown = next((i for i, text in enumerate(texts) if text not in WORDS), None)
    if unknown is not None:
        raise DataError(
            f"Column {by[0] if by else 'part'!r} says {str(words[unknown])!r} at row "
            f"{dataset.rows[unknown]:,}; it may say train, validation or test."
        )
    parts = np.array([WORDS[text] for text in texts])
    rows = {part: np.flatnonzero(parts == part) for part in PARTS}
    present = Counter(parts.tolist())
    if present["train"] and present["test"] and not present["validation"]:
        rest, carved = draw(
            rows["train"],
            strata_of(dataset, rows["train"]),
            (1 - CARVED, CARVED),
            np.random.default_rng(seed),
        )
        rows.update(train=rest, validation=carved)
        how += f"; 15 % of the training rows drawn for validation, seed {seed}"
    return Split(**rows, how=how, seed=seed, by=by)


def counts(dataset: Dataset, split: Split) -> dict[str, dict[str, Any]]:
    """Count rows and, for classes, rows per class in each part.

    Returns:
        Part -> {"rows": n, "classes": {class: n}}; no class for regression.
    """
    result: dict[str, dict[str, Any]] = {}
    for part, rows in zip(PARTS, split.parts, strict=True):
        result[part] = {"rows": len(rows), "classes": {}}
        if dataset.schema.tasks[dataset.target] != "regression":
            tally = Counter(dataset.arrays[dataset.target][rows].tolist())
            result[part]["classes"] = {name: tally[name] for name in sorted(tally)}
    return result
