"""Followers: processes that train one network together with the worker of a run.

`torchrun --nproc-per-node 2 -m bakeoff run ... --models NAME` starts the program several times. The
first is the run, with one worker; the others follow this worker: it tells them each fit, and they
train it with their share of every batch.
"""

import json
import math
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, TypeVar

from bakeoff.errors import DataError
from bakeoff.train.build_network import train_network
from bakeoff.train.checkpoint import Checkpoint
from bakeoff.train.job import Job
from bakeoff.train.machine import this_machine
from bakeoff.train.out_of_memory import out_of_memory
from bakeoff.train.probe_network import probe_network
from bakeoff.train.shared_data import SharedData

Trained = TypeVar("Trained")
SAME_IN_ALL = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)
LONGEST = timedelta(days=7)  # followers wait while a baseline is fitted; a death is noticed at once
MEBIBYTE = 2**20
ENVIRONMENT = (
    "BAKEOFF_SHARD_ABOVE"  # MiB of weights, gradients and so on, from which they are shared
)
BACKENDS = "cpu:gloo,cuda:nccl"


def follow() -> NoReturn:
    """Train with the worker of the run whatever it trains, and end when it has ended."""
    import torch

    from bakeoff.torch_models import ranks

    join()
    while True:
        try:
            request = json.loads(ranks.receive())
        except RuntimeError:  # the worker has ended, and with it the run
            torch.distributed.destroy_process_group()
            os._exit(0)  # an orderly end runs into threads of torch now and then, and aborts
        job = Job(**request["job"])
        shared = SharedData(Path(request["folder"]))
        try:
            with ranks.together(room=request["room"]):
                if request["checkpoint"]:
                    checkpoint = Checkpoint(Path(request["checkpoint"]), job)
                    train_network(job, shared, checkpoint, None)
                else:
                    probe_network(job, shared)
        except SAME_IN_ALL as error:
            if out_of_memory(error) or isinstance(error, DataError):
                raise  # here alone, as where this machine does not see the files
            continue  # the worker has it, too, and reports it


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
    torch.distributed.init_process_group(backend, timeout=LONGEST)


def lead(
    job: Job, shared: SharedData, checkpoint: Checkpoint | None, train: Callable[[], Trained]
) -> tuple[Trained, int]:
    """Train a network together with those that follow; alone, where nobody does.

    Args:
        job: What is trained.
        shared: The data, in a folder that all of them see.
        checkpoint: From which all of them go on, where there is one; None: they probe.
        train: Trains it.

    Returns:
        What that returns; in how many shares the weights were, 0 if each process had them all.
    """
    if job.framework != "torch" or num_ranks() == 1:
        return train(), 0
    from bakeoff.torch_models import ranks
    from bakeoff.train.workers import as_json

    places = {
        "folder": str(shared.folder),
        "checkpoint": str(checkpoint.path) if checkpoint else "",
    }
    room = room_of_weights(job.device)
    ranks.send(json.dumps({"job": as_json(job), "room": room, **places}))
    with ranks.together(room=room):
        trained = train()
        return trained, ranks.ranks().size if ranks.ranks().sharded else 0


def room_of_weights(device: str) -> float:
    """Return the bytes that a process has for weights and what is kept beside them.

    Half of the memory of its GPU, or of its part of the machine; the rest is for a step.

    Raises:
        ValueError: The environment says otherwise, and not as a number.
    """
    asked = os.environ.get(ENVIRONMENT)
    if asked is not None:
        try:
            return float(asked) * MEBIBYTE
        except ValueError:
            raise ValueError(f"{ENVIRONMENT}={asked} must be a number of MiB.") from None
    if device == "cuda":
        import torch

        return torch.cuda.get_device_properties(0).total_memory / 2
    there = this_machine().memory or math.inf
    return there / int(os.environ.get("LOCAL_WORLD_SIZE", "1")) / 2
