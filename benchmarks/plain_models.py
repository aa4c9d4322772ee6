"""How far the plain models come: forecasts, sequences and pictures of files that are at hand.

    python -m benchmarks.plain_models FOLDER

FOLDER holds ett/ETTh1.csv.gz, electricity/electricity_{train,test}.csv.gz, sequences/ (Japanese
vowels and basic motions as long tables) and clouds/clouds.zip; what is not there is passed over.

Forecasts: mean squared error of the test windows in training standard deviations; windows of a part
forecast steps of that part alone. Validation is the 4 months after the 12 of training for ETTh1,
and the last fifth of the training file for the electricity. Sequences and pictures: accuracy on the
test file, a fifth of the training rows held out for validation; mean over 5 such splits.
"""

import argparse
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from bakeoff.baselines.boosting import Boosting
from bakeoff.baselines.constant import Constant
from bakeoff.baselines.last_value import LastValue
from bakeoff.baselines.linear import Linear
from bakeoff.baselines.random_kernels import RandomKernels
from bakeoff.baselines.ridge_windows import RidgeWindows
from bakeoff.baselines.seasonal_mean import SeasonalMean
from bakeoff.baselines.seasonal_naive import SeasonalNaive
from bakeoff.data.taking.small import colour_histograms

MONTH = 30 * 24  # hours
SPLITS = 5
Inputs = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Values (T, F) standardised; ends of training, validation and test; what is forecast."""

    name: str
    values: np.ndarray
    ends: tuple[int, int, int]
    lookback: int
    steps: int
    season: int
    num_targets: int = 1


class Windows:
    """Windows of a series whose next steps lie in one part, made when they are asked for."""

    def __init__(self, task: Forecast, start: int, end: int) -> None:
        first = max(start, task.lookback) - task.lookback
        self.task, self.first = task, first
        rows = end - task.steps - task.lookback + 1 - first
        self.shape = (rows, task.lookback, task.values.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.cut(rows, 0, self.task.lookback)

    def cut(self, rows: slice, start: int, steps: int) -> np.ndarray:
        """Return steps of each window, counted from its first: (n, steps, F)."""
        begins = np.arange(len(self))[rows] + self.first + start
        return self.task.values[begins[:, None] + np.arange(steps)]

    def targets(self) -> np.ndarray:
        """Return the next steps of all windows: (N, S * Q)."""
        ahead = self.cut(slice(None), self.task.lookback, self.task.steps)
        return ahead[:, :, : self.task.num_targets].reshape(len(self), -1)


def main() -> None:
    """Print a line for each model and each set of data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for task in [*etth1(folder), *electricity(folder)]:
        forecast(task)
    for name, target in (("japanese_vowels", "speaker"), ("basic_motions", "activity")):
        if (folder / f"sequences/{name}_train.csv.gz").exists():
            train, test, classes = sequences(folder, name, target)
            classify(name, "random_kernels", RandomKernels, train, test, classes)
    if (folder / "clouds/clouds.zip").exists():
        train, test, classes = clouds(folder)
        classify("clouds 64x64", "colour_histograms", Boosting, train, test, classes)
        classify("clouds 64x64", "linear on them", Linear, train, test, classes)


def forecast(task: Forecast) -> None:
    """Fit and judge each forecaster."""
    starts = (0, *task.ends[:-1])
    train, validation, test = (Windows(task, a, b) for a, b in zip(starts, task.ends, strict=True))
    models: list[Any] = [
        Constant("forecast", 0),
        LastValue("forecast", 0, steps=task.steps),
        SeasonalNaive("forecast", 0, steps=task.steps, season=task.season),
        SeasonalMean("forecast", 0, steps=task.steps, season=task.season),
        RidgeWindows("forecast", 0, steps=task.steps),
    ]
    for model in models:
        start = time.perf_counter()
        model.fit(
            {"x": train},
            train.targets(),
            validation_inputs={"x": validation},
            validation_targets=validation.targets(),
            seed=0,
        )
        error = np.mean((model.scores({"x": test}) - test.targets()) ** 2)
        seconds = time.perf_counter() - start
        print(f"{task.name:34} {type(model).__name__:16} {error:.4f}  {seconds:.1f} s")


def etth1(folder: Path) -> Iterator[Forecast]:
    """Yield oil temperature alone, with the six loads beside it, and all seven at once."""
    file = folder / "ett/ETTh1.csv.gz"
    if not file.exists():
        return
    table = pl.read_csv(file)
    names = ["OT", *(name for name in table.columns if name not in ("date", "OT"))]
    ends = (12 * MONTH, 16 * MONTH, 20 * MONTH)
    values = standardised(table[names].to_numpy(), ends[0])
    sizes = {"ends": ends, "lookback": 96, "steps": 24, "season": 24}
    yield Forecast(name="ETTh1 OT, 24 from 96", values=values[:, :1], **sizes)
    yield Forecast(name="ETTh1 OT with loads, 24 from 96", values=values, **sizes)
    yield Forecast(name="ETTh1 all 7, 24 from 96", values=values, num_targets=7, **sizes)


