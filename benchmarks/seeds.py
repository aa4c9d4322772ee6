"""Ten seeds of one network on two cores, in units of one fit.

    python -m benchmarks.seeds [--rounds 7]

Two ways, in turns: two processes with a stack of five each, as a run trains small networks, and two
processes with five fits each, one after the other. One fit has a process to itself. Rows, sizes and
batches are those of `benchmarks.loop`. Quartiles are over rounds; the clock is that on the wall,
since two cores are what is asked about: close what else runs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from torch import nn

from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.fit_stacked import fit_stacked
from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.mlp import MLP
from bakeoff.torch_models.rnn import RNN

WORKLOADS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], float]] = {
    "ffnn": (partial(MLP, 20, 1), (20,), 2.0),
    "rnn": (partial(RNN, 20, 1), (10, 20), 3.6),
    "gru": (partial(GRU, 20, 1), (10, 20), 3.8),
}
ROWS, RECIPE = 2048, {"loss": "binary_cross_entropy", "batch_size": 32, "epochs": 4, "patience": 0}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    halves = [[*range(5)], [*range(5, 10)]]
    print("| workload | ten seeds, stacked | ten seeds, alone | aim |\n|---|---|---|---|")
    pool = ProcessPoolExecutor(2, get_context("spawn"), torch.set_num_threads, (1,))
    with pool:
        for name, (_, _, aim) in WORKLOADS.items():
            found = []
            for _ in range(rounds + 1):
                one = wall(pool, name, [[0]], stacked=False)
                found.append([wall(pool, name, halves, stacked=way) / one for way in (True, False)])
            both = np.quantile(found[1:], (0.5, 0.25, 0.75), axis=0).T
            told = [f"{middle:.2f} ({low:.2f}–{high:.2f})" for middle, low, high in both]
            print(f"| {name} | {' | '.join(told)} | {aim} |", flush=True)


def wall(
    pool: ProcessPoolExecutor, name: str, seeds: Sequence[Sequence[int]], *, stacked: bool
) -> float:
    """Return the seconds until every process has trained its seeds."""
    start = time.perf_counter()
    list(pool.map(partial(train, name, stacked=stacked), seeds))
    return time.perf_counter() - start


def train(name: str, seeds: Sequence[int], *, stacked: bool) -> None:
    """Train some seeds of a workload."""
    build, shape, _ = WORKLOADS[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, *shape)).astype(np.float32)
    y = (rng.random(ROWS) > 0.5).astype(np.float32)
    judged = {"validation_inputs": {"x": x[:8]}, "validation_targets": y[:8]}
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(build())
    if stacked:
        fit_stacked(models, {"x": x}, y, **judged, **RECIPE, seeds=seeds)
        return
    for model, seed in zip(models, seeds, strict=True):
        fit(model, {"x": x}, y, **judged, **RECIPE, seed=seed)


if __name__ == "__main__":
    main()
