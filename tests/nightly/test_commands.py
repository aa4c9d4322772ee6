"""What a user types on real data of every kind ends with a verdict, in both frameworks.

The data are not part of the project: BAKEOFF_DATA names the folder that holds them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(os.environ.get("BAKEOFF_DATA") or "none")
COMMANDS = {
    "water": "water/water_train.csv --test water/water_test.csv --target Potability",
    "clouds": "clouds/clouds.zip",
    "electricity": (
        "electricity/electricity_train.csv.gz --test electricity/electricity_test.csv.gz "
        "--time timestamp --target consumption --lookback 96 --horizon 1"
    ),
    "ETTh1": "ett/ETTh1.csv.gz --time date --target OT --lookback 96 --horizon 24",
    "vowels": (
        "sequences/japanese_vowels_train.csv.gz --test sequences/japanese_vowels_test.csv.gz "
        "--sequence sample --time t --target speaker"
    ),
    "cifar10": "cifar10",
    "mnist": "mnist",
    "sum_sign": "sum_sign",
}
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not DATA.is_dir(), reason="BAKEOFF_DATA names no folder of data"),
]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_ends_with_a_verdict(name, framework, tmp_path):
    words = [f"{DATA.resolve()}/{word}" if "/" in word else word for word in COMMANDS[name].split()]
    asked = [
        "--framework",
        framework,
        "--epochs",
        "1",
        "--seeds",
        "2",
        "--out",
        str(tmp_path / "r"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "bakeoff", "run", *words, *asked, "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    verdict = json.loads((tmp_path / "r" / "verdict.json").read_text("utf-8"))
    assert verdict["sentence"] in " ".join(done.stdout.split())
