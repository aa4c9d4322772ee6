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


TRAIN = """
import json
import numpy as np
from tests.facing.case import Case
from tests.facing.measure import pair
from bakeoff.keras_models.fit import fit
from bakeoff.torch_models.fit import fit as torch_fit

x = np.random.default_rng(0).normal(size=(65, 4)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int64")
found = []
for recipe in ({"accumulate": 3, "average": 0.9}, {"frozen_epochs": 1, "clip_norm": 0.5}):
    page, facing = pair("mlp", Case({"in_features": 4, "out_features": 2}, {}))
    how = {"validation_inputs": {"x": x}, "validation_targets": y, "batch_size": 16, "epochs": 3}
    start = facing.get_weights()
    for _ in range(2):  # the second begins anew with the function that was compiled
        facing.set_weights(start)
        theirs = fit(facing, {"x": x}, y, **how, **recipe)
    ours = torch_fit(page, {"x": x}, y, **how, **recipe)
    keys = ours[0].keys() - {"seconds", "rows_per_second"}
    found.append([[r[key] for r in rows for key in sorted(keys)] for rows in (ours, theirs)])
print(json.dumps(found))
"""


def test_a_training_on_jax_takes_the_path_of_torch():
    answer = subprocess.run(
        [sys.executable, "-c", TRAIN],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    for ours, theirs in json.loads(answer.stdout.splitlines()[-1]):
        assert theirs == pytest.approx(ours, rel=1e-3)
