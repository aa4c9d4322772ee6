"""Small data sets that scikit-learn ships, or that are made here: no download."""

from __future__ import annotations

from typing import Any

import numpy as np

from bakeoff.data.reading.made import MADE

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
}


def load(name: str) -> tuple[dict[str, Any], str, str]:
    """Return a bundled set, the name of its input array ("" for a dict of columns), its target."""
    target = NAMES[name]
    if name in MADE:
        values = MADE[name]()
        return values, "x" if "x" in values else "", target
    from sklearn import datasets

    if name == "friedman":  # y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise
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
