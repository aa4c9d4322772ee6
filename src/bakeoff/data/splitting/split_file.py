"""Split file: split.parquet, which says of each row of the user's file in which part it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np

from bakeoff.build import Absent, Count, NewerError, build_fields
from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.split import PARTS, Split, counts
from bakeoff.documents import parsed, read_notes, read_parquet, reading, writing
from bakeoff.errors import DataError

if TYPE_CHECKING:
    import polars as pl


Tally = Mapping[str, Mapping[str, Count]]
ABOUT = {  # in the metadata
    "method": str,
    "how": str,
    "seed": int,
    "by": tuple[str, ...],
    "classes": Annotated[Tally, Absent({})],  # came after format 2
}


def save_split(split: Split, path: Path | str, dataset: Dataset) -> None:
    """Write split.parquet: `row` of the user's file and `part`; of separate files, `file` as well.

    How it was made stands in the metadata of the file.

    Args:
        split: Of the dataset.
        path: The file to write.
        dataset: Knows which row of which file stands where.
    """
    import polars as pl

    names = np.repeat(PARTS, [len(positions) for positions in split.parts])
    positions = np.concatenate(split.parts)
    frame = rows_of(dataset, positions).with_columns(pl.Series("part", names.tolist()))
    if dataset.parts is None:
        frame = frame.drop("file")
    classes = {part: tally["classes"] for part, tally in counts(dataset, split).items()}
    about = {
        "method": split.method,
        "how": split.how,
        "seed": split.seed,
        "by": split.by,
        "classes": classes if any(classes.values()) else {},
    }
    frame = frame[np.argsort(positions)]
    with writing(Path(path)) as draft:
        frame.write_parquet(draft, metadata={"bakeoff.split": json.dumps(about)})


def load_split(path: Path | str, dataset: Dataset) -> Split:
    """Read what `save_split` wrote, back to positions in its dataset.

    Raises:
        DataError: It names a row that the dataset does not have.
    """
    import polars as pl

    frame, about = read_split(path)
    if "file" not in frame.columns:
        frame = frame.with_columns(pl.lit("").alias("file"))
    own = rows_of(dataset, np.arange(len(dataset))).with_row_index("position")
    found = frame.join(own, on=["file", "row"], how="left", maintain_order="left")
    if found["position"].null_count():
        row = found.filter(pl.col("position").is_null())["row"][0]
        raise DataError(f"{path} names row {row:,}, which {dataset.source} does not have.")
    part = {name: found.filter(pl.col("part") == name)["position"].to_numpy() for name in PARTS}
    return Split(
        **part,
        method=about["method"],
        how=about["how"],
        seed=about["seed"],
        by=tuple(about["by"]),
    )


class SplitSummary(NamedTuple):
    """What a reader is told of a split.

    Args:
        sizes: Part -> rows.
        how: How they were drawn.
        classes: Part -> class -> rows; nothing of numbers.
    """

    sizes: Mapping[str, int]
    how: str
    classes: Tally


def summarise_split(path: Path | str) -> SplitSummary:
    """Read from split.parquet how many rows each part has, and how they were drawn."""
    frame, about = read_split(path)
    tally = dict(frame["part"].value_counts().iter_rows())
    sizes = {part: tally.get(part, 0) for part in PARTS}
    return SplitSummary(sizes, about["how"], about["classes"])


def read_split(path: Path | str) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the rows of split.parquet, and how they were drawn.

    Raises:
        DataError: The file is damaged.
    """
    import polars as pl

    path = Path(path)
    frame = read_parquet(path)
    with reading(path):
        about = build_fields(parsed(read_notes(path)["bakeoff.split"]), ABOUT)
        for name in frame.columns:
            if name not in ("row", "part", "file"):
                raise NewerError(f"has the column {cut(repr(name))}, which this bakeoff lacks.")
        frame = frame.with_columns(pl.col("row").cast(pl.Int64), pl.col("part").cast(pl.String))
        if wrong := [part for part in frame["part"].unique() if part not in PARTS]:
            raise DataError(f"{cut(repr(wrong[0]))} is no part of a split.")
        if frame["row"].null_count():
            raise DataError("a row has no number.")
    return frame, about


def rows_of(dataset: Dataset, positions: Array) -> pl.DataFrame:
    """Return the user's row at each position, and the file that it stands in."""
    import polars as pl

    origin = dataset.origin[positions]
    return pl.DataFrame(
        {"file": pl.Series(values=origin.names().tolist(), dtype=pl.String), "row": origin.rows}
    )
