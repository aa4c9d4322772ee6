"""Series file: .ts of the time series archives, one series a line: 1.5,2:0.1,0.3:walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.cut import cut
from bakeoff.data.reading.cells import plain_number
from bakeoff.data.reading.delimited import decode
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl

UNKNOWN = ("?", "nan", "NaN", "")


def series_file(raw: bytes, source: str) -> pl.DataFrame:
    """Read a .ts file: the channels of each series as lists, and its class or number.

    Args:
        raw: Its bytes.
        source: What to call it.

    Returns:
        Columns channel_1, channel_2, ... (or series, where there is one), and class or target.

    Raises:
        DataError: It is no such file, has time stamps, or a line that does not fit.

    Example:
        >>> text = b"@univariate true\\n@classLabel true a b\\n@data\\n1,2,?:a\\n3:b\\n"
        >>> series_file(text, "s.ts").rows()
        [([1.0, 2.0, None], 'a'), ([3.0], 'b')]
    """
    import polars as pl

    lines = decode(raw, source)[0].splitlines()
    heads = {}
    begin = len(lines)
    for i, line in enumerate(lines):
        key, _, value = line.strip().partition(" ")
        if key.lower() == "@data":
            begin = i + 1
            break
        if key.startswith("@"):
            heads[key.lower()] = value.strip().lower()
    if begin == len(lines):
        raise DataError(f"{source} has no series behind a line @data, so it is no .ts file.")
    if heads.get("@timestamps", "").startswith("true"):
        raise DataError(
            f"{source} has a time stamp for each value, which is not read. Give a CSV with one row "
            "a step: an id, the time, the values and the class."
        )
    labelled = [f"@{one}label" for one in ("class", "target")]
    said = [key for key in labelled if heads.get(key, "").startswith("true")]
    label = {"@classlabel": "class", "@targetlabel": "target"}[said[0]] if said else ""
    found: list[list[list[float | None]]] = []
    labels = []
    for i, line in enumerate(lines[begin:], begin + 1):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        *channels, last = line.strip().split(":") if label else [*line.strip().split(":"), ""]
        if not channels or (found and len(channels) != len(found[0])):
            raise DataError(
                f"{source}, line {i}: {len(channels)} channels, and the first series has "
                f"{len(found[0]) if found else 'at least 1'}. Correct it."
            )
        found.append([numbers(channel, source, i) for channel in channels])
        labels.append(last.strip() or None)
    if not found:
        raise DataError(f"{source} has no series behind @data. Give some.")
    one = len(found[0]) == 1
    names = ["series"] if one else [f"channel_{k + 1}" for k in range(len(found[0]))]
    columns = [
        pl.Series(name, list(cells), dtype=pl.List(pl.Float64))
        for name, cells in zip(names, zip(*found, strict=True), strict=True)
    ]
    return pl.DataFrame([*columns, pl.Series(label, labels)] if label else columns)


def numbers(text: str, source: str, line: int) -> list[float | None]:
    """Return the numbers of a channel, None where one is missing."""
    values = []
    for cell in map(str.strip, text.split(",")):
        value = None if cell in UNKNOWN else plain_number(cell)
        if value is None and cell not in UNKNOWN:
            raise DataError(
                f"{source}, line {line}: {cut(repr(cell))} is no number. Correct it, or write ? "
                "for a missing one."
            )
        values.append(value)
    return values
