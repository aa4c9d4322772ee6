"""How honest is the verdict? Simulated bake-offs in which the truth is known.

    python -m benchmarks.honesty [--repeats 200] [--seeds 5] [--rows 1000] [CELL ...]
    python -m benchmarks.honesty --walk [--repeats 100] [--seeds 5] [--rows 1000] [--horizon 24]

Each cell says how much models vary over seeds, in points of accuracy. Two questions a cell:
among equal models, how often is some difference declared (should be 5 % or less); and how often
is a model that is 5 points better alone in first place. The coverage is the share of 95 %
intervals that hold the true score, among equals.

The world: a row is right when  threshold + seed + row + model x row + fit x row  is above 0,
the last three normal with variances 0.5, 0.2 and 0.3: rows are hard for all, for one model, or
for one fit.

With --walk each bake-off forecasts a random walk, which nobody does better than its last value.
Eight models add noise to it: a small part of the last steps, with weights of their own. They are
equal to each other, and no better than last_value.
"""

import argparse
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.samples import Sample, sample_of
from bakeoff.judge.statistics import Judgement, judge
from bakeoff.judge.verdict import judge_sample

Array = NDArray[np.float64]
Spreads = Callable[[np.random.Generator, int], Array]

NORMAL = NormalDist()
ACCURACY, LEAD = 0.80, 0.05
COLLAPSED = 0.70  # accuracy of a seed that failed
LOOK_BACK, NOISE, SEEDS = (
    24,
    0.1,
    0.1,
)  # steps that a model adds a part of, how much, how luck differs

CELLS: Mapping[str, Spreads] = {
    "all 0.3": lambda generator, k: np.full(k, 0.3),
    "all 2": lambda generator, k: np.full(k, 2.0),
    "all 6": lambda generator, k: np.full(k, 6.0),
    "1, one 4": lambda generator, k: np.r_[np.full(k - 1, 1.0), 4.0],
    "2, one 8": lambda generator, k: np.r_[np.full(k - 1, 2.0), 8.0],
    "lognormal 1": lambda generator, k: np.exp(generator.normal(size=k) * 0.7),
    "lognormal 2": lambda generator, k: 2 * np.exp(generator.normal(size=k) * 0.7),
    "2, two without luck": lambda generator, k: np.r_[np.full(k - 2, 2.0), 0.0, 0.0],
    "1, one seed in ten fails": lambda generator, k: np.full(k, 1.0),
}


def simulate(
    cell: str,
    generator: np.random.Generator,
    *,
    num_models: int,
    num_seeds: int,
    num_rows: int,
    lead: float = 0.0,
) -> dict[str, Array]:
    """Draw one bake-off: 1 where a row is right, (S, n) per model; the first one leads."""
    spreads = CELLS[cell](generator, num_models)
    density = NORMAL.pdf(NORMAL.inv_cdf(ACCURACY))  # turns points of accuracy into the latent scale
    shared = generator.normal(size=num_rows) * np.sqrt(0.5)
    values = {}
    for number, spread in enumerate(spreads):
        threshold = NORMAL.inv_cdf(ACCURACY + (lead if number == 0 else 0.0))
        seeds = threshold + generator.normal(size=(num_seeds, 1)) * spread / 100 / density
        if "fails" in cell:
            failed = generator.random((num_seeds, 1)) < 0.1
            seeds = np.where(failed, NORMAL.inv_cdf(COLLAPSED), seeds)
        own = generator.normal(size=num_rows) * np.sqrt(0.2)
        noise = generator.normal(size=(num_seeds, num_rows)) * np.sqrt(0.3)
        if spread == 0:
            noise = np.repeat(noise[:1], num_seeds, axis=0)
        values[f"model {number}"] = (seeds + shared + own + noise > 0).astype(np.float64)
    return values


def judge_rows(values: Mapping[str, Array]) -> Judgement:
    """Judge by accuracy."""
    return judge(values, {name: table.mean(1) for name, table in values.items()})


def true_score(cell: str, spread: float) -> float:
    """Accuracy of an ordinary model, over all rows and seeds there could be."""
    threshold = NORMAL.inv_cdf(ACCURACY)
    luck = spread / 100 / NORMAL.pdf(threshold)
    usual = NORMAL.cdf(threshold / np.sqrt(1 + luck**2))
    return 0.9 * usual + 0.1 * COLLAPSED if "fails" in cell else usual


def measure_cell(
    cell: str, *, repeats: int, num_models: int, num_seeds: int, num_rows: int, seed: int = 0
) -> tuple[float, float, float]:
    """Return the shares of false differences, of leaders found, and of true scores covered."""
    generator = np.random.default_rng(seed)
    size = {"num_models": num_models, "num_seeds": num_seeds, "num_rows": num_rows}
    false, found, covered = 0, 0, []
    for _ in range(repeats):
        equals = judge_rows(simulate(cell, generator, **size))
        false += any(pair.beats for pair in equals.pairs)
        if "lognormal" not in cell:  # there the spreads differ from bake-off to bake-off
            truths = [true_score(cell, s) for s in CELLS[cell](generator, num_models)]
            for standing in equals.standings:
                truth = truths[int(standing.model.split()[-1])]
                covered.append(standing.low <= truth <= standing.high)
        led = judge_rows(simulate(cell, generator, **size, lead=LEAD))
        found += led.tiers[0] == ("model 0",)
    return false / repeats, found / repeats, float(np.mean(covered)) if covered else float("nan")


