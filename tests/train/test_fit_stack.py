"""Seeds that a worker trains at once: each comes out as a fit of its own."""

import os
import signal
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff.plan.stacks import can_be_stacked
from bakeoff.train.events import Done, Epoch, Failed, Lost, Started
from bakeoff.train.recipe import Recipe, settings_of
from tests.train.test_worker import JOB
from tests.train.test_workers import folders, pool  # noqa: F401

RECIPE = {**JOB.recipe, "epochs": 40, "patience": 0}
JOBS = [replace(JOB, seed=seed, recipe=RECIPE) for seed in range(3)]


def fits_of(pool, jobs, places, stacks=()):  # noqa: F811
    """Return number -> the fit, of those that ended well."""
    events = list(pool.work("fit", jobs, places, stacks=stacks))
    began = sorted(number for number, event in events if isinstance(event, Started))
    assert began == [*range(len(jobs))]
    return {number: event.fit for number, event in events if isinstance(event, Done)}


def test_each_seed_is_what_it_is_alone(pool, tmp_path):  # noqa: F811
    (tmp_path / "alone").mkdir()
    places, others = folders(tmp_path, 3), folders(tmp_path / "alone", 3)
    together = fits_of(pool, JOBS, places, [tuple(JOBS)] * 3)
    alone = fits_of(pool, JOBS, others)
    for number, place in enumerate(places):
        one, two = together[number], alone[number]
        assert (one.job, one.epochs, one.parameters) == (two.job, two.epochs, two.parameters)
        assert (one.stacked, two.stacked) == (3, 0)
        for scores in ("validation.npy", "test.npy"):
            assert np.allclose(np.load(place / scores), np.load(others[number] / scores), atol=1e-5)


def test_whatever_a_plan_stacks_is_trained_so(pool, tmp_path):  # noqa: F811
    """A setting that the loop of a stack did not know would send every seed its own way."""
    several = {
        "optimizer": "rmsprop", "alpha": 0.9, "eps": 1e-7, "schedule": "cosine_restarts",
        "first_cycle": 2, "growth": 2, "warmup_epochs": 1.0,
        "sampling": "balanced", "watch": "metric", "min_delta": 0.01, "deterministic": True,
    }  # fmt: skip
    (tmp_path / "one").mkdir()
    for name, own in {"all": {}, "many": several}.items():
        settled = {**settings_of(Recipe()), **RECIPE, **own}
        jobs = [replace(job, recipe=settled) for job in JOBS]
        assert can_be_stacked(jobs[0], SimpleNamespace(inputs={}))
        places = folders(tmp_path / "one", 3) if name == "all" else folders(tmp_path, 4)[1:]
        fits = fits_of(pool, jobs, places, [tuple(jobs)] * 3)
        assert [fits[k].stacked for k in range(3)] == [3, 3, 3], name


def test_only_those_that_are_asked_for_come_out_and_the_same(pool, tmp_path):  # noqa: F811
    (tmp_path / "one").mkdir()
    places, [other] = folders(tmp_path, 3), folders(tmp_path / "one", 1)
    fits_of(pool, JOBS, places, [tuple(JOBS)] * 3)
    fits = fits_of(pool, JOBS[2:], [other], [tuple(JOBS)])
    assert [fit.job.seed for fit in fits.values()] == [2]
    assert (other / "test.npy").read_bytes() == (places[2] / "test.npy").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_stack_whose_worker_is_killed_is_made_again(pool, tmp_path):  # noqa: F811
    killed, lost, done = [], [], []
    jobs = [replace(job, recipe={**RECIPE, "epochs": 400}) for job in JOBS]
    stacks = [tuple(jobs)] * 3
    for number, event in pool.work("fit", jobs, folders(tmp_path, 3), stacks=stacks):
        if isinstance(event, Epoch) and not killed:
            worker = next(one for one in pool.workers if one.task)
            killed.append(worker)
            os.kill(worker.process.pid, signal.SIGKILL)
        lost += [number] * isinstance(event, Lost)
        done += [number] * isinstance(event, Done)
    assert sorted(lost) == sorted(done) == [0, 1, 2]


def test_where_one_diverges_at_once_each_tells_of_itself(pool, tmp_path):  # noqa: F811
    jobs = [replace(job, recipe={**RECIPE, "optimizer": "sgd", "lr": 1e30}) for job in JOBS]
    events = list(pool.work("fit", jobs, folders(tmp_path, 3), stacks=[tuple(jobs)] * 3))
    failed = {number: event.message for number, event in events if isinstance(event, Failed)}
    assert sorted(failed) == [0, 1, 2]
    assert all("First not finite" in words for words in failed.values())
