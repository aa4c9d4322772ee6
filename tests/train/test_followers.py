"""Two processes train one network as one would, with the same rows in every batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.train.weights import read_weights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no torchrun with gloo there")

# a port of its own: several tests run at once
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
STEPS = """
import json, os, sys
import numpy as np
import torch
from torch import nn
from bakeoff.torch_models import ranks
from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.mlp import MLP

torch.distributed.init_process_group("gloo")
x = np.random.default_rng(0).normal(size=(61, 4))
y = (x[:, 0] + x[:, 1] > 0).astype("int64")
recipes = [{"optimizer": "sgd"}, {"accumulate": 3, "class_weights": (1.0, 3.0)}, {"mixup": 0.3},
           {"l2": 0.01, "clip_norm": 0.1}, {"average": 0.9, "frozen_epochs": 1}, {"batch_size": 20},
           {"optimizer": "muon", "l1": 0.01, "accumulate": 2}, {"optimizer": "schedule_free"}]
for recipe in recipes:
    found = []
    for together, room in ((False, 0), (True, 1e9), (True, 0)):
        torch.manual_seed(3)
        model = MLP(4, 2, hidden_sizes=(8, 8)).double()
        settings = {"validation_inputs": {"x": x}, "validation_targets": y, "batch_size": 10,
                    "epochs": 4, "lr": 0.02, **recipe}
        if together:
            with ranks.together(room=room):
                fit(model, {"x": x}, y, **settings)
        else:
            fit(model, {"x": x}, y, **settings)
        found.append(torch.cat([w.detach().reshape(-1) for w in model.parameters()]))
    far = [(found[0] - other).abs().max().item() for other in found[1:]]
    if torch.distributed.get_rank() == 0:
        print(json.dumps([str(recipe), max(far)]))
torch.distributed.barrier()
torch.distributed.destroy_process_group()
sys.stdout.flush()
os._exit(0)  # as followers end
"""


def torchrun(words: list[str], place: Path, **environment: str) -> str:
    ran = subprocess.run(
        [*TORCHRUN, *words],
        cwd=place, capture_output=True, encoding="utf-8", timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_steps_of_two_processes_are_those_of_one_whatever_the_recipe(tmp_path):
    """Each with all weights, and each with a share of them."""
    script = tmp_path / "steps.py"
    script.write_text(STEPS, "utf-8")
    found = [json.loads(line) for line in torchrun([str(script)], tmp_path).splitlines()]
    assert len(found) == 8
    for recipe, far in found:
        assert far < 1e-6, recipe


@pytest.mark.parametrize("shares", [0, 2])
def test_a_run_of_two_processes_is_that_of_one(tmp_path, shares):
    words = (
        "run wine --models mlp,linear --set mlp.hidden_sizes=[8] --set mlp.dropout=0 --seeds 2 "
        "--epochs 12 --quiet --out two"
    )
    often = {"BAKEOFF_CHECKPOINT_SECONDS": "0"}
    often |= {"BAKEOFF_SHARD_ABOVE": "0"} if shares else {}
    torchrun(["-m", "bakeoff", *words.split()], tmp_path, **often)
    two = bakeoff.open_run(tmp_path / "two")
    one = bakeoff.run(
        "wine", models={"mlp": {"hidden_sizes": [8], "dropout": 0.0}, "linear": {}}, seeds=2,
        epochs=12, out=tmp_path / "one", show="none",
    )  # fmt: skip
    assert two.leaderboard["score"].to_list() == pytest.approx(one.leaderboard["score"].to_list())
    for seed in (0, 1):
        place = Path("fits", "mlp", f"torch-0-{seed}")
        assert json.loads((two.folder / place / "fit.json").read_text()).get("sharded", 0) == shares
        ours, theirs = (read_weights(run.folder / place / "weights.safetensors")
                        for run in (one, two))  # fmt: skip
        assert all(np.abs(ours[name] - theirs[name]).max() < 1e-4 for name in ours)
        ours, theirs = (pl.read_parquet(run.folder / place / "history.parquet")
                        for run in (one, two))  # fmt: skip
        for column in ("train_loss", "train_metric", "validation_loss", "gradient_norm"):
            np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-3)


def test_what_is_wrong_is_said_once_and_ends_all(tmp_path):
    ran = subprocess.run(
        [*TORCHRUN, "-m", "bakeoff", "run", "wine", "--models", "mpl"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode != 0
    assert ran.stderr.count("Did you mean 'mlp'") == 1