def walk(
    generator: np.random.Generator,
    *,
    num_models: int,
    num_seeds: int,
    num_windows: int,
    horizon: int,
) -> dict[str, list[Predictions]]:
    """Draw one bake-off on a random walk: last_value, and models that add noise to it."""
    steps = generator.normal(size=LOOK_BACK + num_windows + horizon - 1)
    values = np.cumsum(steps)
    now = LOOK_BACK - 1 + np.arange(num_windows)  # the last step that a window sees
    ahead = now[:, None] + 1 + np.arange(horizon)  # (n, S)
    seen = steps[now[:, None] - np.arange(LOOK_BACK)]  # (n, LOOK_BACK)
    hours = np.datetime64("2020-01-01", "us") + now * np.timedelta64(3600, "s")
    period = Period(times=hours, horizon=horizon, std=1.0, seconds=3600.0)

    def forecast(noise: Array) -> Predictions:
        return Predictions(
            target="walk",
            rows=now + 2,
            truth=values[ahead],
            scores=np.repeat((values[now] + noise)[:, None], horizon, axis=1),
            period=period,
        )

    found = {"last_value": [forecast(np.zeros(num_windows))]}
    for number in range(1, num_models):
        own = np.cumsum(generator.normal(size=LOOK_BACK))  # smooth, as what a network learns is
        own /= np.linalg.norm(own)
        weights = own + SEEDS * generator.normal(size=(num_seeds, LOOK_BACK))
        weights *= NOISE / np.linalg.norm(weights, axis=1, keepdims=True)
        found[f"model {number}"] = [forecast(seen @ row) for row in weights]
    return found


def judge_walk(predictions: Mapping[str, list[Predictions]], *, as_rows: bool) -> Judgement:
    """Judge forecasts by stretches of time, or as if windows were independent rows."""
    metric, test = METRICS["scaled_mse"], predictions["last_value"][0]
    rows = Sample(kind="rows", units=np.zeros(len(test), np.int64))
    sample = rows if as_rows else sample_of(metric, test)
    return judge_sample(sample, metric, predictions, seedless=("last_value",), seed=0)


def false_in(judgement: Judgement) -> tuple[bool, bool]:
    """Whether a model is said to beat last_value, and whether one beats its equal."""
    beaten = [pair for pair in judgement.pairs if pair.beats]
    over = any(pair.worse == "last_value" for pair in beaten)
    return over, any("last_value" not in (pair.better, pair.worse) for pair in beaten)


def measure_walks(
    *, repeats: int, num_models: int, num_seeds: int, num_windows: int, horizon: int, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return the shares of false winners over last_value, and of false differences of equals."""
    generator = np.random.default_rng(seed)
    size = {"num_models": num_models, "num_seeds": num_seeds}
    found: dict[str, list[tuple[bool, bool]]] = {"windows as rows": [], "stretches": []}
    for _ in range(repeats):
        drawn = walk(generator, **size, num_windows=num_windows, horizon=horizon)
        for way, told in found.items():
            told.append(false_in(judge_walk(drawn, as_rows=way == "windows as rows")))
    return {way: tuple(np.mean(told, axis=0)) for way, told in found.items()}


def print_walks(options: argparse.Namespace) -> None:
    """Print one line of a Markdown table per way to judge."""
    print(
        f"{options.models} models, {options.seeds} seeds, {options.rows:,} windows of "
        f"{options.horizon} steps of a random walk, {options.repeats} bake-offs\n\n"
        "| judged by | winner over last_value | false difference of equals |\n|---|---|---|"
    )
    shares = measure_walks(
        repeats=options.repeats,
        num_models=options.models,
        num_seeds=options.seeds,
        num_windows=options.rows,
        horizon=options.horizon,
    )
    for way, (over, among) in shares.items():
        print(f"| {way} | {100 * over:.1f} % | {100 * among:.1f} % |")


def main() -> None:
    """Print one line of a Markdown table per cell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"of {', '.join(CELLS)}")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--models", type=int, default=9)
    parser.add_argument("--walk", action="store_true", help="forecasts of a random walk")
    parser.add_argument("--horizon", type=int, default=24)
    options = parser.parse_args()
    if options.walk:
        print_walks(options)
        return
    if unknown := set(options.cells) - set(CELLS):
        parser.error(f"unknown cell {sorted(unknown)[0]!r}; known: {', '.join(CELLS)}")
    print(
        f"{options.models} models, {options.seeds} seeds, {options.rows:,} rows, "
        f"{options.repeats} bake-offs a cell\n\n"
        "| spread over seeds (points) | false difference | leader found | coverage |\n"
        "|---|---|---|---|"
    )
    for cell in options.cells or CELLS:
        shares = measure_cell(
            cell,
            repeats=options.repeats,
            num_models=options.models,
            num_seeds=options.seeds,
            num_rows=options.rows,
        )
        print(
            f"| {cell} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
