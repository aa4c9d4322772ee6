"""Several GPUs: each worker sees one, and the next fit goes to the one with fewest."""

import pytest

from bakeoff.train.machine import gpus
from bakeoff.train.workers import Workers, environment, least_used


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0, 2,GPU-7f")


def test_gpus_are_those_that_the_environment_names(three):
    assert gpus() == ["0", "2", "GPU-7f"]


def test_workers_are_dealt_out_over_the_gpus(three):
    taken = []
    for _ in range(6):
        taken.append(least_used(taken))
    assert taken == ["0", "2", "GPU-7f"] * 2
    taken.remove("2")  # its process has ended
    assert least_used(taken) == "2"


def test_a_worker_sees_its_own_gpu_alone(three):
    assert environment("torch", "2")["CUDA_VISIBLE_DEVICES"] == "2"
    assert environment("torch")["CUDA_VISIBLE_DEVICES"] == "0, 2,GPU-7f"


@pytest.mark.parametrize("named", ["", "3"])
def test_one_gpu_or_none_is_left_as_it_is(named, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert least_used([]) == ""


def test_torchrun_gives_each_process_its_own(three, monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert least_used([]) == ""


def test_the_workers_of_a_run_are_on_different_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with Workers(1, device="cpu") as workers:
        workers.grow(3)
        assert [worker.gpu for worker in workers.workers] == ["0", "1", "0"]
        kinds = [worker.kind for worker in workers.workers]
        assert kinds[0] == kinds[2] != kinds[1]
