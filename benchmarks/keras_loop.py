"""Training throughput on TensorFlow: our compiled loop, Keras' own `fit`, torch's plain one.

    python -m benchmarks.keras_loop [--workloads ffnn,cnn3] [--repeats 5]

    ours    bakeoff.keras_models.fit.fit, everything between arrays and best weights
    keras   model.compile and model.fit on the same arrays
    plain   the notebook loop of torch on the same page, as in benchmarks.loop

Each way has a process of its own, one thread, in turns. The first epoch, which builds the graph, is
left out and its seconds told apart. Ratios are taken within a round, then the median over rounds.
"""

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

EPOCHS = 16  # so many that recurrent layers have a graph for each number of rows
SIZES: dict[str, tuple[str, dict[str, Any]]] = {  # the pages of benchmarks.loop
    "ffnn": ("mlp", {"in_features": 20, "out_features": 1}),
    "rnn": ("rnn", {"in_features": 20, "out_features": 1}),
    "lstm": ("lstm", {"in_features": 20, "out_features": 1}),
    "gru": ("gru", {"in_features": 20, "out_features": 1}),
    "birnn": ("rnn", {"in_features": 20, "out_features": 1, "bidirectional": True}),
    "nested_rnn": ("rnn", {"in_features": 20, "out_features": 1, "hidden_sizes": (64, 64, 64)}),
    "cnn3": (
        "cnn",
        {
            "in_channels": 1,
            "image_size": 28,
            "out_features": 10,
            "blocks": (32, 64, 128),
            "norm": "batch",
            "head_sizes": (256,),
        },
    ),
    "ann784": (
        "mlp",
        {"in_features": 784, "out_features": 10, "hidden_sizes": (512, 256), "dropout": 0.2},
    ),
    "lstm50": ("lstm", {"in_features": 1, "out_features": 2, "hidden_sizes": (64, 64)}),
    "lstm96": ("lstm", {"in_features": 7, "out_features": 1, "hidden_sizes": (32, 32)}),
    "tf50": ("transformer", {"in_features": 1, "out_features": 2, "dropout": 0.1}),
    "transformer": (
        "transformer_seq2seq",
        {"in_features": 20, "out_features": 1, "feedforward_size": 2048, "dropout": 0.1},
    ),
}


def main() -> None:
    """Measure the workloads that were asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(SIZES), help="names, with commas")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of ours, keras, plain")
    given = parser.parse_args()
    print("| workload | ours ÷ plain | keras ÷ plain | ours ÷ keras | first epoch more, s |")
    print("|---|---|---|---|---|")
    for name in given.workloads.split(","):
        found = measure(name, given.repeats)
        steps = found[:, :, 0]
        ratios = [steps[:, 2] / steps[:, 0], steps[:, 2] / steps[:, 1], steps[:, 1] / steps[:, 0]]
        words = [
            "{:.2f} ({:.2f}-{:.2f})".format(np.median(r), *np.quantile(r, (0.25, 0.75)))
            for r in ratios
        ]
        first = np.median(found[:, :2, 1], axis=0)
        print(f"| {name} | {' | '.join(words)} | {first[0]:.1f}, {first[1]:.1f} |", flush=True)


def measure(name: str, repeats: int) -> np.ndarray:
    """Return CPU seconds (repeats, 3, 2) of a later epoch, and of the first beyond that."""
    ways = (ours, by_keras, plain)
    pools = [ProcessPoolExecutor(1, get_context("spawn"), single) for _ in ways]
    seconds = np.zeros((repeats, len(ways), 2))
    for i in range(repeats):
        for k in np.roll(range(len(ways)), i):
            seconds[i, k] = pools[k].submit(ways[k], name).result()
    for pool in pools:
        pool.shutdown()
    return seconds


def single() -> None:
    """Begin a process of one thread."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    os.environ |= dict.fromkeys(names, "1")


def page_of(name: str) -> tuple[Any, np.ndarray, np.ndarray, str, int]:
    """Return the Keras page, rows in its layout, targets, loss and batch size."""
    from benchmarks.loop import WORKLOADS

    from bakeoff.catalog import find, load

    work = WORKLOADS[name]
    architecture, sizes = SIZES[name]
    rng = np.random.default_rng(0)
    shape = (*work.shape[1:], work.shape[0]) if len(work.shape) == 3 else work.shape
    x = rng.normal(size=(work.rows, *shape)).astype("float32")
    y = rng.integers(0, max(work.classes, 2), work.rows)
    losses = {0: "mse", 1: "binary_cross_entropy"}
    loss = losses.get(work.classes, "cross_entropy")
    targets = y if work.classes > 1 else y.astype("float32")
    page = load(find(architecture), "tensorflow")
    return page(**sizes), x, targets, loss, work.batch_size


def of_epochs(stamps: list[float]) -> tuple[float, float]:
    """Return the seconds of a later epoch, and what the first took beyond that."""
    lasted = np.diff(stamps)
    later = float(np.median(lasted[1:]))
    return later, float(lasted[0] - later)


def ours(name: str) -> tuple[float, float]:
    """Train with our loop."""
    from bakeoff.keras_models.fit import fit

    model, x, y, loss, batch_size = page_of(name)
    stamps = [time.process_time()]
    fit(
        model,
        {"x": x},
        y,
        validation_inputs={"x": x[:8]},
        validation_targets=y[:8],
        loss=loss,
        optimizer="adam",
        weight_decay=0.0,
        batch_size=batch_size,
        epochs=EPOCHS,
        on_epoch=lambda _: stamps.append(time.process_time()),
    )
    return of_epochs(stamps)


def by_keras(name: str) -> tuple[float, float]:
    """Train with Keras' own fit."""
    import keras

    model, x, y, loss, batch_size = page_of(name)
    losses: dict[str, Callable[..., Any]] = {
        "mse": keras.losses.MeanSquaredError(),
        "binary_cross_entropy": keras.losses.BinaryCrossentropy(from_logits=True),
        "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    model.compile(keras.optimizers.Adam(1e-3), losses[loss], jit_compile=False)
    stamps = [time.process_time()]
    stamp = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: stamps.append(time.process_time())
    )
    targets = y[:, None] if loss != "cross_entropy" else y
    model.fit(x, targets, batch_size=batch_size, epochs=EPOCHS, verbose=0, callbacks=[stamp])
    return of_epochs(stamps)


def plain(name: str) -> tuple[float, float]:
    """Train with torch's notebook loop."""
    import torch
    from benchmarks.loop import WORKLOADS
    from benchmarks.loop import plain as notebook

    torch.set_num_threads(1)
    work = WORKLOADS[name]
    x = torch.randn(work.rows, *work.shape)
    y = torch.randint(max(work.classes, 2), (work.rows,))
    y = y if work.classes > 1 else y.float()
    notebook(work, work.build(), x, y)
    return notebook(work, work.build(), x, y) / work.epochs, 0.0


if __name__ == "__main__":
    main()
