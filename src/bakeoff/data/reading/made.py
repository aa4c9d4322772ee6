"""Made sets: data of which it is known what can be learned from them, and what cannot.

sum_sign          sequences of random numbers; the class is the sign of their sum
noise_table       a table, noise_sequences sequences, noise_pictures pictures: the class is drawn by
                  chance, whatever the inputs are, so that an honest verdict finds nothing learned
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bakeoff.data.array import Array

Values = dict[str, Array]


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


def coins(n: int, random: np.random.Generator) -> Array:
    """Return (n,) "heads" or "tails", as often as each other, in random order."""
    return random.permutation(np.resize(["heads", "tails"], n))


MADE: Mapping[str, Callable[[], Values]] = {
    "sum_sign": sum_sign, "noise_table": noise_table,
    "noise_sequences": noise_sequences, "noise_pictures": noise_pictures,
}  # fmt: skip
