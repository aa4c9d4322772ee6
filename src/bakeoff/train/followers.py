"""Followers: processes that train one network together with the worker of a run.

`torchrun --nproc-per-node 2 -m bakeoff run ... --models NAME` starts the program several times. The
first is the run, with one worker; the others follow this worker: it tells them each fit, and they
train it with their share of every batch.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bakeoff.train.build_network import train_network
from bakeoff.train.checkpoint import Checkpoint
from bakeoff.train.job import Job
from bakeoff.train.shared_data import SharedData

Trained = TypeVar("Trained")
BACKENDS = "cpu:gloo,cuda:nccl"


def follow() -> None:
    """Train with the worker of the run whatever it trains, until it has ended."""
    import torch

    from bakeoff.torch_models import ranks

    join()
    while True:
        try:
            request = json.loads(ranks.receive())
        except RuntimeError:  # the worker has ended, and with it the run
            torch.distributed.destroy_process_group()
            return
        job = Job(**request["job"])
        shared = SharedData(Path(request["folder"]))
        try:
            with ranks.together():
                train_network(job, shared, Checkpoint(Path(request["checkpoint"]), job), None)
        except FloatingPointError:
            continue  # the worker reports it


def num_ranks() -> int:
    """Return how many processes were started for one network; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "MASTER_ADDR" in os.environ else 1


def rank() -> int:
    """Return the number of this process among them."""
    return int(os.environ.get("RANK", "0")) if num_ranks() > 1 else 0


def join() -> None:
    """Meet the other processes."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    backend = BACKENDS if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend)


def lead(
    job: Job, shared: SharedData, checkpoint: Checkpoint, train: Callable[[], Trained]
) -> Trained:
    """Train a network together with those that follow.

    Args:
        job: What is trained.
        shared: The data, in a folder that all of them see.
        checkpoint: From which all of them go on, where there is one.
        train: Trains it.
    """
    from bakeoff.torch_models import ranks
    from bakeoff.train.workers import as_json

    places = {"folder": str(shared.folder), "checkpoint": str(checkpoint.path)}
    ranks.send(json.dumps({"job": as_json(job), **places}))
    with ranks.together():
        return train()
