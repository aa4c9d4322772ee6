"""The vowels, cut into files and put into cells, are what they are as a long table.

The data are not part of the project: BAKEOFF_DATA names the folder that holds them.
"""

import os
from pathlib import Path

import polars as pl
import pytest

import bakeoff

DATA = Path(os.environ.get("BAKEOFF_DATA") or "none").resolve() / "sequences"
PARTS = {part: DATA / f"japanese_vowels_{part}.csv.gz" for part in ("train", "test")}
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not DATA.is_dir(), reason="BAKEOFF_DATA names no folder of data"),
]


def cut(root: Path) -> None:
    """Write the vowels as files of one sequence each, and as tables with columns of lists."""
    for part, path in PARTS.items():
        steps = pl.read_csv(path).sort("sample", "t")
        for (sample, speaker), own in steps.group_by("sample", "speaker", maintain_order=True):
            folder = root / "files" / part / str(speaker)
            folder.mkdir(parents=True, exist_ok=True)
            own.drop("sample", "speaker").write_csv(folder / f"{sample:04d}.csv")
        lists = steps.group_by("sample", "speaker", maintain_order=True).agg(pl.col(r"^c\d+$"))
        lists.write_parquet(root / f"{part}.parquet")


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_vowels_reach_the_same_numbers_in_files_and_in_cells(tmp_path, framework):
    cut(tmp_path)
    target, lists = {"target": "speaker"}, {"test": tmp_path / "test.parquet"}
    given = {
        "long": (PARTS["train"], {**target, "test": PARTS["test"], "sequence": "sample"}),
        "lists": (tmp_path / "train.parquet", {**target, **lists}),
        "files": (tmp_path / "files", {}),
    }
    found = {}
    for name, (data, how) in given.items():
        run = bakeoff.run(
            data,
            time=None if name == "lists" else "t",
            models=("lstm", "linear"),
            framework=framework,
            epochs=2,
            seeds=1,
            out=tmp_path / "runs" / name,
            show="none",
            **how,
        )
        found[name] = run.leaderboard.select("model", "score", "validation").to_dicts()
    assert found["lists"] == found["long"]
    assert found["files"] == found["long"]
