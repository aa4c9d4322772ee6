"""Training throughput of our loop, beside the plain notebook loop and the bare step.

    python -m benchmarks.loop [--workloads ffnn,cnn3] [--repeats 30] [--quick]

Three ways train the same page on the same rows with the same batch size, one thread, in turns:

    ours    bakeoff.torch_models.fit.fit, everything that it does between arrays and best weights;
            8 validation rows, so that judging weighs next to nothing
    plain   the notebook loop: DataLoader over a TensorDataset, shuffle, torch.optim.Adam,
            zero_grad, forward, backward, step, loss.item() for each batch
    bare    forward, backward and torch's fused Adam over batches that were cut before the clock
            started, with the memory layout and the allocator's setting of ours

Each way has a process of its own, since ours changes how the allocator works for all of a
process; they take turns, each time in another order. Ratios are taken within a round, then the
median and the quartiles over rounds. The clock is the CPU time of the process: with one thread it
equals the time on the wall of an idle machine, and a busy one disturbs it less.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bakeoff.torch_models.cnn import CNN
from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.lstm import LSTM
from bakeoff.torch_models.memory import keep_memory
from bakeoff.torch_models.mlp import MLP
from bakeoff.torch_models.rnn import RNN
from bakeoff.torch_models.transformer import Transformer
from bakeoff.torch_models.transformer_seq2seq import TransformerSeq2Seq

THREE_KINDS = (
    {"channels": 16},
    {"channels": 32, "pooling": "average"},
    {"channels": 64, "convolution": "dilated", "pooling": "adaptive_max", "pool_size": 4},
)  # the course's network: max, average, then dilated and adaptive pooling


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One page at one size, the shape of a row of x, and how fast it should be."""

    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    classes: int  # 1: binary, 0: a float to regress
    aim: float  # times the plain loop
    rows: int = 2048
    batch_size: int = 32
    epochs: int = 1
    precision: str = "float32"


WORKLOADS = {
    "ffnn": Workload(build=lambda: MLP(20, 1), shape=(20,), classes=1, aim=1.8, epochs=2),
    "rnn": Workload(build=lambda: RNN(20, 1), shape=(10, 20), classes=1, aim=1.3),
    "lstm": Workload(build=lambda: LSTM(20, 1), shape=(10, 20), classes=1, aim=1.3),
    "gru": Workload(build=lambda: GRU(20, 1), shape=(10, 20), classes=1, aim=1.15),
    "birnn": Workload(
        build=lambda: RNN(20, 1, bidirectional=True), shape=(10, 20), classes=1, aim=1.25
    ),
    "nested_rnn": Workload(
        build=lambda: RNN(20, 1, hidden_sizes=(64, 64, 64)), shape=(10, 20), classes=1, aim=1.2
    ),
    "cnn": Workload(
        build=lambda: CNN(1, 28, 10, blocks=THREE_KINDS, head_sizes=(128, 64)),
        shape=(1, 28, 28), classes=10, aim=1.25, rows=1024,
    ),
    "cnn3": Workload(
        build=lambda: CNN(1, 28, 10, blocks=(32, 64, 128), norm="batch", head_sizes=(256,)),
        shape=(1, 28, 28), classes=10, aim=1.4, rows=1024, batch_size=64,
    ),
    "ann784": Workload(
        build=lambda: MLP(784, 10, hidden_sizes=(512, 256), dropout=0.2),
        shape=(784,), classes=10, aim=1.35, batch_size=64,
    ),
    "lstm50": Workload(
        build=lambda: LSTM(1, 2, hidden_sizes=(64, 64)),
        shape=(50, 1), classes=2, aim=1.05, rows=1024, batch_size=64,
    ),
    "lstm96": Workload(
        build=lambda: LSTM(7, 1, hidden_sizes=(32, 32)),
        shape=(96, 7), classes=0, aim=1.05, rows=1024,
    ),
    "tf50": Workload(
        build=lambda: Transformer(1, 2, dropout=0.1),
        shape=(50, 1), classes=2, aim=1.2, rows=1024, batch_size=64,
    ),
    "transformer": Workload(
        build=lambda: TransformerSeq2Seq(20, 1, feedforward_size=2048, dropout=0.1),
        shape=(10, 20), classes=1, aim=1.2, rows=512,
    ),
}  # fmt: skip
for name, aim in {"cnn": 1.8, "cnn3": 2.3, "tf50": 1.2, "transformer": 1.2}.items():
    WORKLOADS[f"{name}_bf16"] = replace(WORKLOADS[name], aim=aim, precision="bfloat16")


