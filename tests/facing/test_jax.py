"""The same Keras pages on JAX: three of them, in a process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="needs pip install 'bakeoff[jax]'")


def test_three_pages_agree_with_torch_on_jax_too():
    answer = subprocess.run(
        [sys.executable, "-m", "tests.facing.measure", "--default", "mlp", "lstm", "cnn"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    measured = json.loads(answer.stdout.splitlines()[-1])
    assert {name for name, *_ in measured} == {"mlp", "lstm", "cnn"}
    for name, case, outputs, step in measured:
        assert outputs <= 1e-5, (name, case)
        assert step <= 1e-4, (name, case)
