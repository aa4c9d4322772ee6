"""Small data sets of every kind, and their preparation."""

import numpy as np

from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split

RANDOM = np.random.default_rng(0)
N = 120


def mixed_table():
    number = RANDOM.normal(size=N) * 7 + 3
    number[::6] = np.nan
    return {
        "number": number,
        "flag": ["yes" if i % 3 else "no" for i in range(N)],
        "word": ["u", "v", "w", None][:] * (N // 4),
        "when": np.datetime64("2019-03-01T05:30") + np.arange(N).astype("timedelta64[D]") * 9,
        "y": RANDOM.integers(0, 2, N),
    }


def prepared(data, **options):
    dataset = read(data, **options)
    split = make_split(dataset)
    return dataset, split, fit_preparation(dataset, split)


GIVEN = {
    "table": mixed_table(),
    "block": (RANDOM.normal(size=(N, 5)), RANDOM.normal(size=N)),
    "image": (RANDOM.integers(0, 255, (N, 8, 6, 3)).astype(np.uint8), np.arange(N) % 3),
    "sequence": (RANDOM.normal(size=(N, 7, 2)), np.arange(N) % 3),
    "lengths": {
        "x": RANDOM.normal(size=(N, 7, 2)),
        "y": np.arange(N) % 3,
        "x_lengths": RANDOM.integers(1, 8, N),
    },
    "volume": (RANDOM.normal(size=(N, 4, 8, 6, 1)), np.arange(N) % 3),
}
TARGET = {"table": "y"}