def electricity(folder: Path) -> Iterator[Forecast]:
    """Yield the next quarter of an hour, and the next day."""
    files = [folder / f"electricity/electricity_{part}.csv.gz" for part in ("train", "test")]
    if not all(file.exists() for file in files):
        return
    train, test = (pl.read_csv(file)["consumption"].to_numpy() for file in files)
    ends = (len(train) * 4 // 5, len(train), len(train) + len(test))
    values = standardised(np.concatenate([train, test])[:, None], len(train))
    for steps, lookback in ((1, 96), (96, 192)):
        yield Forecast(
            name=f"electricity, {steps} from {lookback}",
            values=values,
            ends=ends,
            lookback=lookback,
            steps=steps,
            season=96,
        )


def standardised(values: np.ndarray, end: int) -> np.ndarray:
    """Return values in standard deviations of those before `end`, in float32."""
    values = values.astype(np.float64)
    return ((values - values[:end].mean(0)) / values[:end].std(0)).astype(np.float32)


def classify(
    data: str,
    name: str,
    kind: Callable[..., Any],
    train: tuple[Inputs, np.ndarray],
    test: tuple[Inputs, np.ndarray],
    classes: int,
) -> None:
    """Fit a classifier on several splits of the training rows, and print its accuracy."""
    (inputs, targets), (new, truth) = train, test
    accuracies, start = [], time.perf_counter()
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(targets))
        held, rest = np.split(order, [len(order) // 5])
        model = kind("multiclass", classes)
        model.fit(
            {key: array[rest] for key, array in inputs.items()},
            targets[rest],
            validation_inputs={key: array[held] for key, array in inputs.items()},
            validation_targets=targets[held],
            seed=seed,
        )
        accuracies.append(np.mean(model.scores(new).argmax(axis=1) == truth))
    low, high, seconds = min(accuracies), max(accuracies), time.perf_counter() - start
    print(
        f"{data:34} {name:18} {np.mean(accuracies):.1%} ({low:.1%} to {high:.1%})  "
        f"{seconds / SPLITS:.1f} s"
    )


def sequences(
    folder: Path, name: str, target: str
) -> tuple[tuple[Inputs, np.ndarray], tuple[Inputs, np.ndarray], int]:
    """Return padded sequences and classes of training and test file, and how many classes."""
    tables = [pl.read_csv(folder / f"sequences/{name}_{p}.csv.gz") for p in ("train", "test")]
    target = target if target in tables[0].columns else tables[0].columns[-1]
    channels = [column for column in tables[0].columns if column not in ("sample", "t", target)]
    known = sorted(tables[0][target].unique())
    means, stds = (
        np.array(tables[0].select(getattr(pl.col(channels), how)()).row(0))
        for how in ("mean", "std")
    )
    parts = []
    for table in tables:
        rows = table.sort("sample", "t").partition_by("sample", maintain_order=True)
        lengths = np.array([len(row) for row in rows])
        x = np.zeros((len(rows), lengths.max(), len(channels)), np.float32)
        for i, row in enumerate(rows):
            x[i, : len(row)] = (row[channels].to_numpy() - means) / stds
        classes = np.array([known.index(row[target][0]) for row in rows])
        parts.append(({"x": x, "lengths": lengths}, classes))
    return parts[0], parts[1], len(known)


def clouds(folder: Path) -> tuple[tuple[Inputs, np.ndarray], tuple[Inputs, np.ndarray], int]:
    """Return histograms and classes of training and test pictures, and how many classes."""
    pictures: dict[str, list[np.ndarray]] = {"clouds_train": [], "clouds_test": []}
    names: dict[str, list[str]] = {part: [] for part in pictures}
    with zipfile.ZipFile(folder / "clouds/clouds.zip") as archive:
        for file in sorted(name for name in archive.namelist() if name.endswith(".jpg")):
            part, name, _ = file.split("/")[-3:]
            picture = Image.open(io.BytesIO(archive.read(file))).convert("RGB")
            pictures[part].append(np.asarray(picture.resize((64, 64), Image.Resampling.BILINEAR)))
            names[part].append(name)
    known = sorted(set(names["clouds_train"]))
    train, test = (
        (
            {"x": colour_histograms(np.stack(pictures[part]))},
            np.array([known.index(name) for name in names[part]]),
        )
        for part in pictures
    )
    return train, test, len(known)


if __name__ == "__main__":
    main()
