"""Small data sets that scikit-learn ships or makes: no download."""

from __future__ import annotations

from typing import Any

import numpy as np

# name -> what is to be predicted
NAMES = {
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "friedman": "y",
}
STORED = ("cifar10", "fashion_mnist", "mnist")  # read by `named` from files of the user's own


def load(name: str) -> tuple[dict[str, Any], str, str]:
    """Return a bundled set, the name of its input array ("" for a dict of columns), its target."""
    from sklearn import datasets

    target = NAMES[name]
    if name == "friedman":  # y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise
        x, y = datasets.make_friedman1(2_000, noise=1.0, random_state=0)
        return {**{f"x{i}": values for i, values in enumerate(x.T, 1)}, target: y}, "", target
    data = getattr(datasets, f"load_{name}")()
    if name == "digits":
        return {"x": data.images.astype(np.uint8), "y": data.target}, "image", target
    values = data.target
    if name != "diabetes":
        values = data.target_names[values].astype(object)
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    return {**columns, target: values}, "", target
