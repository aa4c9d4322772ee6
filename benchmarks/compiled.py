"""Does torch.compile repay itself on a CPU? A training step as ours is, and the same compiled.

    python -m benchmarks.compiled [--workloads ffnn,cnn3] [--rounds 5]

Both take the workloads of `benchmarks.loop` on batches that lie ready, one thread, in turns, each
workload in a process of its own. As it is: forward and backward with our recurrent layers, torch's
fused Adam. Compiled: forward and backward through inductor, alone, and with the update compiled as
well. A C++ compiler must be there. Ratios above 1 say that the compiled step is faster.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from benchmarks.loop import WORKLOADS, notebook_loss
from torch import Tensor, nn

from bakeoff.torch_models.faster import faster
from bakeoff.torch_models.fit import lay_out, layouts_of
from bakeoff.torch_models.memory import keep_memory

NAMES = ("ffnn", "rnn", "gru", "birnn", "ann784", "cnn", "cnn3", "lstm96", "tf50", "transformer")
MOST_STEPS = 40  # of a round


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workloads", default=",".join(NAMES), help="names, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("| workload | as it is, ms | compiled | update compiled as well | to compile, s |")
    print("|---|---|---|---|---|")
    for name in given.workloads.split(","):
        with ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            print(pool.submit(measure, name, given.rounds).result(), flush=True)


def measure(name: str, rounds: int) -> str:
    """Return the line of a workload."""
    keep_memory()
    ways = [step_of(name, compiled=compiled) for compiled in ((), ("loss",), ("loss", "update"))]
    begun = time.perf_counter()
    ways[1]()
    first = time.perf_counter() - begun
    seconds = np.array([[way() for way in ways] for _ in range(rounds + 1)])[1:]
    ratios = seconds[:, :1] / seconds[:, 1:]
    told = [
        f"{middle:.2f} ({low:.2f}–{high:.2f})"
        for middle, low, high in np.quantile(ratios, (0.5, 0.25, 0.75), axis=0).T
    ]
    milliseconds = 1000 * np.median(seconds[:, 0])
    return f"| {name} | {milliseconds:.2f} | {' | '.join(told)} | {first:.1f} |"


def step_of(name: str, *, compiled: tuple[str, ...]) -> Callable[[], float]:
    """Return what trains a model for a round, and returns the seconds of a step."""
    torch.manual_seed(0)
    work = WORKLOADS[name]
    model, criterion = work.build().train(), notebook_loss(work)
    layouts = layouts_of(model)
    lay_out(model, layouts)
    x = torch.randn(work.rows, *work.shape)
    x = x.contiguous(memory_format=layouts.get(x.ndim, torch.contiguous_format))
    y = torch.randint(max(work.classes, 2), (work.rows,))
    y = y if work.classes > 1 else y.float()
    whole = work.rows // work.batch_size * work.batch_size  # one size: nothing is compiled twice
    parts = (part[:whole].split(work.batch_size) for part in (x, y))
    batches = list(zip(*parts, strict=True))[:MOST_STEPS]
    update = "update" in compiled
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=not update)
    loss = losses_of(model, criterion)
    move = optimizer.step
    if compiled:
        loss = torch.compile(loss, dynamic=False)
    if update:
        move = torch.compile(move)

    def steps() -> float:
        begun = time.perf_counter()
        for batch, targets in batches:
            optimizer.zero_grad()
            loss(batch, targets).backward()
            move()
        return (time.perf_counter() - begun) / len(batches)

    def ours() -> float:
        with faster(model):
            return steps()

    return steps if compiled else ours


def losses_of(
    model: nn.Module, criterion: Callable[[Tensor, Tensor], Tensor]
) -> Callable[..., Tensor]:
    """Return the loss of a batch as one function."""

    def loss(batch: Tensor, targets: Tensor) -> Tensor:
        return criterion(model(batch), targets)

    return loss


if __name__ == "__main__":
    main()
