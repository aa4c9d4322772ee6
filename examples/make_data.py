"""Make data sets of several inputs to try bakeoff on.

python examples/make_data.py two.npz          a series and a picture; the class needs both
python examples/make_data.py noise.npz        the same, but the picture says nothing
python examples/make_data.py pairs.tsv        English and German captions, of multi30k

    bakeoff run two.npz --inputs series,picture --target label
    bakeoff run pairs.tsv --inputs english --target german

The captions stand below the folder BAKEOFF_DATA: multi30k/train.en.gz, train.de.gz.
"""

import gzip
import os
import sys
from pathlib import Path

import numpy as np

ROWS = 1200
STEPS = 24
SIDE = 16
PAIRS = 29_000


def two_inputs(rows: int, *, picture_says: bool, seed: int = 0) -> dict[str, np.ndarray]:
    """Return a slow or a fast wave, a lying or a standing bar, and which of the four they are.

    Args:
        rows: N
        picture_says: Whether the bar has to do with the label; else it is drawn anew.
        seed: Of what is drawn.

    Returns:
        series (N, 24, 1) float32, picture (N, 16, 16) uint8, label (N,) str.
    """
    random = np.random.default_rng(seed)
    fast, standing = random.integers(0, 2, (2, rows))
    time = np.arange(STEPS) / STEPS
    turns = np.where(fast, 3, 2)[:, None] * time + random.uniform(size=(rows, 1))
    series = np.sin(2 * np.pi * turns) + random.normal(0, 0.5, (rows, STEPS))
    shown = standing if picture_says else random.integers(0, 2, rows)
    picture = random.normal(80, 30, (rows, SIDE, SIDE))
    at = random.integers(3, SIDE - 3, rows)
    for i in range(rows):
        bar = picture[i].T if shown[i] else picture[i]
        bar[at[i], 3:-3] += 90
    speeds, ways = np.array(["slow", "fast"]), np.array(["lying", "standing"])
    label = speeds[fast]
    if picture_says:
        label = np.char.add(np.char.add(label, "-"), ways[standing])
    return {
        "series": series[..., None].astype(np.float32),
        "picture": picture.clip(0, 255).astype(np.uint8),
        "label": label,
    }


def pairs(folder: Path) -> str:
    """Return a table of English and German captions, separated by a tab, nothing in quotes."""
    texts = [
        gzip.decompress((folder / f"train.{language}.gz").read_bytes()).decode("utf-8").splitlines()
        for language in ("en", "de")
    ]
    lines = ["\t".join(pair) for pair in zip(*texts, strict=True) if "\t" not in "".join(pair)]
    return "\n".join(["english\tgerman", *lines[:PAIRS]]) + "\n"


def main(path: Path) -> None:
    """Write the data set that a file is named after."""
    if path.suffix == ".npz":
        np.savez(path, **two_inputs(ROWS, picture_says=path.stem != "noise"))
    else:
        text = pairs(Path(os.environ.get("BAKEOFF_DATA", ".")) / "multi30k")
        path.write_text(text, "utf-8", newline="\n")
    print(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
