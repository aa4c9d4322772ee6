"""A forecast as a table: one line per window and step, and back from what stands in a file."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.build import Between, build_fields
from bakeoff.cut import cut
from bakeoff.data.reading.cells import as_texts
from bakeoff.documents import parsed
from bakeoff.errors import DataError
from bakeoff.evaluate.period import Period

if TYPE_CHECKING:
    import polars as pl

STEADY = ("row", "time", "series")  # the same in all lines of a window
Spread = Annotated[float, Between(0, np.finfo(np.float64).max)]
NOTE = {  # what the lines do not say of a period
    "horizon": Annotated[int, Between(1, 10**6)],
    "std": Spread,
    "stds": Mapping[str, Spread],
    "seconds": Spread,
    "series_column": str,
}


def forecast_columns(
    rows: NDArray[np.int64], truth: NDArray[Any], scores: NDArray[Any], period: Period
) -> dict[str, Any]:
    """Return the columns row, series (of several), time, step (1 to S), truth, prediction.

    `row` and `time` are those of the window's first forecast step, so both name the window.

    Shape:
        rows (n,), truth and scores (n, S) -> columns (n * S,), window by window.
    """
    steps = period.horizon
    columns: dict[str, Any] = {"row": np.repeat(rows, steps)}
    if period.series is not None:
        columns["series"] = np.repeat(period.series, steps).tolist()
    columns["time"] = np.repeat(period.times, steps)
    columns["step"] = np.tile(np.arange(1, steps + 1, dtype=np.int32), len(rows))
    columns["truth"] = np.ascontiguousarray(truth, np.float64).reshape(-1)
    columns["prediction"] = np.ascontiguousarray(scores).reshape(-1)
    return columns


def period_note(period: Period) -> str:
    """Return what the columns do not say of a period, as a text for a file's metadata."""
    note = {name: getattr(period, name) for name in NOTE}
    return json.dumps({**note, "stds": dict(period.stds)})


def forecast_fields(frame: "pl.DataFrame", note: str) -> dict[str, Any]:
    """Return rows, truth, scores and period, from the lines of a table and its metadata.

    Raises:
        DataError: A column is missing or of another type, or the lines are not those of whole
            windows.
    """
    said = build_fields(parsed(note), NOTE, "bakeoff.forecast")
    steps = said["horizon"]
    named = "series" in frame.columns
    for name in ("row", "time", "step", "truth", "prediction", *(["series"] if named else [])):
        if name not in frame.columns:
            raise DataError(f"it has no column {name!r}.")
        if frame[name].null_count():
            raise DataError(f"column {name!r} has empty cells.")
        if name not in ("time", "series") and not frame[name].dtype.is_numeric():
            raise DataError(f"column {name!r} does not hold numbers.")
    check_steps(frame["step"].to_numpy(), steps)
    for name in (name for name in STEADY if name in frame.columns):
        values = frame[name].to_numpy().reshape(-1, steps)
        if not (values == values[:, :1]).all():
            raise DataError(f"column {name!r} is not the same in all steps of a window.")
    first = frame.gather_every(steps)  # one line per window
    times = first["time"].to_numpy()
    if times.dtype.kind == "M":
        times = times.astype("datetime64[us]")
    return {
        "rows": first["row"].to_numpy().astype(np.int64),
        "truth": frame["truth"].to_numpy().astype(np.float64).reshape(-1, steps),
        "scores": frame["prediction"].to_numpy().reshape(-1, steps),
        "period": Period(
            times=times,
            series=np.array(list(as_texts(first["series"])), object) if named else None,
            **said,
        ),
    }


def check_steps(step: NDArray[Any], steps: int) -> None:
    """Refuse lines that do not count 1 to S, again and again.

    Raises:
        DataError: The message names the first line.
    """
    expected = np.arange(len(step)) % steps + 1
    wrong = np.flatnonzero(step != expected)
    if len(wrong):
        line = int(wrong[0])
        raise DataError(
            f"line {line + 1:,} has step {cut(str(step[line]))}, where {expected[line]} follows."
        )
    if len(step) % steps:
        raise DataError(f"its last window has {len(step) % steps} of {steps} steps.")
