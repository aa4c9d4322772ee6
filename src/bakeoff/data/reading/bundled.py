"""Small data sets that scikit-learn ships, or that are made here: no download.

What is known of the made ones beforehand:

friedman          y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise of variance 1
sum_sign          sequences of random numbers; the class is the sign of their sum
noise_table       a table, noise_sequences sequences, noise_pictures pictures, noise_both a sequence
                  and a picture for each row: the class is drawn by chance, whatever the inputs are,
                  so that an honest verdict finds nothing learned
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.array import Array

Values = dict[str, Array]

# name -> what is to be predicted
NAMES = {
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "friedman": "y",
    "sum_sign": "sign",
    "noise_table": "y",
    "noise_sequences": "y",
    "noise_pictures": "y",
    "noise_both": "y",
}
STORED = (
    "cifar10",
    "fashion_mnist",
    "imdb",
    "mnist",
)  # read by `named`
SERIES = ("etth1", "ettm1")  # tables that `located` finds
EVERY_NAME = (*NAMES, *STORED, *SERIES)


def load(name: str) -> tuple[dict[str, Any], str, str]:
    """Return a bundled set, the name of its input array ("" for a dict of columns), its target."""
    target = NAMES[name]
    if name in MADE:
        values = MADE[name]()
        return values, "x" if "x" in values else "", target
    from sklearn import datasets

    if name == "friedman":
        x, y = datasets.make_friedman1(2_000, noise=1.0, random_state=0)
        return {**{f"x{i}": values for i, values in enumerate(x.T, 1)}, target: y}, "", target
    data = getattr(datasets, f"load_{name}")()
    if name == "digits":
        return {"x": data.images.astype(np.uint8), "y": data.target}, "image", target
    labels = data.target
    if name != "diabetes":
        labels = data.target_names[labels].astype(object)
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    return {**columns, target: labels}, "", target


def sum_sign(n: int = 1_000, length: int = 12, *, seed: int = 0) -> Values:
    """Return n sequences of normal numbers, and whether each adds up to more than 0.

    Shape:
        x (n, length, 1) float, y (n,) "negative" or "positive"
    """
    x = np.random.default_rng(seed).normal(size=(n, length, 1))
    return {"x": x, "y": np.where(x.sum(axis=(1, 2)) > 0, "positive", "negative")}


def noise_table(n: int = 600, columns: int = 8, *, seed: int = 0) -> Values:
    """Return columns x1, x2, ... of n normal numbers, and y (n,), "heads" or "tails" by chance."""
    random = np.random.default_rng(seed)
    numbers = {f"x{i}": random.normal(size=n) for i in range(1, columns + 1)}
    return {**numbers, "y": coins(n, random)}


def noise_sequences(n: int = 600, length: int = 12, *, seed: int = 0) -> Values:
    """Return n sequences of normal numbers, and y by chance.

    Shape:
        x (n, length, 3) float, y (n,) "heads" or "tails"
    """
    random = np.random.default_rng(seed)
    return {"x": random.normal(size=(n, length, 3)), "y": coins(n, random)}


def noise_pictures(n: int = 600, size: int = 12, *, seed: int = 0) -> Values:
    """Return n pictures of random brightness, and y by chance.

    Shape:
        x (n, size, size) uint8, y (n,) "heads" or "tails"
    """
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (n, size, size), dtype=np.uint8)
    return {"x": pictures, "y": coins(n, random)}


def noise_both(n: int = 600, length: int = 12, size: int = 12, *, seed: int = 0) -> Values:
    """Return n sequences of normal numbers beside n pictures of random brightness, and y by chance.

    Shape:
        series (n, length, 3) float, picture (n, size, size) uint8, y (n,) "heads" or "tails"
    """
    series = noise_sequences(n, length, seed=seed)
    return {
        "series": series["x"],
        "picture": noise_pictures(n, size, seed=seed + 1)["x"],
        "y": series["y"],
    }


def coins(n: int, random: np.random.Generator) -> Array:
    """Return (n,) "heads" or "tails", as often as each other, in random order."""
    return random.permutation(np.resize(["heads", "tails"], n))


MADE: Mapping[str, Callable[[], Values]] = {
    "sum_sign": sum_sign, "noise_table": noise_table,
    "noise_sequences": noise_sequences, "noise_pictures": noise_pictures,
    "noise_both": noise_both,
}  # fmt: skip


def is_bundled(data: object) -> bool:
    """Tell whether this is the name of a bundled set, and not of a file."""
    return isinstance(data, str) and data in NAMES and not Path(data).is_file()
