"""What a run lets its workers see, written to a folder: never the targets of test rows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write_material(
    folder: Path,
    *,
    views: Mapping[str, tuple[Mapping[str, np.ndarray], Mapping[str, Any]]],
    targets: np.ndarray,
    rows: Mapping[str, np.ndarray],
) -> None:
    """Write views, sizes, targets and row numbers as `.npy` and JSON.

    Args:
        folder: An empty, temporary folder.
        views: Name -> (argument name -> array of all rows, sizes that follow from the data).
        targets: Encoded targets of all rows; those of the test rows are blanked here.
        rows: "train", "validation", "test" -> row numbers.
    """
    for name, (inputs, _) in views.items():
        (folder / name).mkdir()
        for argument, array in inputs.items():
            np.save(folder / name / f"{argument}.npy", array)
    sizes = {name: dict(sizes) for name, (_, sizes) in views.items()}
    (folder / "sizes.json").write_text(json.dumps(sizes), "utf-8")
    sealed = targets.astype(np.float64)
    sealed[rows["test"]] = np.nan
    np.save(folder / "targets.npy", sealed)
    for part, numbers in rows.items():
        np.save(folder / f"{part}.npy", numbers)
