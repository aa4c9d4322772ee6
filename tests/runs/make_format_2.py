"""Make the stored run of format 2 anew: `python -m tests.runs.make_format_2`.

It stands in `format_2/` so that every later version can be seen to open it. Make it anew only while
the format is not yet released; afterwards it stays as it is, and a new format gets a folder of its
own beside it.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import polars as pl

import bakeoff
from tests.small import INPUTS, table

PLACE = Path(__file__).parent / "format_2"
MODELS: dict[str, dict[str, int]] = {
    "constant": {},
    "linear": {},
    "boosting": {"max_iterations": 5},
    "mlp": {},
}
NEW_ROWS = 8
PRIVATE = {"command": ["bakeoff", "run", "people.csv"], "system": "Linux x86_64"}


def main() -> None:
    """Run a small table, keep the run, and what it predicts for a few new rows."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("people.csv").write_text(table(), "utf-8")
        run = bakeoff.run(
            "people.csv",
            "answer",
            inputs=INPUTS,
            models=MODELS,
            seeds=1,
            epochs=2,
            jobs=1,
            out="run",
            show="none",
        )
        new = pl.read_csv("people.csv").head(NEW_ROWS).select(INPUTS)
        new.write_csv(PLACE / "new.csv")
        frames = [
            run.model(name).predict(new).select(pl.lit(name).alias("model"), pl.all())
            for name in MODELS
        ]
        pl.concat(frames).write_csv(PLACE / "predicted.csv")
        shutil.copytree("run", PLACE / "run")
    path = PLACE / "run" / "environment.json"
    environment = {**json.loads(path.read_text("utf-8")), **PRIVATE}
    path.write_text(json.dumps(environment, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
