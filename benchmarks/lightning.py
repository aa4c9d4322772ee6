"""The demo as a whole, timed against what Lightning takes for one seed of its six networks.

python -m benchmarks.lightning [--rounds 3]        (pip install lightning)

The demo makes 30 fits (six networks, five seeds) and three baselines, judges them and writes its
report. Lightning trains the same six pages once each: the same rows, batches of 64, 30 epochs at
most, early stopping after ten without a lower validation loss, the best weights kept. Both are
whole processes, from start to exit, in turns; two cores for either.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

NETWORKS = ("mlp", "cnn", "rnn", "lstm", "gru", "transformer")


def main() -> None:
    """Time both, and print the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--train", action="store_true", help="train with Lightning, in this process"
    )
    given = parser.parse_args()
    if given.train:
        by_lightning()
        return
    seconds = np.array(
        [[timed(words) for words in (ours(), theirs())] for _ in range(given.rounds)]
    )
    for demo, lightning in seconds:
        print(f"demo {demo:.1f} s, Lightning {lightning:.1f} s: {demo / lightning:.2f}")
    print(f"median {np.median(seconds[:, 0] / seconds[:, 1]):.2f}")


def ours() -> list[str]:
    """Return the command of the demo, into a folder of its own."""
    out = Path(tempfile.mkdtemp()) / "demo"
    return [sys.executable, "-m", "bakeoff", "demo", "--quiet", "--out", str(out)]


def theirs() -> list[str]:
    """Return the command that trains with Lightning."""
    return [sys.executable, "-m", "benchmarks.lightning", "--train"]


def timed(words: list[str]) -> float:
    """Return the seconds that a command takes."""
    start = time.perf_counter()
    environment = {key: value for key, value in os.environ.items() if "THREADS" not in key}
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def by_lightning() -> None:
    """Train each network once."""
    import logging
    import warnings

    import lightning as L
    import torch
    from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch.utils.data import DataLoader, TensorDataset

    from bakeoff.catalog import find, load

    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Task(L.LightningModule):
        """One page, cross entropy, AdamW."""

        def __init__(self, page: torch.nn.Module) -> None:
            super().__init__()
            self.page = page

        def step(self, batch: tuple[torch.Tensor, torch.Tensor], name: str) -> torch.Tensor:
            """Return the loss of a batch, and log it."""
            x, y = batch
            scores = self.page(x)
            loss = torch.nn.functional.cross_entropy(scores, y)
            self.log_dict(
                {f"{name}_loss": loss, f"{name}_accuracy": (scores.argmax(1) == y).float().mean()}
            )
            return loss

        def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _: int) -> torch.Tensor:
            """Learn from a batch."""
            return self.step(batch, "train")

        def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], _: int) -> None:
            """Judge a batch."""
            self.step(batch, "val")

        def configure_optimizers(self) -> torch.optim.Optimizer:
            """Return AdamW, as the demo has it."""
            return torch.optim.AdamW(self.parameters(), lr=1e-3)

    digits = load_digits()
    x = ((digits.images - digits.images.mean()) / digits.images.std()).astype("float32")
    train, held = train_test_split(np.arange(len(x)), test_size=0.3, random_state=0)
    held = held[:269]
    shapes = {
        "mlp": ((64,), {"in_features": 64}),
        "cnn": ((1, 8, 8), {"in_channels": 1, "image_size": 8}),
    }
    for name in NETWORKS:
        shape, sizes = shapes.get(name, ((8, 8), {"in_features": 8}))
        rows = torch.from_numpy(x).reshape(len(x), *shape)
        labels = torch.from_numpy(digits.target)
        page = load(find(name), "torch")(**{**sizes, "out_features": 10, **find(name).defaults})
        loaders = [
            DataLoader(
                TensorDataset(rows[part], labels[part]), batch_size=64, shuffle=part is train
            )
            for part in (train, held)
        ]
        with tempfile.TemporaryDirectory() as folder:
            trainer = L.Trainer(
                max_epochs=30,
                accelerator="cpu",
                default_root_dir=folder,
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                callbacks=[
                    EarlyStopping("val_loss", patience=10),
                    ModelCheckpoint(folder, monitor="val_loss"),
                ],
            )
            trainer.fit(Task(page), *loaders)
            trainer.validate(Task(page), loaders[1], ckpt_path="best", verbose=False)


if __name__ == "__main__":
    main()