def main() -> None:
    """Measure the workloads that were asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="names, with commas")
    parser.add_argument("--repeats", type=int, default=30, help="rounds of ours, plain, bare")
    parser.add_argument("--quick", action="store_true", help="5 rounds: a look, no result")
    given = parser.parse_args()
    names = given.workloads.split(",")
    if unknown := [name for name in names if name not in WORKLOADS]:
        parser.error(f"no workload called {unknown[0]!r}; known: {', '.join(WORKLOADS)}")
    print(f"torch {torch.__version__}, one thread; ratios are medians (quartiles)\n")
    print("| workload | ours ÷ plain | aim | bare ÷ plain | ours ÷ bare | plain, ms a step |")
    print("|---|---|---|---|---|---|")
    for name in names:
        seconds = measure(name, 5 if given.quick else given.repeats)
        print(table_row(name, seconds), flush=True)


def measure(name: str, repeats: int) -> np.ndarray:
    """Return CPU seconds (repeats, 3) of ours, plain and bare, after one round to warm up."""
    ways = (ours, plain, bare)
    pools = [
        ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (1,)) for _ in ways
    ]
    seconds = np.zeros((repeats + 1, len(ways)))
    for i in range(repeats + 1):
        for k in np.roll(range(len(ways)), i):
            seconds[i, k] = pools[k].submit(train, ways[k], name).result()
    for pool in pools:
        pool.shutdown()
    return seconds[1:]


def train(way: Callable[..., float], name: str) -> float:
    """Build the page and the rows of a workload, and train one way: CPU seconds."""
    torch.manual_seed(0)
    work = WORKLOADS[name]
    x = torch.randn(work.rows, *work.shape)
    y = torch.randint(max(work.classes, 2), (work.rows,))
    return way(work, work.build(), x, y if work.classes > 1 else y.float())


def ours(work: Workload, model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Train with fit."""
    names = {0: "mse", 1: "binary_cross_entropy"}
    inputs, targets = {"x": x.numpy()}, y.numpy()
    start = time.process_time()
    fit(
        model,
        inputs,
        targets,
        validation_inputs={"x": inputs["x"][:8]},
        validation_targets=targets[:8],
        loss=names.get(work.classes, "cross_entropy"),
        optimizer="adam",
        weight_decay=0.0,
        batch_size=work.batch_size,
        epochs=work.epochs,
        precision=work.precision,
    )
    return time.process_time() - start


def plain(work: Workload, model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Train as notebooks do."""
    criterion = notebook_loss(work)
    start = time.process_time()
    loader = DataLoader(TensorDataset(x, y), batch_size=work.batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(work.epochs):
        total = 0.0
        for batch, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(batch), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
    return time.process_time() - start


def bare(work: Workload, model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Take the same number of steps on batches that lie ready."""
    keep_memory()
    criterion = notebook_loss(work)
    if x.ndim == 4:
        model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    batches = list(zip(x.split(work.batch_size), y.split(work.batch_size), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    model.train()
    start = time.process_time()
    for _ in range(work.epochs):
        for batch, targets in batches:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=work.precision == "bfloat16"):
                loss = criterion(model(batch), targets)
            loss.backward()
            optimizer.step()
    return time.process_time() - start


def notebook_loss(work: Workload) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss as a function of scores and targets."""
    if work.classes > 1:
        return F.cross_entropy
    loss = F.binary_cross_entropy_with_logits if work.classes else F.mse_loss
    return lambda scores, targets: loss(scores.squeeze(1), targets)


def table_row(name: str, seconds: np.ndarray) -> str:
    """Write one line of the table."""
    work = WORKLOADS[name]
    ours, plain, bare = seconds.T
    cells = [
        name,
        spread(plain / ours),
        f"{work.aim:.2f}",
        spread(plain / bare),
        spread(bare / ours),
        f"{np.median(plain) * 1000 / (work.epochs * -(-work.rows // work.batch_size)):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def spread(ratios: np.ndarray) -> str:
    """Write the median and the quartiles."""
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    main()
