"""Origin: which row of which of the user's files each row of a dataset is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array, counting

Place = Callable[[int], str]
"""Writes a position for people: "row 12"."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Origin:
    """Where rows come from.

    Args:
        rows: (N,) int64, the row of its own file that each stands in, counted from 1 below the
            line of names.
        parts: (N,) "train", "validation" or "test" when separate files gave them, else None.
        files: Part -> what to call its file; nothing where there is one.
        ids: (N,) the id of each sequence of a long table, whose first row is counted, else None.
        id_column: The column of the ids.
        pictures: (N,) the file of each row, where each is a picture file, else None.
        in_table: Whether these are named by the rows of a table.
        times: (N,) of windows: when the first step that is forecast, or the last one, was.
        spans: (N, 2) of windows: first and last stamp of what must lie in one part.
    """

    rows: Array
    parts: Array | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    ids: Array | None = None
    id_column: str = ""
    pictures: Array | None = None
    in_table: bool = False
    times: Array | None = None
    spans: Array | None = None

    def __getitem__(self, positions: Any) -> Origin:
        """Return the origin of some rows, given by positions, a mask or a slice."""
        parts = None if self.parts is None else self.parts[positions]
        ids = None if self.ids is None else self.ids[positions]
        pictures = None if self.pictures is None else self.pictures[positions]
        times = None if self.times is None else self.times[positions]
        spans = None if self.spans is None else self.spans[positions]
        return replace(
            self,
            rows=self.rows[positions],
            parts=parts,
            ids=ids,
            pictures=pictures,
            times=times,
            spans=spans,
        )

    def names(self) -> Array:
        """Return (N,) the name of the file of each row; "" where there is one file."""
        if self.parts is None:
            return np.full(len(self.rows), "", dtype=object)
        return np.array([self.files[part] for part in self.parts], dtype=object)

    def place(self, position: int) -> str:
        """Write where a row stands, for people.

        "row 12", "row 12 of test.csv", "row 12 of test.csv, id 3" or "cat/12.jpg".
        """
        if self.pictures is not None and not self.in_table:
            return str(self.pictures[position])
        row = f"row {self.rows[position]:,}"
        row = row if self.parts is None else f"{row} of {self.files[str(self.parts[position])]}"
        return (
            row if self.ids is None else f"{row}, {self.id_column} {cut(str(self.ids[position]))}"
        )


def origin_of(
    sizes: Mapping[str, int], files: Mapping[str, str], wide: Mapping[str, int] | None = None
) -> Origin:
    """Count the rows of one file, or of one file for each part behind each other.

    Args:
        sizes: Part -> rows.
        files: Part -> the name of its file, none where there is one file without parts. Files of
            one name are told apart by their part.
        wide: Part -> rows of its file, where they come again and again, a step of each at a time.

    Example:
        >>> origin = origin_of({"train": 3, "test": 2}, {"train": "a.csv", "test": "b.csv"})
        >>> origin.rows.tolist(), origin.place(3)
        ([1, 2, 3, 1, 2], 'row 1 of b.csv')
    """
    again = wide or {}
    counts = [
        np.resize(np.arange(1, again[part] + 1), n) if again.get(part) else counting(1, n + 1)
        for part, n in sizes.items()
    ]
    rows = counts[0] if len(counts) == 1 else np.concatenate(counts)
    if not files:
        return Origin(rows=rows)
    shared = Counter(files.values())
    names = {p: name if shared[name] == 1 else f"the {p} data" for p, name in files.items()}
    return Origin(rows=rows, parts=np.repeat(list(sizes), list(sizes.values())), files=names)


def one_table(position: int) -> str:
    """Write where a row of a single table stands."""
    return f"row {position + 1:,}"
