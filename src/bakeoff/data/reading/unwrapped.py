"""Unwrapped: what other libraries wrap a table in, as columns or as (x, y).

a Bunch of scikit-learn      load_iris(): its frame, or a column for each feature, and target
a TensorDataset of torch     (x, y)
a structured NumPy array     a column for each field
a Dataset of Hugging Face    its frame; classes have their names
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bakeoff.data.reading.declared_in_parquet import with_names


def unwrapped(data: Any) -> Any:
    """Return what is within; all else as it is.

    Example:
        >>> rows = np.array([(1, "a"), (2, "b")], dtype=[("size", int), ("kind", "U1")])
        >>> {name: values.tolist() for name, values in unwrapped(rows).items()}
        {'size': [1, 2], 'kind': ['a', 'b']}
    """
    names = getattr(getattr(data, "dtype", None), "names", None)
    if isinstance(data, np.ndarray) and names:
        return {name: data[name] for name in names}
    if type(data).__name__ == "TensorDataset" and len(data.tensors) == 2:
        return tuple(data.tensors)
    if hasattr(data, "to_polars") and hasattr(data, "features"):
        return of_hugging_face(data)
    return of_bunch(data) if is_bunch(data) else data


def of_hugging_face(data: Any) -> Any:
    """Return a data set of the library datasets as a frame, its classes by their names."""
    features = dict(data.features or {})
    classes = {
        name: [str(word) for word in feature.names]
        for name, feature in features.items()
        if type(feature).__name__ == "ClassLabel"
    }
    return with_names(data.to_polars(), classes)


def is_bunch(data: Any) -> bool:
    """Tell whether this is a data set as scikit-learn returns it."""
    return type(data).__name__ == "Bunch" and {"data", "target"} <= set(data)


def of_bunch(bunch: Any) -> Any:
    """Return the columns of a Bunch; a target of class numbers has the names of the classes."""
    values, target = bunch["data"], bunch["target"]
    classes = bunch.get("target_names")
    if hasattr(values, "columns"):
        return values.assign(target=target) if np.ndim(target) == 1 else bunch["frame"]
    features = bunch.get("feature_names")
    flat = np.ndim(target) == 1 and np.ndim(values) == 2
    if not flat or features is None or len(features) != np.shape(values)[1]:
        return values, target
    target = np.asarray(target)
    if classes is not None and target.dtype.kind in "iu" and np.ndim(classes) == 1:
        target = np.asarray(classes)[target]
    return {**dict(zip(map(str, features), np.asarray(values).T, strict=True)), "target": target}
