"""Choices: what the user chose about the columns, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from bakeoff.data.columns.read_labels import matching
from bakeoff.data.kinds import check_kinds
from bakeoff.data.reading import bundled
from bakeoff.data.reading.arrays import are_arrays
from bakeoff.data.reading.cells import plain_number
from bakeoff.data.reading.lacks_names import numbered
from bakeoff.data.reading.table import Table
from bakeoff.errors import DataError, RequestError, option, unknown

RESERVED = ("row", "truth", "prediction", "model", "framework", "seed", "file", "part")
SHOWN = 8  # columns without names of which all are shown with what stands in them
OURS = " (the first line of the file is a row like the others, so these names are ours)"


class Choices(NamedTuple):
    """What the user chose about the columns."""

    target: str | None
    inputs: Sequence[str] | None
    kinds: Mapping[str, str]
    positive: str | None
    sequence: str | None = None
    time: str | None = None
    series: str | None = None
    lookback: int = 0
    horizon: int = 0
    stride: int = 1
    future: tuple[str, ...] = ()
    further: tuple[str, ...] = ()  # targets behind the first
    unlabelled: bool = False  # pictures need no classes

    @property
    def windows(self) -> bool:
        """Whether models see windows of time series."""
        return bool(self.lookback or self.horizon)

    @classmethod
    def of(
        cls,
        target: object,
        inputs: Sequence[object] | None,
        kinds: Mapping[str, str] | None,
        positive: str | None,
    ) -> Choices:
        """Take it as it was given; whole numbers name columns of frames without names."""
        wanted = list(target) if isinstance(target, (list, tuple)) else [target]
        first, further = (wanted or [None])[0], wanted[1:]
        if isinstance(kinds, Mapping):
            kinds = {str(name): kind for name, kind in kinds.items()}
        return cls(
            as_name(first),
            inputs if inputs is None else [str(name) for name in inputs],
            {} if kinds is None else kinds,
            positive,
            further=tuple(str(name) for name in further),
        )


def as_name(name: object) -> str | None:
    """Return the name of a column; whole numbers name those of frames without names."""
    return name if name is None else str(name)


def check_names(table: Table, choices: Choices) -> None:
    """Refuse a target, inputs or kinds that name no column."""
    names, target = table.frame.columns, choices.target
    if len(names) == 1:
        raise DataError(
            f"{table.source} has one column only, {names[0]!r}, so there is nothing to predict "
            "from. Is it separated by something else than , ; tab or | ?"
        )
    if target is None:
        ours = names == numbered(len(names))
        shown = [f"{n} ({examples_of(table, n)})" if ours else n for n in names[:20]]
        if ours and len(names) > SHOWN:
            shown = [*shown[:2], f"… {names[-1]} ({examples_of(table, names[-1])})"]
        raise RequestError(
            f"Say which column to predict with {option('target')}: one of {', '.join(shown)}"
            f"{OURS if ours else ''}."
        )
    labels = matching(names, target)
    if target not in names and not labels:
        numeric = all(plain_number(name) is not None for name in names)
        hint = " The first line looks like data: is a line of column names missing?"
        said = unknown("column", target, names)
        raise RequestError(f"{said}{hint if numeric else ''}")
    check_further(names, choices)
    check_kinds(choices.kinds, names)
    for name in choices.inputs or ():
        if name not in names:
            raise RequestError(unknown("column", name, names, where=option("inputs")))
        if choices.horizon and name in (target, *choices.further):
            continue  # its own past is always read
        if name == target:
            raise RequestError(f"{name!r} is the target, so it cannot be an input as well.")
        if name in choices.further:
            raise RequestError(f"{name!r} is a target, so it cannot be an input as well.")
        if name in labels:
            raise RequestError(
                f"{name!r} is a column of the target {target!r}, so it cannot be an input as well."
            )


def examples_of(table: Table, name: str) -> str:
    """Return the first values of a column, for one whose name says nothing."""
    found = table.frame[name].drop_nulls().head(200).unique(maintain_order=True).to_list()
    texts = [" ".join(str(value).split()) for value in found[:2]]
    return ", ".join(text if len(text) <= 20 else f"{text[:19]}…" for text in texts)


def with_several(choices: Choices, names: Sequence[str]) -> Choices:
    """Return choices where "a,b" are two targets, and a glob that names one column is that column.

    A column may itself be called "a,b".
    """

    def single(pattern: str | None) -> str | None:
        found = matching(names, pattern)
        return found[0] if len(found) == 1 else pattern

    given = str(choices.target)
    if choices.target is None or not (choices.further or ("," in given and given not in names)):
        return choices._replace(target=single(choices.target))
    wanted = [choices.target, *choices.further] if choices.further else given.split(",")
    first, *further = (str(single(pattern.strip())) for pattern in wanted)
    return choices._replace(target=first, further=tuple(further))


def check_further(names: Sequence[str], choices: Choices) -> None:
    """Refuse targets that there are not, or that are named twice."""
    wanted = (str(choices.target), *choices.further)
    seen: dict[str, str] = {}
    for pattern in wanted:
        columns = [pattern] if pattern in names else matching(names, pattern)
        if not columns:
            raise RequestError(unknown("column", pattern, names, where=option("target")))
        for name in columns:
            if name in seen:
                raise RequestError(f"{option('target', ','.join(wanted))} names {name!r} twice.")
            seen[name] = pattern


def refuse_further(choices: Choices, what: str) -> None:
    """Refuse several targets where one is predicted.

    Args:
        choices: Of the user, in which "a,b" are two targets already.
        what: The data, as in "of time series one is predicted".
    """
    if choices.further:
        given = option("target", ",".join((str(choices.target), *choices.further)))
        raise RequestError(f"{given} names several targets, and of {what} one is predicted.")


def check_long(data: object, choices: Choices) -> None:
    """Refuse a time without steps, steps without a time, and steps of what is no table of them."""
    check_windows(data, choices)
    if choices.windows:
        return
    if not may_be_files(data):
        refuse_time(choices)
    if choices.sequence is not None and (bundled.is_bundled(data) or are_arrays(data)):
        what = repr(data) if isinstance(data, str) else "these arrays"
        raise RequestError(
            f"{option('sequence', choices.sequence)} names a column of a long table, and {what} "
            "is none. Leave it out."
        )


def refuse_time(choices: Choices) -> None:
    """Refuse a time that orders the steps of nothing."""
    if choices.time is not None and choices.sequence is None and not choices.windows:
        raise RequestError(
            f"{option('time', choices.time)} orders steps: say with {option('horizon')} how many "
            f"to forecast, or with {option('sequence')} the column of the ids of sequences."
        )


def may_be_files(data: object) -> bool:
    """Tell whether data may be one file for each sequence: a folder or a .zip."""
    if not isinstance(data, (str, Path)) or are_arrays(data):
        return False
    try:
        return Path(data).is_dir() or Path(data).suffix.lower() == ".zip"
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return False


def check_windows(data: object, choices: Choices) -> None:
    """Refuse what goes with time series only, and time series without a time."""
    given = {"series": choices.series, "future": choices.future}
    for name, value in given.items():
        if value and not choices.windows:
            raise RequestError(
                f"{option(name)} goes with time series: say with {option('horizon')} how many "
                "steps to forecast."
            )
    if not choices.windows:
        return
    what = option("horizon" if choices.horizon else "lookback")
    if choices.sequence is not None:
        raise RequestError(
            f"{what} cuts time series into windows, and {option('sequence')} gathers steps by an "
            "id. Give one of them."
        )
    if bundled.is_bundled(data) or are_arrays(data):
        named = repr(data) if isinstance(data, str) else "these arrays"
        raise RequestError(f"{what} goes with a table of time series, and {named} is none.")


def check_series_names(names: Sequence[str], choices: Choices) -> None:
    """Refuse columns of time, series and what is known beforehand that there are not."""
    times = [part.strip() for part in str(choices.time).split(",")]
    if str(choices.time) in names:
        times = [str(choices.time)]
    future = [name for name in choices.future if name != "calendar"]
    series = columns_of_series(str(choices.series or ""), names)
    for role, given in (("time", times), ("series", series), ("future", future)):
        for name in filter(None, given):
            if name not in names:
                raise RequestError(unknown("column", name, names, where=option(role)))
            if name in (choices.target, *choices.further):
                which = "a target" if choices.further else "the target"
                raise RequestError(f"{option(role, name)} names {which}.")
    if set(series) & set(times):
        raise RequestError(f"{option('series', choices.series)} names the time as well.")


def columns_of_series(series: str, names: Sequence[str]) -> list[str]:
    """Return the columns that tell series apart: one, or several as "store,item".

    Example:
        >>> columns_of_series("store,item", ["store", "item"]), columns_of_series("a,b", ["a,b"])
        (['store', 'item'], ['a,b'])
    """
    if not series or series in names:
        return [series] if series else []
    return [part.strip() for part in series.split(",")]


def check_long_names(names: Sequence[str], choices: Choices) -> None:
    """Refuse columns of ids and times that there are not, or that are something else as well."""
    roles = {"sequence": choices.sequence, "time": choices.time, "target": choices.target}
    given = {role: name for role, name in roles.items() if name is not None}
    for role, name in given.items():
        if name not in names:
            raise RequestError(unknown("column", name, names, where=option(role)))
        if name in (choices.inputs or ()):
            raise RequestError(f"{option(role, name)} cannot be an input as well.")
    for one, other in combinations(given, 2):
        if given[one] == given[other]:
            raise RequestError(f"{option(one, given[one])} and {option(other)} name one column.")
    name = str(choices.sequence)
    if name in RESERVED or name.startswith("p:"):
        raise DataError(
            f"The ids stand in a column called {name!r}, as does something else in the files of "
            "predictions. Give the column another name."
        )


def check_needed(table: Table, needed: Sequence[str]) -> None:
    """Refuse new data without a column that the run was trained on."""
    names = table.frame.columns
    missing = [name for name in needed if name not in names]
    if missing:
        raise DataError(
            f"{table.source} lacks {len(missing)} of the columns that the run was trained on. "
            f"{unknown('column', missing[0], names)} Needed: {', '.join(needed)}."
        )
