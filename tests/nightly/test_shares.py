"""A network in shares takes less memory: a hundred megabytes of weights, so by night."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc"),
]
PROGRAM = """
import json, os, sys
from pathlib import Path
import numpy as np
import torch
from bakeoff.torch_models import ranks
from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.mlp import MLP

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

torch.distributed.init_process_group("gloo")
x = np.random.default_rng(0).normal(size=(64, 50)).astype("float32")
y = (x[:, 0] > 0).astype("int64")
before = peak()
model = MLP(50, 2, hidden_sizes=(3500,) * 4)
size = sum(weight.numel() * weight.element_size() for weight in model.parameters())
with ranks.together(room=float(sys.argv[1])):
    fit(model, {"x": x}, y, validation_inputs={"x": x}, validation_targets=y, epochs=2)
if torch.distributed.get_rank() == 0:
    print(json.dumps((peak() - before) / size), flush=True)
torch.distributed.barrier()
os._exit(0)
"""


def test_each_of_two_processes_needs_less_memory_for_its_share(tmp_path):
    program = tmp_path / "memory.py"
    program.write_text(PROGRAM, "utf-8")
    times = [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "torch.distributed.run", "--standalone",
                 "--nproc-per-node", "2", program, room],
                capture_output=True, encoding="utf-8", timeout=300, check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            ).stdout
        )
        for room in ("1e15", "0")
    ]  # fmt: skip
    whole, share = times
    assert share < 0.75 * whole, times
