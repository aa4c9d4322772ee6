"""Small real data sets that scikit-learn ships: no download."""

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
}


def load(name: str) -> tuple[dict[str, Any], str, str]:
    """Return a bundled set, the name of its input array ("" for a dict of columns), its target."""
    from sklearn import datasets

    target = NAMES[name]
    data = getattr(datasets, f"load_{name}")()
    if name == "digits":
        return {"x": data.images.astype(np.uint8), "y": data.target}, "image", target
    values = data.target
    if name != "diabetes":
        values = data.target_names[values].astype(object)
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    return {**columns, target: values}, "", target
