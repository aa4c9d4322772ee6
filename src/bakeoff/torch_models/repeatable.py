"""The same numbers from every training of one seed, on a GPU, too, where it costs some speed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CUBLAS = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}  # without it CUDA's products are refused


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Let only operations run that give the same numbers every time, while the block runs.

    Args:
        wanted: Else all may run, as ever. On a CPU all of ours are such operations.

    Raises:
        RuntimeError: Inside, where there is no such operation; torch names it.
    """
    if not wanted:
        yield
        return
    for name, value in CUBLAS.items():
        os.environ.setdefault(name, value)
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]
