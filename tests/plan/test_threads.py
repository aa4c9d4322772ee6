"""A fit has one thread, but for large pictures where cores would idle."""

from types import SimpleNamespace

import pytest

from bakeoff.plan.threads import threads_of
from bakeoff.train.job import Job


def plan(fits: int, side: int = 32, *, architecture: str = "cnn", framework: str = "torch"):
    common = {"view": "image", "arguments": {}, "task": "multiclass", "num_classes": 2}
    jobs = [
        Job(model=architecture, architecture=architecture, framework=framework, seed=seed,
            recipe={"batch_size": 64}, **common)
        for seed in range(fits)
    ]  # fmt: skip
    constant = Job(
        model="constant", architecture="constant", framework="sklearn", seed=0, recipe={}, **common
    )
    sizes = {"in_channels": 3, "image_size": (side, side)}
    return SimpleNamespace(jobs=[constant, *jobs], views={"image": SimpleNamespace(sizes=sizes)})


@pytest.mark.parametrize(
    ("fits", "cores", "wanted"),
    [(1, 2, {"cnn": 2}), (2, 2, {}), (2, 8, {"cnn": 4}), (1, 1, {}), (5, 8, {})],
)
def test_large_pictures_share_the_cores_that_are_left(fits, cores, wanted):
    assert threads_of(plan(fits), cores) == wanted


def test_processes_of_torchrun_share_the_cores(monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert threads_of(plan(1), 2) == {}


def test_small_pictures_and_other_frameworks_have_one_thread():
    assert threads_of(plan(1, side=8), 4) == {}
    assert threads_of(plan(1, framework="tensorflow"), 4) == {}
