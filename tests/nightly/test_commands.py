"""What a user types on real data of every kind ends with a verdict, in both frameworks.

The data are not part of the project: BAKEOFF_DATA names the folder that holds them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data_folder import COMMANDS

DATA = Path(os.environ.get("BAKEOFF_DATA") or "none")
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not DATA.is_dir(), reason="BAKEOFF_DATA names no folder of data"),
]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_ends_with_a_verdict(name, framework, tmp_path):
    words = [
        f"{DATA.resolve()}/{word}"
        if "/" in word and not word.startswith(("./", "group:"))
        else word
        for word in COMMANDS[name].split()
    ]
    if name in ("two", "pairs"):
        script = Path(__file__).parents[2] / "examples" / "make_data.py"
        file = COMMANDS[name].split()[0]
        subprocess.run([sys.executable, script, file], cwd=tmp_path, check=True)
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
