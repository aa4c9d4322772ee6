"""One small table, and one small run of it that many tests look at: trained once per session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bakeoff
from bakeoff import cli

ROWS = 120
INPUTS = ("age", "colour", "day")
MODELS: dict[str, dict[str, Any]] = {
    "constant": {},
    "linear": {},
    "boosting": {"max_iterations": 5},
    "mlp": {},
    "wide": {"architecture": "mlp", "hidden_sizes": [96], "lr": 0.01},
}


def table() -> str:
    """Return a CSV: a gap in a number, a category, dates in order; three kinds of target."""
    random = np.random.default_rng(0)
    lines = ["age,colour,day,team,answer,kind,price"]
    for i in range(ROWS):
        age, colour = random.normal(40, 10), ["red", "green", "blue"][random.integers(3)]
        answer = "yes" if age + 8 * (colour == "red") + random.normal(0, 4) > 43 else "no"
        kind = "low" if age < 35 else "mid" if age < 45 else "high"
        day = f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}"
        shown = "" if i % 15 == 0 else f"{age:.2f}"
        team, price = f"t{random.integers(12)}", 2 * age + random.normal()
        lines.append(f"{shown},{colour},{day},{team},{answer},{kind},{price:.3f}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Said:
    """What a command left behind: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `bakeoff ...` in this process."""

    def call(*words: str | Path) -> Said:
        capfd.readouterr()
        code = run_command(words, monkeypatch)
        return Said(code, *capfd.readouterr())

    return call


def run_command(words: Sequence[str | Path], monkeypatch: pytest.MonkeyPatch) -> int:
    """Call the command line as the console does, and return its exit code."""
    monkeypatch.setattr("sys.argv", ["bakeoff", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small table as a file."""
    path = tmp_path_factory.mktemp("people") / "people.csv"
    path.write_text(table(), "utf-8")
    return path


@pytest.fixture(scope="session")
def small_run(people: Path) -> bakeoff.Run:
    """Five models on a binary target, two seeds, two workers."""
    return bakeoff.run(
        people,
        target="answer",
        inputs=INPUTS,
        models=MODELS,
        seeds=2,
        jobs=2,
        epochs=2,
        out=people.parent / "run",
        show="none",
    )


@dataclass(frozen=True)
class Again:
    """A run made from the bakeoff.toml of another."""

    folder: Path
    said: Said


@pytest.fixture(scope="session")
def run_again(small_run: bakeoff.Run) -> Again:
    """`bakeoff run run/bakeoff.toml --json`, in one worker."""
    import contextlib
    import io

    folder, out, err = small_run.folder.with_name("again"), io.StringIO(), io.StringIO()
    words = ["run", small_run.folder / "bakeoff.toml", "--jobs", "1", "--json", "--out", folder]
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run_command(words, monkeypatch)
    return Again(folder, Said(code, out.getvalue(), err.getvalue()))


@pytest.fixture(scope="session")
def broken_run(people: Path) -> bakeoff.Run:
    """A price by time: a model whose loss diverges beside one that trains."""
    return bakeoff.run(
        people,
        target="price",
        inputs=("age", "colour", "day"),
        split="time:day",
        models={
            "constant": {},
            "mlp": {},
            "diverging": {"architecture": "mlp", "lr": 1e6, "optimizer": "sgd"},
        },
        seeds=1,
        jobs=1,
        epochs=2,
        out=people.parent / "broken",
        show="none",
    )


@pytest.fixture(scope="session")
def array_run(people: Path) -> bakeoff.Run:
    """Three kinds of tiny images, from arrays in memory."""
    return bakeoff.run(
        pictures(),
        models=["constant", "mlp", "cnn", "gru"],
        seeds=1,
        jobs=1,
        epochs=1,
        out=people.parent / "pictures",
        show="none",
    )


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Return x (60, 6, 6) uint8 and y (60,) texts."""
    random = np.random.default_rng(1)
    x = random.integers(0, 255, (60, 6, 6), dtype=np.uint8)
    return x, np.array(["a", "b", "c"])[np.arange(60) % 3]


@pytest.fixture(scope="session")
def hours(people: Path) -> Path:
    """Two series of hourly values with a day in them, as a file."""
    path = people.parent / "hours.csv"
    path.write_text(series_table(), "utf-8")
    return path


@pytest.fixture(scope="session")
def forecast_run(hours: Path) -> bakeoff.Run:
    """Six hours ahead of two series, from a day: four baselines and three networks."""
    return bakeoff.run(
        hours,
        target="load",
        time="when",
        series="place",
        lookback=24,
        horizon=6,
        models=[
            *("constant", "last_value", "seasonal_naive", "ridge_windows"),
            *("dlinear", "mlp", "vector_to_sequence"),
        ],
        seeds=1,
        jobs=1,
        epochs=2,
        out=hours.parent / "forecast",
        show="none",
    )


def series_table(hours: int = 600, places: Sequence[str] = ("east", "west")) -> str:
    """Return a CSV: the load of some places, hour by hour, the second ten times the first."""
    random = np.random.default_rng(2)
    lines = ["when,place,load,heat"]
    for number, place in enumerate(places):
        for hour in range(hours):
            stamp = np.datetime64("2024-01-01T00", "h") + hour
            day = np.sin(2 * np.pi * hour / 24)
            load = 10**number * (50 + 10 * day + random.normal())
            when = str(stamp).replace("T", " ") + ":00"
            lines.append(f"{when},{place},{load:.3f},{20 - 5 * day:.2f}")
    return "\n".join(lines) + "\n"
