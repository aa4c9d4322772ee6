"""A page of which each of two processes holds a share learns and scores as it does whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
PROGRAM = """
import json, os, sys
import torch
from bakeoff.torch_models.faster import faster
from bakeoff.torch_models.optimizers import Optimizer
from bakeoff.torch_models.sharded import is_share, sharded, whole_again
from tests.facing.case import build, draw, leaves, tensors, without_dropout
from tests.facing.cases import CASES

def taught(name, case, parted):
    torch.manual_seed(3)
    page = build(name, case, "torch").train()
    inputs = tensors(draw(case))
    model = sharded(page, torch.device("cpu")) if parted else page
    assert parted == all(map(is_share, model.parameters()))
    optimizer = Optimizer(model, "momentum")
    with faster(model):
        for _ in range(3):
            sum(part.square().mean() for part in leaves(model(**inputs))).backward()
            optimizer.step(0.01)
    model.eval()
    with torch.inference_mode():
        scores = leaves(model(**inputs))
    if parted:
        whole_again(page, model)
    return [*page.state_dict().values(), *scores]

def apart(one, other):
    return ((one - other).abs().max() / (1 + one.abs().max())).item()

torch.distributed.init_process_group("gloo")
first = dict(reversed(CASES))
cases = CASES if sys.argv[1] == "all" else first.items()
for name, case in cases:
    case = without_dropout(name, case)
    ends = zip(taught(name, case, False), taught(name, case, True), strict=True)
    far = max(apart(one.double(), other.double()) for one, other in ends)
    if torch.distributed.get_rank() == 0:
        print(json.dumps([name, str(case), far]), flush=True)
torch.distributed.barrier()
torch.distributed.destroy_process_group()
sys.stdout.flush()
os._exit(0)  # as followers end
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no torchrun with gloo there")
@pytest.mark.parametrize("which", ["first", pytest.param("all", marks=pytest.mark.nightly)])
def test_a_page_in_shares_learns_and_scores_as_it_does_whole(which: str, tmp_path: Path):
    program = tmp_path / "shares.py"
    program.write_text(PROGRAM, "utf-8")
    ran = subprocess.run(
        [*TORCHRUN, program, which],
        cwd=Path(__file__).parents[2], capture_output=True, encoding="utf-8", timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(found) > 20
    assert [case for case in found if not case[2] < 1e-5] == []
