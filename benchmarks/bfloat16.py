"""Does a training in bfloat16 end where one in float32 does? Written into docs/benchmarks.md.

python -m benchmarks.bfloat16

Each architecture is trained in both on the bundled digits (8 × 8; as a picture, a sequence or a
vector), with the same seeds; what is compared is the accuracy on the test rows, by the verdict's
own interval of the difference. An architecture whose interval holds 0 and whose difference is at
most half a point is listed in `train/faster_precision.py`, and only those are tried by
`precision=auto`.
"""

import json
import tempfile
from pathlib import Path

import bakeoff
from bakeoff.train.machine import this_machine

NAMES = ("mlp", "cnn", "resnet", "vit", "rnn", "lstm", "gru", "cnn1d", "tcn", "transformer",
         "lstm_attention")  # fmt: skip
SEEDS = 5


def main() -> None:
    """Train and print the table."""
    print(f"{this_machine().processor}, {SEEDS} seeds\n")
    print(
        "| architecture | float32 | bfloat16 | difference | 95 % interval |\n|---|---|---|---|---|"
    )
    for name in NAMES:
        models = {name: {}, f"{name}_bf16": {"architecture": name, "precision": "bfloat16"}}
        with tempfile.TemporaryDirectory() as folder:
            run = bakeoff.run(
                "digits", models=models, seeds=SEEDS, epochs=40, out=Path(folder) / "r", show="none"
            )
            scores = dict(run.leaderboard.select("model", "score").iter_rows())
            [pair] = json.loads((run.folder / "verdict.json").read_text("utf-8"))["pairs"]
        sign = 1 if pair["better"] == f"{name}_bf16" else -1
        low, high = sorted(100 * sign * pair[key] for key in ("low", "high"))
        one, two = scores[name], scores[f"{name}_bf16"]
        print(
            f"| {name} | {one:.4f} | {two:.4f} | {100 * (two - one):+.2f} points "
            f"| {low:+.2f} to {high:+.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
