"""Time and memory of reading: `python -m benchmarks.reading` (a gigabyte of disk, two minutes).

csv       a CSV file of a million rows and 20 columns, from the path to typed columns
frame     the same as a polars frame, and as a pandas frame
windows   a million steps of ten channels, from the frame to the first batch

Each has a process of its own. CPU is in seconds of all its threads, without the imports. The peak
is the resident memory: of the CSV file all of the process, told beside the size of the file; of
frames and windows what comes on top of the data.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl  # else after bakeoff, as in a run: its allocator is set before it starts

ROWS = 1_000_000
MIB = 2**20
WORDS = {
    "region": ["north", "south", "east", "west"],
    "colour": ["red", "green", "blue", "yellow", "black", "white"],
    "product": [f"product {i:03d}" for i in range(200)],
    "smoker": ["no", "yes"],
    "education": ["primary", "secondary", "tertiary"],
}
CASES = (
    ("csv", "path"),
    ("frame", "polars"),
    ("frame", "pandas"),
    ("windows", "polars"),
    ("windows", "float32"),
    ("windows", "pandas"),
)


def main() -> None:
    """Measure each case, or the one that is named."""
    if len(sys.argv) > 1:
        case, kind, folder = sys.argv[1:]
        measure_windows(kind) if case == "windows" else measure_table(kind, Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        table = made_table()
        table.write_csv(Path(folder, "table.csv"))
        table.write_parquet(Path(folder, "table.parquet"))
        for case, kind in CASES:
            command = [sys.executable, "-m", "benchmarks.reading", case, kind, folder]
            subprocess.run(command, check=True)


def made_table() -> pl.DataFrame:
    """Draw a table like a user's: id, date, 8 fractions, 4 integers, 4 categories, 2 with gaps."""
    import polars as pl

    random = np.random.default_rng(0)
    days = random.integers(0, 3000, ROWS).astype("timedelta64[D]")
    columns: dict[str, Any] = {
        "id": [f"C{i:07d}" for i in random.permutation(ROWS)],
        "date": (np.datetime64("2015-01-01") + days).astype(str),
    }
    for i in range(8):
        columns[f"float{i}"] = np.round(random.normal(50, 20, ROWS), 3)
    for i in range(4):
        columns[f"int{i}"] = random.integers(0, 5 * 10 ** (i + 1), ROWS)
    for name in WORDS:
        columns[name] = np.array(WORDS[name])[random.integers(0, len(WORDS[name]), ROWS)]
    columns["income"] = np.round(random.gamma(2, 100, ROWS), 2)
    gaps = [pl.when(pl.Series(random.random(ROWS) >= 0.05)).then(pl.col(name)).alias(name)
            for name in ("income", "education")]  # fmt: skip
    return pl.DataFrame(columns).with_columns(gaps)


def measure_table(kind: str, folder: Path) -> None:
    """Read a table, and say what it took."""
    from bakeoff.data.read import read  # isort: skip

    import polars as pl

    path, small = folder / "table.csv", folder / "small.csv"
    pl.read_parquet(folder / "table.parquet", n_rows=100).write_csv(small)
    read(small, target="smoker")  # imports what is imported when it is needed
    data: Any = path if kind == "path" else pl.read_parquet(folder / "table.parquet")
    data = in_pandas(data) if kind == "pandas" else data
    begin()
    before, cpu = resident("VmRSS"), time.process_time()
    read(data, target="smoker")
    cpu = time.process_time() - cpu
    peak = resident("VmHWM") - (0 if kind == "path" else before)
    size = path.stat().st_size / MIB
    beside = f" = {peak / size:.2f} x the file of {size:.0f}" if kind == "path" else ""
    print(f"{ROWS:,} x 20, {kind}: {cpu:.2f} s of CPU, peak {peak:.0f} MiB{beside}")


def measure_windows(kind: str) -> None:
    """Cut windows up to the first batch of a training loop, and say what it took."""
    import torch

    from bakeoff.data.preparing.preparation import fit_preparation
    from bakeoff.data.read import read
    from bakeoff.data.splitting.split import make_split
    from bakeoff.data.taking.sources import plain
    from bakeoff.data.taking.targets import make_targets
    from bakeoff.data.taking.views import make_views
    from bakeoff.torch_models.feed import Feed, target_taker

    data = made_series(np.float32 if kind == "float32" else np.float64)
    data = in_pandas(data) if kind == "pandas" else data
    read(data[:1000], target="v0", time="time", lookback=96, horizon=24)  # imports, as above
    begin()
    before, cpu = resident("VmRSS"), time.process_time()
    dataset = read(data, target="v0", time="time", lookback=96, horizon=24)
    split = make_split(dataset, "time:70/15/15")
    preparation = fit_preparation(dataset, split)
    source = make_views(preparation, dataset)["sequence"].inputs["x"][split.train]
    targets = make_targets(preparation, dataset)[split.train]
    feed = Feed({"x": plain(source)}, torch.device("cpu"), {})
    known = target_taker(plain(targets), torch.device("cpu"))
    rows, _ = next(iter(feed.in_turn(64)))
    known(rows)
    cpu = time.process_time() - cpu
    peak = resident("VmHWM") - before
    print(f"windows of {ROWS:,} x 10, {kind}: {cpu:.2f} s of CPU, peak {peak:.0f} MiB")


def made_series(dtype: Any) -> pl.DataFrame:
    """Draw a random walk of ten channels, a step each minute, in hundredths."""
    import polars as pl

    walk = np.random.default_rng(0).standard_normal((ROWS, 10)).cumsum(0).round(2).astype(dtype)
    minutes = np.arange(ROWS) * np.timedelta64(60_000_000, "us")
    columns = {f"v{i}": np.ascontiguousarray(walk[:, i]) for i in range(10)}
    return pl.DataFrame({"time": np.datetime64("2000-01-01", "us") + minutes, **columns})


def in_pandas(frame: pl.DataFrame) -> Any:
    """Return a frame as pandas has it, without the help of pyarrow."""
    import pandas as pd

    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def begin() -> None:
    """Give free memory back to the system, and let the peak begin here (Linux with glibc)."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def resident(field: str) -> float:
    """Return resident memory in MiB: VmRSS now, VmHWM at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


if __name__ == "__main__":
    main()
